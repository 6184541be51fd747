"""The second look of a crawl: what is recorded, what is read, and what happens when the look goes wrong.

One crawl of many odd pages, looked at from all sides; then crawls that are stopped in the middle of a look.
"""

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response
from scrapy.settings import Settings

from crawler import settings
from crawler.engine.browser import Browser
from crawler.engine.extract import rebuild
from crawler.engine.render import Render
from crawler.engine.rendering.look import Look, Viewing
from crawler.engine.run import Live, Order, RunReport, crawl, resumable
from crawler.engine.site import Output, Page, Site
from crawler.engine.way import leads_on
from crawler.evidence import warc
from crawler.evidence.manifest import Capture
from crawler.items import Review
from crawler.store.index import FILE
from tests.archives import nothing_failed
from tests.engine.odd_server import Close, OddServer, Pause, odd_server, reply
from tests.engine.recorded import Crawled, make_archive, read_back
from tests.gallery.processes import descendants
from tests.test_disk_full import disk  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]
ROOT = Path(__file__).parents[2]
FAST: dict[str, Any] = {"LOG_LEVEL": "WARNING", "EVIDENCE_REPLAY_CHECK": False}
HTML = b"Content-Type: text/html; charset=utf-8"
WAIT = 40.0  # seconds for anything that another process is to have done


def html(body: str, title: str = "手工皂") -> bytes:
    return f"<!doctype html><html lang=zh><title>{title}</title><body>{body}</body></html>".encode()


def page(body: str, status: bytes = b"200 OK") -> bytes:
    return reply(html(body), status, (HTML,))


def review(name: str) -> str:
    return f'<li class=review data-id="{name}">物流很快，会回购。</li>'


WORDS = "<p>本店手工皂以橄榄油冷制，放置六周以后发货，每批留样备查；收货以后请存放于阴凉干燥处。</p>"
APP = b"""document.querySelector('#app').innerHTML = '<li class=review data-id=app>\\u5f88\\u597d</li>'.repeat(1)
 + '<p>' + '\\u7269\\u6d41\\u5f88\\u5feb'.repeat(40) + '</p>';"""
LOGIN = b"document.body.innerHTML = '<form>\\u767b\\u5f55<input name=u><input type=password name=p></form>';"
CHEAP = (
    WORDS.replace("橄榄油冷制", "天然")
    + "<p>全店五折，好评返现十元，联系客服领取，老顾客另有赠品，数量有限先到先得。</p>" * 3
)


def answer_all(server: OddServer) -> None:
    """Where there are two answers, the first is for plain HTTP and the second for the browser."""
    server.robots(reply(b"User-agent: *\nDisallow: /forbidden\n", headers=(b"Content-Type: text/plain",)))
    server.answer("/app", page('<div id=app></div><script src="/app.js"></script>'))
    server.answer("/app.js", reply(APP, headers=(b"Content-Type: text/javascript",)))
    server.answer("/plain", page(WORDS + review("plain")))
    server.answer("/gone", page(WORDS + review("gone"), b"404 Not Found"))
    server.answer("/api.json", reply(b'{"reviews": []}', headers=(b"Content-Type: application/json",)))
    server.answer("/refresh", page('<meta http-equiv="refresh" content="0; url=/arrived">'))
    server.answer("/arrived", page(WORDS + review("arrived")))
    server.answer("/forbidden", page(review("forbidden")))
    server.answer("/refused", page(WORDS + review("refused")))
    server.answer("/refused", Close)
    server.answer("/crash", page(WORDS + review("crash") + '<img src="/hang.png">'))
    server.answer("/hang.png", Pause(20))
    server.answer("/partial", page(WORDS + review("partial")))
    server.answer("/cloak", page(WORDS * 3 + review("cloak")))
    server.answer("/cloak", page(CHEAP * 2 + review("cloak")))
    server.answer("/wall", page('<div id=app></div><script src="/login.js"></script>'))
    server.answer("/login.js", reply(LOGIN, headers=(b"Content-Type: text/javascript",)))
    server.answer("/behind", page(WORDS + review("behind")))


