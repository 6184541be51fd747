"""Every exchange of a page: real Chromium, real servers on loopback, one trap each."""

import asyncio
import base64
import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, Playwright, Request, async_playwright

from crawler.engine.rendering import bodies, hop
from crawler.engine.rendering.look import Json, Seen, Viewing
from crawler.engine.rendering.traffic import Traffic
from crawler.engine.rendering.workers import seen_by_worker
from tests.engine.rendering.site_server import GBK, NOISE, PNG, POSTED, SCRIPT, ZIPPED, Site

pytestmark = pytest.mark.browser

BROKEN = (Error,)
ONE_RENDERER = ("--disable-site-isolation-trials",)
SMALL = Viewing(max_body=4 << 20, max_total=16 << 20)


class Stage:
    """A browser, a site, and one look at a page of it."""

    def __init__(self, chromium: str) -> None:
        self.chromium = chromium
        self.site = Site()
        self.traffic: Traffic | None = None
        self.title = ""
        self.rested = False
        self.error: str | None = None

    async def open(self) -> None:
        self.port = await self.site.start()
        self._driver: Playwright = await async_playwright().start()
        self._browser: Browser = await self._driver.chromium.launch(
            executable_path=self.chromium, args=[*ONE_RENDERER, "--ignore-certificate-errors"]
        )

    async def close(self) -> None:
        await self._browser.close()
        await self._driver.stop()
        await self.site.stop()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def look(
        self, url: str, viewing: Viewing = SMALL, at_most: float = 6.0, finish: float = 2.0
    ) -> list[Seen]:
        """Open a page as the recorder does, wait until it rests, and close it."""
        context = await self._browser.new_context()
        asked: list[Request] = []
        context.on("request", lambda request: asked.append(request) if request.service_worker else None)
        page = await context.new_page()
        traffic = self.traffic = Traffic(await context.new_cdp_session(page), viewing, broken=BROKEN)
        await traffic.start()
        self.error = None
        try:
            await page.goto(url, wait_until="commit", timeout=20_000)
        except Error as error:
            self.error = str(error)
        self.rested = await traffic.quiet(0.3, at_most)
        for request in asked:
            traffic.take(await seen_by_worker(request, viewing.max_body, broken=BROKEN))
        self.title = await page.title() if self.rested and self.error is None else ""
        self.certificates = await traffic.certificates()
        seen = await traffic.finish(finish)
        await context.close()
        return seen

    async def look_and_lose(self, url: str) -> list[Seen]:
        """The page is closed under the recorder."""
        context = await self._browser.new_context()
        page = await context.new_page()
        traffic = self.traffic = Traffic(await context.new_cdp_session(page), SMALL, broken=BROKEN)
        await traffic.start()
        await page.goto(url, wait_until="commit")
        await asyncio.sleep(0.2)
        await context.close()
        assert await traffic.certificates() == {}
        return await traffic.finish(0.5)


class Show:
    """What the tests use: synchronous."""

    def __init__(self, runner: asyncio.Runner, stage: Stage) -> None:
        self.run, self.stage = runner.run, stage

    def __call__(self, path: str, host: str = "127.0.0.1", **limits: float) -> list[Seen]:
        return self.run(self.stage.look(self.stage.url(path, host), **limits))  # type: ignore[arg-type]

    @property
    def notes(self) -> list[Json]:
        assert self.stage.traffic is not None
        return self.stage.traffic.notes


@pytest.fixture(scope="module")
def show(chromium: str) -> Iterator[Show]:
    with asyncio.Runner() as runner:
        stage = Stage(chromium)
        runner.run(stage.open())
        yield Show(runner, stage)
        runner.run(stage.close())


def one(seen: list[Seen], end: str) -> Seen:
    """The only exchange whose address ends so."""
    (found,) = [exchange for exchange in seen if exchange.url.endswith(end)]
    return found


def lines(head: bytes | None) -> list[bytes]:
    assert head is not None
    assert head.endswith(b"\r\n\r\n")
    return head[:-4].split(b"\r\n")


def test_the_bytes_of_a_gbk_page_are_kept(show: Show) -> None:
    main = one(show("/gbk"), "/gbk")
    assert (main.body, main.main, main.kind, main.status) == (GBK, True, "Document", 200)
    assert main.head_exact
    assert lines(main.head) == [
        b"HTTP/1.1 200 OK",
        b"Content-Type: text/html",
        b"Content-Length: %d" % len(GBK),
    ]
    assert main.peer == f"127.0.0.1:{show.stage.port}"
    assert (main.protocol, main.tls, main.truncated, main.failed) == ("http/1.1", None, None, None)
    assert main.ended is not None
    assert main.started < main.ended
    assert lines(main.request_head)[0] == b"GET /gbk HTTP/1.1"
    assert any(line.startswith(b"Accept-Encoding: identity") for line in lines(main.request_head))
    assert show.stage.title == "刷单返利"


