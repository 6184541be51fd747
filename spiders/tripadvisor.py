"""TripAdvisor: the page of a place (restaurant, sight) with its reviews, and the lists of the sights of a town.

Reviews in another language than the reader's are named in the page by their number alone, and loaded later; how
many is reported. Kinds of sight ("Walking Tours (28)") stand in a list among the sights: Listings without a rating.
"""

from dataclasses import replace
from urllib.parse import urlsplit

from scrapy.http import TextResponse

from crawler.engine.platforms.board import number
from crawler.engine.reading import Found, Oddity, select
from crawler.engine.rows import Rows, value_of
from crawler.engine.site import Callback, Output, Page, Site
from crawler.items import Listing, Review
from crawler.quoted import quoted

NUMBER = number(r"-(d\d+|(?:c\d+-)?t\d+)-")
STARS = number(r"^([\d.,]+)")  # of "4.5 of 5 bubbles", "5 из 5 звезд"
EMPTY = "div.reviewSelector[id]:not(:has(*))"


def date(shown: str) -> str:
    """The date, without "Reviewed" before it."""
    return shown.removeprefix("Отзыв написан ").removeprefix("Reviewed ")


PLACE = Rows(
    Listing,
    "/html",
    name="h1.header",
    location='[property="address"]?',
    rating_value='[property="aggregateRating"] [property="ratingValue"]::attr(content)?',
    review_count='[property="aggregateRating"] [property="reviewCount"]?',
)
REVIEWS = Rows(
    Review,
    "div.reviewSelector[id]:has(*)",
    identifier=("@id", lambda name: name.removeprefix("review_")),
    url=".quote a::attr(href)?",
    headline=".quote .noQuotes",
    review_body=".entry .partial_entry",
    author=".username .scrname?",
    author_identifier=(".memberOverlayLink::attr(id)?", number(r"^UID_(\w+)-")),
    location=".member_info .location?",
    date_published=(".ratingDate", date),
    rating_value=(".reviewItemInline img.rating_s_fill::attr(alt)", STARS),
    useful_count=".numHlp .numHlpIn?",
)
SIGHTS = Rows(
    Listing,
    "//*[contains(@class, 'listing_title')]/ancestor::div[contains(concat(' ', @class, ' '), ' listing ')][1]",
    identifier=(".listing_title a::attr(href)", NUMBER),
    url=".listing_title a::attr(href)",
    name=".listing_title a",
    rating_value=(".ui_bubble_rating::attr(alt)?", STARS),
    review_count=".rating .more a?",
)


class TripAdvisor(Site):
    """TripAdvisor: places and their reviews."""

    name = "tripadvisor"
    domains = ("tripadvisor.com", "tripadvisor.ru", "tripadvisor.ca", "tripadvisor.cn")
    pages = (
        Page("review", r"^/\w+_Review-g\d+-d\d+-", "parse_place"),
        Page("listing", r"^/Attractions-g\d+-", "parse_sights"),
    )
    expect = {"listing": (1, 100_000), "review": (0, 1_000_000)}

    def parse_place(self, response: TextResponse) -> Output:
        """Yield the place and its reviews; report those not in the page; then the next page."""
        place = PLACE.item(response, identifier=NUMBER(response.url), url=response.url, best_rating="5")
        yield place
        reviews = REVIEWS.read(response, item_reviewed=place.identifier, best_rating="5")
        yield from (_whole(found, response) for found in reviews)
        if absent := len(select(response, EMPTY)):
            yield Oddity(f"{absent} reviews are named, and not printed, on {response.url}")
        yield from self._next(response, self.parse_place)

    def parse_sights(self, response: TextResponse) -> Output:
        """Yield the sights; then the next page. If there is none, that is told."""
        title = value_of(response, "h1.header?") or value_of(response, "h1#HEADING?")
        found = list(SIGHTS.read(response, query=title, best_rating="5"))
        if not found:
            yield Oddity(f"no sight is listed on {response.url}; look at the capture")
        yield from (_whole(sight, response) for sight in found)
        yield from self._next(response, self.parse_sights)

    def _next(self, response: TextResponse, callback: Callback) -> Output:
        for link in select(response, ".pagination a.next[href]")[:1]:
            yield self.follow(response, link, callback)


def _whole(found: Found, response: TextResponse) -> Found:
    """The same, with the host that answered in front of a link that begins with a slash."""
    if not isinstance(found, Listing | Review) or not (found.url or "").startswith("/"):
        return found
    parts = urlsplit(response.url)
    return replace(found, url=quoted(f"{parts.scheme}://{parts.netloc}{found.url}", found.url))
