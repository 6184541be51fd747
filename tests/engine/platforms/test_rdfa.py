"""RDFa Lite 1.1: its five attributes, and what a value is."""

import pytest
from scrapy.http import HtmlResponse

from crawler.engine.platforms.rdfa import items
from crawler.engine.reading import Json
from crawler.quoted import place_of

URL = "http://shop.example/shelf/kettle"


def read(html: str) -> list[Json]:
    return items(HtmlResponse(URL, body=f"<html><body>{html}</body></html>".encode(), encoding="utf-8"))


@pytest.mark.parametrize(
    ("element", "value", "place"),
    [
        ('<meta property="p" content="59.90">', "59.90", "/meta/@content"),
        ('<a property="p" href="../cup">cup</a>', "http://shop.example/cup", "/a/@href"),
        ('<img property="p" src="1.jpg">', "http://shop.example/shelf/1.jpg", "/img/@src"),
        ('<time property="p" datetime="2026-11-01">1 Nov</time>', "2026-11-01", "/time/@datetime"),
        ('<span property="p" content="CNY">¥</span>', "CNY", "/span/@content"),
        ('<p property="p">very <b>good</b></p>', "very good", "/p"),
    ],
)
def test_what_the_value_of_an_element_is(element: str, value: str, place: str) -> None:
    (item,) = read(f'<div vocab="https://schema.org/" typeof="Product">{element}</div>')
    assert item["p"] == value
    assert place_of(item["p"]) == f"/html/body/div{place}"


def test_things_within_things_and_several_values() -> None:
    (item,) = read(
        '<div vocab="http://schema.org" typeof="Product"><b property="name">Pot</b><i property="name">Kettle</i>'
        '<p property="offers" typeof="Offer"><b property="price">59</b></p></div>'
    )
    assert item == {
        "@type": ["http://schema.org/Product"],
        "name": ["Pot", "Kettle"],
        "offers": {"@type": ["http://schema.org/Offer"], "price": "59"},
    }


def test_prefixes_and_whole_addresses_stand_for_the_vocabulary() -> None:
    (item,) = read(
        '<div prefix="s: https://schema.org/" typeof="s:Product"><b property="s:name">Pot</b>'
        '<i property="schema:sku">1</i><i property="https://schema.org/mpn">2</i><i property="x:no">3</i>'
        '<i property="no">4</i></div>'
    )
    assert item == {"@type": ["https://schema.org/Product"], "name": "Pot", "sku": "1", "mpn": "2"}


def test_resource_brings_together_what_stands_apart() -> None:
    html = (
        '<div vocab="https://schema.org/"><div typeof="Product" resource="#pot"><b property="name">Pot</b></div>'
        '<div resource="#pot"><i property="sku">1</i><i property="seller" resource="#bear"></i></div>'
        '<div typeof="Organization" resource="#bear"><b property="name">Bear</b></div></div>'
    )
    product, seller = read(html)
    assert (product["name"], product["sku"], product["@id"]) == ("Pot", "1", f"{URL}#pot")
    assert product["seller"] is seller
    assert seller["name"] == "Bear"


def test_open_graph_is_no_part_of_it() -> None:
    assert (
        read('<meta property="og:title" content="Pot"><div typeof="Product"><b property="name">Pot</b></div>')
        == []
    )


def test_deep_nesting_is_read() -> None:
    html = (
        '<div vocab="https://schema.org/" typeof="Product">'
        + '<div property="isPartOf" typeof="Thing">' * 3000
    )
    assert len(read(html)) == 1
