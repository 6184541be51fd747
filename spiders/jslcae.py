"""jslcae.com (金丝路): lists of articles, on a site that runs DedeCMS."""

from scrapy.http import TextResponse

from crawler.engine.platforms.board import absolute, linked
from crawler.engine.reading import Oddity, only, select, text
from crawler.engine.rows import Rows
from crawler.engine.site import Output, Page, Site
from crawler.items import Post

ARTICLES = Rows(
    Post,
    ".nconbiao .nconzx",
    **linked(".nconzxl1 a", r"/(\w+/\d{4}/\d{4}/\d+)\.html"),
    article_body=".nconzxl2?",  # the first words
)


class Jslcae(Site):
    """News of a trading house for art and stamps; an article is a Post with its first words."""

    name = "jslcae"
    domains = ("jslcae.com",)
    pages = (Page("post", r"^/xingyexinwen/(\w+/)?(list_\d+_\d+\.html)?$", "parse_list"),)
    start_pages = {"post": ("http://jslcae.com/xingyexinwen/",)}
    expect = {"post": (1, 10_000)}

    def parse_list(self, response: TextResponse) -> Output:
        """Articles of one list page, then the next page; the page's title names section and publisher."""
        found = list(ARTICLES.read(response, publisher=text(only(response, "title"))))
        yield from absolute(found, response)
        if not found:
            yield Oddity(f"no article is listed on {response.url}; look at the capture")
        for link in select(response, '//a[text()="下一页"]')[:1]:
            yield self.follow(response, link, self.parse_list)
