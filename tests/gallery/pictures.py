"""Pictures and clips of one plain colour each, so that a screenshot tells by its pixels which of them it shows."""

import math
import struct
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
SIZE = (300, 200)  # CSS pixels


def colour(number: int) -> Colour:
    """The colour of the picture with this number (0 to 611): no other has it, and the page's own have another."""
    return 30 + 30 * (number % 6), 30 + 30 * (number // 6 % 6), 101 + 9 * (number // 36)


def css(number: int) -> str:
    """The same as CSS writes it."""
    return "rgb({},{},{})".format(*colour(number))


@cache
def picture(number: int, size: tuple[int, int] = SIZE) -> bytes:
    """A PNG of its colour with the number in white in the middle."""
    image = Image.new("RGB", size, colour(number))
    middle, font = (size[0] / 2, size[1] / 2), ImageFont.load_default(size=size[1] / 3)
    ImageDraw.Draw(image).text(middle, str(number), fill="white", font=font, anchor="mm")
    return _saved(image, "PNG")


@cache
def clip(number: int, size: tuple[int, int] = SIZE, frames: int = 25) -> bytes:
    """A WebM of one second in its colour: VP8 key frames as WebP has them, in the least of Matroska (RFC 9559)."""
    webp = _saved(Image.new("RGB", size, colour(number)), "WEBP")
    at = webp.index(b"VP8 ") + 4
    frame = webp[at + 4 : at + 4 + int.from_bytes(webp[at : at + 4], "little")]
    blocks = [
        _element("a3", b"\x81" + struct.pack(">h", 1000 * index // frames) + b"\x80" + frame)
        for index in range(frames)
    ]
    return _webm_head() + _element(
        "18538067",
        _element("1549a966", _number("2ad7b1", 1_000_000) + _element("4489", struct.pack(">d", 1000.0))),
        _element("1654ae6b", _track(size)),
        _element("1f43b675", _number("e7", 0), *blocks),
    )


@cache
def tone(seconds: float = 1.0, rate: int = 8000) -> bytes:
    """A WAV of a quiet hum."""
    samples = bytes(128 + round(20 * math.sin(index / 3)) for index in range(round(seconds * rate)))
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate, 1, 8)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def _saved(image: Image.Image, form: str) -> bytes:
    file = BytesIO()
    image.save(file, form)
    return file.getvalue()


def _element(identifier: str, *content: bytes) -> bytes:
    body = b"".join(content)
    return bytes.fromhex(identifier) + b"\x01" + len(body).to_bytes(7, "big") + body


def _number(identifier: str, value: int) -> bytes:
    return _element(identifier, value.to_bytes(4, "big"))


def _webm_head() -> bytes:
    versions = ("4286", 1), ("42f7", 1), ("42f2", 4), ("42f3", 8), ("4287", 2), ("4285", 2)
    return _element("1a45dfa3", *(_number(*version) for version in versions), _element("4282", b"webm"))


def _track(size: tuple[int, int]) -> bytes:
    video = _element("e0", _number("b0", size[0]), _number("ba", size[1]))
    numbers = _number("d7", 1) + _number("73c5", 1) + _number("83", 1)
    return _element("ae", numbers, _element("86", b"V_VP8"), video)
