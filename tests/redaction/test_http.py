"""Answers of servers: few fields stay, a body in any coding and charset is read or withheld as a whole."""

import gzip
import json
import zlib

import brotli
import pytest

from crawler.redaction.http import redacted_response
from tests.export.hunt import hunt_bytes
from tests.redaction.masks import ACCOUNT, NAME, OTHER, TOKEN, masker

GONE = [NAME, OTHER, ACCOUNT, TOKEN]
BODY = f"<html><body><p class=user>{NAME}</p><p>好评返现</p></body></html>"


def answer(body: bytes, *fields: str) -> bytes:
    head = "\r\n".join(
        [
            "HTTP/1.1 200 OK",
            "Date: Fri, 20 Nov 2026 08:00:00 GMT",
            f"Set-Cookie: sid={TOKEN}",
            f"X-User: {NAME}",
            *fields,
        ]
    )
    return head.encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (BODY.encode(), ["Content-Type: text/html; charset=utf-8"]),
        (BODY.encode(), ["Content-Type: text/html; charset=gbk"]),  # declared wrongly
        (BODY.encode("gbk"), ["Content-Type: text/html; charset=gbk"]),
        (BODY.encode("gb18030"), ["Content-Type: text/html"]),
        (BODY.encode("utf-16"), ["Content-Type: text/html"]),
        (gzip.compress(BODY.encode(), mtime=0), ["Content-Type: text/html", "Content-Encoding: gzip"]),
        (zlib.compress(BODY.encode()), ["Content-Type: text/html", "Content-Encoding: deflate"]),
        (brotli.compress(BODY.encode()), ["Content-Type: text/html", "Content-Encoding: br"]),
        (
            b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY.encode()), BODY.encode()),
            ["Content-Type: text/html", "Transfer-Encoding: chunked"],
        ),
    ],
    ids=["utf-8", "gbk-declared", "gbk", "gb18030", "utf-16", "gzip", "deflate", "br", "chunked"],
)
def test_a_page_in_any_coding_shows_what_was_said_and_not_who(body: bytes, fields: list[str]) -> None:
    made = redacted_response(answer(body, *fields), masker("platform"))
    assert not made.whole
    assert hunt_bytes(made.block, GONE) == []
    assert "好评返现".encode() in made.payload
    assert b"Date: Fri, 20 Nov 2026 08:00:00 GMT" in made.block
    assert b"set-cookie" not in made.block.lower()


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (gzip.compress(BODY.encode(), mtime=0)[:-12], ["Content-Type: text/html", "Content-Encoding: gzip"]),
        (b"\x89PNG\r\n\x1a\n" + NAME.encode(), ["Content-Type: image/png"]),
        (NAME.encode(), ["Content-Type: application/pdf"]),
        (NAME.encode(), ["Content-Type: application/octet-stream"]),
        (f"{{broken {NAME}".encode(), ["Content-Type: application/json"]),
        (BODY.encode(), ["Content-Type: text/html", "Content-Encoding: unheard-of"]),
    ],
    ids=["broken-gzip", "picture", "pdf", "bytes", "broken-json", "unknown-coding"],
)
def test_what_cannot_be_read_is_withheld_as_a_whole_and_said(body: bytes, fields: list[str]) -> None:
    made = redacted_response(answer(body, *fields), masker("platform"))
    assert made.whole
    assert "整体不予展示" in made.payload.decode()
    assert hunt_bytes(made.block, GONE) == []


def test_a_page_that_nobody_reads_is_withheld() -> None:
    made = redacted_response(answer(BODY.encode(), "Content-Type: text/html"), masker(), known=False)
    assert made.whole
    assert "好评返现".encode() not in made.payload


@pytest.mark.parametrize(
    "block", [b"", b"HTTP/1.1", b"\0" * 40, NAME.encode(), b"HTTP/1.1 200 OK\r\n" + NAME.encode()]
)
def test_what_is_no_answer_never_fails(block: bytes) -> None:
    assert hunt_bytes(redacted_response(block, masker()).block, GONE) == []


def test_a_redirect_leads_where_it_led_without_the_account() -> None:
    block = answer(b"", f"Location: https://shop.example/user/{ACCOUNT}?page=2")
    platform = redacted_response(block, masker("platform")).block
    assert b"Location: https://shop.example/user/" in platform
    assert hunt_bytes(platform, GONE) == []
    assert b"location" not in redacted_response(block, masker("public")).block.lower()


def test_json_is_read_by_its_keys() -> None:
    body = json.dumps({"list": [{"userNick": NAME, "text": "五星"}]}).encode()
    made = redacted_response(answer(body, "Content-Type: application/json"), masker("platform"))
    assert "五星".encode() in made.payload
    assert hunt_bytes(made.payload, GONE) == []
