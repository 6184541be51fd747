"""Strict reading: what matches, what a person sees, and what is refused with place and page named."""

import pytest
from scrapy.http import HtmlResponse, TextResponse

from crawler.engine.reading import (
    commented,
    json_at,
    json_of,
    leftovers,
    of_type,
    only,
    optional,
    printed,
    select,
    take,
    text,
)
from crawler.errors import ExtractionError

URL = "http://shop.example/item/1.html"


def page(body: str) -> HtmlResponse:
    return HtmlResponse(URL, body=body.encode(), encoding="utf-8")


def answer(body: str) -> TextResponse:
    return TextResponse(URL, body=body.encode(), encoding="utf-8")


def test_only_and_optional_take_one_match() -> None:
    response = page("<h1>标题</h1><p id=a>一</p>")
    assert text(only(response, "h1")) == "标题"
    assert text(only(response, '//p[@id="a"]')) == "一"
    assert optional(response, ".price") is None
    assert text(optional(response, ".price")) is None


@pytest.mark.parametrize(
    ("reader", "body", "count"),
    [(only, "<p>", 0), (only, "<h1>a</h1><h1>b</h1>", 2), (optional, "<h1>a</h1><h1>b</h1>", 2)],
)
def test_another_number_of_matches_is_refused_with_selector_count_and_page(
    reader: object, body: str, count: int
) -> None:
    with pytest.raises(ExtractionError, match=rf"'h1' matches {count} times.*{URL}"):
        reader(page(body), "h1")  # type: ignore[operator]


def test_a_refusal_inside_a_part_of_the_page_names_the_page() -> None:
    part = only(page("<div><p>1</p></div>"), "div")
    with pytest.raises(ExtractionError, match=URL):
        only(part, "h1")


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<div> 一  二\n三 </div>", "一 二 三"),
        ("<div>一<br>二<br/><br/>三</div>", "一\n二\n三"),
        ("<div><p>一</p><p>二</p></div>", "一\n二"),
        ("<div>一<p>二</p>三</div>", "一\n二\n三"),
        ("<div>价<b>59</b>元</div>", "价59元"),
        ("<div>一<script>var a</script>二<style>p{}</style>三</div>", "一二三"),
        ("<div>一<noscript><b>no</b></noscript>二</div>", "一二"),
        ("<div>一<!-- no -->二</div>", "一二"),
        ("<div>2024-8-6&nbsp;22:55</div>", "2024-8-6 22:55"),
        ("<div>　　段落　</div>", "段落"),
        ("<div>工　价</div>", "工　价"),
        ("<div></div>", ""),
    ],
)
def test_text_is_what_a_person_reads(markup: str, expected: str) -> None:
    response = page(f"<body>前{markup}后")
    assert text(only(response, "div")) == expected


def test_text_of_an_attribute() -> None:
    assert text(only(page('<a title=" 甲  乙 ">x</a>'), "a::attr(title)")) == "甲 乙"


def test_xpath_sees_a_second_document_in_the_file() -> None:
    response = page("<html><body>1</body></html><html><body><code>2</code></body></html>")
    assert [text(found) for found in select(response, "//code")] == ["2"]


@pytest.mark.parametrize(
    "body",
    ['{"a": 4.60, "b": 1}', 'fetchJSON_comment98({"a": 4.60, "b": 1});', '/**/ cb( {"a":4.60,"b":1} )'],
)
def test_json_and_jsonp_keep_numbers_as_printed(body: str) -> None:
    assert json_of(answer(body)) == {"a": "4.60", "b": "1"}


@pytest.mark.parametrize("body", ["<html>", "", "{'a': 1}", "[" * 100_000])
def test_what_is_not_json_is_refused(body: str) -> None:
    with pytest.raises(ExtractionError, match=f"expected JSON on {URL}"):
        json_of(answer(body))


def test_json_at_reads_an_attribute() -> None:
    response = page("""<li data-field='{"id": 7}'></li><p data-field="[]"></p><b></b>""")
    assert json_at(only(response, "li"), "data-field") == {"id": "7"}
    with pytest.raises(ExtractionError, match="@data-field is list"):
        json_at(only(response, "p"), "data-field")
    with pytest.raises(ExtractionError, match="<b> has no attribute 'data-field'"):
        json_at(only(response, "b"), "data-field")


def test_take_removes_a_field_and_refuses_a_missing_one() -> None:
    record = {"id": "1"}
    assert take(record, "id", URL) == "1"
    with pytest.raises(ExtractionError, match=f"'id' is missing.*{URL}"):
        take(record, "id", URL)


def test_of_type_names_the_field() -> None:
    assert of_type([], list, "comments", URL) == []
    with pytest.raises(ExtractionError, match="comments is NoneType 'None', expected list"):
        of_type(None, list, "comments", URL)


@pytest.mark.parametrize(
    ("value", "expected"), [("5", "5"), (" a ", "a"), ("", None), (None, None), (True, None), (5, "5")]
)
def test_printed(value: object, expected: str | None) -> None:
    assert printed(value) == expected


def test_leftovers_names_unread_fields_that_hold_something() -> None:
    record = {"new": 1, "known": 2, "empty": "", "none": None, "off": False, "list": []}
    (odd,) = leftovers(record, URL, ignore=["known"])
    assert not odd.lost
    assert odd.reason.startswith(f"fields ['new'] on {URL} are not read")
    assert list(leftovers(record, URL, ignore=["known", "new"])) == []


def test_commented_reads_the_document_in_a_comment() -> None:
    response = page("<code><!-- <ul><li>甲</li></ul> --></code><pre></pre>")
    assert text(only(commented(only(response, "code"), URL), "li")) == "甲"
    with pytest.raises(ExtractionError, match="matches 0 times"):
        commented(only(response, "pre"), URL)
