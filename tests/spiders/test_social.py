"""Xiaohongshu, Douyin, Bilibili, Weibo and Zhihu, where the saved pages do not show it: pages made by us."""

import contextlib
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from scrapy.http import HtmlResponse, TextResponse

from crawler.errors import ExtractionError
from crawler.items import Item, Post
from crawler.quoted import place_of
from tests.spiders.case import Case, all_cases, of, read, read_all, spider

SOCIAL = ("xiaohongshu", "douyin", "weibo", "zhihu", "bilibili")
XIAOHONGSHU = "https://edith.xiaohongshu.com/api/sns"
NOTE = "64c0ffee000000000a0b0c0d"
DOUYIN = "https://www.douyin.com/aweme/v1/web/comment/list/?aweme_id=70"
BILIBILI = "https://api.bilibili.com/x/v2/reply?type=1&oid=7&pn=1"
CARDS = "https://m.weibo.cn/api/container/getIndex?containerid=1076031"


def answer(url: str, content: Any) -> TextResponse:
    return TextResponse(url, headers={"Content-Type": "application/json"}, body=json.dumps(content).encode())


def page(url: str, html: str) -> HtmlResponse:
    return HtmlResponse(url, headers={"Content-Type": "text/html; charset=utf-8"}, body=html.encode())


def posts_of(name: str, response: TextResponse) -> list[Post]:
    """Posts of a page by the callback that its address leads to, with nothing odd about it."""
    callback = spider(name).reads(response.url)
    assert callback is not None
    items, _, odd = read_all(name, callback, response)
    assert odd == []
    return of(Post, items)


# ---- Xiaohongshu

CARD = (
    '<section class="note-item"><a href="/explore/{0}"></a><a class="cover" href="/explore/{0}?xsec_token=1"></a>'
    '<a class="title"><span>{1}</span></a><a class="author" href="/user/profile/5a?c=1">'
    '<span class="name">阿芳</span></a><span class="like-wrapper"><span class="count">{2}</span></span>{3}</section>'
)


def feed(cards: str, state: str) -> HtmlResponse:
    script = f"<script>window.__INITIAL_STATE__={state}</script>"
    return page("https://www.xiaohongshu.com/explore", f"<html><body>{cards}{script}</body></html>")


def entry(number: str, title: str, sort: str = "note") -> dict[str, Any]:
    card = {
        "displayTitle": title,
        "user": {"nickname": "阿芳", "userId": "5a"},
        "interactInfo": {"likedCount": "3"},
    }
    return {"id": number, "modelType": sort, "noteCard": card}


def test_xiaohongshu_state_adds_what_no_card_shows_and_keeps_the_word_undefined_within_texts() -> None:
    title = 'a:undefined,"undefined"'
    state = json.dumps(
        {
            "x": "?",
            "feed": {"feeds": [entry("1", "卡"), entry("2", title), {"modelType": "rec_query", "id": "3"}]},
        }
    ).replace('"?"', "undefined")
    shown, added = posts_of("xiaohongshu", feed(CARD.format(1, "卡", "1.5万", ""), state))
    assert (shown.identifier, shown.headline, shown.like_count) == ("1", "卡", "1.5万")
    assert (added.identifier, added.headline, added.like_count) == ("2", title, "3")
    place = place_of(added.author)
    assert place == "/html/body/script > #/feed/feeds/1/noteCard/user/nickname"


def test_xiaohongshu_card_with_a_mark_of_an_ad_is_promoted_and_one_that_offers_searches_is_none() -> None:
    cards = CARD.format(1, "广告", "赞", "") + CARD.format(2, "好物", "7", "<i>广告</i>")
    searches = '<section class="note-item"><div class="query-note-wrapper">大家都在搜</div></section>'
    plain, promoted = posts_of("xiaohongshu", feed(cards + searches, "{}"))
    assert (plain.promoted, plain.headline, plain.like_count) == (False, "广告", None)
    assert (promoted.promoted, promoted.identifier) == (True, "2")
    (ad,) = posts_of("xiaohongshu", feed("", json.dumps({"feed": {"feeds": [entry("9", "好物", "ads")]}})))
    assert ad.promoted


