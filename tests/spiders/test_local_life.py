"""Shops, hotels, complaints and apps, where the saved pages do not show it: pages made by us."""

import json
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse, TextResponse

from crawler.errors import ExtractionError
from crawler.items import Item, Listing, Post, Review
from crawler.quoted import place_of
from tests.spiders.case import of, read_all, spider

NAMES = ("dianping", "eleme", "qunar", "ctrip", "ly", "heimao", "app_store", "foursquare", "iens", "airbnb")
ASSISTED = NAMES[:6]
DIANPING_SHOP = "https://www.dianping.com/shop/k7Ab"
DIANPING_REVIEWS = f"{DIANPING_SHOP}/review_all"
ELEME = "https://www.ele.me/restapi/ugc/v3/restaurants/11/ratings?offset=0"
ELEME_SHOPS = "https://www.ele.me/restapi/shopping/v3/restaurants?offset=0"
QUNAR = "https://touch.qunar.com/api/hotel/hoteldetail/comment?page=1"
CTRIP = "https://hotels.ctrip.com/hotel/5.html"
LY = "https://www.ly.com/hotel/api/tmapi/hoteldetail?hotelid=5"
HEIMAO = "https://tousu.sina.com.cn/index/search/?keywords=x"
HEIMAO_ANSWER = "https://tousu.sina.com.cn/api/company/received_complaints?couid=1&page=1"
AIRBNB = "https://www.airbnb.com/rooms/5"
FEED = "https://itunes.apple.com/cn/rss/customerreviews/page={}/id=414478124/sortby=mostrecent/json"


def page(url: str, html: str) -> HtmlResponse:
    return HtmlResponse(url, headers={"Content-Type": "text/html; charset=utf-8"}, body=html.encode())


def answer(url: str, content: Any) -> TextResponse:
    body = json.dumps(content, ensure_ascii=False)
    return TextResponse(url, headers={"Content-Type": "application/json"}, body=body.encode())


def read(name: str, response: TextResponse) -> tuple[list[Item], list[Request], list[str]]:
    """By the callback that the address leads to: items, requests, what was odd."""
    callback = spider(name).reads(response.url)
    assert callback is not None
    items, requests, odd = read_all(name, callback, response)
    return items, requests, [oddity.reason for oddity in odd]


def items_of(name: str, response: TextResponse) -> list[Item]:
    items, _, odd = read(name, response)
    assert odd == []
    return items


@pytest.mark.parametrize("name", ASSISTED)
def test_sites_behind_walls_are_for_captures_that_a_person_makes(name: str) -> None:
    assert spider(name).access == "assisted"


# ---- Dianping


def review_page(body: str, time: str = "2021-03-22 10:10", stars: str = "") -> HtmlResponse:
    return page(
        DIANPING_REVIEWS,
        f"""<html><head><title>“店”的全部点评(第2页) - 北京美食 - 大众点评网</title></head><body>
        <div class="review-list-header"><h1><a href="/shop/k7Ab">店</a>的评价</h1></div>
        <div class="address-info">地址: 某<bb class="x1"></bb>路<cc class="x2"></cc>号</div>
        <div class="main-review"><div class="dper-info"><a class="name" href="/member/77">小明</a></div>
        <div class="review-rank">{stars}</div>
        <div class="review-words Hide">{body}<div class="less-words"><a>收起评价</a></div></div>
        <div class="misc-info"><span class="time">{time}</span><span class="actions">
        <a class="praise" data-id="9">赞</a> <a class="reply" data-id="9">回应</a><em class="col-exp">(4)</em>
        <a class="report" data-id="9">投诉</a></span></div></div></body></html>""",
    )


def test_dianping_marks_each_hidden_character_and_decodes_none() -> None:
    body = (
        '好<svgmtsi class="a1"></svgmtsi>吃，<d class="num">\ue123\ue124</d>元<e class="address">\ue125</e>'
    )
    listing, review = items_of("dianping", review_page(body))
    assert isinstance(listing, Listing)
    assert isinstance(review, Review)
    assert (review.review_body, review.obfuscated) == ("好□吃，□□元□", "review_body")
    assert (listing.location, listing.obfuscated) == ("某□路□号", "location")
    assert (
        place_of(review.review_body) == "/html/body/div[3]/div[3]"
    )  # where it stands on the page as it was sent


def test_dianping_text_that_hides_nothing_is_not_called_obfuscated() -> None:
    _, review = items_of("dianping", review_page("好吃，一个□也没有"))
    assert isinstance(review, Review)
    assert (review.review_body, review.obfuscated) == ("好吃，一个□也没有", None)


