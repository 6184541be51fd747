"""A screenshot of which only known harmless text stays readable.

Faces, avatars, codes to scan, names drawn in pictures: nobody can list them all. So everything is made unreadable but
the rectangles of text that is known to show nobody. What is unreadable is drawn anew from the mean colours of large
cells: of a name or a face nothing is left that could be compared with a guess.
"""

import io
import warnings
from collections.abc import Iterable, Sequence
from typing import Protocol

from PIL import Image, ImageDraw

from crawler.errors import FormatError
from crawler.evidence.png import measures

MOST_PIXELS = 60_000_000  # of a picture that is held whole, some 180 MB
CELL = 32  # CSS pixels of a side: larger than a line of text is high, and an avatar is one or two of them
_LEVELS = 16  # steps of a cell's colour: fewer bits of what stood there
_FILLED, _EDGE = (238, 238, 238), (120, 120, 120)  # of a place where a text was taken out


class Box(Protocol):
    """A rectangle in CSS pixels from the top left of the page."""

    @property
    def x(self) -> int: ...
    @property
    def y(self) -> int: ...
    @property
    def w(self) -> int: ...
    @property
    def h(self) -> int: ...


def obscured(picture: bytes, clear: Sequence[Box], page_width: int, *, masked: Sequence[Box] = ()) -> bytes:
    """The PNG of a page with everything unreadable but `clear`; `masked` are filled, whatever lies over them.

    Raises FormatError for what is no PNG, is damaged, or has more than MOST_PIXELS.
    """
    sheet = _opened(picture)
    scale = max(1, round(sheet.width / page_width)) if page_width > 0 else 1
    _fill(
        sheet, masked, scale
    )  # before the cells are drawn: one that reaches beyond would tell of what stood in it
    drawn = _coarse(sheet, CELL * scale)
    for place in _within(clear, scale, sheet.size):
        drawn.paste(sheet.crop(place), place[:2])
    _fill(drawn, masked, scale)
    kept = io.BytesIO()
    drawn.save(kept, "PNG")
    return kept.getvalue()


def _fill(sheet: Image.Image, masked: Sequence[Box], scale: int) -> None:
    pen = ImageDraw.Draw(sheet)
    for left, top, right, bottom in _within(masked, scale, sheet.size):
        pen.rectangle((left, top, right - 1, bottom - 1), fill=_FILLED, outline=_EDGE, width=scale)


def _opened(picture: bytes) -> Image.Image:
    width, height = measures(picture)
    if width * height > MOST_PIXELS:
        raise FormatError(f"a picture of {width} × {height} pixels is too large to be drawn anew")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # measured above
            return Image.open(io.BytesIO(picture), formats=("PNG",)).convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise FormatError(f"a picture that cannot be read: {error}") from error


def _coarse(sheet: Image.Image, cell: int) -> Image.Image:
    """The picture in cells of one colour each: their mean, in few steps."""
    size = (-(-sheet.width // cell), -(-sheet.height // cell))
    small = sheet.resize(size, Image.Resampling.BOX).point(_step)
    return small.resize((size[0] * cell, size[1] * cell), Image.Resampling.NEAREST).crop((0, 0, *sheet.size))


def _step(value: int) -> int:
    return round(value / 255 * (_LEVELS - 1)) * 255 // (_LEVELS - 1)


def _within(boxes: Iterable[Box], scale: int, size: tuple[int, int]) -> Iterable[tuple[int, int, int, int]]:
    """The boxes in pixels of the picture, as far as they lie in it."""
    for box in boxes:
        left, top = max(0, box.x * scale), max(0, box.y * scale)
        right, bottom = min(size[0], (box.x + box.w) * scale), min(size[1], (box.y + box.h) * scale)
        if right > left and bottom > top:
            yield left, top, right, bottom
