"""De Bijenkorf (Netherlands): the products of a category, as cards."""

from scrapy.http import TextResponse

from crawler.engine.platforms.board import number
from crawler.engine.reading import Oddity, only, own_text, select
from crawler.engine.rows import Rows, value_of
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing

CARDS = Rows(
    Listing,
    "li.dbk-productlist-thumbnail",
    identifier=("h3[itemprop=name] > a::attr(href)", number(r"-(\d+)$")),
    url=(
        "h3[itemprop=name] > a::attr(href)",
        lambda link: f"https://www.debijenkorf.nl{link}" if link.startswith("/") else link,
    ),
    name=lambda card: own_text(only(card, "h3[itemprop=name] > a")),  # the brand is hidden before it
    brand="h2[itemprop=brand]?",
    price='(.//*[@itemprop="price"])[last()]',
    list_price='(.//*[@itemprop="offers"]/*[contains(@class, "dbk-price_old")])[1]?',
)


class DeBijenkorf(Site):
    """De Bijenkorf: categories."""

    name = "debijenkorf"
    domains = ("debijenkorf.nl",)
    pages = (Page("listing", r"^/[\w-]+/[\w-]+|ViewParametricSearch-Browse", "parse_category"),)
    expect = {"listing": (1, 100_000)}

    def parse_category(self, response: TextResponse) -> Output:
        """Yield the cards; then the next page. If there is none, that is told."""
        count = value_of(response, "(//*[contains(@class, 'dbk-productlist-summary--amount')])[1]?")
        given = {
            "query": value_of(response, "h1[itemprop=name]?"),
            "result_count": number(r"(\d[\d.]*)")(count) if count else None,
        }
        found = list(CARDS.read(response, **given))
        if not found:
            yield Oddity(f"no product is listed on {response.url}; look at the capture")
        yield from found
        for link in select(response, 'a[rel~="next"][data-href]')[:1]:
            yield self.follow(response, link.attrib["data-href"], self.parse_category)
