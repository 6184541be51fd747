"""WARC records: what is written, what is read, and what is refused."""

import gzip
import hashlib
import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Locator
from crawler.evidence.warc import (
    STORED,
    Record,
    WarcWriter,
    decode,
    encode,
    new_record_id,
    parse,
    read_stored,
    scan,
)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: \xb5\xe3\r\n\r\nabc"


def record(block: bytes = PLAIN, *, declare: bool = True) -> Record:
    return Record(
        type="response",
        id=new_record_id(),
        date="2026-11-22T08:16:41.123456Z",
        content_type="application/http;msgtype=response",
        block=block,
        target_uri="http://market.example/评价",
        payload=http.payload(block),
        declare_payload=declare,
        fields=(
            ("WARC-IP-Address", "127.0.0.1"),
            ("WARC-Protocol", "http/1.1"),
            ("WARC-Protocol", "tls/1.3"),
        ),
    )


def raw(head: bytes, block: bytes = b"") -> bytes:
    return b"WARC/1.1\r\n" + head + b"\r\n" + block + b"\r\n\r\n"


def minimal(block: bytes = b"abc", **fields: str) -> bytes:
    named = {
        "WARC-Type": "metadata",
        "WARC-Record-ID": "<urn:uuid:1>",
        "WARC-Date": "2026-11-22T08:16:41Z",
        "WARC-Block-Digest": digest(block),
        "Content-Length": str(len(block)),
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    return raw(b"".join(f"{name}: {value}\r\n".encode() for name, value in named.items() if value), block)


def test_the_stored_bytes_are_one_gzip_member_with_the_exact_record() -> None:
    item = record()
    encoded = encode(item)
    assert gzip.decompress(encoded.stored) == (
        b"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: " + item.id.encode() + b"\r\n"
        b"WARC-Date: 2026-11-22T08:16:41.123456Z\r\nWARC-Target-URI: http://market.example/"
        + "评价".encode()
        + b"\r\nWARC-IP-Address: 127.0.0.1\r\nWARC-Protocol: http/1.1\r\nWARC-Protocol: tls/1.3\r\n"
        b"WARC-Block-Digest: sha256:" + hashlib.sha256(PLAIN).hexdigest().encode() + b"\r\n"
        b"WARC-Payload-Digest: sha256:" + hashlib.sha256(b"abc").hexdigest().encode() + b"\r\n"
        b"Content-Type: application/http;msgtype=response\r\nContent-Length: %d\r\n\r\n"
        % len(PLAIN)
        + PLAIN
        + b"\r\n\r\n"
    )


def test_reading_gives_back_what_was_written_at_any_compression() -> None:
    for level in (STORED, 6, 9):
        item = record()
        read = decode(encode(item, level).stored)
        assert (read.id, read.date, read.block, read.target_uri) == (
            item.id,
            item.date,
            PLAIN,
            item.target_uri,
        )
        assert read.value("WARC-IP-Address") == "127.0.0.1"


def test_a_chunked_record_declares_its_block_only_and_its_description_the_true_payload() -> None:
    encoded = encode(record(CHUNKED, declare=False))
    described = encoded.at(Locator("warc/00001.warc.gz", 5, len(encoded.stored)))
    assert b"WARC-Payload-Digest" not in gzip.decompress(encoded.stored)
    assert (described.payload_digest, described.payload_length) == (digest(b"abc"), 3)
    assert (described.sha256, described.sm3) == (digest(encoded.stored), digest(encoded.stored, "sm3"))


def test_an_empty_payload_has_a_digest_and_no_payload_has_none() -> None:
    empty = encode(record(b"HTTP/1.1 204 No Content\r\n\r\n"))
    assert empty.payload_digest == digest(b"")
    assert encode(replace(record(), payload=None)).payload_digest is None


def test_a_line_break_in_a_field_is_refused_when_writing() -> None:
    for uri in ("http://a.example/\r\nWARC-Type: x", "http://a.example/\n"):
        with pytest.raises(FormatError, match="WARC-Target-URI must not hold a line break"):
            encode(replace(record(), target_uri=uri))


def test_a_flipped_bit_is_refused_or_changes_nothing_but_the_digest_of_the_stored_bytes() -> None:
    """Gzip's own time and system, and the padding of its last block, say nothing of the record."""
    stored = encode(record()).stored
    whole, silent = decode(stored), 0
    for position in range(len(stored) * 8):
        flipped = bytearray(stored)
        flipped[position // 8] ^= 1 << (position % 8)
        assert digest(flipped) != digest(stored)
        try:
            assert decode(bytes(flipped)) == whole
        except FormatError:
            continue
        silent += 1
    assert silent <= 8 * 10 + 7


@pytest.mark.parametrize("cut", [0, 1, 10, 40, -9, -8, -1])
def test_a_torn_record_is_refused(cut: int) -> None:
    with pytest.raises(FormatError, match="gzip member"):
        decode(encode(record()).stored[:cut])


def test_bytes_after_the_member_are_refused() -> None:
    stored = encode(record()).stored
    for tail in (b"\0", b"x", stored):
        with pytest.raises(FormatError, match="exactly one gzip member"):
            decode(stored + tail)


def test_a_bomb_is_refused_before_it_is_inflated() -> None:
    bomb = encode(replace(record(), block=b"\0" * (8 << 20), payload=None)).stored
    assert len(bomb) < 20_000
    with pytest.raises(FormatError, match="more than 1000 bytes"):
        decode(bomb, limit=1000)
    assert len(decode(bomb, limit=8 << 20).block) == 8 << 20


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"WARC/1.0\r\n\r\n\r\n\r\n", "not a WARC/1.1 record"),
        (b"WARC/1.1\r\nWARC-Type: x", "not a WARC/1.1 record"),
        (minimal(WARC_Type=""), "mandatory field WARC-Type"),
        (minimal(Content_Length=""), "mandatory field Content-Length"),
        (minimal(Content_Length="+3"), "is no number"),
        (minimal(Content_Length="3_0"), "is no number"),
        (minimal(Content_Length="-3"), "is no number"),
        (minimal(Content_Length="٣"), "is no number"),
        (minimal(Content_Length="4"), "4 bytes and two CRLF"),
        (minimal(Content_Length="2"), "2 bytes and two CRLF"),
        (minimal(WARC_Block_Digest=digest(b"abd")), "does not match its WARC-Block-Digest"),
        (minimal(WARC_Block_Digest=""), "does not match its WARC-Block-Digest"),
        (raw(b"WARC-Type x\r\n"), "without a colon"),
        (raw(b"WARC-Type: \xff\r\n"), "not UTF-8"),
        (minimal() + b"\r\n", "two CRLF"),
    ],
)
def test_what_is_no_record_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        parse(content)


