"""Discuz! X pages of our own making, in the markup of its default templates, as GBK."""

import pytest
from scrapy.http import HtmlResponse, Request

from crawler.engine.platforms.discuz import Discuz, thread_identifier
from crawler.engine.reading import Oddity
from crawler.errors import ExtractionError
from crawler.items import Post

HOST = "http://bbs.example"
LIST = """<div id="pt"><a href="forum.php">论坛</a><a href="forum-2-1.html">同城兼职</a></div>
<table id="threadlisttableid">
<tbody id="stickthread_1"><tr><td class="icn"></td>
<th class="common"><a class="s xst" href="thread-1-1-1.html">版规</a></th>
<td class="by"><cite><a href="space-uid-3.html">管理员</a></cite><em><span>2026-1-2</span></em></td>
<td class="num"><a class="xi2">0</a><em>9</em></td>
<td class="by"><cite><a href="space-uid-3.html">管理员</a></cite><em><a href="x">2026-1-2 10:00</a></em></td>
</tr></tbody>
<tbody id="separatorline"><tr><td></td></tr></tbody>
<tbody id="normalthread_20"><tr><td class="icn"></td><th class="new"><em>[<a href="f">求职</a>]</em>
<a class="s xst" href="forum.php?mod=viewthread&amp;tid=20">招体验官 &amp; 好评师</a></th>
<td class="by"><cite>匿名</cite><em><span title="2026-11-20 21:14">3&nbsp;天前</span></em></td>
<td class="num"><a class="xi2">12</a><em>345</em></td>
<td class="by"><cite><a href="home.php?mod=space&amp;uid=9">甲</a></cite>
<em><a href="x"><span title="2026-11-22 9:05">昨天&nbsp;09:05</span></a></em></td></tr></tbody>
</table>
<div class="pg"><a class="nxt" href="forum-2-2.html">下一页</a></div>
<div class="pg"><a class="nxt" href="forum-2-2.html">下一页</a></div>"""
THREAD = """<div id="pt"><a href="forum-2-1.html">同城兼职</a></div>
<div class="hm"><span class="xi1">345</span><span class="xi1">12</span></div>
<span id="thread_subject">招体验官</span>
<div id="postlist"><div id="post_501"><table><tr>
<td class="pls"><div class="authi"><a class="xw1" href="space-uid-7.html">乙</a></div>
<p><em><a href="home.php?mod=spacecp&amp;ac=usergroup&amp;gid=10">新手上路</a></em></p></td>
<td><a id="postnum501"><em>1</em><sup>#</sup></a>
<div class="authi"><em id="authorposton501">发表于 2026-11-3 21:14</em></div>
<td class="t_f" id="postmessage_501">五星好评<br />返5元</td></td>
</tr></table><div id="post_rate_div_501"></div></div>
<div id="post_502"><table><tr><td class="pls"><div class="authi">匿名</div></td>
<td><a id="postnum502">沙发</a>
<em id="authorposton502">发表于 <span title="2026-11-22 09:05:01">昨天 09:05</span></em>
<div class="locked">提示: <em>作者被禁止或删除 内容自动屏蔽</em></div></td></tr></table></div></div>"""
INDEX = """<table class="fl_tb"><tr><td>
<a href="forum-2-1.html"><img></a><a href="forum-2-1.html">同城兼职</a>
<a href="space-uid-3.html">版主</a><a href="forum.php?mod=forumdisplay&amp;fid=36">吃喝</a></td></tr></table>"""


class Board(Discuz):
    """A forum."""

    name = "board"
    domains = ("bbs.example",)


def read(callback: str, body: str, path: str) -> tuple[list[Post], list[Request]]:
    page = f'<html><head><meta charset="gbk"></head><body>{body}</body></html>'
    response = HtmlResponse(
        HOST + path, headers={"Content-Type": "text/html; charset=gbk"}, body=page.encode("gbk")
    )
    outputs = list(getattr(Board(), callback)(response))
    return [out for out in outputs if isinstance(out, Post)], [
        out for out in outputs if isinstance(out, Request)
    ]


def test_index_follows_each_board_once() -> None:
    _, requests = read("parse_index", INDEX, "/")
    assert [request.url for request in requests] == [
        f"{HOST}/forum-2-1.html",
        f"{HOST}/forum.php?mod=forumdisplay&fid=36",
    ]


def test_list_has_sticky_and_normal_threads_with_full_times() -> None:
    (rules, recruiting), requests = read("parse_forum", LIST, "/forum-2-1.html")
    assert (rules.identifier, rules.author, rules.author_identifier) == ("1", "管理员", "3")
    assert rules.date_last_reply == "2026-1-2 10:00"
    assert recruiting == Post(
        identifier="20",
        url=f"{HOST}/forum.php?mod=viewthread&tid=20",
        headline="招体验官 & 好评师",
        author="匿名",
        publisher="同城兼职",
        date_published="2026-11-20 21:14",
        date_last_reply="2026-11-22 9:05",
        comment_count="12",
        view_count="345",
    )
    assert [(request.url.removeprefix(HOST), request.callback.__name__) for request in requests] == [
        ("/thread-1-1-1.html", "parse_thread"),
        ("/forum.php?mod=viewthread&tid=20", "parse_thread"),
        ("/forum-2-2.html", "parse_forum"),
    ]


def test_thread_and_its_floors() -> None:
    (thread, first, second), requests = read("parse_thread", THREAD, "/thread-20-1-1.html")
    assert (thread.identifier, thread.headline, thread.comment_count) == ("20", "招体验官", "12")
    assert thread.view_count == "345"
    assert first == Post(
        identifier="20#501",
        article_body="五星好评\n返5元",
        author="乙",
        author_identifier="7",
        author_level="新手上路",
        date_published="发表于 2026-11-3 21:14",
        position="1",
        is_part_of="20",
    )
    assert second == Post(
        identifier="20#502",
        article_body="提示: 作者被禁止或删除 内容自动屏蔽",
        author="匿名",
        date_published="2026-11-22 09:05:01",
        position="沙发",
        is_part_of="20",
    )
    assert requests == []


def test_a_row_with_another_number_of_columns_is_reported_and_costs_no_other() -> None:
    page = LIST.replace('<td class="by">', "<td>", 1)
    response = HtmlResponse(f"{HOST}/forum-2-1.html", body=page.encode(), encoding="utf-8")
    found = [output for output in Board().parse_forum(response) if not isinstance(output, Request)]
    odd, thread = found
    assert isinstance(odd, Oddity)
    assert odd.reason.startswith("a thread has 1 columns td.by, expected 2, on http://bbs")
    assert isinstance(thread, Post)
    assert thread.identifier == "20"


@pytest.mark.parametrize(
    ("path", "callback"),
    [
        ("/thread-20-1-1.html", "parse_thread"),
        ("/forum.php?mod=viewthread&tid=20", "parse_thread"),
        ("/forum-2-1.html", "parse_forum"),
        ("/forum.php?mod=forumdisplay&fid=2", "parse_forum"),
        ("/forum.php", "parse_index"),
        ("/", "parse_index"),
        ("/home.php?mod=space", None),
    ],
)
def test_plain_and_rewritten_addresses(path: str, callback: str | None) -> None:
    assert Board.reads(HOST + path) == callback


def test_thread_identifier() -> None:
    assert thread_identifier(f"{HOST}/thread-20-3-1.html") == "20"
    assert thread_identifier(f"{HOST}/forum.php?mod=viewthread&tid=20&page=2") == "20"
    with pytest.raises(ExtractionError, match="no thread number"):
        thread_identifier(f"{HOST}/forum.php")
