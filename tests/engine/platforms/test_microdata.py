"""Microdata by the rules of the HTML Standard, and beside a library that reads it too."""

import json
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import HtmlResponse

from crawler.engine.platforms import microdata
from crawler.engine.platforms.microdata import items
from crawler.engine.reading import Json
from crawler.errors import ExtractionError
from crawler.quoted import place_of

URL = "http://shop.example/shelf/kettle"
SAVED = (
    "bestbuy/listing-1.html",
    "brooklynbrewshop/reviews-1.html",
    "etsy/listing-1.html",
    "juno/listing-1.html",
    "microdata/reviews-1.html",
    "newegg/listing-1.html",
    "yelp/reviews-1.html",
)


def page(html: str) -> HtmlResponse:
    return HtmlResponse(URL, body=f"<html><body>{html}</body></html>".encode(), encoding="utf-8")


def read(html: str) -> Json:
    (item,), loose = items(page(html))
    assert loose == []
    return item


@pytest.mark.parametrize(
    ("element", "value", "place"),
    [
        ('<meta itemprop="p" content="59.90">', "59.90", "/meta/@content"),
        ('<a itemprop="p" href="../cup">cup</a>', "http://shop.example/cup", "/a/@href"),
        (
            '<link itemprop="p" href="https://schema.org/InStock">',
            "https://schema.org/InStock",
            "/link/@href",
        ),
        ('<img itemprop="p" src="1.jpg">', "http://shop.example/shelf/1.jpg", "/img/@src"),
        ('<object itemprop="p" data="1.pdf"></object>', "http://shop.example/shelf/1.pdf", "/object/@data"),
        ('<a itemprop="p">no address</a>', "", None),
        ('<a itemprop="p" href="http://[">bad</a>', "http://[", "/a/@href"),
        ('<data itemprop="p" value="5">five</data>', "5", "/data/@value"),
        ('<meter itemprop="p" value="4">4 of 5</meter>', "4", "/meter/@value"),
        ('<time itemprop="p" datetime="2026-11-01">1 Nov</time>', "2026-11-01", "/time/@datetime"),
        ('<time itemprop="p">2026-11-01</time>', "2026-11-01", "/time"),
        ('<span itemprop="p" content="CNY">¥</span>', "CNY", "/span/@content"),
        ('<p itemprop="p">very <b>good</b><br>pot</p>', "very good\npot", "/p"),
    ],
)
def test_what_the_value_of_an_element_is(element: str, value: str, place: str | None) -> None:
    found = read(f"<div itemscope>{element}</div>")["p"]
    assert found == value
    assert place_of(found) == (f"/html/body/div{place}" if place else None)


def test_items_within_items_and_several_values() -> None:
    item = read(
        '<div itemscope itemtype="https://schema.org/Product https://schema.org/Car" itemid="/p/1">'
        '<b itemprop="name alternateName">Pot</b> <i itemprop="name">Kettle</i>'
        '<p itemprop="offers" itemscope itemtype="https://schema.org/Offer"><b itemprop="price">59</b></p></div>'
    )
    assert item == {
        "@type": ["https://schema.org/Product", "https://schema.org/Car"],
        "@id": "http://shop.example/p/1",
        "name": ["Pot", "Kettle"],
        "alternateName": "Pot",
        "offers": {"@type": ["https://schema.org/Offer"], "price": "59"},
    }


def test_itemref_leads_to_properties_elsewhere_each_once() -> None:
    item = read(
        '<p id="a"><b itemprop="name">Pot</b></p>'
        '<div itemscope itemref="a b missing a"><i itemprop="sku">1</i></div><p id="b" itemprop="brand">Bear</p>'
    )
    assert item == {"sku": "1", "name": "Pot", "brand": "Bear"}


def test_a_property_of_no_item_is_loose_with_what_is_in_it() -> None:
    html = '<div itemscope></div><p itemprop="review" itemscope><b itemprop="author" itemscope></b></p>'
    assert items(page(html)) == ([{}], [{"author": {}}])


def test_items_that_refer_to_one_another_end() -> None:
    item = read(
        '<div itemscope itemref="b"></div>'
        '<p id="b" itemprop="x" itemscope itemref="c"></p><p id="c" itemprop="y" itemscope itemref="b"></p>'
    )
    assert item["x"]["y"]["x"] is item["x"]


def test_the_second_document_of_a_file_is_read_too() -> None:
    html = '<html><body></body></html><html><body><p itemscope><b itemprop="name">Pot</b></p></body></html>'
    assert items(HtmlResponse(URL, body=html.encode(), encoding="utf-8")) == ([{"name": "Pot"}], [])


def test_itemref_again_and_again_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microdata, "MOST", 1000)
    html = f'<p id="a">{"<b></b>" * 99}</p>' + '<div itemscope itemref="a"></div>'
    assert len(items(page(html))[0]) == 1
    with pytest.raises(ExtractionError, match="hold more than 1000 elements"):
        items(page(html + '<div itemscope itemref="a"></div>' * 20))


def test_texts_within_texts_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microdata, "MOST", 1000)
    with pytest.raises(ExtractionError, match="hold more than 1000 elements"):
        items(page("<div itemscope>" + "<div itemprop=a>" * 99))


def test_deep_nesting_is_read() -> None:
    assert read(f"{'<div itemscope itemprop=a>' * 5000}".replace(" itemprop=a", "", 1))["a"]["a"]


@pytest.mark.parametrize("name", SAVED)
def test_saved_pages_give_what_extruct_gives(name: str, pages: Path) -> None:
    """extruct is an oracle, and no dependency of ours: it loses the places, and takes in what we leave out."""
    extruct = pytest.importorskip(
        "extruct", reason="extruct is not installed; it is an oracle for this test only"
    )
    response = HtmlResponse(URL, body=(pages / name).read_bytes(), encoding="utf-8")
    theirs = extruct.extract(response.text, base_url=URL, syntaxes=["microdata"])["microdata"]
    top, loose = items(response)
    assert sorted(map(_ours, top + loose)) == sorted(map(_theirs, theirs))
    assert theirs


def _canonical(found: Any) -> str:
    return json.dumps(found, sort_keys=True, ensure_ascii=False)


def _ours(item: Json) -> str:
    return _canonical(_simple(item))


def _simple(value: Any) -> Any:
    """White space aside, which a library folds in its own way."""
    if isinstance(value, dict):
        kinds = value.get("@type", [])
        members = {name: _simple(member) for name, member in value.items() if not name.startswith("@")}
        return {"type": kinds, **members}
    return [_simple(member) for member in value] if isinstance(value, list) else "".join(value.split())


def _theirs(item: Any) -> str:
    return _canonical(_like_ours(item))


def _like_ours(value: Any) -> Any:
    if isinstance(value, dict):
        kinds = value.get("type", [])
        members = {name: _like_ours(member) for name, member in value.get("properties", {}).items()}
        return {"type": [kinds] if isinstance(kinds, str) else kinds, **members}
    return [_like_ours(member) for member in value] if isinstance(value, list) else "".join(value.split())
