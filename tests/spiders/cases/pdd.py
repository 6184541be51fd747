"""Saved pages of pdd: a board of best sellers."""

from crawler.items import Item, Listing
from tests.spiders.case import Case, Facts, literal, of


def board(items: list[Item]) -> Facts:
    first, *_, last = rows = of(Listing, items)
    assert (first.price, rows[2].price) == ("67.00", "26.31")  # 6700 and 2631 in the page
    assert first.url == "https://mobile.yangkeduo.com/goods.html?goods_id=67179805121"
    assert (first.seller_identifier, last.identifier) == ("246750961", "162255333879")
    return {
        "board": first.query,
        "items": len(rows),
        "first_title": first.name,
        "first_goods_id": int(first.identifier),
        "first_price_fen": int(str(first.price).replace(".", "")),
        "first_sales_tip": first.sales,
    }


def page(content: bytes) -> bytes:
    """The page as the server sends it: its keeper kept the state object alone."""
    state = literal(content).decode()
    return f"<!DOCTYPE html><html><body><script>window.rawData={state};</script></body></html>".encode()


CASES = (
    Case(
        callback="parse_boards",
        file="pdd/listing-2.py",
        url="https://mobile.yangkeduo.com/pincard_share_card_popup.html?categoryId=46115",
        facts=board,
        content=page,
    ),
)
