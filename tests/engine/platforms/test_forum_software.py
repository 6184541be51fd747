"""XenForo, Vanilla and vBulletin: pages of our own making, in the markup of their public templates."""

from scrapy.http import HtmlResponse, Request

from crawler.engine.platforms.board import Board
from crawler.engine.platforms.vanilla import Vanilla
from crawler.engine.platforms.vbulletin import VBulletin
from crawler.engine.platforms.xenforo import XenForo
from crawler.engine.reading import Oddity
from crawler.items import Post

HOST = "http://bbs.example"


class Xen(XenForo):
    """A forum."""

    name, domains = "xen", ("bbs.example",)


class Van(Vanilla):
    """A forum."""

    name, domains = "van", ("bbs.example",)


class Bulletin(VBulletin):
    """A forum."""

    name, domains = "bulletin", ("bbs.example",)


def read(site: type[Board], path: str, body: str) -> tuple[list[Post], list[str]]:
    """Posts, and the paths asked for next; nothing may be odd."""
    response = HtmlResponse(HOST + path, body=f"<html><body>{body}</body></html>".encode(), encoding="utf-8")
    outputs = list(getattr(site(), site.reads(response.url) or "")(response))
    assert [output for output in outputs if isinstance(output, Oddity)] == []
    return (
        [output for output in outputs if isinstance(output, Post)],
        [output.url.removeprefix(HOST) for output in outputs if isinstance(output, Request)],
    )


XEN_1_LIST = """<fieldset class="breadcrumb"><span class="crumbs">
<a class="crumb" href="forums/deals.2/">Deals</a></span></fieldset>
<ol class="discussionListItems"><li id="thread-55" class="discussionListItem visible" data-author="Jia">
<a href="members/jia.7/" class="avatar"><img></a><h3 class="title">
<a href="forums/deals.2/?prefix_id=1" class="prefixLink">Sale</a>
<a class="PreviewTooltip" href="threads/five-stars.55/">Five stars</a></h3>
<div class="posterDate muted"><a href="members/jia.7/" class="username">Jia</a><span class="startDate">,
<a class="faint"><span class="DateTime" title="Nov 1, 2026 at 9:00 AM">Nov 1, 2026</span></a></span></div>
<div class="listBlock stats"><dl class="major"><dt>Replies:</dt> <dd>12</dd></dl>
<dl class="minor"><dt>Views:</dt> <dd>3,400</dd></dl></div>
<dl class="lastPostInfo"><dt><a href="members/yi.8/" class="username">Yi</a></dt>
<dd><a><abbr class="DateTime" data-time="1">Today at 9:00 AM</abbr></a></dd></dl></li></ol>"""
XEN_2_LIST = """<ul class="p-breadcrumbs"><li><a href="/forums/deals.2/"><span itemprop="name">Deals</span></a>
</li></ul>
<div class="structItem structItem--thread js-inlineModContainer js-threadListItem-55" data-author="Jia">
<div class="structItem-cell structItem-cell--main"><div class="structItem-title">
<a href="/forums/deals.2/?prefix_id=1" class="labelLink"><span class="label">Sale</span></a>
<a href="/threads/five-stars.55/" data-tp-primary="on">Five stars</a></div>
<div class="structItem-minor"><ul class="structItem-parts"><li><a href="/members/jia.7/" class="username">Jia</a></li>
<li class="structItem-startDate"><a href="/threads/five-stars.55/"><time class="u-dt"
datetime="2026-11-01T09:00:00+0000">Nov 1</time></a></li></ul></div></div>
<div class="structItem-cell structItem-cell--meta"><dl class="pairs pairs--justified"><dt>Replies</dt><dd>12</dd></dl>
<dl class="pairs pairs--justified structItem-minor"><dt>Views</dt><dd>3K</dd></dl></div>
<div class="structItem-cell structItem-cell--latest"><a><time class="structItem-latestDate u-dt"
datetime="2026-11-02T09:00:00+0000">x</time></a></div></div>
<nav><a href="/forums/deals.2/page-2" class="pageNav-jump pageNav-jump--next">Next</a></nav>"""
XEN_2_THREAD = """<h1 class="p-title-value">Five stars</h1>
<article class="message message--post js-post" data-author="Jia" data-content="post-901" id="js-post-901">
<div class="message-user"><h4 class="message-name">
<a href="/members/jia.7/" class="username" data-user-id="7">Jia</a></h4>
<h5 class="userTitle message-userTitle">Member</h5></div>
<header class="message-attribution"><ul class="message-attribution-main"><li class="u-concealed">
<a href="/threads/five-stars.55/post-901"><time datetime="2026-11-01T09:00:00+0000" title="x">Nov 1</time></a>
</li></ul>
<ul class="message-attribution-opposite"><li><a href="#share"></a></li><li><a href="/threads/five-stars.55/post-901">
#1</a></li></ul></header><div class="message-content"><article class="message-body">
<div class="bbWrapper">Get paid<br>
for stars</div></article></div><aside class="message-signature"><div class="bbWrapper">my shop</div></aside></article>
<article class="message message--ad"><div class="bbWrapper">Buy now</div></article>
<article class="message message--post" data-author="Guest" id="js-post-902"><h4>
<span class="username">Guest</span></h4>
<ul class="message-attribution-main"><li><time datetime="2026-11-02T09:00:00+0000">x</time></li></ul>
<div class="message-body"><div class="bbWrapper">How?</div></div></article>"""


