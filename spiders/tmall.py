"""Tmall (天猫): a product's page, and the JSON or JSONP answer with a page of its reviews (list_detail_rate).

The reviews' answer was ``"rateDetail": {…}`` without braces for years, later an object or a call. Its fields
are those that public scrapers name; no genuine one is among the saved pages.
"""

from collections.abc import Callable
from typing import Any

from scrapy.http import TextResponse
from w3lib.url import url_query_parameter

from crawler.engine.reading import Json, of_type, parse_json
from crawler.engine.rows import JsonRows, Rows, search, value_of
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Post, Review
from crawler.quoted import quoted

STANDARD, PROMOTION = "#J_StrPriceModBox .tm-price?", "#J_PromoPrice .tm-price?"

PRODUCT = Rows(
    Listing,
    "/html",
    identifier=("(//link[@rel='canonical'])[1]/@href", lambda link: url_query_parameter(link, "id")),
    name=".tb-detail-hd h1",
    url="(//link[@rel='canonical'])[1]/@href",
    seller=".slogo-shopname strong?",
    seller_identifier="(//input[@name='seller_nickname'])[1]/@value?",
    brand="#J_BrandAttr b?",
    price=lambda page: value_of(page, PROMOTION) or value_of(page, STANDARD),
    list_price=lambda page: value_of(page, STANDARD) if value_of(page, PROMOTION) else None,
    sales=".tm-ind-sellCount .tm-count?",
    review_count="#J_ItemRates .tm-count?",
)


def _count(pictures: Any) -> int:
    return len(pictures) if isinstance(pictures, list) else 0


def _unless_zero(number: str) -> str | None:
    return None if number == "0" else number


def _added(name: str) -> Callable[[Json], str | None]:
    """The number of what was added to a review, which has none of its own."""
    return lambda row: quoted(f"{row['id']}#{name}", row["id"]) if row.get("id") else None


REVIEWS = JsonRows(
    Review,
    "rateList",
    identifier="id",
    review_body="rateContent",
    author="displayUserNick",
    author_identifier=("displayUserNumId?", _unless_zero),
    author_level=("tamllSweetLevel?", _unless_zero),
    badges=lambda row: "匿名" if row.get("anony") is True else None,
    date_published="rateDate",
    variant="auctionSku?",
    purchase_date="tradeEndTime?",
    image_count=lambda row: _count(row.get("pics")),
    ignore="aliMallSeller anony appendComment attributes attributesMap aucNumId auctionPicUrl auctionPrice "
    "auctionTitle buyCount carServiceLocation cmsSource displayRatePic displayRateSum displayUserLink "
    "displayUserRateLink dsr fromMall fromMemory gmtCreateTime goldUser headExtraPic memberIcon pics picsSmall "
    "position reply sellerId structuredRateList tmallSweetPic tradeId useful userIdEncryption userInfo userVipLevel "
    "userVipPic videoList",
)
FOLLOW_UPS = JsonRows(
    Review,
    "rateList[?appendComment.content].{id: id, nick: displayUserNick, later: appendComment}",
    identifier=_added("append"),
    is_part_of="id",
    review_body="later.content",
    author="nick",
    date_published="later.commentTime?",
    image_count=lambda row: _count(search(row, "later.pics")),
)
REPLIES = JsonRows(
    Post,
    "rateList[?reply].{id: id, reply: reply}",
    identifier=_added("reply"),
    is_part_of="id",
    article_body="reply",
)
LATER_REPLIES = JsonRows(
    Post,
    "rateList[?appendComment.reply].{id: id, reply: appendComment.reply}",
    identifier=_added("append-reply"),
    is_part_of=_added("append"),
    article_body="reply",
    ignore="id",
)


class Tmall(Site):
    """Products on Tmall and their reviews."""

    name = "tmall"
    domains = ("tmall.com",)
    pages = (
        Page("listing", r"^/item\.htm\?", "parse_item"),
        Page("review", r"^/list_detail_rate\.htm\?", "parse_reviews"),
    )
    expect = {"listing": (0, 1000), "review": (0, 100_000)}
    access = "assisted"

    def parse_item(self, response: TextResponse) -> Output:
        """The product."""
        yield PRODUCT.item(response)

    def parse_reviews(self, response: TextResponse) -> Output:
        """Reviews, what buyers added later, and what the shop answered."""
        url, body = response.url, response.text.strip()
        answer = parse_json(f"{{{body}}}" if body.startswith('"rateDetail"') else body, url)
        detail = of_type(search(answer, "rateDetail"), dict, "rateDetail", url)
        item = url_query_parameter(url, "itemId")
        yield from REVIEWS.read(detail, url, item_reviewed=item)
        yield from FOLLOW_UPS.read(detail, url, item_reviewed=item)
        yield from REPLIES.read(detail, url)
        yield from LATER_REPLIES.read(detail, url)
