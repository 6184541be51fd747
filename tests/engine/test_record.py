"""Every end of a fetch is a capture with its state; what cannot be recorded reaches nobody."""

import gc
import gzip
import sqlite3
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import brotli
import pytest
from scrapy import Request
from scrapy.http import Response

from crawler import settings
from crawler.engine.acknowledge import ADDRESS_LIMIT
from crawler.engine.extract import rebuild
from crawler.engine.record import Recorder, differently_read, failure_reason
from crawler.engine.site import Output
from crawler.engine.wire import Exchange
from crawler.errors import DiskFull, RecordError
from crawler.store.index import FILE as INDEX_FILE
from crawler.store.session import Session
from tests.engine.odd_server import CRLF, Close, OddServer, Pause, chunks, odd_server, reply
from tests.engine.recorded import Crawled, Pages, crawl_pages, make_archive

PAGE = "<html><title>手工皂</title><body>物流很快，会回购。</body></html>".encode()
WALL = "<html><title>安全验证</title><body>请完成拼图</body></html>".encode()
HTML = b"Content-Type: text/html; charset=utf-8"


def moved(target: str, status: bytes = b"302 Found", *headers: bytes) -> bytes:
    return reply(b"", status, (b"Location: " + target.encode(), *headers))


@pytest.fixture
def server() -> Iterator[OddServer]:
    with odd_server() as running:
        yield running


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_archive(tmp_path / "archive")


def unread(archive: Path) -> list[tuple[str, str]]:
    """(capture, reason) of every page or part that was not understood."""
    database = sqlite3.connect(archive / INDEX_FILE)
    rows = database.execute("select capture, reason from unread").fetchall()
    database.close()
    return rows


def crawl(server: OddServer, archive: Path, *paths: str, **options: Any) -> Crawled:
    return crawl_pages(archive, [server.url(path) for path in paths], **options)


# Redirects


def test_each_hop_is_a_capture_linked_to_the_one_before(server: OddServer, archive: Path) -> None:
    server.answer("/1", moved("/2", b"301 Moved", b"Set-Cookie: a=1", b"Set-Cookie: b=2"))
    # A redirect may name the coding of a body that it has not got.
    server.answer("/2", moved("/3", b"307 Temporary", b"Content-Encoding: br"))
    server.answer("/3", reply(b'<meta http-equiv="refresh" content="0; url=/4">'))
    server.answer("/4", reply(PAGE))
    crawled = crawl(server, archive, "/1")
    hops = [crawled.only(server.url(path)) for path in ("/1", "/2", "/3", "/4")]
    assert [hop.status for hop in hops] == [301, 307, 200, 200]
    assert [hop.state for hop in hops] == ["complete"] * 4
    assert [hop.follows for hop in hops] == [None, *(hop.id for hop in hops[:-1])]
    assert len({hop.request_key for hop in hops}) == 1
    for path, hop in zip(("/1", "/2", "/3", "/4"), hops, strict=True):
        assert crawled.record(hop, "response").block == server.requests(path)[0].sent
    assert [page.url for page in crawled.seen] == [server.url("/4")]
    assert crawled.requests == {server.url("/1"): ("done", None)}


def test_an_endless_chain_ends_with_its_reason(server: OddServer, archive: Path) -> None:
    server.answer("/1", moved("/2"))
    server.answer("/2", moved("/1"))
    crawled = crawl(server, archive, "/1", REDIRECT_MAX_TIMES=3)
    assert len(crawled.captures) == 1 + 4
    assert crawled.requests == {server.url("/1"): ("failed", "max redirections reached")}


def test_a_redirect_to_another_site_is_not_followed_and_said(server: OddServer, archive: Path) -> None:
    server.answer("/1", reply(b"", b"503 Busy"))  # after a retry Scrapy would let it pass
    server.answer("/1", moved(server.url("/login", "localhost")))
    site = type("Narrow", (Pages,), {"domains": ("127.0.0.1",)})
    crawled = crawl(server, archive, "/1", site=site)
    assert [capture.status for capture in crawled.of(server.url("/1"))] == [503, 302]
    assert crawled.requests == {server.url("/1"): ("skipped", "localhost is not one of the hosts of page")}
    assert server.requests("/login") == []


