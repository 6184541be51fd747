"""The order of events: extra info before or after its partner, absent, once for each hop."""

from itertools import permutations
from typing import Any

import pytest

from crawler.engine.rendering import heads
from crawler.engine.rendering.ledger import MAX_EXCHANGES, Ledger

Json = dict[str, Any]
URL = "http://a.test/x?q=1#f"


def request(url: str = URL, request_id: str = "1", **more: Any) -> Json:
    asked = {"url": url, "method": "GET", "headers": {"User-Agent": "guessed"}}
    return {"requestId": request_id, "request": asked, "timestamp": 5.0, "wallTime": 1_800_000_000.0,
            "type": "Document", "frameId": "F", "initiator": {"type": "other"}, **more}  # fmt: skip


def answer(status: int = 200, **more: Any) -> Json:
    return {"status": status, "statusText": "OK", "headers": {"a": "b"}, "protocol": "http/1.1", **more}


def received(status: int = 200, **more: Any) -> Json:
    return {"requestId": "1", "type": "Document", "response": answer(status), "hasExtraInfo": True, **more}


def extra(status: int = 200) -> Json:
    return {
        "requestId": "1",
        "statusCode": status,
        "headers": {},
        "headersText": f"HTTP/1.1 {status} Exact\r\n\r\n",
    }


SENT = {"requestId": "1", "headers": {"User-Agent": "real", "Cookie": "a=1"}}


ORDERS = [
    order
    for order in permutations(("request_extra", "request", "answer_extra", "answer"))
    if order.index("request") < order.index("answer")  # an answer is never told of before its request
]


@pytest.mark.parametrize("order", ORDERS)
def test_any_order_gives_the_same(order: tuple[str, ...]) -> None:
    ledger = Ledger(lambda _note: None)
    events = {"request_extra": SENT, "request": request(), "answer_extra": extra(), "answer": received()}
    for name in order:
        getattr(ledger, name)(events[name])
    (hop,) = ledger.hops
    assert hop.seen.head == b"HTTP/1.1 200 Exact\r\n\r\n"
    assert hop.seen.head_exact
    assert (
        hop.seen.request_head
        == b"GET /x?q=1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: real\r\nCookie: a=1\r\n\r\n"
    )


def test_extra_info_of_a_redirect_that_comes_late_finds_its_hop() -> None:
    ledger = Ledger(lambda _note: None)
    ledger.request(request())
    ledger.request(request("http://a.test/y", redirectResponse=answer(302), redirectHasExtraInfo=True))
    ledger.answer(received())
    ledger.answer_extra(extra(302))
    ledger.answer_extra(extra(200))
    first, second = ledger.hops
    assert (first.seen.head, second.seen.head) == (
        b"HTTP/1.1 302 Exact\r\n\r\n",
        b"HTTP/1.1 200 Exact\r\n\r\n",
    )
    assert (first.seen.redirected_to, first.open, second.open) == ("http://a.test/y", False, True)


def test_a_hop_without_extra_info_takes_none_of_the_next() -> None:
    ledger = Ledger(lambda _note: None)
    ledger.request(request())
    ledger.request(request("http://a.test/y", redirectResponse=answer(307), redirectHasExtraInfo=False))
    ledger.answer_extra(extra(200))
    ledger.answer(received())
    first, second = ledger.hops
    assert (first.seen.status, first.seen.head_exact) == (307, False)
    assert (second.seen.status, second.seen.head_exact) == (200, True)


def test_an_answer_that_is_held_before_its_request_is_told_of() -> None:
    ledger = Ledger(lambda _note: None)
    held = ledger.held({**request(), "requestId": "interception", "networkId": "1", "resourceType": "Image"})
    assert held is not None
    told = ledger.request(request())
    assert told is held
    assert (held.seen.kind, held.unannounced, len(ledger.hops)) == ("Document", False, 1)


def test_a_second_hop_that_is_held_before_it_is_told_of() -> None:
    ledger = Ledger(lambda _note: None)
    first = ledger.request(request())
    assert first is not None
    ledger.whole(first)
    held = ledger.held({**request(), "networkId": "1", "resourceType": "Document"})  # redirected to itself
    assert held is not first
    assert ledger.request(request(redirectResponse=answer(302), redirectHasExtraInfo=True)) is held
    assert (first.seen.status, first.open) == (302, False)


def test_there_is_an_end_to_what_is_kept() -> None:
    ledger = Ledger(lambda _note: None)
    for number in range(MAX_EXCHANGES + 5):
        ledger.request(request(request_id=str(number)))
    assert (len(ledger.hops), ledger.left_out) == (MAX_EXCHANGES, 5)


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("http://a.test", "a.test", "/"),
        ("https://u:p@a.test:8443/p/q?r=/s#t", "a.test:8443", "/p/q?r=/s"),
        ("http://a.test?q", "a.test", "/?q"),
        ("http://[::1", "[::1", "/"),
    ],
)
def test_addresses_are_split_whatever_they_are(url: str, host: str, target: str) -> None:
    assert heads.split(url) == (host, target)


def test_a_head_cannot_be_broken_by_what_is_in_it() -> None:
    made = heads.answer_head("h2", 200, "", {"x": "1\nX-Two: 2", "y": "a\r\n\r\nbody", ":status": "200"})
    assert made == b"HTTP/2 200\r\nx: 1\r\nx: X-Two: 2\r\ny: a \r\ny:  \r\ny: body\r\n\r\n"
