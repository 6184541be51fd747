"""Saved pages of xianyu: the third page of a search, from mtop."""

from crawler.items import Item, Listing
from tests.spiders.case import Case, Facts, literal, of


def results(items: list[Item]) -> Facts:
    first, *_ = rows = of(Listing, items)
    assert (rows[5].price, rows[5].list_price, first.list_price) == ("¥17.80", None, "¥299")
    assert (first.url, first.promoted) == ("https://www.goofish.com/item?id=849133007631", False)
    assert (rows[-1].price, rows[-1].seller) == ("¥30", "SFUKING斯弗帝体育")
    return {
        "num_found": int(first.result_count or 0),
        "first_publish_ms": first.date_published,
        "items": len(rows),
        "first_title_prefix": first.name[:14],
        "first_price": first.price,
        "first_seller": first.seller,
        "first_area": first.location,
        "first_item_id": first.identifier,
    }


CASES = (
    Case(
        callback="parse_search",
        file="xianyu/search-2.js",
        url="https://h5api.m.goofish.com/h5/mtop.taobao.idlemtopsearch.pc.search/1.0/?jsv=2.7.2&v=1.0",
        facts=results,
        media_type="application/json",
        content=literal,
    ),
)