def test_an_address_too_long_for_a_manifest_is_refused(server: OddServer, archive: Path) -> None:
    server.answer("/1", moved("/" + "a" * 70_000))
    server.answer("/2", reply(PAGE))
    crawled = crawl(server, archive, "/1", "/2")
    state, reason = crawled.requests[server.url("/1")]
    assert state == "skipped"
    assert f"over {ADDRESS_LIMIT}" in (reason or "")
    assert [page.url for page in crawled.seen] == [server.url("/2")]


# Error answers


@pytest.mark.parametrize("status", [b"404 Nicht gefunden", b"410 Gone", b"400 Bad"])
def test_an_error_page_is_recorded_whole_and_read_by_nobody(
    server: OddServer, archive: Path, status: bytes
) -> None:
    server.answer("/a", reply(PAGE, status))
    crawled = crawl(server, archive, "/a")
    capture = crawled.only(server.url("/a"))
    assert (capture.state, capture.status) == ("complete", int(status[:3]))
    assert crawled.record(capture, "response").block == server.requests("/a")[0].sent
    assert crawled.seen == []
    assert crawled.requests == {server.url("/a"): ("done", f"http-{status[:3].decode()}")}


def test_a_server_error_is_asked_again_and_both_answers_are_kept(server: OddServer, archive: Path) -> None:
    server.answer("/a", reply(b"first", b"500 Oops"))
    server.answer("/a", reply(PAGE))
    server.answer("/b", reply(b"", b"502 Bad Gateway"))
    crawled = crawl(server, archive, "/a", "/b")
    first, second = crawled.of(server.url("/a"))
    assert (first.status, second.status, second.follows) == (500, 200, first.id)
    assert [capture.status for capture in crawled.of(server.url("/b"))] == [502, 502]
    assert [page.url for page in crawled.seen] == [server.url("/a")]
    assert crawled.requests[server.url("/b")] == ("done", "http-502")


@pytest.mark.parametrize("status", [b"401 Unauthorized", b"403 Forbidden", b"429 Too Many"])
def test_a_refusal_ends_its_host(server: OddServer, archive: Path, status: bytes) -> None:
    reason = f"http-{status[:3].decode()}"
    server.answer("/a", reply(b"no", status, (b"Retry-After: 1",)))
    server.answer("/b", reply(PAGE))
    addresses = [server.url("/a"), server.url("/b"), server.url("/b", "localhost")]
    crawled = crawl_pages(archive, addresses)
    capture = crawled.only(server.url("/a"))
    assert (capture.state, capture.reason) == ("blocked", reason)
    assert crawled.record(capture, "response").block == server.requests("/a")[0].sent
    assert crawled.requests[server.url("/a")] == ("failed", reason)
    state, why = crawled.requests[server.url("/b")]
    assert state == "skipped"
    assert reason in (why or "")
    assert "127.0.0.1" in (why or "")
    (stopped,) = crawled.acts("host-stopped")
    assert stopped == {
        "run": crawled.report.run,
        "host": "127.0.0.1",
        "reason": reason,
        "capture": capture.id,
    }
    assert crawled.report.counts["stopped_hosts"] == {"127.0.0.1": reason}
    # The other host is another matter, and the only one that was asked.
    assert [page.url for page in crawled.seen] == [server.url("/b", "localhost")]
    assert len(server.requests("/a")) == len(server.requests("/b")) == 1


