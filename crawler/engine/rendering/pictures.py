"""Pictures of a page, and whether they are what was asked for.

`Page.captureScreenshot` with ``captureBeyondViewport`` paints the whole page without scrolling;
``optimizeForSpeed`` gives the same pixels in a quarter of the time for somewhat more bytes. For a picture
that is too tall, browsers were known to fail in two ways without an error: blank from some row on, or the
first rows again. Both are looked for here, by the places of the page's text.
"""

import base64
from collections.abc import Iterator

from crawler.engine.rendering.look import Cdp, Json
from crawler.errors import FormatError
from crawler.evidence.png import SIGNATURE, Png, read_png, strips

TEXTURE = 16_384  # rows; the largest texture of most graphics, where known failures begin
SAMPLES = 48  # pieces of text that are looked at, spread over the picture
STRIP = 256  # rows that are inflated at once


async def take_picture(cdp: Cdp, box: Json | None, scale: float) -> bytes:
    """The PNG of a box of the page (x, y, width, height in CSS pixels), or of the window as it stands.

    Raises FormatError if the picture has other dimensions than were asked for, and the driver's error when
    the browser refuses.
    """
    asked: Json = {"format": "png", "optimizeForSpeed": True}
    if box is not None:
        asked |= {"captureBeyondViewport": True, "clip": box | {"scale": scale}}
    png = base64.b64decode((await cdp.send("Page.captureScreenshot", asked))["data"])
    size = png_size(png)
    if box is not None:
        wanted = (round(box["width"] * scale), round(box["height"] * scale))
        if abs(size[0] - wanted[0]) > 1 or abs(size[1] - wanted[1]) > 1:  # the browser rounds its own way
            raise FormatError(f"browser made a picture of {size} pixels where {wanted} were asked for")
    return png


def png_size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels. Raises FormatError unless the bytes begin and end as a PNG does."""
    if png[:8] != SIGNATURE or png[12:16] != b"IHDR" or png[-8:-4] != b"IEND":
        raise FormatError("browser's picture is not a whole PNG")
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def picture_fault(png: bytes, runs: list[Json], scale: float) -> str | None:
    """In what way a picture failed, None if in none that is known. `runs`: text that it should show.

    Inflates the picture strip by strip, without keeping it; about 0.2 s for 36,000 rows. Raises FormatError
    if its bytes do not inflate, or for a picture unlike those that browsers make (`crawler.evidence.png`).
    """
    tall = [run for run in runs if run["y"] * scale >= TEXTURE]
    if png_size(png)[1] <= TEXTURE or not tall:
        return None
    picture = read_png(png)
    width, channels = picture.width, (picture.row_length - 1) // picture.width
    wanted = {_row(run, scale): _span(run, scale, channels, width) for run in _spread(tall)}
    wanted |= {row - TEXTURE: span for row, span in wanted.items()}
    upper = {_row(run, scale): _span(run, scale, channels, width) for run in _spread(runs)}
    found = dict(_rows(picture, sorted({*wanted, *upper})))
    lower = [row for row in wanted if row >= TEXTURE and row in found]
    repeated = [row for row in lower if found[row] == found.get(row - TEXTURE)]
    inked = [row for row in lower if _ink(found[row], *wanted[row], channels)]
    if lower and len(repeated) == len(lower) and inked:
        return f"rows from {TEXTURE} on repeat the first ones"
    drawn = any(_ink(found[row], *upper[row], channels) for row in upper if row < TEXTURE and row in found)
    if lower and drawn and not inked:
        return f"blank from some row on: none of {len(lower)} lines of text below row {TEXTURE} is in the picture"
    return None


def _spread(runs: list[Json]) -> list[Json]:
    return runs[:: max(1, len(runs) // SAMPLES)][:SAMPLES]


def _row(run: Json, scale: float) -> int:
    return int((run["y"] + run["h"] / 2) * scale)


def _span(run: Json, scale: float, channels: int, width: int) -> tuple[int, int]:
    """The bytes of a row, behind its filter byte, where a piece of text is."""
    left = max(0, min(width, round(run["x"] * scale)))
    right = max(left, min(width, round((run["x"] + run["w"]) * scale)))
    return 1 + left * channels, 1 + right * channels


def _ink(row: bytes, start: int, end: int, channels: int) -> bool:
    """Whether a piece of a row has more than one colour; filters other than None and Sub are not judged.

    Filter Sub holds differences to the pixel on the left, so one colour is all zero but for its first pixel.
    """
    if row[0] not in (0, 1):
        return True
    piece = row[start + channels : end] if row[0] else row[start:end]
    if row[0]:
        return any(piece)
    return piece != piece[:channels] * (len(piece) // channels)


def _rows(png: Png, wanted: list[int]) -> Iterator[tuple[int, bytes]]:
    """These rows (ascending) as they are stored, with their filter byte."""
    waiting = [row for row in reversed(wanted) if 0 <= row < png.height]
    for number, strip in enumerate(strips(png, STRIP)):
        while waiting and waiting[-1] < (number + 1) * STRIP:
            row = waiting.pop()
            start = (row - number * STRIP) * png.row_length
            yield row, strip[start : start + png.row_length]
        if not waiting:
            return
