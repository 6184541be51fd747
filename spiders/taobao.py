"""Taobao (淘宝): results of a search, from the state object in the page (``g_page_config``), and a product's page.

A row of the state with ``p4p`` is an advertisement (直通车). Newer answers are an empty skeleton: who is logged
in and runs the scripts gets cards (rendered captures), as public scrapers name their parts; class names end in a
changing code. Counters of a product's page are "-" until a script has filled them.
"""

import html
import re

from scrapy.http import TextResponse

from crawler.engine.reading import Oddity, of_type, parse_js, printed, script_with, select, text
from crawler.engine.rows import JsonRows, Rows, search, value_of
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing
from crawler.quoted import joined

STANDARD, PROMOTION = "#J_StrPrice?", "#J_PromoPrice .tb-rmb-num?"
SHELL = "g_page_config of an empty page, whose results need its scripts and a login (evidence assist),"


def _https(link: str) -> str:
    return f"https:{link}" if link.startswith("//") else link


def _part(name: str) -> str:
    return f"(.//*[contains(@class, '{name}')])[1]?"


RESULTS = JsonRows(
    Listing,
    "mods.itemlist.data.auctions",
    identifier="nid",
    # As shown: an advertisement has a title of its own. The words searched for stand in <span class=H>.
    name=("title", lambda shown: html.unescape(re.sub(r"</?span[^<>]*>", "", shown))),
    url=("detail_url?", _https),
    price="view_price?",
    sales="view_sales?",
    review_count="comment_count?",
    seller="shopName || nick",
    seller_identifier="nick?",
    location="item_loc?",
    promoted="p4p?",
    ignore="i2iTags sku p4pTags p4pSameHeight p4pIconType category categoryp pid raw_title pic_url view_fee user_id "
    "shopcard icon comment_url shopLink nick isHideIM isHideNick risk reserve_price",
)
CARDS = Rows(
    Listing,
    "//a[contains(@class, 'doubleCardWrapper')][starts-with(@id, 'item_id_')]",
    identifier=("@id", lambda name: name.removeprefix("item_id_")),
    name="(.//*[contains(@class, 'itle--')])[1]",
    url=("@href?", _https),
    price=lambda card: joined("", (value_of(card, _part(name)) for name in ("priceInt", "priceFloat"))),
    sales="(.//*[contains(@class, 'realSales')])[1]?",
    seller="(.//*[contains(@class, 'shopName')])[1]?",
    location=lambda card: joined(
        " ", map(text, select(card, "./descendant::*[contains(@class, 'procity')]"))
    ),
    promoted="./self::*[contains(@href, 'click.simba.taobao.com')]",
)
PRODUCT = Rows(
    Listing,
    "/html",
    identifier="[name=item_id]::attr(value)",
    name="h3.tb-main-title::attr(data-title)",
    url="link[rel=canonical]::attr(href)?",
    price=lambda page: value_of(page, PROMOTION) or value_of(page, STANDARD),
    list_price=lambda page: value_of(page, STANDARD) if value_of(page, PROMOTION) else None,
    sales="#J_SellCounter?",
    review_count="#J_RateCounter?",
    seller=".tb-shop-name?",
    seller_identifier=".tb-seller-name?",
    brand="(.//ul[contains(@class, 'attributes-list')]/li[starts-with(., '品牌')])[1]/@title?",
)


class Taobao(Site):
    """Products on Taobao: search and product page; the reviews are in taobao_reviews."""

    name = "taobao"
    domains = ("s.taobao.com", "item.taobao.com")
    pages = (
        Page("listing", r"^/(search|list)($|\?)", "parse_search"),
        Page("listing", r"^/item\.htm\?", "parse_item"),
    )
    expect = {"listing": (1, 10_000)}
    access = "assisted"

    def parse_search(self, response: TextResponse) -> Output:
        """The results, advertisements marked. Raises ExtractionError for the empty skeleton."""
        cards = list(CARDS.read(response))
        yield from cards
        if not cards:
            yield from _results(response)

    def parse_item(self, response: TextResponse) -> Output:
        """The product."""
        yield PRODUCT.item(response)


def _results(response: TextResponse) -> Output:
    """The rows of the state; an empty search is no error."""
    has_state = "g_page_config" in response.text
    of_type(response.text if has_state else None, str, SHELL, response.url)
    state = parse_js(script_with(response, r"g_page_config\s*=\s*(\{.*)"), response.url)
    if search(state, "mods.itemlist.status") == "hide":
        yield Oddity(f"{response.url} says that nothing was found", lost=False)
    else:
        counts = {
            "result_count": printed(search(state, "mods.pager.data.totalCount")),
            "page_count": printed(search(state, "mods.pager.data.totalPage")),
        }
        yield from RESULTS.read(state, response.url, query=value_of(response, "title?"), **counts)
