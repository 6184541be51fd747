"""Records that are read in pieces: judged as those that are held whole, and in memory that does not grow."""

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.errors import FormatError
from crawler.evidence import http, warc
from crawler.evidence.checks import entries, streaming
from crawler.evidence.checks.entries import Reader, Terms
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.checks.streaming import check_bounded, check_pieces
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Locator, StoredRecord
from crawler.evidence.retention import Removals
from crawler.evidence.warc import Record, encode

LIMIT = 1 << 20
LEAF = Leaf(None, None, ())
BOMB = Path(__file__).with_name("bomb.py")

HEADS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\nA: b\n c\n\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 180,
        b"",
    ]
)
INTERIM = st.lists(
    st.sampled_from([b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 E\r\nA: b\r\n\r\n"]), max_size=9
)


def chunk(content: bytes, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(content), extension, content)


CHUNKS = st.lists(
    st.builds(
        chunk,
        st.integers(1, 900).map(bytes) | st.binary(min_size=1, max_size=40),
        st.sampled_from([b"", b";a=b", b" ", b";" + b"x" * 90]),
    ),
    max_size=12,
)
ENDS = st.sampled_from(
    [b"0\r\n\r\n", b"0\r\nTrailer: x\r\n\r\nmore", b"", b"0", b"xyz\r\n", b"5\r\nabc\r\n\r\n"]
)
BLOCKS = st.builds(
    lambda interim, head, chunks, end: b"".join([*interim, head, *chunks, end]), INTERIM, HEADS, CHUNKS, ENDS
)
TYPES = st.sampled_from(
    [
        ("response", "application/http"),
        ("request", "application/http"),
        ("resource", "x/y"),
        ("metadata", "x/y"),
    ]
)


def flip(content: bytes, place: int) -> bytes:
    changed = bytearray(content)
    changed[place % len(changed)] ^= 1 << place % 8
    return bytes(changed)


CHANGES: list[Callable[[bytes, int], bytes]] = [
    lambda content, _: content,
    flip,
    lambda content, place: content[: place % len(content)],
    lambda content, place: content + bytes(place % 7 + 1),
    lambda content, _: content + content,
]


def gzipped(content: bytes) -> bytes:
    member = zlib.compressobj(6, zlib.DEFLATED, 31)
    return member.compress(content) + member.flush()


def described(record: Record, stored: bytes, payload: bytes | None) -> StoredRecord:
    """What somebody with the key writes into the log: the digests are always those of what is stored."""
    item = encode(replace(record, payload=payload), 0).at(Locator("warc/00001.warc.gz", 0, len(stored)))
    return replace(item, sha256=digest(stored), sm3=digest(stored, "sm3"))


def verdict(check: Callable[[], Record]) -> Record | str:
    try:
        return check()
    except FormatError as error:
        return str(error)


def payload_or_none(record: Record) -> bytes | None:
    try:
        return (streaming.payload_is_block(record) and record.block) or http.payload(
            record.block[http.split_interim(record.block) if record.type == "response" else 0 :]
        )
    except FormatError:
        return b"the log says so all the same"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bound so low that records of a few kilobytes meet it."""
    monkeypatch.setattr(http, "HEAD_LIMIT", 160)
    monkeypatch.setattr(http, "LINE_LIMIT", 60)
    monkeypatch.setattr(http, "CHUNK_LIMIT", 9)
    for module in (warc, streaming):
        monkeypatch.setattr(module, "HEAD_LIMIT", 520)
        monkeypatch.setattr(module, "INFLATED_PIECE", 97)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    block=BLOCKS,
    kind=TYPES,
    inside=st.tuples(st.sampled_from(CHANGES[:1] * 3 + CHANGES), st.integers(0, 9999)),
    outside=st.tuples(st.sampled_from(CHANGES[:1] * 3 + CHANGES), st.integers(0, 9999)),
    paid=st.booleans(),
    size=st.integers(1, 60),
)
def test_both_ways_say_the_same(
    small: None,
    block: bytes,
    kind: tuple[str, str],
    inside: tuple[Callable[[bytes, int], bytes], int],
    outside: tuple[Callable[[bytes, int], bytes], int],
    paid: bool,
    size: int,
) -> None:
    record = Record(
        type=kind[0], id="<urn:uuid:1>", date="d", content_type=kind[1], block=block, target_uri="u:x", payload=None
    )  # fmt: skip
    content = zlib.decompress(encode(record).stored, 31)
    stored = outside[0](gzipped(inside[0](content, inside[1])), outside[1])
    expected = described(record, stored, payload_or_none(record) if paid else None)
    whole = verdict(lambda: check_bounded(stored, expected, LEAF, limit=LIMIT))
    pieces = [stored[at : at + size] for at in range(0, len(stored), size)]
    assert verdict(lambda: check_pieces(lambda: pieces, expected, LEAF, limit=LIMIT)) == whole


@given(content=st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=8), cuts=st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_a_chunked_record_in_pieces_passes_and_one_wrong_byte_does_not(
    content: list[bytes], cuts: int
) -> None:
    body = b"".join(content)
    block = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
        + b"".join(map(chunk, content))
        + b"0\r\n\r\n"
    )
    record = Record(type="response", id="i", date="d", content_type="application/http", block=block)
    stored = encode(record).stored
    pieces = [stored[at : at + cuts] for at in range(0, len(stored), cuts)]
    good = described(record, stored, body)
    assert check_pieces(lambda: pieces, good, LEAF, limit=LIMIT).id == "i"
    bad = replace(good, payload_digest=digest(flip(body, 0)))
    with pytest.raises(FormatError, match=f"payload has .* and {len(body)} bytes"):
        check_pieces(lambda: pieces, replace(bad), LEAF, limit=LIMIT)


def test_a_record_over_the_threshold_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record(type="resource", id="i", date="d", content_type="x/y", block=bytes(3 << 20))
    stored = encode(record).stored
    expected, held = described(record, stored, record.block), []
    real = streaming.decode

    def decode(*given: Any, **named: Any) -> Record:
        held.append(named["limit"])
        return real(*given, **named)

    monkeypatch.setattr(streaming, "HELD", 1 << 20)
    monkeypatch.setattr(streaming, "decode", decode)
    assert check_bounded(stored, expected, LEAF, limit=4 << 20).block == b""
    assert held == [1 << 20]
    with pytest.raises(FormatError, match=f"inflates to more than {2 << 20} bytes: refused"):
        check_bounded(stored, expected, LEAF, limit=2 << 20)


def test_a_failing_disk_is_a_fault_of_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pread(*_: int) -> bytes:
        raise OSError(5, "Input/output error")

    record = Record(type="resource", id="i", date="d", content_type="x/y", block=b"abc")
    stored = encode(record).stored
    (tmp_path / "warc").mkdir()
    (tmp_path / "warc/00001.warc.gz").write_bytes(stored)
    reader = Reader(Terms(tmp_path, {}, Removals()))
    reading = SimpleNamespace(size=0)
    reader._check(reading, described(record, stored, b"abc"), LEAF)  # type: ignore[arg-type]
    for held in (streaming.HELD, 0):
        monkeypatch.setattr(entries, "HELD", held)
        monkeypatch.setattr(entries.os, "pread", pread)
        with pytest.raises(FormatError, match="cannot be read: Input/output error"):
            reader._check(reading, described(record, stored, b"abc"), LEAF)  # type: ignore[arg-type]
    reader.close()


def bombs() -> Iterator[tuple[str, int, str]]:
    yield "zeros", 1 << 30, ""
    yield "http", 1 << 30, ""
    yield "fold", 64 << 20, "no blank line in its 1048576 bytes"
    yield "chunks", 1 << 27, "over 2097152 chunks"
    yield "head", 1 << 27, "not a WARC/1.1 record"


@pytest.mark.parametrize(("kind", "size", "said"), list(bombs()))
def test_a_bomb_is_judged_in_bounded_memory_and_time(kind: str, size: int, said: str, tmp_path: Path) -> None:
    """In a process of its own: what it had resident when it was ready, and what at most."""
    command = [sys.executable, str(BOMB), kind, str(size), str(tmp_path / "bomb.gz")]
    environment = os.environ | {"PYTHONPATH": str(BOMB.parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert said in found["said"]
    assert bool(found["said"]) == bool(said), found
    assert found["grown"] < 120 << 20, found
    assert found["seconds"] < 20, found
