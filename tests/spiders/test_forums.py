"""Forums where the saved pages do not show it: pages made by us from what is public about the markup.

The forum engines "never seen before" are phpBB 3 (theme prosilver, by its public templates ``viewforum_body.html``
and ``viewtopic_body.html``) and NodeBB (microdata, by its public template ``topic.tpl``): each has its spider here.
"""

import inspect
from pathlib import Path

import pytest
from scrapy.http import HtmlResponse, Request, TextResponse

from crawler.engine.platforms.board import Board, board_pages, linked, moment
from crawler.engine.platforms.discussion import Discussion
from crawler.engine.reading import Oddity
from crawler.engine.rows import Rows
from crawler.engine.site import Site, check_site
from crawler.errors import ExtractionError
from crawler.items import Post
from crawler.quoted import place_of
from tests.spiders.case import Case, all_cases, of, read, read_all, spider

FORUMS = (
    *("tieba", "douban_group", "v2ex", "newsmth", "mitbbs", "jslcae", "reddit"),
    *("oneplus", "bitterkittens", "mindfactory"),
)


def page(url: str, html: str) -> HtmlResponse:
    return HtmlResponse(url, headers={"Content-Type": "text/html; charset=utf-8"}, body=html.encode())


def posts_of(name: str, response: TextResponse) -> tuple[list[Post], list[Request]]:
    """Posts and requests of a page, by the callback that its address leads to, with nothing odd about it."""
    items, requests, odd = read_all(name, spider(name).reads(response.url) or "", response)
    assert odd == []
    return of(Post, items), requests


# ---- A forum engine never seen before: phpBB 3

VIEWFORUM = """<html><body><h2 class="forum-title"><a href="./viewforum.php?f=2">二手交易</a></h2>
<div class="forumbg"><ul class="topiclist"><li class="header"><dl class="row-item"></dl></li></ul>
<ul class="topiclist topics">
<li class="row bg1 sticky"><dl class="row-item sticky_read"><dt><div class="list-inner">
<a href="./viewtopic.php?t=12&amp;sid=0a" class="topictitle">招体验官，五星返现</a>
<div class="responsive-show">Last post by <a href="./memberlist.php?u=5" class="username">乙</a></div>
<div class="topic-poster responsive-hide left-box">by <a href="./memberlist.php?mode=viewprofile&amp;u=2"
class="username-coloured">甲</a> &raquo; <time datetime="2026-11-01T09:00:00+00:00">Sun Nov 01, 2026</time></div>
</div></dt><dd class="posts">3 <dfn>Replies</dfn></dd><dd class="views">1200 <dfn>Views</dfn></dd>
<dd class="lastpost"><span>by <a class="username" href="./memberlist.php?u=5">乙</a><br>
<time datetime="2026-11-02T10:00:00+00:00">Mon Nov 02, 2026</time></span></dd></dl></li>
<li class="row bg2"><dl class="row-item topic_read"><dt><div class="list-inner">
<a href="./viewtopic.php?t=13" class="topictitle">求购相机</a>
<div class="topic-poster"><span class="username">游客</span> <time datetime="2026-11-02T08:00:00+00:00">x</time></div>
</div></dt><dd class="posts">0 <dfn>Replies</dfn></dd></dl></li></ul></div>
<div class="pagination"><ul><li class="arrow next">
<a class="button" rel="next" href="./viewforum.php?f=2&amp;start=25">
Next</a></li></ul></div></body></html>"""
VIEWTOPIC = """<html><head><link rel="canonical" href="http://kiosk.example/viewtopic.php?t=12"></head><body>
<h2 class="topic-title"><a href="./viewtopic.php?t=12">招体验官，五星返现</a></h2>
<div id="p31" class="post has-profile bg2"><dl class="postprofile" id="profile31"><dt>
<a href="./memberlist.php?mode=viewprofile&amp;u=2" class="username">甲</a></dt></dl>
<div class="postbody"><div id="post_content31"><h3 class="first"><a href="#p31">招体验官</a></h3>
<p class="author"><span>by <strong><a class="username" href="./memberlist.php?u=2">甲</a></strong></span>
<time datetime="2026-11-01T09:00:00+00:00">Sun Nov 01, 2026 9:00 am</time></p>
<div class="content">五星好评<br>返5元</div><div id="sig31" class="signature">签名</div></div></div></div>
<div id="p33" class="post bg1"><dl class="postprofile"><dt><span class="username">游客</span></dt></dl>
<div class="postbody"><p class="author"><time datetime="2026-11-02T10:00:00+00:00">Mon</time></p>
<div class="content">已加</div></div></div></body></html>"""
THREAD = r"[?&]t=(\d+)"


