"""Saved pages of thinkgeek."""

from crawler.items import Item, Listing
from tests.spiders.case import Case, Facts, of


def product(items: list[Item]) -> Facts:
    (listing,) = of(Listing, items)
    assert (listing.identifier, listing.list_price) == ("jjip", "$9.99")
    return {"title": listing.name, "price": listing.price}


CASES = (
    Case(
        callback="parse_product",
        file="thinkgeek/listing-1.html",
        url="http://www.thinkgeek.com/product/jjip/",
        facts=product,
    ),
)
