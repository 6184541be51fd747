"""Which responses are pages, and what their titles are."""

import gzip
import zlib
from dataclasses import replace

import pytest

from crawler.evidence.manifest import Capture
from crawler.evidence.warc import Record
from crawler.export.pages import page_entry
from tests.export.sample import answer

HTML = "Content-Type: text/html"
CAPTURE = Capture(
    id="c" * 32, run="r", site="s", url="http://a.example/", method="GET", state="complete",
    fidelity="browser-decoded", started="2026-11-22T08:16:41.123456Z", ended="2026-11-22T08:16:42.000000Z",
    records=(),
)  # fmt: skip


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


def entry_of(record: Record, **more: object) -> dict[str, str] | None:
    return page_entry(record, replace(CAPTURE, **more))  # type: ignore[arg-type]


def test_a_rendered_page_is_a_page_whatever_its_answer() -> None:
    gone = response(answer(b"{}", "Content-Type: application/json", status="404 Not Found"))
    look = {"artefacts": {}, "missing": {}, "title": " 评价\n详情 "}
    assert entry_of(gone) is None
    assert (entry_of(gone, look=look) or {})["title"] == "评价 详情"
    untitled = response(answer(b"<title>x</title>", HTML))
    assert (entry_of(untitled, look={**look, "title": ""}) or {})["title"] == "x"


@pytest.mark.parametrize(
    "more", [{"page": "d" * 32}, {"page": "d" * 32, "withheld": True}, {"withheld": True}]
)
def test_exchanges_of_a_page_and_sealed_originals_are_no_pages(more: dict[str, object]) -> None:
    record = response(answer(b"<title>x</title>", HTML))
    assert entry_of(record) is not None
    assert entry_of(record, **more) is None


def test_an_imported_file_is_a_page_under_the_title_that_it_claims() -> None:
    file = replace(response(b"<title>own</title>", kind="resource"), content_type="text/html; charset=utf-8")
    assert entry_of(file) is None
    assert (entry_of(file, imported={"claimed": {}}) or {})["title"] == "own"
    assert (entry_of(file, imported={"claimed": {"title": "said"}}) or {})["title"] == "said"
    assert entry_of(replace(file, target_uri="urn:x:y"), imported={"claimed": {}}) is None
    assert entry_of(replace(file, content_type="image/png"), imported={"claimed": {}}) is None
