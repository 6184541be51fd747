"""Saved pages of ly."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, of


def hotel(items: list[Item]) -> Facts:
    (listing,), (review,) = of(Listing, items), of(Review, items)
    assert (listing.identifier, listing.best_rating) == ("30201158", "5")
    assert review.item_reviewed == listing.identifier
    assert review.identifier.startswith("30201158#")
    assert (review.rating_value, review.date_published) == (None, None)  # the page prints neither
    city, district, address = (listing.location or "").split(" ", 2)
    assert (city, district) == ("上海市", "杨浦区")
    return {
        "hotel": listing.name,
        "address": address,
        "score": listing.rating_value,
        "review_total": int(listing.review_count or 0),
        "shown_reviewer": review.author,
        "shown_review": review.review_body,
    }


CASES = (
    Case(
        callback="parse_hotel",
        file="ly/listing-1.json",
        url="https://www.ly.com/hotel/api/tmapi/hoteldetail?hotelid=30201158",
        facts=hotel,
        media_type="application/json",
    ),
)
