"""Reading files of a folder that may be hostile: nothing is followed, nothing is larger than expected."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from crawler.errors import FormatError

SMALL = 4 << 20  # bytes; notes, tokens, certificates and tag files are far below


def read_small(path: Path, limit: int = SMALL) -> bytes:
    """The content of a regular file of at most `limit` bytes. Raises FormatError otherwise, naming the file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise FormatError(f"{path.name} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FormatError(f"{path.name} is not a regular file")
        if status.st_size > limit:
            raise FormatError(f"{path.name} has more than {limit} bytes: refused")
        return stream.read(status.st_size)


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
            entries = sorted(os.scandir(folder / name), key=lambda entry: entry.name, reverse=True)
        except OSError:
            yield name.rstrip("/") or ".", False
            continue
        for entry in entries:  # the last one pushed is the first one popped
            if entry.is_dir(follow_symlinks=False):
                waiting.append((f"{name}{entry.name}/", None))
            else:
                waiting.append((name + entry.name, entry.is_file(follow_symlinks=False)))
