"""Saved pages of eleme."""

import json

import chompjs

from crawler.items import Item, Listing, Post, Review
from tests.spiders.case import Case, Facts, of


def wrapped(content: bytes) -> bytes:
    """The answer that its keeper wrapped as a module, without his remark and a semicolon of his."""
    text = content.decode("utf-8").rpartition("*/")[2].replace('"reply;"', '"reply"')
    return json.dumps(chompjs.parse_js_object(text), ensure_ascii=False).encode()


def shops(items: list[Item]) -> Facts:
    found = of(Listing, items)
    first, second = found[:2]
    assert (first.identifier, first.review_count, first.best_rating) == ("161654698", "355", "5")
    assert (first.location or "").startswith("深圳市龙华区")
    assert [shop.identifier for shop in found if shop.promoted] == [
        "788427",
        "166789898",
    ]  # paid for their rows
    return {
        "shops": len(found),
        "first_shop": first.name,
        "first_rating": first.rating_value,
        "first_month_orders": first.sales,
        "second_shop": second.name,
    }


def reviews(items: list[Item]) -> Facts:
    found, replies = of(Review, items), of(Post, items)
    first = found[0]
    assert {review.item_reviewed for review in found} == {"156241877"}
    assert first.variant == "正新鸡排（香辣味）、阿拉伯烤肉串"
    assert (found[4].variant, found[-1].identifier) == (None, "3023658749562355838")
    assert len(replies) == 10
    assert (replies[0].is_part_of, replies[0].date_published) == (found[1].identifier, "2018-08-02 02:24:07")
    return {
        "reviews": len(found),
        "first_reviewer": first.author,
        "first_date": first.date_published,
        "first_rating": int(first.rating_value or 0),
        "first_text": first.review_body,
    }


CASES = (
    Case(
        callback="parse_reviews",
        file="eleme/reviews-2.js",
        url="https://www.ele.me/restapi/ugc/v3/restaurants/156241877/ratings?tag=%E4%B8%8D%E6%BB%A1%E6%84%8F",
        facts=reviews,
        media_type="application/json",
        content=wrapped,
    ),
    Case(
        callback="parse_shops",
        file="eleme/search-1.js",
        url="https://www.ele.me/restapi/shopping/v3/restaurants?offset=0&limit=8",
        facts=shops,
        media_type="application/json",
        content=wrapped,
    ),
)