def test_xiaohongshu_page_without_notes_is_reported_and_one_without_state_refused() -> None:
    _, _, (odd,) = read_all("xiaohongshu", "parse_feed", feed("", '{"login":{}}'))
    assert odd.lost
    with pytest.raises(ExtractionError, match="__INITIAL_STATE__"):
        read("xiaohongshu", "parse_feed", page("https://www.xiaohongshu.com/explore", "<p>登录</p>"))


def test_xiaohongshu_note_page() -> None:
    note = {
        "noteId": NOTE,
        "title": "种草",
        "desc": "好用[doge]",
        "time": 1700000000000,
        "ipLocation": "浙江",
        "user": {"nickname": "阿芳", "userId": "5a"},
        "interactInfo": {"likedCount": "1万+", "commentCount": "88", "shareCount": "5"},
    }
    state = json.dumps({"note": {"noteDetailMap": {NOTE: {"note": note}}}})
    html = f"<html><body><script>window.__INITIAL_STATE__={state}</script></body></html>"
    (post,) = posts_of("xiaohongshu", page(f"https://www.xiaohongshu.com/explore/{NOTE}?xsec_token=x", html))
    assert (post.headline, post.article_body, post.location) == ("种草", "好用[doge]", "浙江")
    assert (post.date_published, post.like_count) == ("1700000000000", "1万+")
    assert (post.comment_count, post.share_count, post.author_identifier) == ("88", "5", "5a")


def comment(number: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "note_id": NOTE,
        "content": "蹲",
        "create_time": 1700000000000,
        "ip_location": "江西",
        "like_count": "2",
        "user_info": {"user_id": "6b", "nickname": "小白"},
        **more,
    }


def test_xiaohongshu_web_comments_and_the_answer_with_more_floors() -> None:
    rows = [comment("1", sub_comment_count="2", sub_comments=[comment("11")])]
    first, floor = posts_of(
        "xiaohongshu",
        answer(f"{XIAOHONGSHU}/web/v2/comment/page?note_id={NOTE}", {"data": {"comments": rows}}),
    )
    assert (first.is_part_of, first.comment_count, first.date_published) == (NOTE, "2", "1700000000000")
    assert (floor.is_part_of, floor.location, floor.author) == ("1", "江西", "小白")
    more = f"{XIAOHONGSHU}/web/v2/comment/sub/page?note_id={NOTE}&root_comment_id=1"
    (second,) = posts_of("xiaohongshu", answer(more, {"data": {"comments": [comment("12")]}}))
    assert (second.identifier, second.is_part_of) == ("12", "1")


def test_xiaohongshu_answer_that_lost_its_first_brace_or_refuses_gives_no_item() -> None:
    url = f"{XIAOHONGSHU}/v5/note/comment/list?note_id={NOTE}"
    broken = TextResponse(url, body=b'"code": 0, "success": true, "data": {"comments": []}}')
    with pytest.raises(ExtractionError, match="expected JSON"):
        read("xiaohongshu", "parse_comments", broken)
    for callback in ("parse_comments", "parse_notes"):
        with pytest.raises(ExtractionError, match="code -100"):
            read("xiaohongshu", callback, answer(url, {"code": -100, "success": False}))
    assert posts_of("xiaohongshu", answer(url, {"data": {"comments": []}})) == []


def test_xiaohongshu_quotation_without_its_first_brace_is_refused(pages: Path) -> None:
    body = (pages / "xiaohongshu/reviews-1.json").read_bytes()
    with pytest.raises(ExtractionError, match="expected JSON"):
        read("xiaohongshu", "parse_comments", TextResponse(f"{XIAOHONGSHU}/v5/note/comment/list", body=body))


