"""Rendered captures at the door: `evidence capture`, `replay`, `captures`, scheduled crawls that render."""

import io
import json
import os
import shutil
import signal
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.market import Market
from crawler.demo.plan import World
from crawler.engine import schedule
from crawler.engine.browser import VARIABLE
from crawler.engine.schedule_history import HistoryEntry
from crawler.evidence import warc
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture, parse_leaf
from tests.archives import nothing_failed
from tests.commands import Printed, evidence
from tests.engine.odd_server import Close, OddServer, Pause, odd_server, reply
from tests.engine.recorded import make_archive
from tests.engine.test_render import (
    APP,
    CHEAP,
    WAIT,
    WORDS,
    ended,
    looking,
    page,
    review,
    rows,
    started,
    wait_until,
)
from tests.gallery.processes import descendants

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]


@dataclass
class Captured:
    """What `evidence capture` left and printed."""

    archive: Path
    reports: list[dict[str, Any]]
    captures: list[Capture]
    events: list[dict[str, Any]]

    def page(self, url: str) -> Capture:
        """The page capture of an address."""
        (found,) = (capture for capture in self.captures if capture.url == url and capture.look is not None)
        return found


def read(archive: Path, printed: str) -> Captured:
    with Archive.open(archive) as opened:
        leaves = [parse_leaf(entry.leaf) for entry in opened.entries()]
    captures = [Capture.from_json(leaf) for leaf in leaves if leaf["kind"] == "capture"]
    events = [leaf for leaf in leaves if leaf["kind"] == "event"]
    return Captured(archive, json.loads(printed[printed.index("[\n") :]), captures, events)


@pytest.fixture(scope="module")
def server() -> Iterator[OddServer]:
    """A page made by a script, and one with two faces: the first answer is for plain HTTP."""
    with odd_server() as running:
        running.answer("/app", page('<div id=app></div><script src="/app.js"></script>'))
        running.answer("/app.js", reply(APP, headers=(b"Content-Type: text/javascript",)))
        running.answer("/cloak", page(WORDS * 3 + review("cloak")))
        running.answer("/cloak", page(CHEAP * 2 + review("cloak")))
        running.answer("/plain", page(WORDS))
        yield running


