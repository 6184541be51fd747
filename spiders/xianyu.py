"""Xianyu (闲鱼): what a search finds, from the JSON of mtop.taobao.idlemtopsearch(.pc).search.

The requests are signed and need a cookie, so nothing is asked for automatically.
"""

from typing import Any

from scrapy.http import TextResponse

from crawler.engine.reading import Json, Oddity, json_of, of_type, printed
from crawler.engine.rows import JsonRows, search
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing
from crawler.quoted import joined

NUMBER = "exContent.itemId || clickParam.args.item_id || clickParam.args.id"
NO_GOODS = ("idlefish_search_card_", "idlefish_search_spu_")  # choices of categories, invitations to sell


def _price(row: Json) -> str | None:
    """The sign, the yuan and the cents, which stand in texts of their own."""
    pieces = search(row, "exContent.price[].text")
    return joined("", (piece for piece in pieces or () if isinstance(piece, str)))


GOODS = JsonRows(
    Listing,
    "rows",
    identifier=NUMBER,
    name="exContent.title",
    url=(NUMBER, lambda number: f"https://www.goofish.com/item?id={number}"),
    price=_price,
    list_price="exContent.oriPrice?",
    seller="exContent.userNickName?",
    seller_identifier="clickParam.args.seller_id?",
    location="exContent.area?",
    date_published="clickParam.args.publishTime?",
    promoted="exContent.isAliMaMaAD?",
    ignore="targetUrl",
)


class Xianyu(Site):
    """Second-hand goods that a search on Xianyu finds; advertisements of Taobao among them are marked."""

    name = "xianyu"
    domains = ("goofish.com",)
    pages = (
        Page("listing", r"^/(h5|gw)/mtop\.taobao\.idlemtopsearch\.(pc\.)?search(/|$|\?)", "parse_search"),
    )
    expect = {"listing": (1, 100_000)}
    access = "assisted"

    def parse_search(self, response: TextResponse) -> Output:
        """The goods; cards that are none are left out."""
        answer = of_type(json_of(response), dict, "the answer", response.url)
        found = search(answer, "data.resultList")
        rows = of_type(found, list, f"data.resultList (ret {str(answer.get('ret'))[:100]})", response.url)
        goods = [search(row, "data.item.main") or row for row in rows if not _is_card(row)]
        found_in_all = printed(search(answer, "data.resultInfo.searchResControlFields.numFound"))
        yield from GOODS.read({"rows": goods}, response.url, result_count=found_in_all)
        if not goods:
            yield Oddity(f"no goods on {response.url}; look at the capture: was nothing found?", lost=False)


def _is_card(row: Any) -> bool:
    return (printed(search(row, "data.template.name")) or "").startswith(NO_GOODS)
