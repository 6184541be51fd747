"""The work on one piece of the log: its leaves, and every WARC record that they name. Runs in any process.

A `Reading` is all that the others need to know of a piece; its size does not depend on that of the records.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from crawler.errors import FormatError
from crawler.evidence.bracket import Brackets
from crawler.evidence.checks.claims import Order, contradiction
from crawler.evidence.checks.leaves import Leaf, Seal, check_after, read_leaf
from crawler.evidence.checks.pieces import Piece, read_piece, split_entries
from crawler.evidence.checks.reading import open_regular
from crawler.evidence.checks.records import check_stored
from crawler.evidence.checks.retention import removal_fault
from crawler.evidence.checks.streaming import (
    HELD,
    INFLATED_LIMIT,
    STORED_PIECE,
    check_bounded,
    check_pieces,
    check_stored_pieces,
)
from crawler.evidence.key_history import KEY_ACTS
from crawler.evidence.manifest import Locator, SealedTime, StoredRecord
from crawler.evidence.noted_settings import NOTED
from crawler.evidence.proof import leaf_digest, root
from crawler.evidence.report import Faults
from crawler.evidence.retention import Removals

GIVE_UP = 3  # unreadable entries in a row: a length is wrong, and the rest would be noise
STORED_LIMIT = INFLATED_LIMIT + (
    1 << 22
)  # deflate makes nothing longer by more than some bytes in a thousand
RENEWED = "stamps-renewed"
CLOSED = "warc-closed"
KEPT_ACTS = (*KEY_ACTS, "recovered", NOTED)

_AFTER = re.compile(rb'"after":\{"checkpoint":"[^"]*","size":[0-9]+,"tokens":\[([^\]]*)\]')
_LABEL = re.compile(rb"sha256:[0-9a-f]{64}")


class Terms(NamedTuple):
    """What is known before the log is read, and what is wanted of it."""

    archive: Path
    seals: Mapping[int, Seal]
    removals: Removals
    records: bool = True  # read the WARC records too; else only which entries describe what
    open_files: frozenset[str] = frozenset()  # with records=False: digest the records in these all the same
    times: bool = False
    brackets: Brackets | None = None  # to compare what captures say of their own time with
    exhibited: Mapping[str, int] | None = None  # capture → the first entry that made it an exhibit


class Run(NamedTuple):
    """Records that lie one behind the other: bytes `start` to `end` of a file, as logged."""

    file: str
    start: int
    end: int
    record: str  # id of the first


class Captured(NamedTuple):
    """What the list of times needs of a capture."""

    capture: str
    entry: int
    url: str
    state: str
    after: SealedTime | None


@dataclass(slots=True)
class Reading:
    """What one piece holds."""

    piece: Piece
    digests: list[bytes] = field(default_factory=list)  # of the leaves
    node: bytes = b""  # their root
    end: int = 0  # bytes of the piece that are whole entries
    faults: dict[str, Faults] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)  # WARC files that begin in this piece
    captures: int = 0
    states: Counter[str] = field(default_factory=Counter)
    records: int = 0
    removed: int = 0
    size: int = 0  # bytes of WARC read
    events: list[tuple[int, Leaf]] = field(default_factory=list)
    named: dict[str, int] = field(default_factory=dict)  # token → smallest index of a leaf that names it
    captured: list[Captured] = field(default_factory=list)
    order: Order = field(default_factory=Order)

    def fault(self, check: str, problem: str) -> None:
        """Note a fault of one of the checks."""
        self.faults.setdefault(check, Faults(check)).add(problem)


class Reader:
    """Reads pieces. One for each process; keeps the last WARC file open."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._open: tuple[str, BinaryIO] | None = None
        self._stack = ExitStack()

    def read(self, piece: Piece) -> Reading:
        """All of one piece. Raises nothing for what is in the archive: faults are in the reading."""
        reading = Reading(piece)
        try:
            content = read_piece(self._terms.archive, piece)
        except FormatError as error:
            reading.fault("log", f"{piece.file}: {error}")
            reading.node = root([])
            return reading
        leaves = split_entries(content)
        reading.digests = [leaf_digest(leaf) for _, leaf in leaves]
        reading.node = root(reading.digests)
        reading.end = leaves[-1][0] + 2 + len(leaves[-1][1]) if leaves else 0
        self._check_count(reading)
        self._read_leaves(reading, leaves)
        return reading

    def close(self) -> None:
        """Close what is open."""
        self._stack.close()
        self._open = None

    def _check_count(self, reading: Reading) -> None:
        piece, found = reading.piece, len(reading.digests)
        if piece.full and (found, reading.end) != (piece.entries, piece.length):
            reading.fault(
                "log",
                f"{piece.file}: {found} whole entries in {reading.end} of {piece.length} bytes, not {piece.entries}:"
                f" of the entries {piece.first} to {piece.first + piece.entries - 1} some were lost or added",
            )

    def _read_leaves(self, reading: Reading, leaves: list[tuple[int, bytes]]) -> None:
        unreadable, piece = 0, reading.piece
        for number, (offset, content) in enumerate(leaves):
            index, place = piece.first + number, piece.offset + offset
            if not self._terms.records and not self._wanted(content):
                for token in unparsed_tokens(content):
                    reading.named.setdefault(token, index)
                continue
            try:
                leaf = read_leaf(content)
            except FormatError as error:
                reading.fault("log", f"{piece.file}: entry {index} at offset {place}: {error}")
                unreadable += 1
                if unreadable == GIVE_UP:
                    rest = f"unreadable from offset {place} on; the rest is not read"
                    reading.fault("log", f"{piece.file}: {rest}")
                    return
                continue
            unreadable = 0
            self._read_leaf(reading, leaf, index)

    def _wanted(self, content: bytes) -> bool:
        """Whether a leaf has to be parsed when WARC records are not to be read (told without parsing it).

        In canonical JSON no text can hold these bytes: its quotation marks are escaped.
        """
        if self._terms.times or b'"kind":"event"' in content:
            return True
        return any(b'"file":"%b"' % name.encode() in content for name in self._terms.open_files)

    def _read_leaf(self, reading: Reading, leaf: Leaf, index: int) -> None:
        try:
            check_after(leaf, index, self._terms.seals)
        except FormatError as error:
            reading.fault("manifests", f"entry {index}, {leaf}: {error}")
        removed = removal_fault(self._terms.removals, index, leaf, self._terms.exhibited or {})
        if removed is not None:
            reading.fault("retention", f"entry {index}: {removed}")
        for token in named_tokens(leaf):
            reading.named.setdefault(token, index)
        self._check_times(reading, leaf, index)
        if leaf.capture is not None:
            self._note_capture(reading, leaf, index)
        elif leaf.event is not None and leaf.event.act in KEPT_ACTS:
            reading.events.append((index, leaf))
        for record in sorted(leaf.records, key=lambda record: (record.locator.file, record.locator.offset)):
            if leaf.event is not None:
                reading.opened.append(record.locator.file)
            if self._terms.records or record.locator.file in self._terms.open_files:
                self._read_record(reading, record, leaf, index)

    def _check_times(self, reading: Reading, leaf: Leaf, index: int) -> None:
        """What a leaf says of its own time, against the tokens around it and the leaves before it."""
        subject, brackets = leaf.capture or leaf.event, self._terms.brackets
        if subject is None or brackets is None:
            return
        wrong = contradiction(subject, brackets.of(index, leaf.after))
        if wrong is not None:
            reading.fault("bracket", f"entry {index}, {leaf}: {wrong}")
        late = reading.order.take(index, leaf, brackets.not_before(leaf.after))
        if late is not None and wrong is None:
            reading.fault("bracket", late)

    def _note_capture(self, reading: Reading, leaf: Leaf, index: int) -> None:
        capture = leaf.capture
        if capture is None:
            return
        reading.captures += 1
        reading.states[capture.state] += 1
        if self._terms.times:
            reading.captured.append(Captured(capture.id, index, capture.url, capture.state, capture.after))

    def _read_record(self, reading: Reading, record: StoredRecord, leaf: Leaf, index: int) -> None:
        locator = record.locator
        _extend(reading.runs, record)
        removal = self._terms.removals.removal(locator.file, locator.offset)
        if removal is not None and removal.locator.length == locator.length:
            reading.removed += 1
            return
        reading.records += 1
        try:
            self._check(reading, record, leaf)
        except FormatError as error:
            reading.fault("records", f"{locator}: record {record.id} of entry {index}, {leaf}: {error}")

    def _check(self, reading: Reading, record: StoredRecord, leaf: Leaf) -> None:
        """A record against its leaf; memory is bounded, whatever lengths leaf and record claim."""
        locator = record.locator
        place = self._place(locator)
        reading.size += locator.length
        if locator.length > HELD:
            stored = partial(_pieces, place, locator.length)
            if self._terms.records:
                check_pieces(stored, record, leaf, limit=INFLATED_LIMIT)
            else:
                check_stored_pieces(stored, record)
        elif self._terms.records:
            check_bounded(_read_at(place, locator.length), record, leaf, limit=INFLATED_LIMIT)
        else:
            check_stored(_read_at(place, locator.length), record)

    def _place(self, locator: Locator) -> "_Place":
        """Where the stored bytes of a record lie. Raises FormatError if they cannot be there."""
        if locator.length > STORED_LIMIT:
            raise FormatError(f"has {locator.length} bytes, more than a record can have: refused")
        descriptor = self._stream(locator.file).fileno()
        offset = self._terms.removals.physical_offset(locator.file, locator.offset)
        size = os.fstat(descriptor).st_size
        if not 0 <= offset <= size - locator.length:
            raise FormatError(f"the file ends after {size} bytes")
        return _Place(descriptor, offset)

    def _stream(self, name: str) -> BinaryIO:
        if self._open is None or self._open[0] != name:
            self.close()
            stream = self._stack.enter_context(open_regular(self._terms.archive / name))
            self._open = (name, stream)
        return self._open[1]


