"""WARC/1.1 (ISO 28500:2017): write records, append them durably, read them back strictly.

Each record is one gzip member. Digests are ``sha256:`` and lower-case hex. ``WARC-Block-Digest`` covers
the block; ``WARC-Payload-Digest`` covers the entity body, transfer coding removed and content coding kept.
A chunked response is stored as it came, with its framing, and carries the block digest only: common checkers
digest the stored bytes and would call the correct payload digest wrong (warcio#74). The payload digest of such
a record stands in its manifest. See docs/decisions/0006-payload-digest-of-chunked.md.
"""

import os
import re
import uuid
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from isal import isal_zlib

from crawler.errors import FormatError
from crawler.evidence.digest import digest
from crawler.evidence.durable import sync_folder
from crawler.evidence.manifest import Locator, StoredRecord

VERSION = b"WARC/1.1"
SEGMENT_LIMIT = 1 << 30  # a new file is begun when the current one has reached 1 GiB
BLOCK_LIMIT = 1 << 30  # the reader that holds a record whole refuses a larger one
HEAD_LIMIT = 1 << 17  # bytes of a record's head; a leaf, which names the URL as well, has 64 KiB at most
INFLATED_PIECE = 1 << 20  # bytes that are inflated at once where a record is read in pieces
END = b"\r\n\r\n"  # behind a block
MANDATORY = ("WARC-Record-ID", "WARC-Type", "WARC-Date", "Content-Length")
_READ = (*MANDATORY, "Content-Type", "WARC-Target-URI", "WARC-Block-Digest", "WARC-Payload-Digest")
REPEATABLE = ("WARC-Concurrent-To", "WARC-Protocol")
GZIP = 31  # zlib's window bits for a gzip member
STORED, DEFLATED = 0, 6  # compression levels: content-coded bodies do not shrink further

_HEAD_ROOM = 1 << 16  # bytes that the head of a record may have beside its block
_DAMAGED = cast("type[Exception]", isal_zlib.error)  # the stubs of isal say that it is an instance
_RESERVED = 0xE0  # the upper bits of a gzip header's flags

_LENGTH = re.compile(r"0|[1-9][0-9]{0,18}")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token: no blank, so no folded line passes for a field


class RecordTooLarge(FormatError):
    """A record inflates to more than the reader was ready to hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One WARC record. `payload` is the entity body where the type has one, else None."""

    type: str
    id: str
    date: str  # UTC, when the capture began; the same for all records of one capture
    content_type: str
    block: bytes
    target_uri: str | None = None
    payload: bytes | None = None
    declare_payload: bool = True
    fields: tuple[tuple[str, str], ...] = ()

    def value(self, name: str) -> str | None:
        """The first value of one of `fields`, by its exact name."""
        return next((value for field, value in self.fields if field == name), None)


class Head(NamedTuple):
    """The head of a record as it was read: the record without its block, and where the block lies."""

    record: Record
    length: int  # bytes of block that the head claims
    size: int  # bytes of the head with its blank line: the block begins there

    def wrong_length(self) -> FormatError:
        """The error for a block that is longer or shorter, or not closed by two CRLF."""
        return FormatError(
            f"record {self.record.id}: {self.length} bytes and two CRLF expected after its head"
        )

    def check_block(self, block_digest: str) -> None:
        """Raise FormatError unless the block's digest is the one that the head declares."""
        if self.record.value("WARC-Block-Digest") != block_digest:
            raise FormatError(f"record {self.record.id}: block does not match its WARC-Block-Digest")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A record's stored bytes (one gzip member) and its digests, not yet at any place."""

    record: Record
    stored: bytes
    block_digest: str
    payload_digest: str | None

    def at(self, locator: Locator) -> StoredRecord:
        """The description of this record once it lies at `locator`."""
        return StoredRecord(
            type=self.record.type,
            id=self.record.id,
            locator=locator,
            sha256=digest(self.stored),
            sm3=digest(self.stored, "sm3"),
            block_digest=self.block_digest,
            payload_digest=self.payload_digest,
            payload_length=None if self.record.payload is None else len(self.record.payload),
        )


