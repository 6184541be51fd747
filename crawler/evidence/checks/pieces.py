"""The log of an archive, cut into the pieces of work of a verification: 256 entries at most in each.

    log/tile/entries/<N>    a full entry bundle (c2sp.org/tlog-tiles): the entries 256 N to 256 N + 255
    log/entries             the entries after the last full bundle, in pieces of 256 as they come

Nothing here trusts what it reads: a bundle that is missing or has another number of entries is a piece all the
same, so that what stands behind it keeps its indices.
"""

import os
import re
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from crawler.errors import FormatError, LogError
from crawler.evidence.checks.reading import kind_of, open_regular, unreadable, walk
from crawler.evidence.tiles import MAX_BUNDLE, WIDTH, bundle_path, survey, tile_path

ENTRIES = "log/entries"
TILES = "log/tile"

_TILE = re.compile(r"(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,3}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_LEVELS = 8  # 256 ** 8 entries are more than any log has
_GAP = 4  # bundles missing in a row that are looked for beyond what was signed
_LENGTH = struct.Struct(">H")


class Piece(NamedTuple):
    """Some entries as they stand in one file: `length` bytes from `offset` on, the first of index `first`."""

    first: int
    file: str
    offset: int
    length: int
    entries: int  # how many should be there

    @property
    def full(self) -> bool:
        """Whether this is a full entry bundle."""
        return self.file != ENTRIES


class TileName(NamedTuple):
    """A file under log/tile: level (None: an entry bundle), number, width of a partial one (else 256)."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def full(self) -> bool:
        """Whether it has all 256."""
        return self.width == WIDTH

    def __str__(self) -> str:
        if self.level is None:
            return f"log/{bundle_path(self.number, self.width)}"
        return f"log/{tile_path(self.level, self.number, self.width)}"


class TileFolder(NamedTuple):
    """What lies under log/tile: the bundles and tiles by name, and names that cannot be any."""

    tiles: set[TileName]
    strange: list[str]


def tile_folder(archive: Path) -> TileFolder:
    """Every name under log/tile, sorted into what it means."""
    tiles: set[TileName] = set()
    strange = []
    for name, regular in walk(archive / TILES) if kind_of(archive / TILES) == stat.S_IFDIR else ():
        tile = _tile_name(name) if regular else None
        if tile is None:
            strange.append(f"{TILES}/{name}")
        else:
            tiles.add(tile)
    return TileFolder(tiles, strange)


def count_bundles(archive: Path, folder: TileFolder, signed: int) -> int:
    """How many full bundles stand before the journal, as the writer sees it (`tiles.survey`); gaps included.

    A name far beyond the others and beyond the `signed` size is not believed: it would make us look for millions
    of bundles.
    """
    numbers = {tile.number for tile in folder.tiles if tile.full and tile.level in (None, 0)}
    newest = -1
    for number in sorted(numbers):
        if number > max(newest, signed // WIDTH) + _GAP:
            break
        newest = number
    bundles = min(newest + 1, 2 * len(numbers) + _GAP)
    try:
        open_regular(archive / ENTRIES).close()  # what follows would wait at a pipe
        return min(survey(archive / "log").journal, bundles)
    except (FormatError, LogError, OSError):
        return bundles


def pieces(archive: Path, bundles: int) -> Iterator[Piece]:
    """All pieces in order: `bundles` full bundles, then the journal. Raises nothing for what is missing."""
    for number in range(bundles):
        name = str(TileName(None, number))
        yield Piece(number * WIDTH, name, 0, size_of(archive / name), WIDTH)
    yield from _journal(archive, bundles * WIDTH)


def split_entries(content: bytes) -> list[tuple[int, bytes]]:
    """Offset and leaf of each whole entry; what follows the last is no entry, or a torn one."""
    found, offset = [], 0
    while offset + 2 <= len(content):
        (length,) = _LENGTH.unpack_from(content, offset)
        end = offset + 2 + length
        if not length or end > len(content):
            break
        found.append((offset, content[offset + 2 : end]))
        offset = end
    return found


def read_piece(archive: Path, piece: Piece) -> bytes:
    """The bytes of a piece. Raises FormatError if it cannot be read or is larger than a bundle can be."""
    if piece.length > MAX_BUNDLE:
        raise FormatError(f"has {piece.length} bytes, more than {WIDTH} entries can have: refused")
    path = archive / piece.file
    with open_regular(path) as stream:
        try:
            return os.pread(stream.fileno(), piece.length, piece.offset)
        except OSError as error:
            raise unreadable(path, error) from error


def _journal(archive: Path, first: int) -> Iterator[Piece]:
    """The journal, cut after each 256 whole entries; only the lengths are read here."""
    start = offset = count = 0
    for end in _entry_ends(archive / ENTRIES):
        offset = end
        count += 1
        if count == WIDTH:
            yield Piece(first, ENTRIES, start, offset - start, count)
            first, start, count = first + count, offset, 0
    if count:
        yield Piece(first, ENTRIES, start, offset - start, count)


def _entry_ends(path: Path) -> Iterator[int]:
    """Where each whole entry ends, up to the first that is torn or cannot be read: what follows is in no piece."""
    try:
        stream = open_regular(path)
    except FormatError:
        return
    with stream:
        end, size = 0, os.fstat(stream.fileno()).st_size
        while len(head := _length_at(stream)) == 2:
            (length,) = _LENGTH.unpack(head)
            end += 2 + length
            if not length or stream.seek(length, os.SEEK_CUR) > size:
                return
            yield end


def _length_at(stream: BinaryIO) -> bytes:
    try:
        return stream.read(2)
    except (
        OSError
    ):  # a broken disk; that entries are missing, and how many bytes, is said by who reads the rest
        return b""


def _tile_name(name: str) -> TileName | None:
    match = _TILE.fullmatch(name)
    if match is None:
        return None
    level = None if match[1] == "entries" else int(match[1])
    number = int(match[2].replace("x", "").replace("/", ""))
    tile = TileName(level, number, int(match[3]) if match[3] else WIDTH)
    known = (level or 0) < _LEVELS and (match[3] is None or not tile.full) and tile.width <= WIDTH
    return tile if known and str(tile) == f"{TILES}/{name}" else None


def size_of(path: Path) -> int:
    """Bytes in a file; 0 if there is none, or nobody may look."""
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