def test_a_wall_is_kept_and_ends_its_host(server: OddServer, archive: Path) -> None:
    server.answer("/a", reply(gzip.compress(WALL), headers=(HTML, b"Content-Encoding: gzip")))
    crawled = crawl(server, archive, "/a", "/b", DOWNLOAD_DELAY=0.2, DOWNLOAD_DELAY_JITTER=0)
    capture = crawled.only(server.url("/a"))
    assert (capture.state, capture.status, capture.reason) == ("blocked", 200, "wall-verification")
    assert crawled.record(capture, "response").block == server.requests("/a")[0].sent
    assert crawled.seen == []
    assert server.requests("/b") == []
    assert [state for state, _ in crawled.requests.values()] == ["failed", "skipped"]


def test_a_wall_ends_the_host_that_sent_us_there_too(server: OddServer, archive: Path) -> None:
    server.answer("/a", moved(server.url("/verify", "127.0.0.1")))
    server.answer("/verify", reply(WALL))
    for path in ("/b", "/c"):
        server.answer(path, reply(PAGE))
    addresses = [server.url(path, "localhost") for path in ("/a", "/b", "/c")]
    crawled = crawl_pages(archive, addresses, DOWNLOAD_DELAY=0.2, DOWNLOAD_DELAY_JITTER=0)
    assert crawled.only(server.url("/verify")).follows == crawled.only(addresses[0]).id
    assert {event["host"] for event in crawled.acts("host-stopped")} == {"localhost", "127.0.0.1"}
    assert server.requests("/c") == []  # /b may have been on its way
    assert crawled.requests[addresses[2]][0] == "skipped"


def test_a_resumed_run_leaves_stopped_hosts_alone(server: OddServer, archive: Path) -> None:
    server.answer("/a", reply(b"no", b"403 Forbidden"))
    first = crawl(server, archive, "/a", "/b")
    database = sqlite3.connect(archive / "frontier.db")
    database.execute("update request set state = 'new'")  # as if the kill had come before they were skipped
    database.commit()
    database.close()
    again = crawl(server, archive, "/a", "/b", resume=first.report.run)
    assert [state for state, _ in again.requests.values()] == ["skipped", "skipped"]
    assert len(server.requests("/a")) == 1
    assert server.requests("/b") == []


def unfinished(archive: Path, where: str = "true") -> None:
    """The frontier as a kill leaves it that came before the acknowledgements."""
    database = sqlite3.connect(archive / "frontier.db")
    database.execute(f"update request set state = 'leased', reason = null where {where}")  # noqa: S608
    database.commit()
    database.close()


def test_a_refusal_counts_on_resume_without_its_event(
    server: OddServer, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer("/a", reply(b"no", b"403 Forbidden"))
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "_stop_hosts", lambda *_: None)  # as if the kill had come before it
        first = crawl(server, archive, "/a")
    unfinished(archive)
    again = crawl(server, archive, "/a", resume=first.report.run)
    assert len(server.requests("/a")) == 1
    assert again.requests[server.url("/a")][0] == "skipped"


def test_on_resume_a_page_that_is_there_is_read_though_its_host_was_stopped(
    server: OddServer, archive: Path
) -> None:
    server.answer("/a", reply(PAGE))
    server.answer("/b", reply(b"no", b"403 Forbidden"))
    first = crawl(server, archive, "/a", "/b", "/c")
    unfinished(archive)
    asked = len(server.requests("/robots.txt"))
    again = crawl(server, archive, "/a", "/b", "/c", resume=first.report.run)
    assert [page.url for page in again.seen] == [server.url("/a")]
    assert again.requests[server.url("/a")] == ("done", None)
    assert [again.requests[server.url(path)][0] for path in ("/b", "/c")] == ["skipped", "skipped"]
    # Nobody was asked, so nothing new is said: not of the pages, and not of robots.txt.
    assert len(server.requests("/robots.txt")) == asked
    assert len(again.captures) == len(first.captures)


