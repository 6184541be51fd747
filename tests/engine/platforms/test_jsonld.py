"""JSON-LD as pages carry it: lists, graphs, references, broken blocks."""

import json

import pytest
from scrapy.http import HtmlResponse

from crawler.engine.platforms.jsonld import blocks, linked
from crawler.engine.reading import Json, Oddity
from crawler.quoted import place_of

URL = "http://shop.example/kettle"


def response(*scripts: str) -> HtmlResponse:
    content = "".join(f'<script type="application/ld+json">{script}</script>' for script in scripts)
    return HtmlResponse(URL, body=f"<html><head>{content}</head></html>".encode(), encoding="utf-8")


def read(*scripts: str) -> list[list[Json]]:
    return [found for found in blocks(response(*scripts)) if not isinstance(found, Oddity)]


@pytest.mark.parametrize(
    "script",
    [
        '{"name": "壶"}',
        '[{"name": "壶"}, 1]',
        '{"@graph": [{"name": "壶"}, null]}',
        '[{"@graph": {"name": "壶"}}]',
    ],
)
def test_objects_alone_in_lists_and_in_graphs(script: str) -> None:
    assert read(script) == [[{"name": "壶"}]]


def test_values_keep_their_places() -> None:
    (block,) = read('{"@graph": [{}, {"offers": {"price": 59.90}}]}')
    price = block[1]["offers"]["price"]
    assert price == "59.90"
    assert place_of(price) == "/html/head/script/text() > #/@graph/1/offers/price"


def test_a_broken_block_is_passed_over_and_named_with_its_place() -> None:
    found = list(blocks(response('{"a": ', '{"b": 1}')))
    assert isinstance(found[0], Oddity)
    assert f"expected JSON on {URL}" in found[0].reason
    assert (found[0].lost, found[0].place) == (False, "/html/head/script[1]/text()")
    assert found[1] == [{"b": "1"}]


def test_a_reference_is_the_object_of_that_name() -> None:
    shop = {"@id": "#shop", "name": "旗舰店"}
    (product, _) = linked(
        [{"seller": {"@id": "#shop"}, "others": [{"@id": "#shop"}, {"@id": "#none"}]}, dict(shop)]
    )
    assert product["seller"] == shop
    assert product["others"] == [shop, {"@id": "#none"}]


def test_references_in_a_ring_end() -> None:
    first, second = linked([{"@id": "a", "next": {"@id": "b"}}, {"@id": "b", "next": {"@id": "a"}}])
    assert first["next"] is second
    assert second["next"] is first


def test_deep_nesting_is_reported_or_read_but_never_too_much() -> None:
    for depth in (500, 50_000):
        deep = '{"a":' * depth + "1" + "}" * depth
        assert all(
            isinstance(found, Oddity) or json.dumps(sorted(found[0])) for found in blocks(response(deep))
        )
