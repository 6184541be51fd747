"""The rich pages as a site of ours."""

import re

from scrapy.http import TextResponse

from crawler.engine.reading import only, select, text
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing


class RichSite(Site):
    """One item on each page; the list itself is not rendered twice over."""

    name = "rich"
    domains = ("127.0.0.1",)
    pages = (
        Page("listing", r"^/page/\d+\.html$", "parse_item"),
        Page("listing", r"^/list-\d+\.html$", "parse_list"),
    )

    def parse_list(self, response: TextResponse) -> Output:
        """Follow each item."""
        for link in select(response, "a.goods-link"):
            yield self.follow(response, link, self.parse_item)

    def parse_item(self, response: TextResponse) -> Output:
        """The title."""
        yield Listing(
            identifier=re.findall(r"/(\d+)\.html", response.url)[0],
            url=response.url,
            name=text(only(response, "h1.product-title")),
        )
