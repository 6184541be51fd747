"""What became of each due time of the schedule: schedule-history.jsonl in the archive.

One JSON object per line and step, appended and synced before anything goes on. A due time ends with one of
FINAL; before that it may be ``waiting`` and ``started``.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crawler import clock
from crawler.errors import ArchiveError, FormatError
from crawler.evidence.durable import sync_folder

HISTORY_FILE = "schedule-history.jsonl"
FINAL = ("ran", "failed", "missed", "overlap-skipped")
OUTCOMES = ("waiting", "started", *FINAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One step of one due time (or, for ``missed``, of `times` due times from `due` to `last_due`)."""

    crawl: int
    sites: tuple[str, ...]
    due: str  # UTC, RFC 3339, as all times here
    outcome: str  # one of OUTCOMES
    started: str | None = None
    ended: str | None = None
    exit_code: int | None = None  # negative: ended by that signal
    reason: str | None = None
    last_due: str | None = None
    times: int = 1

    def __str__(self) -> str:
        line = f"crawl {self.crawl} ({', '.join(self.sites)}), due {_shown(self.due)}"
        if self.last_due is not None:
            line += f" to {_shown(self.last_due)}, {self.times} times"
        line += f": {self.outcome}"
        if self.exit_code is not None:
            line += f", exit code {self.exit_code}"
        return line + (f" ({self.reason})" if self.reason else "")


def history(archive: Path) -> tuple[HistoryEntry, ...]:
    """Every step ever noted, oldest first. A half line at the end (a crash while writing) is not one."""
    path = archive / HISTORY_FILE
    if not path.exists():
        return ()
    lines = path.read_bytes().split(b"\n")[:-1]
    return tuple(_entry(path, number, line) for number, line in enumerate(lines, 1))


def append(archive: Path, entry: HistoryEntry) -> None:
    """Note one step, durably. Raises ArchiveError if it cannot be written."""
    path = archive / HISTORY_FILE
    present = {name: value for name, value in asdict(entry).items() if value is not None}
    is_new = not path.exists()
    try:
        with path.open("ab") as stream:
            stream.write(json.dumps(present, ensure_ascii=False).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        if is_new:
            sync_folder(path.parent)
    except OSError as error:
        raise ArchiveError(
            f"cannot write {path}: {error.strerror}; make room or mend its permissions, then start again"
        ) from error


def drop_half_line(archive: Path) -> None:
    """Cut off what a crash left of a line: `append` had not returned, so nothing was built on it."""
    path = archive / HISTORY_FILE
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def _entry(path: Path, number: int, line: bytes) -> HistoryEntry:
    try:
        content: dict[str, Any] = json.loads(line)
        entry = HistoryEntry(**{**content, "sites": tuple(content["sites"])})
        clock.parse(entry.last_due or entry.due)
    except (ValueError, TypeError, KeyError) as error:
        raise FormatError(
            f"{path}, line {number} cannot be read ({error!r}): restore it from a copy"
        ) from error
    if entry.outcome not in OUTCOMES:
        raise FormatError(f"{path}, line {number}: unknown outcome {entry.outcome!r}")
    return entry


def _shown(time: str) -> str:
    return clock.parse(time).astimezone(clock.BEIJING).strftime("%Y-%m-%d %H:%M") + " 北京时间"
