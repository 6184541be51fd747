"""Reading files of a folder that may be hostile: nothing is followed, nothing is larger than expected.

What cannot be read is a FormatError here, whatever the system says of it: it is a fault of what is verified, and
never the end of a report.
"""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from crawler.errors import FormatError
from crawler.evidence.digest import new_hasher

SMALL = 4 << 20  # bytes; notes, tokens, certificates and tag files are far below
_CHUNK = 1 << 20


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file, following no link and waiting for no pipe. Raises FormatError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise unreadable(path, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FormatError(f"{path.name} is not a regular file")
    return os.fdopen(descriptor, "rb")


def read_small(path: Path, limit: int = SMALL) -> bytes:
    """The content of a regular file of at most `limit` bytes. Raises FormatError otherwise, naming the file."""
    with open_regular(path) as stream:
        size = _size_within(stream, path, limit)
        try:
            return stream.read(size)
        except OSError as error:
            raise unreadable(path, error) from error


def digest_regular(path: Path, limit: int | None = None) -> str:
    """``sha256:<hex>`` of a regular file, read in pieces of 1 MiB and no further than it reaches when opened.

    Raises FormatError for what cannot be read, is no regular file, or has more than `limit` bytes (nothing of it
    is read then: a file of terabytes takes no room on a disk).
    """
    hasher = new_hasher("sha256")
    with open_regular(path) as stream:
        left = _size_within(stream, path, limit)
        try:
            while piece := stream.read(min(_CHUNK, left)):
                hasher.update(piece)
                left -= len(piece)
        except OSError as error:
            raise unreadable(path, error) from error
    return f"sha256:{hasher.hexdigest()}"


def kind_of(path: Path) -> int:
    """What lies there (``stat.S_IFREG``, ``S_IFDIR`` …), no link followed; 0: nothing, or nobody may look."""
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except OSError:
        return 0


def names_in(folder: Path) -> list[str]:
    """The sorted names in a folder; none if there is no such folder. Raises FormatError if it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unreadable(folder, error) from error


def unreadable(path: Path, error: OSError) -> FormatError:
    """The error that names the file and what the system said."""
    if error.errno == errno.ELOOP:
        return FormatError(f"{path.name} is not a regular file: a link is not followed")
    return FormatError(f"{path.name} cannot be read: {error.strerror}")


def walk(folder: Path) -> Iterator[tuple[str, bool]]:
    """Every name below `folder` that is not a folder, relative and sorted, and whether it is a regular file.

    Links are named, never followed. A folder that cannot be read is named as not regular. However deep a stranger
    nests folders, this does not recurse.
    """
    waiting: list[tuple[str, bool | None]] = [("", None)]  # None: a folder, still to be listed
    while waiting:
        name, regular = waiting.pop()
        if regular is not None:
            yield name, regular
            continue
        try:
            with os.scandir(folder / name) as found:
                entries = sorted(found, key=lambda entry: entry.name, reverse=True)
        except OSError:
            yield name.rstrip("/") or ".", False
            continue
        for entry in entries:  # the last one pushed is the first one popped
            if entry.is_dir(follow_symlinks=False):
                waiting.append((f"{name}{entry.name}/", None))
            else:
                waiting.append((name + entry.name, entry.is_file(follow_symlinks=False)))


def _size_within(stream: BinaryIO, path: Path, limit: int | None) -> int:
    size = os.fstat(stream.fileno()).st_size
    if limit is not None and size > limit:
        raise FormatError(f"{path.name} has more than {limit} bytes: refused")
    return size
