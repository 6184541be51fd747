"""Airbnb: a home with its first reviews, and what the host replied to them.

The home is read off the page; the reviews from the state object of the script ``listingbundlejs``, in an HTML
comment. Reviews have no stars of their own, and tell no day, but the month.
"""

import re
from typing import Any

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.reading import Json, of_type, parse_json, script_with
from crawler.engine.rows import JsonRows, Rows, search, value_of
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Post, Review
from crawler.quoted import joined, quoted


def _number(address: str) -> str | None:
    found = re.search(r"/rooms/(\d+)", address)
    return quoted(found[1], address) if found else None


def _price(page: Selector) -> str | None:
    """Amount and currency of a night; the page prints "$220", which says less."""
    offer = '#room [itemprop="offers"] [itemprop="{}"]::attr(content)?'
    return joined(" ", (value_of(page, offer.format(name)) for name in ("price", "priceCurrency")))


def _reply(row: Json) -> str | None:
    number = row.get("id")
    return joined("#", (number, "response")) if isinstance(number, str) else None


HOME = Rows(
    Listing,
    "/html",
    identifier=("link[rel=canonical]::attr(href)", _number),
    url="link[rel=canonical]::attr(href)",
    name="#listing_name",
    location="#display-address::attr(data-location)?",
    price=_price,
    rating_value='#room [itemprop="ratingValue"]::attr(content)?',
    review_count='#room [itemprop="reviewCount"]?',
)
REVIEWS = JsonRows(
    Review,
    "reviews",
    identifier="id",
    review_body="comments",
    author="reviewer.first_name?",
    author_identifier="reviewer.id?",
    date_published="localized_date?",
    useful_count="review_vote.upvote_count?",
    ignore="response reviewee",
)
RESPONSES = JsonRows(
    Post,
    "responses",
    identifier=_reply,
    is_part_of="id",
    article_body="response",
    author="reviewee.first_name?",
    author_identifier="reviewee.id?",
    ignore="comments localized_date review_vote reviewer",
)


class Airbnb(Site):
    """Homes on Airbnb with the reviews that their pages come with."""

    name = "airbnb"
    domains = ("airbnb.com",)
    pages = (Page("listing", r"^/rooms/\d+", "parse_home"), Page("review", r"^/rooms/\d+", "parse_home"))
    expect = {"listing": (1, 100_000)}

    def parse_home(self, response: TextResponse) -> Output:
        """The home, its reviews, and the host's replies."""
        url, home = response.url, HOME.item(response, best_rating="5")
        yield home
        reviews = of_type(search(_state(response), "listing.sorted_reviews"), list, "sorted_reviews", url)
        yield from REVIEWS.read({"reviews": reviews}, url, item_reviewed=home.identifier)
        answered = [row for row in reviews if isinstance(row, dict) and row.get("response")]
        yield from RESPONSES.read({"responses": answered}, url)


def _state(response: TextResponse) -> Any:
    """The state object; its script escapes what might end the comment around it."""
    written = script_with(response, r"^<!--(\{\"listing\":.*\})-->$")
    return parse_json(written.replace("&gt;", ">").replace("&amp;", "&"), response.url)
