"""A screenshot in tiles that fit a printed page, each with some rows of the one before it."""

import io
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image

from crawler.errors import FormatError
from crawler.evidence.png import measures

MOST_PIXELS = 60_000_000  # of a picture that is decoded whole, some 180 MB
TALL = 1.18  # height of a tile in widths: what is left of an A4 page below its head
OVERLAP = 64  # rows that a tile shares with the one before: three lines of text


class Tile(NamedTuple):
    """One part of a picture: a PNG with its rows [first, last), untouched."""

    png: bytes
    first: int
    last: int


def tile_rows(width: int, height: int) -> list[tuple[int, int]]:
    """The rows of each tile of a picture of that size, in order; each but the first begins OVERLAP rows early."""
    tall = max(2 * OVERLAP, int(width * TALL))
    rows, first = [], 0
    while True:
        last = min(height, first + tall)
        rows.append((first, last))
        if last >= height:
            return rows
        first = last - OVERLAP


def tiles(picture: bytes, most: int) -> tuple[int, Iterator[Tile]]:
    """How many tiles a PNG has, and the first `most` of them.

    Raises FormatError for what is no PNG, is damaged, or has more than MOST_PIXELS.
    """
    width, height = measures(picture)
    if width * height > MOST_PIXELS:
        raise FormatError(f"a picture of {width} × {height} pixels is too large to be cut into tiles")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # measured above
            sheet = Image.open(io.BytesIO(picture), formats=("PNG",)).convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise FormatError(f"a picture that cannot be read: {error}") from error
    rows = tile_rows(width, height)
    return len(rows), (_cut(sheet, first, last) for first, last in rows[:most])


def _cut(sheet: Image.Image, first: int, last: int) -> Tile:
    kept = io.BytesIO()
    sheet.crop((0, first, sheet.width, last)).save(kept, "PNG")
    return Tile(kept.getvalue(), first, last)
