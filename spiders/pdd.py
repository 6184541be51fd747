"""Pinduoduo (拼多多): the boards of best sellers, from the state object in the page (``window.rawData``).

The state holds prices in fen (6700), the page shows yuan. An item's price is therefore written in yuan ("67.00"),
with the place of the number it was made of: so nobody takes 6700 fen for 6,700 yuan.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from scrapy.http import TextResponse

from crawler.engine.reading import Oddity, parse_js, printed, script_with
from crawler.engine.rows import JsonRows, search
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing
from crawler.quoted import joined

LEVELS = ("store.rankData", "secondaryList", "subTabList")  # 海淘, 食品酒饮, 畅销榜


def _yuan(fen: str) -> str:
    """6700 → 67.00; what is no whole number is not in fen and stays as it is. The table adds the place."""
    return f"{int(fen) // 100}.{int(fen) % 100:02}" if re.fullmatch(r"[0-9]{1,12}", fen) else fen


GOODS = JsonRows(
    Listing,
    "goods",
    identifier="goodsId",
    name="goodsName",
    url=("linkUrl?", lambda link: f"https://mobile.yangkeduo.com/{link.lstrip('/')}"),
    seller_identifier="mallId?",
    price=("price?", _yuan),
    sales="salesTip?",
    ignore="shortName cnt normalPrice marketPrice quantity hdThumbUrl thumbUrl imageUrl whiteThumbUrl icon eventType "
    "isInTheActivity favorite pRec goodsTags extendInfo app isSoldOut",
)


class Pdd(Site):
    """Goods on the boards of Pinduoduo."""

    name = "pdd"
    domains = ("yangkeduo.com", "pinduoduo.com")
    pages = (Page("listing", r"^/pincard_share_card_popup\.html($|\?)", "parse_boards"),)
    expect = {"listing": (1, 10_000)}
    access = "assisted"

    def parse_boards(self, response: TextResponse) -> Output:
        """The goods of the boards that the page came with; the others it loads when they are chosen."""
        state = parse_js(script_with(response, r"window\.rawData\s*=\s*(\{.*)"), response.url)
        boards = (
            (names, search(board, "rankList[].metaMap.goods[]")) for names, board in _boards(state, LEVELS)
        )
        filled = [(names, goods) for names, goods in boards if goods]
        for names, goods in filled:
            yield from GOODS.read({"goods": goods}, response.url, query=joined(" / ", names))
        if not filled:
            yield Oddity(
                f"the state of {response.url} holds no goods; look at the capture: a page to log in?"
            )


def _boards(part: Any, levels: Sequence[str]) -> Iterator[tuple[list[str], Any]]:
    """Every board that the page came with, and the names that lead to it."""
    for inner in search(part, levels[0]) or ():
        name = printed(search(inner, "tabName"))
        deeper = (
            _boards(inner, levels[1:]) if levels[1:] else [([], inner)] if search(inner, "rankList") else []
        )
        yield from (([*filter(None, [name]), *names], board) for names, board in deeper)