def test_xiaohongshu_state_that_never_closes_a_string_is_refused_at_once() -> None:
    with pytest.raises(ExtractionError):
        read("xiaohongshu", "parse_feed", feed("", '{"a":"' + '\\"' * 300_000 + "}"))


# ---- Douyin

TALK = {
    "cid": "1",
    "aweme_id": "70",
    "text": "真好",
    "create_time": 1700000000,
    "digg_count": 3,
    "ip_label": "上海",
    "label_text": "作者",
    "reply_id": "0",
    "reply_comment_total": 4,
    "user": {"nickname": "小王", "sec_uid": "MS4"},
}


def test_douyin_comments_of_a_video_with_the_floors_shown() -> None:
    floor = {**TALK, "cid": "2", "reply_id": "1", "ip_label": None, "reply_comment_total": None}
    content = {"status_code": 0, "comments": [{**TALK, "reply_comment": [floor]}], "total": 99}
    video, first, second = posts_of("douyin", answer(DOUYIN, content))
    assert (video.identifier, video.comment_count, video.is_part_of) == ("70", "99", None)
    assert (first.is_part_of, first.location, first.comment_count) == ("70", "上海", "4")
    assert (second.is_part_of, second.location) == ("1", None)  # the label 作者 is no place


def test_douyin_without_comments_gives_none_and_a_refusal_is_refused() -> None:
    assert posts_of("douyin", answer(DOUYIN, {"status_code": 0, "comments": None})) == []
    with pytest.raises(ExtractionError, match="comments"):
        read("douyin", "parse_comments", answer(DOUYIN, {"status_code": 8, "status_msg": "用户未登录"}))


# ---- Bilibili

REPLY = {
    "rpid": 1,
    "oid": 7,
    "type": 1,
    "root": 0,
    "ctime": 1700000000,
    "like": 2,
    "rcount": 0,
    "content": {"message": "好耶"},
    "member": {"mid": "5", "uname": "阿婆主", "level_info": {"current_level": 6}},
    "reply_control": {"location": "IP属地：四川"},
    "replies": None,
}


def bilibili(url: str = BILIBILI, **content: Any) -> tuple[list[Post], list[str]]:
    callback = spider("bilibili").reads(url)
    assert callback is not None
    items, requests = read("bilibili", callback, answer(url, {"code": 0, "data": content}))
    return of(Post, items), [request.url for request in requests]


def test_bilibili_pinned_comment_is_one_item_with_its_place_and_level() -> None:
    posts, urls = bilibili(replies=[{**REPLY, "rpid": 2}, REPLY], upper={"top": REPLY}, page={"acount": 9})
    assert [post.identifier for post in posts] == ["av7", "1", "2"]
    assert (posts[0].comment_count, posts[1].location, posts[1].author_level) == ("9", "四川", "6")
    assert urls == []


def test_bilibili_asks_for_the_floors_not_shown_and_for_the_next_page() -> None:
    floor = {**REPLY, "rpid": 3, "root": 1}
    rows = [{**REPLY, "rcount": 4, "replies": [floor]}]
    posts, (floors, following) = bilibili(replies=rows, page={"num": 1, "size": 20, "count": 21})
    assert posts[2].is_part_of == "1"
    assert parse_qs(urlsplit(floors).query) == {
        "ps": ["20"], "oid": ["7"], "type": ["1"], "root": ["1"], "pn": ["1"]
    }  # fmt: skip
    assert following == BILIBILI.replace("pn=1", "pn=2")
    assert {spider("bilibili").reads(url) for url in (floors, following)} == {
        "parse_floors",
        "parse_comments",
    }
    posts, (second,) = bilibili(floors, root=REPLY, replies=[floor], page={"num": 1, "size": 1, "count": 2})
    assert [post.is_part_of for post in posts] == ["av7", "1"]
    assert (spider("bilibili").reads(second), "pn=2" in second) == ("parse_floors", True)


