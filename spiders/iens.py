"""IENS (Dutch restaurants): a restaurant and its reviews.

Its microdata name the restaurant twice, the second time without its name; so the page's own markup is read. Of three
marks (food, service, decor) the first is the rating, as the site's microdata have it. Old reviews have none.
"""

import re

from scrapy.http import TextResponse

from crawler.engine.reading import select
from crawler.engine.rows import Rows
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Review
from crawler.quoted import quoted


def _number(address: str) -> str | None:
    """The number of a restaurant, a member or a review in an address."""
    found = re.search(r"/(?:restaurant|profiel)/(\d+)|[?&]reviewId=(\d+)", address)
    return quoted(found[1] or found[2], address) if found else None


RESTAURANT = Rows(
    Listing,
    "/html",
    identifier=('meta[property="og:url"]::attr(content)', _number),
    url='meta[property="og:url"]::attr(content)',
    name='meta[property="og:title"]::attr(content)',
    location='(//*[@itemprop="address"]//*[@itemprop="addressLocality"])[1]?',
    price='(//*[@itemprop="priceRange"])[1]?',
    rating_value='//*[@itemprop="aggregateRating"]//*[@itemprop="ratingValue"]?',
    best_rating='//*[@itemprop="aggregateRating"]//*[@itemprop="bestRating"]?',
    review_count='//*[@itemprop="aggregateRating"]//*[@itemprop="ratingCount"]?',
)
REVIEWS = Rows(
    Review,
    ".restaurantReview",
    identifier=('a[href*="reviewId="]::attr(href)', _number),
    review_body='[itemprop="reviewBody"]',
    author='[itemprop="author"]',
    author_identifier=(".memberProfile_name a::attr(href)?", _number),
    author_level=".memberProfile_type?",
    date_published='[itemprop="datePublished"]::attr(content)',
    rating_value='[itemprop="reviewRating"] [itemprop="ratingValue"]?',
    best_rating='[itemprop="reviewRating"] [itemprop="bestRating"]?',
    purchase_date=".restaurantReview_descriptionFooter > p?",
)


class Iens(Site):
    """Restaurants on IENS and their reviews."""

    name = "iens"
    domains = ("iens.nl",)
    pages = (Page("review", r"^/restaurant/\d+/", "parse_restaurant"),
             Page("listing", r"^/restaurant/\d+/", "parse_restaurant"))  # fmt: skip
    expect = {"listing": (1, 100_000), "review": (1, 1_000_000)}

    def parse_restaurant(self, response: TextResponse) -> Output:
        """The restaurant, one page of its reviews, and the next page."""
        restaurant = RESTAURANT.item(response)
        yield restaurant
        yield from REVIEWS.read(response, item_reviewed=restaurant.identifier)
        links = select(
            response, "(//a[contains(@class, 'pagination_next')][@href])[1]"
        )  # twice, for small screens
        yield from (self.follow(response, link, self.parse_restaurant) for link in links)
