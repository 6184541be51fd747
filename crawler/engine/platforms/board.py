"""Board: a forum as three tables (`crawler.engine.rows`): threads of a list page, a thread, its floors.

For any forum engine, known or not: whoever can name the elements of its two sorts of page has a spider. ::

    class Corner(Board):
        \"""A forum on an engine of its own.\"""

        name, domains, numbered = "corner", ("corner.example",), r"/topic/(\\d+)"
        pages = board_pages(forum=r"^/board/", thread=r"^/topic/")
        threads = Rows(Post, "li.topic", **linked("a.title", numbered), author=".by?", comment_count=".replies")
        thread = Rows(Post, "/html", headline="h1")
        floors = Rows(Post, "article.post", identifier="@id", author=".by", article_body=".text")
        further = "a.next"
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.reading import Found, select, text
from crawler.engine.rows import Rows, value_of
from crawler.engine.site import Output, Page, Site
from crawler.errors import ExtractionError
from crawler.items import Post
from crawler.quoted import quoted

FLOORS = (1, 1_000_000)


class Board(Site):
    """A forum of list pages and thread pages; the subclass declares the tables.

    ``numbered``   pattern for the address of a thread; group 1 is the thread's identifier
    ``threads``    a Post for each row of a list page, with identifier and url (`linked` makes both)
    ``thread``     the Post for a thread page; its identifier and url come from the address
    ``floors``     a Post for each floor; its identifier, the site's own number of the floor, is put behind
                   the thread's, ``20#501``
    ``publisher``  query for the board's name; of several matches, as in a trail of links, the last
    ``further``    query for links to the next page
    """

    expect: ClassVar[Mapping[str, tuple[int, int]]] = {"post": FLOORS}
    numbered: ClassVar[str]
    threads: ClassVar[Rows]
    thread: ClassVar[Rows]
    floors: ClassVar[Rows]
    publisher: ClassVar[str | None] = None
    further: ClassVar[str] = 'a[rel~="next"]'

    def parse_forum(self, response: TextResponse) -> Output:
        """Yield each thread of a list page as a Post and follow it; then the next page.

        Raises ExtractionError if there is none: an empty board, a wall, or another theme.
        """
        found = list(self.threads.read(response, **_named("publisher", self.board(response))))
        if not found:
            raise ExtractionError(f"no thread is listed on {response.url}; look at the capture")
        for post in absolute(found, response):
            yield post
            if isinstance(post, Post) and post.url and self.reads(post.url) == "parse_thread":
                yield self.follow(response, post.url, self.parse_thread)
        yield from self.next_page(response, self.parse_forum)

    def parse_thread(self, response: TextResponse) -> Output:
        """Yield the thread as a Post, each floor as a Post that is part of it; then the next page."""
        url = thread_address(response, self.numbered)
        thread = number(self.numbered)(url) or ""
        yield self.thread.item(
            response, identifier=thread, url=url, **_named("publisher", self.board(response))
        )
        for post in self.floors.read(response, is_part_of=thread):
            yield _of_thread(post, thread, response)
        yield from self.next_page(response, self.parse_thread)

    def board(self, response: TextResponse) -> str | None:
        """Name of the board; None if the page does not say."""
        found = select(response, self.publisher) if self.publisher else []
        return text(found[-1]) or None if found else None

    def next_page(self, response: TextResponse, callback: Callable[..., Output]) -> Output:
        """A request for the next page, if there is one: its link is often printed above and below."""
        for link in select(response, self.further)[:1]:
            yield self.follow(response, link, callback)


def board_pages(*, forum: str, thread: str) -> tuple[Page, ...]:
    """The two sorts of page of a forum, by patterns for their paths; a thread is looked for first."""
    return Page("post", thread, "parse_thread"), Page("post", forum, "parse_forum")


def number(pattern: str) -> Callable[[str], str | None]:
    """A function that gives what group 1 of a pattern finds in a text, None for nothing."""

    def find(written: str) -> str | None:
        found = re.search(pattern, written)
        return quoted(found[1], written) if found else None

    return find


def absolute(found: Iterable[Found], response: TextResponse) -> Iterator[Found]:
    """The same, where Posts have whole addresses."""
    for post in found:
        yield replace(post, url=_whole(response, post.url)) if isinstance(post, Post) else post


def linked(link: str, pattern: str) -> dict[str, Any]:
    """Rules for a row whose link leads to its thread: headline, url, and the identifier in the address."""
    target = f"{link}/@href" if link.startswith(("/", "./", "(")) else f"{link}::attr(href)"
    return {
        "identifier": (target, number(pattern)),
        "url": (target, lambda written: written.partition("#")[0]),
        "headline": link,
    }


def moment(query: str) -> Callable[[Any], str | None]:
    """A rule for a time: the full one in ``datetime`` or ``title`` of its element, else its text.

    The query may match nothing; of several matches, the first.
    """

    def find(row: Selector | TextResponse) -> str | None:
        for node in select(row, query)[:1]:
            for name in ("datetime", "title"):
                if written := value_of(node, f"@{name}?"):
                    return written
            return text(node) or None
        return None

    return find


def first(query: str, change: Callable[[str], str | None] | None = None) -> Callable[[Any], str | None]:
    """A rule for what a row prints several times: the first text there is; None for nothing."""

    def find(row: Selector | TextResponse) -> str | None:
        found = next((value for node in select(row, query) if (value := text(node))), None)
        return change(found) if found and change else found

    return find


def thread_address(response: TextResponse, pattern: str) -> str:
    """The address of a page with a thread's number: its canonical link, else its own. Raises ExtractionError."""
    links = select(response, 'link[rel="canonical"]::attr(href)')
    for url in (*(_whole(response, link.get()) for link in links[:1]), response.url):
        if url and re.search(pattern, url):
            return url
    raise ExtractionError(f"no thread number ({pattern}) in the address {response.url}")


def _named(name: str, value: str | None) -> dict[str, str]:
    return {name: value} if value else {}


def _whole(response: TextResponse, written: str | None) -> str | None:
    """A whole address; None for what is none ("http://[")."""
    try:
        return quoted(response.urljoin(written), written) if written else None
    except ValueError:
        return None


def _of_thread(post: Found, thread: str, response: TextResponse) -> Found:
    if not isinstance(post, Post):
        return post
    whole = quoted(f"{thread}#{post.identifier}", post.identifier)
    return replace(post, identifier=whole, url=_whole(response, post.url))
