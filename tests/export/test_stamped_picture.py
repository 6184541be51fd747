"""The stamped copy: margins outside the picture, every pixel kept, honest words, bounded memory."""

import hashlib
import struct
import tracemalloc
import zlib
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from crawler.errors import FormatError, UsageError
from crawler.evidence.png import SIGNATURE, chunk
from crawler.export import cjk_font
from crawler.export.stamped_picture import BESIDE, PictureFacts, stamped

FACTS = PictureFacts(
    url="https://shop.invalid/item?id=7",
    title="宜兴紫砂茶壶 - 某店",
    started="2026-11-22T08:16:41.123456Z",
    ended="2026-11-22T08:17:02.500000Z",
    capture="3f9a1c77be0244d1a1f0c2b3d4e5f607",
)


@pytest.fixture(autouse=True, scope="module")
def _font() -> None:
    try:
        cjk_font.chinese_font(20)
    except UsageError as error:
        pytest.skip(str(error))


def painted(width: int, height: int, mode: str = "RGB") -> Image.Image:
    picture = Image.effect_noise((width, height), 60).convert(mode)
    ImageDraw.Draw(picture).ellipse((0, 0, width, height), outline="red" if mode != "P" else 3)
    return picture


def png(picture: Image.Image, **options: object) -> bytes:
    kept = BytesIO()
    picture.save(kept, "PNG", **options)
    return kept.getvalue()


def opened(content: bytes) -> Image.Image:
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture


def place(whole: Image.Image, part: Image.Image) -> int | None:
    """The row of `whole` at which `part` stands, pixel for pixel."""
    wide, narrow = whole.convert("RGB"), part.convert("RGB")
    for y in range(whole.height - part.height + 1):
        below = wide.crop((0, y, part.width, y + part.height))
        if (
            below.getpixel((0, 0)) == narrow.getpixel((0, 0))
            and not ImageChops.difference(below, narrow).getbbox()
        ):
            return y
    return None


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "I;16"])
@pytest.mark.parametrize(("width", "height"), [(480, 1), (600, 300), (481, 257), (90, 40)])
def test_the_picture_is_whole_and_the_margins_are_outside(mode: str, width: int, height: int) -> None:
    picture = painted(width, height, mode if mode != "I;16" else "L").convert(mode)
    copy = opened(stamped(png(picture), FACTS))
    top = place(copy, opened(png(picture)).convert("RGBA"))
    assert top is not None
    assert top > 100
    assert copy.height > top + height + 20
    assert copy.width == max(width, 480)
    if width < 480:
        assert copy.convert("RGB").getpixel((479, top)) == BESIDE


def test_what_is_transparent_in_a_narrow_picture_is_white() -> None:
    copy = opened(stamped(png(Image.new("RGBA", (90, 40), (0, 0, 0, 0))), FACTS))
    assert place(copy, Image.new("RGB", (90, 40), "white")) is not None


def test_every_filter_survives_the_cut_above() -> None:
    """Rows pass as the encoder filtered them: the first must not lean on the margin."""
    rows = b"".join(bytes([kind]) + bytes(range(1, 241)) * 6 for kind in (2, 4, 3, 1, 0))
    content = (
        SIGNATURE
        + chunk(b"IHDR", struct.pack(">II5B", 480, 5, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    for kind in range(5):
        turned = content.replace(zlib.compress(rows), zlib.compress(bytes([kind]) + rows[1:]))
        turned = turned[:33] + chunk(b"IDAT", zlib.compress(bytes([kind]) + rows[1:])) + chunk(b"IEND", b"")
        assert place(opened(stamped(turned, FACTS)), opened(turned)) is not None


def test_the_same_input_gives_the_same_bytes_and_every_fact_shows() -> None:
    picture = png(painted(800, 100))
    base = stamped(picture, FACTS)
    assert stamped(picture, FACTS) == base
    changed = [
        replace(FACTS, url="https://shop.invalid/item?id=8"),
        replace(FACTS, title="别的"),
        replace(FACTS, started="2026-11-22T08:16:42.123456Z"),
        replace(FACTS, ended="2026-11-22T08:17:03.500000Z"),
        replace(FACTS, capture="4f9a1c77be0244d1a1f0c2b3d4e5f607"),
        replace(FACTS, exhibit="证据3"),
        replace(FACTS, state="partial", reason="tiles missing"),
        replace(FACTS, final_url="https://shop.invalid/login"),
    ]
    tops = {
        opened(stamped(picture, facts)).convert("RGB").crop((0, 0, 800, 250)).tobytes() for facts in changed
    }
    assert len(tops | {opened(base).convert("RGB").crop((0, 0, 800, 250)).tobytes()}) == len(changed) + 1


def test_the_file_says_that_it_is_derived_and_of_what() -> None:
    picture = png(painted(500, 50))
    words = opened(stamped(picture, FACTS)).info
    assert "Not the original" in words["Description"]
    assert hashlib.sha256(picture).hexdigest() in words["Source"]
    assert words["Title"] == FACTS.title


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://x.invalid/" + "a" * 60_000},
        {"title": "标题" * 5000},
        {"title": "\u202e反\x00转\n换行 \U0001f600"},
        {"title": "", "url": ""},
        {"exhibit": "证" * 500},
        {"state": "partial", "reason": "x" * 9000},
    ],
)
@pytest.mark.parametrize("width", [480, 1366, 3000])
def test_odd_facts_fit(changes: dict[str, str], width: int) -> None:
    copy = opened(stamped(png(Image.new("RGB", (width, 20), "blue")), replace(FACTS, **changes)))
    assert copy.height < 6000


def test_a_very_tall_picture_needs_little_memory() -> None:
    tall = png(Image.new("RGB", (1366, 60_000), "white"), compress_level=1)  # 246 MB decoded
    tracemalloc.start()
    copy = stamped(tall, FACTS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 << 20
    assert struct.unpack_from(">II", copy, 16)[1] > 60_000


@pytest.mark.parametrize(
    ("width", "height", "colour"),
    [(60_000, 60_000, 2), (2**31 - 1, 1, 2), (1, 2**31 - 1, 2), (0, 5, 2), (9000, 9000, 3)],
)
def test_a_picture_that_claims_too_much_is_refused(width: int, height: int, colour: int) -> None:
    bomb = (
        SIGNATURE
        + chunk(b"IHDR", struct.pack(">II5B", width, height, 8, colour, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(FormatError, match="refused"):
        stamped(bomb, FACTS)


def test_more_rows_than_claimed_are_not_inflated() -> None:
    bomb = (
        SIGNATURE
        + chunk(b"IHDR", struct.pack(">II5B", 480, 2, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(200 << 20)))
        + chunk(b"IEND", b"")
    )
    tracemalloc.start()
    assert opened(stamped(bomb, FACTS)).width == 480
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 3000), st.binary(min_size=1, max_size=6), st.sampled_from(["RGB", "P", "RGBA"]))
def test_damaged_pictures_are_refused_or_stamped(at: int, change: bytes, mode: str) -> None:
    good = png(painted(490, 4, mode))
    at %= len(good)
    try:
        copy = stamped(good[:at] + change + good[at + len(change) :], FACTS)
    except FormatError:
        return
    assert copy.startswith(SIGNATURE)


def test_a_machine_without_chinese_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cjk_font, "PLACES", ())
    monkeypatch.setattr(cjk_font, "_named_by_fontconfig", list)
    cjk_font._found.cache_clear()
    cjk_font.chinese_font.cache_clear()
    with pytest.raises(UsageError, match="fonts-noto-cjk"):
        cjk_font.chinese_font(20)
    cjk_font._found.cache_clear()