class Kiosk(Board):
    """A forum on phpBB 3."""

    name, domains, numbered, publisher = "kiosk", ("kiosk.example",), THREAD, ".forum-title"
    pages = board_pages(forum=r"^/viewforum\.php", thread=r"^/viewtopic\.php")
    threads = Rows(Post, ".topics > .row", **linked("a.topictitle", THREAD), author=".topic-poster [class^=username]",
                   date_published=moment(".topic-poster time"), comment_count=".posts",
view_count=".views?")  # fmt: skip
    thread = Rows(Post, "/html", headline=".topic-title")
    floors = Rows(Post, "div.post", identifier="@id", author=".postprofile dt .username", article_body=".content",
                  date_published=moment(".author time"))  # fmt: skip


def lines_of(site: type[Site]) -> int:
    """Lines of a spider that hold anything."""
    return sum(1 for line in inspect.getsource(site).splitlines() if line.strip())


def test_a_forum_engine_never_seen_before_takes_ten_lines() -> None:
    assert lines_of(Kiosk) <= 10
    assert check_site(Kiosk) == []


def test_phpbb_list() -> None:
    outputs = list(Kiosk().parse_forum(page("http://kiosk.example/viewforum.php?f=2", VIEWFORUM)))
    first, second = [output for output in outputs if isinstance(output, Post)]
    assert first == Post(
        identifier="12",
        url="http://kiosk.example/viewtopic.php?t=12&sid=0a",
        headline="招体验官，五星返现",
        author="甲",
        publisher="二手交易",
        date_published="2026-11-01T09:00:00+00:00",
        comment_count="3 Replies",
        view_count="1200 Views",
    )
    assert (second.identifier, second.author, second.view_count) == ("13", "游客", None)
    assert [output.url.partition("example/")[2] for output in outputs if isinstance(output, Request)] == [
        "viewtopic.php?t=12&sid=0a",
        "viewtopic.php?t=13",
        "viewforum.php?f=2&start=25",
    ]


def test_phpbb_thread() -> None:
    response = page("http://kiosk.example/viewtopic.php?f=2&p=31#p31", VIEWTOPIC)
    thread, first, second = list(Kiosk().parse_thread(response))
    assert thread == Post(
        identifier="12", url="http://kiosk.example/viewtopic.php?t=12", headline="招体验官，五星返现"
    )
    assert first == Post(
        identifier="12#p31",
        author="甲",
        article_body="五星好评\n返5元",
        date_published="2026-11-01T09:00:00+00:00",
        is_part_of="12",
    )
    assert isinstance(second, Post)
    assert (second.author, second.article_body) == ("游客", "已加")
    assert place_of(second.article_body) == "/html/body/div[2]/div/div"


def test_a_wall_instead_of_the_forum_is_no_empty_forum() -> None:
    wall = "<html><title>Login</title><body><form></form></body></html>"
    for url, callback in (
        ("viewforum.php?f=2", Kiosk.parse_forum),
        ("viewtopic.php?t=1", Kiosk.parse_thread),
    ):
        with pytest.raises(ExtractionError, match="kiosk"):
            list(callback(Kiosk(), page(f"http://kiosk.example/{url}", wall)))
    with pytest.raises(ExtractionError, match="no thread number"):
        list(Kiosk().parse_thread(page("http://kiosk.example/viewtopic.php?p=31", wall)))


# ---- Another: NodeBB, which describes its topics in microdata

TOPIC = """<html><body itemscope itemtype="http://schema.org/DiscussionForumPosting">
<meta itemprop="headline" content="刷单群"><h1 itemprop="name">刷单群</h1>
<meta itemprop="articleSection" content="兼职">
<meta itemprop="url" content="/topic/7/shua"><meta itemprop="commentCount" content="1">
<span itemprop="author" itemscope itemtype="http://schema.org/Person"><a itemprop="url" href="/user/jia">
<span itemprop="name">甲</span></a></span><meta itemprop="datePublished" content="2026-11-01T09:00:00.000Z">
<div itemprop="text">加微信</div>
<ul><li itemprop="comment" itemscope itemtype="http://schema.org/Comment" id="c2">
<meta itemprop="url" content="/post/22"><meta itemprop="position" content="2">
<meta itemprop="datePublished" content="2026-11-02T09:00:00.000Z"><meta itemprop="author" content="乙">
<div itemprop="text">骗子<br>别信</div><meta itemprop="upvoteCount" content="3"></li></ul>
<a rel="next" href="/topic/7/shua?page=2">2</a></body></html>"""


class Node(Discussion):
    """A forum on NodeBB."""

    name, domains, numbered = "node", ("node.example",), r"/topic/(\d+)"


