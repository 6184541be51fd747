"""eBay: the page of one article. The file holds two documents, so everything is asked in XPath."""

from scrapy.http import TextResponse

from crawler.engine.platforms.board import number
from crawler.engine.reading import only, own_text
from crawler.engine.rows import Rows
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing

LISTING = Rows(
    Listing,
    "/html[1]",
    identifier='//*[@id="descItemNumber"]',
    name=lambda page: own_text(only(page, '//h1[@id="itemTitle"]')),  # without "Details about"
    url='(//link[@rel="canonical"])[1]/@href?',
    brand='//*[@itemprop="brand"]/*[@itemprop="name"]?',
    price='//*[@itemprop="price"]',
    list_price='//*[@id="orgPrc"]?',
    sales='//*[contains(@class, "vi-qty-pur-lnk")]/a?',
    location='//*[@itemprop="availableAtOrFrom"]?',
    seller='//*[@id="mbgLink"]/*[@class="mbg-nw"]',
    seller_identifier=('//*[@id="mbgLink"]/@href', number(r"/usr/([^?/]+)")),
    rating_value='//*[@itemprop="aggregateRating"]/*[@itemprop="ratingValue"]/@content?',
    review_count='//*[@itemprop="aggregateRating"]/*[@itemprop="reviewCount"]/@content?',
)


class Ebay(Site):
    """eBay (USA): articles with their sellers."""

    name = "ebay"
    domains = ("ebay.com",)
    pages = (Page("listing", r"^/itm/", "parse_article"),)
    expect = {"listing": (1, 100_000)}

    def parse_article(self, response: TextResponse) -> Output:
        """Yield the article."""
        yield LISTING.item(response, best_rating="5")
