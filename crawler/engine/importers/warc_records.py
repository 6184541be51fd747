"""The records of anybody's WARC file, one after the other, in bounded memory.

Versions 0.17 to 1.1, plain, one gzip member for each record or one for the whole file. A record whose own digest is
wrong is still handed out, with that said; a file whose records cannot be told apart raises FormatError.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from crawler.engine.importers.found import claim
from crawler.errors import FormatError
from crawler.evidence.checks.warc_digest import new_hasher, parse_label, payloads
from crawler.evidence.checks.warc_reader import Place, Reader
from crawler.evidence.checks.zip_members import Budget

_VERSIONS = (b"WARC/1.1", b"WARC/1.0", b"WARC/0.18", b"WARC/0.17")
_MANDATORY = ("warc-record-id", "warc-type", "warc-date", "content-length")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,18}")
_CLOSING = b"\r\n\r\n"
_PIECE = 1 << 20
_FIELDS_LIMIT = 200  # fields of one head


@dataclass(frozen=True, slots=True, eq=False)  # told apart by identity: blocks are large
class ForeignRecord:
    """One record. `block` is None where it was not asked for, and cut after the limit where it is larger.

    `problem` says which of its digests is wrong, `unjudged` which could not be judged.
    """

    number: int  # in its file, from 1
    fields: tuple[tuple[str, str], ...]
    named: dict[str, str]  # the first value of each field, by its name in lower case
    length: int
    block: bytes | None = None
    cut: bool = False
    problem: str | None = None
    unjudged: str | None = None

    def value(self, name: str) -> str | None:
        """The first value of a field; names compare without case."""
        return self.named.get(name.lower())

    def values(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for field, value in self.fields if field.lower() == name.lower()]

    @property
    def type(self) -> str:
        """Its WARC-Type in lower case."""
        return (self.value("WARC-Type") or "").lower()

    @property
    def id(self) -> str:
        """Its WARC-Record-ID."""
        return self.value("WARC-Record-ID") or ""

    @property
    def uri(self) -> str:
        """Its target, without the angle brackets that WARC 1.0 was read to ask for."""
        return (self.value("WARC-Target-URI") or "").removeprefix("<").removesuffix(">")

    @property
    def content_type(self) -> str:
        """The media type of its block."""
        return self.value("Content-Type") or ""


class _TolerantReader(Reader):
    """Some writers close a record with more line ends than two, or count those as its block: passed over."""

    def finish(self) -> Place | None:
        """Read what closes the record. Raises FormatError where anything but line ends stands there."""
        while len(self._buffer) < len(_CLOSING) and self._fill():
            pass
        at_end = self.gzipped and not self._buffer  # where a gzip member ends, its record does
        if not at_end and not self._buffer.startswith(_CLOSING):
            raise FormatError("two CRLF expected after the block: its length is wrong, or the file is cut")
        while self._buffer or self._fill():
            self._drop(len(self._buffer) - len(self._buffer.lstrip(b"\r\n")))
            if self._buffer:
                break
        return None


def records(pieces: Iterator[bytes], budget: Budget, *, limit: int, bodies: bool) -> Iterator[ForeignRecord]:
    """Every record of a file that comes in pieces; blocks are held up to `limit` bytes.

    Raises FormatError: a record without end, a damaged gzip member, more inflated bytes than the budget.
    """
    first = next(pieces, b"")
    if first[:2] != b"\x1f\x8b" and not first.startswith(b"WARC/"):
        raise FormatError(f"no WARC file: it begins with {first[:20]!r}")
    reader, number = _TolerantReader(chain((first,), pieces), budget), 0
    while reader.begin():
        number += 1
        try:
            yield _record(reader, _head(number, reader.head()), limit, bodies=bodies)
            reader.finish()
        except FormatError as error:
            raise FormatError(f"record {number}: {error}") from error
    if not number:
        raise FormatError("the file holds no record")


def _record(reader: Reader, head: ForeignRecord, limit: int, *, bodies: bool) -> ForeignRecord:
    """The record with its block, if it is wanted, and with what is to be said of its digests."""
    bodies = bodies or head.type == "warcinfo"  # small, and it names the software
    wanted, unjudged = _label(head.value("WARC-Block-Digest")) if bodies else (None, None)
    hasher, kept, left = new_hasher(wanted[0] if wanted else "sha256"), bytearray(), head.length
    while left:
        piece = reader.take(min(left, _PIECE))
        left -= len(piece)
        if wanted:
            hasher.update(piece)
        if bodies:
            kept += piece[: limit - len(kept)]
    record = replace(head, cut=head.length > limit, unjudged=unjudged)
    if not bodies:
        return record
    if wanted is not None and hasher.digest() != wanted[1]:
        return replace(record, block=bytes(kept), problem=_mismatch("block", head.value("WARC-Block-Digest")))
    whole = replace(record, block=bytes(kept))
    return whole if record.cut else _payload_judged(whole)


def _payload_judged(record: ForeignRecord) -> ForeignRecord:
    """The record with what is to be said of its payload digest. A revisit's is that of another record."""
    label = record.value("WARC-Payload-Digest")
    if label is None or record.block is None:
        return record
    if record.type == "revisit" or record.value("WARC-Segment-Number"):
        return record
    wanted, unjudged = _label(label)
    if wanted is None:
        return replace(record, unjudged=record.unjudged or unjudged)
    found = (payload for payload, _ in payloads(record.type, record.content_type, record.block))
    if any(_digest(wanted[0], payload) == wanted[1] for payload in found):
        return record
    return replace(record, problem=_mismatch("payload", label))


