"""Screenshots: of what is not known to be harmless nothing is left that a guess could be compared with."""

import io
import json
import random
from itertools import pairwise

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont, PngImagePlugin

from crawler.errors import FormatError
from crawler.export.papers.pdf import pdf
from crawler.redaction.layer import Box, rewritten_layer
from crawler.redaction.pictures import CELL, obscured
from tests.redaction.masks import NAME, OTHER, masker

SIZE = (640, 480)
CLEAR, MASKED = Box(20, 20, 200, 24), Box(300, 20, 120, 24)


def noise(seed: int = 1, size: tuple[int, int] = SIZE) -> Image.Image:
    return Image.frombytes("RGB", size, random.Random(seed).randbytes(size[0] * size[1] * 3))


def png(picture: Image.Image, **saved: object) -> bytes:
    kept = io.BytesIO()
    picture.save(kept, "PNG", **saved)  # type: ignore[arg-type]
    return kept.getvalue()


def drawn(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


@pytest.mark.parametrize("scale", [1, 2])
def test_only_the_clear_rectangles_are_as_they_were(scale: int) -> None:
    before = noise(size=(SIZE[0] * scale, SIZE[1] * scale))
    after = drawn(obscured(png(before), [CLEAR], SIZE[0], masked=[MASKED]))
    place = tuple(scale * each for each in (CLEAR.x, CLEAR.y, CLEAR.x + CLEAR.w, CLEAR.y + CLEAR.h))
    assert ImageChops.difference(before.crop(place), after.crop(place)).getbbox() is None
    after.paste((0, 0, 0), place)
    after.paste((0, 0, 0), tuple(scale * each for each in (300, 20, 420, 44)))
    coarse = {after.getpixel((x, y)) for x in range(0, after.width, 7) for y in range(0, after.height, 7)}
    assert len(coarse) < 30, "noise has a colour for every pixel"


def test_a_masked_rectangle_is_filled_even_where_a_clear_one_lies_below() -> None:
    after = drawn(obscured(png(noise()), [Box(0, 0, 640, 480)], SIZE[0], masked=[MASKED]))
    inside = after.crop((301, 21, 419, 43))
    assert inside.getextrema() == ((238, 238),) * 3


def test_nothing_of_the_file_but_its_pixels_comes_along() -> None:
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", NAME)
    told.add_itxt("XML:com.adobe.xmp", NAME)
    made = obscured(png(noise(), pnginfo=told, exif=b"Exif\0\0" + NAME.encode()), [], SIZE[0])
    assert set(Image.open(io.BytesIO(made)).info) == set()
    assert NAME.encode() not in made


def test_a_guess_at_a_name_cannot_be_told_from_others() -> None:
    """The usual attack on mosaics: draw each candidate in the same font and place, obscure it, take the nearest."""
    font = ImageFont.load_default(size=16)
    names = [
        f"{first}{last}"
        for first in ("Wang", "Zhou", "Liu", "Chen")
        for last in ("Fang", "Wei", "Min", "Jing", "Tao")
    ]
    made = {name: obscured(png(_named(name, font)), [], SIZE[0], masked=[MASKED]) for name in names}
    assert len(set(made.values())) == 1, "under a filled rectangle all names are the same picture"
    # A name that nobody has marked, as in a picture of text: cells are larger than its letters.
    cells = {drawn(obscured(png(_named(name, font)), [], SIZE[0])).tobytes() for name in names}
    assert len(cells) <= len(names) // 2


def _named(name: str, font: object) -> Image.Image:
    sheet = Image.new("RGB", SIZE, "white")
    ImageDraw.Draw(sheet).text((MASKED.x + 4, MASKED.y + 2), name, fill="black", font=font)  # type: ignore[arg-type]
    return sheet


def test_a_damaged_picture_is_refused_after_papers_were_printed() -> None:
    pdf("题", "<p>文", author="某", until="2026-11-22T08:00:00.000000Z")
    with pytest.raises(FormatError):
        obscured(png(noise())[:200], [], SIZE[0])


@pytest.mark.parametrize("content", [b"", b"GIF89a", png(noise())[:200], b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        obscured(content, [], SIZE[0])


def test_a_bomb_is_refused_by_its_head() -> None:
    head = bytearray(png(Image.new("1", (8, 8))))
    head[16:24] = (100_000).to_bytes(4, "big") * 2
    with pytest.raises(FormatError):
        obscured(bytes(head), [], SIZE[0])


def layer(*runs: tuple[str, int, int, int, str]) -> bytes:
    told = [
        {"text": text, "x": x, "y": y, "w": w, "h": 20, "frame": 0, "path": path}
        for text, x, y, w, path in runs
    ]
    page = {"version": 1, "width": 640, "height": 480, "scroll": [0, 0], "frames": [], "runs": told}
    return json.dumps(page).encode()


def test_text_beside_a_name_is_not_clear_and_a_name_over_two_lines_goes() -> None:
    content = layer(
        ("好评返现", 10, 10, 100, "/html/body/p[1]"),
        (NAME, 10, 50, 100, "/html/body/p[2]"),
        ("同一处", 60, 55, 100, "/html/body/p[3]"),
        (OTHER[:8], 10, 90, 100, "/html/body/p[4]"),
        (OTHER[8:], 10, 120, 100, "/html/body/p[4]"),
        ("secret", 10, 150, 100, "/html/body/input[1]"),
    )
    made = rewritten_layer(content, masker())
    assert made.clear == [Box(10, 10, 100, 20)], "what touches a masked rectangle could show a part of it"
    for value in (NAME, OTHER, OTHER[8:], "secret"):
        assert value.encode() not in made.content
    assert len(made.masked) == 4


@pytest.mark.parametrize("content", [b"", b"[]", b'{"runs": 1}', b'{"runs": [{"text": 1}]}', b"[" * 5000])
def test_what_is_no_text_layer_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        rewritten_layer(content, masker())


def test_cells_are_larger_than_a_line_of_text() -> None:
    after = drawn(obscured(png(noise(3)), [], SIZE[0]))
    row = [after.getpixel((x, 5)) for x in range(SIZE[0])]
    changes = [x + 1 for x, (one, other) in enumerate(pairwise(row)) if one != other]
    assert all(at % CELL == 0 for at in changes)
