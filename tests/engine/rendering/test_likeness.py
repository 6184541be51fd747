"""Likeness of texts and pictures: identity, symmetry, what is lost is lost in proportion."""

import contextlib
import tracemalloc
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from crawler.engine.rendering.likeness import STRIP_ROWS, pixel_likeness, text_likeness
from crawler.errors import FormatError

RUNS = st.lists(st.text(alphabet="好评返现刷单店铺ab c", max_size=30), max_size=12)


@given(RUNS)
def test_a_text_is_like_itself_in_any_order(runs: list[str]) -> None:
    assert text_likeness(runs, runs) == 1000
    assert text_likeness(runs, runs[::-1]) == 1000


@given(RUNS, RUNS)
def test_text_likeness_is_symmetric(one: list[str], other: list[str]) -> None:
    assert text_likeness(one, other) == text_likeness(other, one)
    assert 0 <= text_likeness(one, other) <= 1000


@given(RUNS, st.randoms())
def test_each_run_that_is_dropped_costs(runs: list[str], dice: object) -> None:
    left, before = list(runs), 1000
    while left:
        left.pop(dice.randrange(len(left)))  # type: ignore[attr-defined]
        now = text_likeness(runs, left)
        assert now <= before
        before = now


def test_a_fiftieth_lost_is_980() -> None:
    runs = [f"第{chr(0x4E00 + n) * 20}句" for n in range(50)]
    assert 988 <= text_likeness(runs, runs[1:]) <= 992  # Dice: 2·49 / (50 + 49)
    assert text_likeness(["好评如潮"], ["刷单返现"]) == 0
    assert text_likeness([], []) == 1000
    assert text_likeness(["有"], []) == 0


def png(size: tuple[int, int], *, mode: str = "RGB", paint: tuple[int, int, int, int] | None = None) -> bytes:
    picture = Image.new(mode, size, "white")
    draw = ImageDraw.Draw(picture)
    for y in range(0, size[1], 7):  # gives encoders reason to use every filter
        draw.line((0, y, size[0], y + 5), fill=(y % 256, 90, y * 3 % 256))
    if paint:
        draw.rectangle(paint, fill="black")
    return encoded(picture)


def encoded(picture: Image.Image) -> bytes:
    kept = BytesIO()
    picture.save(kept, "PNG")
    return kept.getvalue()


@pytest.mark.parametrize("height", [1, 5, STRIP_ROWS - 1, STRIP_ROWS, STRIP_ROWS + 1, 3 * STRIP_ROWS + 7])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_picture_is_like_itself(height: int, mode: str) -> None:
    assert pixel_likeness(png((40, height), mode=mode), png((40, height))) == 1000


def test_strips_see_the_same_as_the_whole() -> None:
    """A painted part far down costs exactly its share: rows of later strips are unfiltered rightly."""
    one = png((100, 4 * STRIP_ROWS))
    black = Image.new("RGB", (100, 4 * STRIP_ROWS), "black")
    white = Image.new("RGB", (100, 4 * STRIP_ROWS), "white")
    half = white.copy()
    half.paste(black.crop((0, 0, 100, STRIP_ROWS)), (0, 3 * STRIP_ROWS))
    assert pixel_likeness(encoded(white), encoded(half)) == 750
    assert pixel_likeness(one, png((100, 4 * STRIP_ROWS), paint=(0, 0, 99, STRIP_ROWS - 1))) <= 760


def test_what_one_picture_lacks_counts_as_different() -> None:
    white = [encoded(Image.new("RGB", size, "white")) for size in ((100, 1000), (100, 800), (50, 1000))]
    assert pixel_likeness(white[0], white[1]) == pixel_likeness(white[1], white[0]) == 800
    assert pixel_likeness(white[0], white[2]) == 500


def test_smoothing_is_no_difference() -> None:
    one, other = (
        encoded(Image.new("RGB", (30, 30), colour)) for colour in ((200, 200, 200), (220, 190, 200))
    )
    assert pixel_likeness(one, other) == 1000
    assert pixel_likeness(one, encoded(Image.new("RGB", (30, 30), (230, 200, 200)))) == 0


def test_a_tall_picture_needs_little_memory() -> None:
    tall = encoded(Image.new("RGB", (600, 30_000), "white"))  # 54 MB decoded
    tracemalloc.start()
    assert pixel_likeness(tall, tall) == 1000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 << 20


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=8))
def test_damaged_pictures_are_refused_or_read(at: int, change: bytes) -> None:
    good = png((50, 60))
    at %= len(good)
    with contextlib.suppress(FormatError):  # and nothing else
        assert 0 <= pixel_likeness(good[:at] + change + good[at + len(change) :], good) <= 1000


@pytest.mark.parametrize("mode", ["L", "P", "1", "I;16"])
def test_pictures_that_no_browser_takes_are_refused(mode: str) -> None:
    with pytest.raises(FormatError, match="a screenshot has 8 bits"):
        pixel_likeness(encoded(Image.new(mode, (5, 5))), png((5, 5)))
