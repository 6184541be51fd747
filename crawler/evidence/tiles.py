"""The log's tree and entries as files, by c2sp.org/tlog-tiles; every path is relative to the log's folder.

    tile/<L>/<N>            256 digests of 32 bytes: level 0 has leaf digests; a digest of level L is the root of
                            a full tile of level L-1
    tile/entries/<N>        an entry bundle: 256 entries, each a uint16 (big-endian) length and the leaf
    tile/…/<N>.p/<W>        the first W (1 … 255) of them: the rightmost ones of a size that was signed
    entries                 the journal: the entries that are in no full bundle, in the form of a bundle

`Tree` over tiles (`TileTree`) keeps the right edge in memory, at most 255 digests for each level, and reads full
tiles as they are needed; each one read is checked against the level above it.

How the journal becomes bundles is `crawler.evidence.log`'s; what the files on disk mean at each moment of it is
`survey`'s, so that readers and verifiers agree with the writer.
"""

import os
import re
import struct
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from crawler.errors import FormatError, LogError, LogForked
from crawler.evidence.durable import durable_write, sync_folder
from crawler.evidence.manifest import MAX_LEAF
from crawler.evidence.proof import DIGEST_SIZE, leaf_digest, node_digest

WIDTH = 256  # digests in a full tile, entries in a full bundle
BITS = 8  # levels of the tree within one tile
JOURNAL = "entries"
MAX_BUNDLE = WIDTH * (MAX_LEAF + 2)  # bytes
CACHED = 64  # tiles of 8 KiB kept in memory
_LOOKS = 100  # of a reader, while a writer changes things

_LENGTH = struct.Struct(">H")
_LAST = re.compile(r"[0-9]{3}")
_ABOVE = re.compile(r"x[0-9]{3}")


# --- entries


def encode_entry(leaf: bytes) -> bytes:
    """A leaf as it stands in a bundle. Raises FormatError unless it has 1 … 65,535 bytes."""
    if not 0 < len(leaf) <= MAX_LEAF:
        raise FormatError(f"a leaf has 1 to {MAX_LEAF} bytes; this one has {len(leaf)}")
    return _LENGTH.pack(len(leaf)) + leaf


