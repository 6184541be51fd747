"""Scheduled crawls: kept in the archive, run in the foreground, each crawl a process of its own.

    schedule.json            what is to run when; written whole and durable, never half
    schedule-history.jsonl   one line per step of each due time, appended and synced before anything goes on

A due time ends as ``ran``, ``failed``, ``missed`` or ``overlap-skipped``; before that it may be ``waiting``
and ``started``. Nothing else remembers what was done: on start the last line about each crawl says from when
on due times are unaccounted for, and those are noted as missed. A crash leaves a line ``waiting`` (the crawl
never began: missed) or ``started`` (it was cut off, or ended unseen: failed).

An archive has one writer, so crawls run one after another; a crawl that falls due meanwhile waits its turn.
Both files are covered by state-sha256.txt, which is written again when no crawl is running.
"""

import contextlib
import fcntl
import json
import re
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawler import clock
from crawler.config import read_config
from crawler.engine.cron import next_due, read_cron
from crawler.engine.schedule_history import FINAL, HistoryEntry, append, drop_half_line, history
from crawler.errors import ArchiveLocked, FormatError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.durable import durable_write

SCHEDULE_FILE = "schedule.json"
# Exit codes of a crawl that fetched and recorded: all well, or not yet sealed (docs/decisions/0009).
RECORDED = (0, 3)
# A due time seen later than this was missed: the machine slept or the scheduler was not running.
LATE = timedelta(seconds=60)
# More missed times than this are not counted one by one; a crawl due every minute for a week.
COUNTED = 10_000
STOP_SECONDS = 120.0  # a stopped crawl closes its files, signs and asks for stamps

_SITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class ScheduledCrawl:
    """One line of the schedule. `number` is never given twice; `added` is UTC, RFC 3339."""

    number: int
    cron: str  # five fields, Asia/Shanghai
    sites: tuple[str, ...]
    render: bool
    added: str
    watched: tuple[str, ...] = ()  # addresses, looked at again and again instead of crawling the sites
    pages: int = 0  # of the list at each of them

    def __str__(self) -> str:
        """For people: ``1  30 2 * * 1-5  tieba douban_group``."""
        return f"{self.number}  {self.cron}（北京时间）  {' '.join(self.watched or self.sites)}"

    def arguments(self) -> list[str]:
        """The command that a due time calls."""
        render = ["--render"] if self.render else []
        if self.watched:
            return ["watch", "look", *render, f"--pages={self.pages}", *self.watched]
        return ["crawl", *self.sites, *render]

    def next_due(self, after: datetime) -> datetime | None:
        """The first due time after `after`, in Beijing time."""
        return next_due(read_cron(self.cron), after)


def add(
    archive: Path,
    cron: str,
    sites: Sequence[str],
    *,
    render: bool = False,
    watched: Sequence[str] = (),
    pages: int = 0,
) -> ScheduledCrawl:
    """Schedule a crawl of some sites, or looks at `watched` addresses of theirs, with so many `pages` of each.

    Raises UsageError for a wrong expression or site name.
    """
    read_config(archive)
    read_cron(cron)
    if not sites:
        raise UsageError(
            "no site was given: name at least one, as in `evidence schedule add '30 2 * * *' SITE`"
        )
    for site in sites:
        if not _SITE.fullmatch(site):
            raise UsageError(f"{site!r} is not a site name: use the name of a file in spiders/, without .py")
    with _held(archive / ".schedule.lock", wait=True):
        number, crawls = _read_schedule(archive)
        when = " ".join(cron.split())
        crawl = ScheduledCrawl(number, when, tuple(sites), render, clock.now(), tuple(watched), pages)
        _write_schedule(archive, number + 1, [*crawls, crawl])
    _settle(archive)
    return crawl


def scheduled(archive: Path) -> tuple[ScheduledCrawl, ...]:
    """The schedule, in the order of its numbers. Raises ArchiveMissing, FormatError."""
    read_config(archive)
    return _read_schedule(archive)[1]


def remove(archive: Path, number: int) -> ScheduledCrawl:
    """Take a crawl off the schedule; what it did stays in the history. Raises UsageError if it is not there."""
    read_config(archive)
    with _held(archive / ".schedule.lock", wait=True):
        upcoming, crawls = _read_schedule(archive)
        found = [crawl for crawl in crawls if crawl.number == number]
        if not found:
            known = ", ".join(str(crawl.number) for crawl in crawls) or "none"
            raise UsageError(f"no scheduled crawl has number {number}; there are: {known}")
        _write_schedule(archive, upcoming, [crawl for crawl in crawls if crawl.number != number])
    _settle(archive)
    return found[0]


