"""JD, Taobao, Tmall, Xianyu and Pinduoduo, where the saved pages do not show it: pages made by us."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import HtmlResponse, TextResponse

from crawler.errors import ExtractionError, UsageError
from crawler.items import Item, Listing, Post, Review
from crawler.printed import moment, money, rating
from crawler.quoted import place_of
from tests.spiders.case import Case, all_cases, of, read_all, spider

SHOPS = ("jd_reviews", "jd_search", "jd_recommend", "taobao", "taobao_reviews", "tmall", "xianyu", "pdd")
JD_REVIEWS = "https://club.jd.com/comment/productPageComments.action?productId=100&page=0"
JD_SEARCH = "https://search.jd.com/Search?keyword=x"
TAOBAO_SEARCH = "https://s.taobao.com/search?q=x"
TAOBAO_ITEM = "https://item.taobao.com/item.htm?id=7"
MTOP = "https://h5api.m.taobao.com/h5/mtop.wdetail.getitemrates/3.0/?v=3.0"
MTOP_TODAY = "https://h5api.m.tmall.com/h5/mtop.taobao.rate.detaillist.get/6.0/?v=6.0"
FEED_RATES = "https://rate.taobao.com/feedRateList.htm?auctionNumId=7&currentPageNum=1"
TMALL_RATES = "https://rate.tmall.com/list_detail_rate.htm?itemId=7&sellerId=8&currentPage=1"
XIANYU = "https://h5api.m.goofish.com/h5/mtop.taobao.idlemtopsearch.pc.search/1.0/?v=1.0"
PDD = "https://mobile.yangkeduo.com/pincard_share_card_popup.html?categoryId=1"
LOGIN = "<html><title>登录</title><body><form action='//login.taobao.com/'>请登录</form></body></html>"


def page(url: str, html: str) -> HtmlResponse:
    return HtmlResponse(url, headers={"Content-Type": "text/html; charset=utf-8"}, body=html.encode())


def answer(url: str, content: Any) -> TextResponse:
    body = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return TextResponse(url, headers={"Content-Type": "application/json"}, body=body.encode())


def items_of(name: str, response: TextResponse) -> list[Item]:
    """Items of a page by the callback that its address leads to, with nothing odd about it."""
    callback = spider(name).reads(response.url)
    assert callback is not None
    items, _, odd = read_all(name, callback, response)
    assert odd == []
    return items


def odd_of(name: str, response: TextResponse) -> list[str]:
    callback = spider(name).reads(response.url)
    assert callback is not None
    items, _, odd = read_all(name, callback, response)
    assert items == []
    return [oddity.reason for oddity in odd]


# ---- JD

JD_REVIEW = {
    "id": 7,
    "referenceId": "100",
    "referenceName": "茶壶",
    "nickname": "小***明",
    "content": "好用",
    "score": 5,
    "creationTime": "2026-11-03 21:14:05",
}


def jd_reviews(*changes: dict[str, Any]) -> list[Item]:
    reviews = [{**JD_REVIEW, "id": number, **change} for number, change in enumerate(changes, 7)]
    return items_of("jd_reviews", answer(JD_REVIEWS, {"comments": reviews}))


def test_jd_level_is_the_name_printed_or_what_is_printed_for_its_code() -> None:
    levels: tuple[dict[str, Any], ...] = (
        {"plusAvailable": 201},
        {"plusAvailable": 101},
        {"plusAvailable": 203},
        {"plusAvailable": 0},
        {},
    )
    named = {"plusAvailable": 0, "userLevelName": "金牌会员"}
    reviews = of(Review, jd_reviews(*levels, named))
    assert [review.author_level for review in reviews] == [
        "PLUS会员",
        "PLUS会员",
        None,
        None,
        None,
        "金牌会员",
    ]
    assert place_of(reviews[0].author_level) == "#/comments/0/plusAvailable"


def test_jd_default_praise_a_pinned_review_and_an_anonymous_buyer_stay_as_they_stand() -> None:
    words = "此用户未填写评价内容"
    first, second = of(Review, jd_reviews({"content": words, "anonymousFlag": 1}, {"isTop": True}))
    assert (first.review_body, first.author, first.badges) == (words, "小***明", None)
    assert second.badges == "置顶"


def test_jd_follow_up_is_part_of_its_review_with_its_pictures_and_place() -> None:
    later = {"id": 7, "hAfterUserComment": {"content": "坏了"}, "created": "2026-11-09 10:00:00"}
    change = {"afterUserComment": later, "afterImages": [{}, {}], "images": [{}]}
    product, first, second = jd_reviews(change)
    assert isinstance(product, Listing)
    assert isinstance(first, Review)
    assert isinstance(second, Review)
    assert (product.identifier, product.name, product.review_count) == ("100", "茶壶", None)
    assert (first.identifier, first.is_part_of, first.image_count) == ("7", None, 1)
    assert (second.identifier, second.is_part_of, second.image_count) == ("7#7", "7", 2)
    assert (second.review_body, second.item_reviewed, second.author) == ("坏了", "100", "小***明")
    assert place_of(second.review_body) == "#/comments/0/afterUserComment/hAfterUserComment/content"


def test_jd_review_that_is_not_understood_costs_no_other() -> None:
    reviews = [JD_REVIEW, "x", {**JD_REVIEW, "id": None}, {**JD_REVIEW, "id": 9, "replies": ["y"]}]
    items, _, odd = read_all("jd_reviews", "parse_reviews", answer(JD_REVIEWS, {"comments": reviews}))
    assert [review.identifier for review in of(Review, items)] == ["7", "9"]
    assert [oddity.lost for oddity in odd] == [True, True, True]


def test_jd_answer_without_comments_is_refused_and_odd_numbers_of_pages_ask_for_nothing() -> None:
    with pytest.raises(ExtractionError, match="comments is NoneType"):
        read_all("jd_reviews", "parse_reviews", answer(JD_REVIEWS, {"comments": None}))
    strange = answer(JD_REVIEWS.replace("page=0", "page=x"), {"comments": [JD_REVIEW], "maxPage": "9" * 99})
    _, requests, _ = read_all("jd_reviews", "parse_reviews", strange)
    assert requests == []


def test_jd_search_marks_an_ad_and_knows_a_shop_and_a_price_not_yet_loaded() -> None:
    card = (
        '<li data-sku="{0}" class="gl-item"><div class="p-price"><strong class="J_{0}"><em>￥</em><i>{1}</i></strong>'
        '</div><div class="p-name"><a href="{2}"><em>壶<font>大</font></em></a></div><div class="p-commit"><strong>'
        '<a id="J_comment_{0}">2万+</a>条评价</strong><a>二手有售</a></div>{3}</li>'
    )
    shop = '<div class="p-shop"><span><a>甲店</a><b></b></span></div><span class="p-promo-flag">广告</span>'
    ad = card.format(1, "", "https://ccc-x.jd.com/dsp/nc?ext=1", shop)
    html = f"<ul>{ad}{card.format(2, '9.90', '//item.jd.com/2.html', '')}</ul>"
    first, second = of(Listing, items_of("jd_search", page(JD_SEARCH, html)))
    assert (first.promoted, first.seller, first.price, first.review_count) == (True, "甲店", None, "2万+")
    assert (second.promoted, second.seller, second.price, second.name) == (False, None, "￥9.90", "壶大")
    assert second.url == "https://item.jd.com/2.html"
    assert "page to log in" in odd_of("jd_search", page(JD_SEARCH, LOGIN))[0]


def test_jd_recommended_cards_of_brands_are_no_products() -> None:
    url = "https://diviner.jd.com/diviner?p=1"
    rows = [{"sku": 5, "t": "壶", "jp": "9.9"}, {"brandList": [{"name": "某牌"}]}]
    (found,) = of(Listing, items_of("jd_recommend", answer(url, f"cb({json.dumps({'data': rows})})")))
    assert (found.identifier, found.price, found.url) == ("5", "9.9", "https://item.jd.com/5.html")


# ---- Taobao

AUCTION = {
    "nid": "1",
    "raw_title": "壶",
    "title": "茶<span class=H>壶</span>&amp;杯",
    "detail_url": "//item.taobao.com/item.htm?id=1",
    "view_price": "99.00",
    "nick": "甲",
}


def taobao_state(mods: dict[str, Any]) -> HtmlResponse:
    state = json.dumps({"mods": mods}, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
    return page(TAOBAO_SEARCH, f"<html><script>\n g_page_config = {state};\n g_srp_init();\n</script></html>")


def test_taobao_paid_row_is_promoted_and_named_as_shown() -> None:
    paid = {**AUCTION, "nid": "2", "p4p": 1, "p4pSameHeight": True, "shopName": "甲的店"}
    mods = {"itemlist": {"data": {"auctions": [AUCTION, paid]}}}
    first, second = of(Listing, items_of("taobao", taobao_state(mods)))
    assert (first.promoted, first.name, first.seller, first.sales) == (False, "茶壶&杯", "甲", None)
    assert (second.promoted, second.seller, second.seller_identifier) == (True, "甲的店", "甲")
    assert place_of(first.name) == "/html/head/script > #/mods/itemlist/data/auctions/0/title"


def test_taobao_search_without_results_says_so() -> None:
    (reason,) = odd_of("taobao", taobao_state({"itemlist": {"status": "hide"}}))
    assert "nothing was found" in reason


@pytest.mark.parametrize(
    "html", ["", LOGIN, "<html><title>淘宝搜索</title><div class='boneClass'></div></html>"]
)
def test_taobao_skeleton_is_refused_as_a_page_that_needs_scripts_and_a_login(html: str) -> None:
    with pytest.raises(ExtractionError, match="need its scripts and a login"):
        read_all("taobao", "parse_search", page(TAOBAO_SEARCH, html))


def test_taobao_saved_skeleton_in_utf_16_is_refused(pages: Path) -> None:
    body = (pages / "taobao/search-3.html").read_bytes()
    response = HtmlResponse(TAOBAO_SEARCH, headers={"Content-Type": "text/html; charset=UTF-8"}, body=body)
    assert response.css("title::text").get() == "淘宝搜索"
    with pytest.raises(ExtractionError, match="need its scripts and a login"):
        read_all("taobao", "parse_search", response)


def test_taobao_cards_that_scripts_have_drawn() -> None:
    card = (
        '<a class="doubleCardWrapperAdapt--x1" id="item_id_{0}" href="{1}"><div class="title--a">茶壶</div>'
        '<span class="priceInt--b">29</span><span class="priceFloat--c">.9</span>'
        '<span class="realSales--d">9+人付款</span>'
        '<div class="procity--e"><span>浙江</span></div><div class="procity--e"><span>宁波</span></div>'
        '<span class="shopNameText--f">甲店</span></a>'
    )
    html = card.format(7, "//item.taobao.com/item.htm?id=7") + card.format(
        8, "//click.simba.taobao.com/cc_im?p=1"
    )
    first, second = of(Listing, items_of("taobao", page(TAOBAO_SEARCH, html)))
    assert (first.identifier, first.name, first.price, first.sales) == ("7", "茶壶", "29.9", "9+人付款")
    assert (first.seller, first.location, first.promoted, second.promoted) == (
        "甲店",
        "浙江 宁波",
        False,
        True,
    )
    assert place_of(first.price)


def test_taobao_product_at_a_lower_price_keeps_the_one_struck_out() -> None:
    html = (
        '<input name="item_id" value="7"><h3 class="tb-main-title" data-title="壶">壶</h3>'
        '<strong id="J_StrPrice"><em>¥</em><em class="tb-rmb-num">99.00</em></strong>'
        '<li id="J_PromoPrice"><em class="tb-rmb-num">59.00</em></li>'
    )
    (found,) = of(Listing, items_of("taobao", page(TAOBAO_ITEM, html)))
    assert (found.price, found.list_price, found.seller) == ("59.00", "¥99.00", None)
    with pytest.raises(ExtractionError, match="item_id"):
        read_all("taobao", "parse_item", page(TAOBAO_ITEM, "<p>很抱歉，您查看的宝贝不存在</p>"))


RATE = {
    "id": "5",
    "auctionNumId": "7",
    "feedback": "系统默认好评!",
    "feedbackDate": "2026-11-03",
    "userNick": "t**1",
    "rateType": "-1",
    "skuMap": {"颜色": "白色", "尺码": "L"},
    "reply": "抱歉",
    "appendedFeed": {"appendedFeedback": "坏了", "intervalDay": "3", "reply": {"content": "再抱歉"}},
}


def test_mtop_mark_option_follow_up_and_the_replies_of_the_shop() -> None:
    content = {"ret": ["SUCCESS::调用成功"], "data": {"feedAllCount": "2", "rateList": [RATE]}}
    items = items_of("taobao_reviews", answer(MTOP, content))
    product, first, later, reply, late_reply = items
    assert isinstance(product, Listing)
    assert isinstance(first, Review)
    assert isinstance(later, Review)
    assert isinstance(reply, Post)
    assert isinstance(late_reply, Post)
    assert (product.identifier, product.name, product.review_count) == ("7", "7", "2")
    assert (first.rating_value, first.variant, first.review_body) == ("差评", "白色 L", "系统默认好评!")
    assert (later.identifier, later.is_part_of, later.date_published) == ("5#append", "5", "3天后追评")
    assert (reply.identifier, reply.is_part_of, reply.article_body) == ("5#reply", "5", "抱歉")
    assert (late_reply.identifier, late_reply.is_part_of) == ("5#append-reply", "5#append")
    assert place_of(late_reply.article_body) == "#/data/rateList/0/appendedFeed/reply/content"


def test_mtop_words_are_no_time_and_no_stars() -> None:
    assert moment("3天后追评", datetime(2026, 11, 20, tzinfo=UTC)) is None
    assert rating("好评") is None


def test_mtop_refusal_is_refused_with_its_words_and_a_product_without_reviews_gives_none() -> None:
    refusal = {"ret": ["FAIL_SYS_USER_VALIDATE", "RGV587_ERROR::SM"], "data": {"url": "https://x/punish"}}
    for url in (MTOP, MTOP_TODAY):
        callback = spider("taobao_reviews").reads(url)
        assert callback == "parse_rates"
        with pytest.raises(ExtractionError, match="FAIL_SYS_USER_VALIDATE"):
            read_all("taobao_reviews", callback, answer(url, refusal))
        assert items_of("taobao_reviews", answer(url, {"ret": [], "data": {"total": "0"}})) == []


COMMENT = {
    "rateId": 5,
    "content": "好&nbsp;用",
    "date": "2018年05月01日 12:00",
    "rate": "1",
    "user": {"nick": "t**1（匿名用户）", "anony": True, "userId": 0, "rank": 65},
    "auction": {"aucNumId": "7", "title": "壶", "sku": "颜色:白&nbsp;&nbsp;尺码:L"},
    "photos": [{}],
    "reply": {"content": "谢谢"},
    "append": {"content": "还行", "dayAfterConfirm": 4, "photos": [], "reply": None},
    "appendList": [{"content": "还行"}],
}


def test_feed_rate_list_in_jsonp_of_an_anonymous_buyer_with_follow_up_and_reply() -> None:
    content = f"jsonp_tbcrate_reviews_list({json.dumps({'total': 30, 'comments': [COMMENT]})})"
    product, first, later, reply = items_of("taobao_reviews", answer(FEED_RATES, content))
    assert isinstance(product, Listing)
    assert isinstance(first, Review)
    assert isinstance(later, Review)
    assert isinstance(reply, Post)
    assert (product.name, product.review_count) == ("壶", "30")
    assert (first.badges, first.author_identifier, first.author_level) == ("匿名", None, "65")
    assert (first.rating_value, first.variant, first.image_count) == ("好评", "颜色:白  尺码:L", 1)
    assert (later.is_part_of, later.review_body, later.date_published) == ("5", "还行", "4天后追评")
    assert (reply.is_part_of, reply.article_body) == ("5", "谢谢")
    assert items_of("taobao_reviews", answer(FEED_RATES, '({"total":0,"comments":null})')) == []


# ---- Tmall

TMALL_RATE = {
    "id": 5,
    "rateContent": "此用户没有填写评论!",
    "displayUserNick": "t***1",
    "displayUserNumId": 0,
    "rateDate": "2017-10-14 12:47:04",
    "auctionSku": "颜色分类:灰",
    "anony": True,
    "tamllSweetLevel": 3,
    "pics": ["//a.jpg"],
    "reply": "谢谢",
    "appendComment": {"content": "还行", "commentTime": "2017-10-20 12:00:00", "pics": "", "reply": "再谢"},
}


@pytest.mark.parametrize("form", ['"rateDetail":{}', '{{"rateDetail":{}}}', 'jsonp128({{"rateDetail":{}}})'])
def test_tmall_reviews_in_each_form_the_answer_has_had(form: str) -> None:
    detail = json.dumps({"rateList": [TMALL_RATE], "paginator": {"items": 1}}, ensure_ascii=False)
    first, later, reply, late_reply = items_of("tmall", answer(TMALL_RATES, form.format(detail)))
    assert isinstance(first, Review)
    assert isinstance(later, Review)
    assert isinstance(reply, Post)
    assert isinstance(late_reply, Post)
    assert (first.identifier, first.item_reviewed, first.badges) == ("5", "7", "匿名")
    assert (first.author_level, first.author_identifier, first.image_count) == ("3", None, 1)
    assert (later.identifier, later.is_part_of, later.date_published) == (
        "5#append",
        "5",
        "2017-10-20 12:00:00",
    )
    assert (reply.is_part_of, late_reply.is_part_of) == ("5", "5#append")
    assert place_of(first.review_body) == "#/rateDetail/rateList/0/rateContent"


def test_tmall_words_about_the_service_are_reported() -> None:
    detail = {"rateDetail": {"rateList": [{**TMALL_RATE, "serviceRateContent": "物流快"}]}}
    _, _, (odd,) = read_all("tmall", "parse_reviews", answer(TMALL_RATES, detail))
    assert "serviceRateContent" in odd.reason


# ---- Xianyu, Pinduoduo


def xianyu_row(number: str, template: str = "idlefish_search_item", **shown: Any) -> dict[str, Any]:
    price = [{"text": "¥"}, {"text": "17"}, {"text": ".80"}]
    content = {"itemId": number, "title": "球拍", "price": price, "userNickName": "甲", **shown}
    return {"data": {"item": {"main": {"exContent": content}}, "template": {"name": template}}}


def test_xianyu_marks_ads_and_leaves_out_cards_that_are_no_goods() -> None:
    card = {"data": {"template": {"name": "idlefish_search_card_category_select"}, "item": {"main": {}}}}
    rows = [xianyu_row("1"), card, xianyu_row("2", isAliMaMaAD="true"), xianyu_row("3", isAliMaMaAD="false")]
    found = of(Listing, items_of("xianyu", answer(XIANYU, {"data": {"resultList": rows}})))
    assert [(row.identifier, row.promoted) for row in found] == [("1", False), ("2", True), ("3", False)]
    assert (found[0].price, found[0].url) == ("¥17.80", "https://www.goofish.com/item?id=1")
    pieces = [f"#/data/resultList/0/data/item/main/exContent/price/{piece}/text" for piece in range(3)]
    assert place_of(found[0].price) == " | ".join(pieces)


def test_xianyu_refusal_is_refused_and_a_row_of_another_kind_reported() -> None:
    with pytest.raises(ExtractionError, match="FAIL_SYS_TOKEN"):
        read_all("xianyu", "parse_search", answer(XIANYU, {"ret": ["FAIL_SYS_TOKEN_EXOIRED::"], "data": {}}))
    _, _, odd = read_all("xianyu", "parse_search", answer(XIANYU, {"data": {"resultList": [{"x": 1}]}}))
    assert odd[0].lost


def pdd_page(goods: list[dict[str, Any]]) -> HtmlResponse:
    tabs = [{"subTabList": [{"rankList": [{"metaMap": {"goods": goods}}]}]}]
    state = json.dumps({"store": {"rankData": [{"tabId": 1}, {"secondaryList": tabs}]}})
    return page(PDD, f"<html><script>window.rawData={state};window.more=1;</script></html>")


@pytest.mark.parametrize(
    ("fen", "yuan"), [(6700, "67.00"), (2631, "26.31"), (5, "0.05"), ("890", "8.90"), ("¥8.9", "¥8.9")]
)
def test_pdd_price_in_fen_is_written_in_yuan_with_the_place_of_the_number(fen: Any, yuan: str) -> None:
    (found,) = of(Listing, items_of("pdd", pdd_page([{"goodsId": 1, "goodsName": "钙片", "price": fen}])))
    assert found.price == yuan
    price = money(found.price)
    assert price is not None
    assert price[0] == f"{float(yuan.lstrip('¥')):.2f}"
    place = "#/store/rankData/1/secondaryList/0/subTabList/0/rankList/0/metaMap/goods/0/price"
    assert place_of(found.price) == f"/html/head/script > {place}"


def test_pdd_page_without_goods_says_so_and_one_without_state_is_refused() -> None:
    assert "holds no goods" in odd_of("pdd", pdd_page([]))[0]
    with pytest.raises(ExtractionError, match="rawData"):
        read_all("pdd", "parse_boards", page(PDD, LOGIN))


# ---- all of them


def test_sites_behind_a_login_are_not_crawled_automatically() -> None:
    assert {name for name in SHOPS if spider(name).access == "open"} == {"jd_reviews", "jd_recommend"}
    with pytest.raises(UsageError, match="evidence assist"):
        spider("taobao").from_crawler(None)  # type: ignore[arg-type]


OURS = [(name, case) for name, case in all_cases() if name in SHOPS]


@pytest.mark.parametrize(("name", "case"), OURS, ids=[case.file for _, case in OURS])
def test_an_empty_a_torn_and_a_login_page_are_refused_or_reported(name: str, case: Case, pages: Path) -> None:
    response = case.response(pages)
    half = response.body[: len(response.body) // 2]
    for body in (b"", b"null", b"[]", b"{}", LOGIN.encode(), half):
        try:
            items, requests, odd = read_all(name, case.callback, response.replace(body=body))
        except ExtractionError:
            continue
        assert odd or items or body in (b"[]",), body
        assert not items or body is half
        assert not requests


def spoiled(content: Any, whole: Any = None) -> Iterator[Any]:
    """Copies of an answer, each with one value of another type than it has."""
    whole = content if whole is None else whole
    for key in content if isinstance(content, dict) else range(len(content)):
        kept = content[key]
        wrong: Any
        for wrong in (None, True, 7, "x", [], {}, [7], [[{}]], {"x": "y"}):
            content[key] = wrong
            yield copy.deepcopy(whole)
        content[key] = kept
        if isinstance(kept, dict | list):
            yield from spoiled(kept, whole)


JD_WHOLE = {
    **JD_REVIEW,
    "plusAvailable": 201,
    "productColor": "白",
    "images": [{}],
    "afterUserComment": {"id": 8, "content": "坏了"},
    "replies": [{"id": 9, "content": "抱歉", "venderShopInfo": {"title": "店"}}],
}
ANSWERS: tuple[tuple[str, str, Any], ...] = (
    ("jd_reviews", JD_REVIEWS, {"comments": [JD_WHOLE], "productCommentSummary": {"skuId": 1}, "maxPage": 2}),
    (
        "jd_recommend",
        "https://diviner.jd.com/diviner?p=1",
        {"result": {"data": [{"sku": 1, "t": "壶", "jp": "1"}]}},
    ),
    ("taobao_reviews", MTOP, {"ret": ["SUCCESS"], "data": {"total": "1", "rateList": [RATE]}}),
    ("taobao_reviews", FEED_RATES, {"total": 1, "comments": [COMMENT]}),
    ("tmall", TMALL_RATES, {"rateDetail": {"rateList": [TMALL_RATE]}}),
    ("xianyu", XIANYU, {"data": {"resultList": [xianyu_row("1")]}}),
)


@pytest.mark.parametrize(("name", "url", "content"), ANSWERS, ids=[url[8:40] for _, url, _ in ANSWERS])
def test_an_answer_with_a_value_of_another_type_raises_no_other_error(
    name: str, url: str, content: Any
) -> None:
    callback = spider(name).reads(url)
    assert callback is not None
    assert read_all(name, callback, answer(url, content))[0]
    for wrong in spoiled(copy.deepcopy(content)):
        try:
            items, _, _ = read_all(name, callback, answer(url, wrong))
        except ExtractionError:
            continue
        assert all(isinstance(item.identifier, str) and item.identifier for item in items), wrong
        for item in items:
            values = (getattr(item, field) for field in type(item).__slots__)
            assert all(value is None or isinstance(value, str | int) for value in values), wrong