def test_a_chunked_page_is_kept_and_its_length_was_not_known(show: Show) -> None:
    main = one(show("/gbk-chunked"), "/gbk-chunked")
    assert (main.body, main.peer) == (GBK, f"127.0.0.1:{show.stage.port}")
    assert b"Transfer-Encoding: chunked" in lines(main.head)


def test_each_hop_of_a_redirect_has_its_own_head_and_cookies(show: Show) -> None:
    seen = show("/redirect")
    first, second, last = (exchange for exchange in seen if exchange.kind == "Document")
    assert first.id == second.id == last.id
    assert [each.status for each in (first, second, last)] == [302, 301, 200]
    assert [each.body for each in (first, second, last)] == [b"", b"", GBK]
    assert (first.redirected_to, second.redirected_to) == (second.url, last.url)
    assert lines(first.head)[2:5] == [
        b"Set-Cookie: a=1; Path=/",
        b"Set-Cookie: b=2; Path=/",
        b"X-Odd: kept  twice",
    ]
    assert lines(second.head)[0] == b"HTTP/1.1 301 Moved For Good"
    assert b"Cookie: a=1; b=2" in lines(second.request_head)
    assert b"Cookie: a=1; b=2; c=3" in lines(last.request_head)


def test_a_server_that_zips_though_it_was_asked_not_to(show: Show) -> None:
    main = one(show("/gzip"), "/gzip")
    assert main.body == GBK
    assert b"Content-Encoding: gzip" in lines(main.head)
    assert b"Content-Length: %d" % len(ZIPPED) in lines(main.head)


def test_a_zipped_body_of_unknown_length_is_read_piecewise(show: Show) -> None:
    seen = show("/gzip-unknown")
    script = one(seen, "/zipped.js")
    assert (script.body, script.truncated, script.failed, script.peer) == (SCRIPT, None, None, None)
    assert [note["what"] for note in show.notes] == ["replaced"]


def test_a_bomb_is_cut_at_the_limit(show: Show) -> None:
    bomb = one(show("/bomb", at_most=15), "/bomb.js")
    assert bomb.body == bytes(SMALL.max_body)
    assert bomb.truncated == "length"
    assert bomb.failed is not None


def test_answers_without_body_and_bodies_of_requests(show: Show) -> None:
    seen = show("/statuses")
    none, missing, broken = one(seen, "/none"), one(seen, "/missing"), one(seen, "/broken.png")
    assert (none.status, none.body, none.failed, none.truncated) == (204, b"", None, None)
    assert (missing.status, missing.body) == (404, b"not here")
    assert (broken.status, broken.body) == (200, b"no picture")
    head = one(seen, "/gbk")
    assert (head.method, head.body, head.truncated) == ("HEAD", b"", None)
    binary, form = (exchange for exchange in seen if exchange.url.endswith("/post"))
    assert (binary.request_body, binary.body) == (POSTED, b"taken")
    assert form.request_body == b"name=%E5%88%B7%E5%8D%95"
    received = [request.body for request in show.stage.site.asked if request.path == "/post"]
    assert received == [POSTED, form.request_body]
    assert not [exchange for exchange in seen if exchange.url.startswith("data:")]


def test_a_preflight_is_an_exchange(show: Show) -> None:
    puts = [exchange for exchange in show("/preflight") if exchange.url.endswith("/put")]
    by_method = {exchange.method: exchange for exchange in puts}
    assert set(by_method) == {"OPTIONS", "PUT"}
    assert (by_method["OPTIONS"].status, by_method["OPTIONS"].body) == (204, b"")
    assert (by_method["PUT"].body, by_method["PUT"].request_body) == (b"put", b"x")
    assert by_method["OPTIONS"].head_exact


def test_what_never_reached_a_server_says_why(show: Show) -> None:
    seen = show("/refused")
    assert one(seen, "/x.png").failed == "net::ERR_UNSAFE_PORT"
    assert one(seen, "/y.png").failed == "net::ERR_NAME_NOT_RESOLVED"
    assert one(seen, "/z.png").failed == "net::ERR_CONNECTION_REFUSED"
    for end in ("/x.png", "/y.png", "/z.png"):
        assert (one(seen, end).head, one(seen, end).blocked) == (None, False)


def test_what_the_pages_policy_forbids_is_blocked(show: Show) -> None:
    picture = one(show("/policy"), "/pixel.png")
    assert (picture.blocked, picture.failed, picture.status, picture.head) == (True, "csp", None, None)


def test_a_frame_of_another_site_is_seen_with_all_its_traffic(show: Show) -> None:
    seen = show("/frames")
    main, inner, picture = one(seen, "/frames"), one(seen, "/inner"), one(seen, "/pixel.png")
    assert inner.url.startswith("http://localhost:")
    assert (main.main, inner.main) == (True, False)
    assert main.frame != inner.frame == picture.frame
    assert "里面".encode() in (inner.body or b"")
    assert picture.body == PNG


