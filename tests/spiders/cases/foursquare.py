"""Saved pages of foursquare."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, of


def venue(items: list[Item]) -> Facts:
    (listing,), tips = of(Listing, items), of(Review, items)
    first, second = tips[:2]
    assert (listing.identifier, listing.best_rating) == ("4ed4896c775b45f6ed7b0182", "10")
    assert listing.review_count == "111"  # tips in all, of which the page shows 50
    assert {tip.item_reviewed for tip in tips} == {listing.identifier}
    assert first.review_body.startswith("Extensive whiskey and whisky collection.")
    assert (second.author_identifier, second.rating_value) == ("45100866", None)
    assert (tips[-1].identifier, sum(tip.image_count or 0 for tip in tips)) == ("53f8655b498e18ddeba2475c", 4)
    return {
        "venue": listing.name,
        "score": listing.rating_value,
        "tips": len(tips),
        "first_author": first.author,
        "first_date": first.date_published,
        "second_author": second.author,
        "second_date": second.date_published,
    }


CASES = (
    Case(
        callback="parse_venue",
        file="foursquare/reviews-1.html",
        url="https://foursquare.com/v/the-baxter-inn/4ed4896c775b45f6ed7b0182",
        facts=venue,
    ),
)
