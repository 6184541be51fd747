"""Douban groups (豆瓣小组): the list of topics of a group."""

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.reading import only, select, text
from crawler.engine.site import Output, Page, Site
from crawler.items import Post


class DoubanGroup(Site):
    """Topic lists of Douban groups, with counts of replies and the time of the last one."""

    name = "douban_group"
    domains = ("www.douban.com",)
    pages = (Page("post", r"^/group/[^/]+/(discussion)?($|\?)", "parse_group"),)
    expect = {"post": (1, 10_000)}

    def parse_group(self, response: TextResponse) -> Output:
        """Topics of one list page, then the next page."""
        group = text(only(response, "title"))
        for row in select(response, "table.olt tr"):
            if select(row, "td.title"):  # the heading and a place for advertisements have none
                yield _topic(row, group, response)
        for link in select(response, ".paginator .next a")[:1]:
            yield self.follow(response, link, self.parse_group)


def _topic(row: Selector, group: str, response: TextResponse) -> Post:
    title, author = only(row, "td.title a"), only(row, "td:nth-child(2) a")
    return Post(
        identifier=title.attrib["href"].rstrip("/").rpartition("/")[2],
        url=response.urljoin(title.attrib["href"]),
        headline=title.attrib["title"],  # the text is cut off with an ellipsis
        author=text(author),
        author_identifier=author.attrib["href"].rstrip("/").rpartition("/")[2],
        publisher=group,
        comment_count=text(only(row, "td:nth-child(3)")) or None,
        date_last_reply=text(only(row, "td.time")),
    )