def test_streams_hold_nothing_up_and_are_kept_as_far_as_they_came(show: Show) -> None:
    seen = show("/streams")
    assert show.stage.rested
    events, film, mixed = one(seen, "/events"), one(seen, "/film"), one(seen, "/mixed")
    assert (events.body or b"").startswith(b"data: hello\n\n")
    assert len(film.body or b"") >= 1000
    assert (events.truncated, film.truncated) == ("time", "time")
    assert mixed.truncated is not None
    assert mixed.status == 200


def test_a_body_above_the_limit_is_refused_at_its_head(show: Show) -> None:
    seen = show("/large")
    large = one(seen, "/big")
    assert (large.status, large.body, large.truncated) == (200, None, "length")
    assert b"Content-Length: %d" % (60 << 20) in lines(large.head)
    assert "62914560" in (large.failed or "")
    assert large.blocked is False
    assert show.stage.site.big_sent < 20 << 20
    assert one(seen, "/pixel.png").body == PNG


def test_all_bodies_of_a_page_have_one_limit(show: Show) -> None:
    seen = show.run(show.stage.look(show.stage.url("/many"), Viewing(max_body=100_000, max_total=150_000)))
    kept = [exchange for exchange in seen if exchange.body is not None]
    cut = [exchange for exchange in seen if exchange.truncated == "length"]
    assert sum(len(exchange.body or b"") for exchange in seen) <= 150_000
    assert len(seen) >= 201
    assert len(kept) >= 5
    assert len(cut) >= 190


def test_a_large_body_of_unknown_length_is_whole(show: Show) -> None:
    body = one(show("/unbounded"), "/mb")
    assert (body.body, body.truncated) == (bytes(2 << 20), None)


@pytest.mark.parametrize("path", ["/endless", "/flood"])
def test_an_endless_page_is_ended(show: Show, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 1.0)
    seen = show(path)
    frame = one(seen, f"{path}-html")
    assert show.stage.rested
    assert (frame.status, frame.truncated) == (200, "time")
    assert "no end within 1 seconds" in (frame.failed or "")


def test_a_service_worker_is_seen_on_both_sides(show: Show) -> None:
    seen = show("/worker", host="localhost")
    assert show.stage.title == "worker:评"
    answered, asked, script = one(seen, "/by-worker"), one(seen, "/asked-by-worker"), one(seen, "/worker.js")
    assert (answered.worker, answered.body) == ("answered", "worker:评".encode())
    assert (asked.worker, asked.body, asked.status) == ("asked", "评".encode(), 200)
    assert asked.peer == f"127.0.0.1:{show.stage.port}"
    assert (script.worker, script.truncated) == ("asked", None)
    assert not any(exchange.head_exact for exchange in (answered, asked, script))


def test_frames_of_a_websocket(show: Show) -> None:
    seen = show("/socket")
    handshake = one(seen, "/ws")
    assert (handshake.kind, handshake.status, handshake.body) == ("WebSocket", 101, b"")
    assert lines(handshake.head)[0] == b"HTTP/1.1 101 Switching Protocols"
    assert any(line.startswith(b"Sec-WebSocket-Key: ") for line in lines(handshake.request_head))
    assert show.stage.traffic is not None
    frames = json.loads(json.dumps(show.stage.traffic.frames))
    assert {(f["direction"], f["opcode"], f.get("text"), f.get("base64")) for f in frames} == {
        ("sent", 1, "ours", None),
        ("received", 1, "好评", None),
        ("received", 2, None, "AP8="),
    }
    assert all(frame["url"] == handshake.url.replace("http", "ws") for frame in frames)


def test_a_page_behind_a_password_is_recorded_as_it_refuses(show: Show) -> None:
    locked = one(show("/locked"), "/locked")
    assert (locked.status, locked.body, locked.truncated) == (401, b"<p>locked</p>", None)
    assert b'WWW-Authenticate: Basic realm="x"' in lines(locked.head)


def test_what_is_still_open_in_the_end_is_marked(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hop, "LONG_POLL", 0.8)
    started = show.run(_clock())
    late = one(show("/never", at_most=0.4, finish=0.5), "/head-only")
    assert (late.status, late.body, late.truncated) == (200, None, "time")
    assert not show.stage.rested
    silent = one(show("/no-answer", at_most=6, finish=0.5), "/silent")
    assert show.stage.rested  # a long poll keeps no page from being at rest
    assert (silent.status, silent.head, silent.failed) == (None, None, "no answer when the look ended")
    assert show.run(_clock()) - started < 12


async def _clock() -> float:
    return asyncio.get_running_loop().time()


