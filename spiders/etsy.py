"""Etsy: the page of one article. Its markup names no schema.org, but its predecessor data-vocabulary.org."""

import re

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.reading import only, optional, own_text
from crawler.engine.rows import Rows
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing
from crawler.quoted import quoted

ARTICLE = '[itemtype$="data-vocabulary.org/Product"]'
SHOP = '(//a[contains(@href, "/shop/")]//*[@class="review-rating"])[1]'  # printed in the head and in the foot


def identifier(address: str) -> str | None:
    """The number in the address of an article."""
    found = re.search(r"/listing/(\d+)", address)
    return quoted(found[1], address) if found else None


def counted(page: Selector) -> str | None:
    """ "(1,221)", without the word "reviews" that only a screen reader says."""
    count = optional(page, f'{SHOP}//*[@class="review-rating-count"]')
    return own_text(count) if count else None


LISTING = Rows(
    Listing,
    "/html",
    identifier=("link[rel=canonical]::attr(href)", identifier),
    url="link[rel=canonical]::attr(href)",
    name=f'{ARTICLE} [itemprop="name"]',
    price='(//*[@itemprop="offerDetails"]//*[contains(@class, "currency-text")])[1]',
    seller='(//*[@class="shop-name"]//a[contains(@href, "/shop/")])[1]',
    rating_value=f'{SHOP}/meta[@itemprop="rating"]/@content?',  # of the shop: articles have none of their own
    review_count=counted,
)


class Etsy(Site):
    """Etsy: articles, with the rating of their shop."""

    name = "etsy"
    domains = ("etsy.com",)
    pages = (Page("listing", r"/listing/\d+", "parse_article"),)
    expect = {"listing": (1, 100_000)}

    def parse_article(self, response: TextResponse) -> Output:
        """Yield the article. Raises ExtractionError if the page shows none."""
        only(response, ARTICLE)
        yield from LISTING.read(response)
