"""`evidence rebuild` gives an equal database, whatever the crawl met; and finds one that was tampered with."""

import gzip
import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response, TextResponse

from crawler import settings
from crawler.config import Config
from crawler.demo.market import Market
from crawler.demo.plan import World
from crawler.engine.extract import rebuild
from crawler.engine.run import Order, RunReport, crawl
from crawler.engine.site import Output, Page, Site
from crawler.errors import ArchiveLocked, ExtractionError, LogShorter
from crawler.evidence.archive import Archive
from crawler.evidence.verify import verify
from crawler.items import Item, Listing, Post, Review
from crawler.store.check import check_index
from crawler.store.index import FILE, Index
from tests.archives import nothing_failed

FAST = {"CONCURRENT_REQUESTS_PER_DOMAIN": 8, "DOWNLOAD_DELAY": 0, "LOG_LEVEL": "CRITICAL"}
HTML = "text/html; charset=utf-8"
CUT_GZIP = gzip.compress("坏".encode() * 500)[:-30]
# path → status, header lines, body
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/robots.txt": (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /forbidden\n"),
    "/good": (200, {"Content-Type": HTML}, "<p>商品</p>".encode()),
    "/midway": (200, {"Content-Type": HTML}, b"<p>x</p>"),
    "/at-once": (200, {"Content-Type": HTML}, b"<p>x</p>"),
    "/odd-item": (200, {"Content-Type": HTML}, b"<p>x</p>"),
    "/surrogate": (200, {"Content-Type": "application/json"}, b'{"text": "half \\ud83d pair"}'),
    "/gbk": (200, {"Content-Type": "text/html; charset=gbk"}, "<p>好评返现</p>".encode("gbk")),
    "/gzip": (200, {"Content-Type": HTML, "Content-Encoding": "gzip"}, gzip.compress("<p>压</p>".encode())),
    "/image": (200, {"Content-Type": "image/png"}, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
    "/empty": (200, {"Content-Type": HTML}, b""),
    "/broken": (200, {"Content-Type": HTML, "Content-Encoding": "gzip"}, CUT_GZIP),
    "/broken-404": (404, {"Content-Type": HTML, "Content-Encoding": "gzip"}, CUT_GZIP),
    "/broken-301": (301, {"Location": "/good", "Content-Encoding": "gzip"}, CUT_GZIP),
    "/gone": (410, {"Content-Type": HTML}, b"<p>gone</p>"),
    "/missing": (404, {"Content-Type": HTML}, b"<p>missing</p>"),
    "/error": (500, {"Content-Type": HTML}, b"<p>error</p>"),
    "/moved": (302, {"Location": "/good?moved"}, b""),
    "/elsewhere": (302, {"Location": "http://elsewhere.invalid/"}, b""),
    "/loop": (302, {"Location": "/loop"}, b""),
    "/refresh": (
        200,
        {"Content-Type": HTML},
        b'<html><head><meta http-equiv="refresh" content="0;url=/good?refreshed"></head><p>x</p></html>',
    ),
    "/forbidden": (200, {"Content-Type": HTML}, b"<p>never asked for</p>"),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/dropped":
            self.close_connection = True
            return
        status, headers, body = ANSWERS.get(path, (404, {}, b""))
        if path == "/":
            links = "".join(f"<a href='{name}'>x</a>" for name in [*ANSWERS, "/dropped"])
            status, headers, body = 200, {"Content-Type": HTML}, links.encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class OddSite(Site):
    """Reads everything that a site may answer, with every fault that a spider may have."""

    name = "odd_site"
    domains = ("127.0.0.1",)
    pages = (Page("listing", ".", "parse_links"),)

    def parse_links(self, response: TextResponse) -> Output:
        for link in response.css("a"):
            path = link.attrib["href"]
            reader = {
                "/midway": self.parse_midway,
                "/at-once": self.parse_at_once,
                "/odd-item": self.parse_odd,
            }
            yield self.follow(response, path, reader.get(path, self.parse_any), path=path)

    def parse_any(self, response: Response, path: str) -> Output:
        if not isinstance(response, TextResponse):
            raise ExtractionError(f"{path} is no text")
        if "json" in str(response.headers.get("Content-Type")):
            yield Post(identifier=path, article_body=response.json()["text"], author="王小明")
            return
        for paragraph in response.css("p::text").getall():
            yield Listing(identifier=path, name=paragraph, price="￥59.90", sales="月销1.2万+")

    def parse_midway(self, _response: TextResponse, path: str) -> Output:
        yield Review(identifier=path, review_body="好", author="小***7", date_published="昨天 12:30")
        raise ExtractionError("the second review has no text")

    def parse_at_once(self, _response: TextResponse, path: str) -> Output:
        raise ExtractionError(f"{path} is not what it was")

    def parse_odd(self, _response: TextResponse, **_: str) -> Iterator[Item | Request]:
        yield Review(identifier="first", review_body="好")
        yield Review(identifier="list", review_body=["no", "text"])  # type: ignore[arg-type]
        yield Review(identifier="long", review_body="好", image_count=1 << 70)
        yield Review(identifier="last", review_body="好")


@pytest.fixture
def odd_address() -> Iterator[str]:
    """A server that gives ANSWERS."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def make(path: Path, proxy: str = "") -> Path:
    values = {"origin": "evidence.invalid/test", "organisation": "某消委会", "operator": "张三"}
    Archive.create(path, Config(**values, contact="wq@example.org", delay_seconds=0.0, proxy=proxy)).close()
    return path


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with Index(path / FILE, writable=False) as index:
        return [tuple(row) for row in index.query(sql)]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the market on its second day: 404, 410, walls; not to be written to."""
    path = tmp_path_factory.mktemp("rebuild") / "a"
    with Market(World(seed=7, reviews=200, today=date(2026, 11, 20)), robots_delay=None) as market:
        market.set_day(date(2026, 11, 21))
        make(path, market.proxy)
        crawl(path, [Order("market_shop")], log_file=path.parent / "log", **FAST)
    return path


@pytest.fixture
def path(crawled: Path, tmp_path: Path) -> Path:
    """A copy of that archive."""
    return shutil.copytree(crawled, tmp_path / "copy")


def digests(path: Path) -> dict[str, bytes]:
    kept = {p: p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}
    return {str(p.relative_to(path)): content for p, content in kept.items()}


def test_a_market_crawl_is_rebuilt_equal_and_nothing_else_changes(path: Path) -> None:
    states = {state for (state,) in rows(path, "select distinct state from capture")}
    assert {"complete", "blocked"} <= states
    assert {404, 410} <= {status for (status,) in rows(path, "select distinct status from capture")}
    assert rows(path, "select count(*) from review") > [(100,)]
    before = digests(path)
    assert rebuild(path) == []
    after = digests(path)
    assert set(after) == set(before)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {FILE, "state-sha256.txt"}
    nothing_failed(path)


def test_without_a_database_one_is_made(path: Path) -> None:
    items = rows(path, "select * from review order by capture, ordinal")
    (path / FILE).unlink()
    assert rebuild(path) == ["there was no database"]
    assert rows(path, "select * from review order by capture, ordinal") == items
    assert check_index(path).status == "passed"
    nothing_failed(path)


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("update review set review_body = '好' where rowid = 5", "review"),
        ("delete from review where rowid = 7", "review"),
        ("update capture set url = 'http://other.invalid/' where leaf = 9", "capture"),
    ],
)
def test_a_tampered_row_is_found_by_verify_and_by_rebuild(path: Path, sql: str, table: str) -> None:
    database = sqlite3.connect(path / FILE)
    database.execute(sql)
    database.commit()
    database.close()
    assert verify(path).check("state").status == "failed"
    (difference,) = rebuild(path)
    assert difference.startswith(f"{table}: ")
    nothing_failed(path)


