"""Records that were removed when their retention period ended: what the log says, and where the rest lies now.

An event ``payloads-removed`` (docs/formats.md) has the details

    {"days": N, "files": {FILE: {"length": n, "sha256": "sha256:…"}}, "records": [[FILE, offset, length], …],
     "entries": [leaf index, …]}

`entries` are the captures whose records these are, all of each. `records` are sorted by file and offset; offsets
are those of the original leaves, also when the same file was cut before. `files` tells each file's length and
digest once this event and all before it are carried out, so every event stands by itself: a crash between two of
them leaves an archive that the first one describes. The record at offset 0 of a file, its warcinfo, is never
removed.

`Removals` reads these events, possibly from a hostile archive, and does the arithmetic:

    physical offset = logged offset - removed bytes before it
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO, NamedTuple

from crawler.errors import FormatError, UsageError
from crawler.evidence.digest import parse_digest
from crawler.evidence.log import Log
from crawler.evidence.manifest import Json, Locator, event_beginning, parse_leaf
from crawler.evidence.tiles import WIDTH, stored_bundles
from crawler.evidence.warc import read_from, read_stored

REMOVED = "payloads-removed"  # act of the custody event
MOST = 1 << 53  # no number in canonical JSON is larger; also no file

_FILE = re.compile(r"warc/[0-9]{5,9}\.warc\.gz")
_BEGINNING = event_beginning(REMOVED)


class RemovalEvent(NamedTuple):
    """One ``payloads-removed`` event: the index of its leaf, its time (UTC, RFC 3339) and its details."""

    entry: int
    time: str
    details: Json


class Removal(NamedTuple):
    """One removed record: the event that tells of it, and its bytes as originally logged."""

    event: RemovalEvent
    locator: Locator


class Stage(NamedTuple):
    """A file once one event is carried out: leaf index of the event, and the file's length and digest then."""

    entry: int
    length: int
    sha256: str


@dataclass(slots=True)
class _Cuts:
    """The removed records of one file, by logged offset; `before` are the bytes removed before each, and in all."""

    end: int  # of the file as logged: what the first event's length and its records add up to
    stages: list[Stage] = field(default_factory=list)
    found: list[tuple[int, int, int]] = field(default_factory=list)  # offset, length, number of the event
    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    lengths: "array[int]" = field(default_factory=lambda: array("q"))
    events: "array[int]" = field(default_factory=lambda: array("q"))
    before: "array[int]" = field(default_factory=lambda: array("q", [0]))


