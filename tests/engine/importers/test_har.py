"""HAR files: put together from a description, decoded bodies under heads that say so, missing ones partial."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.archives import nothing_failed
from tests.engine.importers.imported import body, captures, facts, only, record, take
from tests.engine.importers.served import served


def entry(url: str = "http://shop.invalid/1", **response: Any) -> dict[str, Any]:
    """One entry as Chromium writes it."""
    answer: dict[str, Any] = {
        "status": 200,
        "statusText": "OK",
        "httpVersion": "HTTP/2.0",
        "headers": [
            {"name": ":status", "value": "200"},
            {"name": "Content-Type", "value": "text/html; charset=gbk"},
            {"name": "content-encoding", "value": "gzip"},
            {"name": "content-length", "value": "17"},
            {"name": "Set-Cookie", "value": "sid=SECRET"},
        ],
        "content": {"size": 30, "mimeType": "text/html; charset=gbk", "text": "<p>五星好评返现</p>"},
    }
    return {
        "startedDateTime": "2024-08-05T18:00:00+08:00",
        "request": {
            "method": "GET",
            "url": url,
            "headers": [{"name": "Cookie", "value": "SECRET"}, {"name": "X-B", "value": "1"}],
        },
        "response": {**answer, **response},
        "serverIPAddress": "192.0.2.1",
        "pageref": "page_1",
    }


def har(path: Path, *entries: dict[str, Any], **log: Any) -> Path:
    """A HAR file."""
    creator = {"name": "WebInspector", "version": "537.36"}
    pages = [{"id": "page_1", "title": "店铺"}]
    log = {"version": "1.2", "creator": creator, "pages": pages, "entries": list(entries), **log}
    path.write_text(json.dumps({"log": log}), "utf-8")
    return path


def test_text_is_stored_as_utf_8_under_a_head_that_fits_it(archive: Path, tmp_path: Path) -> None:
    (report,) = take(archive, har(tmp_path / "a.har", entry()))
    assert report.captures == {"complete": 1}
    capture = only(archive, "http://shop.invalid/1")
    head, _, content = record(archive, capture, "response").block.partition(b"\r\n\r\n")
    assert content.decode() == "<p>五星好评返现</p>"
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 200 OK",
        b"X-Archive-Orig-Content-Type: text/html; charset=gbk",
        b"X-Archive-Orig-content-encoding: gzip",
        b"X-Archive-Orig-content-length: 17",
        b"Set-Cookie: [withheld]",
        b"Content-Type: text/html; charset=utf-8",
        b"Content-Length: %d" % len(content),
    ]
    assert record(archive, capture, "request").block == (
        b"GET /1 HTTP/1.1\r\nCookie: [withheld]\r\nX-B: 1\r\n\r\n"
    )
    assert capture.imported is not None
    assert capture.imported["claimed"] == {
        "date": "2024-08-05T18:00:00+08:00",
        "record": "entry 1",
        "software": "WebInspector 537.36",
        "ip": "192.0.2.1",
        "title": "店铺",
    }
    assert facts(archive, capture)["protocol"] == "HTTP/2.0"
    nothing_failed(archive)


def test_base64_missing_and_failed_bodies(archive: Path, tmp_path: Path) -> None:
    picture = {
        "size": 4,
        "mimeType": "image/png",
        "encoding": "base64",
        "text": base64.b64encode(b"\x89PNG").decode(),
    }
    entries = (
        entry("http://shop.invalid/p", content=picture, headers=[]),
        entry("http://shop.invalid/missing", content={"size": 900, "mimeType": "text/html"}),
        entry("http://shop.invalid/bad", content={**picture, "text": "!!"}),
        entry("http://shop.invalid/failed", status=0, _error="net::ERR_BLOCKED"),
        entry("http://shop.invalid/none", status=204, content={"size": 0}),
    )
    (report,) = take(archive, har(tmp_path / "a.har", *entries))
    assert report.captures == {"complete": 2, "failed": 1, "partial": 2}
    assert body(archive, only(archive, "http://shop.invalid/p")) == b"\x89PNG"
    assert only(archive, "http://shop.invalid/missing").reason == "the HAR holds no body for it"
    assert only(archive, "http://shop.invalid/failed").reason == "net::ERR_BLOCKED"
    nothing_failed(archive)


def test_what_a_page_asked_for_belongs_to_its_document(archive: Path, tmp_path: Path) -> None:
    first = entry("http://shop.invalid/", status=302)
    script = entry("http://shop.invalid/x.js", content={"mimeType": "text/javascript", "text": "1"})
    take(archive, har(tmp_path / "a.har", first, entry(), script))
    page = only(archive, "http://shop.invalid/1")
    assert [capture.page for capture in captures(archive)] == [page.id, None, page.id]


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "{}",
        '{"log": {}}',
        '{"log": {"entries": 5}}',
        '{"log": {"entries": []}}',
        '{"log": ' + "[" * 100_000,
        '{"log": {"entries": [' + "[" * 50_000 + "]" * 50_000 + "]}}",
        '{"log": {"entries": [' + "{}," * 2_000_001 + "{}]}}",
    ],
    ids=range(8),
)
def test_what_is_no_har_is_refused(content: str, archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_text(content)
    (report,) = take(archive, path)
    assert report.refused is not None or report.problem_count
    assert captures(archive) == []
    nothing_failed(archive)


@pytest.mark.parametrize(
    "spoiled",
    [
        {},
        {"request": 7},
        {"request": {"url": "javascript:void"}, "response": {"status": "200"}},
        {"request": {"url": "http://a.invalid/", "method": "A B"}},
        {
            "request": {"url": "http://a.invalid/", "headers": [1, {"name": "a b", "value": "c"}]},
            "response": [],
        },
        {"request": {"url": "http://a.invalid/\ud800"}, "response": {"status": 200}},
    ],
    ids=range(6),
)
def test_an_odd_entry_hurts_no_other(spoiled: dict[str, Any], archive: Path, tmp_path: Path) -> None:
    take(archive, har(tmp_path / "a.har", spoiled, entry()))
    assert only(archive, "http://shop.invalid/1").state == "complete"
    nothing_failed(archive)


def test_line_breaks_in_values_make_no_new_fields(archive: Path, tmp_path: Path) -> None:
    headers = [{"name": "X-A", "value": "1\r\nSet-Cookie: forged"}]
    take(archive, har(tmp_path / "a.har", entry(headers=headers, statusText="OK\r\nX-Forged: 1")))
    block = record(archive, only(archive, "http://shop.invalid/1"), "response").block
    assert b"\r\nSet-Cookie" not in block
    assert b"\r\nX-Forged" not in block


@pytest.mark.browser
def test_a_har_of_a_real_browser(chromium: str, archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "recorded.har"
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(record_har_path=path)
        context.new_page().goto(address)
        context.close()
        browser.close()
    (report,) = take(archive, path)
    assert report.complete, report
    capture = only(archive, address)
    assert capture.status == 200
    assert "五星好评" in body(archive, capture).decode()
    assert [other.page for other in captures(archive) if other.url.endswith("x.css")] == [capture.id]
    nothing_failed(archive)
