"""The load area of the demo market as a site of ours: the spider of the measured crawl."""

import re
from typing import ClassVar

from scrapy.http import TextResponse

from crawler.engine.reading import only, select, text
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing


class LoadSite(Site):
    """The same callbacks as bench/plain.py."""

    name = "load"
    domains = ("load.example",)
    pages = (
        Page("listing", r"^/page/\d+\.html$", "parse_item"),
        Page("listing", r"^/list-\d+\.html$", "parse_list"),
    )
    start_pages: ClassVar = {"listing": ("http://load.example/list-0.html",)}

    def parse_list(self, response: TextResponse) -> Output:
        """Follow each item, then the next list."""
        for link in select(response, "a.goods-link"):
            yield self.follow(response, link, self.parse_item)
        for link in select(response, "a.next"):
            yield self.follow(response, link, self.parse_list)

    def parse_item(self, response: TextResponse) -> Output:
        """The title."""
        yield Listing(
            identifier=re.findall(r"/(\d+)\.html", response.url)[0],
            url=response.url,
            name=text(only(response, "h1.product-title")),
        )
