"""Pinduoduo (拼多多): the boards of best sellers, from the state object in the page (``window.rawData``).

The state holds prices in fen (6700), the page shows yuan. An item's price is therefore written in yuan ("67.00"),
with the place of the number it was made of: so nobody takes 6700 fen for 6,700 yuan.
"""

import re

from scrapy.http import TextResponse

from crawler.engine.reading import Oddity, parse_js, script_with
from crawler.engine.rows import JsonRows, search
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing

BOARDS = "store.rankData[].secondaryList[].subTabList[].rankList[].metaMap.goods[]"


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
        goods = search(state, BOARDS) or []
        yield from GOODS.read({"goods": goods}, response.url)
        if not goods:
            yield Oddity(
                f"the state of {response.url} holds no goods; look at the capture: a page to log in?"
            )