def test_a_resumed_run_follows_a_redirect_that_stands_in_a_page(server: OddServer, archive: Path) -> None:
    server.answer("/a", reply(b'<meta http-equiv="refresh" content="0; url=/b">'))
    server.answer("/b", reply(PAGE))
    server.answer("/c", reply(PAGE))
    first = crawl(server, archive, "/c")
    again = crawl(server, archive, "/a", resume=first.report.run)
    assert [page.url for page in again.seen] == [server.url("/b")]
    assert again.only(server.url("/b")).follows == again.only(server.url("/a")).id
    assert again.requests[server.url("/a")] == ("done", None)


# What cannot be read


ACCEPTED_BY_AIOHTTP = {
    "/blank-first": CRLF + reply(PAGE),
    "/old": reply(PAGE).replace(b"HTTP/1.1", b"HTTP/0.9"),
}


@pytest.mark.parametrize("path", ACCEPTED_BY_AIOHTTP)
def test_what_only_the_client_takes_for_a_page_is_read_by_nobody(
    server: OddServer, archive: Path, path: str
) -> None:
    server.answer(path, ACCEPTED_BY_AIOHTTP[path])
    crawled = crawl(server, archive, path)
    capture = crawled.only(server.url(path))
    assert capture.state == "partial"
    assert crawled.record(capture, "resource").block == ACCEPTED_BY_AIOHTTP[path]
    assert crawled.seen == []
    state, reason = crawled.requests[server.url(path)]
    assert (state, reason) == ("failed", capture.reason)
    assert "the answer" in (reason or "")
    assert rebuild(archive) == []  # nor does a rebuild read it


def test_bytes_that_the_record_does_not_give_back_are_read_by_nobody() -> None:
    exchange = Exchange("2026-11-22T00:00:00.000000Z")
    exchange.received += reply(PAGE)
    assert differently_read(exchange, Response("http://a.invalid/", body=PAGE)) is None
    assert "ambiguous" in (differently_read(exchange, Response("http://a.invalid/", body=PAGE[1:])) or "")


def test_broken_codings_are_recorded_and_read_by_nobody(server: OddServer, archive: Path) -> None:
    zipped = gzip.compress(PAGE, mtime=0)
    bodies = {
        "/cut": (b"gzip", zipped[:-9]),
        "/crc": (b"gzip", zipped[:-8] + b"\0\0\0\0" + zipped[-4:]),
        "/unknown": (b"snappy", zipped),
        "/bomb": (b"br", brotli.compress(b"0" * 2_000_000)),
        "/fine": (b"GZIP", zipped),
    }
    for path, (coding, body) in bodies.items():
        server.answer(path, reply(body, headers=(HTML, b"Content-Encoding: " + coding)))
    crawled = crawl(server, archive, *bodies, DOWNLOAD_MAXSIZE=1_000_000)
    reasons = dict(unread(archive))
    for path in bodies:
        capture = crawled.only(server.url(path))
        assert capture.state == "complete"  # everything that was sent was recorded
        assert crawled.record(capture, "response").block == server.requests(path)[0].sent
        if path != "/fine":
            assert crawled.requests[server.url(path)][0] == "failed"
            assert (capture.reason or "") in reasons[capture.id]
    assert "1000000 bytes" in reasons[crawled.only(server.url("/bomb")).id]
    assert [page.url for page in crawled.seen] == [server.url("/fine")]
    assert (crawled.report.unread, crawled.report.exit_code) == (4, 1)


def test_bytes_that_are_not_in_the_declared_encoding_stay_as_they_are(
    server: OddServer, archive: Path
) -> None:
    body = "<title>手工皂旗舰店</title>".encode("gb18030")
    server.answer("/a", reply(body, headers=(HTML,)))
    crawled = crawl(server, archive, "/a")
    record = crawled.record(crawled.only(server.url("/a")), "response")
    assert record.block.endswith(CRLF + CRLF + body)
    assert [page.body for page in crawled.seen] == [body]


class Clumsy(Pages):
    """A spider that stumbles over a byte that is no text."""

    def parse_page(self, response: Response) -> Output:
        raise ValueError(f"unexpected {response.body.decode('utf-8', 'surrogateescape')!s}")
        yield


