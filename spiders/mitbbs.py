"""MITBBS (未名空间): threads of a board. No thread page is known to us, so none is followed."""

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.platforms.board import absolute, linked, number
from crawler.engine.reading import Oddity, only, select, text
from crawler.engine.rows import Rows
from crawler.engine.site import Output, Page, Site
from crawler.items import Post

NONE = "--"  # what the board prints for nothing


def _there(value: str) -> str | None:
    return None if value == NONE else value


def _replies(counts: str) -> str | None:
    """The first number of "跟贴/点击"."""
    return _there(counts.partition("/")[0])


def _clicks(counts: str) -> str | None:
    return counts.partition("/")[2] or None


def _headline(row: Selector) -> str:
    return text(only(row, "a.news1")).lstrip("● ")


THREADS = Rows(
    Post,
    '//tr[td/strong/a[@class="news1"]]',
    **(linked("a.news1", r"/(\w+/\d+)\.html") | {"headline": _headline}),
    author="./td[last()-1]/a",
    author_identifier=("./td[last()-1]/a/@href?", number(r"/user_info/([^/]+)")),
    date_published="./td[last()-1]/span",
    date_last_reply="./td[last()]/span?",
    comment_count=("./td[last()-2]", _replies),
    view_count=("./td[last()-2]", _clicks),
)


class Mitbbs(Site):
    """Boards of MITBBS by threads (同主题模式); pages are GBK and say gb2312."""

    name = "mitbbs"
    domains = ("mitbbs.com", "mitbbssg.com")
    pages = (Page("post", r"^/bbsdoc\d*/\w+\.html", "parse_board"),)
    expect = {"post": (1, 100_000)}

    def parse_board(self, response: TextResponse) -> Output:
        """Threads of one list page, those put on top (提示) first; then the next page."""
        board = text(only(response, "title")).partition("版同主题模式")[0]
        found = list(THREADS.read(response, publisher=board))
        if not found:
            yield Oddity(f"no thread is listed on {response.url}; look at the capture")
        yield from absolute(found, response)
        for link in select(response, '//a[text()="下页"]')[:1]:
            yield self.follow(response, link, self.parse_board)
