"""JD.com (京东): the JSON answer with one page of reviews of a product.

A member's name stands in ``userLevelName``; newer answers leave it out, and the page then prints "PLUS会员" for the
codes 101 and 201 (the page's own template). A review that nobody wrote holds the sentence that the site puts there
("此用户未填写评价内容"); it is kept, being what the page shows.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any, TypeGuard

from scrapy.http import TextResponse
from w3lib.url import add_or_replace_parameter, url_query_parameter

from crawler.engine.reading import Json, json_of, of_type, printed
from crawler.engine.rows import JsonRows, search
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Post, Review
from crawler.quoted import joined


def _level(name: str) -> str | None:
    """The name printed, or what is printed for a code."""
    return None if name in ("0", "103", "203") else "PLUS会员" if name in ("101", "201") else name


def _option(row: Json) -> str | None:
    return joined(" ", filter(_is_text, (row.get("productColor"), row.get("productSize"))))


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str)


def _count(images: Any) -> int:
    return len(images) if isinstance(images, list) else 0


def _part(row: Json) -> str | None:
    """The number of what was added to a review: a follow-up and a reply may have the same."""
    above, own = search(row, "review.id"), row.get("id")
    return joined("#", (above, own)) if _is_text(above) and _is_text(own) else None


PRODUCT = JsonRows(
    Listing,
    "rows",
    identifier="summary.skuId || summary.productId || first.referenceId",
    name="first.referenceName",
    review_count="summary.commentCountStr || summary.commentCount?",
    rating_value="summary.averageScore?",
    ignore="first",
)
REVIEWS = JsonRows(
    Review,
    "comments",
    identifier="id",
    item_reviewed="referenceId",
    review_body=("content", unescape),
    author="nickname",
    author_level=("userLevelName || plusAvailable?", _level),
    date_published="creationTime",
    rating_value="score?",
    badges=lambda row: "置顶" if row.get("isTop") is True else None,
    location="location?",
    variant=_option,
    purchase_date="referenceTime?",
    image_count=lambda row: _count(row.get("images")),
    useful_count="usefulVoteCount?",
    ignore="guid vcontent isDelete isTop topped userImageUrl userImage imageStatus userClient userClientShow "
    "isMobile discussionId imageCount images plusAvailable userLevelId userLevelName userLevelColor mobileVersion "
    "mergeOrderStatus textIntegral imageIntegral integral ownId ownType extMap status replyCount replyCount2 orderId "
    "productSales productColor productSize referenceName referenceImage referenceType referenceTypeId firstCategory "
    "secondCategory thirdCategory aesPin days afterDays afterImages anonymousFlag videos viewCount uselessVoteCount "
    "isReplyGrade recommend afterUserComment replies",
)
FOLLOW_UPS = JsonRows(
    Review,
    "parts",
    identifier=_part,
    is_part_of="review.id",
    item_reviewed="review.referenceId",
    review_body=("content || hAfterUserComment.content", unescape),
    author="review.nickname",
    date_published="created?",
    location="location?",
    image_count=lambda row: _count(search(row, "review.afterImages")),
    ignore="id productId commentId orderId clientType userClient ip pin delete top hAfterUserComment status modified "
    "anonymous rid dealt",
)
REPLIES = JsonRows(
    Post,
    "parts",
    identifier=_part,
    is_part_of="review.id",
    article_body=("content", unescape),
    author="nickname?",
    publisher="venderShopInfo.title?",
    date_published="creationTime?",
    ignore="id commentId venderId type pin userClient userImage userImageUrl ip productId parentId targetId "
    "creationTimeString userClientShow userLevelName userLevelColor userProvince anonymous",
)


class JdReviews(Site):
    """Product reviews on JD.com with follow-ups and replies, ten per answer, at most 100 answers per product."""

    name = "jd_reviews"
    domains = ("club.jd.com", "sclub.jd.com")
    pages = (Page("review", r"^/comment/(sku)?productPageComments\.action\?", "parse_reviews"),)
    expect = {"review": (1, 5000)}
    version = 2

    def parse_reviews(self, response: TextResponse) -> Output:
        """The product with its counters, its reviews with follow-ups and replies, the next page."""
        url, answer = response.url, json_of(response)
        page = of_type({"comments": answer} if isinstance(answer, list) else answer, dict, "the answer", url)
        reviews = of_type(page.get("comments"), list, "comments", url)
        known = [row for row in reviews if isinstance(row, dict)]  # whatever else there is, the table reports
        if known:
            summary = page.get("productCommentSummary")  # none where somebody kept the reviews alone
            yield from PRODUCT.read({"rows": [{"summary": summary, "first": known[0]}]}, url, best_rating="5")
        yield from REVIEWS.read(page, url, best_rating="5")
        yield from FOLLOW_UPS.read({"parts": list(_parts(known, "afterUserComment"))}, url)
        yield from REPLIES.read({"parts": list(_parts(known, "replies"))}, url)
        number = _number(url_query_parameter(url, "page")) + 1
        if reviews and number < _number(page.get("maxPage")):
            following = add_or_replace_parameter(url, "page", str(number))
            yield self.follow(response, following, self.parse_reviews)


def _parts(reviews: list[Json], name: str) -> Iterator[Any]:
    """What was added to each review, with what it shares with it."""
    for review in reviews:
        shared = {key: review.get(key) for key in ("id", "referenceId", "nickname", "afterImages")}
        found = review.get(name) or []
        for part in found if isinstance(found, list) else [found]:
            yield {**part, "review": shared} if isinstance(part, dict) else part


def _number(value: Any) -> int:
    """A number of the answer or the address; 0 for what is none."""
    digits = printed(value) or ""
    return int(digits) if re.fullmatch(r"[0-9]{1,9}", digits) else 0
