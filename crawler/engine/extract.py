"""The database again, from log and WARC.

`rebuild` makes the whole index anew from log and WARC. It gives an equal database because every step on the way
depends on the recorded page and on the archive's alias key alone: no clock, no network, no order of arrival.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path

from crawler.engine.extractor import Extractor
from crawler.engine.run import project_settings
from crawler.errors import EvidenceError
from crawler.evidence.archive import Archive
from crawler.evidence.durable import sync_folder
from crawler.evidence.manifest import Capture, parse_leaf
from crawler.store.index import FILE, Index, equal, fold_leftovers
from crawler.store.session import Session

Progress = Callable[[int, int], None]


def rebuild(path: Path, progress: Progress | None = None) -> list[str]:
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
        differences = _compare(target, fresh) if target.exists() else ["there was no database"]
        _remove(path, f"{FILE}-*")
        fresh.replace(target)
        sync_folder(path)
    finally:
        _remove(path, f"{FILE}.new*")
        with contextlib.closing(archive):
            fold_leftovers(path)
    return differences


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
        for entry in archive.entries():
            content = parse_leaf(entry.leaf)
            if content["kind"] == "capture":
                extractor.read(Capture.from_json(content))
            if progress is not None:
                progress(entry.index + 1, archive.log.size)
    finally:
        session.stop_writing()
        index.close()


def _compare(old: Path, new: Path) -> list[str]:
    try:
        fold_leftovers(old.parent)
        with Index(old, writable=False) as before, Index(new, writable=False) as after:
            return list(equal(before, after))
    except (EvidenceError, OSError) as error:
        return [f"the old database could not be read: {error}"]
