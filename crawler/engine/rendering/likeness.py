"""How much a replayed page is like the captured one: by text and by pixels, in permille.

Leaves hold no floats, so 1000 means equal. Both measures are symmetric and give 1000 for equal input.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO

from PIL import Image, ImageChops

from crawler.errors import FormatError
from crawler.evidence.png import Png, read_png, strips

SAME_PIXEL = 24  # of 255: a smaller difference in every channel is smoothing, not another picture
STRIP_ROWS = 512  # of a picture of usual width
STRIP_PIXELS = 4_000_000
MOST_RUNS = 100_000
MOST_CHARACTERS = 2_000_000

_TOKEN = re.compile(r"[a-z0-9_]+|\S")


def text_likeness(one: Sequence[str], other: Sequence[str]) -> int:
    """The share of text that both have, whatever its order: Dice's coefficient over pairs of neighbouring words.

    Each run of text is taken apart into words (Chinese: characters) and these into pairs, so a run that is missing
    costs its length, and one that was moved nothing. Two pages without text are equal.
    """
    pairs, others = _pairs(one), _pairs(other)
    whole = pairs.total() + others.total()
    return 2000 * (pairs & others).total() // whole if whole else 1000


def pixel_likeness(one: bytes, other: bytes) -> int:
    """The share of pixels that are the same in two PNG screenshots, laid on each other at the top left.

    What only one of them covers counts as different. Memory is that of a strip of each, however tall they are.
    Raises FormatError for what is no screenshot as browsers write them (see `crawler.evidence.png`).
    """
    first, second = read_png(one), read_png(other)
    covered = max(first.width, second.width) * max(first.height, second.height)
    height = max(1, min(STRIP_ROWS, STRIP_PIXELS // max(first.width, second.width)))
    pictures = zip(_pictures(first, height), _pictures(second, height), strict=False)
    same = sum(_same(a, b) for a, b in pictures)
    return same * 1000 // covered


def _same(one: Image.Image, other: Image.Image) -> int:
    """How many pixels of two strips are the same, where both have any."""
    box = (0, 0, min(one.width, other.width), min(one.height, other.height))
    red, green, blue = ImageChops.difference(one.crop(box), other.crop(box)).split()
    largest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return sum(largest.histogram()[: SAME_PIXEL + 1])


def _pictures(png: Png, height: int) -> Iterator[Image.Image]:
    """The strips of a PNG from the top, `height` rows each.

    Each is made a small PNG that begins with the last row of the one before.
    """
    above = b""
    for rows in strips(png, height):
        try:
            picture = Image.open(BytesIO(png.part(above, rows)), formats=("PNG",))
            picture.load()
        except (OSError, ValueError, SyntaxError) as error:  # what Pillow raises for damaged pixels
            raise FormatError(f"PNG with broken rows: {error}") from error
        above = picture.crop((0, picture.height - 1, picture.width, picture.height)).tobytes()
        skipped = picture.height - len(rows) // png.row_length
        yield picture.crop((0, skipped, picture.width, picture.height)).convert("RGB")


def _pairs(runs: Sequence[str]) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    for run in _bounded(runs):
        words = _TOKEN.findall(_plain(run))
        counted.update(zip(words, [*words[1:], ""], strict=False))
    return counted


def _plain(run: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", run).lower().split())


def _bounded(runs: Sequence[str]) -> Iterator[str]:
    left = MOST_CHARACTERS
    for run in runs[:MOST_RUNS]:
        if left <= 0:
            return
        yield run[:left]
        left -= len(run)