def read_entries(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Offset and leaf of each whole entry from the stream's position on; stops before what is not one.

    An entry of length 0 is not one: we never write it, but a power cut can leave a file ending in zeros.
    The caller compares the end of the last entry with the end of the file. Memory: one entry.
    """
    offset = stream.tell()
    while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        leaf = stream.read(length)
        if not length or len(leaf) < length:
            return
        yield offset, leaf
        offset += _LENGTH.size + length


def split_entries(content: bytes) -> list[bytes]:
    """The leaves of a bundle or of a piece of one. Raises FormatError unless it is whole entries to its end."""
    leaves, offset = [], 0
    while offset < len(content):
        start = offset + _LENGTH.size
        (length,) = _LENGTH.unpack_from(content, offset) if start <= len(content) else (0,)
        if not length or start + length > len(content):
            raise FormatError(f"no whole entry at offset {offset} of {len(content)} bytes")
        leaves.append(content[start : start + length])
        offset = start + length
    return leaves


# --- paths


def tile_path(level: int, n: int, width: int = WIDTH) -> str:
    """``tile/<L>/<N>``, with ``.p/<W>`` for fewer than 256: ``tile_path(0, 1234067, 8)`` is
    ``tile/0/x001/x234/067.p/8``."""
    return f"tile/{level}/{_index_path(n)}{_partial(width)}"


def bundle_path(n: int, width: int = WIDTH) -> str:
    """``tile/entries/<N>``, with ``.p/<W>`` for fewer than 256 entries."""
    return f"tile/entries/{_index_path(n)}{_partial(width)}"


def partials(size: int) -> Iterator[tuple[int, int, int]]:
    """(level, n, width) of every partial tile of a tree of `size`. Level 0 stands for the bundle, too."""
    level = 0
    while size:
        n, width = divmod(size, WIDTH)
        if width:
            yield level, n, width
        size, level = n, level + 1


def partials_of(size: int) -> Iterator[str]:
    """Paths of the partial tiles and of the partial bundle of a tree of `size`.

    They are there for every size that was signed, unless the full tile (the path before ``.p/``) is there.
    """
    for level, n, width in partials(size):
        if level == 0:
            yield bundle_path(n, width)
        yield tile_path(level, n, width)


def full_of(size: int) -> Iterator[str]:
    """Paths of every full bundle and of every full tile, on all levels, of a tree of `size`."""
    yield from (bundle_path(n) for n in range(size // WIDTH))
    level, count = 0, size // WIDTH
    while count:
        yield from (tile_path(level, n) for n in range(count))
        level, count = level + 1, count // WIDTH


def right_edge(size: int) -> Iterator[str]:
    """Paths of the last full bundle and the last full tile of each level, then `partials_of`."""
    if size >= WIDTH:
        yield bundle_path(size // WIDTH - 1)
    level, count = 0, size // WIDTH
    while count:
        yield tile_path(level, count - 1)
        level, count = level + 1, count // WIDTH
    yield from partials_of(size)


def tiles_of(size: int) -> Iterator[str]:
    """Every path under log/tile that the log of a signed `size` must have: full ones first, then partial ones."""
    yield from full_of(size)
    yield from partials_of(size)


def full_bundles(folder: Path) -> int:
    """How many full bundles there are, taken from the greatest name: gaps below are for the caller to find."""
    return _count(folder / "tile/entries")


def full_tiles(folder: Path, level: int = 0) -> int:
    """How many full tiles of a level there are, taken from the greatest name."""
    return _count(folder / "tile" / str(level))


# --- reading


def read_tile(folder: Path, level: int, n: int, width: int = WIDTH) -> bytes:
    """The `width` digests of a stored tile, one after the other. Raises LogError if missing or of wrong length."""
    name = tile_path(level, n, width)
    content = _read(folder, name, width * DIGEST_SIZE)
    if len(content) != width * DIGEST_SIZE:
        raise LogError(f"{folder / name} does not have {width * DIGEST_SIZE} bytes: restore it from a copy")
    return content


def read_bundle(folder: Path, n: int, width: int = WIDTH) -> bytes:
    """The bytes of a stored bundle. Raises LogError if it is missing or holds other than `width` entries."""
    name = bundle_path(n, width)
    content = _read(folder, name, MAX_BUNDLE)
    try:
        count = len(split_entries(content))
    except FormatError as error:
        raise LogError(f"{folder / name}: {error}; restore it from a copy") from error
    if count != width:
        raise LogError(f"{folder / name} has {count} entries, not {width}: restore it from a copy")
    return content


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies in log/: full level-0 tiles, full bundles, and the bundle with which the journal begins.

    At rest the three numbers are equal. Otherwise a writer is at work or was killed (see `survey`).
    """

    tiles: int
    bundles: int
    journal: int


def survey(folder: Path) -> Stored:
    """See what there is; reads names and, only in the middle of a change, at most 256 entries of the journal.

    A writer adds bundles, announces the tiles, replaces the journal, then adds tiles, and appends nothing
    meanwhile. So with more bundles than tiles, a journal of 256 entries or more is the one from before (its first
    entries are the bundles after the last tile), and one of fewer is the one from after.

    Beside a writer: open the journal, survey, then see that the journal still is the file that was opened (its
    inode); else begin again. What the survey says is then true of that file.

    Raises LogError when bundles or tiles at the right edge are missing, which no crash leaves so.
    """
    for _ in range(_LOOKS):
        tiles, bundles = full_tiles(folder), full_bundles(folder)
        replaced = tiles < bundles and _entries_at_most(folder / JOURNAL, WIDTH) < WIDTH
        lost = replaced and not _announcement(folder, bundles - 1).exists()
        stored = Stored(tiles, bundles, bundles if replaced else tiles)
        if _is_still(folder, stored):  # else a writer was quicker: look again
            break
    if tiles > bundles:
        raise LogError(f"{folder / bundle_path(bundles)} is missing: restore it from a copy of the archive")
    if lost:
        raise LogError(f"{folder / tile_path(0, tiles)} is missing: restore it from a copy of the archive")
    return stored


def _is_still(folder: Path, stored: Stored) -> bool:
    """Whether no bundle and no tile came since these were counted."""
    later = bundle_path(stored.bundles), tile_path(0, stored.tiles)
    return not any((folder / path).exists() for path in later)


def stored_bundles(folder: Path, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """(bundle index, its bytes) for every full bundle from `start` on, up to where the journal begins.

    The journal follows: read it with `read_entries`; its first entry has index ``survey(folder).journal * 256``.
    Raises LogError at the first bundle that is missing or damaged; memory: one bundle.
    """
    for n in range(start, survey(folder).journal):
        yield n, read_bundle(folder, n)


def entry_files(folder: Path) -> Iterator[Path]:
    """The files that hold all entries, in order: full bundles, then the journal. They need not exist."""
    yield from (folder / bundle_path(n) for n in range(survey(folder).journal))
    yield folder / JOURNAL


# --- writing


def write_tile(folder: Path, level: int, n: int, digests: bytes, width: int = WIDTH) -> None:
    """Make a tile durable. Raises OSError; LogForked if another one stands there."""
    _write_once(folder, tile_path(level, n, width), digests)


def write_bundle(folder: Path, n: int, content: bytes, width: int = WIDTH) -> None:
    """Make an entry bundle durable. Raises OSError; LogForked if another one stands there."""
    _write_once(folder, bundle_path(n, width), content)


def announce_tile(folder: Path, n: int) -> None:
    """Make durable, by an empty file, that the level-0 tiles up to `n` are on their way.

    Without it, tiles missing after a crash could not be told from tiles that were lost.
    """
    path = _announcement(folder, n)
    _make_folder(path.parent)
    path.touch()
    sync_folder(path.parent)


def withdraw_tile(folder: Path, n: int) -> None:
    """Remove the announcement: the tile is there. A crash before leaves a name that the next writer sweeps."""
    _announcement(folder, n).unlink(missing_ok=True)


def remove_partials(folder: Path, full: str) -> None:
    """Remove the partial tiles (or bundles) that the full one at path `full` makes superfluous."""
    partial = folder / f"{full}.p"
    if partial.is_dir():
        for path in partial.iterdir():
            path.unlink()
        partial.rmdir()


# --- the tree


class TileTree:
    """The tree of a log: full tiles on disk, and in memory what lies right of them.

    `tiles` is how many full level-0 tiles are on disk. The digests right of them come by `append`, and leave
    the memory once `fold` has given them out as tiles.
    """

    def __init__(self, folder: Path, tiles: int) -> None:
        """Reads the tiles of the right edge: at most 255 for each level. Raises LogError if one is missing."""
        self.folder = folder
        self.tiles = tiles
        self._edges = [bytearray(), *_read_edges(folder, tiles)]  # by level: digests right of the full tiles
        self._cache: OrderedDict[tuple[int, int], bytes] = OrderedDict()

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self.tiles * WIDTH + len(self._edges[0]) // DIGEST_SIZE

    def append(self, digests: bytes) -> None:
        """Add leaves, given as their leaf digests one after the other."""
        self._edges[0] += digests

    def digest(self, level: int, index: int) -> bytes:
        """MTH(D[index · 256^level : (index + 1) · 256^level]). Raises LogError for a missing or changed tile."""
        n, place = divmod(index, WIDTH)
        full = self.tiles >> (BITS * level)
        if n < full:
            return _at(self.tile(level, n), place)
        return _at(self._edges[level], index - full * WIDTH)

    def tile(self, level: int, n: int) -> bytes:
        """A full tile, checked against the level above it. Raises LogError, LogForked."""
        cached = self._cache.get((level, n))
        if cached is None:
            cached = read_tile(self.folder, level, n)
            if tile_root(cached) != self.digest(level + 1, n):
                name = self.folder / tile_path(level, n)
                raise LogForked(f"{name} contradicts the tiles above it: restore it from a copy")
            self._cache[level, n] = cached
        self._cache.move_to_end((level, n))
        if len(self._cache) > CACHED:
            self._cache.popitem(last=False)
        return cached

    def node(self, height: int, position: int) -> bytes:
        """The root over leaves position · 2^height …, a complete subtree (what crawler.evidence.proof asks)."""
        stored = self.tiles * WIDTH
        if height > BITS and (position + 1) << height > stored:
            return node_digest(self.node(height - 1, 2 * position), self.node(height - 1, 2 * position + 1))
        level, within = divmod(height, BITS)
        if position << height >= stored:  # in memory, and not in tiles yet: the leaves themselves
            level, within = 0, height
        first = position << within
        return tile_root(b"".join(self.digest(level, first + i) for i in range(1 << within)))

    def fold(self) -> Iterator[tuple[int, int, bytes]]:
        """(level, n, digests) of each tile that is full and not on disk yet, in the order to write them.

        A tile comes before the level-0 tile that completes it: whoever sees the latter finds the former. The
        tree itself changes when the last one was taken; a caller that stops before leaves it as it was.
        """
        tiles, edges = self.tiles, [self._edges[0], *(bytearray(edge) for edge in self._edges[1:])]
        given = 0
        while len(edges[0]) - given >= WIDTH * DIGEST_SIZE:
            digests = bytes(edges[0][given : given + WIDTH * DIGEST_SIZE])
            yield from _climb(edges, tiles, tile_root(digests))
            yield 0, tiles, digests
            tiles, given = tiles + 1, given + len(digests)
        self.tiles, self._edges = tiles, [edges[0][given:], *edges[1:]]


def tile_root(digests: bytes | bytearray) -> bytes:
    """The root over 1, 2, 4 … 256 digests given one after the other."""
    row = [bytes(digests[i : i + DIGEST_SIZE]) for i in range(0, len(digests), DIGEST_SIZE)]
    while len(row) > 1:
        row = [node_digest(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def leaf_digests(leaves: Iterable[bytes]) -> bytes:
    """The leaf digests of leaves, one after the other, as in a tile of level 0."""
    return b"".join(map(leaf_digest, leaves))


def _climb(edges: list[bytearray], n: int, root: bytes) -> list[tuple[int, int, bytes]]:
    """Enter the root of level-0 tile `n` in the levels above; the tiles which that fills, the highest first."""
    filled: list[tuple[int, int, bytes]] = []
    level = 1
    while True:
        if level == len(edges):
            edges.append(bytearray())
        edges[level] += root
        n //= WIDTH
        if len(edges[level]) < WIDTH * DIGEST_SIZE:
            return filled[::-1]
        filled.append((level, n, bytes(edges[level])))
        root = tile_root(edges[level])
        edges[level] = bytearray()
        level += 1


def _read_edges(folder: Path, tiles: int) -> Iterator[bytearray]:
    """By level from 1 on: the roots of the full tiles below that are in no full tile of this level."""
    level = 0
    while tiles:
        first = tiles // WIDTH * WIDTH
        yield bytearray(b"".join(tile_root(read_tile(folder, level, n)) for n in range(first, tiles)))
        tiles, level = tiles // WIDTH, level + 1
    yield bytearray()


def _at(digests: bytes | bytearray, place: int) -> bytes:
    return bytes(digests[place * DIGEST_SIZE : (place + 1) * DIGEST_SIZE])


def _index_path(n: int) -> str:
    """1234067 as ``x001/x234/067``."""
    path = f"{n % 1000:03d}"
    while n := n // 1000:
        path = f"x{n % 1000:03d}/{path}"
    return path


def _partial(width: int) -> str:
    if not 0 < width <= WIDTH:
        raise FormatError(f"a tile has 1 to {WIDTH} digests, not {width}")
    return "" if width == WIDTH else f".p/{width}"


def _count(folder: Path) -> int:
    """The greatest index that a file below `folder` has for its name, plus one; 0 when there is none."""
    depths = (3, 2, 1)  # elements of the path: 10^9 tiles are more than any disk holds
    return max((_greatest(folder, depth) for depth in depths if folder.is_dir()), default=-1) + 1


def _greatest(folder: Path, depth: int) -> int:
    """The greatest index whose path has `depth` elements from `folder` on; -1 when there is none."""
    if depth == 1:
        return max((int(name) for name in _matching(folder, _LAST)), default=-1)
    for name in sorted(_matching(folder, _ABOVE), reverse=True):
        if not (folder / name).is_dir():
            continue
        below = _greatest(folder / name, depth - 1)
        if below >= 0:
            return int(name[1:]) * int(1000 ** (depth - 1)) + below
    return -1


def _matching(folder: Path, pattern: re.Pattern[str]) -> Iterator[str]:
    with os.scandir(folder) as found:
        yield from (entry.name for entry in found if pattern.fullmatch(entry.name))


def _entries_at_most(journal: Path, limit: int) -> int:
    """How many whole entries the journal has, counted up to `limit`."""
    if not journal.is_file():
        return 0
    with journal.open("rb") as stream:
        return sum(1 for _ in islice(read_entries(stream), limit))


def _read(folder: Path, name: str, limit: int) -> bytes:
    """A file that has at most `limit` bytes, or one byte more of it."""
    try:
        with (folder / name).open("rb") as stream:
            return stream.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LogError(f"{folder / name} is missing: restore it from a copy") from error


def _write_once(folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    _make_folder(path.parent)
    if path.exists() and path.read_bytes() != content:
        raise LogForked(f"{path} contradicts the entries: compare with a copy; nothing was changed")
    # Also when it is there: its maker may have been killed before the folder was on the disk.
    durable_write(path, content)


def _announcement(folder: Path, n: int) -> Path:
    path = folder / tile_path(0, n)
    return path.with_name(f".{path.name}.announced.unfinished")  # a name that `durable.sweep` knows


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each durable."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
