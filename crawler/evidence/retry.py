"""When a failing authority is asked again: after one minute, then two, four … up to an hour; no jitter.

What an archive knows of its authorities stands in ``sealing.json`` in its root. That file schedules and reports;
nothing rests on it: which stamps are missing is a fact of log/stamps (crawler.evidence.seal).

    {"authorities": {NAME: {"last_success": TIME | null, "failures": N, "last_attempt": TIME | null,
                            "next_attempt": TIME | null, "reason": TEXT}}}

Times are UTC, RFC 3339. One archive has a handful of authorities, so the file is written whole.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from crawler import clock
from crawler.errors import FormatError
from crawler.evidence.durable import durable_write

FILE = "sealing.json"
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
_LIMIT = 1 << 20
_REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Attempts:
    """How asking one authority went lately: `failures` in a row, and when it is due again if there were any."""

    last_success: str | None = None
    failures: int = 0
    last_attempt: str | None = None
    next_attempt: str | None = None
    reason: str = ""

    def succeeded(self, now: datetime) -> "Attempts":
        """After an answer that counts."""
        when = clock.stamp(now)
        return Attempts(last_success=when, last_attempt=when)

    def failed(self, now: datetime, reason: str) -> "Attempts":
        """After no answer, or one that does not count."""
        failures = self.failures + 1
        return replace(
            self,
            failures=failures,
            last_attempt=clock.stamp(now),
            next_attempt=clock.stamp(now + wait_after(failures)),
            reason=reason[:_REASON_LENGTH],
        )

    def is_due(self, now: datetime) -> bool:
        """Whether it may be asked automatically."""
        return self.next_attempt is None or clock.parse(self.next_attempt) <= now


def wait_after(failures: int) -> timedelta:
    """How long to wait after so many failures in a row (1 or more)."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(failures - 1, 10)
    return min(doubled, LONGEST_WAIT)


def read_attempts(archive: Path) -> dict[str, Attempts]:
    """What is known of each authority. Raises FormatError if sealing.json is not what `write_attempts` writes."""
    path = archive / FILE
    if not path.is_file():
        return {}
    if path.stat().st_size > _LIMIT:
        raise FormatError(f"{path} has more than {_LIMIT} bytes: delete it, it only schedules retries")
    try:
        entries = json.loads(path.read_text("utf-8"))["authorities"]
        found = {name: Attempts(**fields) for name, fields in entries.items()}
        for attempts in found.values():
            _require_types(attempts)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FormatError(f"{path} is damaged: {error}; delete it, it only schedules retries") from error
    return found


def write_attempts(archive: Path, attempts: Mapping[str, Attempts]) -> None:
    """Durable. Raises OSError."""
    content = {"authorities": {name: asdict(attempts[name]) for name in sorted(attempts)}}
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    durable_write(archive / FILE, text.encode("utf-8", "backslashreplace"))


def _require_types(attempts: Attempts) -> None:
    for time in (attempts.last_success, attempts.last_attempt, attempts.next_attempt):
        if time is not None and clock.parse(time).tzinfo is None:
            raise ValueError(f"time {time!r} has no zone")
    if (
        not isinstance(attempts.failures, int)
        or attempts.failures < 0
        or not isinstance(attempts.reason, str)
    ):
        raise ValueError("failures should be a number, reason a text")
