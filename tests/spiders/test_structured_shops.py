"""Shops with structured pages: one never seen before, in ten lines; and what the saved pages of ours do not show.

The pages are made by us, in the forms of the examples at schema.org/Product and /Review.
"""

import contextlib
import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import HtmlResponse

from crawler.engine.reading import Oddity
from crawler.engine.site import Site, check_site
from crawler.errors import ExtractionError
from crawler.items import Item, Listing, Review
from crawler.quoted import place_of
from tests.spiders.case import Case, all_cases, read_all, spider

OURS = (
    "bakewithzoha",
    "bestbuy",
    "brooklynbrewshop",
    "etsy",
    "juno",
    "madamecuisine",
    "monsterpetsupplies",
    "newegg",
    "polishfoodies",
    "yelp",
)
SPIDER = '''"""Lamps of a shop that nobody has seen before."""

from crawler.engine.platforms.{module} import {base}


class Lamps({base}):
    """Lamps."""
    name = "lamps"
    domains = ("lamps.example",)
    expect = {{"listing": (1, 9)}}
'''
JSON_LD = """<script type="application/ld+json">{"@context": "https://schema.org", "@type": "Product",
"name": "Desk lamp", "description": "A lamp.", "image": "lamp.jpg",
"aggregateRating": {"@type": "AggregateRating", "ratingValue": "3.5", "bestRating": "5", "reviewCount": "11"},
"offers": {"@type": "Offer", "availability": "InStock", "price": "1000.00", "priceCurrency": "USD"},
"review": [
{"@type": "Review", "author": "Ellie", "datePublished": "2011-04-01", "reviewBody": "It burned out.",
"name": "Not happy", "reviewRating": {"@type": "Rating", "bestRating": "5", "ratingValue": "1", "worstRating": "1"}},
{"@type": "Review", "author": {"@type": "Person", "name": "Lucas"}, "datePublished": "2011-03-25",
"reviewBody": "Great light.", "name": "Value", "reviewRating": {"ratingValue": 4, "bestRating": 5}}]}</script>"""
MICRODATA = """<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Desk lamp</h1>
<img itemprop="image" src="lamp.jpg"><div itemprop="aggregateRating" itemscope
itemtype="https://schema.org/AggregateRating">Rated <b itemprop="ratingValue">3.5</b>/<b itemprop="bestRating">5</b>
based on <b itemprop="reviewCount">11</b> reviews</div>
<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><b itemprop="priceCurrency" content="USD">$</b><b
itemprop="price" content="1000.00">1,000.00</b><link itemprop="availability" href="https://schema.org/InStock"></div>
<div itemprop="review" itemscope itemtype="https://schema.org/Review"><b itemprop="name">Not happy</b> by
<b itemprop="author">Ellie</b>, <meta itemprop="datePublished" content="2011-04-01">April 1, 2011
<p itemprop="reviewRating" itemscope itemtype="https://schema.org/Rating"><meta itemprop="worstRating" content="1">
<b itemprop="ratingValue">1</b>/<b itemprop="bestRating">5</b></p><p itemprop="reviewBody">It burned out.</p></div>
<div itemprop="review" itemscope itemtype="https://schema.org/Review"><b itemprop="name">Value</b> by
<p itemprop="author" itemscope itemtype="https://schema.org/Person"><b itemprop="name">Lucas</b></p>
<time itemprop="datePublished" datetime="2011-03-25">March 25</time>
<p itemprop="reviewRating" itemscope itemtype="https://schema.org/Rating"><b itemprop="ratingValue">4</b>/<b
itemprop="bestRating">5</b></p><p itemprop="reviewBody">Great light.</p></div></div>"""
RDFA = """<div vocab="https://schema.org/" typeof="Product"><h1 property="name">Desk lamp</h1>
<img property="image" src="lamp.jpg"><div property="aggregateRating" typeof="AggregateRating">
Rated <b property="ratingValue">3.5</b>/<b property="bestRating">5</b> by <b property="reviewCount">11</b></div>
<div property="offers" typeof="Offer"><b property="priceCurrency" content="USD">$</b><b property="price"
content="1000.00">1,000.00</b><link property="availability" href="https://schema.org/InStock"></div>
<div property="review" typeof="Review"><b property="name">Not happy</b> by <b property="author">Ellie</b>,
<meta property="datePublished" content="2011-04-01">April 1, 2011<p property="reviewRating" typeof="Rating">
<meta property="worstRating" content="1"><b property="ratingValue">1</b>/<b property="bestRating">5</b></p>
<p property="reviewBody">It burned out.</p></div>
<div property="review" typeof="Review"><b property="name">Value</b> by <p property="author" typeof="Person">
<b property="name">Lucas</b></p> <time property="datePublished" datetime="2011-03-25">March 25</time>
<p property="reviewRating" typeof="Rating"><b property="ratingValue">4</b>/<b property="bestRating">5</b></p>
<p property="reviewBody">Great light.</p></div></div>"""
URL = "https://lamps.example/desk-lamp"