def test_a_spider_s_error_is_noted_with_the_page(server: OddServer, archive: Path) -> None:
    server.answer("/a", reply(b"\xc4\xe3"))
    crawled = crawl(server, archive, "/a", site=Clumsy)
    (noted,) = unread(archive)
    assert noted == (crawled.only(server.url("/a")).id, "ValueError: unexpected \\udcc4\\udce3")
    assert crawled.requests == {server.url("/a"): ("failed", noted[1])}
    assert (crawled.report.reason, crawled.report.stopped_by) == ("finished", None)


def test_failures_of_the_network(server: OddServer, archive: Path) -> None:
    """Nothing here stops the crawl; each attempt is a capture (test_wire has the bytes)."""
    server.answer("/late", Pause(9))
    server.answer("/late", reply(PAGE))
    server.answer("/cut", reply(PAGE)[:-5], Close)
    server.answer("/strange", b"HTTP/1.1 200 OK\r\n\xc4\xe3: \xff\r\n\r\n", Close)
    server.answer("/last", reply(PAGE))
    crawled = crawl(server, archive, "/late", "/cut", "/strange", "/last", DOWNLOAD_TIMEOUT=0.3)
    late, answered = crawled.of(server.url("/late"))
    assert (late.state, answered.state, answered.follows) == ("failed", "complete", late.id)
    assert "took longer than 0.3 seconds" in (late.reason or "")
    assert [capture.state for capture in crawled.of(server.url("/cut"))] == ["partial", "partial"]
    assert {page.url for page in crawled.seen} == {server.url("/late"), server.url("/last")}
    assert crawled.requests[server.url("/late")] == ("done", None)
    assert crawled.requests[server.url("/cut")][0] == "failed"
    assert crawled.report.stopped_by is None


def test_nobody_listens(archive: Path) -> None:
    with odd_server() as gone:
        address = gone.url("/a")
    crawled = crawl_pages(archive, [address])
    robots = crawled.captures[0]
    assert (robots.state, crawled.kinds(robots)) == ("failed", ["metadata"])
    assert (robots.reason or "").startswith("ClientConnectorError: Cannot connect to host 127.0.0.1")
    assert robots.network == {}


def test_reasons_are_one_line_of_plain_text() -> None:
    error = RuntimeError("first\n  second \udcc4" + "x" * 1000)
    assert failure_reason(error).startswith("RuntimeError: first second \\udcc4xxx")
    assert len(failure_reason(error)) == 500


# Fail closed


class Cached:
    """What a cache would do: mark the response as not fetched now."""

    def process_response(self, request: Request, response: Response) -> Response:
        response.flags.append("cached")
        return response


def test_a_cached_answer_is_refused(server: OddServer, archive: Path) -> None:
    server.answer("/a", reply(PAGE))
    middlewares = {**settings.DOWNLOADER_MIDDLEWARES, Cached: 960}
    crawled = crawl(server, archive, "/a", DOWNLOADER_MIDDLEWARES=middlewares)
    assert crawled.report.reason == "cannot-record"
    assert "no cache may stand before it" in (crawled.report.stopped_by or "")
    assert (crawled.seen, crawled.captures, crawled.report.exit_code) == ([], [], 1)


def test_a_handler_without_a_tap_is_refused(server: OddServer, archive: Path) -> None:
    server.answer("/a", reply(PAGE))
    other = {"http": "scrapy.core.downloader.handlers._aiohttp.AiohttpDownloadHandler"}
    crawled = crawl(server, archive, "/a", DOWNLOAD_HANDLERS=other)
    assert "WireHandler" in (crawled.report.stopped_by or "")
    assert (crawled.seen, crawled.captures) == ([], [])


