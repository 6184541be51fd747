"""ThinkGeek: the page of one product, in microdata that leaves out the price struck out."""

from scrapy.http import TextResponse

from crawler.engine.rows import Rows
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing

PRODUCT = Rows(
    Listing,
    "/html",
    identifier='form#buy input[name="pid"]::attr(value)',
    name="h1[itemprop=name]",
    url="link[rel=canonical]::attr(href)?",
    price="form#buy [itemprop=price]",
    list_price="form#buy .availability_sale > s?",
)


class ThinkGeek(Site):
    """ThinkGeek: products."""

    name = "thinkgeek"
    domains = ("thinkgeek.com",)
    pages = (Page("listing", r"^/product/\w+", "parse_product"),)
    expect = {"listing": (1, 10_000)}

    def parse_product(self, response: TextResponse) -> Output:
        """Yield the product."""
        yield PRODUCT.item(response)