@pytest.fixture(params=["schema_org SchemaOrg", "woocommerce WooCommerce"])
def lamps(request: pytest.FixtureRequest, tmp_path: Path) -> type[Site]:
    """A spider from a file of its own, which has ten lines at most."""
    module, base = request.param.split()
    source = SPIDER.format(module=module, base=base)
    assert len([line for line in source.splitlines() if line]) <= 10
    path = tmp_path / "lamps.py"
    path.write_text(source, "utf-8")
    spec = importlib.util.spec_from_file_location(f"lamps_{module}", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    found: type[Site] = loaded.Lamps
    return found


def outputs(site: type[Site], html: str) -> list[Any]:
    response = HtmlResponse(URL, body=f"<html><body>{html}</body></html>".encode(), encoding="utf-8")
    return list(getattr(site(), site.reads(URL) or "none")(response))


@pytest.mark.parametrize("form", [JSON_LD, MICRODATA, RDFA, JSON_LD + MICRODATA + RDFA])
def test_a_shop_never_seen_before_works_in_ten_lines_in_every_form(lamps: type[Site], form: str) -> None:
    assert check_site(lamps) == []
    found = outputs(lamps, form)
    assert [replace(item, identifier="") for item in found] == [
        Listing(
            identifier="",
            url=URL,
            name="Desk lamp",
            price="1000.00 USD",
            review_count="11",
            rating_value="3.5",
            best_rating="5",
        ),
        Review(
            identifier="",
            item_reviewed=URL,
            headline="Not happy",
            review_body="It burned out.",
            author="Ellie",
            date_published="2011-04-01",
            rating_value="1",
            best_rating="5",
        ),
        Review(
            identifier="",
            item_reviewed=URL,
            headline="Value",
            review_body="Great light.",
            author="Lucas",
            date_published="2011-03-25",
            rating_value="4",
            best_rating="5",
        ),
    ]
    for item in found:
        for field in ("price", "rating_value", "review_body", "author", "date_published", "headline"):
            assert place_of(getattr(item, field, None)) or getattr(item, field, None) is None


def test_a_review_has_one_identifier_in_every_form(lamps: type[Site]) -> None:
    """So that a capture of another form of the page, or by another theme, does not double the reviews."""
    identifiers = [[item.identifier for item in outputs(lamps, form)] for form in (JSON_LD, MICRODATA, RDFA)]
    assert identifiers[0] == identifiers[1] == identifiers[2]


CASES = [(name, case) for name, case in all_cases() if name in OURS]


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
@pytest.mark.parametrize("part", ["nothing", "half", "wall"])
def test_a_page_that_is_not_whole_is_refused_or_told(name: str, case: Case, part: str, pages: Path) -> None:
    whole = case.response(pages)
    bodies = {
        "nothing": b"",
        "half": whole.body[: len(whole.body) // 2],
        "wall": b"<html><head><title>Access denied</title></head><body><h1>Are you a robot?</h1></body></html>",
    }
    response = whole.replace(body=bodies[part])
    if part != "half":
        with pytest.raises(ExtractionError, match=re.escape(whole.url)):
            read_all(name, case.callback, response)
        return
    with contextlib.suppress(ExtractionError):
        items, _, odd = read_all(name, case.callback, response)
        assert items or odd


ROW = """<div class="review" data-review-id="{0}" data-signup-object="user_id:u{0}">
<a class="user-display-name">甲{0}</a><div class="review-wrapper"><div class="review-content"><div class="biz-rating">
<i class="star-img" title="4.0 star rating"></i><span class="rating-qualifier"> 10/9/2016
<small>Updated review</small></span></div><p>Good tea</p></div></div></div>"""
HIDDEN = '<div itemprop="review"><meta itemprop="datePublished" content="2016-10-09"></div>'
BUSINESS = """<html><head><meta name="yelp-biz-id" content="b1"></head><body><h1 itemprop="name">Tea</h1>
<div itemprop="aggregateRating"><meta itemprop="ratingValue" content="4.0"><b itemprop="reviewCount">2</b></div>"""


def yelp(html: str) -> tuple[list[Item], list[Oddity]]:
    url = "https://www.yelp.com/biz/tea"
    items, _, odd = read_all(
        "yelp", "parse_business", HtmlResponse(url, body=html.encode(), encoding="utf-8")
    )
    return items, odd


def test_yelp_takes_the_date_from_the_hidden_copy_of_a_review() -> None:
    (business, review), odd = yelp(BUSINESS + HIDDEN + ROW.format(1))
    assert isinstance(business, Listing)
    assert isinstance(review, Review)
    assert (business.identifier, review.item_reviewed) == ("b1", "b1")
    assert (review.date_published, review.author_identifier, odd) == ("2016-10-09", "u1", [])


def test_yelp_takes_the_date_shown_where_the_copies_do_not_match() -> None:
    (_, first, second), (odd,) = yelp(BUSINESS + HIDDEN + ROW.format(1) + ROW.format(2))
    assert isinstance(first, Review)
    assert isinstance(second, Review)
    assert (first.date_published, second.date_published) == ("10/9/2016", "10/9/2016")
    assert "2 reviews shown, 1 hidden" in odd.reason


def test_yelp_reports_a_review_that_it_does_not_understand_and_keeps_the_others() -> None:
    broken = ROW.format(1).replace("star-img", "other")
    items, odd = yelp(BUSINESS + HIDDEN * 2 + broken + ROW.format(2))
    assert [item.identifier for item in items] == ["b1", "2"]
    assert len(odd) == 1


def test_newegg_numbers_a_product_by_either_form_of_its_address() -> None:
    html = '<div itemscope itemtype="http://schema.org/Product"><b itemprop="name">Printer</b></div>'
    for address in ("Product/Product.aspx?Item=N82E1", "xyz-printer/p/N82E1?Item=9SIA"):
        response = HtmlResponse(f"https://www.newegg.com/{address}", body=html.encode(), encoding="utf-8")
        items, _, _ = read_all("newegg", "parse_thing", response)
        assert [item.identifier for item in items] == ["N82E1"]


@pytest.mark.parametrize("name", OURS)
def test_what_is_no_html_is_refused(name: str) -> None:
    site = spider(name)
    callback = site.pages[0].callback
    url = f"https://{site.domains[0]}/biz/listing/1"
    for body in (json.dumps({"error": 403}), "\0\1", "<?xml version='1.0'?><a/>"):
        with pytest.raises(ExtractionError):
            read_all(name, callback, HtmlResponse(url, body=body.encode(), encoding="utf-8"))
