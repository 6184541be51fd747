"""What the log says of whole WARC files: digests of those that are written no more. For quick verification.

    warc-closed       {"file", "length", "sha256"}: the file is full, and the next one begins
    payloads-removed  the file as it was left when records in it were removed (crawler.evidence.retention)

The later statement counts. A file without one, which is the last, is digested record by record.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Self

from crawler.errors import FormatError
from crawler.evidence.checks.entries import CLOSED
from crawler.evidence.checks.leaves import read_leaf
from crawler.evidence.checks.pieces import pieces, read_piece, split_entries
from crawler.evidence.checks.reading import open_regular
from crawler.evidence.checks.retention import EXHIBIT
from crawler.evidence.digest import parse_digest
from crawler.evidence.manifest import Event, event_beginning
from crawler.evidence.report import Faults, Progress
from crawler.evidence.retention import REMOVED, Removals

_PIECE = 1 << 20
_ACTS = tuple(event_beginning(act) for act in (CLOSED, REMOVED, EXHIBIT))


class Statement(NamedTuple):
    """Length and digest (``sha256:…``) of a file, and the index of the entry that says so."""

    entry: int
    length: int
    sha256: str


def early_events(archive: Path, bundles: int) -> Iterator[tuple[int, bytes]]:
    """(index, leaf) of the events that have to be known before the records are read.

    The log is searched, not parsed: an event in canonical form begins with its act.
    """
    for piece in pieces(archive, bundles):
        try:
            content = read_piece(archive, piece)
        except FormatError:
            continue  # named when the piece is read
        if any(act in content for act in _ACTS):
            for number, (_, leaf) in enumerate(split_entries(content)):
                if leaf.startswith(_ACTS):
                    yield piece.first + number, leaf


def statements(
    leaves: Iterable[tuple[int, bytes]], removals: Removals, faults: Faults
) -> dict[str, Statement]:
    """The last statement about each file; what makes no sense is a fault."""
    found: dict[str, Statement] = {}
    for index, content in leaves:
        if not content.startswith(_ACTS[0]):
            continue
        try:
            event = read_leaf(content).event
            if event is not None:
                name, statement = _statement(event, index)
                if found.setdefault(name, statement)[1:] != statement[1:]:
                    raise FormatError(
                        f"{name} was closed before, at entry {found[name].entry}, as another one"
                    )
        except FormatError as error:
            faults.add(f"entry {index}, {CLOSED}: {error}")
    for name in removals.files:
        last = removals.stages(name)[-1]
        found[name] = Statement(last.entry, last.length, last.sha256)
    return found


class FileDigests:
    """Digests the files that there are statements about, on all cores, from `__enter__` on.

    Threads will do: hashlib lets others run while it digests, so the log can be read meanwhile.
    """

    def __init__(self, archive: Path, wanted: Mapping[str, Statement]) -> None:
        self._archive = archive
        self._wanted = wanted
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1)
        self._found: dict[str, Future[str]] = {}

    def __enter__(self) -> Self:
        for name, statement in self._wanted.items():
            self._found[name] = self._pool.submit(_digest, self._archive / name, statement.length)
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def compare(self, faults: Faults, progress: Progress) -> None:
        """Wait for all of them; what differs is a fault."""
        seen, total = 0, sum(statement.length for statement in self._wanted.values())
        for name, statement in self._wanted.items():
            digest = self._found[name].result()
            if digest != statement.sha256:
                faults.add(f"{name}: {digest}; entry {statement.entry} of the log says {statement.sha256}")
            seen += statement.length
            progress(seen, total)


def _digest(path: Path, length: int) -> str:
    """The digest of a file of that length, or what is wrong with it."""
    hasher, buffer = hashlib.sha256(), memoryview(bytearray(_PIECE))
    try:
        with open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size != length:
                return f"has {size} bytes, not {length}"
            while count := os.readv(stream.fileno(), [buffer]):
                hasher.update(buffer[:count])
    except (FormatError, OSError) as error:
        return str(error)
    return f"sha256:{hasher.hexdigest()}"


def _statement(event: Event, index: int) -> tuple[str, Statement]:
    details = event.details
    name, length, sha256 = details.get("file"), details.get("length"), details.get("sha256")
    if not isinstance(name, str) or type(length) is not int or not isinstance(sha256, str):
        raise FormatError(f"file, length and sha256 expected, found {sorted(details)}")
    if parse_digest(sha256)[0] != "sha256":
        raise FormatError(f"expected a sha256 digest, found {sha256!r}")
    return name, Statement(index, length, sha256)