def run(
    archive: Path,
    *,
    command: Sequence[str],
    report: Callable[[HistoryEntry], object],
    stop: threading.Event | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    tick: float = 1.0,
) -> None:
    """Run the schedule until `stop` is set (or KeyboardInterrupt), in the foreground.

    `command` is how to call us, e.g. ``["evidence"]``; each due crawl becomes
    ``COMMAND --archive ARCHIVE`` and its `arguments`. `report` gets every step as it is noted. The
    schedule is read again every `tick` seconds, so it may be changed meanwhile. On stop the crawl that runs
    is asked to end and is waited for.

    Raises ArchiveMissing; ArchiveLocked if another scheduler runs on this archive; ArchiveError if the
    history cannot be written.
    """
    read_config(archive)
    stop = stop or threading.Event()
    with _held(archive / ".scheduler.lock", wait=False):
        runner = _Runner(archive, command, report, now)
        try:
            runner.resume()
            while not stop.is_set():
                runner.step()
                # In short waits, because a monotonic clock stands still while the machine sleeps.
                stop.wait(tick)
        finally:
            runner.stop()


class _Runner:
    def __init__(
        self,
        archive: Path,
        command: Sequence[str],
        report: Callable[[HistoryEntry], object],
        now: Callable[[], datetime],
    ) -> None:
        self._archive = archive
        self._command = list(command)
        self._report = report
        self._now = now
        self._waiting: deque[HistoryEntry] = deque()
        self._running: tuple[HistoryEntry, subprocess.Popen[bytes]] | None = None
        self._accounted: dict[int, datetime] = {}
        self._unsettled = False
        self._watched: set[int] = set()  # numbers of those that look at some pages only

    def resume(self) -> None:
        """Note what a scheduler that was killed left open, and from when on nothing was noted."""
        drop_half_line(self._archive)
        unfinished: dict[tuple[int, str], HistoryEntry] = {}
        for entry in history(self._archive):
            self._account(entry)
            if entry.outcome in FINAL:
                unfinished.pop((entry.crawl, entry.due), None)
            else:
                unfinished[entry.crawl, entry.due] = entry
        for entry in unfinished.values():
            outcome = "failed" if entry.outcome == "started" else "missed"
            self._note(replace(entry, outcome=outcome, reason="the scheduler ended before this crawl did"))

    def step(self) -> None:
        """See what ended, what fell due, and start what may start."""
        self._reap()
        crawls = scheduled(self._archive)
        self._watched = {crawl.number for crawl in crawls if crawl.watched}
        for crawl in crawls:
            self._collect(crawl)
        self._start_next({crawl.number: crawl for crawl in crawls})
        if self._unsettled and self._running is None:
            self._unsettled = not _settle(self._archive)

    def stop(self) -> None:
        """End the crawl that runs, and note what did not get its turn."""
        if self._running is not None:
            entry, process = self._running
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):
                process.kill()  # harmless to the archive: what was recorded is durable, the rest is resumed
                process.wait()
            self._running = (replace(entry, reason="the scheduler was stopped"), process)
            self._reap()
        while self._waiting:
            entry = self._waiting.popleft()
            self._note(replace(entry, outcome="missed", reason="the scheduler was stopped before its turn"))
        if self._unsettled:
            _settle(self._archive)

    def _reap(self) -> None:
        if self._running is None or (code := self._running[1].poll()) is None:
            return
        entry = replace(self._running[0], ended=clock.stamp(self._now()), exit_code=code)
        self._running = None
        self._note(replace(entry, outcome="ran" if code in RECORDED else "failed"))

    def _collect(self, crawl: ScheduledCrawl) -> None:
        """Account for every due time of one crawl since the last one: missed, overlapping, or waiting."""
        trigger = read_cron(crawl.cron)
        now = self._now()
        missed: list[datetime] = []
        due = next_due(trigger, self._accounted.get(crawl.number, clock.parse(crawl.added)))
        while due is not None and due <= now:
            if now - due > LATE:
                missed.append(due)
            else:
                self._note_missed(crawl, missed)
                missed = []
                self._enqueue(crawl, due)
            due = next_due(trigger, due if len(missed) < COUNTED else now - LATE)
        self._note_missed(crawl, missed)

    def _note_missed(self, crawl: ScheduledCrawl, missed: list[datetime]) -> None:
        if not missed:
            return
        entry = _due_entry(crawl, missed[0], "missed", "the scheduler was not running")
        if len(missed) == 1:
            self._note(entry)
        elif len(missed) < COUNTED:
            self._note(replace(entry, last_due=clock.stamp(missed[-1]), times=len(missed)))
        else:
            until = clock.stamp(self._now() - LATE)
            reason = f"the scheduler was not running; counting ended at {COUNTED}"
            self._note(replace(entry, last_due=until, times=len(missed), reason=reason))

    def _enqueue(self, crawl: ScheduledCrawl, due: datetime) -> None:
        busy = [*self._waiting, *([self._running[0]] if self._running else [])]
        # Looks at some pages do not stand in for each other, nor a crawl for them: they wait their turn.
        same = [entry for entry in busy if entry.crawl == crawl.number]
        others = [entry for entry in busy if not crawl.watched and entry.crawl not in self._watched]
        overlapping = sorted(set(crawl.sites) & {site for entry in (*same, *others) for site in entry.sites})
        if overlapping:
            reason = f"still crawling or waiting: {', '.join(overlapping)}"
            self._note(_due_entry(crawl, due, "overlap-skipped", reason))
        else:
            entry = _due_entry(crawl, due, "waiting")
            self._note(entry)
            self._waiting.append(entry)

    def _start_next(self, crawls: dict[int, ScheduledCrawl]) -> None:
        while self._waiting and self._running is None:
            entry = self._waiting.popleft()
            if entry.crawl in crawls:
                self._start(entry, crawls[entry.crawl])
            else:
                self._note(replace(entry, outcome="missed", reason="removed before its turn"))

    def _start(self, entry: HistoryEntry, crawl: ScheduledCrawl) -> None:
        command = [*self._command, "--archive", str(self._archive), *crawl.arguments()]
        entry = replace(entry, outcome="started", started=clock.stamp(self._now()))
        # Noted before it is so: a crash between the two shows as a failed crawl, never as one that nobody saw.
        self._note(entry)
        try:
            # A session of its own: Ctrl-C reaches the scheduler alone, which then asks the crawl once to end.
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        except OSError as error:
            self._note(
                replace(entry, outcome="failed", reason=f"cannot start {command[0]}: {error.strerror}")
            )
        else:
            self._running = (entry, process)

    def _note(self, entry: HistoryEntry) -> None:
        append(self._archive, entry)
        self._account(entry)
        self._unsettled = True
        self._report(entry)

    def _account(self, entry: HistoryEntry) -> None:
        last = clock.parse(entry.last_due or entry.due)
        self._accounted[entry.crawl] = max(last, self._accounted.get(entry.crawl, last))


