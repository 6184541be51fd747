"""A stamped copy of a screenshot: a margin above and below it says what it shows, when it was made, and its digest.

Derived, never the original, and it says so. The margins lie outside the picture: not one of its pixels is touched
(its rows pass as they are, in strips, so a very tall page needs no more memory than its compressed file).
The same input gives the same bytes on the same machine.
"""

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from crawler.errors import FormatError
from crawler.evidence.png import RGB, Png, body, chunk, head, measures, note, read_png, strips
from crawler.export.margin import bottom_margin, top_margin

LEAST_WIDTH = 480  # pixels: a narrower picture gets grey at its right, so that the words have room
BESIDE = (222, 222, 222)  # a grey that shows where the picture ends
MOST_CONVERTED = 60_000_000  # pixels of a picture that has to be decoded whole
STRIP_ROWS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """What the margin says. Times are UTC, RFC 3339, as manifests have them."""

    url: str
    title: str
    started: str
    ended: str
    capture: str
    final_url: str | None = None  # what the address bar said in the end
    state: str = "complete"
    reason: str | None = None  # why it is not complete
    exhibit: str | None = None  # "证据3"; None leaves a place to write it


def stamped(picture: bytes, facts: PictureFacts) -> bytes:
    """The stamped copy of a PNG screenshot, as a PNG.

    Raises FormatError for what is no PNG, is damaged, or claims more pixels than allowed (crawler.evidence.png,
    MOST_CONVERTED), UsageError where no Chinese font is installed.
    """
    width, height = measures(picture)
    digest = hashlib.sha256(picture).hexdigest()
    png = _screenshot(picture)
    above = top_margin(facts, (width, height), digest, png.width)
    below = bottom_margin(digest, png.width)
    whole = above.height + png.height + below.height
    rows = _rows(png, above, below)
    return b"".join(
        (head(png.width, whole, png.colour), *_notes(facts, digest), *body(rows), chunk(b"IEND", b""))
    )


def _notes(facts: PictureFacts, digest: str) -> Iterator[bytes]:
    """Words in the file itself, for whoever finds it without its margin in view."""
    yield note("Description", "Derived: stamped copy of a screenshot with a margin added. Not the original.")
    yield note("Source", f"sha256:{digest} capture {facts.capture}")
    yield note("Title", facts.title[:200])
    yield note("Creation Time", facts.ended)


def _rows(png: Png, above: Image.Image, below: Image.Image) -> Iterator[bytes]:
    """Filtered rows of the whole: margins without filter, the picture's own as they are but for its first."""
    mode = "RGB" if png.colour == RGB else "RGBA"
    yield _unfiltered(above.convert(mode))
    begun = False
    for strip in strips(png, STRIP_ROWS):
        # A filter refers to the row above; above the first row there was none, and now there is the margin.
        yield strip if begun else _first_row(png, strip, mode) + strip[png.row_length :]
        begun = True
    yield _unfiltered(below.convert(mode))


def _first_row(png: Png, strip: bytes, mode: str) -> bytes:
    try:
        row = Image.open(BytesIO(png.part(b"", strip[: png.row_length])), formats=("PNG",))
        return b"\0" + row.convert(mode).tobytes()
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow raises for a filter that there is not
        raise FormatError(f"PNG with a broken first row: {error}") from error


def _unfiltered(picture: Image.Image) -> bytes:
    pixels, length = picture.tobytes(), len(picture.tobytes()) // picture.height
    return b"".join(b"\0" + pixels[at : at + length] for at in range(0, len(pixels), length))


def _screenshot(picture: bytes) -> Png:
    """The picture as it is if it is like a browser's, else decoded, brought to RGB and to LEAST_WIDTH."""
    width, height = measures(picture)
    try:
        png = read_png(picture)
    except FormatError:  # 16 bits, a palette, interlaced: phones and editors write these
        png = None
    return png if png is not None and width >= LEAST_WIDTH else _converted(picture, width, height)


def _converted(picture: bytes, width: int, height: int) -> Png:
    if max(width, LEAST_WIDTH) * height > MOST_CONVERTED:
        raise FormatError(
            f"PNG of {width}×{height} pixels would have to be decoded whole: refused, at most {MOST_CONVERTED}"
        )
    kept = BytesIO()
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures; ours were measured above, and its own limit is an error here.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            found = Image.open(BytesIO(picture), formats=("PNG",))
            colours = found.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombWarning) as error:
        raise FormatError(f"PNG cannot be decoded: {error}") from error
    sheet = Image.new("RGB", (max(width, LEAST_WIDTH), height), BESIDE)
    sheet.paste("white", (0, 0, width, height))
    sheet.paste(colours, (0, 0), colours)
    sheet.save(kept, "PNG", compress_level=1)
    return read_png(kept.getvalue())
