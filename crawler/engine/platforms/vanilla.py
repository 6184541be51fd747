"""Forums that run Vanilla 2 or 3 with its own theme: the list of discussions, and a discussion.

Source: the public views ``discussions/helper_functions`` and ``discussion/helper_functions`` of the software.
"""

from crawler.engine.platforms.board import Board, board_pages, first, linked, moment, number
from crawler.engine.rows import Rows
from crawler.items import Post

THREAD = r"/discussion/(\d+)"
ACCOUNT = number(r"/profile/(\d+)")  # newer addresses hold only the name


class Vanilla(Board):
    """A Vanilla board; the opening post belongs to the discussion, and its first page alone shows it."""

    pages = board_pages(forum=r"^/$|^/discussions(/|$)|^/categories/", thread=THREAD)
    numbered = THREAD
    threads = Rows(
        Post,
        "li.ItemDiscussion, .DataList li[id^=Discussion_], tr.ItemDiscussion",
        **linked('.Title a[href*="/discussion/"], a.Title', THREAD),
        author=first(".DiscussionAuthor a, .FirstUser a.UserLink"),
        comment_count=first(".CommentCount .Number, .CountComments .Number"),
        view_count=first(".ViewCount .Number, .CountViews .Number"),
        date_last_reply=moment(".LastCommentDate time, .LastUser time"),
    )
    thread = Rows(
        Post,
        "/html",
        headline="#Item_0 h1, .PageTitle h1, h1:only-of-type",
        article_body=".ItemDiscussion .Message?",
        author=".ItemDiscussion .Author a.Username?",
        author_identifier=(".ItemDiscussion .Author a.Username::attr(href)?", ACCOUNT),
        date_published=".ItemDiscussion .DateCreated time::attr(datetime)?",
    )
    floors = Rows(
        Post,
        ".ItemComment",
        identifier=("@id", lambda name: name.removeprefix("Comment_")),
        url=".DateCreated a.Permalink::attr(href)?",
        article_body=".Message",
        author=".Author a.Username",
        author_identifier=(".Author a.Username::attr(href)", ACCOUNT),
        date_published=".DateCreated time::attr(datetime)",
        position=(".DateCreated a.Permalink::attr(name)?", lambda name: name.removeprefix("Item_")),
    )
    publisher = ".Breadcrumbs .CrumbLabel:not(.HomeCrumb) a, .Breadcrumbs [class^=Category-] a"
    further = '.Pager a.Next[rel~="next"]'
