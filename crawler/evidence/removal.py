"""Cut removed records out of their WARC files. What is to go is in the log before any file changes.

Order, and what a crash means in each gap (the planning and the events: crawler.store.expiry):

1. The empty file `MARK` (`announce`), so that the next start knows where to look without reading the whole log.
   Crash after: the next start finds nothing to do and removes it.
2. ``payloads-removed`` events durable in the log. Crash before: nothing happened.
3. `carry_out`, file by file: the rest is copied to an unfinished file, which is synced and takes the name.
   Crash before the rename: the file is whole as it was, its length says that the event is not carried out, and
   the next writable open does it again. Crash after: this file is done, the next open goes on with the others.
   A full disk is a crash before the rename: nothing is lost, and a later open finishes.
4. The mark is taken away. Crash before: the next start finds everything done and takes it away.
5. Database rows. Crash before: the store catches up with the log when it opens.

A file's length tells which events it has seen. One that comes back whole from a backup later is cut again by the
next `evidence expire --yes`; until then verification names it.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from crawler.errors import ArchiveError, FormatError
from crawler.evidence.digest import new_hasher
from crawler.evidence.durable import durable_write, sync_folder, write_all
from crawler.evidence.retention import Removals, Stage

MARK = "expiring"  # in the archive's folder while a removal is under way
PIECE = 1 << 20  # bytes held in memory at a time


def announce(archive: Path) -> None:
    """Mark an archive as about to remove records. Before the first event; `carry_out` takes the mark away."""
    durable_write(archive / MARK, b"")


def is_announced(archive: Path) -> bool:
    """Whether a removal was begun and not finished."""
    return (archive / MARK).exists()


def carry_out(archive: Path, removals: Removals) -> list[str]:
    """Cut out what the events say and the files still hold; returns the names of the files that changed.

    Raises ArchiveError for a file of a length that it never should have had, or whose rest is not what was
    logged: nothing is changed then. OSError (disk full …) leaves the file as it was.
    """
    changed = []
    for name in removals.files:
        path = archive / name
        if not path.is_file():
            continue  # gone altogether: for `evidence verify` to name, not for us to block all writing
        try:
            spans = removals.pending(name, path.stat().st_size)
        except FormatError as error:
            raise ArchiveError(f"{error}: restore the file from a copy") from error
        if spans:
            _rewrite(path, spans, removals.stages(name)[-1])
            changed.append(name)
    (archive / MARK).unlink(missing_ok=True)
    return changed


def digest_without(path: Path, spans: Sequence[tuple[int, int]]) -> tuple[int, str]:
    """Length and labelled SHA-256 of what is left of a file without these (offset, length), sorted by offset."""
    hasher, length = new_hasher("sha256"), 0
    for piece in _kept(path, spans):
        hasher.update(piece)
        length += len(piece)
    return length, f"sha256:{hasher.hexdigest()}"


def _rewrite(path: Path, spans: Sequence[tuple[int, int]], after: Stage) -> None:
    unfinished = path.with_name(
        f".{path.name}.unfinished"
    )  # as in crawler.evidence.durable: readers pass it over
    try:
        written = _copy(path, spans, unfinished)
        if written != (after.length, after.sha256):
            raise ArchiveError(
                f"{path}: without the removed records it would be {written[0]} bytes of {written[1]}, the log says"
                f" {after.length} bytes of {after.sha256}: nothing was changed, compare the file with a copy"
            )
        unfinished.replace(path)  # commit point of this file
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _copy(path: Path, spans: Sequence[tuple[int, int]], to: Path) -> tuple[int, str]:
    hasher, length = new_hasher("sha256"), 0
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(descriptor, path.stat().st_mode & 0o777)
        for piece in _kept(path, spans):
            write_all(descriptor, piece)
            hasher.update(piece)
            length += len(piece)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return length, f"sha256:{hasher.hexdigest()}"


def _kept(path: Path, spans: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """The bytes of a file outside the spans, in pieces."""
    with path.open("rb") as stream:
        for offset, length in spans:
            yield from _until(stream.fileno(), offset)
            os.lseek(stream.fileno(), offset + length, os.SEEK_SET)
        yield from _until(stream.fileno(), None)


def _until(descriptor: int, end: int | None) -> Iterator[bytes]:
    """Read on from where the file stands, to `end` or to the end of the file."""
    while True:
        wanted = PIECE if end is None else min(PIECE, end - os.lseek(descriptor, 0, os.SEEK_CUR))
        piece = os.read(descriptor, wanted) if wanted > 0 else b""
        if not piece:
            return
        yield piece
