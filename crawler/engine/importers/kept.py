"""Keeping a file as it was given: copied, digested on the way, and put in its place once the log tells of it.

See crawler.evidence.imported for the order of the steps and what a crash means between them.
"""

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crawler.errors import DiskFull, FormatError, RecordError
from crawler.evidence.archive import RESERVE
from crawler.evidence.checks.reading import open_regular
from crawler.evidence.digest import new_hasher
from crawler.evidence.durable import sync_folder, write_all
from crawler.evidence.imported import FOLDER, INCOMING, move_into_place, safe_name, waiting_name

_PIECE = 1 << 20
NAME_LIMIT = 255  # characters of the original name that the log keeps

Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in the archive. `path` is where its bytes are now: still waiting, or, `known`, in their place."""

    path: Path
    name: str  # as given
    sha256: str  # 64 hex digits
    sm3: str  # likewise
    size: int
    known: bool  # the log told of these bytes before

    @property
    def target(self) -> str:
        """Where it belongs, relative to the archive."""
        if self.known:
            return f"{FOLDER}/{self.sha256}/{self.path.name}"
        return f"{FOLDER}/{self.sha256}/{safe_name(self.name)}"

    @property
    def refuge(self) -> str:
        """Its name in quarantine/, if it is refused."""
        return f"{self.sha256}.{safe_name(self.name)}"


def keep(archive: Path, source: Path, advance: Advance) -> Kept:
    """Copy a file into the archive, durably, to wait there for its event.

    Raises UsageError or FormatError (no regular file, or it cannot be read), DiskFull, RecordError.
    """
    folder = archive / FOLDER
    incoming = folder / INCOMING
    with open_regular(source.resolve()) as stream:
        size = os.fstat(stream.fileno()).st_size
        _require_room(archive, size)
        try:
            _make(folder)
            sha256, sm3, copied = _copy(stream.fileno(), incoming, size, advance)
        except OSError as error:
            incoming.unlink(missing_ok=True)
            raise _clear(archive, source, error) from error
    known = _known(folder / sha256)
    if known is not None:
        incoming.unlink()
        return Kept(known, _shown(source.name), sha256, sm3, copied, known=True)
    waiting = folder / waiting_name(sha256)
    incoming.rename(waiting)
    sync_folder(folder)
    return Kept(waiting, _shown(source.name), sha256, sm3, copied, known=False)


def settle(archive: Path, kept: Kept) -> Path:
    """Put a file in its place: the log tells of it now. Returns where it lies."""
    if not kept.known:
        move_into_place(archive, kept.path, kept.target)
    return archive / kept.target


def set_aside(archive: Path, kept: Kept) -> None:
    """Put a refused file into quarantine/: the log tells of it now."""
    if not kept.known:
        move_into_place(archive, kept.path, f"quarantine/{kept.refuge}")


def drop(kept: Kept) -> None:
    """Remove the copy of a file that is not taken at all."""
    if not kept.known:
        kept.path.unlink()
        sync_folder(kept.path.parent)


def _known(folder: Path) -> Path | None:
    """The file that is kept under this digest already. Only `settle` makes such folders."""
    return next(iter(sorted(folder.iterdir())), None) if folder.is_dir() else None


def _make(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise FormatError(f"{folder} is no folder: run `evidence verify`, nothing was imported")
    if not folder.is_dir():
        folder.mkdir()
        sync_folder(folder.parent)


def _copy(source: int, target: Path, size: int, advance: Advance) -> tuple[str, str, int]:
    """Copy to a new file and make it durable; SHA-256, SM3 and number of bytes."""
    sha256, sm3, copied = new_hasher("sha256"), new_hasher("sm3"), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
    try:
        while piece := os.read(source, _PIECE):
            sha256.update(piece)
            sm3.update(piece)
            write_all(descriptor, piece)
            copied += len(piece)
            advance(copied, max(size, copied))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return sha256.hexdigest(), sm3.hexdigest(), copied


def _require_room(archive: Path, size: int) -> None:
    free = shutil.disk_usage(archive).free
    if free < RESERVE + size:
        raise DiskFull(
            f"{archive}: {free >> 20} MiB free, {(RESERVE + size) >> 20} MiB needed to keep the file;"
            " make room, then import again"
        )


def _clear(archive: Path, source: Path, error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"{archive}: the disk is full; make room, then import again")
    return RecordError(f"{source} could not be copied into {archive}: {error}")


def _shown(name: str) -> str:
    """The name as given; bytes that are no text are shown as such."""
    return name.encode("utf-8", "backslashreplace").decode()[:NAME_LIMIT]
