"""Which responses are pages, and what their titles are."""

import gzip
import zlib

import pytest

from crawler.evidence.warc import Record
from crawler.export.pages import page_entry
from tests.export.sample import answer

HTML = "Content-Type: text/html"


def response(message: bytes, kind: str = "response") -> Record:
    return Record(
        type=kind,
        id="<urn:uuid:1>",
        date="2026-11-22T08:16:41.123456Z",
        content_type="application/http;msgtype=response",
        block=message,
        target_uri="http://a.example/",
    )


def title(body: bytes, *fields: str) -> str:
    entry = page_entry(response(answer(body, *fields)))
    assert entry is not None
    return entry["title"]


PAGE = "<html><head>{}<title>\n 体验官 &amp;  招募\t</title></head><body>好评返现，晒图有礼</body></html>"
WANTED = "体验官 & 招募"


def test_a_page_has_url_time_and_a_stable_id() -> None:
    entry = page_entry(response(answer(b"<title>x</title>", HTML)))
    assert entry == page_entry(response(answer(b"<title>x</title>", HTML)))
    assert entry is not None
    assert (entry["url"], entry["ts"]) == ("http://a.example/", "2026-11-22T08:16:41.123456Z")


@pytest.mark.parametrize(
    ("encoding", "declared", "meta"),
    [
        ("utf-8", "; charset=utf-8", ""),
        ("gbk", "; charset=GBK", ""),
        ("gb18030", "; charset=gb2312", ""),
        ("gbk", "", "<meta charset=gbk>"),
        ("gbk", "", '<meta http-equiv="Content-Type" content="text/html; charset=gb2312">'),
        ("utf-8", "", ""),
        ("gbk", "", ""),
        ("utf-8-sig", "", ""),
        ("utf-16", "", ""),
    ],
)
def test_titles_are_decoded_as_a_browser_would(encoding: str, declared: str, meta: str) -> None:
    assert title(PAGE.format(meta).encode(encoding), HTML + declared) == WANTED


def test_a_traditional_page_is_decoded_by_its_header() -> None:
    page = "<title>體驗官招募</title><p>滿意".encode("big5")
    assert title(page, f"{HTML}; charset=Big5") == "體驗官招募"


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
        ("gzip, gzip", lambda body: gzip.compress(gzip.compress(body))),
        ("identity", bytes),
    ],
)
def test_content_codings_are_undone(coding: str, encode: object) -> None:
    body = encode(PAGE.format("").encode())  # type: ignore[operator]
    assert title(body, f"{HTML}; charset=utf-8", f"Content-Encoding: {coding}") == WANTED


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"<p>no title", ()),
        (b"<title>  </title>", ()),
        (b"", ()),
        (b"\x1f\x8b broken", ("Content-Encoding: gzip",)),
        (b"whatever", ("Content-Encoding: br",)),
        (b"3\r\nabc", ("Transfer-Encoding: chunked",)),
    ],
)
def test_without_a_readable_title_the_url_stands_in(body: bytes, fields: tuple[str, ...]) -> None:
    assert title(body, HTML, *fields) == "http://a.example/"


def test_a_title_in_a_page_cut_inside_a_character_is_read() -> None:
    assert title(PAGE.format("").encode()[:-40] + "好".encode()[:2], HTML) == WANTED


@pytest.mark.parametrize(
    "record",
    [
        response(answer(b"{}", "Content-Type: application/json")),
        response(answer(b"<title>x</title>", HTML, status="404 Not Found")),
        response(answer(b"", "Location: /", status="302 Found")),
        response(answer(b"<title>x</title>")),
        response(b"garbage"),
        response(answer(b"<title>x</title>", HTML), kind="resource"),
    ],
)
def test_what_is_not_a_page(record: Record) -> None:
    assert page_entry(record) is None


def test_a_bomb_is_not_inflated() -> None:
    bomb = gzip.compress(b"<title>x</title>" + b" " * (50 << 20))
    assert title(bomb, HTML, "Content-Encoding: gzip") == "x"
