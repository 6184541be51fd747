"""The database again, from log and WARC.

`rebuild` makes the whole index anew from log and WARC. It gives an equal database because every step on the way
depends on the recorded page and on the archive's alias key alone: no clock, no network, no order of arrival.

The one thing that log and WARC do not give back is what a version of a parser read that is not installed any more:
its rows are carried over from the old database where that can be read, and this is said.
"""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crawler.engine.extraction import plain_captures
from crawler.engine.extractor import Extractor, Reader
from crawler.engine.run import project_settings
from crawler.errors import EvidenceError
from crawler.evidence.archive import Archive
from crawler.evidence.durable import sync_folder
from crawler.evidence.manifest import Capture, parse_leaf
from crawler.store.carrying import Carried, carry_over
from crawler.store.index import FILE, Index, equal, fold_leftovers
from crawler.store.session import Session

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How the new database differs from the old one, and what of the old one it took over."""

    differences: list[str]
    carried: list[Carried]


def rebuild(path: Path, progress: Progress | None = None) -> list[str]:
    """As `rebuild_and_carry`; returns the differences alone."""
    return rebuild_and_carry(path, progress).differences


def rebuild_and_carry(path: Path, progress: Progress | None = None) -> Rebuilt:
    """Make evidence.db again from log and WARC; returns how it differs from the one that was there.

    The old database stays until the new one is complete, and is then replaced; a crash before that changes
    nothing, and the next rebuild begins anew. Raises what opening an archive raises; LogShorter also when the
    old database knows entries that the log lacks, for then it is the witness that something is gone.
    """
    fresh, target = path / f"{FILE}.new", path / FILE
    archive = Archive.open(path, writable=True, at_least=_known_leaves(target))
    try:
        _remove(path, f"{FILE}.new*")
        _fill(archive, fresh, progress)
        carried = _carry(target, fresh)
        differences = _compare(target, fresh) if target.exists() else ["there was no database"]
        _remove(path, f"{FILE}-*")
        fresh.replace(target)
        sync_folder(path)
    finally:
        _remove(path, f"{FILE}.new*")
        with contextlib.closing(archive):
            fold_leftovers(path)
    return Rebuilt(differences, carried)


def _known_leaves(database: Path) -> int:
    """How many log entries the old database knows; 0 if it cannot be read, which is a reason to make it anew."""
    try:
        with Index(database, writable=False) as index:
            return index.leaves
    except EvidenceError:
        return 0


def _remove(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        path.unlink()


def _fill(archive: Archive, target: Path, progress: Progress | None) -> None:
    index = Index(target, writable=True)
    index.catch_up(archive.log.size, archive.log.leaves())
    session = Session(archive, index)
    try:
        extractor = Extractor(session, project_settings(archive.path))
        extracted = _Extracted(index)
        for entry in archive.entries():
            content = parse_leaf(entry.leaf)
            if content["kind"] == "capture":
                capture = Capture.from_json(content)
                extractor.read(capture, extracted.reader(extractor, capture, entry.index))
            if progress is not None:
                progress(entry.index + 1, archive.log.size)
    finally:
        session.stop_writing()
        index.close()


class _Extracted:
    """What `evidence extract` has read of the pages for which nobody was named when they were captured."""

    def __init__(self, index: Index) -> None:
        rows = index.query("select leaf, details from event where act = 'captures-extracted'")
        self._events = [(row["leaf"], json.loads(row["details"])) for row in rows]
        self._beside = plain_captures(index) if rows else set()

    def reader(self, extractor: Extractor, capture: Capture, leaf: int) -> Reader | None:
        """Who read such a page; None if nobody did."""
        later = [details for number, details in self._events if number > leaf]
        if not later or capture.id in self._beside or extractor.named(capture) is not None:
            return None
        reader = extractor.by_address(capture)
        read = reader is not None and any(
            reader.site.name in details["sites"] and capture.started >= details["since"] for details in later
        )
        return reader if read else None


def _carry(old: Path, fresh: Path) -> list[Carried]:
    if not old.exists():
        return []
    try:
        fold_leftovers(old.parent)
        with Index(old, writable=False) as before, Index(fresh, writable=True) as after:
            return carry_over(before, after)
    except (EvidenceError, OSError):
        return []  # `_compare` meets the same error, and says it


def _compare(old: Path, new: Path) -> list[str]:
    try:
        fold_leftovers(old.parent)
        with Index(old, writable=False) as before, Index(new, writable=False) as after:
            return list(equal(before, after))
    except (EvidenceError, OSError) as error:
        return [f"the old database could not be read: {error}"]