def test_a_damaged_database_is_replaced(path: Path) -> None:
    (path / FILE).write_bytes(b"not a database" * 1000)
    (difference,) = rebuild(path)
    assert "could not be read" in difference
    assert check_index(path).status == "passed"


def test_a_database_that_knows_more_than_the_log_is_kept(path: Path) -> None:
    database = sqlite3.connect(path / FILE)
    database.execute("update applied set leaves = leaves + 1")
    database.commit()
    database.close()
    before = (path / FILE).read_bytes()
    with pytest.raises(LogShorter, match="known entries"):
        rebuild(path)
    assert (path / FILE).read_bytes() == before


def test_an_interrupted_rebuild_changes_nothing_and_can_be_repeated(path: Path) -> None:
    before = (path / FILE).read_bytes()

    def interrupt(done: int, _total: int) -> None:
        if done == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(path, interrupt)
    assert (path / FILE).read_bytes() == before
    nothing_failed(path)
    (path / f"{FILE}.new").write_bytes(b"left by SIGKILL")
    assert rebuild(path) == []
    assert not (path / f"{FILE}.new").exists()


def test_a_writer_keeps_rebuild_out(path: Path) -> None:
    with Archive.open(path, writable=True), pytest.raises(ArchiveLocked):
        rebuild(path)


@pytest.fixture
def odd(tmp_path: Path, odd_address: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, RunReport]:
    """An archive of the odd site, and how its crawl ended."""
    monkeypatch.setattr(settings, "SPIDER_MODULES", [__name__])
    path = make(tmp_path / "odd")
    (report,) = crawl(path, [Order("odd_site", odd_address)], log_file=tmp_path / "log", **FAST)
    return path, report


def test_whatever_a_site_answers_and_a_spider_does_is_rebuilt_equal(odd: tuple[Path, RunReport]) -> None:
    path, report = odd
    assert report.reason == "finished"
    requests = report.counts["requests"]
    assert set(requests) <= {"done", "failed", "skipped"}, "every request is acknowledged"
    unread = dict(
        rows(
            path,
            "select capture.url, group_concat(unread.reason, ' | ') from unread"
            " join capture on capture.id = unread.capture group by 1",
        )
    )
    named = {url.rpartition("/")[2]: reason for url, reason in unread.items()}
    assert set(named) >= {"midway", "at-once", "odd-item", "image", "broken"}
    assert "second review has no text" in named["midway"]
    assert "is not what it was" in named["at-once"]
    assert "of type list" in named["odd-item"]
    assert "64 bits" in named["odd-item"]
    kept = [identifier for (identifier,) in rows(path, "select identifier from review order by identifier")]
    assert kept == ["/midway", "first", "last"]
    assert rebuild(path) == []
    nothing_failed(path)


def test_a_run_that_is_asked_for_again_adds_nothing(odd: tuple[Path, RunReport], tmp_path: Path) -> None:
    path, report = odd
    before = rows(path, "select count(*) from capture")
    order = Order(
        "odd_site", json.loads(rows(path, "select settings from run")[0][0])["url"], resume=report.run
    )
    crawl(path, [order], log_file=tmp_path / "log2", **FAST)
    assert rows(path, "select count(*) from capture") == before
    assert rebuild(path) == []