def test_bilibili_makes_up_no_signed_address_and_stops_where_nothing_is_left() -> None:
    signed = "https://api.bilibili.com/x/v2/reply/wbi/main?oid=7&type=1&mode=3&w_rid=1"
    posts, urls = bilibili(signed, replies=[REPLY], cursor={"all_count": 50, "is_end": False})
    assert (posts[0].comment_count, urls) == ("50", [])
    assert bilibili(replies=None, page={"num": 1, "size": 20, "count": 90}) == ([], [])
    assert bilibili(replies=[REPLY], page={"num": 2, "size": 20, "count": 40})[1] == []
    with pytest.raises(ExtractionError, match="code -412"):
        read("bilibili", "parse_comments", answer(BILIBILI, {"code": -412, "message": "请求被拦截"}))


def test_bilibili_article_is_no_video() -> None:
    posts, _ = bilibili(replies=[{**REPLY, "type": 12}])
    assert [post.is_part_of or post.identifier for post in posts] == ["12/7", "12/7"]


# ---- Weibo

VISITOR = (
    '<html><head><title>Sina Visitor System</title></head><body><span id="message"></span></body></html>'
)
WEIBO_PAGES = (
    "https://weibo.com/2135389777/profile?is_all=1",
    "https://weibo.com/2135389777/J5cVGuUNq",
    "https://weibo.cn/comment/J5cVGuUNq",
    CARDS,
)


def test_weibo_visitor_system_is_never_an_item(pages: Path) -> None:
    real = (pages / "weibo/blocked-1.html").read_text(encoding="utf-8")
    for html in (VISITOR, real):
        for url in WEIBO_PAGES:
            assert nothing("weibo", page(url, html)), url


def test_weibo_mobile_cards() -> None:
    original = {
        "id": "12",
        "bid": "Jb",
        "text": "<a href='/n/a'>@阿芳</a> 原文<br />二",
        "created_at": "06-05",
        "user": {"id": 2, "screen_name": "官博"},
        "attitudes_count": "100万+",
    }
    repost = {
        **original,
        "id": "11",
        "bid": "Ja",
        "text": '转发 &lt;b&gt; <span class="url-icon"><img alt="[心]" src="//x"></span>',
        "region_name": "发布于 福建",
        "attitudes_count": 0,
        "reposts_count": 1000000,
        "comments_count": 5,
        "retweeted_status": original,
    }
    ad = {**original, "id": "13", "bid": None, "promotion": {"type": "ad"}}
    cards = [
        {"card_type": 9, "mblog": repost},
        {"card_type": 11, "card_group": [{"mblog": ad}, {"desc": "x"}]},
        {},
    ]
    first, second, third = posts_of("weibo", answer(CARDS, {"ok": 1, "data": {"cards": cards}}))
    assert (first.identifier, first.is_part_of, first.location) == ("Ja", "Jb", "福建")
    assert first.article_body == "转发 <b> [心]"
    assert (first.like_count, first.share_count, first.comment_count) == ("0", "1000000", "5")
    assert place_of(first.article_body) == "#/data/cards/0/mblog/text"
    assert (second.identifier, second.promoted, first.promoted) == ("13", True, False)
    assert (third.identifier, third.author, third.article_body) == ("Jb", "官博", "@阿芳 原文\n二")
    assert third.like_count == "100万+"


def test_weibo_number_becomes_the_short_id_that_other_pages_show() -> None:
    mblog = {"id": 4524026243029034, "text": "好", "created_at": "x", "user": {"id": 2, "screen_name": "a"}}
    (post,) = posts_of("weibo", answer(CARDS, {"data": {"cards": [{"mblog": mblog}]}}))
    assert post.identifier == "Ja520cHZo"  # the pair stands in the saved page weibo/post-4
    assert post.url == "https://m.weibo.cn/status/Ja520cHZo"
    (post,) = posts_of(
        "weibo", answer(CARDS, {"data": {"cards": [{"mblog": {**mblog, "id": 4512413737386822}}]}})
    )
    assert post.identifier == "J5cW9uZEi"  # as does this one in weibo/thread-1
    (post,) = posts_of(
        "weibo", answer(CARDS, {"data": {"cards": [{"mblog": {**mblog, "id": 45240260000001}}]}})
    )
    assert len(post.identifier) == 8
    assert post.identifier.endswith("0001")  # not shortened