def _mismatch(what: str, label: str | None) -> str:
    return f"its {what} does not match its WARC-{what.title()}-Digest {claim(label, 150)}"


def _label(label: str | None) -> tuple[tuple[str, bytes] | None, str | None]:
    """Algorithm and digest; else why it cannot be judged."""
    if label is None:
        return None, None
    try:
        return parse_label(label), None
    except FormatError as error:
        return None, str(error)[:200]


def _digest(algorithm: str, content: bytes) -> bytes:
    hasher = new_hasher(algorithm)
    hasher.update(content)
    return hasher.digest()


def _head(number: int, content: bytes) -> ForeignRecord:
    version, *lines = content.split(b"\r\n")
    if version not in _VERSIONS:
        raise FormatError(f"not a WARC record: begins with {version[:40]!r}")
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and fields:  # WARC 1.0 lets a field go on in the next line
            name, value = fields[-1]
            fields[-1] = name, f"{value} {line.decode('utf-8', 'replace').strip()}"
            continue
        raw, colon, text = line.partition(b":")
        if not colon:
            raise FormatError(f"WARC field without a colon: {line[:80]!r}")
        fields.append((raw.decode("latin-1").strip(), text.decode("utf-8", "replace").strip()))
    if len(fields) > _FIELDS_LIMIT:
        raise FormatError(f"its head has {len(fields)} fields: refused")
    names = [name.lower() for name, _ in fields]
    _require_one_meaning(names)
    named = dict(zip(reversed(names), (value for _, value in reversed(fields)), strict=True))
    if not _LENGTH.fullmatch(named["content-length"]):
        raise FormatError(f"Content-Length {named['content-length'][:20]!r} is no number")
    return ForeignRecord(number, tuple(fields), named, int(named["content-length"]))


def _require_one_meaning(names: list[str]) -> None:
    missing = [name for name in _MANDATORY if name not in names]
    if missing:
        raise FormatError(f"WARC record lacks the mandatory field {', '.join(missing)}")
    twice = [name for name in _MANDATORY if names.count(name) > 1]
    if twice:
        raise FormatError(f"WARC field {', '.join(twice)} occurs more than once")