def test_an_engine_with_schema_org_takes_three_lines() -> None:
    assert lines_of(Node) == 3
    assert check_site(Node) == []
    thread, answer, following = list(Node().parse_thread(page("http://node.example/topic/7/shua", TOPIC)))
    assert thread == Post(
        identifier="7",
        url="http://node.example/topic/7/shua",
        headline="刷单群",
        article_body="加微信",
        author="甲",
        author_identifier="http://node.example/user/jia",
        publisher="兼职",
        date_published="2026-11-01T09:00:00.000Z",
        comment_count="1",
    )
    assert answer == Post(
        identifier="7#22",
        url="http://node.example/post/22",
        article_body="骗子\n别信",
        author="乙",
        date_published="2026-11-02T09:00:00.000Z",
        like_count="3",
        position="2",
        is_part_of="7",
    )
    assert isinstance(following, Request)
    assert following.url == "http://node.example/topic/7/shua?page=2"


# ---- V2EX and Douban: topics


def test_v2ex_topic() -> None:
    response = page(
        "https://www.v2ex.com/t/540159?p=1",
        """<html><head><title>T</title></head><body><div id="Main"><div class="box"><div class="header">
<div class="fr"><a href="/member/jia"><img></a></div><a href="/">V2EX</a> › <a href="/go/jobs">酷工作</a>
<h1>招体验官</h1><small class="gray"><a href="/member/jia">jia</a> ·
<span title="2026-11-01 20:10:00 +08:00">2 小时前</span> · 1234 次点击</small></div>
<div class="cell"><div class="topic_content"><div class="markdown_body"><p>五星</p><p>返现</p></div></div></div>
<div class="subtle"><span class="fade">第 1 条附言</span><div class="topic_content">已满</div></div></div>
<div class="box"><div class="cell"><span class="gray">2 条回复 • 2026-11-01 22:00:00 +08:00</span></div>
<div id="r_681" class="cell"><table><tr><td><img class="avatar"></td><td><div class="fr">
<span class="no">1</span></div>
<strong><a href="/member/yi" class="dark">yi</a>
</strong> <span class="ago" title="2026-11-01 20:12:00 +08:00">1 小时前
</span> <span class="small fade"><img alt="❤️"> 3</span><div class="reply_content">@<a href="/member/jia">jia</a> 已加
</div></td></tr></table></div>
<div class="cell ps_container"><a href="?p=1" class="page_current">1</a><a href="?p=2" class="page_normal">2</a></div>
</div></div></body></html>""",
    )
    (topic, reply), requests = posts_of("v2ex", response)
    assert topic == Post(
        identifier="540159",
        url="https://www.v2ex.com/t/540159?p=1",
        headline="招体验官",
        article_body="五星\n返现",
        author="jia",
        publisher="酷工作",
        date_published="2026-11-01 20:10:00 +08:00",
        comment_count="2",
    )
    assert reply == Post(
        identifier="540159#681",
        article_body="@jia 已加",
        author="yi",
        author_identifier="yi",
        date_published="2026-11-01 20:12:00 +08:00",
        like_count="3",
        position="1",
        is_part_of="540159",
    )
    assert [request.url for request in requests] == ["https://www.v2ex.com/t/540159?p=2"]


def test_douban_topic() -> None:
    reply = """<li class="clearfix comment-item reply-item" id="{0}" data-cid="{0}"><div class="reply-doc content">
<div class="bg-img-green"><h4><a href="https://www.douban.com/people/yi/">乙</a>
<span class="pubtime">2026-11-01 12:05:00{1}</span></h4></div><p class="reply-content">怎么报名</p>
<a class="comment-vote" href="#">赞 (3)</a></div></li>"""
    response = page(
        "https://www.douban.com/group/topic/123456/?start=0",
        f"""<html><head><title>招体验官</title></head><body><div id="content"><h1> 招体验官 </h1>
<div class="topic-content clearfix" id="topic-content"><div class="topic-doc"><h3><span class="from">来自:
<a href="https://www.douban.com/people/jia/">甲</a></span><span class="create-time color-green">2026-11-01 12:00:00
</span><span class="create-ip">上海</span></h3><div id="link-report"><div class="topic-richtext"><p>五星返现</p></div>
</div></div></div><ul class="topic-reply popular-bd" id="popular-comments">{reply.format("900", " 北京")}</ul>
<ul class="topic-reply" id="comments">{reply.format("900", " 北京")}{reply.format("901", "")}</ul>
<div class="paginator"><span class="next">
<a href="https://www.douban.com/group/topic/123456/?start=100">后页</a></span>
</div></div><div class="aside"><div class="group-item"><div class="title"><a href="/group/jz/">兼职小组</a>
</div></div>
</div></body></html>""",
    )
    (topic, first, second), requests = posts_of("douban_group", response)
    assert topic == Post(
        identifier="123456",
        url="https://www.douban.com/group/topic/123456/?start=0",
        headline="招体验官",
        article_body="五星返现",
        author="甲",
        author_identifier="jia",
        publisher="兼职小组",
        date_published="2026-11-01 12:00:00",
        location="上海",
    )
    assert first == Post(
        identifier="123456#900",
        article_body="怎么报名",
        author="乙",
        author_identifier="yi",
        date_published="2026-11-01 12:05:00",
        location="北京",
        like_count="3",
        is_part_of="123456",
    )
    assert (second.identifier, second.location) == ("123456#901", None)
    assert [request.url for request in requests] == ["https://www.douban.com/group/topic/123456/?start=100"]