def test_weibo_lists_of_the_page_of_today() -> None:
    mblog = {
        "idstr": "1",
        "mblogid": "Ja",
        "text": "好",
        "created_at": "x",
        "user": {"id": 2, "screen_name": "a"},
    }
    for url, content in (
        ("https://weibo.com/ajax/statuses/show?id=Ja", {**mblog, "ok": 1}),
        (
            "https://m.weibo.cn/statuses/show?id=Ja",
            {"ok": 1, "data": {**mblog, "mblogid": None, "bid": "Ja"}},
        ),
        ("https://weibo.com/ajax/statuses/mymblog?uid=2&page=1", {"ok": 1, "data": {"list": [mblog]}}),
    ):
        (post,) = posts_of("weibo", answer(url, content))
        assert (post.identifier, post.author, post.article_body) == ("Ja", "a", "好")


def test_weibo_json_comments_and_floors() -> None:
    row = {
        "id": 5,
        "text": '好<img alt="[心]">',
        "created_at": "Fri Jun 05 11:12:14 +0800 2020",
        "source": "来自北京",
        "like_counts": 3,
        "user": {"id": 2, "screen_name": "a"},
    }
    content: Any = {
        "ok": 1,
        "data": [{**row, "total_number": 9, "comments": [{**row, "id": 6}]}, {**row, "id": 7}],
    }
    url = "https://weibo.com/ajax/statuses/buildComments?flow=0&id=4524026243029034&fetch_level=0"
    content["data"][1]["source"] = "iPhone客户端"
    first, second, floor = posts_of("weibo", answer(url, content))
    assert second.location is None
    assert (first.is_part_of, second.is_part_of, floor.is_part_of) == ("Ja520cHZo", "Ja520cHZo", "5")
    assert (first.article_body, first.location, first.like_count, first.comment_count) == (
        "好[心]",
        "北京",
        "3",
        "9",
    )
    mobile = "https://m.weibo.cn/comments/hotflow?id=4524026243029034&mid=4524026243029034"
    (comment,) = posts_of("weibo", answer(mobile, {"data": {"data": [{**row, "comments": False}]}}))
    assert comment.is_part_of == "Ja520cHZo"
    for url in (
        "https://m.weibo.cn/comments/hotFlowChild?cid=4512413737386822&max_id=0",
        "https://weibo.com/ajax/statuses/buildComments?id=4512413737386822&fetch_level=1",
    ):
        (floor,) = posts_of("weibo", answer(url, {"data": [row]}))
        assert floor.is_part_of == "4512413737386822"


def test_weibo_mobile_refusal_is_refused_and_an_empty_list_is_none() -> None:
    with pytest.raises(ExtractionError):
        read("weibo", "parse_cards", answer(CARDS, {"ok": -100, "url": "https://passport.weibo.com/"}))
    assert posts_of("weibo", answer(CARDS, {"ok": 0, "data": {"cards": []}})) == []
    show, hot = "https://m.weibo.cn/statuses/show?id=Ja", "https://m.weibo.cn/comments/hotflow?id=1"
    assert nothing("weibo", answer(show, {"ok": -100}))
    assert nothing("weibo", answer(hot, {"ok": -100}))
    assert posts_of("weibo", answer(hot, {"ok": 1, "data": {"data": []}})) == []