def new_record_id() -> str:
    """A fresh ``<urn:uuid:…>`` from random bits (version 4; nothing of the machine in it)."""
    return f"<urn:uuid:{uuid.uuid4()}>"


def concurrent_to(record_id: str | None) -> tuple[tuple[str, str], ...]:
    """The field that ties a record to the first one of its capture (§5.8); none for that first one."""
    return (("WARC-Concurrent-To", record_id),) if record_id is not None else ()


def encode(record: Record, level: int = DEFLATED) -> Encoded:
    """Serialise one record into one gzip member. Raises FormatError for a value with a line break."""
    block_digest = digest(record.block)
    payload_digest = None
    if record.payload is not None:
        same = len(record.payload) == len(record.block)
        payload_digest = block_digest if same else digest(record.payload)
    named = [("WARC-Type", record.type), ("WARC-Record-ID", record.id), ("WARC-Date", record.date)]
    if record.target_uri is not None:
        named.append(("WARC-Target-URI", record.target_uri))
    named += [*record.fields, ("WARC-Block-Digest", block_digest)]
    if payload_digest is not None and record.declare_payload:
        named.append(("WARC-Payload-Digest", payload_digest))
    named += [("Content-Type", record.content_type), ("Content-Length", str(len(record.block)))]
    head = b"".join(_field_line(name, value) for name, value in named)
    member = zlib.compressobj(level, zlib.DEFLATED, GZIP)
    stored = b"".join(
        (
            member.compress(VERSION + b"\r\n" + head + b"\r\n"),
            member.compress(record.block),
            member.compress(END),
            member.flush(),
        )
    )
    return Encoded(record, stored, block_digest, payload_digest)


class WarcWriter:
    """Appends encoded records to the numbered files of a folder. One writer per archive (the lock sees to it).

    `append` only hands the bytes to the kernel; a record counts when `sync` has returned. After a failed
    write the file is cut back to what was there before, so the next append finds it whole.
    """

    def __init__(self, folder: Path, *, limit: int = SEGMENT_LIMIT) -> None:
        self._folder = folder
        self._limit = limit
        self._stream: BinaryIO | None = None
        self._path: Path | None = None
        self._size = 0
        self._folder_dirty = False

    def needs_segment(self) -> bool:
        """Whether the next append must begin a new file (with a warcinfo record)."""
        return self._stream is None or self._size >= self._limit

    def resume(self, path: Path) -> None:
        """Go on writing at the end of an existing file."""
        self._open(path)

    def begin_segment(self) -> str:
        """Begin the next numbered file and return its name, e.g. ``warc/00002.warc.gz``."""
        self.sync()
        numbers = [int(path.name.split(".")[0]) for path in self._folder.glob("*.warc.gz")]
        self._open(self._folder / f"{max(numbers, default=0) + 1:05d}.warc.gz")
        self._folder_dirty = True
        return self.name

    @property
    def name(self) -> str:
        """The current file, relative to the archive."""
        if self._path is None:
            raise FormatError("no WARC file is open: call resume or begin_segment first")
        return f"{self._folder.name}/{self._path.name}"

    def append(self, records: Sequence[Encoded]) -> list[Locator]:
        """Write records in one go; returns where each lies. OSError leaves the file as it was."""
        if self._stream is None:
            raise FormatError("no WARC file is open: call resume or begin_segment first")
        locators, offset = [], self._size
        for record in records:
            locators.append(Locator(self.name, offset, len(record.stored)))
            offset += len(record.stored)
        try:
            self._write(b"".join(record.stored for record in records))
        except OSError:
            os.ftruncate(self._stream.fileno(), self._size)
            raise
        self._size = offset
        return locators

    def sync(self) -> None:
        """Make everything appended so far durable: the file, and the folder if a file is new."""
        if self._stream is not None:
            os.fsync(self._stream.fileno())
        if self._folder_dirty:
            sync_folder(self._folder)
            self._folder_dirty = False

    def take_back(self, size: int) -> None:
        """Cut the current file to `size` bytes: what lay behind was never logged."""
        if self._stream is not None:
            os.ftruncate(self._stream.fileno(), size)
            self._stream.seek(size)
            self._size = size

    @property
    def size(self) -> int:
        """Bytes in the current file."""
        return self._size

    def close(self) -> None:
        """Sync and close."""
        if self._stream is not None:
            self.sync()
            self._stream.close()
            self._stream = None

    def _open(self, path: Path) -> None:
        if self._stream is not None:
            self._stream.close()
        self._path = path
        self._stream = path.open("ab", buffering=0)
        self._size = self._stream.tell()

    def _write(self, content: bytes) -> None:
        view = memoryview(content)
        while view and self._stream is not None:
            view = view[self._stream.write(view) :]


