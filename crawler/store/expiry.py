"""Retention: which captures are older than the archive keeps them, and their removal.

Never removed: captures of any case, with the hops and attempts that led to them, the exchanges of a rendered page,
the plain look beside it and the sealed originals behind it; ``warcinfo`` records; the log itself. What is kept is
read from the log and not from the database, which could have been restored from an older copy. The order of the
removal, and what a crash means, stand in crawler.evidence.removal.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from crawler import clock
from crawler.errors import ArchiveError, DiskFull, UsageError
from crawler.evidence.archive import RESERVE, Archive
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Capture, Locator, parse_leaf
from crawler.evidence.removal import announce, carry_out, digest_without
from crawler.evidence.retention import REMOVED
from crawler.store.session import Session

# Acts that name captures to be kept, in their details or in what they change.
KEEPING = (
    "exhibit-added", "exhibit-changed", "party-added", "party-changed", "ledger-noted", "finding-decided",
)  # fmt: skip
EVENT_LIMIT = 55_000  # bytes of records and entries in one event; a leaf holds 65,535
_ENTRY_SIZE, _RECORD_SIZE, _FILE_SIZE = 10, 52, 140  # bytes in JSON, at most

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expired:
    """A capture that goes: the index of its leaf, and what is needed of its manifest."""

    entry: int
    id: str
    site: str
    started: str
    records: tuple[tuple[Locator, str], ...]  # each with the SHA-256 of its stored bytes

    @property
    def size(self) -> int:
        """Stored bytes of its records."""
        return sum(locator.length for locator, _ in self.records)

    @property
    def files(self) -> set[str]:
        """The WARC files that hold its records."""
        return {locator.file for locator, _ in self.records}


@dataclass(frozen=True, slots=True)
class Plan:
    """What an expiry would remove. `captures` are in log order; `kept` were old enough but belong to a case."""

    days: int
    before: str  # UTC: captures that began earlier
    captures: tuple[Expired, ...]
    kept: int

    @property
    def size(self) -> int:
        """Stored bytes in all."""
        return sum(expired.size for expired in self.captures)

    def to_json(self) -> Json:
        """For machines: counts, bytes, oldest and newest, sites."""
        began = [expired.started for expired in self.captures]
        sites: dict[str, int] = {}
        for expired in self.captures:
            sites[expired.site] = sites.get(expired.site, 0) + 1
        return {
            "days": self.days,
            "before": self.before,
            "captures": len(self.captures),
            "records": sum(len(expired.records) for expired in self.captures),
            "bytes": self.size,
            "oldest": min(began, default=None),
            "newest": max(began, default=None),
            "sites": dict(sorted(sites.items())),
            "kept_for_cases": self.kept,
        }


def plan_expiry(session: Session, days: int) -> Plan:
    """What is older than `days` days and belongs to no case. Raises UsageError for fewer than one day."""
    if days < 1:
        raise UsageError(f"a retention period of {days} days: give at least 1, with --days or in [retention]")
    before = clock.stamp(clock.parse(clock.now()) - timedelta(days=days))
    rows = session.index.query(
        "select leaf, id from capture where started < ? and removed is null order by leaf", (before,)
    )
    kept = _kept(session)
    going = {row["leaf"] for row in rows if row["id"] not in kept}
    leaves = enumerate(session.archive.log.leaves()) if going else ()
    captures = tuple(_expired(index, Capture.from_leaf(leaf)) for index, leaf in leaves if index in going)
    return Plan(days, before, captures, len(rows) - len(going))


def expire(session: Session, plan: Plan) -> list[str]:
    """Carry a plan out; returns the names of the WARC files that changed.

    Raises ArchiveError when a record that is to go is not what the log says: what is damaged must be looked into,
    not removed. Raises DiskFull or RecordError; what was logged by then is finished when there is room.
    """
    archive, captures = session.archive, plan.captures
    if not captures:
        with archive.refusals():  # a file may have come back whole, from a backup
            return carry_out(archive.path, archive.removals)
    files = {file for expired in captures for file in expired.files}
    with archive.refusals():
        archive.finish_files(files)
        _require_intact(archive, captures)
        _require_room(archive, files)
        planned = list(_events(archive, plan))
        announce(archive.path)
        for details in planned:
            archive.record_event(REMOVED, details)
        changed = carry_out(archive.path, archive.removals)
    session.index.catch_up(archive.log.size, archive.log.leaves(session.index.leaves))
    return changed


def _expired(entry: int, capture: Capture) -> Expired:
    records = tuple((record.locator, record.sha256) for record in capture.records)
    return Expired(entry, capture.id, capture.site, capture.started, records)


def _kept(session: Session) -> set[str]:
    """Captures that an entry of the log keeps, and what belongs to each."""
    beginnings = tuple(b'{"act":"%b",' % act.encode() for act in KEEPING)
    kept: set[str] = set()
    for leaf in session.archive.log.leaves():
        if leaf.startswith(beginnings):
            details = parse_leaf(leaf)["details"]
            for named in (details, details.get("changes", {})):
                kept.update(named.get("captures", ()))
    waiting = list(kept)
    while waiting:
        belonging = _belonging(session, waiting.pop()) - kept
        kept |= belonging
        waiting += belonging
    return kept


def _belonging(session: Session, capture: str) -> set[str]:
    """What stays with a capture: what led to it, its sealed original, its exchanges, and the plain look beside it."""
    rows = session.index.query(
        "select follows, original, json_extract(look, '$.plain') from capture where id = ? union all"
        " select id, null, null from capture where page = ?",
        (capture, capture),
    )
    return {name for row in rows for name in row if name is not None}


def _require_intact(archive: Archive, captures: Sequence[Expired]) -> None:
    for expired in captures:
        for locator, sha256 in expired.records:
            if digest(archive.stored(locator)) != sha256:
                raise ArchiveError(
                    f"{locator} of capture {expired.id} is not what the log says: nothing was"
                    " removed; run `evidence verify` and compare with a copy"
                )


def _require_room(archive: Archive, files: set[str]) -> None:
    """One file at a time is written anew, beside itself."""
    wanted = max((archive.path / file).stat().st_size for file in files) + RESERVE
    free = shutil.disk_usage(archive.path).free
    if free < wanted:
        raise DiskFull(
            f"{archive.path}: {free >> 20} MiB free, {wanted >> 20} MiB needed to write a WARC file anew;"
            " make room, then run `evidence expire --yes` again: nothing was removed"
        )


def _events(archive: Archive, plan: Plan) -> Iterator[Json]:
    """The details of the events, each with what its files become when it and those before it are carried out."""
    gone: dict[str, list[Locator]] = {}
    for batch in _batches(plan.captures):
        records = sorted(
            (locator for expired in batch for locator, _ in expired.records),
            key=lambda locator: (locator.file, locator.offset),
        )
        for record in records:
            gone.setdefault(record.file, []).append(record)
        names = sorted({record.file for record in records})
        yield {
            "days": plan.days,
            "entries": [expired.entry for expired in batch],
            "files": {name: _after(archive, name, gone[name]) for name in names},
            "records": [[record.file, record.offset, record.length] for record in records],
        }


def _batches(captures: Sequence[Expired]) -> Iterator[list[Expired]]:
    """Captures in log order, as many as fit into one event; the records of a capture stay together."""
    batch: list[Expired] = []
    size, files = 0, set[str]()
    for expired in captures:
        own = expired.files
        needed = _ENTRY_SIZE + _RECORD_SIZE * len(expired.records) + _FILE_SIZE * len(own - files)
        if batch and size + needed > EVENT_LIMIT:
            yield batch
            batch, size, files = [], 0, set()
            needed = _ENTRY_SIZE + _RECORD_SIZE * len(expired.records) + _FILE_SIZE * len(own)
        batch.append(expired)
        size += needed
        files |= own
    yield batch


def _after(archive: Archive, name: str, gone: Sequence[Locator]) -> Json:
    removals = archive.removals
    spans = sorted((removals.physical_offset(name, record.offset), record.length) for record in gone)
    length, sha256 = digest_without(archive.path / name, spans)
    return {"length": length, "sha256": sha256}
