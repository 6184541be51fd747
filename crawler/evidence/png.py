"""Screenshots as browsers write them, read and written in strips, however tall they are (PNG, ISO/IEC 15948).

8 bits a channel, RGB or RGBA, not interlaced. Nothing is decoded here: rows stay filtered (section 9), so a strip
costs what zlib takes, and the picture of a strip is for whoever knows pictures.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crawler.errors import FormatError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB, RGBA = 2, 6  # colour types
MOST_PIXELS = 200_000_000  # a window of 1366 pixels, 146,000 pixels tall
MOST_SIDE = 200_000  # pixels
_INFLATED = 1 << 20  # bytes at once
_PIECE = 1 << 20  # bytes of one IDAT chunk that is written


@dataclass(frozen=True, slots=True)
class Png:
    """A picture's measures and its compressed rows."""

    width: int
    height: int
    colour: int  # RGB or RGBA
    content: tuple[memoryview, ...]  # of its IDAT chunks: together one zlib stream

    @property
    def row_length(self) -> int:
        """Bytes of one filtered row: the filter's number, then the pixels."""
        return 1 + self.width * (3 if self.colour == RGB else 4)

    def part(self, above: bytes, rows: bytes) -> bytes:
        """A PNG of its own from some filtered rows; `above`: the plain pixels of the row before them, if any."""
        first = b"\0" + above if above else b""
        height = (len(first) + len(rows)) // self.row_length
        header = head(self.width, height, self.colour)
        return b"".join((header, *body([first, rows], 0), chunk(b"IEND", b"")))


def read_png(content: bytes) -> Png:
    """Read the chunks of a PNG. Raises FormatError for other pictures, and for one that is larger than allowed."""
    width, height = measures(content)
    depth, colour, _, _, interlaced = struct.unpack_from(">5B", content, 24)
    if depth != 8 or colour not in (RGB, RGBA) or interlaced:
        raise FormatError(
            f"PNG with {depth} bits, colour type {colour}, interlace {interlaced}:"
            " a screenshot has 8 bits, RGB or RGBA, and is not interlaced"
        )
    return Png(width, height, colour, tuple(_chunks(memoryview(content), b"IDAT")))


def measures(content: bytes) -> tuple[int, int]:
    """Width and height as a PNG's head claims them. Raises FormatError for no PNG, none of either, or too many."""
    if content[:8] != SIGNATURE or content[8:16] != b"\0\0\0\rIHDR" or len(content) < 33:
        raise FormatError(f"not a PNG picture: begins with {content[:8]!r}")
    width, height = struct.unpack_from(">II", content, 16)
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE and width * height <= MOST_PIXELS):
        raise FormatError(
            f"PNG claims {width}×{height} pixels: refused, at most {MOST_PIXELS} and {MOST_SIDE} a side"
        )
    return width, height


def strips(png: Png, rows: int) -> Iterator[bytes]:
    """The filtered rows from the top, so many at once. Raises FormatError if there are fewer or more than claimed."""
    left, wanted, held = png.height * png.row_length, rows * png.row_length, bytearray()
    for piece in _inflated(png, left):
        held += piece
        while len(held) >= wanted:
            yield bytes(held[:wanted])
            del held[:wanted]
        left -= len(piece)
    if left:
        raise FormatError(f"PNG ends {left} bytes before its {png.height} rows do")
    if held:
        yield bytes(held)


def _inflated(png: Png, most: int) -> Iterator[bytes]:
    """The zlib stream in pieces. What comes behind the last row (decoders ignore it) is not inflated."""
    stream = zlib.decompressobj()
    for part in png.content:
        waiting: bytes | memoryview = part
        while waiting and most and not stream.eof:
            try:
                piece = stream.decompress(waiting, min(most, _INFLATED))
            except zlib.error as error:
                raise FormatError(f"PNG rows are damaged: {error}") from error
            waiting = stream.unconsumed_tail
            most -= len(piece)
            yield piece


def head(width: int, height: int, colour: int) -> bytes:
    """Signature and IHDR of a PNG with 8 bits a channel."""
    return SIGNATURE + chunk(b"IHDR", struct.pack(">II5B", width, height, 8, colour, 0, 0, 0))


def body(rows: Iterable[bytes], level: int = 6) -> Iterator[bytes]:
    """IDAT chunks of filtered rows that come in pieces."""
    stream, held = zlib.compressobj(level), bytearray()
    for piece in rows:
        held += stream.compress(piece)
        if len(held) >= _PIECE:
            yield chunk(b"IDAT", bytes(held))
            held.clear()
    yield chunk(b"IDAT", bytes(held) + stream.flush())


def note(keyword: str, text: str) -> bytes:
    """A tEXt chunk, or iTXt in UTF-8 for what is not ASCII (section 11.3.4): words about the picture."""
    if text.isascii():
        return chunk(b"tEXt", keyword.encode("ascii") + b"\0" + text.encode("ascii"))
    return chunk(b"iTXt", keyword.encode("ascii") + b"\0\0\0\0\0" + text.encode())


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk with its length and CRC."""
    return b"".join(
        (struct.pack(">I", len(content)), name, content, struct.pack(">I", zlib.crc32(name + content)))
    )


def _chunks(content: memoryview, name: bytes) -> Iterator[memoryview]:
    at = len(SIGNATURE)
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4])
        if at + 12 + length > len(content):
            raise FormatError(f"PNG chunk at {at} claims {length} bytes, the file ends before")
        if content[at + 4 : at + 8] == name:
            yield content[at + 8 : at + 8 + length]
        at += 12 + length
