"""What a replayed page is answered with, and what is refused."""

import pytest

from crawler.engine.rendering.answers import MOST_REFUSED, Answers, Recorded, loose
from crawler.engine.rendering.sliced import cut_out
from crawler.evidence.digest import digest
from crawler.evidence.warc import Record
from tests.export.sample import answer

URL = "http://shop.example/reviews"
HEAD = "Content-Type: text/plain"


def recorded(
    url: str = URL,
    body: bytes = b"good",
    *fields: str,
    method: str = "GET",
    status: str = "200 OK",
    asked: bytes | None = None,
) -> Recorded:
    message = answer(body, HEAD, *fields, f"Content-Length: {len(body)}", status=status)
    record = Record(
        type="response",
        id="<urn:uuid:1>",
        date="2026-11-22T08:16:41.123456Z",
        content_type="application/http;msgtype=response",
        block=message,
        target_uri=url,
    )
    return Recorded(method, record, digest(asked) if asked else None)


def said(answers: Answers, url: str = URL, method: str = "GET", **more: object) -> bytes | None:
    found = answers.to(method, url, **more)  # type: ignore[arg-type]
    return None if found is None else found.body


def test_what_is_not_in_the_record_is_refused_and_named_once() -> None:
    answers = Answers([recorded(), recorded(f"{URL}.json", b"[]")])
    assert (said(answers), said(answers, f"{URL}.json")) == (b"good", b"[]")
    without = Answers([recorded()])
    assert [said(without, f"{URL}.json") for _ in range(2)] == [None, None]
    assert without.refused == [f"{URL}.json"]
    assert said(without, method="POST") is None


def test_refusals_are_bounded() -> None:
    answers = Answers([])
    for number in range(MOST_REFUSED + 50):
        answers.to("GET", f"{URL}/{number}" + "x" * 2000)
    assert len(answers.refused) == MOST_REFUSED
    assert max(map(len, answers.refused)) == 500


def test_the_second_time_gets_the_second_answer() -> None:
    answers = Answers([recorded(body=b"one"), recorded(body=b"two")])
    assert [said(answers) for _ in range(3)] == [b"one", b"two", b"two"]


def test_a_post_gets_the_answer_to_its_own_body() -> None:
    posts = [recorded(body=f"page {n}".encode(), method="POST", asked=b"page=%d" % n) for n in (1, 2)]
    answers = Answers(posts)
    assert said(answers, method="POST", body=b"page=2") == b"page 2"
    assert said(answers, method="POST", body=b"page=1") == b"page 1"
    assert said(answers, method="POST", body=b"page=1") == b"page 1"
    assert said(answers, method="POST", body=b"page=9") == b"page 1"  # a body with a time in it: in turn
    assert answers.refused == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("?p=1&_=1763800000001", "?_=1763800000999&p=1"),
        ("?p=1&t=0.12345", "?p=1&t=0.777"),
        ("?p=1&sign=a1763800000001", "?p=1&sign=a1763800000999"),
    ],
)
def test_volatile_values_do_not_count(one: str, other: str) -> None:
    answers = Answers([recorded(URL + one, b"page 1"), recorded(f"{URL}?p=2", b"page 2")])
    assert said(answers, URL + other) == b"page 1"


def test_what_is_no_address_is_like_itself_alone() -> None:
    assert loose("http://[half") == "http://[half"
    answers = Answers([recorded("http://[half", b"x")])
    assert said(answers, "http://[half") == b"x"
    assert said(answers, "http://[other") is None


def test_a_jsonp_answer_calls_the_function_that_is_asked_for() -> None:
    body = b"/**/ typeof jQuery36_1763 === 'function' && jQuery36_1763({\"a\": 1});"
    answers = Answers([recorded(f"{URL}?callback=jQuery36_1763&p=1", body)])
    assert said(answers, f"{URL}?callback=jQuery99_1800&p=1") == body.replace(b"36_1763", b"99_1800")
    assert said(answers, f"{URL}?callback=alert(1)//&p=1") == body  # no name of a function


