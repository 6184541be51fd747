"""Saved pages of newegg."""

from crawler.items import Item, Listing
from tests.spiders.case import Case, Facts, of
from tests.spiders.things import amount, thing


def product(items: list[Item]) -> Facts:
    (listing,) = of(Listing, items)
    assert listing.identifier == "N82E16828840014"
    assert listing.price == "549.99 USD"
    return {**thing(items), "price": amount(listing.price)}


CASES = (
    Case(
        callback="parse_thing",
        file="newegg/listing-1.html",
        url="http://www.newegg.com/Product/Product.aspx?Item=N82E16828840014",
        facts=product,
    ),
)