def test_dianping_reads_a_review_without_stars_and_likes_that_was_changed_later() -> None:
    response = review_page("好", "2021-03-22 10:10 更新于2021-04-01 09:00")
    _, review = items_of("dianping", response)
    assert isinstance(review, Review)
    assert (review.rating_value, review.useful_count) == (None, None)  # the "(4)" counts answers
    assert (review.date_published, review.author_identifier) == ("2021-03-22 10:10", "77")


def test_dianping_prints_stars_as_their_class_with_its_place() -> None:
    stars = '<span class="sml-rank-stars sml-str35 star"></span>'
    _, review = items_of("dianping", review_page("好", stars=stars))
    assert isinstance(review, Review)
    assert review.rating_value == "sml-str35"
    assert place_of(review.rating_value) == "/html/body/div[3]/div[2]/span/@class"


def test_dianping_page_without_reviews_says_so() -> None:
    html = '<div class="review-list-header"><h1><a href="/shop/k7Ab">店</a>的评价</h1></div>'
    items, _, odd = read("dianping", page(DIANPING_REVIEWS, html))
    assert len(of(Listing, items)) == len(items) == 1
    assert "no reviews" in odd[0]


def test_dianping_reply_of_a_shop_may_hide_characters_too() -> None:
    html = """<link rel="canonical" href="http://www.dianping.com/shop/k7Ab">
    <h1 class="shop-name"> 店 <a>手机</a></h1>
    <ul id="reviewlist-wrapper"><li class="comment-item" data-id="9"><p class="user-info"><a class="name">小明</a></p>
    <div class="content"><p class="desc">一般</p><div class="misc-info"><span class="time">2019-05-02</span></div>
    <div class="comment-follows"><p class="follows-title"><span class="date">2019-05-03</span></p>
    <p class="desc J-desc Hide">抱<svgmtsi class="a"></svgmtsi></p></div></div></li></ul>"""
    listing, review, reply = items_of("dianping", page(DIANPING_SHOP, html))
    assert isinstance(listing, Listing)
    assert isinstance(review, Review)
    assert isinstance(reply, Post)
    assert (listing.name, listing.obfuscated) == ("店", None)
    assert (review.review_body, review.obfuscated) == ("一般", None)
    assert (reply.identifier, reply.is_part_of, reply.publisher) == ("9#reply", "9", "店")
    assert (reply.article_body, reply.obfuscated) == ("抱□", "article_body")


# ---- Ele.me


def order(**given: Any) -> dict[str, Any]:
    return {
        "order_id": 7,
        "rating": 2,
        "rating_text": "慢",
        "rated_at": "2018-08-03",
        "username": "小*明",
        **given,
    }


def test_eleme_what_is_said_of_a_dish_is_a_review_within_that_of_the_order() -> None:
    dishes = [
        {"food_id": 5, "rate_name": "鸡排", "rating": 1, "rating_text": "咸", "image_hash": "a1"},
        {"food_id": 6, "rate_name": "可乐", "rating": 5, "rating_text": ""},
    ]
    whole, dish = of(Review, items_of("eleme", answer(ELEME, [order(food_ratings=dishes)])))
    assert (whole.identifier, whole.variant, whole.image_count) == ("7", "鸡排、可乐", 1)
    assert (whole.item_reviewed, whole.rating_value) == ("11", "2")
    assert (dish.identifier, dish.is_part_of, dish.item_reviewed) == ("7#5", "7", "鸡排")
    assert (dish.review_body, dish.rating_value, dish.date_published) == ("咸", "1", "2018-08-03")


def test_eleme_reports_rows_that_are_none_and_answers_without_any() -> None:
    items, _, odd = read("eleme", answer(ELEME, [order(), None, {"rating": 1}]))
    assert (len(items), len(odd)) == (1, 2)
    assert "no reviews" in read("eleme", answer(ELEME, []))[2][0]
    assert "no shops" in read("eleme", answer(ELEME_SHOPS, {"items": []}))[2][0]


def test_eleme_member_that_is_new_is_reported() -> None:
    _, _, odd = read("eleme", answer(ELEME, [order(cashback="5元")]))
    assert "['cashback']" in odd[0]


# ---- Qunar