class Removals:
    """All removals that a log tells of. Never changes; make a new one after a new event.

    `objections` is called with each event that makes no sense, which is then left out; when it is not given,
    that raises FormatError. Look-ups take the logarithm of the number of records removed from the file.
    """

    def __init__(
        self, events: Iterable[RemovalEvent] = (), objections: Callable[[str], None] | None = None
    ) -> None:
        self.events: list[RemovalEvent] = []
        self._files: dict[str, _Cuts] = {}
        for event in events:
            try:
                self._add(event)
            except FormatError as error:
                _object(f"entry {event.entry}, {REMOVED}: {error}", objections)
        for name, cuts in self._files.items():
            self._arrange(name, cuts, objections)

    @classmethod
    def from_leaves(
        cls, leaves: Iterable[tuple[int, bytes]], objections: Callable[[str], None] | None = None
    ) -> "Removals":
        """From (index, leaf) in log order; leaves that are no ``payloads-removed`` event are passed over unread."""
        return cls(removal_events(leaves), objections)

    @property
    def count(self) -> int:
        """How many records were removed."""
        return sum(len(cuts.offsets) for cuts in self._files.values())

    @property
    def size(self) -> int:
        """How many bytes were removed."""
        return sum(cuts.before[-1] for cuts in self._files.values())

    @property
    def files(self) -> list[str]:
        """Names of the files that records were removed from, sorted."""
        return sorted(self._files)

    def removal(self, file: str, offset: int) -> Removal | None:
        """The removal of the record that was logged at this place, or None if none was removed there."""
        cuts = self._files.get(file)
        if cuts is None:
            return None
        place = bisect_left(cuts.offsets, offset)
        if place == len(cuts.offsets) or cuts.offsets[place] != offset:
            return None
        return Removal(self.events[cuts.events[place]], Locator(file, offset, cuts.lengths[place]))

    def removed_on(self, file: str, offset: int) -> str | None:
        """When the record that was logged at this place was removed (UTC), or None if it is there."""
        removal = self.removal(file, offset)
        return None if removal is None else removal.event.time

    def removed_before(self, file: str, offset: int) -> int:
        """How many bytes were removed from the file before a logged offset.

        An offset within a removed record counts as its beginning: what follows has moved up to there.
        """
        cuts = self._files.get(file)
        if cuts is None:
            return 0
        place = bisect_right(cuts.offsets, offset)
        if place and offset < cuts.offsets[place - 1] + cuts.lengths[place - 1]:
            return cuts.before[place - 1] + offset - cuts.offsets[place - 1]
        return cuts.before[place]

    def physical_offset(self, file: str, offset: int) -> int:
        """Where what was logged at this offset lies now; for a removed record, where the next one lies."""
        return offset - self.removed_before(file, offset)

    def removed_bytes(self, file: str) -> int:
        """How many bytes were removed from a file in all."""
        cuts = self._files.get(file)
        return 0 if cuts is None else cuts.before[-1]

    def length_of(self, file: str, logged_end: int) -> int:
        """The length that a file should have now, given the end of the last record that the log names in it.

        Raises FormatError when the events were written for a file of another length.
        """
        cuts = self._files.get(file)
        if cuts is None:
            return logged_end
        if cuts.end != logged_end:
            raise FormatError(
                f"{file}: removals were logged for {cuts.end} bytes, but its records end at {logged_end}"
            )
        return logged_end - cuts.before[-1]

    def stages(self, file: str) -> list[Stage]:
        """What the file became with each event, oldest first; empty when nothing was removed from it."""
        cuts = self._files.get(file)
        return [] if cuts is None else list(cuts.stages)

    def pending(self, file: str, size: int) -> list[tuple[int, int]]:
        """(offset, length), in a file of `size` bytes on disk, of what is still to be cut out of it; sorted.

        Empty when everything is done. The size tells which events were carried out: each makes a file shorter.
        Raises FormatError when the file has a length that it never should have had.
        """
        cuts = self._files.get(file)
        if cuts is None:
            return []
        lengths = [cuts.end, *(stage.length for stage in cuts.stages)]
        if size not in lengths:
            expected = " or ".join(str(length) for length in lengths[-3:])
            raise FormatError(
                f"{file} has {size} bytes; after what was removed from it, it should have {expected}"
            )
        done = {stage.entry for stage in cuts.stages[: lengths.index(size)]}
        return list(self._still_there(cuts, done))

    def removed(self, file: str) -> Iterator[Removal]:
        """Every removal from a file, by logged offset."""
        cuts = self._files.get(file)
        for offset, length, event in () if cuts is None else cuts.found:
            yield Removal(self.events[event], Locator(file, offset, length))

    def _still_there(self, cuts: _Cuts, done: set[int]) -> Iterator[tuple[int, int]]:
        gone = 0
        for offset, length, event in cuts.found:
            if self.events[event].entry in done:
                gone += length
            else:
                yield offset - gone, length

    def _add(self, event: RemovalEvent) -> None:
        """Take in one event, all or nothing. Raises FormatError."""
        records, files = _read(event.details)
        if event.details["entries"][-1] >= event.entry:
            raise FormatError(f"it removes entry {event.details['entries'][-1]}, which came later")
        by_file: dict[str, list[Locator]] = {}
        for record in records:
            by_file.setdefault(record.file, []).append(record)
        if set(by_file) != set(files):
            raise FormatError("its records and its files do not name the same files")
        for name, found in by_file.items():
            self._require_sum(name, found, files[name][0])
        number = len(self.events)
        self.events.append(event)
        for name, found in by_file.items():
            length, sha256 = files[name]
            cuts = self._files.setdefault(name, _Cuts(length + sum(r.length for r in found)))
            cuts.stages.append(Stage(event.entry, length, sha256))
            cuts.found += [(record.offset, record.length, number) for record in found]

    def _require_sum(self, name: str, found: list[Locator], length: int) -> None:
        removed = sum(record.length for record in found)
        cuts = self._files.get(name)
        before = cuts.stages[-1].length if cuts is not None else length + removed
        if before - removed != length:
            raise FormatError(f"{name}: {removed} bytes removed from {before} do not leave {length}")
        if found[-1].end > (cuts.end if cuts is not None else before):
            raise FormatError(f"{found[-1]} lies beyond the end of the file")

    def _arrange(self, name: str, cuts: _Cuts, objections: Callable[[str], None] | None) -> None:
        """Sort what several events removed from one file; leave out what overlaps."""
        cuts.found.sort()
        kept, end = [], 0
        for offset, length, number in cuts.found:
            if offset < end:
                at, entry = Locator(name, offset, length), self.events[number].entry
                _object(f"entry {entry}, {REMOVED}: {at} was removed already, or in part", objections)
                continue
            end = offset + length
            kept.append((offset, length, number))
            cuts.offsets.append(offset)
            cuts.lengths.append(length)
            cuts.events.append(number)
            cuts.before.append(cuts.before[-1] + length)
        cuts.found = kept


