"""The facts of pages that describe one thing and its reviews."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Facts, of


def thing(items: list[Item]) -> Facts:
    """Facts of a page with one Listing, and its reviews."""
    (listing,), reviews = of(Listing, items), of(Review, items)
    assert {review.item_reviewed for review in reviews} == {listing.identifier}
    return {
        "name": listing.name,
        "rating": listing.rating_value,
        "review_count": int(listing.review_count or 0),
        "rating_count": int(listing.review_count or 0),
        "reviews": len({review.identifier for review in reviews}),
        "first_reviewer": reviews[0].author,
        "first_date": reviews[0].date_published,
        "first_rating": reviews[0].rating_value,
        "first_body": reviews[0].review_body,
    }
