"""Shops that run Shopify: the page of a product, its JSON, and the reviews of two apps that most of them use.

Shopify has no reviews of its own. JSON: https://shopify.dev/docs/api/ajax/reference/product (``/products/HANDLE.js``)
and ``/products/HANDLE.json``. Apps: Shopify's Product Reviews (``spr-``, closed in 2024, still in old captures) and
Judge.me (``jdgm-``), whose answers at judge.me/reviews/reviews_for_widget hold the same markup.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.platforms.schema_org import SchemaOrg
from crawler.engine.reading import (
    Found,
    Json,
    each,
    fragment,
    json_of,
    of_type,
    optional,
    select,
    take,
    text,
)
from crawler.engine.rows import JsonRows, Rows
from crawler.engine.site import Output, Page
from crawler.errors import ExtractionError
from crawler.items import Item, Listing, Post, Review
from crawler.quoted import joined, quoted

HANDLE = re.compile(r"/products/([^/?#]+?)(?:\.js|\.json|\.oembed)?(?:[?#]|$)")


def hundredths(amount: str) -> str:
    """A price in hundredths, as ``.js`` has it for every currency: "1999" → "19.99". Raises ExtractionError."""
    if not re.fullmatch(r"[0-9]{1,12}", amount):
        raise ExtractionError(f"a price is {amount[:40]!r}, expected whole hundredths")
    return quoted(f"{amount[:-2] or '0'}.{amount[-2:]:0>2}", amount)


def shown(record: Json) -> str | None:
    """Price of a product, or both ends where its variants differ; ``.json`` has it only in the variants."""
    ends = (record.get("price_min", record.get("price")), record.get("price_max"))
    return joined("-", dict.fromkeys(hundredths(end) for end in ends if isinstance(end, str)))


AJAX = JsonRows(Listing, "[@]", identifier="handle", name="title", brand="vendor?", price=shown,
                list_price=("compare_at_price?", hundredths))  # fmt: skip
ADMIN = JsonRows(Listing, "[product]", identifier="handle", name="title", brand="vendor?",
                 price="variants[0].price?", list_price="variants[0].compare_at_price?")  # fmt: skip


def stars(label: str) -> str:
    """ "5" of "5 of 5 stars"."""
    return label.partition(" of ")[0]


def badges(row: Selector) -> str | None:
    """What the app tells of a review: that it was bought, asked for by the shop, or paid for with a voucher."""
    marks = select(row, "[data-badge-type]")
    verified = "verified-buyer" if row.attrib.get("data-verified-buyer") == "true" else None
    return joined(" ", [verified, *(mark.attrib["data-badge-type"] for mark in marks)])


OWN = Rows(
    Review,
    ".spr-review",
    identifier=("@id", lambda value: value.removeprefix("spr-review-")),
    headline=".spr-review-header-title?",
    review_body=".spr-review-content-body?",
    author=".spr-review-header-byline > strong:nth-of-type(1)?",
    date_published=".spr-review-header-byline > strong:nth-of-type(2)?",
    rating_value=(".spr-starratings::attr(aria-label)?", stars),
)
JUDGE_ME = Rows(
    Review,
    ".jdgm-rev[data-review-id]",
    identifier="@data-review-id",
    headline=".jdgm-rev__title?",
    review_body=".jdgm-rev__body?",
    author=".jdgm-rev__author?",
    date_published=".jdgm-rev__timestamp::attr(data-content)?",
    rating_value=".jdgm-rev__rating::attr(data-score)?",
    location=".jdgm-rev__location?",
    useful_count="@data-thumb-up-count?",
    badges=badges,
    image_count=lambda row: len(select(row, ".jdgm-rev__pics img")) or None,
)
ANSWERS = (
    ".spr-review-reply .spr-review-reply-body, .jdgm-rev__reply"  # an app writes the latter empty beside each
)


class Shopify(SchemaOrg):
    """A Shopify shop."""

    pages = (
        Page("listing", r"/products/[^/]+\.js(?:\?|$)", "parse_ajax"),
        Page("listing", r"/products/[^/]+\.json(?:\?|$)", "parse_json"),
        Page("review", r"^/reviews/reviews_for_widget\?", "parse_widget"),
        Page("review", r"/products/", "parse_product"),
        Page("listing", r"/products/", "parse_product"),
    )

    def parse_ajax(self, response: TextResponse) -> Output:
        """Yield the product of ``/products/HANDLE.js``."""
        answer = of_type(json_of(response), dict, "answer", response.url)
        yield replace(AJAX.item(answer, response.url), url=response.url)

    def parse_json(self, response: TextResponse) -> Output:
        """Yield the product of ``/products/HANDLE.json``."""
        product = take(of_type(json_of(response), dict, "answer", response.url), "product", response.url)
        yield replace(
            ADMIN.item(of_type(product, dict, "product", response.url), response.url), url=response.url
        )

    def parse_widget(self, response: TextResponse) -> Output:
        """Yield the reviews in an answer of Judge.me's."""
        answer = of_type(json_of(response), dict, "answer", response.url)
        product = parse_qs(urlsplit(response.url).query).get("product_id", [""])[-1]
        html = of_type(take(answer, "html", response.url), str, "html", response.url)
        yield from _reviews(fragment(html, response.url), product or None)

    def parse_product(self, response: TextResponse) -> Output:
        """Yield the product under its handle, and its reviews: an app's, or if there are none, schema.org's."""
        handle = handle_of(response.url)
        reviews = list(_reviews(response, handle))
        try:
            found = list(self.parse_thing(response))
        except ExtractionError:
            if not reviews:
                raise
            found = []
        yield from _renamed(found, handle, without_reviews=bool(reviews))
        yield from reviews


def handle_of(url: str) -> str:
    """The name of a product in its address. Raises ExtractionError if there is none."""
    found = HANDLE.search(url)
    if not found:
        raise ExtractionError(f"no name of a product in {url}, expected /products/NAME")
    return found[1]


def _renamed(found: list[Found], handle: str, *, without_reviews: bool) -> Iterator[Found]:
    """What schema.org says, its first thing under the handle: apps and themes number it each in their own way."""
    first = next((item.identifier for item in found if isinstance(item, Listing)), None)
    for item in found:
        if without_reviews and isinstance(item, Review | Post):
            continue
        if isinstance(item, Listing) and item.identifier == first:
            item = replace(item, identifier=handle)
        elif isinstance(item, Review) and item.item_reviewed == first:
            item = replace(item, item_reviewed=handle)
        yield item


def _reviews(node: TextResponse | Selector, product: str | None) -> Iterator[Found]:
    yield from each(select(node, ".spr-review"), lambda row: _review(row, OWN, product))
    yield from each(select(node, ".jdgm-rev[data-review-id]"), lambda row: _review(row, JUDGE_ME, product))


def _review(row: Selector, table: Rows, product: str | None) -> Iterator[Item]:
    review = table.item(row, item_reviewed=product, best_rating="5")
    yield review
    answer = optional(row, ANSWERS)
    said = text(answer)
    if said:
        yield Post(identifier=f"{review.identifier}#answer", is_part_of=review.identifier, article_body=said)