class StoredRecords:
    """Reads stored records by their logged locators: the one way to them, whatever was removed around them.

    As a context manager it keeps the file of the last record open: for whoever reads many in order.
    """

    def __init__(self, archive: Path, removals: Removals) -> None:
        self._archive = archive
        self.removals = removals
        self._keeps = False
        self._open: tuple[str, IO[bytes]] | None = None

    def __enter__(self) -> "StoredRecords":
        self._keeps = True
        return self

    def __exit__(self, *error: object) -> None:
        self._keeps = False
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def read(self, locator: Locator) -> bytes:
        """The stored bytes of a record.

        Raises UsageError if it was removed when its retention period ended, FormatError if the file ends early,
        OSError if the file cannot be read.
        """
        removed = self.removals.removed_on(locator.file, locator.offset)
        if removed is not None:
            raise UsageError(
                f"{locator} was removed on {removed[:10]}, when its retention period ended;"
                " its digests are still in the log"
            )
        place = self.place(locator)
        return read_from(self._kept(place.file), place) if self._keeps else read_stored(self._archive, place)

    def _kept(self, file: str) -> IO[bytes]:
        if self._open is None or self._open[0] != file:
            opened = (self._archive / file).open("rb")
            if self._open is not None:
                self._open[1].close()
            self._open = file, opened
        return self._open[1]

    def place(self, locator: Locator) -> Locator:
        """Where a record that is still there lies now."""
        offset = self.removals.physical_offset(locator.file, locator.offset)
        return Locator(locator.file, offset, locator.length)


def removal_events(leaves: Iterable[tuple[int, bytes]]) -> Iterator[RemovalEvent]:
    """The ``payloads-removed`` events among (index, leaf); what is no canonical leaf is passed over."""
    for index, leaf in leaves:
        if leaf.startswith(_BEGINNING):
            try:
                content = parse_leaf(leaf)
            except (FormatError, RecursionError):
                continue  # no event; the check of the log names it
            if content["kind"] == "event" and content.get("act") == REMOVED:
                yield RemovalEvent(index, str(content.get("time", "")), content.get("details", {}))


def logged_removals(log: Log, start: int = 0) -> Iterator[RemovalEvent]:
    """The ``payloads-removed`` events of an open log from entry `start` on.

    Full bundles are searched as they lie on disk, and only one in which there is such an event is read entry by
    entry: a million entries take a second or two.
    """
    for n, content in stored_bundles(log.folder, start // WIDTH):
        begin, end = max(start, n * WIDTH), (n + 1) * WIDTH
        if _BEGINNING in content:
            yield from removal_events(enumerate(log.leaves(begin, end), begin))
        start = end
    yield from removal_events(enumerate(log.leaves(start), start))


def _object(problem: str, objections: Callable[[str], None] | None) -> None:
    if objections is None:
        raise FormatError(problem)
    objections(problem)


def _read(details: object) -> tuple[list[Locator], dict[str, tuple[int, str]]]:
    """Records and files of an event's details. Raises FormatError for anything that we would not write."""
    if not isinstance(details, dict):
        raise FormatError("its details are no object")
    days, records, files = details.get("days"), details.get("records"), details.get("files")
    if not _is_number(days, 1):
        raise FormatError(f"days = {str(days)[:40]!r} is no number of days")
    if not isinstance(records, list) or not records or not isinstance(files, dict):
        raise FormatError("details.records should be a list of records, details.files an object")
    found = [_record(record) for record in records]
    for earlier, later in pairwise(found):
        if (earlier.file, earlier.end) > (later.file, later.offset):
            raise FormatError(f"{later} is out of order, or overlaps {earlier}")
    _require_entries(details.get("entries"))
    return found, {_file(name): _length_and_digest(name, after) for name, after in files.items()}


def _require_entries(entries: object) -> None:
    if not isinstance(entries, list) or not entries or not all(_is_number(entry, 0) for entry in entries):
        raise FormatError("details.entries should be a list of leaf indices")
    if any(earlier >= later for earlier, later in pairwise(entries)):
        raise FormatError("details.entries is not in rising order")


def _record(record: object) -> Locator:
    if not isinstance(record, list) or len(record) != 3:
        raise FormatError(f"{str(record)[:80]!r} is no [file, offset, length]")
    file, offset, length = record
    if not (_is_number(offset, 1) and _is_number(length, 1) and offset + length < MOST):
        raise FormatError(f"{str(record)[:80]!r} has an impossible offset or length")
    return Locator(_file(file), offset, length)


def _file(name: object) -> str:
    if not isinstance(name, str) or not _FILE.fullmatch(name):
        raise FormatError(f"{str(name)[:80]!r} is no WARC file of an archive")
    return name


def _length_and_digest(name: str, after: object) -> tuple[int, str]:
    if not isinstance(after, dict):
        raise FormatError(f"{name}: length and sha256 expected")
    length, sha256 = after.get("length"), after.get("sha256")
    if not isinstance(length, int) or not _is_number(length, 1) or not isinstance(sha256, str):
        raise FormatError(f"{name}: length and sha256 expected, found {str(after)[:80]!r}")
    if parse_digest(sha256)[0] != "sha256":
        raise FormatError(f"{name}: expected a sha256 digest, found {sha256!r}")
    return length, sha256


def _is_number(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < MOST
