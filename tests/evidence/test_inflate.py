"""Inflating a record: ISA-L takes and refuses what zlib does, and stops at the limit."""

import zlib
from random import Random

import pytest

from crawler.errors import FormatError
from crawler.evidence.warc import GZIP, RecordTooLarge, inflate


def gzipped(content: bytes, level: int = 6) -> bytes:
    member = zlib.compressobj(level, zlib.DEFLATED, GZIP)
    return member.compress(content) + member.flush()


def by_zlib(stored: bytes) -> bytes | None:
    member = zlib.decompressobj(GZIP)
    try:
        content = member.decompress(stored)
    except zlib.error:
        return None
    return content if member.eof and not member.unused_data else None


def by_us(stored: bytes) -> bytes | None:
    try:
        return inflate(stored)
    except FormatError:
        return None


def test_any_damage_is_judged_as_by_zlib() -> None:
    dice = Random(11)
    for _ in range(1500):
        size = dice.choice([0, 1, 40, 3000])
        content = dice.randbytes(size) if dice.random() < 0.3 else bytes(dice.choices(b"<>div abc", k=size))
        stored = gzipped(content, dice.choice([0, 1, 6, 9]))
        place, end = dice.randrange(len(stored)), min(len(stored), 12)
        flipped = bytearray(stored)
        flipped[dice.choice([place, dice.randrange(end)])] ^= 1 << dice.randrange(8)
        for changed in (
            stored,
            bytes(flipped),
            stored[:place],
            stored + b"\0",
            stored + stored,
            stored[place:],
        ):
            assert by_us(changed) == by_zlib(changed), changed.hex()


@pytest.mark.parametrize("flag", [0x20, 0x40, 0x80])
def test_reserved_header_flags_are_refused(flag: int) -> None:
    stored = bytearray(gzipped(b"abc"))
    stored[3] |= flag
    with pytest.raises(FormatError, match="unknown header flags"):
        inflate(bytes(stored))


def test_more_than_the_limit_is_refused_before_it_is_inflated() -> None:
    bomb = gzipped(bytes(64 << 20), 9)
    with pytest.raises(RecordTooLarge, match="more than 1000 bytes"):
        inflate(bomb, 1000)
    with pytest.raises(RecordTooLarge):
        inflate(gzipped(bytes(Random(1).randbytes(200_000))), 1000)
    assert len(inflate(gzipped(b"x" * 1000), 1000)) == 1000


def test_cut_and_trailing_bytes_are_told_apart_from_size() -> None:
    for stored in (gzipped(b"x" * 500)[:-3], gzipped(b"x") + b"y"):
        with pytest.raises(FormatError, match="does not fill exactly one gzip member"):
            inflate(stored, 1000)
