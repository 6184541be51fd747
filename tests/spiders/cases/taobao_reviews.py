"""Saved pages of taobao_reviews: the first ten of a million reviews, from mtop."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, literal, of


def rates(items: list[Item]) -> Facts:
    (product,) = of(Listing, items)
    reviews = of(Review, items)
    own = [review for review in reviews if review.is_part_of is None]
    (later,) = [review for review in reviews if review.is_part_of]
    assert {review.item_reviewed for review in reviews} == {product.identifier} == {"521422451240"}
    assert (own[0].rating_value, own[0].author_level, own[0].image_count) == ("好评", "6", 3)
    assert later.identifier == f"{later.is_part_of}#append"
    assert (later.is_part_of, later.date_published) == (own[8].identifier, "2天后追评")
    return {
        "reviews": len(own),
        "first_reviewer": own[0].author,
        "first_date": own[0].date_published,
        "first_text_prefix": own[0].review_body[:18],
        "second_reviewer": own[1].author,
        "second_date": own[1].date_published,
        "total": f"{product.review_count} (feedAllCount)",
    }


CASES = (
    Case(
        callback="parse_rates",
        file="taobao/reviews-1.js",
        url="https://h5api.m.taobao.com/h5/mtop.wdetail.getitemrates/3.0/?jsv=2.4.16&api=mtop.wdetail.getitemrates",
        facts=rates,
        media_type="application/json",
        content=literal,
    ),
)