def read_stored(archive: Path, locator: Locator) -> bytes:
    """The stored bytes of a record. Raises FormatError if the file ends before them."""
    with (archive / locator.file).open("rb") as stream:
        return read_from(stream, locator)


def read_from(stream: IO[bytes], locator: Locator) -> bytes:
    """The same from its open file."""
    stream.seek(locator.offset)
    stored = stream.read(locator.length)
    if len(stored) != locator.length:
        raise FormatError(f"{locator}: the file ends after {locator.offset + len(stored)} bytes")
    return stored


def decode(stored: bytes, *, limit: int = BLOCK_LIMIT) -> Record:
    """Read one record strictly: exactly one gzip member, one record, digests that match.

    `payload` is left None; `crawler.evidence.http.payload` gives it for HTTP records.
    Raises FormatError for anything else, and for a block over `limit` bytes, before inflating it all.
    """
    return parse(inflate(stored, limit))


def beginning(stored: bytes, most: int) -> Record:
    """A record with the first bytes of its block: about `most` bytes of it are inflated, and no digest is checked.

    For whoever knows from the log that the stored bytes are right. Raises FormatError for what is no record.
    """
    _check_flags(stored)
    content = _inflated(isal_zlib.decompressobj(GZIP), stored, most)
    head = parse_head(content)
    return replace(head.record, block=content[head.size : head.size + head.length])


def inflate(stored: bytes, limit: int = BLOCK_LIMIT) -> bytes:
    """The content of exactly one gzip member (RFC 1952), CRC and length checked.

    ISA-L inflates some three times as fast as zlib and refuses the same input, but for the reserved flag bits
    (RFC 1952 section 2.3.1.2), which it passes over. Raises FormatError, also for more than `limit` bytes of
    block, before inflating it all (RecordTooLarge).
    """
    _check_flags(stored)
    member, most = isal_zlib.decompressobj(GZIP), limit + _HEAD_ROOM
    content = _inflated(member, stored, most)
    if not member.eof and len(content) >= most:
        raise RecordTooLarge(f"record inflates to more than {limit} bytes: refused")
    if not member.eof or member.unused_data:
        raise _not_one_member()
    return content


