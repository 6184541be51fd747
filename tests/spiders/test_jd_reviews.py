"""JD's live answers: JSONP in GBK, with counters and a next page."""

import json

from scrapy.http import TextResponse

from crawler.items import Listing, Post, Review
from tests.spiders.case import read, read_all

JD = "http://club.jd.com/comment/productPageComments.action?productId=0&score=0&sortType=5&page=0"


def jd_answer(content: str) -> TextResponse:
    return TextResponse(JD, headers={"Content-Type": "text/html;charset=GBK"}, body=content.encode("gbk"))


JD_REVIEW = {
    "id": 7,
    "referenceId": "100",
    "referenceName": "养生壶",
    "nickname": "小***明",
    "content": "好用",
    "score": 5,
    "creationTime": "2026-11-03 21:14:05",
    "referenceTime": "2026-10-28 10:00:00",
    "productColor": "白色",
    "productSize": "1L",
    "afterUserComment": {"id": 8, "content": "坏了", "created": "2026-11-09 10:00:00", "location": "江苏"},
    "replies": [{"id": 9, "content": "抱歉", "nickname": "店", "venderShopInfo": {"title": "旗舰店"}}],
}


def test_jd_live_answer_in_gbk_jsonp_with_counters_and_a_next_page() -> None:
    content = {
        "comments": [JD_REVIEW],
        "productCommentSummary": {"skuId": 100, "commentCountStr": "1万+", "averageScore": 5},
        "maxPage": 3,
    }
    response = jd_answer(f"fetchJSON_comment98({json.dumps(content, ensure_ascii=False)});")
    items, requests = read("jd_reviews", "parse_reviews", response)
    listing, review, later, reply = items
    assert isinstance(listing, Listing)
    assert (listing.identifier, listing.name, listing.review_count) == ("100", "养生壶", "1万+")
    assert isinstance(review, Review)
    assert (review.identifier, review.variant, review.image_count) == ("7", "白色 1L", 0)
    assert isinstance(later, Review)
    assert (later.identifier, later.review_body, later.rating_value) == ("7#8", "坏了", None)
    assert isinstance(reply, Post)
    assert (reply.identifier, reply.is_part_of, reply.publisher) == ("7#9", "7", "旗舰店")
    assert [request.url for request in requests] == [JD.replace("page=0", "page=1")]


def test_jd_last_page_and_empty_answer_ask_for_nothing_more() -> None:
    for content in ({"comments": [JD_REVIEW], "maxPage": 1}, {"comments": [], "maxPage": 9}):
        _, requests = read("jd_reviews", "parse_reviews", jd_answer(json.dumps(content)))
        assert requests == []


def test_jd_unknown_field_is_reported() -> None:
    answer = jd_answer(json.dumps([{**JD_REVIEW, "rebate": "5元"}]))
    _, _, (odd,) = read_all("jd_reviews", "parse_reviews", answer)
    assert "['rebate']" in odd.reason
