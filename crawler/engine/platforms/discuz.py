"""Forums that run Discuz! X: index of boards, list of threads, thread."""

import re

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.reading import attribute, each, only, optional, select, text
from crawler.engine.site import Output, Page, Site
from crawler.errors import ExtractionError
from crawler.items import Post


class Discuz(Site):
    """A Discuz! X board, with rewritten (``/thread-1-1-1.html``) or plain addresses; often in GBK."""

    pages = (
        Page("post", r"^/thread-\d+-|mod=viewthread", "parse_thread"),
        Page("post", r"^/forum-\d+-|mod=forumdisplay", "parse_forum"),
        Page("post", r"^/$|^/forum\.php$", "parse_index"),
    )

    def parse_index(self, response: TextResponse) -> Output:
        """Follow each board once."""
        boards = {link.attrib["href"]: link for link in select(response, ".fl_tb a[href]")}
        for target, link in boards.items():
            if self.reads(response.urljoin(target)) == "parse_forum":
                yield self.follow(response, link, self.parse_forum)

    def parse_forum(self, response: TextResponse) -> Output:
        """Yield each thread as a Post without text and follow it; then the next page."""
        for row in select(response, "tbody[id^=normalthread_], tbody[id^=stickthread_]"):
            yield from each([row], lambda row: _thread_in_list(row, response))
            for title in select(row, "th a.xst[href]")[:1]:
                yield self.follow(response, title, self.parse_thread)
        for link in select(response, ".pg a.nxt")[:1]:
            yield self.follow(response, link, self.parse_forum)

    def parse_thread(self, response: TextResponse) -> Output:
        """Yield the thread as a Post, each floor as a Post that is part of it; then the next page."""
        thread = thread_identifier(response.url)
        counters = select(response, ".hm .xi1")  # views, replies
        yield Post(
            identifier=thread,
            url=response.url,
            headline=text(only(response, "#thread_subject")),
            publisher=_board(response),
            comment_count=text(counters[1]) if len(counters) > 1 else None,
            view_count=text(counters[0]) if len(counters) > 1 else None,
        )
        floors = select(response, "#postlist > div[id^=post_]:not([id^=post_rate])")
        yield from each(floors, lambda floor: _floor(floor, thread))
        for link in select(response, ".pg a.nxt")[:1]:
            yield self.follow(response, link, self.parse_thread)


def thread_identifier(url: str) -> str:
    """The number of a thread in its address. Raises ExtractionError if there is none."""
    found = re.search(r"/thread-(\d+)-|[?&]tid=(\d+)", url)
    if not found:
        raise ExtractionError(f"no thread number in {url}")
    return found[1] or found[2]


def _thread_in_list(row: Selector, response: TextResponse) -> Post:
    title = only(row, "th a.xst")
    cells = select(row, "td.by")  # author and time; last reply
    if len(cells) != 2:
        raise ExtractionError(f"a thread has {len(cells)} columns td.by, expected 2, on {response.url}")
    written, replied = cells
    author = only(written, "cite")
    return Post(
        identifier=row.attrib["id"].partition("_")[2],
        url=response.urljoin(attribute(title, "href")),
        headline=text(title),
        author=text(author) or None,
        author_identifier=_account(author),
        publisher=_board(response),
        date_published=_moment(only(written, "em")),
        date_last_reply=_moment(only(replied, "em")),
        comment_count=text(only(row, "td.num a")),
        view_count=text(optional(row, "td.num em")) or None,
    )


def _floor(floor: Selector, thread: str) -> Post:
    author = optional(floor, ".pls .authi")  # a floor without account shows only a name
    body = optional(floor, "td[id^=postmessage_]") or optional(floor, ".locked")  # ".locked" says why not
    return Post(
        identifier=f"{thread}#{floor.attrib['id'].removeprefix('post_')}",
        article_body=text(body),
        author=text(author) or None,
        author_identifier=_account(author) if author else None,
        author_level=text(optional(floor, '.pls em a[href*="ac=usergroup"]')),
        date_published=_moment(only(floor, "em[id^=authorposton]")),
        position=text(optional(floor, "a[id^=postnum] em") or optional(floor, "a[id^=postnum]")),
        is_part_of=thread,
    )


def _moment(node: Selector) -> str | None:
    """The time in an element; where it is relative ("3 天前"), the full time in the title of an inner span."""
    full = optional(node, "span[title]")
    return (attribute(full, "title") if full else text(node)) or None


def _account(node: Selector) -> str | None:
    """Number of the account that the first link of an element leads to; None for an anonymous author."""
    target = next((link.attrib["href"] for link in select(node, "a[href]")), "")
    found = re.search(r"space-uid-(\d+)|[?&]uid=(\d+)", target)
    return (found[1] or found[2]) if found else None


def _board(response: TextResponse) -> str | None:
    """Name of the board: the last link of the trail at the top that leads to a list of threads."""
    trail = select(response, '#pt a[href*="forum-"], #pt a[href*="mod=forumdisplay"]')
    return text(trail[-1]) if trail else None
