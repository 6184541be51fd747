"""The index and the page list of anybody's WACZ: each line points at a record, and says the truth about it.

CDXJ 0.1.0 as its writers write it: offsets as numbers or as text, digests with and without a label, plain or in
gzip members that an .idx file names (ZipNum). Order and completeness are for the speed of a reader: what is
missing there is a remark.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crawler.errors import FormatError
from crawler.evidence.bundle import INDEXED_TYPES
from crawler.evidence.checks.json_text import parse_object
from crawler.evidence.checks.warc_digest import parse_label
from crawler.evidence.checks.warc_file import MOST_RECORDS, Found, Records
from crawler.evidence.checks.zip_members import Budget, ByteStream, Package, whole_lines
from crawler.evidence.report import Faults

_GZIP = 31
_PIECE = 256 << 10
_LINE_LIMIT = 1 << 20
_FREE_LINES, _LINES_EACH = 1000, 4  # lines that an index may have, and per record of the package besides
_BLOCK_LIMIT = 64 << 20  # bytes of one gzip member of a compressed index; usually some hundred lines
_CLOSING = 4  # the two CRLF behind a block, which js-wacz does not count


@dataclass(slots=True)
class Lookup:
    """What was read: lines of indexes, pages, and what is odd but no fault."""

    lines: int = 0
    pages: int = 0
    named: set[tuple[str, int]] = field(default_factory=set)
    remarks: dict[str, int] = field(default_factory=dict)

    def remark(self, text: str) -> None:
        """Note something that is not a fault."""
        self.remarks[text] = self.remarks.get(text, 0) + 1


def index_names(names: list[str]) -> list[str]:
    """The CDXJ files among the members."""
    ends = (".cdx", ".cdxj", ".cdx.gz", ".cdxj.gz")
    return [name for name in names if name.startswith("indexes/") and name.endswith(ends)]


def page_names(names: list[str]) -> list[str]:
    """The page lists among the members."""
    return [name for name in names if name.startswith("pages/") and name.endswith(".jsonl")]


def check_indexes(package: Package, records: Records, faults: Faults) -> Lookup:
    """Every line of every index against the records of the package."""
    lookup, budget = Lookup(), Budget(package.size)
    names = package.names()
    for name in index_names(names):
        try:
            _check_index(package, name, records, lookup, faults, budget)
        except FormatError as error:
            faults.add(f"{name}: {error}")
    for name in (name for name in names if name.startswith("indexes/") and name.endswith(".idx")):
        try:
            _check_blocks(package, name)
        except FormatError as error:
            faults.add(f"{name}: {error}")
    if not index_names(names):
        faults.add("indexes/ has no CDXJ file")
    left = sum(
        found.type in INDEXED_TYPES for key, found in records.by_place.items() if key not in lookup.named
    )
    if left:
        lookup.remarks[f"{left} response(s) or resource(s) that no index names"] = 1
    return lookup


def check_pages(package: Package, records: Records, faults: Faults) -> Lookup:
    """Every page has an address and a time; which of them have no record is a remark."""
    lookup, budget = Lookup(), Budget(package.size)
    recorded = {found.uri for found in records.by_place.values()}
    most = _FREE_LINES + _LINES_EACH * records.count
    for name in page_names(package.names()):
        try:
            for number, line in enumerate(_last_may_lack_newline(package.pieces(name, budget), name), 1):
                if number > most:
                    raise FormatError(
                        f"more lines than {records.count} record(s) explain: what follows is not read"
                    )
                if line.strip():
                    _check_page(parse_object(line, f"line {number}"), number, recorded, lookup)
        except FormatError as error:
            faults.add(f"{name}: {error}")
    return lookup


def _check_index(
    package: Package, name: str, records: Records, lookup: Lookup, faults: Faults, budget: Budget
) -> None:
    pieces = package.pieces(name, budget)
    previous = b""
    for number, line in enumerate(
        _last_may_lack_newline(_gunzipped(pieces, budget) if name.endswith(".gz") else pieces, name), 1
    ):
        if number > _FREE_LINES + _LINES_EACH * records.count:
            raise FormatError(f"more lines than {records.count} record(s) explain: what follows is not read")
        if not line.strip() or line.startswith(b"!meta"):
            continue
        lookup.lines += 1
        if line < previous:
            lookup.remark(f"{name} is not sorted")
        previous = line
        try:
            _check_line(line, records, lookup)
        except FormatError as error:
            faults.add(f"{name} line {number}: {error}")


def _check_line(line: bytes, records: Records, lookup: Lookup) -> None:
    head, _, rest = line.partition(b" {")
    parts = head.split(b" ")
    entry = parse_object(b"{" + rest, "the entry")
    time = parts[-1].decode("latin-1")
    if len(parts) != 2 or not time.isdecimal() or len(time) not in (14, 17):
        raise FormatError(f"not key, time and JSON: {line[:80]!r}")
    key = (f"archive/{entry.get('filename')}", _number(entry, "offset"))
    found = records.by_place.get(key)
    if found is None:
        if len(records.by_place) >= MOST_RECORDS:
            lookup.remark("lines about records beyond the first million")
            return
        raise FormatError(f"no record begins at {key[0][:200]}:{key[1]}")
    lookup.named.add(key)
    wrong = list(_untrue(entry, time, found, lookup))
    if wrong:
        raise FormatError(f"{', '.join(wrong)} of the record at {key[0][:200]}:{key[1]} is not true")


def _untrue(entry: dict[str, Any], time: str, found: Found, lookup: Lookup) -> Iterator[str]:
    if entry.get("url") != found.uri:
        yield "url"
    digits = "".join(character for character in found.date if character.isdecimal()).ljust(17, "0")
    if not digits.startswith(time):
        yield "time"
    length, place = _number(entry, "length"), found.place
    bare = place.bare is not None and length == place.length - _CLOSING
    if bare:
        lookup.remark("lengths without the two closing CRLF of the record")
    if length != place.length and not bare:
        yield "length"
    digest = entry.get("recordDigest")
    if digest is not None and parse_label(str(digest)) != ("sha256", place.bare if bare else place.sha256):
        yield "recordDigest"
    if (
        found.payload is not None
        and entry.get("digest")
        and parse_label(str(entry["digest"])) != found.payload
    ):
        yield "digest"
    if found.status is not None and str(entry.get("status", found.status)) not in (str(found.status), "-"):
        yield "status"


def _number(entry: dict[str, Any], name: str) -> int:
    """A number, or the same in text as cdxj-indexer writes it. Raises FormatError."""
    value = entry.get(name)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    if type(value) is not int or value < 0:
        raise FormatError(f"{name} is no number: {str(value)[:40]!r}")
    return value


def _check_blocks(package: Package, name: str) -> None:
    """An .idx names the gzip members of its .cdx.gz, one after the other, each with its first line's key."""
    target, position = "", 0
    content = ByteStream(iter(()))
    for line in _last_may_lack_newline(package.pieces(name), name):
        head, _, rest = line.partition(b" {")
        entry = parse_object(b"{" + rest, "a line")
        if head.startswith(b"!meta"):
            target = f"indexes/{entry.get('filename')}"
            content = ByteStream(package.pieces(target))
            continue
        offset, length = _number(entry, "offset"), _number(entry, "length")
        if length > _BLOCK_LIMIT:
            raise FormatError(f"a block of {length} bytes: refused")
        block = content.take(length)
        if offset != position or len(block) != length:
            raise FormatError(f"block {offset}+{length} of {target[:100]} does not follow the one before it")
        digest = entry.get("digest")
        if digest is not None and parse_label(str(digest))[1] != hashlib.sha256(block).digest():
            raise FormatError(f"block {offset}+{length} of {target[:100]} does not have its digest")
        if not _first_bytes(block).startswith(head + b" "):
            raise FormatError(f"block {offset}+{length} of {target[:100]} does not begin with {head[:80]!r}")
        position += length
    if content.take(1):
        raise FormatError(f"{target[:100]} goes on behind its last block")


