"""Findings and decisions. The log holds which finding was made, with the digest of what it says; the words lie here.

So a finding that a person confirmed is fixed, while its quotes, which are other people's words, can leave with the
captures they come from (`evidence expire`). Order: the words, then the log entry. A crash between leaves words that
no entry names: they are shown nowhere, and the next run writes them again.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crawler.errors import UsageError
from crawler.store.index import DECIDED, DETECTED, Index
from crawler.store.session import Session

Json = dict[str, Any]
# A leaf holds 65,535 bytes: so many findings, with keys of such length, stay below it.
EVENT_ROWS, LONGEST_KEY = 120, 300
Verdict = Literal["confirmed", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFinding:
    """What a detector made: `content` is canonical JSON, `digest` its SHA-256."""

    id: str
    key: str
    digest: str
    content: bytes
    captures: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One detector's run: it read the log's first `read` entries. `whole`: it looked at everything anew, so what it
    does not find any more is no longer current."""

    detector: str
    version: int
    read: int
    whole: bool
    findings: Sequence[NewFinding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided about a finding, and why."""

    verdict: Verdict
    reason: str
    by: str
    time: str  # UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFinding:
    """A finding as it is kept. `content` is None where its words are gone: see `evidence detect --again`.

    `current`: the newest of its detector for what it is about; an older one stays beside it.
    """

    id: str
    detector: str
    version: int
    key: str
    digest: str
    made: str  # UTC, of the log entry
    leaf: int
    current: bool
    content: Json | None
    decisions: tuple[Decision, ...]

    @property
    def state(self) -> str:
        """open, confirmed or rejected: the last decision."""
        return self.decisions[-1].verdict if self.decisions else "open"


def read_until(index: Index, detector: str, version: int) -> int:
    """How many log entries this version has read; 0 before its first run."""
    sql = "select max(read) from detection where detector = ? and version = ?"
    return int(index.query(sql, (detector, version))[0][0] or 0)


def keep(session: Session, detection: Detection) -> list[str]:
    """Keep what a detector found; returns the ids that are new. Nothing is logged where nothing was read or changed.

    Raises UsageError for a key that no log entry could hold.
    """
    long = [finding.key for finding in detection.findings if len(finding.key.encode()) > LONGEST_KEY]
    if long:
        raise UsageError(
            f"{detection.detector}: a finding's key is longer than {LONGEST_KEY} bytes: {long[0][:80]}…"
        )
    index = session.index
    with index.transaction():
        _keep_words(index, detection.findings)
    rows = index.query("select * from finding where detector = ?", (detection.detector,))
    known, current = {row["id"] for row in rows}, {row["id"]: row for row in rows if row["current"]}
    shown = [finding for finding in detection.findings if finding.id not in current]
    dropped = _dropped(detection, current)
    if shown or dropped or _has_read_more(index, detection):
        for details in _events(detection, shown, dropped):
            session.record_event(DETECTED, details)
    return [finding.id for finding in shown if finding.id not in known]


def decide(session: Session, finding: str, verdict: Verdict, reason: str) -> StoredFinding:
    """Log a person's decision on a finding, given by its id or the beginning of it; returns it with the decision.

    Raises UsageError for an unknown or ambiguous id, an empty reason, or a finding whose words are not kept.
    """
    if not reason.strip():
        raise UsageError("a decision needs its reason: it stands in the chain of custody")
    found = one(session.index, finding)
    if found.content is None:
        raise UsageError(f"what {found.id} says is not kept any more: run `evidence detect --again` first")
    details = {
        "finding": found.id,
        "digest": found.digest,
        "verdict": verdict,
        "reason": reason.strip(),
        "claim": found.content["claim"],
        # What a confirmed finding rests on is kept when retention periods end (evidence/retention.py).
        "captures": captures_of(session.index, found.id) if verdict == "confirmed" else [],
    }
    session.record_event(DECIDED, details)
    return one(session.index, found.id)


def one(index: Index, identifier: str) -> StoredFinding:
    """A finding by its id or by the beginning of it. Raises UsageError if none or several match."""
    rows = index.query(
        f"{_SELECT} where f.id >= ? and f.id < ? order by f.id limit 2", (identifier, identifier + "~")
    )
    if len(rows) != 1:
        found = "no finding" if not rows else "more than one finding"
        raise UsageError(f"{found} has an id that begins with {identifier!r}: see `evidence findings list`")
    return _stored(index, rows)[0]


def stored(index: Index, *, newest: bool = True, detector: str | None = None) -> list[StoredFinding]:
    """Findings in the order in which they were made; `newest`: only the current ones."""
    rows = index.query(
        f"{_SELECT} where ? is null or f.detector = ? order by f.leaf, f.id", (detector, detector)
    )
    return [finding for finding in _stored(index, rows) if finding.current or not newest]


def captures_of(index: Index, finding: str) -> list[str]:
    """Ids of the captures that a finding rests on."""
    rows = index.query("select capture from finding_capture where finding = ? order by capture", (finding,))
    return [row["capture"] for row in rows]


def changed_words(index: Index) -> list[str]:
    """Ids of findings whose words are not those that were logged."""
    rows = index.query(
        "select f.id, f.digest, c.content from finding f join finding_content c on c.id = f.id"
    )
    return [row["id"] for row in rows if hashlib.sha256(row["content"].encode()).hexdigest() != row["digest"]]


_SELECT = "select f.*, c.content from finding f left join finding_content c on c.id = f.id"


def _stored(index: Index, rows: Iterable[sqlite3.Row]) -> list[StoredFinding]:
    decisions = _decisions(index)
    return [_one(row, decisions) for row in rows]


def _one(row: sqlite3.Row, decisions: Mapping[str, Sequence[Decision]]) -> StoredFinding:
    names = ("id", "detector", "version", "key", "digest", "made", "leaf")
    return StoredFinding(
        **{name: row[name] for name in names},
        current=bool(row["current"]),
        content=json.loads(row["content"]) if row["content"] is not None else None,
        decisions=tuple(decisions.get(row["id"], ())),
    )


def _decisions(index: Index) -> dict[str, list[Decision]]:
    found: dict[str, list[Decision]] = {}
    for row in index.query("select * from decision order by leaf"):
        made = Decision(verdict=row["verdict"], reason=row["reason"], by=row["by"], time=row["time"])
        found.setdefault(row["finding"], []).append(made)
    return found


def _keep_words(index: Index, findings: Sequence[NewFinding]) -> None:
    for finding in findings:
        index.connection.execute(
            "insert or replace into finding_content values (?, ?)", (finding.id, finding.content.decode())
        )
        index.connection.executemany(
            "insert or ignore into finding_capture values (?, ?)",
            [(finding.id, capture) for capture in finding.captures],
        )


def _dropped(detection: Detection, current: Mapping[str, sqlite3.Row]) -> list[str]:
    """What is current and is so no more: older versions', superseded under its key, or looked for and not found."""
    found = {finding.id for finding in detection.findings}
    keys = {finding.key for finding in detection.findings}
    return sorted(
        name
        for name, row in current.items()
        if name not in found
        and (detection.whole or row["version"] != detection.version or row["key"] in keys)
    )


def _has_read_more(index: Index, detection: Detection) -> bool:
    """Whether there were captures that no run of this version had read."""
    before = read_until(index, detection.detector, detection.version)
    unread = index.query(
        "select 1 from capture where leaf >= ? and leaf < ? and redacted is null limit 1",
        (before, detection.read),
    )
    return bool(unread) or before == 0


def _events(detection: Detection, shown: Sequence[NewFinding], dropped: Sequence[str]) -> Iterator[Json]:
    """As many entries as it takes. Only the last says how far the log was read: after a crash before it, the next
    run reads the same again and finds the same."""
    rows: list[Json] = [{"id": each.id, "key": each.key, "digest": each.digest} for each in shown]
    head = {"detector": detection.detector, "version": detection.version}
    count = max(len(rows), len(dropped), 1)
    for start in range(0, count, EVENT_ROWS):
        end = start + EVENT_ROWS
        last = {"read": detection.read} if end >= count else {}
        yield {**head, "findings": rows[start:end], "dropped": list(dropped[start:end]), **last}