def test_redirects_are_followed_in_the_record() -> None:
    hop = recorded(f"{URL}/old", b"", "Location: ../arrived", status="302 Found", method="POST")
    answers = Answers([hop, recorded("http://shop.example/arrived", b"here")])
    assert said(answers, f"{URL}/old", method="POST") == b"here"
    lost = Answers([recorded(f"{URL}/old", b"", "Location: /gone", status="301 Moved")])
    assert said(lost, f"{URL}/old") is None
    assert lost.refused == ["http://shop.example/gone"]


def test_neighbours_of_the_target_of_a_redirect_are_found() -> None:
    hop = recorded(f"{URL}/old?x=/", b"", "Location: http://cdn.example/a/b.css", status="302 Found")
    sheet, picture = (
        recorded("http://cdn.example/a/b.css", b"css"),
        recorded("http://cdn.example/a/c/d.png", b"png"),
    )
    answers = Answers([hop, sheet, picture])
    assert said(answers, f"{URL}/old?x=/") == b"css"
    assert said(answers, f"{URL}/c/d.png") == b"png"
    assert said(answers, f"{URL}/c/e.png") is None
    assert answers.refused == [f"{URL}/c/e.png"]


def test_a_circle_of_redirects_ends() -> None:
    around = Answers([recorded(body=b"", status="307 Temporary Redirect") for _ in range(1)])
    assert around.to("GET", URL) is not None  # a redirect without a target is shown as it is
    circle = Answers([recorded(URL, b"", f"Location: {URL}", status="302 Found")])
    assert said(circle) is None
    assert circle.refused == [URL]


def test_no_name_of_a_field_is_given_twice() -> None:
    fields = (
        "Vary: Origin",
        "vary: Cookie",
        "Set-Cookie: a=1",
        "NEL: {}",
        "X-Archive-Orig-Content-Encoding: br",
    )
    answers = Answers([recorded(URL, b"x", "Content-Security-Policy: default-src 'self'",
                                "Content-Security-Policy: img-src *", *fields)])  # fmt: skip
    found = answers.to("GET", URL)
    assert found is not None
    assert dict(found.fields) == {
        "Content-Type": "text/plain",
        "Content-Security-Policy": "default-src 'self', img-src *",
        "vary": "Origin, Cookie",
    }


@pytest.mark.parametrize("status", ["101 Switching Protocols", "304 Not Modified"])
def test_what_is_no_answer_for_a_replay_is_left_out(status: str) -> None:
    answers = Answers([recorded(body=b"", status=status), recorded()])
    assert said(answers) == b"good"
    assert said(Answers([recorded(body=b"", status=status)])) is None


def test_a_part_is_cut_from_whichever_answer_holds_it() -> None:
    part = recorded(URL, b"6789", "Content-Range: bytes 6-9/10", status="206 Partial Content")
    first = recorded(URL, b"012345", "Content-Range: bytes 0-5/10", status="206 Partial Content")
    for order in ([part, first], [first, part]):
        found = Answers(order).to("GET", URL, wanted="bytes=7-")
        assert found is not None
        assert (found.status, found.body, found.value("content-range")) == (206, b"789", "bytes 7-9/10")
    assert said(Answers([first, part]), wanted="bytes=20-") == b"012345"


@pytest.mark.parametrize(
    ("placed", "wanted", "cut"),
    [
        (None, "bytes=2-4", (b"234", "bytes 2-4/10")),
        (None, "bytes=8-99", (b"89", "bytes 8-9/10")),
        (None, "bytes=10-", None),
        (None, "bytes=-3", None),
        (None, "bytes=5-2", None),
        (None, "lines=1-2", None),
        ("bytes 5-14/*", "bytes=6-7", (b"12", "bytes 6-7/*")),
        ("bytes 5-14/20", "bytes=4-7", None),
        ("nonsense", "bytes=4-7", None),
    ],
)
def test_parts(placed: str | None, wanted: str, cut: tuple[bytes, str] | None) -> None:
    assert cut_out(b"0123456789", placed, wanted) == cut