# ---- Reddit: an advertisement in a list


def test_reddit_list_marks_what_is_paid_for() -> None:
    row = """<div class="thing link{0}" data-fullname="t3_{1}" data-author="u" data-author-fullname="t2_9">
<div class="score unvoted">5</div><a class="title" href="https://x.example/">{1}</a><p class="tagline">
<time datetime="2026-11-01T00:00:00+00:00">now</time></p><a class="comments" href="/r/a/comments/{1}/t/">{2}</a>
</div>"""
    rows = row.format("", "aa", "12 comments") + row.format(" promotedlink promoted", "bb", "comment")
    header = '<div id="header"><span class="hover pagename redditname"><a href="/r/a/">a</a></span></div>'
    html = f'<html><body>{header}<div id="siteTable">{rows}</div></body></html>'
    (plain, paid), requests = posts_of("reddit", page("https://old.reddit.com/r/a/new/", html))
    assert (plain.identifier, plain.comment_count, plain.promoted, plain.publisher) == (
        "aa",
        "12",
        False,
        "a",
    )
    assert (paid.identifier, paid.comment_count, paid.promoted) == ("bb", None, True)
    assert len(requests) == 2


# ---- What leads on, on saved pages


def saved(name: str, file: str, pages: Path) -> list[Request]:
    case = next(case for owner, case in all_cases() if (owner, case.file) == (name, file))
    return read(name, case.callback, case.response(pages))[1]


def test_the_next_page_of_saved_pages(pages: Path) -> None:
    assert [request.url for request in saved("oneplus", "forum-xenforo/thread-1.html", pages)] == [
        "https://forums.oneplus.net/threads/marsh-cm13.405700/page-6"
    ]
    assert saved("bitterkittens", "forum-vanilla/thread-1.html", pages)[-1].url.endswith("/p2")
    assert saved("newsmth", "newsmth/listing-1.html", pages)[-1].url.endswith("/FamilyLife?p=3")
    assert saved("mitbbs", "mitbbs/listing-1.html", pages)[-1].url.endswith("/bbsdoc1/HIT_101_0.html")
    assert saved("jslcae", "jslcae/listing-1.html", pages)[-1].url.endswith("/list_48_3.html")
    assert saved("mindfactory", "forum-vbulletin/listing-1.html", pages)[-1].url.endswith("-2.html")
    assert saved("douban_group", "douban/listing-1.html", pages)[-1].url.endswith("?start=25")


def test_tieba_asks_for_the_comments_on_floors_that_have_some_and_for_their_next_page(pages: Path) -> None:
    *floors, following = saved("tieba", "tieba/thread-2.html", pages)
    assert following.url == "https://tieba.baidu.com/p/9119688421?pn=2"
    assert len(floors) == 24
    assert floors[0].url == "https://tieba.baidu.com/p/comment?tid=9119688421&pid=150726496253&pn=1"
    (more,) = saved("tieba", "tieba/thread-3.html", pages)
    assert more.url == "https://tieba.baidu.com/p/comment?tid=9119688421&pid=150726496253&pn=2"


# ---- Hostile pages

OURS = [(name, case) for name, case in all_cases() if name in FORUMS]


@pytest.mark.parametrize(("name", "case"), OURS, ids=[case.file for _, case in OURS])
def test_an_empty_page_half_a_page_and_a_wall_raise_no_other_error(
    name: str, case: Case, pages: Path
) -> None:
    body = case.content((pages / case.file).read_bytes())
    wall = b"<html><head><title>Login</title></head><body><form action='/login'></form></body></html>"
    for content in (b"", b"\x00\xff<", wall, body[: len(body) // 2]):
        response = case.response(pages).replace(body=content)
        try:
            found = list(getattr(spider(name)(), case.callback)(response))
        except ExtractionError:
            continue
        # Half a page may hold whole rows; any other page must say that it was not understood.
        assert content == body[: len(body) // 2] or any(isinstance(output, Oddity) for output in found)