def test_weibo_cn_repost_of_a_deleted_weibo_marked_as_an_ad() -> None:
    row = (
        '<div class="c" id="M_Ja"><div><span class="kt">[广告]</span><span class="cmt">转发了&nbsp;的微博:</span>'
        '<span class="ctt">抱歉，此微博已被作者删除。</span></div><div><span class="cmt">转发理由:</span>'
        '买 &lt;p&gt;<!-- x -->吧<br/><a href="/attitude/Ja/add">赞[0]</a><a href="/repost/Ja?uid=5">转发[1]</a>'
        '<a href="/comment/Ja" class="cc">评论[2]</a><span class="ct">今天 09:10&nbsp;来自iPhone</span></div></div>'
    )
    (post,) = posts_of("weibo", page("https://weibo.cn/u/5", f"<title>阿芳的微博</title>{row}"))
    assert (post.identifier, post.author, post.author_identifier) == ("Ja", "阿芳", "5")
    assert post.article_body == "买 <p>吧"
    assert (post.promoted, post.is_part_of, post.date_published) == (True, None, "今天 09:10")
    assert (post.like_count, post.share_count, post.comment_count, post.location) == ("0", "1", "2", None)


def test_weibo_page_floor_is_part_of_its_comment() -> None:
    reply = (
        '<div class="list_li" comment_id="{0}"><div class="list_con"><div class="WB_text">'
        '<a usercard="id=6">小白</a>：{1}<img alt="[哈哈]"></div><div class="WB_func">'
        '<div class="WB_handle"><a action-type="fl_like"><em>ñ</em><em>3</em></a></div>'
        '<div class="WB_from">今天 08:00</div></div>{2}</div></div>'
    )
    replies = reply.format(1, "是：的", f'<div class="list_box_in">{reply.format(2, "嗯", "")}</div>')
    html = (
        '<div action-type="feed_list_item"><div class="WB_info"><a>阿芳</a></div><div class="WB_from">'
        '<a node-type="feed_list_item_date" href="/5/Ja520cHZo?x" title="2020-07-07 12:16">7月7日 12:16</a></div>'
        f'<div node-type="feed_list_content">好</div>{replies}</div>'
    )
    weibo, first, floor = posts_of("weibo", page("https://weibo.com/5/Ja520cHZo", html))
    assert (weibo.identifier, weibo.date_published, weibo.like_count) == (
        "Ja520cHZo",
        "2020-07-07 12:16",
        None,
    )
    assert (first.is_part_of, first.article_body, first.like_count) == ("Ja520cHZo", "是：的[哈哈]", "3")
    assert (floor.is_part_of, floor.article_body, floor.author_identifier) == ("1", "嗯[哈哈]", "6")


# ---- Zhihu


def test_zhihu_marks_an_ad_and_reports_a_page_without_results() -> None:
    url = "https://www.zhihu.com/search?q=x"
    row = (
        '<div class="SearchResult-Card" '
        'data-za-extra-module=\'{{"card":{{"content":{{"type":"Post","token":"{0}"}}}}}}\'>'
        '<h2 class="ContentItem-title"><a href="//zhuanlan.zhihu.com/p/{0}">广告</a></h2>{1}</div>'
    )
    plain, promoted = posts_of("zhihu", page(url, row.format(1, "") + row.format(2, "<span>广告</span>")))
    assert (plain.promoted, promoted.promoted, promoted.identifier) == (False, True, "p/2")
    _, _, (odd,) = read_all("zhihu", "parse_search", page(url, "<title>知乎 - 登录</title>"))
    assert odd.lost


# ---- whatever comes


def nothing(name: str, response: TextResponse) -> bool:
    """Whether a page is refused, or gives no item and says so."""
    callback = spider(name).reads(response.url)
    assert callback is not None
    try:
        items, requests, odd = read_all(name, callback, response)
    except ExtractionError:
        return True
    return not items and not requests and bool(odd)


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


