"""Forums that run XenForo 1 or 2: the list of threads of one forum, and a thread.

Sources: the public templates ``thread_list_item`` and ``message`` (1), ``thread_list_macros`` and ``post_macros``
(2). Both name the author of a row in ``data-author``; an advertisement between the floors has none.
"""

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.platforms.board import Board, board_pages, first, linked, moment
from crawler.engine.reading import select, text
from crawler.engine.rows import Rows, value_of
from crawler.items import Post
from crawler.quoted import quoted

THREAD = r"(?:^|[/?])threads/(?:[^/]*\.)?(\d+)(?:/|$)"
ACCOUNT = r"members/(?:[^/]*\.)?(\d+)"


def _account(row: Selector) -> str | None:
    """Number of the account that the first link of a row's author leads to; a guest has none."""
    for link in select(row, 'a.username[href*="members/"]')[:1]:
        found = link.re_first(ACCOUNT)
        return quoted(found, text(link)) if found else None
    return None


def _pages(page: TextResponse) -> str | None:
    """On how many pages the thread goes on; the navigation stands above and below, and not on a single page."""
    older = value_of(page, "(//*[contains(@class, 'PageNav')][@data-last])[1]/@data-last?")
    return older or first(".pageNav-main li:last-child a")(page)


def _own_body(row: Selector) -> str | None:
    """The text of a floor: not that of a signature, whose class is the same in version 2."""
    return first("blockquote.messageText, .message-body .bbWrapper")(row)


class XenForo(Board):
    """A XenForo board; thread addresses are ``/threads/title.NUMBER/``, with or without ``index.php?``."""

    pages = board_pages(forum=r"[/?]forums/[^/]+", thread=r"[/?]threads/([^/]*\.)?\d+(/|$)")
    numbered = THREAD
    threads = Rows(
        Post,
        "li.discussionListItem[id], .structItem--thread",
        **linked(
            'h3.title a[href*="threads/"]:not(.prefixLink), .structItem-title a[href*="threads/"]', THREAD
        ),
        author="@data-author",
        author_identifier=_account,
        date_published=moment(".posterDate .DateTime, .structItem-startDate time"),
        date_last_reply=moment(".lastPostInfo .DateTime, time.structItem-latestDate"),
        comment_count="dl.major dd, .structItem-cell--meta dl:first-child dd",
        view_count="dl.minor dd, .structItem-cell--meta dl:nth-child(2) dd?",
    )
    thread = Rows(
        Post,
        "/html",
        headline=".p-title-value, h1 .title, h1:not(:has(.title)):not(.p-title-value)",
        date_published=moment("#pageDescription .DateTime, h1 .DateTime, .p-description time"),
        page_count=_pages,
    )
    floors = Rows(
        Post,
        "li.message[data-author], article.message--post[data-author]",
        identifier=("@id", lambda name: name.removeprefix("js-").removeprefix("post-")),
        author="@data-author",
        author_identifier=_account,
        author_level=first(".userTitle"),
        article_body=_own_body,
        date_published=moment(
            ".datePermalink .DateTime, .messageMeta .DateTime, .message-attribution-main time"
        ),
        position=first("a.postNumber, .message-attribution-opposite li:last-child a"),
        url=lambda row: row.css("a.postNumber::attr(href), .message-attribution-main a::attr(href)").get(),
    )
    publisher = "ul.breadcrumb li a span, .breadcrumb .crumbs a.crumb, ul.p-breadcrumbs a span"
    further = 'a.pageNav-jump--next, .PageNav a.text[href]:last-child, link[rel="next"]'
