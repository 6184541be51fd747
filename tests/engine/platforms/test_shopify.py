"""Shopify: pages and answers of ours, after its documentation and the markup of two review apps."""

import json
from typing import Any

import pytest
from scrapy.http import HtmlResponse, TextResponse

from crawler.engine.platforms.shopify import Shopify, handle_of
from crawler.engine.reading import Oddity
from crawler.errors import ExtractionError
from crawler.items import Listing, Post, Review
from crawler.quoted import place_of

URL = "http://shopify.example/products/kettle"
THING = {
    "@type": "Product",
    "name": "Kettle",
    "sku": "K1",
    "offers": [{"price": "59.00", "priceCurrency": "CNY"}],
    "review": {"author": "丙", "reviewBody": "行"},
}
SCHEMA = f'<script type="application/ld+json">{json.dumps(THING)}</script>'
OWN = """<div class="spr-review" id="spr-review-7"><div class="spr-review-header">
<span class="spr-starratings spr-review-header-starratings" aria-label="4 of 5 stars" role="img"></span>
<h3 class="spr-review-header-title">Good</h3>
<span class="spr-review-header-byline"><strong>甲</strong> on <strong>Nov 01, 2026</strong></span></div>
<div class="spr-review-content"><p class="spr-review-content-body">Boils fast</p></div>
<div class="spr-review-reply"><p class="spr-review-reply-body">Thank you</p></div></div>"""
JUDGE_ME = """<div class='jdgm-rev' data-verified-buyer='true' data-review-id='r-9' data-thumb-up-count='3'>
<div class='jdgm-rev__header'><span class='jdgm-rev__rating' data-score='5' aria-label='5 star review'></span>
<span class='jdgm-rev__timestamp' data-content='2026-11-01 12:47:48 UTC'></span>
<span class='jdgm-rev__author'>乙</span><span class='jdgm-rev__location'>(CN)</span>
<span data-badge-type=review_earned_for_future_purchase></span></div>
<b class='jdgm-rev__title'>Great</b><div class='jdgm-rev__body'><p>Best pot</p></div>
<div class='jdgm-rev__pics'><img src='1.jpg'></div><div class='jdgm-rev__reply'> </div></div>"""
AJAX = {
    "id": 1,
    "title": "Kettle",
    "handle": "kettle",
    "vendor": "Bear",
    "price": 5900,
    "price_min": 5900,
    "price_max": 8905,
    "compare_at_price": 9900,
}


class Shop(Shopify):
    """A shop."""

    name = "shop"
    domains = ("shopify.example", "judge.me")


def read(content: object, url: str = URL) -> list[Any]:
    html = isinstance(content, str)
    body = (content if isinstance(content, str) else json.dumps(content)).encode()
    response = (HtmlResponse if html else TextResponse)(url, body=body, encoding="utf-8")
    return list(getattr(Shop(), Shop.reads(url) or "none")(response))


def test_a_page_without_an_app_is_read_by_schema_org_under_its_handle() -> None:
    listing, review = read(SCHEMA)
    assert (listing.identifier, listing.price) == ("kettle", "59.00 CNY")
    assert (review.author, review.item_reviewed) == ("丙", "kettle")


def test_an_apps_reviews_stand_for_those_in_schema_org() -> None:
    listing, first, answered, second = read(SCHEMA + OWN + JUDGE_ME)
    assert isinstance(listing, Listing)
    assert first == Review(
        identifier="7",
        item_reviewed="kettle",
        headline="Good",
        review_body="Boils fast",
        author="甲",
        date_published="Nov 01, 2026",
        rating_value="4",
        best_rating="5",
    )
    assert answered == Post(identifier="7#answer", is_part_of="7", article_body="Thank you")
    assert second == Review(
        identifier="r-9",
        item_reviewed="kettle",
        headline="Great",
        review_body="Best pot",
        author="乙",
        date_published="2026-11-01 12:47:48 UTC",
        rating_value="5",
        best_rating="5",
        location="(CN)",
        useful_count="3",
        badges="verified-buyer review_earned_for_future_purchase",
        image_count=1,
    )
    assert all(place_of(value) for value in (first.rating_value, second.rating_value, answered.article_body))


def test_an_apps_reviews_are_read_where_there_is_no_schema_org() -> None:
    assert [review.author for review in read(OWN)[:1]] == ["甲"]
    with pytest.raises(ExtractionError, match=r"no schema.org thing"):
        read("<p>Just a moment</p>")


def test_the_product_as_ajax_has_it_in_hundredths() -> None:
    (listing,) = read(AJAX, f"{URL}.js")
    assert (listing.identifier, listing.name, listing.brand) == ("kettle", "Kettle", "Bear")
    assert (listing.price, listing.list_price) == ("59.00-89.05", "99.00")
    assert place_of(listing.price) == "#/price_min | #/price_max"
    (single,) = read({"title": "Pin", "handle": "pin", "price": 5}, f"{URL}.js")
    assert single.price == "0.05"
    with pytest.raises(ExtractionError, match="expected whole hundredths"):
        read({**AJAX, "price_min": 59.5}, f"{URL}.js")


def test_the_product_as_json() -> None:
    variants = [{"price": "59.00", "compare_at_price": "99.00"}]
    (listing,) = read(
        {"product": {"handle": "kettle", "title": "Kettle", "variants": variants}}, f"{URL}.json"
    )
    assert (listing.identifier, listing.price, listing.list_price) == ("kettle", "59.00", "99.00")


def test_an_answer_of_the_app() -> None:
    url = "https://judge.me/reviews/reviews_for_widget?product_id=1&page=1"
    (review,) = read({"html": f"<div>{JUDGE_ME}</div>", "total_count": 1}, url)
    assert (review.author, review.item_reviewed) == ("乙", "1")
    assert place_of(review.author) == "#/html > /html/body/div/div/div[1]/span[3]"


def test_a_review_that_is_not_understood_costs_no_other() -> None:
    (odd, review, _) = read('<div class="spr-review"></div>' + OWN)
    assert isinstance(odd, Oddity)
    assert review.identifier == "7"


@pytest.mark.parametrize("content", [[], 1, {}, {"product": []}, {"product": {"title": "x"}}])
@pytest.mark.parametrize("ending", [".js", ".json"])
def test_an_answer_that_is_no_product_is_refused(content: object, ending: str) -> None:
    with pytest.raises(ExtractionError):
        read(content, URL + ending)


@pytest.mark.parametrize("ending", ["", ".js", ".json", "?variant=1", ".js?variant=1", "#top"])
def test_the_handle_in_an_address(ending: str) -> None:
    assert handle_of(f"http://shopify.example/collections/all/products/kettle{ending}") == "kettle"


def test_an_address_without_a_handle_is_refused() -> None:
    with pytest.raises(ExtractionError, match="no name of a product"):
        handle_of("http://shopify.example/collections/all")