def test_qunar_hotel_without_a_number_is_known_by_its_name_and_unrated_is_not_zero() -> None:
    row = {"commentId": "1", "author": "a", "score": 4, "content": "好", "date": "2015-01-09", "imgs": []}
    content = {
        "data": {"commentData": {"hotelName": "某酒店", "allTotal": 1, "score": "0.0", "comments": [row]}}
    }
    hotel, review = items_of("qunar", answer(QUNAR, content))
    assert isinstance(hotel, Listing)
    assert isinstance(review, Review)
    assert (hotel.identifier, hotel.rating_value, review.item_reviewed) == ("某酒店", None, "某酒店")
    assert (review.rating_value, review.image_count) == ("4", None)


def test_qunar_refusal_is_told_in_its_own_words() -> None:
    with pytest.raises(ExtractionError, match="errcode 7, 请登录"):
        read("qunar", answer(QUNAR, {"ret": False, "errcode": 7, "msg": "请登录"}))


# ---- Ctrip


def test_ctrip_reply_of_the_hotel_is_a_post_within_the_review() -> None:
    html = """<head><link rel="canonical" href="http://hotels.ctrip.com/hotel/5.html"></head><h2 class="cn_n">店</h2>
    <div class="comment_block" data-cid="9"><div class="user_info"><p class="name">1***9</p>
    <p class="level_new"></p></div><div class="comment_main"><div class="comment_txt">
    <div class="J_commentDetail">好</div>
    <div class="comment_bar"><span class="time">发表于2018-06-10</span></div></div>
    <div class="htl_reply"><p class="text text_other">酒店回复：谢谢</p></div></div></div>"""
    hotel, review, reply = items_of("ctrip", page(CTRIP, html))
    assert isinstance(hotel, Listing)
    assert isinstance(review, Review)
    assert isinstance(reply, Post)
    assert (hotel.identifier, hotel.price) == ("5", None)
    assert (review.identifier, review.review_body, review.author_level) == ("9", "好", None)
    assert (reply.identifier, reply.is_part_of, reply.article_body) == ("9#reply", "9", "酒店回复：谢谢")


# ---- LY.com


def test_ly_review_is_known_by_its_text_and_not_by_who_wrote_it() -> None:
    def shown(**given: Any) -> list[Item]:
        return items_of("ly", answer(LY, {"Id": "5", "Name": "店", "DpUserName": "甲", **given}))

    (first,), (same,), (other,) = (
        of(Review, shown(**given))
        for given in ({"DpContent": "好"}, {"DpContent": "好", "DpUserName": "乙"}, {"DpContent": "差"})
    )
    assert first.identifier == same.identifier != other.identifier
    assert of(Review, shown(DpContent="")) == []


# ---- 黑猫投诉


def test_heimao_card_without_its_first_line_has_no_date_and_loses_no_text() -> None:
    card = {"title": "某店\n\n好评返现不给\n[投诉对象]某店\n[投诉要求]退款", "href": "/complaint/view/17/"}
    (post,) = of(Post, items_of("heimao", answer(HEIMAO, [card])))
    assert (post.identifier, post.headline, post.date_published) == ("17", "某店", None)
    assert post.article_body == "好评返现不给\n[投诉对象]某店\n[投诉要求]退款"


def test_heimao_answer_says_the_same_as_a_card() -> None:
    main = {
        "sn": "17",
        "title": '<span class="code-red">某店</span>刷单',
        "summary": "好评返现不给",
        "cotitle": "某店",
        "appeal": ["退款", "道歉"],
        "timestamp": "1640000000",
        "url": "//tousu.sina.com.cn/complaint/view/17/",
    }
    rows = [{"main": main, "author": {"title": "匿名"}}]
    (post,) = of(Post, items_of("heimao", answer(HEIMAO_ANSWER, {"result": {"data": {"complaints": rows}}})))
    assert (post.identifier, post.headline, post.author) == ("17", "某店刷单", "匿名")
    assert post.article_body == "好评返现不给\n[投诉对象]某店\n[投诉要求]退款,道歉"
    assert (post.url, post.publisher) == ("https://tousu.sina.com.cn/complaint/view/17/", "黑猫投诉")
    assert "#/result/data/complaints/0/main/summary" in (place_of(post.article_body) or "")


def test_heimao_refusal_is_told_in_its_own_words() -> None:
    content = {"result": {"status": {"code": 11, "msg": "签名错误"}, "data": None}}
    with pytest.raises(ExtractionError, match="签名错误"):
        read("heimao", answer(HEIMAO_ANSWER, content))


# ---- App Store


