"""Taobao and Tmall (淘宝, 天猫): reviews, from the signed mtop API and from its forerunner feedRateList.

mtop.wdetail.getitemrates and mtop.taobao.rate.detaillist.get answer with ``data.rateList``; feedRateList.htm answers
JSONP with ``comments`` (its fields are those that public scrapers name; no genuine one is among the saved pages).
No stars: a review is 好评, 中评 or 差评 (1, 0, -1). Where the buyer wrote nothing, the site's own sentence stands
("系统默认好评!"); it is kept, being what the page shows.
"""

from collections.abc import Callable
from typing import Any

from scrapy.http import TextResponse

from crawler.engine.reading import Json, json_of, of_type, parse_json
from crawler.engine.rows import JsonRows, search
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Post, Review
from crawler.quoted import joined, quoted

MARKS = {"1": "好评", "0": "中评", "-1": "差评"}


def _mark(number: str) -> str:
    return MARKS.get(number, number)


def _unless_zero(number: str) -> str | None:
    return None if number == "0" else number


def _option(row: Json) -> str | None:
    """The option bought: a text, or names with values."""
    options = row.get("skuMap")
    values = options.values() if isinstance(options, dict) else ()
    return joined(" ", (value for value in (row.get("skuValueStr"), *values) if isinstance(value, str)))


def _count(*pictures: Any) -> int:
    return next((len(found) for found in pictures if isinstance(found, list)), 0)


def _added(name: str) -> Callable[[Json], str | None]:
    """The number of what was added to a review, which has none of its own."""
    return lambda row: quoted(f"{row['id']}#{name}", row["id"]) if row.get("id") else None


def _later(days: str) -> str:
    return f"{days}天后追评"


PRODUCT = JsonRows(  # named by its number where no title is given
    Listing,
    "rows",
    identifier="first.auctionNumId || first.auction.aucNumId",
    name="first.auction.title || first.auctionNumId || first.auction.aucNumId",
    review_count="total?",
)
RATES = JsonRows(
    Review,
    "rateList",
    identifier="id",
    item_reviewed="auctionNumId",
    review_body="feedback?",
    author="userNick",
    author_identifier="userMark?",
    author_level=("userStar?", _unless_zero),
    date_published="feedbackDate?",
    rating_value=("rateType?", _mark),
    variant=_option,
    image_count=lambda row: _count(row.get("feedPicPathList"), row.get("feedPicList")),
    useful_count="interactInfo.likeCount?",
    ignore="allowComment allowInteract annoy feedPicList feedPicPathList goldUser hasDetail headPicUrl reply share "
    "skuMap skuValueStr structTagEndSize userId userStarPic video appendedFeed",
)
APPENDED = JsonRows(
    Review,
    "rateList[?appendedFeed].{id: id, item: auctionNumId, nick: userNick, mark: userMark, later: appendedFeed}",
    identifier=_added("append"),
    is_part_of="id",
    item_reviewed="item",
    review_body="later.appendedFeedback",
    author="nick",
    author_identifier="mark?",
    date_published=("later.intervalDay?", _later),
    image_count=lambda row: _count(search(row, "later.appendFeedPicPathList")),
)
COMMENTS = JsonRows(
    Review,
    "comments",
    identifier="rateId",
    item_reviewed="auction.aucNumId",
    review_body="content?",
    author="user.nick",
    author_identifier=("user.userId?", _unless_zero),
    author_level=("user.rank?", _unless_zero),
    badges=lambda row: "匿名" if search(row, "user.anony") is True else None,
    date_published="date",
    rating_value=("rate?", _mark),
    variant=("auction.sku?", lambda shown: shown.replace("&nbsp;", " ").strip()),
    image_count=lambda row: _count(row.get("photos")),
    useful_count="useful?",
    ignore="append appendList photos reply video raterType tag validscore bidPriceMoney buyAmount status "
    "creditFraudRule lastModifyFrom dayAfterConfirm enableSNS from mainTradeId propertiesAvg serviceRate shareInfo "
    "showCuIcon showDepositIcon spuRatting vicious noQna appendCanExplainable",
)
LATER = JsonRows(
    Review,
    "comments[?append.content].{id: rateId, item: auction.aucNumId, user: user, later: append}",
    identifier=_added("append"),
    is_part_of="id",
    item_reviewed="item",
    review_body="later.content",
    author="user.nick",
    author_identifier=("user.userId?", _unless_zero),
    date_published=("later.dayAfterConfirm?", _later),
    image_count=lambda row: _count(search(row, "later.photos")),
)


def _replies(rows: str, above: str = "") -> JsonRows:
    """The shop's answers to reviews; or to follow-ups, which are named `above`."""
    own = _added(f"{above}-reply" if above else "reply")
    part = _added(above) if above else "id"
    return JsonRows(
        Post, rows, identifier=own, is_part_of=part, article_body="reply.content || reply", ignore="id"
    )


TABLES = {
    "rateList": (
        RATES,
        APPENDED,
        _replies("rateList[?reply].{id: id, reply: reply}"),
        _replies("rateList[?appendedFeed.reply].{id: id, reply: appendedFeed.reply}", "append"),
    ),
    "comments": (
        COMMENTS,
        LATER,
        _replies("comments[?reply].{id: rateId, reply: reply}"),
        _replies("comments[?append.reply].{id: rateId, reply: append.reply}", "append"),
    ),
}


class TaobaoReviews(Site):
    """Reviews of products on Taobao and Tmall, with follow-ups and the shop's replies, and how many there are."""

    name = "taobao_reviews"
    domains = ("h5api.m.taobao.com", "h5api.m.tmall.com", "rate.taobao.com")
    pages = (
        Page(
            "review",
            r"^/h5/mtop\.(wdetail\.getitemrates|taobao\.rate\.detaillist\.get)(/|$|\?)",
            "parse_rates",
        ),
        Page("review", r"^/feedRateList\.htm\?", "parse_comments"),
    )
    expect = {"review": (1, 100_000)}
    access = "assisted"

    def parse_rates(self, response: TextResponse) -> Output:
        """Reviews from mtop. Raises ExtractionError for a refusal, with what it says."""
        answer = of_type(json_of(response), dict, "the answer", response.url)
        page = search(answer, "data")
        refusal = str(answer.get("ret"))[:100]
        found = of_type(page, dict, f"data (ret {refusal})", response.url)
        if found.get("total") == "0":
            found.setdefault("rateList", [])
        of_type(found.get("rateList"), list, f"data.rateList (ret {refusal})", response.url)
        total = found.get("feedAllCount") or found.get("total")
        yield from _read(found, "rateList", total, response.url)

    def parse_comments(self, response: TextResponse) -> Output:
        """Reviews from feedRateList, which is only in parentheses where no callback was named."""
        body = response.text.strip()
        answer = parse_json(f"unnamed{body}" if body.startswith("(") else body, response.url)
        page = of_type(answer, dict, "the answer", response.url)
        if page.get("total") == "0" and not page.get("comments"):
            page["comments"] = []
        yield from _read(page, "comments", page.get("total"), response.url)


def _read(page: Json, rows: str, total: Any, url: str) -> Output:
    """The product with its counter, then what the tables find."""
    first = search(page, f"{rows}[0]")
    if isinstance(first, dict):
        yield from PRODUCT.read({"rows": [{"first": first, "total": total}]}, url)
    for table in TABLES[rows]:
        yield from table.read(page, url)