def _first_bytes(block: bytes) -> bytes:
    try:
        return zlib.decompressobj(_GZIP).decompress(block, _LINE_LIMIT)
    except zlib.error as error:
        raise FormatError(f"a block is not gzip: {error}") from error


def _gunzipped(pieces: Iterator[bytes], budget: Budget) -> Iterator[bytes]:
    """The content of one or more gzip members. Raises FormatError, also for a cut one."""
    inflate = zlib.decompressobj(_GZIP)
    begun = False
    try:
        for piece in pieces:
            while piece:
                begun = True
                content = inflate.decompress(piece, _PIECE)
                budget.spend(len(content))
                yield content
                piece = inflate.unconsumed_tail
                if inflate.eof:
                    piece, inflate, begun = inflate.unused_data, zlib.decompressobj(_GZIP), False
        while begun and (content := inflate.decompress(b"", _PIECE)):
            budget.spend(len(content))
            yield content
    except zlib.error as error:
        raise FormatError(f"gzip member is damaged: {error}") from error
    if begun and not inflate.eof:
        raise FormatError("the file ends inside a gzip member")


def _last_may_lack_newline(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Lines; some writers leave out the last newline."""

    def ended() -> Iterator[bytes]:
        last = b"\n"
        for piece in pieces:
            yield piece
            last = piece or last
        if not last.endswith(b"\n"):
            yield b"\n"

    return whole_lines(ended(), name, _LINE_LIMIT)


def _check_page(page: dict[str, Any], number: int, recorded: set[str], lookup: Lookup) -> None:
    if number == 1 and "format" in page:
        return
    if number == 1:
        lookup.remark("no format line")
    url, time = page.get("url"), page.get("ts")
    if not isinstance(url, str) or not isinstance(time, str):
        raise FormatError(f"line {number} has no url or no ts: {json.dumps(page, ensure_ascii=False)[:80]}")
    try:
        datetime.fromisoformat(time)
    except ValueError as error:
        raise FormatError(f"line {number}: ts {time[:40]!r} is no RFC 3339 time") from error
    lookup.pages += 1
    if url not in recorded:
        lookup.remark("pages without a record")
