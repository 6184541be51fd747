"""Michael Kors: the page of one product.

Its microdata has an offer for each colour and size; the price printed is one, "was $160.00 now $80.00".
"""

from scrapy.http import TextResponse

from crawler.engine.platforms.board import number
from crawler.engine.rows import Rows
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing

NUMBER = r"/R-(?:\w+_)?(\w+)"
PRODUCT = Rows(
    Listing,
    "/html",
    identifier=('link[rel="canonical"]::attr(href)', number(NUMBER)),
    name="h1.prod_name",
    brand="h2.brand_name?",
    price=(".now_price", lambda shown: shown.removeprefix("now").strip()),
    list_price=(".was_price?", lambda shown: shown.removeprefix("was").strip()),
)


class MichaelKors(Site):
    """Michael Kors (USA): products."""

    name = "michaelkors"
    domains = ("michaelkors.com",)
    pages = (Page("listing", NUMBER, "parse_product"),)
    expect = {"listing": (1, 10_000)}

    def parse_product(self, response: TextResponse) -> Output:
        """Yield the product; the bar that the Internet Archive puts above a saved page is not looked at."""
        yield PRODUCT.item(response, url=response.url)