@pytest.fixture(scope="module")
def captured(server: OddServer, tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Captured:
    """Two pages, rendered, with a screencast, and replayed at the end. Not to be written to."""
    assert chromium
    archive = make_archive(tmp_path_factory.mktemp("command") / "证据 库")
    urls = [server.url("/app"), server.url("/cloak")]
    process = started(archive, "capture", *urls, "--screencast", "--json")
    printed, _ = process.communicate(timeout=90)
    assert process.returncode == 3, printed  # no authority is configured
    assert "Traceback" not in printed
    return read(archive, printed)


@pytest.fixture
def archive(captured: Captured, tmp_path: Path) -> Path:
    """A copy of that archive."""
    return shutil.copytree(captured.archive, tmp_path / "copy")


def test_a_page_is_rendered_unless_one_says_no(server: OddServer, captured: Captured) -> None:
    assert [report["reason"] for report in captured.reports] == ["finished", "finished"]
    assert [report["counts"]["captures"] for report in captured.reports] == [{"complete": 3}, {"complete": 3}]
    look = captured.page(server.url("/app")).look
    assert look is not None
    assert {"screenshot", "dom", "text", "pdf", "mhtml", "screencast"} <= set(look["artefacts"])
    nothing_failed(captured.archive)


def test_the_screencast_is_a_zip_of_its_frames(server: OddServer, captured: Captured) -> None:
    stored = captured.page(server.url("/app")).artefact("screencast")
    assert stored is not None
    block = warc.decode(warc.read_stored(captured.archive, stored.locator)).block
    with zipfile.ZipFile(io.BytesIO(block)) as frames:
        listed = json.loads(frames.read("frames.json"))["frames"]
        assert listed
        assert all(frames.read(frame["name"]).startswith(b"\xff\xd8\xff") for frame in listed)


def test_each_page_was_replayed_from_its_records(server: OddServer, captured: Captured) -> None:
    checked = [event["details"] for event in captured.events if event["act"] == "replay-checked"]
    pages = [captured.page(server.url(path)).id for path in ("/app", "/cloak")]
    assert [details["capture"] for details in checked] == pages
    assert all(details["text"] >= 980 for details in checked)
    assert all(details["pixels"] >= 980 for details in checked)


def test_a_page_with_two_faces_is_suspected_in_words(
    server: OddServer, captured: Captured, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [report["differing"] for report in captured.reports] == [0, 1]
    lines = evidence(capsys, "--archive", archive, "captures").out.splitlines()
    assert len(lines) == 6  # robots.txt, plain and rendered, twice
    (suspected,) = [line for line in lines if "疑似" in line]
    assert server.url("/cloak") in suspected
    everything = evidence(capsys, "--archive", archive, "captures", "--all").out.splitlines()
    assert any("/app.js" in line for line in everything)


def test_a_replay_needs_no_network_and_says_how_like_it_is(
    server: OddServer, captured: Captured, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = len(server.heard)
    capture = captured.page(server.url("/app"))
    printed = evidence(capsys, "--archive", archive, "replay", capture.id[:12], "--json")
    assert printed.code == 0, printed.err
    (score,) = printed.json
    assert (score["capture"], score["good"]) == (capture.id, True)
    assert score["text"] >= 980
    assert "重放 1/1" in printed.err
    printed = evidence(capsys, "--archive", archive, "replay", "--run", captured.reports[1]["run"])
    assert printed.code == 0, printed.err
    assert printed.out.startswith("一致  采集 ")
    assert "文字 100.0%" in printed.out
    assert len(server.heard) == heard
    assert rows(archive, "select count(*) from event where act = 'replay-checked'") == [(4,)]
    nothing_failed(archive)


def test_what_cannot_be_replayed_is_said(
    captured: Captured, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def replay(*arguments: str) -> Printed:
        return evidence(capsys, "--archive", archive, "replay", *arguments)

    plain = next(capture for capture in captured.captures if capture.look is None)
    for arguments, says in (
        ((), "name the captures to replay"),
        ((plain.id, "--run", "x"), "name the captures to replay"),
        ((plain.id,), "was not rendered"),
        (("--run", "x"), "has no rendered page"),
        (("zz",), "no capture has an id that begins with 'zz'"),
    ):
        printed = replay(*arguments)
        assert (printed.code, says in printed.err, printed.out) == (2, True, ""), printed


def test_without_rendering_there_is_one_request_and_no_browser(
    server: OddServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "/nonexistent")
    archive, before = make_archive(tmp_path / "a"), len(server.requests("/plain"))
    printed = evidence(capsys, "--archive", archive, "capture", "--no-render", server.url("/plain"))
    assert printed.code == 3, printed.err
    assert "全部完成" in printed.out
    assert len(server.requests("/plain")) == before + 1
    assert rows(archive, "select count(*) from capture where look is not null or page is not null") == [(0,)]


def test_without_a_replay_check_nothing_is_replayed(
    server: OddServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = make_archive(tmp_path / "a")
    url = server.url("/plain")
    printed = evidence(capsys, "--archive", archive, "capture", "--no-replay-check", url)
    assert printed.code == 3, printed.err
    assert "采集：完整 3；读出：无" in printed.out
    assert "疑似" not in printed.out
    assert rows(archive, "select count(*) from event where act = 'replay-checked'") == [(0,)]
    assert rows(archive, "select count(*) from capture where look is not null") == [(1,)]
    assert not [line for line in descendants(os.getpid()).values() if "chrom" in line]


@pytest.mark.parametrize("command", ["capture", "crawl", "replay"])
def test_no_browser_is_said_before_anything_is_fetched(
    server: OddServer,
    captured: Captured,
    archive: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.setenv(VARIABLE, "/nonexistent")
    arguments = {
        "capture": [server.url("/plain")],
        "crawl": ["market_shop", "--render"],
        "replay": [captured.page(server.url("/app")).id],
    }[command]
    heard, runs = len(server.heard), rows(archive, "select count(*) from run")
    printed = evidence(capsys, "--archive", archive, command, *arguments)
    assert (printed.code, printed.out) == (1, "")
    assert "EVIDENCE_CHROMIUM = /nonexistent: there is no such file" in printed.err
    assert "→ 没有可用的 Chromium 浏览器" in printed.err
    assert "--no-render" in printed.err
    assert "Traceback" not in printed.err
    assert (len(server.heard), rows(archive, "select count(*) from run")) == (heard, runs)


def test_what_is_no_browser_stops_the_crawl_and_keeps_the_plain_page(
    server: OddServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "/bin/false")
    archive = make_archive(tmp_path / "a")
    printed = evidence(capsys, "--archive", archive, "capture", server.url("/plain"))
    assert printed.code == 1
    assert "/bin/false cannot be started" in printed.out
    assert "--resume" in printed.out
    assert rows(archive, "select state from capture where url like '%plain'") == [("complete",)]
    nothing_failed(archive)


def test_a_look_that_fails_is_no_complete_run(
    server: OddServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = make_archive(tmp_path / "a")
    server.answer("/refused", page(WORDS))
    server.answer("/refused", Close)
    printed = evidence(capsys, "--archive", archive, "capture", server.url("/refused"))
    assert printed.code == 1, printed.out
    assert "ERR_EMPTY_RESPONSE" in printed.out
    assert "采集：完整 2，未取得 1" in printed.out
    assert "未取得内容：浏览器未能看到（navigation: " in printed.out
    found = rows(
        archive, "select state from capture where url like '%refused' and page is null order by leaf"
    )
    assert found == [("complete",), ("failed",)]


def test_sigterm_ends_a_look_in_order(server: OddServer, tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a")
    server.answer("/term", page(WORDS))
    server.answer("/term", Pause(1.0), page(WORDS))
    process, below = looking(server, archive, "/term")
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 1, printed
    wait_until(lambda: ended(below), "the browser ends")
    assert rows(archive, "select state from capture where look is not null") == [("complete",)]
    nothing_failed(archive)


# Scheduled


def test_a_scheduled_crawl_renders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole way: the schedule starts the command, the browser goes through the archive's proxy."""
    with Market(World(seed=7, reviews=200), robots_delay=None) as market:
        archive = make_archive(tmp_path / "a", proxy=market.proxy)
        toml = archive / "evidence.toml"
        toml.write_text(toml.read_text("utf-8").replace("pages_per_run = 2000", "pages_per_run = 1"), "utf-8")
        printed = evidence(
            capsys, "--archive", archive, "schedule", "add", "--render", "* * * * *", "market_news"
        )
        assert printed.code == 0, printed.err
        listed = evidence(capsys, "--archive", archive, "schedule", "list", "--json").json["scheduled"]
        assert [crawl["render"] for crawl in listed] == [True]
        due = datetime.fromisoformat(listed[0]["added"]) + timedelta(seconds=60)
        outcome = run_once(archive, due)
        assert outcome == "ran"
    states = {state for (state,) in rows(archive, "select state from capture where look is not null")}
    assert states
    assert states <= {"complete", "partial"}
    settings = json.loads(rows(archive, "select settings from run")[0][0])
    assert settings["EVIDENCE_RENDER"] is True
    nothing_failed(archive)


def run_once(archive: Path, moment: datetime) -> str:
    """The scheduler, until its first crawl has ended; returns how."""
    stop, ends = threading.Event(), list[str]()

    def report(entry: HistoryEntry) -> None:
        if entry.outcome in ("ran", "failed"):
            ends.append(entry.outcome)
            stop.set()

    timer = threading.Timer(90, stop.set)
    timer.start()
    try:
        command = [sys.executable, "-m", "crawler"]
        schedule.run(archive, command=command, report=report, stop=stop, now=lambda: moment, tick=0.1)
    finally:
        timer.cancel()
    return ends[0] if ends else "no end within 90 s"
