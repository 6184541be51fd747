"""Foursquare: a venue and the tips that people left there, as Reviews; tips have no stars of their own."""

import re

from scrapy.http import TextResponse

from crawler.engine.reading import select
from crawler.engine.rows import Rows
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Review
from crawler.quoted import quoted


def _last(address: str) -> str | None:
    """The last name in an address: of a venue its number, of a person the account."""
    found = re.search(r"/([\w.-]+)/?$", address)
    return quoted(found[1], address) if found else None


VENUE = Rows(
    Listing,
    "/html",
    identifier=('meta[property="og:url"]::attr(content)', _last),
    url='meta[property="og:url"]::attr(content)',
    name="h1.venueName",
    location=".venueAddress .adr?",
    rating_value='.venueRateBlock [itemprop="ratingValue"]?',
    best_rating='.venueRateBlock [itemprop="bestRating"]?',
    review_count='meta[property="playfoursquare:number_of_tips"]::attr(content)?',
)
TIPS = Rows(
    Review,
    "li.tip",
    identifier="@data-id",
    review_body=".tipText",
    author=".userName",
    author_identifier=(".userName a::attr(href)?", _last),
    date_published=".tipDate",
    image_count=lambda row: len(select(row, ".tipPhoto")) or None,
)


class Foursquare(Site):
    """Venues on Foursquare and the tips of their guests."""

    name = "foursquare"
    domains = ("foursquare.com",)
    pages = (Page("review", r"^/v/", "parse_venue"), Page("listing", r"^/v/", "parse_venue"))
    expect = {"listing": (1, 100_000), "review": (1, 1_000_000)}

    def parse_venue(self, response: TextResponse) -> Output:
        """The venue and the tips that its page shows."""
        venue = VENUE.item(response)
        yield venue
        yield from TIPS.read(response, item_reviewed=venue.identifier)
