"""The schedule: nothing due is skipped in silence, nothing runs twice at once, and a crash tells."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from crawler import clock
from crawler.config import Config
from crawler.engine import schedule
from crawler.engine.schedule_history import HISTORY_FILE, HistoryEntry, append, history
from crawler.errors import ArchiveLocked, ArchiveMissing, FormatError, UsageError
from crawler.evidence.archive import Archive, state_files
from crawler.evidence.digest import digest_file

# Stands for `evidence`: notes how it was called, runs while a file "hold" is there, exits as a file says.
STUB = """\
#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> calls
trap 'echo ended >> calls; exit 143' TERM
while [ -e hold ]; do sleep 0.02; done
exit "$(cat code)"
"""
NIGHTLY = "30 2 * * *"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    config = Config(origin="example.org/log", organisation="消协", operator="李", contact="li@example.org")
    Archive.create(tmp_path / "archive", config).close()
    return tmp_path / "archive"


class Desk:
    """A scheduler in a thread, with a clock that the test turns and a stub for the crawls."""

    def __init__(self, archive: Path, folder: Path) -> None:
        self.archive = archive
        self.folder = folder
        self.time = datetime.fromisoformat("2026-11-22T12:00:00+08:00")
        self.reported: list[HistoryEntry] = []
        self.command = [str(folder / "stub")]
        (folder / "stub").write_text(STUB)
        (folder / "stub").chmod(0o755)
        (folder / "code").write_text("0")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, cron: str, *sites: str, render: bool = False, watched: tuple[str, ...] = ()) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "now", lambda: clock.stamp(self.time))
            return schedule.add(self.archive, cron, sites, render=render, watched=watched, pages=2).number

    def start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        schedule.run(
            self.archive,
            command=self.command,
            report=self.reported.append,
            stop=self._stop,
            now=lambda: self.time,
            tick=0.01,
        )

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(20)
            assert not self._thread.is_alive()
            self._thread = None

    def turn_to(self, moment: str) -> None:
        self.time = datetime.fromisoformat(f"{moment}+08:00")

    def outcomes(self) -> list[str]:
        return [f"{entry.crawl} {entry.outcome}" for entry in self.reported]

    def until(self, outcome: str, times: int = 1) -> None:
        wait_for(lambda: self.outcomes().count(outcome) >= times, f"{times} × {outcome}: {self.outcomes()}")

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def hold(self) -> None:
        (self.folder / "hold").touch()

    def release(self) -> None:
        (self.folder / "hold").unlink(missing_ok=True)


@pytest.fixture
def desk(archive: Path, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(archive, tmp_path)
    yield desk
    desk.release()
    desk.stop()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.01)


def test_the_schedule_is_kept_in_the_archive(archive: Path) -> None:
    first = schedule.add(archive, "30  2 * * 1-5", ["tieba", "douban"], render=True)
    second = schedule.add(archive, NIGHTLY, ["jd"])
    assert [crawl.number for crawl in schedule.scheduled(archive)] == [1, 2]
    assert schedule.scheduled(archive) == (first, second)
    assert (first.cron, first.sites, first.render) == ("30 2 * * 1-5", ("tieba", "douban"), True)


def test_a_number_is_never_given_twice(archive: Path) -> None:
    schedule.add(archive, NIGHTLY, ["tieba"])
    assert schedule.remove(archive, 1).sites == ("tieba",)
    assert schedule.scheduled(archive) == ()
    assert schedule.add(archive, NIGHTLY, ["tieba"]).number == 2


def test_what_cannot_be_scheduled_is_refused(archive: Path) -> None:
    with pytest.raises(UsageError, match="'60' is not 0 to 59"):
        schedule.add(archive, "60 2 * * *", ["tieba"])
    with pytest.raises(UsageError, match="no site was given"):
        schedule.add(archive, NIGHTLY, [])
    with pytest.raises(UsageError, match="'--help' is not a site name"):
        schedule.add(archive, NIGHTLY, ["--help"])
    with pytest.raises(UsageError, match="no scheduled crawl has number 7; there are: none"):
        schedule.remove(archive, 7)
    assert not (archive / schedule.SCHEDULE_FILE).exists()


def test_no_archive_is_made(tmp_path: Path) -> None:
    with pytest.raises(ArchiveMissing):
        schedule.add(tmp_path / "none", NIGHTLY, ["tieba"])
    with pytest.raises(ArchiveMissing):
        schedule.run(tmp_path / "none", command=["true"], report=print)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("content", ["", "[]", '{"next": 1}', '{"next": 1, "crawls": [{"number": 1}]}'])
def test_a_damaged_schedule_is_named(archive: Path, content: str) -> None:
    (archive / schedule.SCHEDULE_FILE).write_text(content)
    with pytest.raises(FormatError, match=schedule.SCHEDULE_FILE):
        schedule.scheduled(archive)


def test_next_due_is_in_beijing_time(archive: Path) -> None:
    due = schedule.add(archive, NIGHTLY, ["tieba"]).next_due(clock.parse("2026-11-22T18:30:00Z"))
    assert due is not None
    assert due.isoformat() == "2026-11-24T02:30:00+08:00"


def test_a_due_crawl_runs_once_as_a_process(desk: Desk) -> None:
    desk.add(NIGHTLY, "tieba", "douban", render=True)
    desk.start()
    desk.turn_to("2026-11-23T02:30:00")
    desk.until("1 ran")
    desk.turn_to("2026-11-23T03:30:00")
    time.sleep(0.1)
    desk.stop()
    assert desk.outcomes() == ["1 waiting", "1 started", "1 ran"]
    assert desk.calls() == [f"--archive {desk.archive} crawl tieba douban --render"]
    last = desk.reported[-1]
    assert (last.exit_code, last.due) == (0, "2026-11-22T18:30:00.000000Z")
    assert last.started is not None
    assert list(history(desk.archive)) == desk.reported


@pytest.mark.parametrize(("code", "outcome"), [(0, "ran"), (3, "ran"), (1, "failed"), (2, "failed")])
def test_the_exit_code_decides(desk: Desk, code: int, outcome: str) -> None:
    (desk.folder / "code").write_text(str(code))
    desk.add(NIGHTLY, "tieba")
    desk.start()
    desk.turn_to("2026-11-23T02:30:10")
    desk.until(f"1 {outcome}")
    assert desk.reported[-1].exit_code == code


def test_a_command_that_cannot_start_is_a_failed_crawl(desk: Desk) -> None:
    desk.command = [str(desk.folder / "absent")]
    desk.add(NIGHTLY, "tieba")
    desk.start()
    desk.turn_to("2026-11-23T02:30:00")
    desk.until("1 failed")
    assert desk.reported[-1].reason == f"cannot start {desk.folder / 'absent'}: No such file or directory"


def test_times_at_which_no_scheduler_ran_are_noted_as_missed(desk: Desk) -> None:
    desk.add(NIGHTLY, "tieba")
    desk.add("0 12 22 11 *", "jd")  # due at the very time it was added: not after it
    desk.turn_to("2026-11-25T12:00:00")
    desk.start()
    desk.until("1 missed")
    desk.stop()
    (missed,) = desk.reported
    assert (missed.due, missed.last_due) == ("2026-11-22T18:30:00.000000Z", "2026-11-24T18:30:00.000000Z")
    assert missed.times == 3
    assert str(missed) == (
        "crawl 1 (tieba), due 2026-11-23 02:30 北京时间 to 2026-11-25 02:30 北京时间, 3 times:"
        " missed (the scheduler was not running)"
    )


def test_what_was_noted_is_not_noted_again(desk: Desk) -> None:
    desk.add(NIGHTLY, "tieba")
    desk.turn_to("2026-11-25T12:00:00")
    desk.start()
    desk.until("1 missed")
    desk.stop()
    desk.start()
    desk.turn_to("2026-11-26T02:30:30")
    desk.until("1 ran")
    assert desk.outcomes() == ["1 missed", "1 waiting", "1 started", "1 ran"]


def test_a_machine_that_slept_misses_all_but_the_present(desk: Desk) -> None:
    desk.add("*/10 * * * *", "tieba")
    desk.start()
    desk.turn_to("2026-11-22T12:50:20")
    desk.until("1 ran")
    assert desk.outcomes() == ["1 missed", "1 waiting", "1 started", "1 ran"]
    assert desk.reported[0].times == 4


def test_counting_missed_times_has_an_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "COUNTED", 20)
    desk.add("* * * * *", "tieba")
    desk.turn_to("2026-12-22T12:00:30")
    desk.start()
    desk.until("1 ran")
    missed = desk.reported[0]
    assert (missed.times, missed.last_due) == (20, "2026-12-22T03:59:30.000000Z")
    assert desk.outcomes() == ["1 missed", "1 waiting", "1 started", "1 ran"]


def test_overlapping_crawls_of_one_site_are_not_started(desk: Desk) -> None:
    desk.hold()
    desk.add("0 13 * * *", "tieba", "douban")
    desk.add("5 13 * * *", "jd", "douban")
    desk.start()
    desk.turn_to("2026-11-22T13:00:00")
    desk.until("1 started")
    desk.turn_to("2026-11-22T13:05:00")
    desk.until("2 overlap-skipped")
    desk.release()
    desk.until("1 ran")
    desk.stop()
    assert len(desk.calls()) == 1
    assert desk.reported[2].reason == "still crawling or waiting: douban"


def test_looks_at_pages_of_one_site_wait_for_each_other_and_for_its_crawl(desk: Desk) -> None:
    desk.hold()
    desk.add("0 13 * * *", "tieba")
    desk.add("0 13 * * *", "tieba", watched=("http://tieba.baidu.com/p/1",))
    desk.add("0 13 * * *", "tieba", watched=("http://tieba.baidu.com/p/2",))
    desk.start()
    desk.turn_to("2026-11-22T13:00:00")
    desk.until("3 waiting")
    desk.release()
    desk.until("3 ran")
    desk.stop()
    assert "overlap-skipped" not in " ".join(desk.outcomes())
    assert [call.partition("watch look ")[2] for call in desk.calls()[1:]] == [
        "--pages=2 http://tieba.baidu.com/p/1",
        "--pages=2 http://tieba.baidu.com/p/2",
    ]


def test_a_crawl_of_another_site_waits_for_its_turn(desk: Desk) -> None:
    desk.hold()
    desk.add("0 13 * * *", "tieba")
    desk.add("5 13 * * *", "jd")
    desk.start()
    desk.turn_to("2026-11-22T13:00:00")
    desk.until("1 started")
    desk.turn_to("2026-11-22T13:05:00")
    desk.until("2 waiting")
    desk.turn_to("2026-11-22T16:00:00")
    time.sleep(0.1)
    assert len(desk.calls()) == 1
    desk.release()
    desk.until("2 ran")
    assert desk.outcomes()[-3:] == ["1 ran", "2 started", "2 ran"]
    assert desk.reported[-1].started == "2026-11-22T08:00:00.000000Z"


def test_a_schedule_changed_meanwhile_is_followed(desk: Desk) -> None:
    desk.hold()
    desk.add("0 13 * * *", "tieba")
    desk.start()
    desk.add("0 13 * * *", "jd")
    desk.turn_to("2026-11-22T13:00:00")
    desk.until("2 waiting")
    schedule.remove(desk.archive, 2)
    desk.release()
    desk.until("2 missed")
    assert desk.reported[-1].reason == "removed before its turn"
    assert len(desk.calls()) == 1


def test_stopping_ends_the_crawl_and_names_what_waited(desk: Desk) -> None:
    desk.hold()
    desk.add("0 13 * * *", "tieba")
    desk.add("0 13 * * *", "jd")
    desk.start()
    desk.turn_to("2026-11-22T13:00:00")
    desk.until("2 waiting")
    wait_for(lambda: len(desk.calls()) == 1, "the stub")
    time.sleep(0.1)  # the stub has set its trap
    desk.stop()
    assert desk.calls()[-1] == "ended"
    failed, missed = desk.reported[-2:]
    assert (failed.outcome, failed.exit_code, failed.reason) == ("failed", 143, "the scheduler was stopped")
    assert (missed.outcome, missed.reason) == ("missed", "the scheduler was stopped before its turn")


def test_a_killed_scheduler_leaves_no_gap(desk: Desk) -> None:
    desk.add("0 13 * * *", "tieba")
    desk.add("0 13 * * *", "jd")
    due = "2026-11-22T05:00:00.000000Z"
    append(desk.archive, HistoryEntry(crawl=1, sites=("tieba",), due=due, outcome="waiting"))
    append(desk.archive, HistoryEntry(crawl=1, sites=("tieba",), due=due, outcome="started", started=due))
    append(desk.archive, HistoryEntry(crawl=2, sites=("jd",), due=due, outcome="waiting"))
    desk.turn_to("2026-11-22T14:00:00")
    desk.start()
    desk.until("2 missed")
    desk.stop()
    assert desk.outcomes() == ["1 failed", "2 missed"]
    assert {entry.reason for entry in desk.reported} == {"the scheduler ended before this crawl did"}
    desk.start()
    time.sleep(0.1)
    assert desk.outcomes() == ["1 failed", "2 missed"]


def test_half_a_line_is_cut_off(desk: Desk) -> None:
    due = "2026-11-22T05:00:00.000000Z"
    append(desk.archive, HistoryEntry(crawl=1, sites=("tieba",), due=due, outcome="ran"))
    path = desk.archive / HISTORY_FILE
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    assert len(history(desk.archive)) == 1
    desk.start()
    wait_for(lambda: path.read_bytes() == whole, "the half line to go")


@pytest.mark.parametrize("line", ["{}", "x", '{"crawl": 1, "sites": [], "due": "x", "outcome": "ran"}'])
def test_a_damaged_history_is_named(archive: Path, line: str) -> None:
    (archive / HISTORY_FILE).write_text(line + "\n")
    with pytest.raises(FormatError, match="line 1"):
        schedule.run(archive, command=["true"], report=print)


def test_two_schedulers_on_one_archive_are_refused(desk: Desk) -> None:
    desk.start()
    wait_for((desk.archive / ".scheduler.lock").exists, "the lock")
    time.sleep(0.1)
    with pytest.raises(ArchiveLocked, match="another scheduler"):
        schedule.run(desk.archive, command=["true"], report=print)


def test_state_digests_cover_the_schedule(desk: Desk) -> None:
    desk.add(NIGHTLY, "tieba")
    desk.start()
    desk.turn_to("2026-11-23T02:30:00")
    desk.until("1 ran")
    desk.stop()
    lines = (desk.archive / "state-sha256.txt").read_text("utf-8").splitlines()
    listed = {name: f"sha256:{digest}" for digest, name in (line.split("  ", 1) for line in lines)}
    assert set(listed) == set(state_files(desk.archive))
    for name in (schedule.SCHEDULE_FILE, HISTORY_FILE):
        assert listed[name] == digest_file(desk.archive / name)


def test_an_archive_in_use_does_not_stop_the_schedule(desk: Desk) -> None:
    with Archive.open(desk.archive, writable=True):
        desk.add(NIGHTLY, "tieba")
        desk.start()
        desk.turn_to("2026-11-23T02:30:00")
        desk.until("1 ran")
