"""Messages of other recorders: no secret stays, and every head fits its body or says that it does not."""

import gzip
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.engine.importers.messages import fitted, message_of, withhold
from crawler.errors import FormatError
from crawler.evidence import http

TEXT = b"<p>very good</p>" * 20


def answer(body: bytes, *fields: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *fields]).encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "field",
    [
        b"Cookie: a=SECRET",
        b"cookie:a=SECRET",
        b"SET-COOKIE \t: SECRET",
        b"Set-Cookie: a;\r\n SECRET;\r\n\tSECRET",
        b"Authorization: Basic SECRET",
        b"Proxy-Authorization: SECRET",
        b"Cookie2: SECRET",
    ],
)
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_secrets_are_replaced_whatever_their_spelling(field: bytes, end: bytes) -> None:
    field = field.replace(b"\r\n", end)
    message = end.join([b"GET / HTTP/1.1", b"X-A: 1", field, b"X-B: 2", b"", b"body Cookie: stays"])
    kept, names = withhold(message)
    assert b"SECRET" not in kept
    assert kept.count(b"[withheld]") == 1
    assert len(names) == 1
    assert kept.endswith(end.join([b"X-B: 2", b"", b"body Cookie: stays"]))
    assert [name for name, _ in http.parse_head(kept).fields][::2] == [b"X-A", b"X-B"]


def test_a_message_without_secrets_is_not_touched() -> None:
    message = b"GET / HTTP/1.1\r\nX-Cookie: kept\r\nCookies: kept\r\n\r\nCookie: kept"
    assert withhold(message) == (message, [])


def test_a_message_that_is_cut_in_its_head_holds_no_secret_either() -> None:
    assert b"SECRET" not in withhold(b"HTTP/1.1 200 OK\r\nSet-Cookie: SECR" + b"ET=SECRET")[0]


@given(st.binary(max_size=300))
def test_anything_can_be_looked_through(content: bytes) -> None:
    withhold(content)
    try:
        fitting = fitted(content)
    except FormatError:
        return
    assert http.parse_head(fitting.message).start_line == http.parse_head(content).start_line


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)[2:-4]),
        ("br", brotli.compress(TEXT)),
        ("zstd", b"\x28\xb5\x2f\xfd rest"),
        ("compress-of-tomorrow", b"?"),
        ("identity", TEXT),
    ],
)
def test_a_head_that_fits_is_left_alone(coding: str, body: bytes) -> None:
    message = answer(body, f"Content-Encoding: {coding}", f"Content-Length: {len(body)}")
    assert fitted(message) == (message, (), None)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_decoded_body_gets_a_head_of_its_own(coding: str) -> None:
    fitting = fitted(answer(TEXT, f"content-encoding: {coding}", "Content-Length: 9", "X-A: 1"))
    assert fitting.renamed == ("Content-Encoding", "Content-Length")
    assert fitting.message == answer(
        TEXT,
        f"X-Archive-Orig-content-encoding: {coding}",
        "X-Archive-Orig-Content-Length: 9",
        "X-A: 1",
        f"Content-Length: {len(TEXT)}",
    )
    assert http.payload(fitting.message) == TEXT


def test_chunks_that_were_undone_and_chunks_that_are_cut() -> None:
    fitting = fitted(answer(TEXT, "Transfer-Encoding: chunked"))
    assert fitting.renamed == ("Transfer-Encoding",)
    assert http.payload(fitting.message) == TEXT
    whole = b"5\r\nabcde\r\n0\r\n\r\n"
    assert fitted(answer(whole, "Transfer-Encoding: chunked")).renamed == ()
    cut = fitted(answer(whole[:6], "Transfer-Encoding: chunked"))
    assert (cut.renamed, cut.reason) == ((), "the chunks of its body are broken or cut")


def test_a_decoded_body_in_whole_chunks_keeps_them() -> None:
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(TEXT), TEXT)
    fitting = fitted(answer(chunks, "Transfer-Encoding: chunked", "Content-Encoding: gzip"))
    assert fitting.renamed == ("Content-Encoding",)
    assert http.payload(fitting.message) == TEXT
    assert b"Content-Length" not in fitting.message


def test_lengths_that_are_wrong() -> None:
    longer = fitted(answer(TEXT, "Content-Length: 3"))
    assert http.payload(longer.message) == TEXT
    shorter = fitted(answer(TEXT, "Content-Length: 999"))
    assert shorter.reason == f"its body has {len(TEXT)} of the 999 bytes that its head announces"
    assert fitted(answer(b"", "Content-Length: 999"), method="HEAD").reason is None
    assert fitted(b"HTTP/1.1 304 -\r\nContent-Length: 9\r\n\r\n").reason is None


def test_a_line_break_in_a_described_field_makes_no_other() -> None:
    message = message_of("HTTP/1.1 200 O\r\nK", [("A", "1\r\nB: 2\x00")], b"x")
    assert message == b"HTTP/1.1 200 O K\r\nA: 1 B: 2 \r\n\r\nx"