WEIBO = {"id": "1", "text": "好", "created_at": "06-05", "user": {"id": 2, "screen_name": "a"}}
WEIBO_CARD = {"mblog": WEIBO}
WEIBO_REPOST = {**WEIBO, "mblogid": "Ja", "retweeted_status": {**WEIBO, "mblogid": "Jb"}}
COUNTERS = {"num": 1, "size": 1, "count": 3}
ANSWERS: tuple[tuple[str, str, Any], ...] = (
    ("douyin", DOUYIN, {"comments": [{**TALK, "reply_comment": [TALK]}], "total": 1}),
    ("bilibili", BILIBILI, {"data": {"replies": [{**REPLY, "replies": [REPLY]}], "page": COUNTERS}}),
    ("bilibili", BILIBILI.replace("reply?", "reply/reply?"), {"data": {"replies": [REPLY], "root": REPLY}}),
    (
        "xiaohongshu",
        f"{XIAOHONGSHU}/web/v2/comment/page",
        {"data": {"comments": [comment("1", sub_comments=[comment("2")])]}},
    ),
    ("xiaohongshu", f"{XIAOHONGSHU}/web/v1/search/notes", {"data": {"items": [entry("1", "题")]}}),
    ("weibo", CARDS, {"data": {"cards": [WEIBO_CARD, {"card_group": [WEIBO_CARD]}]}}),
    ("weibo", "https://weibo.com/ajax/statuses/mymblog", {"data": {"list": [WEIBO_REPOST]}}),
    ("weibo", "https://weibo.com/ajax/statuses/show", WEIBO_REPOST),
    (
        "weibo",
        "https://m.weibo.cn/comments/hotflow?id=1",
        {"data": {"data": [{**WEIBO, "comments": [WEIBO]}]}},
    ),
)


@pytest.mark.parametrize(("name", "url", "content"), ANSWERS, ids=[url[8:40] for _, url, _ in ANSWERS])
def test_an_answer_with_a_value_of_another_type_raises_no_other_error(
    name: str, url: str, content: Any
) -> None:
    callback = spider(name).reads(url)
    assert callback is not None
    complete, _ = read(name, callback, answer(url, content))
    assert complete
    for wrong in spoiled(copy.deepcopy(content)):
        items: list[Item] = []
        try:
            items, _, _ = read_all(name, callback, answer(url, wrong))
        except ExtractionError:
            continue
        values = [getattr(item, field) for item in items for field in Post.__slots__]
        assert all(value is None or isinstance(value, str) for value in values), wrong
        assert all(isinstance(item.identifier, str) and item.identifier for item in items), wrong


def test_weibo_repost_or_floor_that_is_not_understood_costs_no_other(pages: Path) -> None:
    (case,) = (case for name, case in all_cases() if case.file == "weibo/post-3.html")
    response = case.response(pages)
    torn = response.replace(body=response.body.replace("转发了".encode(), b"?", 1))
    items, _, (odd,) = read_all("weibo", case.callback, torn)
    assert len(items) == 14  # ten weibos, four of the five that they repost
    assert odd.lost


@pytest.mark.parametrize("link", ["http://[", "x", "", "//", "/explore/", "/?uid=%zz", "/comment/&quot;"])
@pytest.mark.parametrize(
    ("name", "case"),
    [(name, case) for name, case in all_cases() if name in SOCIAL and case.file.endswith(".html")],
    ids=lambda value: getattr(value, "file", value),
)
def test_a_page_with_other_addresses_in_its_links_raises_no_other_error(
    name: str, case: Case, link: str, pages: Path
) -> None:
    response = case.response(pages)
    spoilt = response.replace(
        body=re.sub(rb' href=["\'][^"\']*["\']', f' href="{link}"'.encode(), response.body)
    )
    with contextlib.suppress(ExtractionError):
        read_all(name, case.callback, spoilt)


def test_answers_that_hold_neither_notes_nor_comments_are_not_read() -> None:
    for path in ("web/v2/user/me", "web/v1/comment/post", "web/v1/homefeed/category", "web/unread_count"):
        assert spider("xiaohongshu").reads(f"{XIAOHONGSHU}/{path}") is None


def test_sites_behind_a_login_are_not_crawled_automatically() -> None:
    access = {name: spider(name).access for name in SOCIAL}
    assert {name for name, way in access.items() if way == "open"} == {"bilibili"}
