"""Tables of a page: one match where one is meant, odd rows that cost no other, values that know their place."""

import json
from typing import Any

import pytest
from lxml import html
from scrapy.http import HtmlResponse

from crawler.engine.queries import query
from crawler.engine.reading import Oddity, fragment, only, parse_js, parse_json, script_with, text
from crawler.engine.rows import JsonRows, Rows, search
from crawler.errors import ExtractionError
from crawler.items import Listing, Review
from crawler.quoted import Quoted, place_of

URL = "https://shop.example/reviews"
PAGE = """<html><head><title>评价</title><script>
var state = {"list": [{"text": "<p>好<b>评</b></p>"}], x: undefined};</script>
</head><body><ul>
<li id="r1"><a class="who" href="/u/1">甲</a><i class="stars star-4"></i><p>很好<br>推荐</p></li>
<li id="r2"><a class="who">乙</a><p>一般</p><p>又一段</p></li>
<li id="r3"><i class="stars star-1"></i><p></p></li>
<li id="r4" class="ad"><a class="who">丙</a><p>广告</p></li>
</ul></body></html>"""
REVIEWS = Rows(
    Review,
    "li[id]",
    identifier="@id",
    review_body="p",
    author=".who?",
    author_identifier=".who::attr(href)?",
    rating_value=("./i/@class?", lambda name: name.removeprefix("stars star-")),
    promoted="self::li[@class='ad']".replace("self::", "./self::"),
)


def page(body: str = PAGE) -> HtmlResponse:
    return HtmlResponse(URL, body=body.encode(), encoding="utf-8")


def read() -> tuple[list[Review], list[Oddity]]:
    found = list(REVIEWS.read(page(), item_reviewed="7"))
    reviews = [one for one in found if isinstance(one, Review)]
    return reviews, [one for one in found if isinstance(one, Oddity)]


def test_rows_become_items() -> None:
    reviews, _ = read()
    assert [(r.identifier, r.review_body, r.author, r.rating_value, r.promoted) for r in reviews] == [
        ("r1", "很好\n推荐", "甲", "4", False),
        ("r3", "", None, "1", False),
        ("r4", "广告", "丙", None, True),
    ]
    assert {review.item_reviewed for review in reviews} == {"7"}
    assert reviews[0].author_identifier == "/u/1"


def test_a_row_with_two_of_what_should_be_one_is_reported_with_its_place() -> None:
    _, (odd,) = read()
    assert odd.lost
    assert odd.reason.startswith("'p' matches 2 times, expected exactly 1, on https://shop.example/reviews")
    assert odd.place == "/html/body/ul/li[2]"


def test_every_place_leads_back_to_the_value() -> None:
    tree = html.document_fromstring(PAGE)
    first, *_ = read()[0]
    for value in (
        first.review_body,
        first.author,
        first.author_identifier,
        first.rating_value,
        first.identifier,
    ):
        place = place_of(value)
        assert place is not None
        (found,) = tree.xpath(place)
        shown = found if isinstance(found, str) else found.text_content()
        assert str(value).replace("\n", "") in shown


@pytest.mark.parametrize(("written", "why"), [("p", "2 times"), (".none", "0 times"), ("b?", "2 times")])
def test_a_query_matches_once(written: str, why: str) -> None:
    with pytest.raises(ExtractionError, match=why):
        query(written).value(page("<p>1</p><p>2</p><b>1</b><b>2</b>"))


def test_queries_know_what_parsel_knows() -> None:
    shown = page("<p class='a b'>7 条</p><p>x</p>")
    assert query("p:contains('条')").value(shown) == "7 条"
    assert query("//p[re:test(text(), '^[0-9]')]").value(shown) == "7 条"
    assert query("//p[has-class('b')]/@class").value(shown) == "a b"
    assert query(".none?").value(shown) is None
    with pytest.raises(ValueError, match="is no query"):
        query("//p[")


def test_a_table_of_unknown_fields_is_refused_at_once() -> None:
    for table in (Rows, JsonRows):
        with pytest.raises(TypeError, match="Review has no field stars"):
            table(Review, "li", stars=".stars")


def test_an_empty_name_is_not_understood() -> None:
    (odd,) = Rows(Listing, "li", identifier="@id", name="b").read(page("<li id=1><b> </b></li>"))
    assert isinstance(odd, Oddity)
    assert "name of a listing is empty" in odd.reason


ANSWER: dict[str, Any] = {
    "data": {
        "list": [
            {"id": 1, "text": "好", "user": {"name": "甲"}, "score": 4.50, "ad": True, "pics": [1]},
            {"id": 2, "text": "差", "user": {}, "score": [], "ad": False},
            {"id": 3, "user": {}},
            {"id": 4, "text": "", "user": {"name": "丁"}, "new": "返现", "ad": 0},
        ]
    }
}
TABLE = JsonRows(
    Review,
    "data.list",
    ignore="pics",
    identifier="id",
    review_body="text",
    author="user.name?",
    rating_value="score?",
    promoted="ad",
)


def test_rows_of_json() -> None:
    found = list(TABLE.read(parse_json(json.dumps(ANSWER), URL), URL))
    reviews = [one for one in found if isinstance(one, Review)]
    assert [(r.identifier, r.review_body, r.author, r.rating_value, r.promoted) for r in reviews] == [
        ("1", "好", "甲", "4.5", True),
        ("4", "", "丁", None, False),
    ]
    assert place_of(reviews[0].author) == "#/data/list/0/user/name"
    odd = [one for one in found if isinstance(one, Oddity)]
    assert [one.lost for one in odd] == [True, True, False]
    assert "'score?' is list" in odd[0].reason
    assert "'text' is not in ['id', 'user']" in odd[1].reason
    assert "['new']" in odd[2].reason


def test_no_list_is_an_error_unless_it_may_lack() -> None:
    with pytest.raises(ExtractionError, match=r"data.list is NoneType"):
        list(TABLE.read({"data": None}, URL))
    assert list(JsonRows(Review, "data.list?", identifier="id", review_body="t").read({}, URL)) == []


def test_places_lead_into_scripts_json_and_the_html_within() -> None:
    source = script_with(page(), r"state = (\{.*?\});")
    value = search(parse_js(source, URL), "list[0].text")
    assert isinstance(value, Quoted)
    assert value.place == "/html/head/script > #/list/0/text"
    bold = only(fragment(value, URL), "b")
    assert text(bold) == "评"
    assert place_of(text(bold)) == "/html/head/script > #/list/0/text > /html/body/p/b"


def test_a_script_that_is_not_there_or_twice() -> None:
    for body, times in (("<p></p>", 0), ("<script>a = {1};</script><script>a = {2};</script>", 2)):
        with pytest.raises(ExtractionError, match=f"occurs {times} times"):
            script_with(page(body), r"a = (\{.*?\});")


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("f({a: undefined})", {"a": None}),
        ("x = {a: 'b', c: [1, .5,], }", {"a": "b", "c": ["1", "0.5"]}),
    ],
)
def test_literals_of_javascript(source: str, value: object) -> None:
    assert parse_js(source, URL) == value


def test_what_is_no_literal_is_refused() -> None:
    with pytest.raises(ExtractionError, match="expected a literal"):
        parse_js("nothing here", URL)


def test_of_very_many_odd_rows_the_first_are_listed() -> None:
    many = page("<ul>" + "<li id=x></li>" * 3000 + "</ul>")
    *listed, last = (one for one in REVIEWS.read(many) if isinstance(one, Oddity))
    assert len(listed) == 100
    assert last.reason == "3000 rows were not understood; the first 100 are listed"
    assert last.lost
