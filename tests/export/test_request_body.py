"""Bodies of requests as ReplayWeb.page 2.5.3 writes them into addresses (as its code has it)."""

import pytest

from crawler.evidence.warc import Record
from crawler.export.request_body import MOST, request_body


def said(kind: str, body: bytes) -> str:
    head = b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    block = head % (kind.encode(), len(body)) + body
    return request_body(
        Record(
            type="request",
            id="<urn:uuid:1>",
            date="2026-11-22T08:16:41.123456Z",
            content_type="application/http;msgtype=request",
            block=block,
            target_uri="http://a.example/",
        )
    )


@pytest.mark.parametrize(
    ("kind", "body", "wanted"),
    [
        ("application/x-www-form-urlencoded", b"page=2&q=%E8%AF%84", "page=2&q=评"),
        ("application/x-www-form-urlencoded; charset=UTF-8", b"u=http%3A%2F%2Fa", "u=http%3A%2F%2Fa"),
        ("application/x-www-form-urlencoded", b"q=%C6%C0", ""),  # GBK: decodeURI throws
        ("application/json", b'{"a": 1, "b": {"c": ["x y", true]}, "n": null}', "a=1&c=x+y&c.2_=true&n=null"),
        ("application/json", b"{broken", ""),
        ("text/plain;charset=UTF-8", b'{"item": "7"}', "item=7"),
        ("text/plain;charset=UTF-8", b"item=7", "__wb_post_data=aXRlbT03"),
        ("application/octet-stream", b"\x00\x01", "__wb_post_data=AAE="),
        ("multipart/form-data; boundary=xx", b'--xx\r\nX: form-data; name="a"\r\n\r\n1\r\n--xx--', "a=1"),
        ("multipart/form-data", b"--xx", ""),
    ],
)  # fmt: skip
def test_bodies(kind: str, body: bytes, wanted: str) -> None:
    assert said(kind, body) == wanted


def test_long_and_deep_bodies_are_bounded() -> None:
    assert len(said("text/plain", b"x" * 100_000)) == MOST
    assert said("application/json", b"[" * 100_000) == ""
