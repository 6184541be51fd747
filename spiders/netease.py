"""NetEase (网易, 163.com): news articles, and the rolling list of the newest (滚动新闻).

The page's meta elements name 网易 as the author of everything; the newspaper that an article comes from (来源) is its
publisher. Articles of 网易号 (dy.163.com) are on the list, but have pages of another make.
"""

from scrapy.http import TextResponse

from crawler.engine.platforms.article import Article, prose
from crawler.engine.platforms.board import number
from crawler.engine.reading import Oddity
from crawler.engine.rows import Rows, value_of
from crawler.engine.site import Output, Page
from crawler.items import Post

NUMBER = r"/(\w{16})\.html"
ROWS = Rows(
    Post,
    "//div[@id='instantPanel']//ul[contains(@class, 'list_txt')]/li",
    identifier=("./a[last()]/@href", number(NUMBER)),
    headline="./a[last()]",
    url="./a[last()]/@href",
    date_published=("./span?", lambda shown: shown.strip("()")),
)


class NetEase(Article):
    """NetEase: news."""

    name = "netease"
    domains = ("163.com",)
    pages = (
        Page("post", r"^/\d\d/\d{4}/\d\d/\w{16}\.html", "parse_article"),
        Page("post", r"^/special/\w+/\w*\.html", "parse_list"),
    )
    expect = {"post": (1, 10_000)}
    numbered = NUMBER
    shown = Rows(
        Post,
        "/html",
        headline=".post_content_main > h1",
        article_body=prose("#endText", without=".otitle, .gg200x300, .ep-source"),
        date_published=(".post_time_source", number(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")),
        publisher="#ne_article_source?",
    )
    filled = ()

    def parse_list(self, response: TextResponse) -> Output:
        """The articles of the list, and a request for each. If there is none, that is told."""
        found = list(ROWS.read(response, query=value_of(response, "head > title?")))
        if not found:
            yield Oddity(f"no article is listed on {response.url}; look at the capture")
        yield from found
        yield from self.follow_articles(response, "//div[@id='instantPanel']//li/a[last()]")