@pytest.mark.parametrize("error", [RecordError("the disk is gone"), DiskFull("the disk is full")])
@pytest.mark.parametrize("at_once", [True, False])
def test_what_cannot_be_recorded_stops_the_crawl_and_reaches_no_spider(
    server: OddServer, archive: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, at_once: bool
) -> None:
    server.answer("/a", reply(PAGE))
    server.answer("/b", reply(PAGE))
    server.answer("/c", reply(PAGE))
    record, calls = Session.record, []

    def failing(self: Session, draft: Any) -> Future[Any]:
        calls.append(draft)
        if len(calls) < 3:  # robots.txt and the first page
            return record(self, draft)
        if at_once:
            raise error
        refused: Future[Any] = Future()
        refused.set_exception(error)
        return refused

    monkeypatch.setattr(Session, "record", failing)
    crawled = crawl(server, archive, "/a", "/b", "/c")
    assert [page.url for page in crawled.seen] == [server.url("/a")]
    assert crawled.report.reason == ("disk-full" if isinstance(error, DiskFull) else "cannot-record")
    assert crawled.report.stopped_by == f"{type(error).__name__}: {error}"
    assert crawled.report.exit_code == 1
    assert len(crawled.captures) == 2
    assert crawled.requests[server.url("/a")] == ("done", None)
    assert {state for state, _ in crawled.requests.values()} <= {"done", "leased", "new"}
    monkeypatch.undo()
    resumed = crawl(server, archive, "/a", "/b", "/c", resume=crawled.report.run)
    assert {page.url for page in resumed.seen} == {server.url("/b"), server.url("/c")}
    assert set(resumed.requests.values()) == {("done", None)}


def test_a_failing_refusal_stops_the_crawl_too(
    server: OddServer, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failures and refusals are captures as well: they are not lost quietly."""
    server.answer("/a", Close)

    def failing(_self: Session, _draft: Any) -> Future[Any]:
        raise RecordError("the disk is gone")

    monkeypatch.setattr(Session, "record", failing)
    crawled = crawl(server, archive, "/a")
    assert crawled.report.reason == "cannot-record"
    assert crawled.requests == {server.url("/a"): ("leased", None)}


# The order of things


class Looking(Pages):
    """A spider that looks whether its page is durable already."""

    archive: Path
    leaves: list[int]

    def parse_page(self, response: Response) -> Output:
        database = sqlite3.connect(self.archive / INDEX_FILE)
        found = database.execute("select count(*) from capture where url = ?", (response.url,)).fetchone()
        database.close()
        assert found == (1,)
        yield from super().parse_page(response)


def test_a_page_is_in_the_log_and_the_index_before_its_spider_sees_it(
    server: OddServer, archive: Path
) -> None:
    server.answer("/a", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(PAGE))
    site = type("Here", (Looking,), {"archive": archive})
    crawled = crawl(server, archive, "/a", site=site)
    assert len(crawled.seen) == 1
    assert crawled.report.unread == 0


class Posting(Pages):
    """A spider whose request has a body."""

    async def start(self) -> AsyncIterator[Request]:
        for url in self.first_urls():
            yield Request(url, method="POST", body="q=手工皂".encode("gb18030"), callback=self.parse_page)


def test_a_run_leaves_nothing_frozen_in_the_process(server: OddServer, archive: Path) -> None:
    server.answer("/a", reply(PAGE))
    crawl(server, archive, "/a")
    assert gc.get_freeze_count() == 0


def test_a_request_body_is_recorded(server: OddServer, archive: Path) -> None:
    server.answer("/search", reply(PAGE))
    crawled = crawl(server, archive, "/search", site=Posting)
    capture = crawled.only(server.url("/search"))
    assert capture.method == "POST"
    record = crawled.record(capture, "request")
    assert record.block == server.requests("/search")[0].received
    assert record.block.endswith("q=手工皂".encode("gb18030"))
    (stored,) = [stored for stored in capture.records if stored.type == "request"]
    assert stored.payload_length == len("q=手工皂".encode("gb18030"))
