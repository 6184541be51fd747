"""The one form of the zip files that we write: everything in them follows from names, contents and one time.

Every member is stored, not deflated: a deflated member could be written in many ways. Sizes and CRC stand in
the local header; there are no extra fields but Zip64's, no comments, and nothing between the parts. So two
exports are equal bytes, whatever the version of Python or zlib, and a verifier can demand each header
byte for byte (APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3).
"""

import struct
from dataclasses import dataclass

from crawler import clock

MADE_BY = 3 << 8 | 45  # Unix, so that the attributes below are a file mode
PLAIN, ZIP64 = 20, 45  # version needed to extract
REGULAR_FILE = 0o100644 << 16
BIG = 0xFFFFFFFF  # in a 32-bit field: see the Zip64 extra field
_MANY = 0xFFFF
_ZIP64_EXTRA = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored member: ASCII name, size in bytes, CRC-32, and where its local header lies."""

    name: str
    size: int
    crc: int
    offset: int


def zip_time(created: str) -> tuple[int, int]:
    """Time and date fields for an RFC 3339 time; the format knows no year before 1980. Raises ValueError."""
    moment = clock.parse(created)
    date = max(moment.year - 1980, 0) << 9 | moment.month << 5 | moment.day
    return moment.hour << 11 | moment.minute << 5 | moment.second // 2, date


def local_header(entry: Entry, stamp: tuple[int, int]) -> bytes:
    """What stands before the member's bytes."""
    extra = b""
    if entry.size >= BIG:
        extra = struct.pack("<HHQQ", _ZIP64_EXTRA, 16, entry.size, entry.size)
    name = entry.name.encode("ascii")
    size = min(entry.size, BIG)
    needed = ZIP64 if extra else PLAIN
    fixed = (needed, 0, 0, *stamp, entry.crc, size, size, len(name), len(extra))
    return struct.pack("<4s5H3I2H", b"PK\x03\x04", *fixed) + name + extra


def central_header(entry: Entry, stamp: tuple[int, int]) -> bytes:
    """The member's line in the central directory."""
    wide = ([entry.size] * 2 if entry.size >= BIG else []) + ([entry.offset] if entry.offset >= BIG else [])
    extra = struct.pack(f"<HH{len(wide)}Q", _ZIP64_EXTRA, 8 * len(wide), *wide) if wide else b""
    name = entry.name.encode("ascii")
    size, offset = min(entry.size, BIG), min(entry.offset, BIG)
    needed = ZIP64 if extra else PLAIN
    fixed = (MADE_BY, needed, 0, 0, *stamp, entry.crc, size, size, len(name), len(extra), 0, 0, 0)
    return struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *fixed, REGULAR_FILE, offset) + name + extra


def end_records(count: int, start: int, size: int) -> bytes:
    """What closes the file: the central directory has `count` lines in `size` bytes from `start` on."""
    end = struct.pack(
        "<4s4H2IH",
        b"PK\x05\x06",
        0,
        0,
        min(count, _MANY),
        min(count, _MANY),
        min(size, BIG),
        min(start, BIG),
        0,
    )
    if count < _MANY and start < BIG and size < BIG:
        return end
    wide = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, MADE_BY, ZIP64, 0, 0, count, count, size, start)
    return wide + struct.pack("<4sIQI", b"PK\x06\x07", 0, start + size, 1) + end