def test_a_field_with_two_meanings_is_refused_and_a_repeatable_one_is_not() -> None:
    twice = minimal().replace(b"Content-Length: 3\r\n", b"Content-Length: 3\r\nContent-Length: 3\r\n")
    with pytest.raises(FormatError, match="Content-Length occurs more than once"):
        parse(twice)
    concurrent = b"WARC-Concurrent-To: <urn:uuid:2>\r\nWARC-Concurrent-To: <urn:uuid:3>\r\nContent-Length"
    assert parse(minimal().replace(b"Content-Length", concurrent)).id == "<urn:uuid:1>"


@pytest.mark.parametrize(
    "line",
    [
        b"warc-target-uri: http://other.invalid/\r\n",  # warcio and FastWARC take the first, in any case
        b"warc-date: 1999-01-01T00:00:00Z\r\n",
        b"CONTENT-TYPE: application/http\r\n",
        b"X-One: a\r\nx-one: b\r\n",
        b"WARC-Date : 1999-01-01T00:00:00Z\r\n",
        b" folded: into the line before\r\n",
        b"\tfolded: too\r\n",
        b": nameless\r\n",
    ],
)
def test_a_field_that_other_readers_would_read_another_way_is_refused(line: bytes) -> None:
    with pytest.raises(FormatError, match=r"another spelling|no name before it"):
        parse(minimal().replace(b"WARC-Type", line + b"WARC-Type"))


