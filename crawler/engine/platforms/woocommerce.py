"""Shops that run WooCommerce: the page of a product in its own templates, and the reviews that its Store API gives.

Markup: the plug-in's templates/single-product/ (``title.php``, ``price.php``, ``review.php``, ``review-meta.php``).
API: https://developer.woocommerce.com/docs/apis/store-api/resources-endpoints/product-reviews/.
"""

import re
from urllib.parse import parse_qs, urlsplit

from parsel import Selector
from scrapy.http import TextResponse
from w3lib.url import add_or_replace_parameter

from crawler.engine.platforms.schema_org import SchemaOrg
from crawler.engine.reading import Json, attribute, each, fragment, json_of, optional, printed, select, text
from crawler.engine.rows import JsonRows, Rows
from crawler.engine.site import Output, Page
from crawler.items import Listing, Post, Review
from crawler.quoted import joined, quoted

API = r"^/wp-json/wc/store/(?:v1/)?products/reviews"
NUMBER = re.compile(r"[0-9]{1,6}")
PRODUCT = 'div[id^="product-"].product'


def price(product: Selector) -> str | None:
    """The price, or both ends of a range: not the one struck out, nor what only a screen reader says."""
    asked = select(product, ".summary .price ins .amount") or select(product, ".summary .price > .amount")
    return joined("-", [text(amount) for amount in asked])


def body(html: str) -> str | None:
    """The text of a review, which the API gives as HTML."""
    return text(fragment(html, ""))


def stars(value: str) -> str | None:
    """The rating; 0 is what the API says where none was given."""
    return None if value == "0" else value


def date(record: Json) -> str | None:
    """When a review was written: in Greenwich time, which the API gives without saying so, else in the shop's."""
    greenwich = record.get("date_created_gmt")
    if isinstance(greenwich, str):
        return quoted(f"{greenwich}Z", greenwich)
    return printed(record.get("date_created"))


LISTING = Rows(
    Listing,
    PRODUCT,
    identifier=("@id", lambda value: value.removeprefix("product-")),
    name="h1.product_title",
    price=price,
    list_price=".summary .price del .amount?",
    rating_value=".summary .woocommerce-product-rating .star-rating strong.rating?",
    review_count=".summary .woocommerce-review-link .count?",
)
REVIEW = "#reviews .commentlist > li.review"
CONTAINER = "./div[contains(@class, 'comment_container')]"  # of a review itself, not of the answers below it
REVIEWS = Rows(
    Review,
    REVIEW,
    identifier=(f"{CONTAINER}/@id", lambda value: value.removeprefix("comment-")),
    review_body=f"{CONTAINER}//div[@class='description']?",
    author=f"{CONTAINER}//*[contains(@class, 'woocommerce-review__author')]?",
    badges=f"{CONTAINER}//*[contains(@class, 'woocommerce-review__verified')]?",
    date_published=f"{CONTAINER}//time/@datetime?",
    rating_value=f"{CONTAINER}//*[contains(@class, 'star-rating')]//*[@class='rating']?",
)
ANSWERS = Rows(
    Post,
    "./ul[@class='children']//li[contains(@class, 'comment') or contains(@class, 'review')]",
    identifier=(f"{CONTAINER}/@id", lambda value: value.removeprefix("comment-")),
    article_body=f"{CONTAINER}//div[@class='description']?",
    author=f"{CONTAINER}//*[contains(@class, 'woocommerce-review__author')]?",
    date_published=f"{CONTAINER}//time/@datetime?",
)
RECORDS = JsonRows(
    Review,
    "@",
    ignore="product_name product_image date_created date_created_gmt formatted_date_created reviewer_avatar_urls "
    "verified _links",
    identifier="id",
    item_reviewed="product_id",
    url="product_permalink?",
    review_body=("review?", body),
    author="reviewer?",
    date_published=date,
    rating_value=("rating?", stars),
    badges=lambda record: "verified" if record.get("verified") is True else None,
)


class WooCommerce(SchemaOrg):
    """A WooCommerce shop; a theme with markup of its own is read by its schema.org, which the plug-in writes."""

    pages = (
        Page("review", API, "parse_answer"),
        Page("review", "", "parse_product"),
        Page("listing", "", "parse_product"),
    )

    def parse_product(self, response: TextResponse) -> Output:
        """Yield the product, its reviews, and what was answered to them; then the next page of reviews."""
        product = optional(response, f"{PRODUCT}:has(h1.product_title)")
        if product is None:
            yield from self.parse_thing(response)
            return
        number = attribute(product, "id").removeprefix("product-")
        yield from each([product], lambda row: LISTING.item(row, url=response.url, best_rating="5"))
        yield from each(select(response, REVIEW), lambda row: _review(row, number))
        for link in select(response, "#reviews .woocommerce-pagination a.next")[:1]:
            yield self.follow(response, link, self.parse_product)

    def parse_answer(self, response: TextResponse) -> Output:
        """Yield the reviews of one answer; then ask for the next, if this one's head counts more pages."""
        yield from RECORDS.read(json_of(response), response.url, best_rating="5")
        pages = (response.headers.get("X-WP-TotalPages") or b"").decode("ascii", "replace")
        asked = parse_qs(urlsplit(response.url).query).get("page", ["1"])[-1]
        if NUMBER.fullmatch(pages) and NUMBER.fullmatch(asked) and int(asked) < int(pages):
            following = add_or_replace_parameter(response.url, "page", str(int(asked) + 1))
            yield self.follow(response, following, self.parse_answer)


def _review(row: Selector, product: str) -> Output:
    review = REVIEWS.item(row, item_reviewed=product, best_rating="5")
    yield review
    yield from ANSWERS.read(row, is_part_of=review.identifier)