class RenderSite(Site):
    """Asks for `addresses` and reads the reviews on each page."""

    name = "render_site"
    domains = ("127.0.0.1", "localhost")
    pages = (Page("review", ".", "parse_page"),)
    addresses: ClassVar[tuple[str, ...]] = ()
    seen: ClassVar[list[Response]] = []

    def first_urls(self) -> tuple[str, ...]:
        return self.addresses

    def parse_page(self, response: Response) -> Output:
        self.seen.append(response)
        if isinstance(response, HtmlResponse):
            for found in response.css("li.review"):
                yield Review(identifier=found.attrib["data-id"], review_body=found.css("::text").get(""))


def go(
    archive: Path, *addresses: str, render: bool = True, resume: str | None = None, **more: Any
) -> Crawled:
    """A crawl of these addresses with this spider."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "SPIDER_MODULES", [__name__])
        patch.setattr(RenderSite, "addresses", addresses)
        patch.setattr(RenderSite, "seen", [])
        order = resumable(archive, resume) if resume else Order(RenderSite.name, render=render)
        (report,) = crawl(archive, [order], log_file=archive.parent / "log", **{**FAST, **more})
        return read_back(archive, report, RenderSite.seen)


def rebuilt(archive: Path) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "SPIDER_MODULES", [__name__])
        return rebuild(archive)


def rows(archive: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(archive / FILE)) as database:
        return database.execute(sql).fetchall()


async def end_renderers(server: OddServer) -> None:
    """Kill what shows the page, once it waits for a picture that does not come."""
    while not server.requests("/hang.png"):
        await asyncio.sleep(0.05)
    for pid, line in descendants(os.getpid()).items():
        if "--type=renderer" in line:
            os.kill(pid, signal.SIGKILL)


def in_trouble(look: Callable[..., Any], server: OddServer) -> Callable[..., Any]:
    """The browser, but for a PDF that it could not make of /partial, and for a renderer that dies over /crash."""

    async def looking(self: Browser, url: str, viewing: Viewing | None = None) -> Look:
        killer = asyncio.ensure_future(end_renderers(server)) if url.endswith("/crash") else None
        seen: Look = await look(self, url, viewing)
        if killer is not None:
            await killer
        if url.endswith("/partial"):
            seen.artefacts = [artefact for artefact in seen.artefacts if artefact.name != "pdf"]
            seen.missing["pdf"] = "the printer is on fire"
            seen.state, seen.reason = "partial", "missing: pdf"
        return seen

    return looking


@pytest.fixture(scope="module")
def server() -> Iterator[OddServer]:
    with odd_server() as running:
        answer_all(running)
        yield running


@pytest.fixture(scope="module")
def counted() -> list[Live]:
    return []


@pytest.fixture(scope="module")
def crawled(
    server: OddServer, counted: list[Live], tmp_path_factory: pytest.TempPathFactory, chromium: str
) -> Crawled:
    """All pages in one crawl; the wall on a host of its own."""
    assert chromium
    archive = make_archive(tmp_path_factory.mktemp("render") / "archive")
    toml = archive / "evidence.toml"  # one after the other, so that a page waits while another meets the wall
    toml.write_text(toml.read_text("utf-8").replace("pages_at_once = 2", "pages_at_once = 1"), "utf-8")
    paths = ["/app", "/plain", "/gone", "/api.json", "/refresh", "/forbidden", "/refused", "/crash"]
    paths += ["/partial", "/cloak"]  # after the crash: the browser goes on
    addresses = [server.url(path) for path in paths]
    addresses += [server.url(path, "localhost") for path in ("/wall", "/behind")]

    def watch(live: Live) -> None:
        counted.append(Live(live.run, live.site, live.captures, live.items))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Browser, "look", in_trouble(Browser.look, server))
        return go(archive, *addresses, watch=watch)


def looks_of(crawled: Crawled, url: str) -> tuple[Capture, Capture]:
    """The plain capture and the page capture of an address."""
    plain, rendered = (capture for capture in crawled.of(url) if capture.page is None)
    return plain, rendered


def test_the_plain_look_is_wire_exact_and_the_page_names_it(server: OddServer, crawled: Crawled) -> None:
    plain, rendered = looks_of(crawled, server.url("/app"))
    assert (plain.fidelity, plain.state, plain.read_with, plain.look) == (
        "wire-exact",
        "complete",
        None,
        None,
    )
    assert crawled.record(plain, "response").block == server.requests("/app")[0].sent
    assert crawled.record(plain, "request").block == server.requests("/app")[0].received
    assert (rendered.fidelity, rendered.state, rendered.reason) == ("browser-decoded", "complete", None)
    assert rendered.look is not None
    assert rendered.look["plain"] == plain.id
    assert rendered.request_key == plain.request_key
    assert rendered.read_with == {"callback": "parse_page", "arguments": {}}
    assert {"dom", "screenshot", "text", "mhtml", "pdf"} <= set(rendered.look["artefacts"])
    (script,) = crawled.of(server.url("/app.js"))
    assert (script.page, script.state) == (rendered.id, "complete")
    assert crawled.record(script, "response").block.endswith(APP)
    # The browser says who we are, too.
    asked = server.requests("/app")[1].received.decode()
    assert re.search(r"User-Agent: .*Chrome.*mailto:a@example\.org", asked)


def test_the_batch_is_one_after_the_other_in_the_log(server: OddServer, crawled: Crawled) -> None:
    _, rendered = looks_of(crawled, server.url("/app"))
    order = [capture.id for capture in crawled.captures]
    ours = [
        order.index(capture.id) for capture in crawled.captures if rendered.id in (capture.id, capture.page)
    ]
    assert ours == list(range(ours[0], ours[0] + len(ours)))
    assert order[ours[0]] == rendered.id


def test_items_come_from_the_dom(server: OddServer, crawled: Crawled) -> None:
    found = dict(rows(crawled.archive, "select identifier, capture from review"))
    assert set(found) == {"app", "plain", "arrived", "partial", "cloak"}
    for path, name in (("/app", "app"), ("/partial", "partial")):
        _, rendered = looks_of(crawled, server.url(path))
        assert found[name] == rendered.id
        dom = rendered.artefact("dom")
        assert dom is not None
        wanted = f"select locator, payload_digest from review where identifier = '{name}'"  # noqa: S608
        told = rows(crawled.archive, wanted)
        assert told == [(str(dom.locator), dom.payload_digest)]
        assert b"data-id" in warc.decode(warc.read_stored(crawled.archive, dom.locator)).block


def test_without_rendering_a_script_page_gives_nothing(
    server: OddServer, crawled: Crawled, tmp_path: Path
) -> None:
    plainly = go(make_archive(tmp_path / "a"), server.url("/app"), render=False)
    assert rows(plainly.archive, "select * from review") == []
    assert plainly.only(server.url("/app")).read_with is not None
    assert rows(crawled.archive, "select count(*) from review where identifier = 'app'") == [(1,)]


def test_a_page_that_is_gone_is_looked_at_and_read_by_nobody(server: OddServer, crawled: Crawled) -> None:
    plain, rendered = looks_of(crawled, server.url("/gone"))
    assert (plain.status, rendered.status, rendered.state) == (404, 404, "complete")
    assert rendered.artefact("screenshot") is not None
    assert crawled.requests[server.url("/gone")] == ("done", "http-404")
    assert server.url("/gone") not in [response.url for response in crawled.seen]


def test_what_is_no_page_is_not_looked_at(server: OddServer, crawled: Crawled) -> None:
    (answer,) = crawled.of(server.url("/api.json"))
    assert answer.look is None
    assert answer.read_with is not None
    assert len(server.requests("/api.json")) == 1
    assert crawled.requests[server.url("/api.json")] == ("done", None)


def test_a_redirect_in_a_page_is_followed_not_looked_at(server: OddServer, crawled: Crawled) -> None:
    (before,) = crawled.of(server.url("/refresh"))
    plain, rendered = looks_of(crawled, server.url("/arrived"))
    assert (before.look, plain.follows) == (None, before.id)
    assert rendered.request_key == before.request_key
    assert crawled.requests[server.url("/refresh")] == ("done", None)


def test_what_robots_txt_forbids_is_not_looked_at(server: OddServer, crawled: Crawled) -> None:
    assert server.requests("/forbidden") == []
    assert crawled.requests[server.url("/forbidden")][0] == "skipped"
    (refused,) = crawled.of(server.url("/forbidden"))
    assert (refused.state, refused.look) == ("blocked", None)


def test_a_wall_that_only_the_browser_meets_stops_its_host(server: OddServer, crawled: Crawled) -> None:
    wall, behind = (server.url(path, "localhost") for path in ("/wall", "/behind"))
    plain, rendered = looks_of(crawled, wall)
    assert plain.state == "complete"
    assert rendered.state == "blocked"
    assert str(rendered.reason).startswith("wall-")
    assert rendered.artefact("screenshot") is not None  # the wall is evidence as well
    assert crawled.requests[wall] == ("failed", rendered.reason)
    (stopped,) = crawled.acts("host-stopped")
    assert (stopped["host"], stopped["capture"]) == ("localhost", rendered.id)
    # The next page had been fetched by then, and the browser did not go there any more.
    assert crawled.requests[behind][0] == "skipped"
    assert len(server.requests("/behind")) <= 1
    assert {"wall", "behind"}.isdisjoint(
        name for (name,) in rows(crawled.archive, "select identifier from review")
    )


def test_a_look_that_fails_is_a_failed_capture(server: OddServer, crawled: Crawled) -> None:
    plain, rendered = looks_of(crawled, server.url("/refused"))
    assert (plain.state, rendered.state, rendered.readable) == ("complete", "failed", False)
    assert "ERR_EMPTY_RESPONSE" in str(rendered.reason)
    state, reason = crawled.requests[server.url("/refused")]
    assert (state, "ERR_EMPTY_RESPONSE" in str(reason)) == ("failed", True)
    assert crawled.report.counts["captures"]["failed"] == 1


def test_a_look_that_crashes_keeps_what_was_seen_and_is_read_by_nobody(
    server: OddServer, crawled: Crawled
) -> None:
    plain, rendered = looks_of(crawled, server.url("/crash"))
    assert (plain.state, rendered.state, rendered.readable) == ("complete", "partial", False)
    assert "crash" in str(rendered.reason)
    assert WORDS.encode() in crawled.record(rendered, "response").block
    state, reason = crawled.requests[server.url("/crash")]
    assert (state, "crash" in str(reason)) == ("failed", True)
    (picture,) = crawled.of(server.url("/hang.png"))
    assert (picture.page, picture.state) == (rendered.id, "failed")


def test_a_partial_look_is_read_all_the_same(server: OddServer, crawled: Crawled) -> None:
    _, rendered = looks_of(crawled, server.url("/partial"))
    assert (rendered.state, rendered.reason) == ("partial", "missing: pdf")
    assert rendered.look is not None
    assert rendered.look["missing"] == {"pdf": "the printer is on fire"}
    assert crawled.requests[server.url("/partial")] == ("done", None)
    assert crawled.report.counts["captures"]["partial"] == 2  # the other one crashed


def test_a_page_with_two_faces_is_suspected(server: OddServer, crawled: Crawled) -> None:
    _, rendered = looks_of(crawled, server.url("/cloak"))
    assert rendered.look is not None
    assert rendered.look["beside"]["verdict"] == "differs"
    assert crawled.report.differing == 1
    _, alike = looks_of(crawled, server.url("/plain"))
    assert alike.look is not None
    assert alike.look["beside"]["verdict"] == "alike"
    _, blocked = looks_of(crawled, server.url("/wall", "localhost"))
    assert blocked.look is not None
    assert "beside" not in blocked.look  # a wall says nothing about the page


def test_the_report_counts_pages_and_not_their_exchanges(crawled: Crawled) -> None:
    report = crawled.report
    own = [capture for capture in crawled.captures if capture.page is None]
    assert sum(report.counts["captures"].values()) == len(own)
    assert len(own) < len(crawled.captures)
    assert (report.reason, report.unread, report.left) == ("finished", 0, 0)
    assert report.stopped_by is None
    assert crawled.acts("run-started")[0]["settings"]["EVIDENCE_RENDER"] is True


def test_the_progress_counts_while_pages_are_looked_at(counted: list[Live], crawled: Crawled) -> None:
    numbers = [live.captures for live in counted if live.run == crawled.report.run]
    assert numbers == sorted(numbers)
    assert numbers[-1] >= 8
    assert counted[-1].items >= 3  # what came in the last half second is in the report
    assert crawled.report.items == {"review": 5}


def test_the_archive_verifies_and_is_read_again_the_same(crawled: Crawled) -> None:
    nothing_failed(crawled.archive)
    reviews = rows(crawled.archive, "select * from review order by capture, ordinal")
    assert rebuilt(crawled.archive) == []
    (crawled.archive / FILE).unlink()
    assert rebuilt(crawled.archive) == ["there was no database"]
    assert rows(crawled.archive, "select * from review order by capture, ordinal") == reviews
    nothing_failed(crawled.archive)


def test_no_browser_is_left(crawled: Crawled) -> None:
    assert crawled
    assert not [line for line in descendants(os.getpid()).values() if "chrom" in line]


def test_a_resumed_run_reads_rendered_pages_from_the_archive(
    server: OddServer, crawled: Crawled, tmp_path: Path
) -> None:
    """Pages that were looked at are not looked at again; an error page stays one."""
    addresses = [server.url(path) for path in ("/plain", "/gone")]
    first = go(make_archive(tmp_path / "a"), *addresses)
    with closing(sqlite3.connect(first.archive / "frontier.db")) as database:
        database.execute("update request set state = 'leased', reason = null")
        database.commit()
    asked = len(server.heard)
    again = go(first.archive, *addresses, resume=first.report.run)
    assert len(server.heard) == asked
    assert len(again.captures) == len(first.captures)
    assert again.requests == {addresses[0]: ("done", None), addresses[1]: ("done", "http-404")}
    assert [response.url for response in again.seen] == [addresses[0]]
    assert rows(again.archive, "select identifier from review") == [("plain",)]
    assert rebuilt(again.archive) == []


def test_a_full_disk_during_a_look_stops_the_crawl_and_the_archive_verifies(
    server: OddServer,
    disk: Path,  # noqa: F811
) -> None:
    noise = b"\x89PNG" + os.urandom(7 << 20)
    server.answer("/noisy", page(WORDS + '<img src="/noise.png">'))
    server.answer("/noise.png", reply(noise, headers=(b"Content-Type: image/png",)))
    found = go(make_archive(disk / "archive"), server.url("/noisy"))
    assert found.report.reason == "disk-full"
    assert "DiskFull" in str(found.report.stopped_by)
    assert found.report.exit_code == 1
    assert [capture.look for capture in found.of(server.url("/noisy"))] == [
        None
    ]  # all of the look or nothing
    assert found.requests == {server.url("/noisy"): ("leased", None)}
    nothing_failed(found.archive)
    assert not [line for line in descendants(os.getpid()).values() if "chrom" in line]


# In a process of its own, so that it can be killed


def started(archive: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "crawler", "--archive", str(archive), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until(happens: Callable[[], object], what: str) -> None:
    until = time.monotonic() + WAIT
    while not happens():
        assert time.monotonic() < until, f"not within {WAIT} s: {what}"
        time.sleep(0.05)


def ended(pids: dict[int, str]) -> bool:
    """Whether none of these processes runs any more; one that is not yet reaped has ended."""
    for pid in pids:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        if stat.rpartition(")")[2].split()[0] not in ("Z", "X"):
            return False
    return True


def looking(server: OddServer, archive: Path, path: str) -> tuple[subprocess.Popen[str], dict[int, str]]:
    """`evidence capture` in the middle of its look, and what it has started."""
    process = started(archive, "capture", "--no-replay-check", "--json", server.url(path))
    wait_until(lambda: len(server.requests(path)) >= 2 or process.poll() is not None, "the look begins")
    if process.poll() is not None:
        pytest.fail(process.communicate()[0])
    below = descendants(process.pid)
    assert any("--type=" not in line and "user-data-dir" in line for line in below.values()), below
    return process, below


def test_a_signal_ends_the_look_in_order(server: OddServer, tmp_path: Path) -> None:
    path, archive = "/signal", make_archive(tmp_path / "a")
    server.answer(path, page(WORDS))
    server.answer(path, Pause(1.5), page(WORDS))
    process, below = looking(server, archive, path)
    process.send_signal(signal.SIGINT)  # SIGTERM has the same handler
    printed, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 1, printed  # a run that was stopped is not all that was ordered
    assert "Traceback" not in printed
    wait_until(lambda: ended(below), "the browser ends")
    report = json.loads(printed[printed.index("[") :])[0] if "[" in printed else {}
    assert report.get("reason") == "shutdown", printed
    found = rows(archive, "select state, look is null from capture where url like '%signal%' order by leaf")
    assert found == [("complete", 1), ("complete", 0)]
    nothing_failed(archive)


@pytest.mark.parametrize("signals", [(signal.SIGKILL,), (signal.SIGTERM, signal.SIGTERM)])
def test_a_kill_leaves_no_browser_and_the_page_is_looked_at_on_resume(
    server: OddServer, tmp_path: Path, signals: tuple[signal.Signals, ...]
) -> None:
    path, archive = f"/killed-{signals[0].name}", make_archive(tmp_path / "a")
    server.answer(path, page(WORDS))
    server.answer(path, Pause(60), page(WORDS))
    server.answer(path, page(WORDS))
    process, below = looking(server, archive, path)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.3)
    printed, _ = process.communicate(timeout=WAIT)
    assert process.returncode == (130 if len(signals) > 1 else -signal.SIGKILL), printed
    wait_until(lambda: ended(below), "the browser ends with us")
    assert rows(archive, "select count(*) from capture where look is not null") == [(0,)]
    if len(signals) > 1:
        return
    (run,) = rows(archive, "select id from run")[0]
    again = started(archive, "crawl", "--resume", run, "--no-replay-check", "--json")
    printed, _ = again.communicate(timeout=WAIT)
    assert again.returncode == 3, printed  # no authority is configured
    found = rows(archive, "select state, look is null from capture where url like '%killed%' order by leaf")
    assert found == [("complete", 1), ("complete", 0)], "nothing twice, nothing lost"
    assert len(server.requests(path)) == 3, "the plain page was not fetched again"
    nothing_failed(archive)


# The small parts


@pytest.mark.parametrize(
    ("markup", "leads"),
    [
        ('<meta http-equiv="refresh" content="0; url=/b">', True),
        ('<meta http-equiv="refresh" content="0; url=http://[bad">', False),
        ('<meta http-equiv="refresh" content="0; url=//[bad">', False),
        ('<meta http-equiv="refresh" content="0; url=javascript:alert(1)">', False),
        ('<meta http-equiv="refresh" content="9999; url=/b">', False),
        ("<p>x</p>", False),
    ],
)
def test_which_page_leads_on(markup: str, leads: bool) -> None:
    response = HtmlResponse("http://a.invalid/", body=markup.encode(), request=Request("http://a.invalid/"))
    assert leads_on(response, Settings({"METAREFRESH_MAXDELAY": 100})) is leads


@pytest.mark.parametrize(
    ("reason", "stopped", "wanted", "checked"),
    [
        ("finished", None, True, True),
        ("page-cap", None, True, True),
        ("finished", None, False, False),
        ("shutdown", None, True, False),
        ("finished", "DiskFull: x", True, False),
    ],
)
def test_nobody_waits_for_a_replay_who_wants_the_run_to_end(
    reason: str, stopped: str | None, wanted: bool, checked: bool
) -> None:
    told = {"evidence/reason": reason, "evidence/stopped_by": stopped}
    stats = type("Stats", (), {"get_value": staticmethod(told.get)})()
    render = Render.__new__(Render)
    render._crawler = Crawler(RenderSite, {"EVIDENCE_REPLAY_CHECK": wanted})
    render._crawler.stats = stats
    assert bool(render._is_checked()) is checked


def test_a_report_with_a_failed_look_is_not_all_well(crawled: Crawled) -> None:
    report: RunReport = crawled.report
    assert report.counts["reasons"]
    assert any("ERR_EMPTY_RESPONSE" in reason for reason in report.counts["reasons"])


def test_an_exchange_that_a_policy_blocks_stops_no_host_on_resume(tmp_path: Path, chromium: str) -> None:
    with odd_server() as server:
        csp = b"Content-Security-Policy: img-src 'none'"
        picture = server.url("/x.png", "localhost")
        server.answer("/strict", reply(html(WORDS + f'<img src="{picture}">'), headers=(HTML, csp)))
        server.answer("/plain", page(WORDS + review("plain")))
        addresses = [server.url("/strict"), server.url("/plain", "localhost")]
        first = go(make_archive(tmp_path / "a"), addresses[0])
        assert [c.state for c in first.of(picture)] == ["blocked"]
        again = go(first.archive, *addresses, resume=first.report.run)
        assert again.requests[addresses[1]] == ("done", None)


def test_a_refresh_to_nowhere_is_acknowledged(tmp_path: Path, chromium: str) -> None:
    with odd_server() as server:
        server.answer("/odd", page('<meta http-equiv="refresh" content="0; url=http://[x">' + WORDS))
        crawled = go(make_archive(tmp_path / "a"), server.url("/odd"))
        assert crawled.requests == {server.url("/odd"): ("done", None)}
        assert [c.look is None for c in crawled.of(server.url("/odd"))] == [True, False]
