"""Every record of anybody's WARC files: whole, in order, with nothing behind it, and its own digests true.

WARC 1.0 and 1.1 as their writers write them. A record without a digest is counted and not judged: its bytes are
covered by the digest of the file, if by anything.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.checks.warc_digest import WEAK, new_hasher, parse_label, payloads
from crawler.evidence.checks.warc_reader import Place, Reader
from crawler.evidence.checks.zip_members import Budget, Package
from crawler.evidence.report import Faults

MOST_RECORDS = 1_000_000  # remembered for the index; a hostile file may have more
_KEPT = 64 << 20  # bytes of a block that are held to find its payload
_PIECE = 1 << 20
_VERSIONS = (b"WARC/1.0", b"WARC/1.1")
_MANDATORY = ("warc-record-id", "warc-type", "warc-date", "content-length")
_REPEATABLE = ("warc-concurrent-to", "warc-protocol")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Found:
    """What an index may say of a record."""

    type: str
    uri: str
    date: str
    status: int | None
    payload: tuple[str, bytes] | None  # declared payload digest
    place: Place


@dataclass(slots=True)
class Records:
    """What one pass over the WARC files of a package found."""

    count: int = 0
    without_digest: int = 0
    unjudged: int = 0  # payload digests that could not be judged, and weak ones
    by_place: dict[tuple[str, int], Found] = field(default_factory=dict)
    payloads: set[tuple[str, bytes]] = field(default_factory=set)  # of whole records, verified
    revisits: list[tuple[str, tuple[str, bytes] | None]] = field(default_factory=list)
    remarks: dict[str, int] = field(default_factory=dict)
    broken: bool = False  # a file could not be read to its end

    def remark(self, text: str) -> None:
        """Note something that is not a fault."""
        self.remarks[text] = self.remarks.get(text, 0) + 1

    def unresolved(self) -> int:
        """How many revisits name a payload that no record of the package holds."""
        return sum(payload not in self.payloads for _, payload in self.revisits)


@dataclass(frozen=True, slots=True)
class _Head:
    fields: dict[str, str]  # names in lower case
    length: int

    def digest(self, name: str) -> tuple[str, bytes] | None:
        """A declared digest. Raises FormatError for one that cannot be read."""
        label = self.fields.get(name)
        return None if label is None else parse_label(label)


def check_warcs(
    package: Package, names: list[str], faults: Faults, step: Callable[[int], None] = lambda _: None
) -> Records:
    """Read every record of these members; `step` is told how many bytes of the zip file were read."""
    records, budget = Records(), Budget(package.size)
    for name in names:
        try:
            reader = Reader(package.pieces(name, budget, crc=False), budget)
            _check_file(name, reader, records, faults)
            if reader.shared:
                records.remark("records share a gzip member and cannot be addressed one by one")
            if reader.gzipped != name.endswith(".gz"):
                records.remark("a file's name does not tell whether it is gzipped")
        except FormatError as error:
            faults.add(f"{name}: {error}")
            records.broken = True
        step(package.member(name).stored)
    return records


def _check_file(name: str, reader: Reader, records: Records, faults: Faults) -> None:
    number = 0
    while reader.begin():
        number += 1
        try:
            head = _parse_head(reader.head())
            problem = _check_record(name, head, reader, records)
        except FormatError as error:  # where the next record begins is not known then
            raise FormatError(f"record {number}: {error}") from error
        records.count += 1
        if problem:
            faults.add(f"{name}: record {number}, {head.fields['warc-record-id']}: {problem}")
    if not number:
        faults.add(f"{name} holds no record")


def _check_record(name: str, head: _Head, reader: Reader, records: Records) -> str:
    """Read one record to its end; returns what is wrong with its digests, or ""."""
    problem, wanted, declared = "", None, None
    try:
        wanted, declared = head.digest("warc-block-digest"), head.digest("warc-payload-digest")
    except FormatError as error:
        problem = str(error)
    block, digest = _read_block(head, reader, wanted[0] if wanted else None)
    place = reader.finish()
    if wanted is None:
        records.without_digest += not problem
    elif wanted[1] != digest:
        problem = f"block does not match its WARC-Block-Digest {head.fields['warc-block-digest']}"
    elif wanted[0] in WEAK:
        records.unjudged += 1
    if declared is not None and not problem:
        problem = _check_payload(head, declared, block, records)
    if place is not None and len(records.by_place) < MOST_RECORDS:
        records.by_place[name, place.offset] = _found(head, block, declared, place)
    return problem


def _read_block(head: _Head, reader: Reader, algorithm: str | None) -> tuple[bytes | None, bytes]:
    """The block (None when it is too large to hold) and its digest."""
    hasher = new_hasher(algorithm or "sha256")
    kept = bytearray()
    left = head.length
    while left:
        piece = reader.take(min(left, _PIECE))
        hasher.update(piece)
        left -= len(piece)
        if head.length <= _KEPT:
            kept += piece
    return (bytes(kept) if head.length <= _KEPT else None), hasher.digest()


def _check_payload(head: _Head, declared: tuple[str, bytes], block: bytes | None, records: Records) -> str:
    kind = head.fields["warc-type"]
    if kind == "revisit":  # the digest is that of the earlier record (WARC 1.1, 6.7.2)
        records.revisits.append((head.fields.get("warc-target-uri", ""), declared))
        return ""
    if block is None or "warc-segment-number" in head.fields:
        records.unjudged += 1
        return ""
    for payload, remark in payloads(kind, head.fields.get("content-type", ""), block):
        hasher = new_hasher(declared[0])
        hasher.update(payload)
        if hasher.digest() == declared[1]:
            if remark:
                records.remark(remark)
            records.unjudged += declared[0] in WEAK
            records.payloads.add(declared)
            return ""
    return f"payload does not match its WARC-Payload-Digest {head.fields['warc-payload-digest']}"


def _found(head: _Head, block: bytes | None, declared: tuple[str, bytes] | None, place: Place) -> Found:
    fields = head.fields
    status = None
    if fields["warc-type"] == "response" and fields.get("content-type", "").startswith("application/http"):
        status = _status(block)
    uri = fields.get("warc-target-uri", "").removeprefix("<").removesuffix(">")
    return Found(fields["warc-type"], uri, fields["warc-date"], status, declared, place)


def _status(block: bytes | None) -> int | None:
    try:
        return http.parse_head(block[http.split_interim(block) :]).status if block is not None else None
    except FormatError:
        return None


def _parse_head(content: bytes) -> _Head:
    version, *lines = content.split(b"\r\n")
    if version not in _VERSIONS:
        raise FormatError(f"not a WARC 1.0 or 1.1 record: begins with {version[:40]!r}")
    fields: dict[str, str] = {}
    for line in _unfolded(lines):
        name, colon, value = line.partition(b":")
        if not colon:
            raise FormatError(f"WARC field without a colon: {line[:80]!r}")
        key = name.decode("latin-1").strip().lower()
        if key in fields and key not in _REPEATABLE:
            raise FormatError(f"WARC field {key[:60]} occurs more than once")
        fields[key] = value.decode("utf-8", "replace").strip()
    missing = [name for name in _MANDATORY if name not in fields]
    if missing:
        raise FormatError(f"WARC record lacks the mandatory field {', '.join(missing)}")
    if not _LENGTH.fullmatch(fields["content-length"]):
        raise FormatError(f"Content-Length {fields['content-length'][:20]!r} is no number")
    return _Head(fields, int(fields["content-length"]))


def _unfolded(lines: list[bytes]) -> list[bytes]:
    """WARC 1.0 lets a field go on in the next line when that begins with a blank."""
    joined: list[bytes] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and joined:
            joined[-1] += b" " + line.strip()
        else:
            joined.append(line)
    return joined
