"""Saved pages of dianping."""

import re

from crawler.items import Item, Listing, Post, Review
from crawler.printed import number, rating
from tests.spiders.case import Case, Facts, of

HIDDEN = (
    "characters that the site hides are never decoded: the text keeps □ for each, the picture is the evidence"
)
TAG = "a filter that the site words and counts itself; no item has a place for it"


def stars(review: Review) -> int | None:
    found = rating(review.rating_value, review.best_rating)
    return int(found[0]) if found else None


def count(printed: str | None) -> int | None:
    found = number(printed)
    return found[0] if found else None


def shop(items: list[Item]) -> Facts:
    (listing,), reviews, replies = of(Listing, items), of(Review, items), of(Post, items)
    first, second = reviews[:2]
    assert (listing.identifier, listing.rating_value, listing.price) == (
        "15960860",
        "mid-str50",
        "人均：□□元",
    )
    assert listing.obfuscated == "location, price"
    assert {review.item_reviewed for review in reviews} == {"15960860"}
    assert first.review_body.startswith("和□友一共五□人买□是越狱□密室，")
    assert first.review_body.endswith("，只□说一般吧。")
    assert (first.author_identifier, first.author_level, first.useful_count) == ("919593441", "lv4", "(1)")
    assert (reviews[-1].identifier, reviews[-1].rating_value) == ("514493995", "sml-str40")
    assert {reply.is_part_of for reply in replies} == {"515965199", "496185396", "494369621"}
    assert (replies[0].date_published, replies[0].publisher) == ("2019-03-11 13:48:01", listing.name)
    return {
        "shop": listing.name,
        "city": (listing.location or "").split(" ")[0],
        "review_total": count(listing.review_count),
        "reviews": len(reviews),
        "first_reviewer": first.author,
        "first_rank_class": first.rating_value,
        "first_stars": stars(first),
        "first_date": first.date_published,
        "second_reviewer": second.author,
        "second_date": second.date_published,
        "second_stars": stars(second),
        "obfuscated_font": all(review.obfuscated == "review_body" for review in reviews),
    }


def reviews(items: list[Item]) -> Facts:
    (listing,), rows = of(Listing, items), of(Review, items)
    first, last = rows[0], rows[-1]
    assert listing.obfuscated == "location"
    assert {review.item_reviewed for review in rows} == {listing.identifier}
    assert {review.obfuscated for review in rows} == {"review_body"}
    assert all("□" in review.review_body and "收起评价" not in review.review_body for review in rows)
    page = re.search(r"第(\d+)页", first.query or "")
    assert page
    assert first.page_count == page[1]
    return {
        "shop": listing.name,
        "review_total": count(listing.review_count),
        "page": int(page[1]),
        "reviews": len(rows),
        "first_reviewer": first.author,
        "first_date": first.date_published,
        "first_stars": stars(first),
        "last_reviewer": last.author,
        "last_date": last.date_published,
        "last_stars": stars(last),
        "last_has_no_stars": last.rating_value is None,
    }


CASES = (
    Case(
        callback="parse_shop",
        file="dianping/listing-1.html",
        url="http://www.dianping.com/shop/15960860",
        facts=shop,
        left={"tag_first": TAG},
    ),
    Case(
        callback="parse_reviews",
        file="dianping/reviews-1.html",
        url="http://www.dianping.com/shop/ka2wdL3RGRbDyZce/review_all/p118?queryType=isPic&queryVal=true",
        facts=reviews,
        left={"first_text_decoded": HIDDEN},
    ),
    Case(
        callback="parse_reviews",
        file="dianping/reviews-3.html",
        url="http://www.dianping.com/shop/G9DtSzhWRl20oPXd/review_all/p14?queryType=isPic&queryVal=true",
        facts=reviews,
        left={"first_text_decoded": HIDDEN},
    ),
)
