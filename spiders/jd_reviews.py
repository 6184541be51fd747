"""JD.com (京东): the JSON answer with one page of reviews of a product."""

from scrapy.http import TextResponse
from w3lib.url import add_or_replace_parameter, url_query_parameter

from crawler.engine.reading import Json, json_of, leftovers, of_type, printed, take
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Post, Review

UNREAD = (  # fields of a review that no item has a place for
    "guid vcontent isDelete isTop topped userImageUrl userImage imageStatus userClient discussionId imageCount "
    "plusAvailable mobileVersion mergeOrderStatus textIntegral imageIntegral integral ownId ownType extMap "
    "status replyCount replyCount2 orderId productSales referenceImage firstCategory secondCategory "
    "thirdCategory aesPin days afterDays afterImages anonymousFlag videos referenceName"
)


class JdReviews(Site):
    """Product reviews on JD.com, ten per answer and at most 100 answers per product."""

    name = "jd_reviews"
    domains = ("club.jd.com",)
    pages = (Page("review", r"^/comment/(sku)?productPageComments\.action\?", "parse_reviews"),)
    expect = {"review": (1, 5000)}

    def parse_reviews(self, response: TextResponse) -> Output:
        """Reviews with their follow-ups and replies, the product's counters, the next page."""
        answer = json_of(response)
        page = answer if isinstance(answer, dict) else {"comments": answer}
        reviews = of_type(take(page, "comments", response.url), list, "comments", response.url)
        if reviews and (summary := page.get("productCommentSummary")):
            yield _listing(summary, reviews[0], response.url)
        for review in reviews:
            yield from _review(dict(review), response.url)
        number = int(url_query_parameter(response.url, "page") or 0) + 1
        if reviews and number < int(page.get("maxPage") or 0):
            url = add_or_replace_parameter(response.url, "page", str(number))
            yield self.follow(response, url, self.parse_reviews)


def _listing(summary: Json, review: Json, url: str) -> Listing:
    return Listing(
        identifier=str(summary.get("skuId") or take(summary, "productId", url)),
        name=str(take(review, "referenceName", url)),
        review_count=printed(summary.get("commentCountStr") or summary.get("commentCount")),
        rating_value=printed(summary.get("averageScore")),
        best_rating="5",
    )


def _review(review: Json, url: str) -> Output:
    number, sku, author = (str(take(review, name, url)) for name in ("id", "referenceId", "nickname"))
    variant = (printed(review.pop(name, None)) for name in ("productColor", "productSize"))
    yield Review(
        identifier=number,
        item_reviewed=sku,
        review_body=str(take(review, "content", url)),
        author=author,
        date_published=printed(take(review, "creationTime", url)),
        rating_value=printed(take(review, "score", url)),
        best_rating="5",
        location=printed(review.pop("location", None)),
        variant=" ".join(filter(None, variant)) or None,
        purchase_date=printed(review.pop("referenceTime", None)),
        image_count=len(review.pop("images", None) or ()),
        useful_count=printed(review.pop("usefulVoteCount", None)),
    )
    yield from _added(review, number, sku, author, url)
    yield from leftovers(review, url, ignore=UNREAD.split())


def _added(review: Json, number: str, sku: str, author: str, url: str) -> Output:
    """What was added to a review: the buyer's follow-up (追评) as a Review, replies as Posts."""
    if later := review.pop("afterUserComment", None):
        yield Review(
            identifier=f"{number}#{take(later, 'id', url)}",
            item_reviewed=sku,
            review_body=str(take(later, "content", url)),
            author=author,
            date_published=printed(later.get("created")),
            location=printed(later.get("location")),
        )
    for reply in review.pop("replies", None) or ():
        yield Post(
            identifier=f"{number}#{take(reply, 'id', url)}",
            is_part_of=number,
            article_body=str(take(reply, "content", url)),
            author=printed(reply.get("nickname")),
            publisher=printed((reply.get("venderShopInfo") or {}).get("title")),
            date_published=printed(reply.get("creationTime")),
        )
