"""Forums that run vBulletin 4: the list of threads of one forum."""

import re

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.reading import only, optional, select, text
from crawler.engine.site import Output, Page, Site
from crawler.items import Post


class VBulletin(Site):
    """A vBulletin 4 board with its search-engine friendly addresses (``/f42-name``, ``/f42-name-2.html``)."""

    pages = (Page("post", r"^/f\d+-|forumdisplay\.php", "parse_forum"),)

    def parse_forum(self, response: TextResponse) -> Output:
        """Yield each thread of a list page as a Post without text, then the next page."""
        board = text(only(response, ".forumtitle"))
        for row in select(response, "li.threadbit"):
            yield _thread(row, board, response)
        for link in select(response, 'a[rel="next"]')[:1]:  # printed above and below the list
            yield self.follow(response, link, self.parse_forum)


def _thread(row: Selector, board: str, response: TextResponse) -> Post:
    title = only(row, "a.title")
    author = only(row, ".threadmeta .author .username")
    member = re.search(r"member(?:\.php\?u=)?(\d+)", author.attrib.get("href", ""))  # a guest has no link
    written = text(only(row, ".threadmeta .author .label"))  # "NAME - 15.11.2013, 15:02 Uhr"
    return Post(
        identifier=row.attrib["id"].removeprefix("thread_"),
        url=response.urljoin(title.attrib["href"]),
        headline=text(title),
        author=text(author),
        author_identifier=member[1] if member else None,
        publisher=board,
        date_published=written.removeprefix(text(author)).lstrip(" -,") or None,
        date_last_reply=text(optional(row, ".threadlastpost dd:nth-of-type(2)")),
        comment_count=text(optional(row, ".threadstats li:nth-child(1)")),
    )
