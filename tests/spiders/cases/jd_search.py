"""Saved pages of jd_search: a search of 2016, without advertisements and shops."""

from crawler.items import Item, Listing
from tests.spiders.case import Case, Facts, of


def found(items: list[Item]) -> Facts:
    first, second, *_, last = rows = of(Listing, items)
    assert (first.price, first.url, first.seller_identifier) == (
        "¥25.20",
        "https://item.jd.com/11371342.html",
        "1000004210",
    )
    assert (last.price, last.review_count) == ("¥59.00", "647")
    assert {row.promoted for row in rows} == {False}
    assert {row.result_count for row in rows} == {"4.2万"}
    return {
        "title": first.query,
        "keyword": str(first.query).partition(" - ")[0],
        "items": len(rows),
        "first_sku": first.identifier,
        "first_item": first.name,
        "first_price": str(first.price).lstrip("¥"),
        "first_comments": first.review_count,
        "second_sku": second.identifier,
        "second_price": str(second.price).lstrip("¥"),
    }


CASES = (
    Case(
        callback="parse_search",
        file="jd/search-1.html",
        url="https://search.jd.com/Search?keyword=123&enc=utf-8",
        facts=found,
    ),
)
