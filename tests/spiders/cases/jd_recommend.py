"""Saved pages of jd_recommend: 120 products and two cards of brands."""

from crawler.items import Item, Listing
from tests.spiders.case import Case, Facts, literal, of


def recommended(items: list[Item]) -> Facts:
    first, second, *_, last = rows = of(Listing, items)
    assert (len(rows), first.brand, first.identifier) == (120, "君别", "38778372154")
    assert (first.url, last.identifier) == ("https://item.jd.com/38778372154.html", "4543059")
    return {
        "first_title_prefix": first.name[:24],
        "first_price": first.price,
        "second_title_prefix": second.name[:9],
        "second_price": second.price,
    }


CASES = (
    Case(
        callback="parse_recommended",
        file="jd/listing-2.js",
        url="https://diviner.jd.com/diviner?p=619117&uuid=-1&lim=120",
        facts=recommended,
        media_type="application/json",
        content=literal,
        left={"first_spu": "the number of the family of products; the item is known by its own, the sku"},
    ),
)
