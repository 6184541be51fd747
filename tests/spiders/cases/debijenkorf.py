"""Saved pages of debijenkorf."""

from crawler.items import Item, Listing
from tests.spiders.case import Case, Facts, of


def category(items: list[Item]) -> Facts:
    first, second, *_, last = cards = of(Listing, items)
    assert (first.identifier, first.brand, first.result_count) == ("8247030001", "Stone Island", "557")
    assert first.url == "https://www.debijenkorf.nl/stone-island-soft-shell-r-jacket-met-capuchon-8247030001"
    assert (last.name, last.price) == ("Echo jas met doorgestikt ruitpatroon", "199,95")
    return {
        "title": first.query,
        "items": len(cards),
        "first_item": first.name,
        "first_price": first.price,
        "second_price": second.price,
    }


CASES = (
    Case(
        callback="parse_category",
        file="debijenkorf/search-1.html",
        url="http://www.debijenkorf.nl/herenmode/jassen",
        facts=category,
    ),
)
