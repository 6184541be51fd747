"""Files that are either not there, or there whole and on the disk: write, fsync, rename, fsync the folder.

POSIX promises that a rename is atomic, not that it is durable: without the fsync of the folder a crash may
undo it. Readers therefore see the old file or the new one, never a part; and once a call here has returned,
a power cut does not take the file away.
"""

import os
from pathlib import Path

_PREFIX, _SUFFIX = ".", ".unfinished"


def durable_write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put `content` at `path`, replacing what is there. Raises OSError, and then `path` is as it was.

    A crash before the rename leaves ``.NAME.unfinished`` beside it: never published, safe to `sweep`.
    """
    unfinished = path.with_name(f"{_PREFIX}{path.name}{_SUFFIX}")
    try:
        _write_synced(unfinished, content, mode, os.O_TRUNC)
        # Commit point. A crash before the folder's fsync may bring back the old file, whole.
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def durable_create(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put `content` at `path` only if nothing is there: FileExistsError otherwise.

    A crash may leave a part of the content; use it where the maker of the file starts over then.
    """
    try:
        _write_synced(path, content, mode, os.O_EXCL)
    except FileExistsError:
        raise
    except OSError:
        path.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """fsync a folder, so that names made, moved or removed in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> list[Path]:
    """Remove what interrupted calls of `durable_write` left in `folder`; returns what was removed."""
    leftovers = sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"))
    for leftover in leftovers:
        leftover.unlink()
    return leftovers


def is_unfinished(path: Path) -> bool:
    """Whether `path` is named like a leftover of `durable_write`; readers pass over such files."""
    return path.name.startswith(_PREFIX) and path.name.endswith(_SUFFIX)


def _write_synced(path: Path, content: bytes, mode: int, how: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | how, mode)
    try:
        os.fchmod(descriptor, mode)  # the umask and a leftover's old mode must not decide who reads a key
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """os.write until all is written: a disk that fills up takes a part first and fails on the next call."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
