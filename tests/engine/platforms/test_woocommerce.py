"""WooCommerce: pages of ours after its own templates, and answers after the documentation of its Store API."""

import json
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse, TextResponse

from crawler.engine.platforms.woocommerce import WooCommerce
from crawler.engine.reading import Oddity
from crawler.errors import ExtractionError
from crawler.items import Listing, Post, Review
from crawler.quoted import place_of

URL = "http://woo.example/product/kettle/"
API = "http://woo.example/wp-json/wc/store/v1/products/reviews?product_id=34"


def review(
    number: int, author: str, body: str, stars: str = "", children: str = "", kind: str = "review"
) -> str:
    rated = (
        f'<div class="star-rating" role="img" aria-label="Rated {stars} out of 5"><span style="width:80%">'
        f'Rated <strong class="rating">{stars}</strong> out of 5</span></div>'
    )
    return f"""<li class="{kind} even depth-1" id="li-comment-{number}">
<div id="comment-{number}" class="comment_container"><img class="avatar" src="a.png"><div class="comment-text">
{rated if stars else ""}<p class="meta"><strong class="woocommerce-review__author">{author}</strong>
<em class="woocommerce-review__verified verified">(verified owner)</em> <span>–</span>
<time class="woocommerce-review__published-date" datetime="2026-11-01T08:00:00+08:00">November 1, 2026</time></p>
<div class="description"><p>{body}</p></div></div></div>{children}</li>"""


ANSWER = f'<ul class="children">{review(23, "Shop", "Thank you", kind="comment")}</ul>'
PRICE = '<del><span class="woocommerce-Price-amount amount"><bdi>¥99</bdi></span></del> \
<span class="screen-reader-text">Current price is: ¥59.</span> \
<ins><span class="woocommerce-Price-amount amount"><bdi><span>¥</span>59</bdi></span></ins>'


def page(reviews: str, price: str = PRICE) -> str:
    return f"""<html><body class="single-product"><div id="product-34" class="product type-product">
<div class="summary entry-summary"><h1 class="product_title entry-title">Kettle</h1>
<div class="woocommerce-product-rating"><div class="star-rating"><span>Rated <strong class="rating">4.50</strong> of 5
based on <span class="rating">2</span> ratings</span></div>
<a href="#reviews" class="woocommerce-review-link">(<span class="count">2</span> customer reviews)</a></div>
<p class="price">{price}</p></div>
<div id="reviews" class="woocommerce-Reviews"><ol class="commentlist">{reviews}</ol>
<nav class="woocommerce-pagination"><a class="next" href="{URL}comment-page-2/#comments">→</a></nav></div>
<section class="related"><div class="product type-product post-9"><h2>Cup</h2></div></section></div></body></html>"""


class Woo(WooCommerce):
    """A shop."""

    name = "woo"
    domains = ("woo.example",)


def product(html: str) -> list[Any]:
    return list(Woo().parse_product(HtmlResponse(URL, body=html.encode(), encoding="utf-8")))


def answer(content: object, url: str = API, **headers: str) -> list[Any]:
    response = TextResponse(
        url, headers={"Content-Type": "application/json", **headers}, body=json.dumps(content).encode()
    )
    return list(Woo().parse_answer(response))


def test_a_product_its_reviews_and_what_was_answered() -> None:
    listing, first, posted, second, following = product(
        page(review(22, "甲", "好<br>用", "5", ANSWER) + review(24, "乙", "行", "4"))
    )
    assert listing == Listing(
        identifier="34",
        url=URL,
        name="Kettle",
        price="¥59",
        list_price="¥99",
        rating_value="4.50",
        best_rating="5",
        review_count="2",
    )
    assert first == Review(
        identifier="22",
        item_reviewed="34",
        review_body="好\n用",
        author="甲",
        badges="(verified owner)",
        date_published="2026-11-01T08:00:00+08:00",
        rating_value="5",
        best_rating="5",
    )
    assert all(
        place_of(value) for value in (listing.price, first.author, first.review_body, first.rating_value)
    )
    assert isinstance(posted, Post)
    assert (posted.identifier, posted.is_part_of, posted.article_body) == ("23", "22", "Thank you")
    assert (second.author, second.rating_value) == ("乙", "4")
    assert isinstance(following, Request)


def test_a_range_of_prices() -> None:
    ends = '<span class="woocommerce-Price-amount amount">¥10</span> – <span class="amount">¥20</span>'
    assert product(page("", ends))[0].price == "¥10-¥20"


def test_a_review_that_is_not_understood_costs_no_other() -> None:
    (_, odd, found, _) = product(page('<li class="review"><p>?</p></li>' + review(24, "乙", "行")))
    assert isinstance(odd, Oddity)
    assert (found.author, found.rating_value) == ("乙", None)


def test_a_theme_of_its_own_is_read_by_schema_org() -> None:
    thing = {
        "@type": "Product",
        "name": "Kettle",
        "sku": "K1",
        "review": {"author": "甲", "reviewBody": "好"},
    }
    listing, found = product(f'<script type="application/ld+json">{json.dumps(thing)}</script>')
    assert (listing.identifier, found.author) == ("K1", "甲")
    with pytest.raises(ExtractionError):
        product("<p>Just a moment</p>")


RECORD = {
    "id": 22,
    "date_created": "2026-11-01T08:00:00",
    "formatted_date_created": "November 1, 2026",
    "date_created_gmt": "2026-11-01T00:00:00",
    "product_id": 34,
    "product_name": "Kettle",
    "product_permalink": URL,
    "product_image": {"id": 1},
    "reviewer": "甲",
    "review": "<p>好<br>用</p>\n",
    "rating": 5,
    "verified": True,
    "reviewer_avatar_urls": {"24": "a.png"},
}


def test_an_answer_of_the_store_api() -> None:
    found, following = answer([RECORD], **{"X-WP-TotalPages": "2"})
    assert found == Review(
        identifier="22",
        url=URL,
        item_reviewed="34",
        review_body="好\n用",
        author="甲",
        badges="verified",
        date_published="2026-11-01T00:00:00Z",
        rating_value="5",
        best_rating="5",
    )
    assert place_of(found.review_body) == "#/0/review > /html"
    assert following.url == f"{API}&page=2"
    assert Woo.reads(following.url) == "parse_answer"


def test_the_last_answer_a_review_without_stars_and_a_new_member() -> None:
    found, odd = answer([{**RECORD, "rating": 0, "new": "x"}], f"{API}&page=2", **{"X-WP-TotalPages": "2"})
    assert found.rating_value is None
    assert "['new']" in odd.reason


@pytest.mark.parametrize("content", [{"code": "rest_no_route"}, None, "x", 1])
def test_an_answer_that_is_no_list_is_refused(content: object) -> None:
    with pytest.raises(ExtractionError):
        answer(content)
