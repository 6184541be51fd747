"""A spider over the demo market's load area, for the crash tests; run as a script it is the command `evidence`
with this spider in place of those in `spiders/`.

    python tests/kill_site.py --archive A crawl kill_site -s DOWNLOAD_DELAY=0
"""

from scrapy.http import TextResponse

from crawler import settings
from crawler.cli import main
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Review

REVIEWS = 3  # read off each page


class KillSite(Site):
    """Lists of a hundred links; each page is one listing with some of its reviews."""

    name = "kill_site"
    domains = ("load.example",)
    pages = (Page("listing", r"^/list-\d+\.html", "parse_list"), Page("review", r"^/page/", "parse_page"))
    start_pages = {"listing": ("http://load.example/list-0.html",)}

    def parse_list(self, response: TextResponse) -> Output:
        """Links to a hundred pages, and to the next list."""
        for link in response.css("a.goods-link"):
            yield self.follow(response, link, self.parse_page)
        for link in response.css("a.next"):
            yield self.follow(response, link, self.parse_list)

    def parse_page(self, response: TextResponse) -> Output:
        """One listing and its first reviews."""
        title = response.css("h1.product-title")
        number = title.attrib["data-id"]
        yield Listing(identifier=number, url=response.url, name=title.css("::text").get(""))
        for place, row in enumerate(response.css("li.review")[:REVIEWS]):
            body = row.css("p.body::text").get("")
            yield Review(
                identifier=f"{number}-{place}",
                item_reviewed=number,
                review_body=body,
                author=row.css(".nick::text").get(),
                author_identifier=row.attrib["data-uid"],
                rating_value="5",
            )


if __name__ == "__main__":
    settings.SPIDER_MODULES = ["kill_site"]
    main()