def test_a_connection_that_breaks(show: Show) -> None:
    half = one(show("/cut"), "/half")
    assert (half.status, half.truncated, half.body) == (200, "disconnect", b"half")
    assert half.failed == "net::ERR_CONTENT_LENGTH_MISMATCH"


def test_two_requests_for_one_address_are_two_exchanges(show: Show) -> None:
    before = show.stage.site.counted
    seen = [exchange for exchange in show("/twice") if exchange.url.endswith("/counted")]
    assert [exchange.body for exchange in seen] == [b"number %d" % (before + 1), b"number %d" % (before + 2)]


def test_a_hit_of_the_browsers_own_cache_says_so(show: Show) -> None:
    first, second = (exchange for exchange in show("/cached") if exchange.url.endswith("/pixel.png"))
    assert (first.cache, second.cache) == (False, True)
    assert first.body == second.body == PNG


def test_a_revalidated_answer_is_a_hit_of_the_cache(show: Show) -> None:
    first, second = (exchange for exchange in show("/revalidated") if exchange.url.endswith("/tagged"))
    assert (first.cache, second.cache) == (False, True)
    assert (second.status, second.body, second.head_exact) == (200, b"tagged", False)
    (note,) = [note for note in show.notes if note["what"] == "revalidated"]
    assert note["head"].startswith("HTTP/1.1 304 Not Modified\r\n")


def test_a_blob_is_noted(show: Show) -> None:
    seen = show("/blob")
    assert not [exchange for exchange in seen if exchange.url.startswith("blob:")]
    assert [note["what"] for note in show.notes] == ["blob"]


def test_two_hundred_pictures(show: Show) -> None:
    seen = [exchange for exchange in show("/many", at_most=30) if "/noise" in exchange.url]
    assert len({exchange.url for exchange in seen}) == len(seen) == 200
    assert all(exchange.body == NOISE and exchange.head_exact and exchange.peer for exchange in seen)
    assert [exchange.started for exchange in seen] == sorted(exchange.started for exchange in seen)


def test_a_page_that_is_closed_under_the_recorder_leaves_what_there_is(show: Show) -> None:
    seen = show.run(show.stage.look_and_lose(show.stage.url("/never")))
    assert one(seen, "/never").body is not None
    assert one(seen, "/head-only").truncated == "time"


SERVER = """
const http2 = require('node:http2'), fs = require('node:fs');
const server = http2.createSecureServer({key: fs.readFileSync('key.pem'), cert: fs.readFileSync('cert.pem')});
server.on('stream', (stream, headers) => {
  stream.respond({':status': 200, 'content-type': 'text/html; charset=gbk', 'set-cookie': ['a=1', 'b=2']});
  stream.end(headers[':path'] === '/mixed' ? '<script src=http://nowhere.invalid/x.js></script>'
                                           : Buffer.from(process.argv[1], 'base64'));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


@pytest.fixture
def second(tmp_path: Path) -> Iterator[tuple[int, bytes]]:
    """An HTTP/2 server with TLS: its port, and its certificate in DER."""
    node, openssl = shutil.which("node"), shutil.which("openssl")
    if node is None or openssl is None:
        pytest.skip("node or openssl not found: Debian's packages are nodejs and openssl")
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-days", "2"]  # fmt: skip
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    body = base64.b64encode(GBK).decode()
    with subprocess.Popen([node, "-e", SERVER, "--", body], cwd=tmp_path, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        yield port, ssl.PEM_cert_to_DER_cert((tmp_path / "cert.pem").read_text())
        server.kill()


def test_http2_with_tls(show: Show, second: tuple[int, bytes]) -> None:
    port, certificate = second
    main = one(show.run(show.stage.look(f"https://localhost:{port}/p?q=1")), "/p?q=1")
    assert (main.body, main.protocol, main.head_exact) == (GBK, "h2", False)
    assert lines(main.head)[0] == b"HTTP/2 200"
    assert [line for line in lines(main.head) if line.startswith(b"set-cookie")] == [
        b"set-cookie: a=1",
        b"set-cookie: b=2",
    ]
    assert lines(main.request_head)[0] == b"GET /p?q=1 HTTP/1.1"
    assert b"Host: localhost:%d" % port in lines(main.request_head)
    assert (main.peer or "").endswith(f":{port}")
    assert main.tls is not None
    assert (main.tls["protocol"], main.tls["subjectName"]) == ("TLS 1.3", "localhost")
    assert main.origin == f"https://localhost:{port}"
    assert show.stage.certificates == {main.origin: [certificate]}


def test_mixed_content_is_blocked(show: Show, second: tuple[int, bytes]) -> None:
    script = one(show.run(show.stage.look(f"https://localhost:{second[0]}/mixed")), "/x.js")
    assert (script.blocked, script.failed, script.status) == (True, "mixed-content", None)
