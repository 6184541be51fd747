"""Saved pages of michaelkors: one that the Internet Archive had kept, with its bar above the page."""

from crawler.items import Item, Listing
from tests.spiders.case import Case, Facts, of


def product(items: list[Item]) -> Facts:
    (listing,) = of(Listing, items)
    assert (listing.identifier, listing.brand) == ("40T6MBMS1S", "MICHAEL Michael Kors")
    return {"title": listing.name, "list_price": listing.list_price, "sale_price": listing.price}


CASES = (
    Case(
        callback="parse_product",
        file="michaelkors/listing-1.html",
        url="http://www.michaelkors.com/mirabel-suede-sandal/_/R-US_40T6MBMS1S",
        facts=product,
    ),
)
