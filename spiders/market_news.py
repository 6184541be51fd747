"""The newspaper of the demo market."""

import re

from scrapy.http import TextResponse

from crawler.engine.reading import only, optional, select, text
from crawler.engine.site import Output, Page, Site
from crawler.items import Post


class MarketNews(Site):
    """Demo market: 临江晚报, articles as Posts."""

    name = "market_news"
    domains = ("news.example",)
    pages = (
        Page("post", r"^/a/\d+\.html$", "parse_article"),
        Page("post", r"^/$", "parse_front"),
    )
    start_pages = {"post": ("http://news.example/",)}
    expect = {"post": (1, 1000)}

    def parse_front(self, response: TextResponse) -> Output:
        """Follow each article."""
        for link in select(response, "ul.news-list li a"):
            yield self.follow(response, link, self.parse_article)

    def parse_article(self, response: TextResponse) -> Output:
        """The article."""
        yield Post(
            identifier=re.findall(r"/(\d+)\.html", response.url)[0],
            url=response.url,
            headline=text(only(response, "h1.article-title")),
            article_body="\n".join(text(part) for part in select(response, "#article-body p")),
            author=text(optional(response, ".article-meta .author")),
            publisher=text(only(response, ".article-meta .source")).rpartition("：")[2],
            date_published=text(only(response, ".article-meta time")),
        )