def _due_entry(crawl: ScheduledCrawl, due: datetime, outcome: str, reason: str | None = None) -> HistoryEntry:
    return HistoryEntry(
        crawl=crawl.number, sites=crawl.sites, due=clock.stamp(due), outcome=outcome, reason=reason
    )


def _read_schedule(archive: Path) -> tuple[int, tuple[ScheduledCrawl, ...]]:
    """The next number to give, and the crawls."""
    path = archive / SCHEDULE_FILE
    if not path.exists():
        return 1, ()
    try:
        content = json.loads(path.read_bytes())
        crawls = tuple(
            ScheduledCrawl(**{**c, "sites": tuple(c["sites"]), "watched": tuple(c.get("watched", ()))})
            for c in content["crawls"]
        )
        return int(content["next"]), crawls
    except (ValueError, TypeError, KeyError) as error:
        raise FormatError(f"{path} is not a schedule ({error!r}): restore it from a copy") from error


def _write_schedule(archive: Path, upcoming: int, crawls: Sequence[ScheduledCrawl]) -> None:
    content = {"version": 1, "next": upcoming, "crawls": [asdict(crawl) for crawl in crawls]}
    durable_write(archive / SCHEDULE_FILE, json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n")


def _settle(archive: Path) -> bool:
    """Let state-sha256.txt cover our files as they are now; False if another command is writing.

    That command will cover them when it ends.
    """
    try:
        Archive.open(archive, writable=True).close()
    except ArchiveLocked:
        return False
    return True


@contextlib.contextmanager
def _held(path: Path, *, wait: bool) -> Iterator[None]:
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ArchiveLocked(
                f"another scheduler is running on {path.parent}: stop that one first"
            ) from error
        yield
