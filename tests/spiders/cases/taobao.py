"""Saved pages of taobao. The empty skeleton of 2026 (search-3) is refused: test_cn_shops.py."""

from crawler.items import Item, Listing, Review
from tests.spiders.case import Case, Facts, of


def results(items: list[Item]) -> Facts:
    first, *_, last = rows = of(Listing, items)
    assert first.url == "https://item.taobao.com/item.htm?id=571575866125&ns=1&abbucket=0#detail"
    assert [row.review_count for row in rows].count(None) == 3
    assert {row.promoted for row in rows} == {False}
    assert last.identifier == "571272658213"
    return {
        "title": first.query,
        "total": int(first.result_count or 0),
        "total_pages": int(first.page_count or 0),
        "items": len(rows),
        "first_nid": first.identifier,
        "first_title": first.name,
        "first_price": first.price,
        "first_sales": first.sales,
        "first_seller": first.seller,
        "first_location": first.location,
        "first_comment_count": first.review_count,
    }


def product(items: list[Item]) -> Facts:
    (found,) = of(Listing, items)
    assert (found.identifier, found.brand, found.list_price) == ("562283240178", "KBDfans", None)
    assert found.sales == "-"
    return {
        "title": found.name,
        "price": str(found.price).removeprefix("¥"),
        "shop": found.seller,
        "seller": found.seller_identifier,
        "review_count_in_html": f"{found.review_count} (filled by JS)",
        "reviews": len(of(Review, items)),
    }


CASES = (
    Case(
        callback="parse_search",
        file="taobao/search-1.html",
        url="https://s.taobao.com/list?q=%E5%A4%8F%E4%B8%8A%E6%96%B0&cat=16",
        facts=results,
    ),
    Case(
        callback="parse_item",
        file="taobao/listing-1.html",
        url="https://item.taobao.com/item.htm?id=562283240178",
        facts=product,
    ),
)
