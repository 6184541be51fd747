"""The part of a screenshot in which a quote stands, with a frame around it."""

import io
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw

from crawler.errors import ArchiveError, FormatError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.png import measures
from crawler.export.artefact import take_artefact
from crawler.quoted import shown_at
from crawler.store.index import Index

Json = Mapping[str, Any]
_MOST_PIXELS = 60_000_000  # of a screenshot that is decoded whole, as in stamped_picture.py
# CSS pixels around a quote, and how wide and tall a crop is at least and at most.
_BESIDE, _ABOVE, _WIDE, _WIDEST, _TALLEST = 60, 56, 820, 1400, 420
_RED, _PEN = (200, 20, 30), 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A part of a capture's screenshot with the quote framed: a PNG, and how wide it is in CSS pixels."""

    png: bytes
    width: int


def quoted_crop(archive: Archive, index: Index, quotes: Sequence[Json]) -> Crop | None:
    """The picture of quotes of one field; None where its page was not rendered or the picture does not show it."""
    quote = quotes[0]
    rows = index.query("select * from capture where id = ?", (quote["capture"],))
    if not rows or not rows[0]["look"] or rows[0]["removed"] or not quote.get("place"):
        return None
    try:
        text = json.loads(take_artefact(archive, rows[0]["leaf"], "text").content)
        picture = take_artefact(archive, rows[0]["leaf"], "screenshot").content
    except (UsageError, ArchiveError):  # not made, sealed, or damaged: `evidence verify` names damage
        return None
    boxes = [box for each in quotes for box in boxes_of(each, text["runs"])]
    return crop(picture, boxes, text["width"]) if boxes else None


def boxes_of(quote: Json, runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of the page in which the quote is shown; all lines of its field where the words are not found so."""
    lines = [run for run in shown_at(quote["place"], runs) if "clipped" not in run]
    letters = [
        (letter, number) for number, run in enumerate(lines) for letter in run["text"] if letter.strip()
    ]
    wanted = "".join(quote["text"].split())
    at = "".join(letter for letter, _ in letters).find(wanted)
    if not wanted or at < 0:
        return lines
    first, last = letters[at][1], letters[at + len(wanted) - 1][1]
    return lines[first : last + 1]


def crop(picture: bytes, boxes: Sequence[dict[str, Any]], page_width: int) -> Crop | None:
    """The part of a screenshot that shows these boxes (CSS pixels), framed in red; None for no such picture."""
    try:
        width, height = measures(picture)
        if width * height > _MOST_PIXELS:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # measured above
            sheet = Image.open(io.BytesIO(picture), formats=("PNG",)).convert("RGB")
    except (FormatError, OSError, ValueError, SyntaxError):
        return None
    scale = max(1, round(width / page_width)) if page_width else 1
    sides = [tuple(scale * box[side] for side in "xywh") for box in boxes]
    left = max(0, min(x for x, _, _, _ in sides) - _BESIDE * scale)
    top = max(0, min(y for _, y, _, _ in sides) - _ABOVE * scale)
    wanted = max(left + _WIDE * scale, max(x + w for x, _, w, _ in sides) + _BESIDE * scale)
    right = min(width, left + _WIDEST * scale, wanted)
    below = max(y + h for _, y, _, h in sides) + _ABOVE * scale
    bottom = min(height, top + _TALLEST * scale, below)
    if right <= left or bottom <= top:
        return None
    draw = ImageDraw.Draw(sheet)
    for x, y, w, h in sides:
        draw.rectangle((x - _PEN, y - _PEN, x + w + _PEN, y + h + _PEN), outline=_RED, width=_PEN)
    kept = io.BytesIO()
    sheet.crop((left, top, right, bottom)).save(kept, "PNG", optimize=True)
    return Crop(png=kept.getvalue(), width=(right - left) // scale)
