"""Saved pages of etsy."""

from crawler.items import Item, Listing
from tests.spiders.case import Case, Facts, of

PREFIX = "Agents of Shield decal sticker for car, truck, laptop in ANY COLOR"


def article(items: list[Item]) -> Facts:
    (listing,) = of(Listing, items)
    assert (listing.identifier, listing.price, listing.rating_value) == ("230389421", "US$2.99", "4.9156")
    return {
        "title_prefix": listing.name[: len(PREFIX)],
        "price": (listing.price or "").removeprefix("US$"),
        "shop": listing.seller,
        "review_count": listing.review_count,
    }


CASES = (
    Case(
        callback="parse_article",
        file="etsy/listing-1.html",
        url="https://www.etsy.com/listing/230389421/agents-of-shield-decal-sticker-for-car",
        facts=article,
    ),
)
