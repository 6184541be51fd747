"""The doorway pages of the demo market: one false hotline under many brands and places."""

import re

from scrapy.http import TextResponse

from crawler.engine.reading import only, select, text
from crawler.engine.site import Output, Page, Site
from crawler.items import Post


class MarketDoorway(Site):
    """Demo market: repair pages that all lead to one hotline."""

    name = "market_doorway"
    domains = ("weixiu.example",)
    pages = (Page("post", r"^/brand-\d+\.html$", "parse_brand"), Page("post", r"^/$", "parse_front"))
    start_pages = {"post": ("http://weixiu.example/",)}
    expect = {"post": (1, 1000)}

    def parse_front(self, response: TextResponse) -> Output:
        """Follow each brand's page."""
        yield from self.follow_known(response)

    def parse_brand(self, response: TextResponse) -> Output:
        """The page's own text; the article that it copies from a newspaper is left out."""
        yield Post(
            identifier=re.findall(r"/brand-(\d+)\.html", response.url)[0],
            url=response.url,
            headline=text(only(response, "h1.article-title")),
            article_body="\n".join(text(part) for part in select(response, "#article-body p")),
            publisher=text(only(response, "header")),
        )
