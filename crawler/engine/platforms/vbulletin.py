"""Forums that run vBulletin 4: the list of threads of one forum, and a thread.

Source of the thread page: the software's public templates ``SHOWTHREAD``, ``postbit`` and ``postbit_legacy``.
"""

from parsel import Selector

from crawler.engine.platforms.board import Board, board_pages, linked, number
from crawler.engine.reading import only, text
from crawler.engine.rows import Rows, value_of
from crawler.items import Post

THREAD = r"(?:/t|threads/|showthread\.php\?(?:t=|.*[?&]t=)?)(\d+)"
MEMBER = number(r"member(?:s/|\.php\?(?:u=)?)?(\d+)")


def _written(row: Selector) -> str | None:
    """The time behind the author's name: "NAME - 15.11.2013, 15:02 Uhr"."""
    author = text(only(row, ".threadmeta .author .username"))
    return text(only(row, ".threadmeta .author .label")).removeprefix(author).lstrip(" -,") or None


def _replies(row: Selector) -> str | None:
    """The number in "Antworten: 2", in any language."""
    return value_of(row, ".threadstats li:nth-child(1)?")


def _views(row: Selector) -> str | None:
    found = value_of(row, ".threadstats li:nth-child(2)?")
    return found.rpartition(":")[2].strip() or None if found else None


def _member(row: Selector) -> str | None:
    """Number of the account; a guest has no link."""
    link = value_of(row, ".threadmeta .author .username::attr(href)?")
    return MEMBER(link) if link else None


class VBulletin(Board):
    """A vBulletin 4 board, with ``showthread.php``, ``/threads/12-name`` or ``/t12-name.html`` addresses."""

    pages = board_pages(
        forum=r"^/f\d+-|/forums/\d+|forumdisplay\.php", thread=r"/t\d+-|/threads/\d+|showthread\.php"
    )
    numbered = THREAD
    threads = Rows(
        Post,
        "li.threadbit",
        **(linked("a.title", THREAD) | {"identifier": ("@id", lambda name: name.removeprefix("thread_"))}),
        author=".threadmeta .author .username",
        author_identifier=_member,
        date_published=_written,
        date_last_reply=".threadlastpost dd:nth-of-type(2)?",
        comment_count=_replies,
        view_count=_views,
    )
    thread = Rows(Post, "/html", headline="#pagetitle .threadtitle")
    floors = Rows(
        Post,
        "#posts > li[id^=post_]",
        identifier=("@id", lambda name: name.removeprefix("post_")),
        url="a.postcounter::attr(href)?",
        article_body=".postcontent",
        author=".username_container .username",
        author_identifier=(".username_container .username::attr(href)?", MEMBER),
        author_level=".usertitle?",
        date_published=".postdate .date",
        position="a.postcounter?",
    )
    publisher = ".forumtitle, #breadcrumb .navbit:not(.lastnavbit) a"
    further = 'a[rel="next"]'
