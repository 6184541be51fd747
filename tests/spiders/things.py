"""The facts of pages that describe one thing and its reviews."""

from urllib.parse import urlsplit

from crawler.items import Item, Listing, Review
from tests.spiders.case import Facts, of


def thing(items: list[Item]) -> Facts:
    """Facts of a page with one Listing, and its reviews."""
    (listing,), reviews = of(Listing, items), of(Review, items)
    assert {review.item_reviewed for review in reviews} <= {listing.identifier}
    written = [review for review in reviews if review.is_part_of is None]
    first, second = [*written, None, None][:2]
    return {
        "name": listing.name,
        "title": listing.name,
        "title_prefix": listing.name[: len("XYZprinting da Vinci 2.0 Duo FFF")],
        "rating": listing.rating_value,
        "price": listing.price,
        "review_count": int(listing.review_count or 0),
        "reviews": len({review.identifier for review in written}),
        "first_reviewer": first and first.author,
        "first_date": first and first.date_published,
        "first_rating": first and first.rating_value,
        "first_body": first and first.review_body,
        "first_review_title": first and first.headline,
        "second_date": second and second.date_published,
        "second_stars": second and second.rating_value,
        "site": urlsplit(listing.url or "").hostname,
    }


def amount(price: str | None) -> str:
    """The bare number of a price, where the index gives no more: of "$24.96 USD", and the lower one of a range."""
    return (price or "").split(" ")[0].partition("-")[0].lstrip("$")
