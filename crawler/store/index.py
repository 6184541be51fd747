"""The index: evidence.db. The only writer of SQL. Everything it holds comes from leaves and from pages.

WAL with `synchronous=FULL`: when a call returns, its rows survive a power cut. That matters because the
frontier acknowledges a request only after its items are here.
"""

import contextlib
import dataclasses
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, Self

from sqlite_utils import Database

from crawler.config import read_config
from crawler.errors import (
    ArchiveError,
    ArchiveLocked,
    ArchiveMissing,
    DiskFull,
    EvidenceError,
    LogShorter,
    RecordError,
    UsageError,
)
from crawler.evidence.manifest import Capture, Json, parse_leaf
from crawler.evidence.retention import REMOVED
from crawler.items import ITEM_TYPES, Item, Provenance
from crawler.store.schema import IDENTITY, columns, migrations

FILE = "evidence.db"


class Index:
    """An open evidence.db. Reading methods may be used by anyone; writing only inside `transaction`.

    SQLite's own errors come out as DiskFull, ArchiveLocked or ArchiveError, each with what to do.
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        if not writable and not path.is_file():
            read_config(path.parent)  # says so if there is no archive at all
            raise ArchiveMissing(f"{path} is missing: make it again with `evidence rebuild`")
        self.path = path
        self._writable = writable
        mode = "rwc" if writable else "ro"
        address = f"{path.resolve().as_uri()}?mode={mode}"
        with clear_errors(path):
            connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
            connection.row_factory = sqlite3.Row
            connection.execute("pragma busy_timeout = 10000")
            self.db = Database(connection)
            if writable:
                connection.execute("pragma journal_mode = wal")
                connection.execute("pragma synchronous = full")
                # Rows that leave when their retention period ends are overwritten, not only unlinked.
                connection.execute("pragma secure_delete = on")
                migrations.apply(self.db)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for reading."""
        return self.db.conn

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; durable when it ends."""
        connection = self.connection
        with clear_errors(self.path):
            connection.execute("begin immediate")
            try:
                yield
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:  # SQLite itself rolls back when the disk is full
                    connection.execute("rollback")
                raise

    @property
    def leaves(self) -> int:
        """How many leaves of the log are in the index."""
        row = self.query("select leaves from applied where id = 0")
        return int(row[0][0])

    def catch_up(self, size: int, leaves: Iterator[bytes], *, to_read: bool = False) -> int:
        """Apply the leaves that the index lacks; `leaves` starts at `self.leaves`. Returns how many came.

        With `to_read`, captures that come with them are noted in the table to_read until their page is read:
        the index lacks their items (a crash before they were stored, or a database restored from a backup).

        Raises LogShorter when the index knows leaves that the log does not have.
        """
        if size < self.leaves:
            raise LogShorter(
                f"{self.path} knows {self.leaves} log entries but the log has {size}:"
                " the log was cut or an old copy was restored; do not write to it, compare with a backup"
            )
        before = self.leaves
        if size > before:
            with self.transaction():
                for number, leaf in enumerate(leaves, before):
                    self.apply(number, parse_leaf(leaf))
                if to_read:
                    self.connection.execute(_NOTE_TO_READ, (before,))
        return size - before

    def apply(self, leaf: int, content: Json) -> None:
        """Index one parsed leaf. Must come in log order; call inside `transaction`."""
        if content["kind"] == "capture":
            self.add_capture(leaf, Capture.from_json(content))
        else:
            self._add_event(leaf, content)

    def add_capture(self, leaf: int, capture: Capture) -> None:
        """Index one capture; call inside `transaction`."""
        read = capture.reading or capture.response
        row = {name: getattr(capture, name) for name in _CAPTURE_FIELDS}
        row |= {
            "leaf": leaf,
            "file": read.locator.file if read else None,
            "offset": read.locator.offset if read else None,
            "length": read.locator.length if read else None,
            "payload_digest": read.payload_digest if read else None,
            "withheld": int(bool(capture.withheld)),
            "redacted": capture.redacted.grade if capture.redacted is not None else None,
            **{name: _json(getattr(capture, name)) for name in _CAPTURE_OBJECTS},
        }
        self.connection.execute(
            _ADD_CAPTURE.format(", ".join(row), ", ".join(f":{name}" for name in row)), row
        )
        self._advance(leaf)

    def add_items(self, items: Sequence[Item]) -> None:
        """Store items; the same item again (a page read twice) is ignored. Call inside `transaction`."""
        for item in items:
            row = _row(item)
            self.add_reading(row["capture"], row["extractor"], row["version"])
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join(f":{name}" for name in row)
            self.connection.execute(
                f"insert or ignore into {item.kind} ({names}) values ({marks})",  # noqa: S608 - names are ours
                row,
            )

    def add_unread(
        self,
        capture: str,
        extractor: str,
        version: int,
        ordinal: int,
        reason: str,
        lost: bool = True,
        place: str | None = None,
    ) -> None:
        """Note that a page, or a part of it, was not understood. Call inside `transaction`."""
        self.add_reading(capture, extractor, version)
        self.connection.execute(
            "insert or ignore into unread (capture, extractor, version, ordinal, reason, lost, place)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (capture, extractor, version, ordinal, reason, int(lost), place),
        )

    def add_reading(self, capture: str, extractor: str, version: int) -> None:
        """Note that a version of a parser read a page, with whatever result. Call inside `transaction`."""
        self.connection.execute(
            "insert or ignore into reading values (?, ?, ?)", (capture, extractor, version)
        )

    def mark_read(self, capture: str) -> None:
        """Note that a capture's page was read, with whatever result. Call inside `transaction`."""
        self.connection.execute("delete from to_read where capture = ?", (capture,))

    def capture_row(self, identifier: str) -> sqlite3.Row:
        """A capture by its id or by the beginning of it. Raises UsageError if none or several match."""
        rows = self.query(
            "select * from capture where id >= ? and id < ? order by id limit 2",
            (identifier, identifier + "~"),
        )
        if len(rows) != 1:
            found = "no capture" if not rows else "more than one capture"
            raise UsageError(f"{found} has an id that begins with {identifier!r}: see `evidence captures`")
        return rows[0]

    def query(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Rows of a reading statement."""
        with clear_errors(self.path):
            return self.connection.execute(sql, values).fetchall()

    def close(self) -> None:
        """Fold the WAL into the file and close it, so that the file alone is the index."""
        with clear_errors(self.path), contextlib.closing(self.connection) as connection:
            if self._writable:
                _fold(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add_event(self, leaf: int, content: Json) -> None:
        details = content.get("details", {})
        self.connection.execute(
            "insert into event values (?, ?, ?, ?, ?)",
            (leaf, content["act"], content["time"], content["by"], _json(details)),
        )
        follow = _FOLLOW.get(content["act"])
        if follow is not None:
            self.connection.execute(follow, {"time": content["time"], **_flat(details)})
        if content["act"] == REMOVED:
            self._remove_captures(details["entries"], content["time"])
        if content["act"] == DETECTED:
            self._add_detection(leaf, content["time"], details)
        if content["act"] == DECIDED:
            decided = (
                leaf,
                details["finding"],
                details["verdict"],
                details["reason"],
                content["by"],
                content["time"],
            )
            self.connection.execute("insert into decision values (?, ?, ?, ?, ?, ?)", decided)
        self._advance(leaf)

    def _remove_captures(self, leaves: Sequence[int], time: str) -> None:
        """Mark captures as removed, and take out all that was read off them."""
        for leaf in leaves:
            self.connection.execute("update capture set removed = ? where leaf = ?", (time, leaf))
            for table in READ_TABLES:
                self.connection.execute(
                    f"delete from {table} where capture in (select id from capture where leaf = ?)",  # noqa: S608
                    (leaf,),
                )
            self.connection.execute(_FORGET_WORDS, (leaf,))

    def _add_detection(self, leaf: int, time: str, details: Json) -> None:
        """What a detector found anew or again, what it finds no more, and how far it has read the log."""
        execute, made = self.connection.execute, (details["detector"], details["version"])
        for each in details["findings"]:
            row = (each["id"], leaf, *made, each["key"], each["digest"], time, 1)
            execute(
                "insert into finding values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set current = 1",
                row,
            )
        for name in details["dropped"]:
            execute("update finding set current = 0 where id = ?", (name,))
        if "read" in details:
            execute("insert into detection values (?, ?, ?, ?)", (leaf, *made, details["read"]))

    def _advance(self, leaf: int) -> None:
        self.connection.execute("update applied set leaves = ? where id = 0", (leaf + 1,))


# What has nothing to be read is not waited for.
_NOTE_TO_READ = (
    "insert or ignore into to_read select id from capture where leaf >= ? and removed is null"
    " and (state = 'complete' or (state = 'partial' and look is not null))"
    " and read_with is not null and file is not null"
)

# A finding quotes its captures: without them it keeps its name, its digest and what was decided.
_FORGET_WORDS = (
    "delete from finding_content where id in (select f.finding from finding_capture f join capture c"
    " on c.id = f.capture where c.leaf = ?)"
)
# Acts of `crawler.store.findings`.
DETECTED, DECIDED = "findings-detected", "finding-decided"

_CAPTURE_FIELDS = (
    "id",
    "run",
    "site",
    "url",
    "method",
    "state",
    "reason",
    "status",
    "fidelity",
    "media_type",
    "started",
    "ended",
    "follows",
    "request_key",
    "page",
    "original",
)
_CAPTURE_OBJECTS = ("read_with", "look", "imported")  # as JSON
_ADD_CAPTURE = "insert into capture ({}) values ({})"

# What an act changes beyond the event table. Values come from the event's details.
_FOLLOW = {
    # A run begun twice under one name (`-s EVIDENCE_RUN=…`): its log must still be readable.
    "run-started": "insert or ignore into run (id, site, started, settings) values (:run, :site, :time, :settings)",
    "run-resumed": "update run set ended = null, reason = null, counts = null where id = :run",
    "run-closed": "update run set ended = :time, reason = :reason, counts = :counts where id = :run",
}


@contextlib.contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """SQLite's errors as ours: DiskFull, ArchiveLocked, or ArchiveError for a damaged file."""
    try:
        yield
    except sqlite3.Error as error:
        raise _clear(path, error) from error


def fold_leftovers(archive: Path) -> None:
    """Fold the WAL of every database that a killed command left one of, so that the files alone hold all."""
    for wal in sorted(archive.glob("*.db-wal")):
        path = wal.with_name(wal.name.removesuffix("-wal"))
        with (
            clear_errors(path),
            contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection,
        ):
            _fold(connection)


def _fold(connection: sqlite3.Connection) -> None:
    """Out of WAL mode: a reader of a WAL database leaves -wal and -shm files behind, which no digest covers."""
    connection.execute("pragma busy_timeout = 1000")
    connection.execute("pragma wal_checkpoint(truncate)")
    try:
        connection.execute("pragma journal_mode = delete")
    except sqlite3.OperationalError as error:
        # Busy: somebody reads just now. Then it stays as it is, and the next writer folds.
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise


def _clear(path: Path, error: sqlite3.Error) -> EvidenceError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(f"{path}: the disk is full; make room, then continue")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ArchiveLocked(
            f"{path} is in use by another command ({error}): wait for it to end, then try again"
        )
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return ArchiveError(f"{path} cannot be read or written ({error}): check the disk and the permissions")
    remedy = _REMEDY if path.name.startswith(FILE) else _REMEDY_OTHER
    return ArchiveError(f"{path} is damaged or not ours ({error}): {remedy}")


def require_storable(item: Item) -> None:
    """Raise RecordError for an item with a field that no column can hold.

    Here, so that one bad item is noted with its page; inside the transaction it would stop the crawl.
    """
    for field in dataclasses.fields(item):
        value = getattr(item, field.name)
        fits = isinstance(value, int) and -(1 << 63) <= value < 1 << 63
        if not (value is None or fits or isinstance(value, str | float | Provenance)):
            raise RecordError(
                f"{item.kind} {item.identifier}: {field.name} is {str(value)[:40]!r}, of type"
                f" {type(value).__name__}; only text and numbers of 64 bits are stored"
            )


def _flat(details: Json) -> dict[str, Any]:
    return {
        name: _json(value) if isinstance(value, dict | list) else value for name, value in details.items()
    }


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _row(item: Item) -> dict[str, Any]:
    provenance = item.provenance
    if provenance is None:
        raise RecordError(f"{item.kind} {item.identifier} has no provenance: only recorded pages are stored")
    for name in IDENTITY:
        if getattr(item, name, None) is not None:
            raise RecordError(
                f"{item.kind} {item.identifier}: {name} is still there; the pseudonymize step is missing"
            )
    values = {field.name: getattr(item, field.name) for field in dataclasses.fields(item)}
    traced = {name: getattr(provenance, name) for name in provenance.__slots__ if name != "url"}
    known = {**values, **traced, "page_url": provenance.url}
    return {name: known[name] for name in columns(type(item))}


_REMEDY = "make it again with `evidence rebuild`"
_REMEDY_OTHER = "it holds no evidence; move it away, and unfinished runs begin from their start pages again"
LEAF_TABLES = ("applied", "event", "run", "capture", "finding", "detection", "decision")
WORD_TABLES = ("finding_content", "finding_capture")
ALL_TABLES = (*LEAF_TABLES, *ITEM_TYPES, "unread", *WORD_TABLES)
READ_TABLES = (*ITEM_TYPES, "unread", "reading", "to_read")  # their rows have a column `capture`


def equal(one: Index, other: Index, tables: Sequence[str] = ALL_TABLES) -> Iterable[str]:
    """Names of the tables in which two indexes differ, with the first difference; nothing if they are equal."""
    for table in tables:
        # An older database has the same columns in another order.
        names = sorted(row["name"] for row in one.query(f"select name from pragma_table_info('{table}')"))  # noqa: S608
        columns = ", ".join(f'"{name}"' for name in names)
        rows = [
            sorted(map(tuple, index.query(f"select {columns} from {table}")), key=repr)  # noqa: S608
            for index in (one, other)
        ]
        if rows[0] != rows[1]:
            (one_row, other_row) = next(pair for pair in zip_longest(rows[0], rows[1]) if pair[0] != pair[1])
            yield f"{table}: {len(rows[0])} and {len(rows[1])} rows, first difference {one_row!r} and {other_row!r}"
