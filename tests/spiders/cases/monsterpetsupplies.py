"""Saved pages of monsterpetsupplies."""

from crawler.items import Item, Listing
from tests.spiders.case import Case, Facts, of
from tests.spiders.things import amount, thing


def product(items: list[Item]) -> Facts:
    (listing,) = of(Listing, items)
    assert (listing.price, listing.brand) == ("5.29-9.56 GBP", "Johnsons")
    return {**thing(items), "lowest_price": amount(listing.price)}


CASES = (
    Case(
        callback="parse_thing",
        file="microdata/reviews-1.html",
        url="https://www.monsterpetsupplies.co.uk/cat/cat-flea-tick/johnsons-4-fleas-cats-kittens",
        facts=product,
    ),
)