class _Place(NamedTuple):
    """Bytes of an open file, from an offset on."""

    descriptor: int
    offset: int


def _read_at(place: _Place, length: int) -> bytes:
    """Bytes of a file, fewer only if it was cut meanwhile. Raises FormatError if the disk does not give them."""
    try:
        return os.pread(place.descriptor, length, place.offset)
    except OSError as error:
        raise FormatError(
            f"cannot be read: {error.strerror}; copy the archive to a disk that is whole"
        ) from error


def _pieces(place: _Place, length: int) -> Iterator[bytes]:
    """The same bytes in pieces."""
    for at in range(0, length, STORED_PIECE):
        yield _read_at(_Place(place.descriptor, place.offset + at), min(STORED_PIECE, length - at))


def named_tokens(leaf: Leaf) -> tuple[str, ...]:
    """Digests of the timestamp tokens that a leaf names: those it commits to, and those that it renews."""
    named = () if leaf.after is None else leaf.after.tokens
    if leaf.event is not None and leaf.event.act == RENEWED:
        tokens = leaf.event.details.get("tokens")
        named += (
            tuple(token for token in tokens if isinstance(token, str)) if isinstance(tokens, list) else ()
        )
    return named


def unparsed_tokens(content: bytes) -> list[str]:
    """The tokens that a leaf in canonical form commits to, found without parsing it."""
    after = _AFTER.search(content)
    return [] if after is None else [label.decode() for label in _LABEL.findall(after[1])]


def _extend(runs: list[Run], record: StoredRecord) -> None:
    """Lengthen the last run by a record that follows it, or begin another."""
    locator = record.locator
    if runs and (runs[-1].file, runs[-1].end) == (locator.file, locator.offset):
        runs[-1] = runs[-1]._replace(end=locator.end)
    else:
        runs.append(Run(locator.file, locator.offset, locator.end, record.id))
