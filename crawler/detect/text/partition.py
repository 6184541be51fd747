"""Shared runs of more text than fits into memory: the index of `runs` in parts on disk, with the same result.

1. The normalised text goes to a file; only where each text begins stays in memory (8 bytes for a text).
2. The digest of every 15-gram goes to the part that its upper bits name, so equal grams meet in one part.
3. Each part is sorted and compared with the text by itself. Its classes go to the file of the stretch of texts in
   which they first occur, and there neighbouring classes become runs.
4. Each part yields its runs.

A part is about 4 million grams, so memory does not grow with the text, but for the 8 bytes. The folder is temporary
and is removed in every case, after an error too.
"""

import errno
import mmap
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crawler.detect.text.normalise import Codes, Places, Texts, normalised_blocks
from crawler.detect.text.runs import (
    K,
    Runs,
    chains,
    classes,
    gram_digests,
    near_an_end,
    place_bits,
    runs_of,
    shapes_of,
    shared_runs,
)
from crawler.errors import DiskFull

IN_MEMORY = 1 << 25  # characters: 32 million, about 700,000 reviews, in about 700 MB
PART = 1 << 22  # grams of one part
_READ = 1 << 20  # characters that are read and digested at once
_CLASS = np.dtype([("first", "<i8"), ("count", "<u4"), ("shape", "<u8"), ("part", "<u2"), ("number", "<u4")])
_KEY, _PLACE = np.dtype("<u8"), np.dtype("<i8")
_HEAD = np.dtype([("number", "<u4"), ("grams", "<u4")])


@contextmanager
def runs_within(
    originals: Iterable[str], folder: Path | None = None, *, in_memory: int = IN_MEMORY, part: int = PART
) -> Iterator[Iterator[Runs]]:
    """Blocks of runs of all texts: one from memory for up to `in_memory` characters, else one for each part.

    `folder`: where the temporary folder is made (default: the system's); it takes up to 40 bytes for a character.
    A run can come from two parts; `Run.digest` is then the same. Blocks are read within the `with` only.
    Raises DiskFull.
    """
    codes: list[Codes] = []
    counts: list[Places] = [np.zeros(1, np.int64)]
    with ExitStack() as stack:
        spill: _Spill | None = None
        held = 0
        for block_codes, block_counts in normalised_blocks(originals):
            counts.append(block_counts)
            codes.append(block_codes)
            held += len(block_codes)
            if held > in_memory or spill:
                spill = spill or stack.enter_context(_spill(folder))
                spill.write("codes", *codes)
                codes.clear()
        starts = np.cumsum(np.concatenate(counts))
        counts.clear()
        if spill:
            yield _Parts(spill, starts, part).runs()
        else:
            whole = np.concatenate(codes) if codes else np.zeros(0, np.uint32)
            codes.clear()
            yield iter((shared_runs(Texts(whole, starts)),))


class _Spill:
    """Files of a temporary folder that are written to at their ends. A full disk is told in plain words."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, *arrays: NDArray[np.generic]) -> None:
        """Append arrays to a file. Raises DiskFull."""
        try:
            with (self._folder / name).open("ab") as file:
                for array in arrays:
                    file.write(np.ascontiguousarray(array).view(np.uint8).data)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise DiskFull(
                f"no room in {self._folder.parent} for the index of shared runs ({name}): free about 40 bytes for"
                " each character of all reviews, or set TMPDIR to a folder on a larger disk, and run it again"
            ) from error

    def take(self, name: str, kind: np.dtype[Any]) -> NDArray[Any]:
        """The whole file, which is then removed; an empty array where nothing was written."""
        path = self._folder / name
        if not path.exists():
            return np.zeros(0, kind)
        array = np.fromfile(path, kind)
        path.unlink()
        return array

    def mapped(self, name: str) -> "_Mapped":
        """The file as memory that the system may take back."""
        with (self._folder / name).open("rb") as file:
            return _Mapped(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


@dataclass(frozen=True, slots=True)
class _Mapped:
    memory: mmap.mmap

    @property
    def codes(self) -> Codes:
        return np.frombuffer(self.memory, np.uint32)

    def release(self) -> None:
        """Pages that were read need not stay resident."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self.memory.madvise(mmap.MADV_DONTNEED)