def inflate_pieces(stored: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """What `inflate` gives, in pieces of at most INFLATED_PIECE bytes, from a member that comes in pieces too.

    Holds one piece of each. Raises FormatError as `inflate` does, some of it after all pieces but the last.
    """
    member, left, begun = isal_zlib.decompressobj(GZIP), limit + _HEAD_ROOM, b""
    for piece in stored:
        if member.eof:
            raise _not_one_member()
        begun += piece[: 4 - len(begun)]
        _check_flags(begun)
        waiting = piece
        while not member.eof:
            if left == 0:
                raise RecordTooLarge(f"record inflates to more than {limit} bytes: refused")
            most = min(left, INFLATED_PIECE)
            content = _inflated(member, waiting, most)
            left -= len(content)
            if content:
                yield content
            if len(content) < most:
                break
            waiting = member.unconsumed_tail
        if member.unused_data:
            raise _not_one_member()
    if not member.eof:
        raise _not_one_member()


def _inflated(member: isal_zlib.Decompress, stored: bytes, most: int) -> bytes:
    try:
        return member.decompress(stored, most)
    except _DAMAGED as error:
        raise FormatError(f"gzip member is damaged: {error}") from error


def _check_flags(stored: bytes) -> None:
    if len(stored) > 3 and stored[3] & _RESERVED:
        raise FormatError("gzip member is damaged: unknown header flags set")


def _not_one_member() -> FormatError:
    return FormatError("the record does not fill exactly one gzip member")


def parse(content: bytes) -> Record:
    """Read one uncompressed record, from its version line to the two closing CRLF."""
    head = parse_head(content)
    block = content[head.size : head.size + head.length]
    if len(block) != head.length or content[head.size + head.length :] != END:
        raise head.wrong_length()
    head.check_block(digest(block))
    return replace(head.record, block=block)


def parse_head(content: bytes) -> Head:
    """Read the head that `content` begins with. Raises FormatError, also for one of more than HEAD_LIMIT bytes."""
    end = content.find(b"\r\n\r\n", 0, HEAD_LIMIT)
    lines = content[: max(end, 0)].split(b"\r\n")
    if end < 0 or lines[0] != VERSION:
        raise FormatError(f"not a WARC/1.1 record: begins with {content[:20]!r}")
    named = [_named_field(line) for line in lines[1:]]
    once = _once(named)
    missing = [name for name in MANDATORY if name not in once]
    if missing:
        raise FormatError(f"WARC record lacks the mandatory field {', '.join(missing)}")
    record_id, length = once["WARC-Record-ID"], once["Content-Length"]
    if not _LENGTH.fullmatch(length):  # int() would also take blanks, signs and underscores
        raise FormatError(f"record {record_id}: Content-Length {length[:20]!r} is no number")
    record = Record(
        type=once["WARC-Type"],
        id=record_id,
        date=once["WARC-Date"],
        content_type=once.get("Content-Type", ""),
        block=b"",
        target_uri=once.get("WARC-Target-URI"),
        fields=tuple(named),
    )
    return Head(record, int(length), end + 4)


def scan(path: Path) -> Iterator[tuple[int, int]]:
    """(offset, length) of each whole gzip member, in order; stops silently where a member is torn."""
    with path.open("rb") as stream:
        offset, buffered = 0, b""
        while True:
            member, length = zlib.decompressobj(GZIP), 0
            while not member.eof:
                if not buffered and not (buffered := stream.read(1 << 16)):
                    return
                try:
                    member.decompress(buffered)
                except zlib.error:
                    return
                length += len(buffered) - len(member.unused_data)
                buffered = member.unused_data
            yield offset, length
            offset += length


def _once(named: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The fields by name. A field that may stand once only and stands twice has two meanings: refused.

    Names mean the same in any case (ISO 28500 section 4), so a second spelling of one would give this reader one
    value and others another: those that are read here are spelled as the standard does, and no name in two ways.
    """
    once: dict[str, str] = {}
    spelled = {name.lower(): name for name in _READ}
    for name, value in named:
        if spelled.setdefault(name.lower(), name) != name or (name in once and name not in REPEATABLE):
            raise FormatError(f"WARC field {name} occurs more than once, or in another spelling")
        once.setdefault(name, value)
    return once


def _field_line(name: str, value: str) -> bytes:
    if "\r" in value or "\n" in value:
        raise FormatError(f"{name} must not hold a line break: {value[:80]!r}")
    return f"{name}: {value}\r\n".encode()


def _named_field(line: bytes) -> tuple[str, str]:
    name, colon, value = line.partition(b": ")
    if not colon or not _NAME.fullmatch(name):
        raise FormatError(f"WARC field without a colon, or no name before it: {line[:80]!r}")
    try:
        return name.decode("ascii"), value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"WARC field is not UTF-8: {line[:80]!r}") from error
