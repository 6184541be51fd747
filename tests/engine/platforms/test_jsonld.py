"""JSON-LD as shops write it: lists, graphs, offers of several forms, broken blocks."""

import json
import logging
from typing import Any

import pytest
from scrapy.http import HtmlResponse

from crawler.engine.platforms.jsonld import JsonLd
from crawler.errors import ExtractionError
from crawler.items import Item, Listing, Review

URL = "http://shop.example/kettle"
PRODUCT: dict[str, Any] = {
    "@type": "Product",
    "name": "养生壶",
    "sku": "S1",
    "brand": {"name": "小熊"},
    "offers": {"price": 59.90, "priceCurrency": "CNY", "seller": {"name": "旗舰店"}},
    "aggregateRating": {"ratingValue": 4.6, "reviewCount": 2},
    "review": [
        {
            "author": "甲",
            "datePublished": "2026-11-01",
            "reviewBody": "好",
            "reviewRating": {"ratingValue": 5},
        },
        {
            "author": [{"name": "乙"}],
            "reviewBody": "好",
            "reviewRating": {"ratingValue": 8, "bestRating": 10},
        },
    ],
}


class Shop(JsonLd):
    """A shop."""

    name = "shop"
    domains = ("shop.example",)


def read(*blocks: str) -> list[Item]:
    scripts = "".join(f'<script type="application/ld+json">{block}</script>' for block in blocks)
    response = HtmlResponse(URL, body=f"<html><body>{scripts}</body></html>".encode(), encoding="utf-8")
    return [output for output in Shop().parse_thing(response) if isinstance(output, Item)]


def variant(**changes: Any) -> str:
    return json.dumps({**PRODUCT, **changes})


@pytest.mark.parametrize(
    "block",
    [
        json.dumps(PRODUCT),
        json.dumps([{"@type": "WebSite"}, PRODUCT]),
        json.dumps({"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, PRODUCT]}),
        variant(**{"@type": ["Thing", "Product"]}),
    ],
)
def test_a_product_with_its_reviews(block: str) -> None:
    listing, first, second = read(block)
    assert listing == Listing(
        identifier="S1",
        url=URL,
        name="养生壶",
        brand="小熊",
        seller="旗舰店",
        price="59.9 CNY",
        review_count="2",
        rating_value="4.6",
        best_rating="5",
    )
    assert isinstance(first, Review)
    assert (first.author, first.rating_value, first.best_rating) == ("甲", "5", "5")
    assert first.item_reviewed == "S1"
    assert isinstance(second, Review)
    assert (second.author, second.rating_value, second.best_rating) == ("乙", "8", "10")


@pytest.mark.parametrize(
    ("offers", "price"),
    [
        ({"lowPrice": "59", "highPrice": "89", "priceCurrency": "CNY"}, "59-89 CNY"),
        ([{"price": "59.00", "priceCurrency": "EUR"}], "59.00 EUR"),
        ({"price": "59.00"}, "59.00"),
        ({"priceCurrency": "EUR"}, None),
        ([], None),
        (None, None),
    ],
)
def test_offers(offers: object, price: str | None) -> None:
    (listing, *_) = read(variant(offers=offers))
    assert isinstance(listing, Listing)
    assert listing.price == price


def test_identifiers_of_reviews_are_stable_distinct_and_free_of_names() -> None:
    same = {"reviewBody": "默认好评", "datePublished": "2026-11-01", "author": "甲"}
    _, first, second = read(variant(review=[same, same]))
    _, renamed, _ = read(variant(review=[{**same, "author": "乙"}, same]))
    assert first.identifier != second.identifier
    assert first.identifier == renamed.identifier


def test_one_review_that_is_no_list_and_none_at_all() -> None:
    assert len(read(variant(review=PRODUCT["review"][0]))) == 2
    assert len(read(variant(review=None))) == 1


def test_a_broken_block_is_passed_over_and_named(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert len(read('{"a": ', json.dumps(PRODUCT))) == 3
    assert f"expected JSON on {URL}" in caplog.text


@pytest.mark.parametrize("block", ['{"@type": "WebSite"}', '{"a": ', "[1]"])
def test_a_page_without_a_thing_is_refused(block: str) -> None:
    with pytest.raises(ExtractionError, match="no JSON-LD object of type"):
        read(block)


def test_a_thing_without_name_is_refused() -> None:
    with pytest.raises(ExtractionError, match=f"name is NoneType 'None', expected str, on {URL}"):
        read(variant(name=None))


def test_a_review_that_is_no_object_is_refused() -> None:
    with pytest.raises(ExtractionError, match="review is str"):
        read(variant(review=["好"]))