def test_xenforo_lists_of_both_versions() -> None:
    for body, path, times, views, following in (
        (XEN_1_LIST, "/forums/deals.2/", ("Nov 1, 2026 at 9:00 AM", "Today at 9:00 AM"), "3,400", []),
        (
            XEN_2_LIST,
            "/forums/deals.2/",
            ("2026-11-01T09:00:00+0000", "2026-11-02T09:00:00+0000"),
            "3K",
            ["page-2"],
        ),
    ):
        (thread,), requests = read(Xen, path, body)
        target = thread.url.removeprefix(HOST) if thread.url else ""
        assert (thread.identifier, thread.headline, thread.publisher) == ("55", "Five stars", "Deals")
        assert (thread.author, thread.author_identifier) == ("Jia", "7")
        assert (thread.date_published, thread.date_last_reply) == times
        assert (thread.comment_count, thread.view_count) == ("12", views)
        assert target.endswith("threads/five-stars.55/")
        assert [request.rpartition("/")[2] for request in requests if request != target] == following


def test_a_xenforo_2_thread_without_its_signatures_and_advertisements() -> None:
    (thread, first, second), requests = read(Xen, "/threads/five-stars.55/", XEN_2_THREAD)
    assert (thread.identifier, thread.headline, thread.is_part_of) == ("55", "Five stars", None)
    assert first == Post(
        identifier="55#901",
        url=f"{HOST}/threads/five-stars.55/post-901",
        article_body="Get paid\nfor stars",
        author="Jia",
        author_identifier="7",
        author_level="Member",
        date_published="2026-11-01T09:00:00+0000",
        position="#1",
        is_part_of="55",
    )
    assert (second.author, second.author_identifier, second.article_body) == ("Guest", None, "How?")
    assert requests == []


def test_xenforo_addresses() -> None:
    for path in ("/threads/a.55/", "/threads/a.55/page-2", "/threads/55/", "/index.php?threads/a.55/"):
        assert Xen.reads(HOST + path) == "parse_thread", path
    for path in ("/forums/deals.2/", "/community/forums/deals.2/page-2", "/index.php?forums/deals.2/"):
        assert Xen.reads(HOST + path) == "parse_forum", path
    assert Xen.reads(f"{HOST}/members/jia.7/") is None


VANILLA_LIST = """<span class="Breadcrumbs"><span class="CrumbLabel HomeCrumb"><a href="/">Home</a></span>
<span class="CrumbLabel"><a href="/categories/jobs">Jobs</a></span></span>
<ul class="DataList Discussions"><li id="Discussion_31" class="Item ItemDiscussion">
<div class="ItemContent Discussion"><div class="Title"><a href="/discussion/31/five-stars">Five stars</a></div>
<div class="Meta"><span class="MItem ViewCount"><span title="340 views" class="Number">340</span> views</span>
<span class="MItem CommentCount"><span title="12 comments" class="Number">12</span> comments</span>
<span class="MItem LastCommentDate"><time datetime="2026-11-02T09:00:00+00:00">Nov 2</time></span></div></div>
</li></ul>
<div class="Pager"><a href="/categories/jobs/p2" class="Next" rel="next">»</a></div>"""
VANILLA_PAGE_2 = """<div class="PageTitle" id="Item_0"><h1>Five stars</h1></div>
<ul class="MessageList DataList Comments">
<li class="Item ItemComment" id="Comment_77"><span class="Author"><a class="PhotoWrap" href="/profile/yi"></a>
<a href="/profile/yi" class="Username">yi</a></span><span class="DateCreated">
<a href="/discussion/comment/77#Comment_77"
class="Permalink" name="Item_31"><time datetime="2026-11-02T09:00:00+00:00">x</time></a></span>
<div class="Message">How?</div></li></ul>"""