@contextmanager
def _spill(folder: Path | None) -> Iterator[_Spill]:
    with tempfile.TemporaryDirectory(prefix="runs-", dir=folder) as name:
        yield _Spill(Path(name))


class _Parts:
    """Steps 2 to 4 over a written text."""

    def __init__(self, spill: _Spill, starts: Places, part: int) -> None:
        self._spill = spill
        self._mapped = spill.mapped("codes")
        self._texts = Texts(self._mapped.codes, starts)
        characters = len(self._texts.codes)
        self._bits = place_bits(characters)
        self._prefix = max(1, (characters // part).bit_length())  # bits that name a part: 2^prefix parts
        edges = np.searchsorted(starts, np.arange(0, characters, part))  # stretches of whole texts
        self._edges = np.unique(starts[np.append(edges, len(starts) - 1)])

    def runs(self) -> Iterator[Runs]:
        self._digest()
        parts = range(1 << self._prefix)
        for part in parts:
            self._sort(part)
        for stretch in range(len(self._edges) - 1):
            self._link(stretch)
        for part in parts:
            yield self._gather(part)

    def _digest(self) -> None:
        """Step 2. A key is the digest without the bits that name the part, and the place."""
        codes, bits = self._texts.codes, np.uint64(self._bits)
        prefix = np.uint64(self._prefix)
        for start in range(0, len(codes) - K + 1, _READ):
            digests = gram_digests(codes[start : start + _READ + K - 1])
            within = np.flatnonzero(~near_an_end(self._texts, start, start + len(digests)))
            digests = digests[within]
            part = (digests >> np.uint64(64 - self._prefix)).astype(np.uint16)
            keys = (digests << prefix >> bits << bits) | (within + start).astype(np.uint64)
            order = np.argsort(part, kind="stable")
            edges = np.searchsorted(part[order], np.arange((1 << self._prefix) + 1))
            keys = keys[order]
            for number in range(1 << self._prefix):
                self._spill.write(f"keys-{number}", keys[edges[number] : edges[number + 1]])
            self._mapped.release()

    def _sort(self, part: int) -> None:
        """Step 3: one part's classes."""
        keys = self._spill.take(f"keys-{part}", _KEY)
        keys.sort()
        places, bounds = classes(self._texts.codes, keys, self._bits)
        firsts, shapes = shapes_of(places, bounds)
        table = np.zeros(len(firsts), _CLASS)
        table["first"], table["count"], table["shape"] = firsts, np.diff(bounds), shapes
        table["part"], table["number"] = part, np.arange(len(firsts))
        table = table[np.argsort(firsts)]
        edges = np.searchsorted(table["first"], self._edges)
        for stretch in range(len(self._edges) - 1):
            self._spill.write(f"classes-{stretch}", table[edges[stretch] : edges[stretch + 1]])
        self._spill.write(f"places-{part}", places)
        self._spill.write(f"bounds-{part}", bounds)
        self._mapped.release()

    def _link(self, stretch: int) -> None:
        """Step 3: the runs that first occur in one stretch of texts."""
        table = self._spill.take(f"classes-{stretch}", _CLASS)
        heads, grams = chains(table["first"], table["count"], table["shape"])
        found = np.zeros(len(heads), _HEAD)
        found["number"], found["grams"] = table["number"][heads], grams
        part = table["part"][heads]
        for number in np.unique(part).tolist():
            self._spill.write(f"heads-{number}", found[part == number])

    def _gather(self, part: int) -> Runs:
        """Step 4."""
        heads = self._spill.take(f"heads-{part}", _HEAD)
        places = self._spill.take(f"places-{part}", _PLACE)
        bounds = self._spill.take(f"bounds-{part}", _PLACE)
        self._mapped.release()
        numbers, grams = heads["number"].astype(np.int64), heads["grams"].astype(np.int64)
        return runs_of(self._texts, places, bounds, numbers, grams)
