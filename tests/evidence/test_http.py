"""HTTP heads and bodies as servers really send them."""

import pytest

from crawler.errors import FormatError
from crawler.evidence.http import dechunk, parse_head, payload, split_interim

ODD = (
    b"HTTP/1.1 200 Alles  Gut\r\ncOnTeNt-TyPe:text/html\r\nSet-Cookie: a=1\r\nset-cookie:\tb=2 \r\n"
    b"X-Raw: \xb5\xe3\xc6\xc0\r\nX-Empty:\r\n\r\nbody"
)


def test_fields_keep_order_case_repetition_and_raw_bytes() -> None:
    head = parse_head(ODD)
    assert head.start_line == b"HTTP/1.1 200 Alles  Gut"
    assert [name for name, _ in head.fields] == [
        b"cOnTeNt-TyPe", b"Set-Cookie", b"set-cookie", b"X-Raw", b"X-Empty",
    ]  # fmt: skip
    assert head.values(b"SET-COOKIE") == [b"a=1", b"b=2"]
    assert head.values(b"x-raw") == [b"\xb5\xe3\xc6\xc0"]
    assert head.values(b"x-empty") == [b""]
    assert ODD[head.length :] == b"body"
    assert (head.status, head.chunked) == (200, False)


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\n\n", b"\n\r\n"])
def test_bare_line_feeds_end_lines_and_heads_in_any_mixture(end: bytes) -> None:
    message = b"HTTP/1.1 200 OK\nA: 1\r\nB: 2" + end + b"\n\nx"
    head = parse_head(message)
    assert head.fields == ((b"A", b"1"), (b"B", b"2"))
    assert message[head.length :] == b"\n\nx"


def test_a_folded_field_is_one_value() -> None:
    assert parse_head(b"HTTP/1.1 200 OK\r\nA: 1;\r\n\t b\r\n\r\n").fields == ((b"A", b"1; b"),)


def test_a_head_without_fields() -> None:
    assert parse_head(b"HTTP/1.1 204 No Content\r\n\r\n").fields == ()


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nA: 1\r\n", "no blank line"),
        (b"", "no blank line"),
        (b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "without a colon: b'nonsense'"),
    ],
)
def test_what_is_no_head_is_refused(message: bytes, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        parse_head(message)


@pytest.mark.parametrize("line", [b"HTTP/1.1", b"HTTP/1.1 OK 200", b"ICY \xb2\xb3"])
def test_a_status_line_without_a_status(line: bytes) -> None:
    with pytest.raises(FormatError, match="no status code"):
        _ = parse_head(line + b"\r\n\r\n").status


@pytest.mark.parametrize(
    ("coding", "chunked"),
    [
        (b"chunked", True),
        (b"Chunked ", True),
        (b"gzip, chunked", True),
        (b"chunked, gzip", False),
        (b"", False),
    ],
)
def test_chunked_is_the_last_transfer_coding(coding: bytes, chunked: bool) -> None:
    assert parse_head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + coding + b"\r\n\r\n").chunked is chunked


def test_payload_undoes_chunks_and_keeps_the_content_coding() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
    body = b"3;name=value\r\n\x1f\x8b\x08\r\n0A\r\n\r\n01234567\r\n0\r\nTrailer: x\r\n\r\n"
    assert payload(head + body) == b"\x1f\x8b\x08\r\n01234567"


def test_payload_ends_at_content_length() -> None:
    assert payload(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd") == b"ab"
    assert payload(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcd") == b"abcd"
    assert payload(b"HTTP/1.1 200 OK\r\n\r\nabcd") == b"abcd"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"5\r\nabc", "chunk of 5 bytes"),
        (b"3\r\nabcX\r\n0\r\n\r\n", "chunk of 3 bytes"),
        (b"3\r\nabc\r\n", "size line is cut at byte 8"),
        (b"0x3\r\nabc\r\n0\r\n\r\n", "not hexadecimal"),
        (b"+3\r\nabc\r\n0\r\n\r\n", "not hexadecimal"),
        (b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n", "not hexadecimal"),
        (b"-1\r\n\r\n", "not hexadecimal"),
        (b"\r\n0\r\n\r\n", "not hexadecimal"),
        (b"f" * 5000 + b"\r\n", "not hexadecimal"),
    ],
)
def test_broken_chunks_are_refused(body: bytes, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        dechunk(body)


def test_interim_answers_are_counted_and_a_cut_one_is_not() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    final = b"HTTP/1.1 200 OK\r\n\r\n"
    assert split_interim(final) == 0
    assert split_interim(b"HTTP/1.1 100 Continue\r\n\r\n" + hints + final) == 25 + len(hints)
    assert split_interim(hints + b"HTTP/1.1 103 Early") == len(hints)
    assert split_interim(b"HTTP/1.1 101 Switching Protocols\r\n\r\n") == 0