def test_a_vanilla_list_and_a_second_page_without_the_opening_post() -> None:
    (discussion,), requests = read(Van, "/categories/jobs", VANILLA_LIST)
    assert discussion == Post(
        identifier="31",
        url=f"{HOST}/discussion/31/five-stars",
        headline="Five stars",
        publisher="Jobs",
        comment_count="12",
        view_count="340",
        date_last_reply="2026-11-02T09:00:00+00:00",
    )
    assert requests == ["/discussion/31/five-stars", "/categories/jobs/p2"]
    (thread, comment), _ = read(Van, "/discussion/31/five-stars/p2", VANILLA_PAGE_2)
    assert (thread.identifier, thread.headline, thread.article_body) == ("31", "Five stars", None)
    assert (comment.identifier, comment.position, comment.author) == ("31#77", "31", "yi")
    assert comment.author_identifier is None  # a name in the address, and no number


SHOWTHREAD = """<div id="breadcrumb"><ul><li class="navbit"><a href="forum.php">Forum</a></li>
<li class="navbit"><a href="forumdisplay.php?2-Jobs">Jobs</a></li><li class="navbit lastnavbit">Five stars</li>
</ul></div>
<div id="pagetitle"><h1>Thread: <span class="threadtitle"><a href="showthread.php?12-Five-stars">Five stars</a>
</span></h1>
</div><ol id="posts" class="posts" start="1">
<li class="postbitlegacy postbitim postcontainer" id="post_345"><div class="posthead"><span class="postdate old">
<span class="date">11-02-2026,&nbsp;<span class="time">03:02 PM</span></span></span><span class="nodecontrols">
<a name="post345" href="showthread.php?12-Five-stars&amp;p=345#post345" class="postcounter">#1</a></span></div>
<div class="postdetails"><div class="userinfo"><div class="username_container"><div class="popupmenu memberaction">
<a class="username offline popupctrl" href="member.php?5-Jia"><strong>Jia</strong></a><ul class="popupbody">
<li><a href="member.php?5-Jia" class="siteicon_profile">View Profile</a></li></ul></div></div>
<span class="usertitle">Junior Member</span></div><div class="postbody"><h2 class="title icon">Five stars</h2>
<div class="content"><div id="post_message_345"><blockquote class="postcontent restore">Get paid<br>for stars
</blockquote></div></div><div class="after_content"><div class="signature">my shop</div></div></div></div></li>
<li class="postbit postcontainer" id="post_346"><span class="postdate"><span class="date">Today, <span class="time">
03:05 PM</span></span></span><a class="postcounter" href="showthread.php?12-Five-stars&amp;p=346#post346">#2</a>
<div class="username_container"><span class="username guest">Guest</span></div>
<blockquote class="postcontent restore">How?</blockquote></li></ol><li class="postbit">advertisement</li>
<span class="prev_next"><a rel="next" href="showthread.php?12-Five-stars/page2">Next</a></span>"""


def test_a_vbulletin_thread() -> None:
    (thread, first, second), requests = read(Bulletin, "/showthread.php?12-Five-stars", SHOWTHREAD)
    assert thread == Post(
        identifier="12", url=f"{HOST}/showthread.php?12-Five-stars", headline="Five stars", publisher="Jobs"
    )
    assert first == Post(
        identifier="12#345",
        url=f"{HOST}/showthread.php?12-Five-stars&p=345#post345",
        article_body="Get paid\nfor stars",
        author="Jia",
        author_identifier="5",
        author_level="Junior Member",
        date_published="11-02-2026, 03:02 PM",
        position="#1",
        is_part_of="12",
    )
    assert (second.author, second.author_identifier, second.position) == ("Guest", None, "#2")
    assert requests == ["/showthread.php?12-Five-stars/page2"]
    for path in (
        "/showthread.php?t=12",
        "/showthread.php?p=9&t=12",
        "/threads/12-Five-stars",
        "/t12-five.html",
    ):
        assert Bulletin.reads(HOST + path) == "parse_thread"
        (thread, *_), _ = read(Bulletin, path, SHOWTHREAD)
        assert thread.identifier == "12", path
