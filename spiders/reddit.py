"""Reddit: links of a subreddit and comments of a thread, in the markup of old.reddit.com.

robots.txt of Reddit forbids all machines, so nothing is asked for automatically. Source of the markup: the public
templates of Reddit's open-source release (``link.html``, ``comment.html``).
"""

from parsel import Selector

from crawler.engine.platforms.board import Board, board_pages, first, linked, number
from crawler.engine.reading import attribute, select
from crawler.engine.rows import Rows, value_of
from crawler.items import Post
from crawler.quoted import quoted

THREAD = r"/comments/(\w+)"
ENTRY = './div[contains(@class, "entry")]'  # of this comment: those below it have their own


def _counted(count: str) -> str | None:
    """The number of "7055 comments"; none in "comment", which invites the first."""
    return count.partition(" ")[0] if count[:1].isdigit() else None


def _comment(row: Selector) -> str | None:
    """The comment's id; one that was deleted keeps it only in the form to report it."""
    for form in select(row, f'{ENTRY}//div[contains(@class, "reportform")]'):
        found = form.re_first(r"report-t1_(\w+)")
        return quoted(found, attribute(form, "class")) if found else None
    return None


def _author(row: Selector) -> str | None:
    """The author; "[deleted]" stands in ``em``."""
    named = f'{ENTRY}/p[contains(@class, "tagline")]'
    return first(f'{named}/a[contains(@class, "author")]')(row) or value_of(row, f"{named}/em?")


class Reddit(Board):
    """Reddit; a comment on a comment is part of the thread too. Comments behind "load more" are not shown."""

    name = "reddit"
    domains = ("reddit.com",)
    pages = board_pages(forum=r"^/(r/\w+/?)?(\w+/?)?(\?|$)", thread=rf"^(/r/\w+)?{THREAD}")
    expect = {"post": (1, 1_000_000)}
    access = "assisted"
    numbered = THREAD
    threads = Rows(
        Post,
        "#siteTable > .thing.link",
        **(
            linked("a.comments", THREAD)
            | {"identifier": ("@data-fullname", number(r"^t3_(\w+)")), "headline": "a.title"}
        ),
        author="@data-author?",
        author_identifier="@data-author-fullname?",
        date_published=".tagline time::attr(datetime)",
        comment_count=("a.comments", _counted),
        like_count=".score.unvoted?",
        promoted=".promoted-tag, .promotedlink",
    )
    thread = Rows(
        Post,
        "/html",
        headline="#siteTable > .link a.title",
        author="#siteTable > .link::attr(data-author)?",
        author_identifier="#siteTable > .link::attr(data-author-fullname)?",
        article_body="#siteTable > .link .usertext-body?",
        date_published="#siteTable > .link .tagline time::attr(datetime)",
        comment_count=("#siteTable > .link a.comments", _counted),
        like_count="#siteTable > .link .score.unvoted?",
    )
    floors = Rows(
        Post,
        ".commentarea .comment.thing",
        identifier=_comment,
        url=f'{ENTRY}//a[@data-event-action="permalink"]/@href?',
        author=_author,
        author_identifier="@data-author-fullname?",
        article_body=f'{ENTRY}//div[contains(@class, "usertext-body")]?',
        date_published=f'({ENTRY}/p[contains(@class, "tagline")]/time)[1]/@datetime',
        like_count=f'{ENTRY}//span[contains(@class, "score unvoted")]?',
    )
    publisher = "#header .pagename.redditname a"
    further = ".nav-buttons .next-button a, .nextprev a[rel~=next]"