def entry(number: int, stars: str = "5") -> dict[str, Any]:
    return {
        "author": {
            "uri": {"label": f"https://itunes.apple.com/cn/reviews/id{number}9"},
            "name": {"label": "甲"},
        },
        "updated": {"label": "2025-11-20T08:11:12-07:00"},
        "im:rating": {"label": stars},
        "im:version": {"label": "8.0.1"},
        "id": {"label": str(number)},
        "title": {"label": "好用"},
        "content": {"label": "很好", "attributes": {"type": "text"}},
        "link": {"attributes": {"rel": "related", "href": "https://itunes.apple.com/cn/review?id=414478124"}},
        "im:voteSum": {"label": "3"},
        "im:contentType": {"attributes": {"term": "Application"}},
        "im:voteCount": {"label": "4"},
    }


def feed(entries: Any, number: int = 1) -> TextResponse:
    content = {"updated": {"label": "2025-11-20T08:11:12-07:00"}}
    return answer(
        FEED.format(number), {"feed": content if entries is None else {**content, "entry": entries}}
    )


def test_app_store_feed_with_its_next_page() -> None:
    items, requests, odd = read("app_store", feed([entry(1), entry(2, "1")]))
    first, second = of(Review, items)
    assert (odd, len(items)) == ([], 2)
    assert (first.identifier, first.headline, first.review_body) == ("1", "好用", "很好")
    assert (first.author, first.author_identifier, first.item_reviewed) == ("甲", "19", "414478124")
    assert (second.rating_value, second.best_rating, second.variant) == ("1", "5", "8.0.1")
    assert first.useful_count == "3"
    assert place_of(second.rating_value) == "#/feed/entry/1/im:rating/label"
    assert [request.url for request in requests] == [FEED.format(2)]


def test_app_store_feed_of_one_review_is_no_list() -> None:
    items, _, odd = read("app_store", feed(entry(1)))
    assert (len(of(Review, items)), odd) == (1, [])


def test_app_store_feed_that_begins_with_the_app() -> None:
    app = {
        "im:name": {"label": "某应用"},
        "im:artist": {"label": "某公司"},
        "im:price": {"label": "免费", "attributes": {"amount": "0", "currency": "CNY"}},
        "link": {"attributes": {"href": "https://itunes.apple.com/cn/app/id414478124"}},
        "id": {"label": "https://…", "attributes": {"im:id": "414478124"}},
    }
    listing, review = items_of("app_store", feed([app, entry(1)]))
    assert isinstance(listing, Listing)
    assert isinstance(review, Review)
    assert (listing.identifier, listing.name, listing.seller) == ("414478124", "某应用", "某公司")
    assert review.item_reviewed == listing.identifier


@pytest.mark.parametrize(("number", "entries"), [(1, None), (3, []), (10, [entry(1)])])
def test_app_store_ends_with_an_empty_page_and_after_ten(number: int, entries: Any) -> None:
    _, requests, odd = read("app_store", feed(entries, number))
    assert requests == []
    assert bool(odd) == (not entries)


# ---- Airbnb


def home(state: str) -> HtmlResponse:
    return page(
        AIRBNB,
        f"""<head><link rel="canonical" href="https://www.airbnb.com/rooms/5"></head><h1 id="listing_name">Loft</h1>
        <script type="application/json"><!--[]--></script>
        <script type="application/json"><!--{state}--></script>""",
    )


def test_airbnb_reply_of_the_host_is_a_post_within_the_review() -> None:
    row = {
        "id": 9,
        "comments": "Good &amp; quiet",
        "response": "Thanks",
        "localized_date": "July 2016",
        "reviewer": {"first_name": "Ada", "id": 3},
        "reviewee": {"first_name": "Briana", "id": 4},
    }
    listing, review, reply = items_of("airbnb", home(json.dumps({"listing": {"sorted_reviews": [row]}})))
    assert isinstance(listing, Listing)
    assert isinstance(review, Review)
    assert isinstance(reply, Post)
    assert (listing.name, listing.rating_value, listing.price) == ("Loft", None, None)
    assert (review.review_body, review.author_identifier) == ("Good & quiet", "3")
    assert place_of(review.review_body) == "/html/body/script[2] > #/listing/sorted_reviews/0/comments"
    assert (reply.identifier, reply.is_part_of, reply.author_identifier) == ("9#response", "9", "4")


def test_airbnb_page_without_its_state_is_not_read_as_one_without_reviews() -> None:
    with pytest.raises(ExtractionError, match="scripts"):
        read("airbnb", home("{}"))
