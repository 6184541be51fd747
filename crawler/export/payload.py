"""The files of a bundle below ``data/``, each read once for all of its digests."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from crawler.evidence.digest import ALGORITHMS, new_hasher

_CHUNK = 1 << 20


def _unwatched(count: int) -> None:
    """Nobody is told."""


class Measured(NamedTuple):
    """A file's size in bytes, and its digests by algorithm, hex."""

    size: int
    digests: Mapping[str, str]


def payload_names(bag: Path) -> list[str]:
    """Every file below data/, relative to the bag, sorted."""
    return sorted(path[len(str(bag)) + 1 :].replace(os.sep, "/") for path in _files(str(bag / "data")))


def payload_size(bag: Path) -> int:
    """Bytes of all of them."""
    return sum((bag / name).stat().st_size for name in payload_names(bag))


def measure(
    bag: Path, step: Callable[[int], None] = _unwatched, algorithms: Sequence[str] = ALGORITHMS
) -> dict[str, Measured]:
    """Read every file below data/; `step` is told how many bytes were read."""
    root = f"{bag}/"
    return {name: measured(root + name, step, algorithms) for name in payload_names(bag)}


def measured(
    path: Path | str, step: Callable[[int], None] = _unwatched, algorithms: Sequence[str] = ALGORITHMS
) -> Measured:
    """Read one file, 1 MiB at a time."""
    hashers, size = {name: new_hasher(name) for name in algorithms}, 0
    with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - thousands of small files: a Path takes longer
        while piece := stream.read(_CHUNK):
            for hasher in hashers.values():
                hasher.update(piece)
            size += len(piece)
            step(len(piece))
    return Measured(size, {name: hasher.hexdigest() for name, hasher in hashers.items()})


def _files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            elif entry.is_file():
                yield entry.path
