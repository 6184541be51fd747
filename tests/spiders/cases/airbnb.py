"""Saved pages of airbnb."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, of


def home(items: list[Item]) -> Facts:
    (listing,), reviews = of(Listing, items), of(Review, items)
    assert (listing.identifier, listing.price, listing.location) == (
        "2250401",
        "220 USD",
        "New York, NY, United States",
    )
    assert {review.item_reviewed for review in reviews} == {"2250401"}
    assert (len(reviews), len(items)) == (7, 8)  # the page came with seven of sixteen; the host answered none
    assert (reviews[0].identifier, reviews[0].author, reviews[0].date_published) == (
        "83917780",
        "Ada",
        "July 2016",
    )
    assert reviews[0].author_identifier == "40549441"
    return {
        "title": listing.name,
        "review_count": int(listing.review_count or 0),
        "rating": listing.rating_value,
    }


CASES = (
    Case(
        callback="parse_home",
        file="airbnb/listing-1.html",
        url="https://www.airbnb.com/rooms/2250401",
        facts=home,
    ),
)
