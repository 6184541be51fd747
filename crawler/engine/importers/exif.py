"""When a JPEG says that it was taken (Exif 2.32: DateTimeOriginal, else DateTime). A claim: anybody can set it."""

import re
import struct

_DATE = re.compile(rb"\d{4}:\d{2}:\d{2} \d{2}:\d{2}:\d{2}")
_DATE_TIME, _ORIGINAL, _EXIF_IFD = 0x0132, 0x9003, 0x8769
_MOST_ENTRIES = 512
_ENTRY = 12  # bytes of an entry of an image file directory


def taken_at(begins: bytes) -> str | None:
    """The date as it stands there, ``2026:11:20 14:03:11``; None where there is none."""
    start = begins.find(b"Exif\x00\x00", 0, 64 << 10)
    if not begins.startswith(b"\xff\xd8") or start < 0:
        return None
    tiff = begins[start + 6 :]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return None
    try:
        first = _entries(tiff, order, struct.unpack_from(order + "I", tiff, 4)[0])
        inner = _entries(tiff, order, first[_EXIF_IFD]) if _EXIF_IFD in first else {}
    except struct.error:  # it ends early, or points nowhere
        return None
    place = inner.get(_ORIGINAL, first.get(_DATE_TIME))
    found = _DATE.match(tiff, place) if place is not None else None
    return found[0].decode("ascii") if found else None


def _entries(tiff: bytes, order: str, offset: int) -> dict[int, int]:
    """Value or offset by tag. Raises struct.error where the directory is not whole."""
    (count,) = struct.unpack_from(order + "H", tiff, offset)
    found: dict[int, int] = {}
    for number in range(min(count, _MOST_ENTRIES)):
        tag, _, _, value = struct.unpack_from(order + "HHII", tiff, offset + 2 + number * _ENTRY)
        found.setdefault(tag, value)
    return found
