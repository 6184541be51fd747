"""newsmth (水木社区): threads of a board or of a search, a thread, and one article; fragments that nForum loads.

The page itself is a frame; what it loads has the addresses below. An article begins with its header as a mail does:
"发信人: …, 信区: … / 标题: … / 发信站: … (time), 站内".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.platforms.board import absolute, linked, number
from crawler.engine.reading import Found, each, of_type, only, optional, select, text
from crawler.engine.rows import Rows, value_of
from crawler.engine.site import Output, Page, Site
from crawler.items import Post
from crawler.quoted import joined

ARTICLE = r"/article/([\w.-]+/\d+)"
THREADS = Rows(
    Post,
    '//table[contains(@class, "board-list")]//tr[td[@class="title_9"]/a]',
    **linked("td.title_9 > a", ARTICLE),
    publisher=("td.title_9 > a::attr(href)", number(r"/article/([\w.-]+)/")),
    author='(./td[@class="title_12"]/a)[1]',
    author_identifier='(./td[@class="title_12"]/a)[1]',  # the name is the account
    date_published=('(./td[@class="title_10"])[1]', str.strip),  # an em space follows
    comment_count='(./td[contains(@class, "title_11")])[last()]',
    date_last_reply=('(./td[@class="title_10"])[2]?', str.strip),
)
RATINGS = Rows(
    Post,
    ".like_list li",
    author=(".like_user", lambda name: name.removesuffix(":")),
    article_body=".like_msg?",
    date_published=(".like_time", lambda time: time.strip("()")),
    identifier=lambda row: f"like-{len(row.root.xpath('preceding-sibling::li')) + 1}",
)


class Newsmth(Site):
    """newsmth: boards, searches, threads and articles; what users said in rating an article is part of it."""

    name = "newsmth"
    domains = ("newsmth.net",)
    pages = (
        Page("post", r"^/nForum/article/[\w.-]+/ajax_single/\d+", "parse_article"),
        Page("post", rf"^/nForum{ARTICLE}", "parse_thread"),
        Page("post", r"^/nForum/board/[\w.-]+", "parse_board"),
        Page("post", r"^/nForum/s/article", "parse_board"),
    )
    expect = {"post": (1, 1_000_000)}

    def parse_board(self, response: TextResponse) -> Output:
        """Threads of a board or of a search, each followed; then the next page."""
        only(response, "table.board-list")
        total = value_of(response, "(//li[@class='page-pre']/i)[1]?")
        for post in absolute(THREADS.read(response, result_count=total), response):
            yield post
            if isinstance(post, Post) and post.url:
                yield self.follow(response, post.url, self.parse_thread)
        yield from self._next_page(response)

    def parse_thread(self, response: TextResponse) -> Output:
        """The thread, and its floors with what was said in rating them; then the next page."""
        share = only(response, "#a_share")  # its attributes are what the button shares
        address = value_of(share, "@_u") or ""
        thread = of_type(number(ARTICLE)(address), str, "the thread's number", response.url)
        opening = Post(
            identifier=thread,
            url=address,
            headline=value_of(share, "@_c"),
            publisher=thread.partition("/")[0],
        )
        yield from absolute([opening], response)
        yield from each(select(response, ".a-wrap"), lambda row: _floor(row, thread, response.url))
        yield from self._next_page(response)

    def parse_article(self, response: TextResponse) -> Output:
        """One article alone: board and number are in the address."""
        found = re.search(r"/article/([\w.-]+)/ajax_single/(\d+)", response.url)
        board, article = of_type(found, re.Match, "the article's number", response.url).groups()
        yield from _article(only(response, "td.a-content"), f"{board}/{article}")

    def _next_page(self, response: TextResponse) -> Output:
        for link in select(response, '.page-main a[title="下一页"]')[:1]:
            yield self.follow(response, link, getattr(self, self.reads(response.url) or "parse_board"))


@dataclass(frozen=True, slots=True)
class _Mail:
    """An article taken apart."""

    header: str
    body: str | None

    def field(self, pattern: str) -> str | None:
        return number(pattern)(self.header)


def _mail(content: Selector) -> _Mail:
    """Header and text. Raises ExtractionError if no line of it is the header's last."""
    lines = text(content).splitlines()
    ends = [place for place, line in enumerate(lines[:5]) if line.startswith("发信站")]
    header = of_type(next(iter(ends), None), int, "the header of an article", text(content)[:60])
    rated = text(optional(content, ".like_name"))
    last = lines.index(rated) if rated in lines else len(lines)
    return _Mail(joined("\n", lines[: header + 1]) or "", joined("\n", lines[header + 1 : last]))


def _floor(row: Selector, thread: str, url: str) -> Iterator[Found]:
    links = (value_of(link, "@href") or "" for link in select(row, '.a-func a[href*="/article/"]'))
    own = next((found for link in links if (found := number(r"/post/(\d+)")(link))), None)
    identifier = f"{thread}#{of_type(own, str, 'the number of a floor', url)}"
    yield from _article(
        only(row, "td.a-content"),
        identifier,
        is_part_of=thread,
        position=value_of(row, ".a-pos"),
        author_level=value_of(row, './/dt[.="等级"]/following-sibling::dd[1]?'),
    )


def _article(content: Selector, identifier: str, **given: Any) -> Iterator[Found]:
    mail = _mail(content)
    yield Post(
        identifier=identifier,
        headline=mail.field(r"(?m)^标\s*题: *(.*)$"),
        article_body=mail.body,
        author=mail.field(r"发信人: *(\S+)"),
        author_identifier=mail.field(r"发信人: *(\S+)"),
        publisher=mail.field(r"信区: *(\S+)"),
        date_published=mail.field(r"发信站:.*?\((\w{3} [^()]*)\)"),
        like_count=number(r"(\d+)")(value_of(content, ".like_name?") or ""),
        **given,
    )
    for found in RATINGS.read(content, is_part_of=identifier):
        yield (
            replace(found, identifier=f"{identifier}#{found.identifier}")
            if isinstance(found, Post)
            else found
        )