def test_warcio_reads_what_we_write() -> None:
    items = [record(), record(CHUNKED, declare=False)]
    stream = io.BytesIO(b"".join(encode(item).stored for item in items))
    read = [
        (r.rec_headers.get_header("WARC-Record-ID"), r.content_stream().read())
        for r in ArchiveIterator(stream)
    ]
    assert read == [(items[0].id, b"abc"), (items[1].id, b"abc")]


def test_warcio_check_passes(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(encode(record()).stored + encode(record(CHUNKED, declare=False)).stored)
    command = [sys.executable, "-m", "warcio.cli", "check", "-v", str(path)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("digest pass") == 2


def test_the_writer_says_where_each_record_lies(tmp_path: Path) -> None:
    writer = WarcWriter(tmp_path / "warc")
    (tmp_path / "warc").mkdir()
    assert writer.needs_segment()
    assert writer.begin_segment() == "warc/00001.warc.gz"
    encoded = [encode(record()), encode(record(CHUNKED, declare=False))]
    first, second = writer.append(encoded)
    writer.close()
    assert (first.offset, second.offset) == (0, first.length)
    assert [read_stored(tmp_path, place) for place in (first, second)] == [item.stored for item in encoded]
    assert list(scan(tmp_path / first.file)) == [(0, first.length), (first.length, second.length)]


def test_the_writer_goes_on_where_it_was_and_begins_a_new_file_at_the_limit(tmp_path: Path) -> None:
    (tmp_path / "warc").mkdir()
    writer = WarcWriter(tmp_path / "warc", limit=10)
    writer.begin_segment()
    (first,) = writer.append([encode(record())])
    assert writer.needs_segment()
    writer.close()
    again = WarcWriter(tmp_path / "warc")
    again.resume(tmp_path / first.file)
    (second,) = again.append([encode(record())])
    assert second.offset == first.end
    assert again.begin_segment() == "warc/00002.warc.gz"
    again.close()


def test_what_is_taken_back_is_gone(tmp_path: Path) -> None:
    (tmp_path / "warc").mkdir()
    writer = WarcWriter(tmp_path / "warc")
    writer.begin_segment()
    (first,) = writer.append([encode(record())])
    writer.append([encode(record())])
    writer.take_back(first.end)
    (third,) = writer.append([encode(record())])
    writer.close()
    assert third.offset == first.end
    assert (tmp_path / first.file).stat().st_size == third.end


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "warc").mkdir()
    writer = WarcWriter(tmp_path / "warc")
    writer.begin_segment()
    (first,) = writer.append([encode(record())])

    def fill_the_disk(content: bytes) -> None:
        os.write(writer._stream.fileno(), content[:7])  # type: ignore[union-attr]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "_write", fill_the_disk)
    with pytest.raises(OSError, match="No space"):
        writer.append([encode(record())])
    writer.close()
    assert (tmp_path / first.file).stat().st_size == first.end


def test_scanning_stops_before_a_torn_member(tmp_path: Path) -> None:
    stored = encode(record()).stored
    path = tmp_path / "a.warc.gz"
    path.write_bytes(stored + stored[:-3])
    assert list(scan(path)) == [(0, len(stored))]
    path.write_bytes(stored + b"garbage" + stored)
    assert list(scan(path)) == [(0, len(stored))]


def test_a_locator_beyond_the_end_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with pytest.raises(FormatError, match=r"a:1\+5: the file ends after 3 bytes"):
        read_stored(tmp_path, Locator("a", 1, 5))


def test_record_ids_are_random_uuids() -> None:
    first, second = new_record_id(), new_record_id()
    assert first != second
    assert first.startswith("<urn:uuid:")
    assert first[24] == "4"
