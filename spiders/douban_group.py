"""Douban groups (豆瓣小组): the list of topics of a group, and a topic with its replies."""

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.platforms.board import Board, board_pages, first, linked, number
from crawler.engine.rows import Rows, value_of
from crawler.items import Post

TOPIC = r"/group/topic/(\d+)"
PERSON = number(r"/people/([^/]+)")
REPLY = ".reply-doc h4"


def _replied(row: Selector) -> str | None:
    """ "2026-11-01 12:05:00" of "2026-11-01 12:05:00 上海"; older pages print no place."""
    printed = value_of(row, ".pubtime")
    return printed[: len("2026-11-01 12:05:00")] if printed else None


def _place(row: Selector) -> str | None:
    printed = value_of(row, ".pubtime") or ""
    return printed[len("2026-11-01 12:05:00") :].strip() or None


class DoubanGroup(Board):
    """Douban groups; the heading and a place for advertisements are rows without a title, and left out."""

    name = "douban_group"
    domains = ("www.douban.com",)
    pages = board_pages(forum=r"^/group/(?!topic/)[^/]+/(discussion)?($|\?)", thread=rf"^{TOPIC}")
    expect = {"post": (1, 10_000)}
    version = 2
    numbered = TOPIC
    threads = Rows(
        Post,
        '//table[contains(@class, "olt")]//tr[td[contains(@class, "title")]]',
        **(linked("td.title a", TOPIC) | {"headline": "td.title a::attr(title)"}),  # the text is cut off
        author="td:nth-child(2) a",
        author_identifier=("td:nth-child(2) a::attr(href)", PERSON),
        comment_count="td:nth-child(3)",
        date_last_reply="td.time",
    )
    thread = Rows(
        Post,
        "/html",
        headline="#content h1",
        article_body="#link-report?",
        author="#topic-content .from a?",
        author_identifier=("#topic-content .from a::attr(href)?", PERSON),
        date_published="#topic-content .create-time",
        location="#topic-content .create-ip?",
    )
    floors = Rows(
        Post,
        "#comments > li.comment-item",  # not #popular-comments, which repeats some
        identifier="@data-cid",
        author=f"{REPLY} a?",  # an account that is gone has no link
        author_identifier=(f"{REPLY} a::attr(href)?", PERSON),
        article_body=".reply-content",
        date_published=_replied,
        location=_place,
        like_count=first(".comment-vote", number(r"(\d+)")),
    )
    further = ".paginator .next a"

    def board(self, response: TextResponse) -> str | None:
        """The group: the title of its list; beside a topic, which a list shows for other groups, its card."""
        return first(".group-item .title a" if "/topic/" in response.url else "title")(response)
