"""The WACZ of a bundle: zip members, datapackage, WARC records, index and pages; each against the log's leaves."""

import hashlib
import json
import os
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from crawler.errors import FormatError
from crawler.evidence.bundle import (
    DATAPACKAGE,
    DATAPACKAGE_DIGEST,
    INDEX,
    INDEXED_TYPES,
    MANIFEST_LIMIT,
    PAGES,
    WACZ_VERSION,
    cdx_time,
    member_of,
)
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.checks.records import check_record
from crawler.evidence.manifest import StoredRecord
from crawler.evidence.report import Faults
from crawler.evidence.warc import Record

RECORD_LIMIT = 256 << 20  # bytes of one inflated record that a stranger's bundle may make us hold
_LINE_LIMIT = 1 << 20
_PIECE = 1 << 20
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, lengths of the name and the extra field
# What zipfile raises on a hostile container, besides its own BadZipFile.
_ZIP_ERRORS = (
    zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error, OverflowError
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Placed:
    """A record as it lies in the WACZ, what its leaf says of it, and what it is (None: not what the leaf says)."""

    member: str
    offset: int
    record: StoredRecord
    found: Record | None


@contextmanager
def open_wacz(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the container. Raises FormatError when it is not a zip file."""
    try:
        package = zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        raise FormatError(f"{path.name} is not a readable zip file: {error}") from error
    with package:
        yield package


def check_package(package: zipfile.ZipFile, faults: Faults) -> None:
    """Members and listing agree exactly; every listed digest and size is true; so is the listing's own digest."""
    members = _check_members(package, faults)
    try:
        content = read_member(package, DATAPACKAGE, MANIFEST_LIMIT)
        _check_own_digest(package, content, faults)
        resources = _resources(_json(content, DATAPACKAGE))
    except FormatError as error:
        faults.add(str(error))
        return
    listed = Counter(entry["path"] for entry in resources)
    for name in sorted(name for name, times in listed.items() if times > 1):
        faults.add(f"{name} is listed more than once in {DATAPACKAGE}")
    own = members - {DATAPACKAGE, DATAPACKAGE_DIGEST}
    for name in sorted(own - set(listed)):
        faults.add(f"{name} is in the WACZ but not listed in {DATAPACKAGE}")
    for name in sorted(set(listed) - own):
        faults.add(f"{name} is listed in {DATAPACKAGE} but not in the WACZ")
    for entry in resources:
        if entry["path"] in own:
            _check_resource(package, entry, faults)


def check_records(
    package: zipfile.ZipFile, leaves: Iterable[tuple[int, Leaf]], coverage: Faults, faults: Faults
) -> list[Placed]:
    """Every record of every leaf lies in the WACZ, in log order, with nothing between, before or after."""
    wanted: dict[str, list[tuple[StoredRecord, int, Leaf]]] = {}
    for index, leaf in leaves:
        for record in leaf.records:
            wanted.setdefault(member_of(record.locator.file), []).append((record, index, leaf))
    present = {name for name in package.namelist() if name.startswith("archive/")}
    for name in sorted(present - set(wanted)):
        coverage.add(f"{name}: no leaf of the bundle names a record in it")
    placed: list[Placed] = []
    for member, records in sorted(wanted.items()):
        records.sort(key=lambda item: item[0].locator.offset)
        try:
            with open_stored(package, member) as stream:
                placed += _walk_member(member, stream, records, faults)
                if stream.read(1):
                    coverage.add(f"{member}: bytes after its last record, which no leaf names")
        except FormatError as error:
            coverage.add(f"{member} cannot be read: {error}")
    return placed


def check_index(package: zipfile.ZipFile, placed: list[Placed], faults: Faults) -> None:
    """The CDXJ index names each response and resource once, truly and in order; pages are captured pages."""
    expected = {(p.member, p.offset): p for p in placed if p.record.type in INDEXED_TYPES}
    previous = b""
    try:
        for number, line in enumerate(_lines(package, INDEX), 1):
            if line < previous:
                faults.add(f"{INDEX} line {number} is out of order")
            previous = line
            _check_index_line(line, number, expected, faults)
        for place in expected.values():
            faults.add(
                f"{INDEX} does not name {place.record.type} {place.record.id} at {place.member}:{place.offset}"
            )
        _check_pages(package, placed, faults)
    except FormatError as error:
        faults.add(str(error))


@contextmanager
def open_stored(package: zipfile.ZipFile, name: str) -> Iterator["_Stored"]:
    """The bytes of a member that is not compressed, without zip's own CRC in the way. Raises FormatError.

    That CRC would refuse the whole member for one wrong bit; read like this, the record with that bit is named.
    """
    try:
        entry = package.getinfo(name)
        if entry.compress_type != zipfile.ZIP_STORED or package.filename is None:
            raise FormatError("it is compressed in the zip file, or encrypted")
        with Path(package.filename).open("rb") as stream:
            stream.seek(entry.header_offset)
            signature, name_length, extra_length = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
            if signature != b"PK\x03\x04":
                raise FormatError("the zip file has no member where its directory says")
            stream.seek(name_length + extra_length, 1)
            # A claimed size may be absurd; what is asked for is allocated before it is read.
            yield _Stored(stream, min(entry.file_size, os.fstat(stream.fileno()).st_size))
    except (KeyError, struct.error, *_ZIP_ERRORS) as error:
        raise FormatError(f"the zip file is damaged there: {error}") from error


class _Stored:
    """A part of a file, from where it stands."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, fewer only at the end of the part or of the file."""
        content = self._stream.read(min(size, self._left))
        self._left -= len(content)
        return content


def read_member(package: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """A member's content, inflated to at most `limit` bytes. Raises FormatError."""
    try:
        with package.open(name) as stream:
            content = stream.read(limit + 1)
    except (KeyError, *_ZIP_ERRORS) as error:
        raise FormatError(f"{name} cannot be read: {error}") from error
    if len(content) > limit:
        raise FormatError(f"{name} has more than {limit} bytes: refused")
    return content


def _check_members(package: zipfile.ZipFile, faults: Faults) -> set[str]:
    names: set[str] = set()
    for member in package.infolist():
        name = member.filename
        if name in names:
            faults.add(f"{name}: the name occurs twice in the zip file")
        names.add(name)
        parts = name.split("/")
        if ".." in parts or "" in parts or "\\" in name or not name.isascii() or len(parts) > 2:
            faults.add(f"{name!r}: a name that does not belong into a WACZ of a bundle")
        if parts[0] == "archive" and member.compress_type != zipfile.ZIP_STORED:
            faults.add(f"{name} is compressed in the zip file; WARC files are stored as they are")
    for name in (DATAPACKAGE, DATAPACKAGE_DIGEST, INDEX, PAGES):
        if name not in names:
            faults.add(f"{name} is missing in the WACZ")
    return names


def _check_own_digest(package: zipfile.ZipFile, content: bytes, faults: Faults) -> None:
    actual = f"sha256:{hashlib.sha256(content).hexdigest()}"
    try:
        own = _json(read_member(package, DATAPACKAGE_DIGEST, _LINE_LIMIT), DATAPACKAGE_DIGEST)
    except FormatError as error:
        faults.add(str(error))
        return
    if own != {"path": DATAPACKAGE, "hash": actual}:
        faults.add(f"{DATAPACKAGE_DIGEST} does not hold exactly path and hash of {DATAPACKAGE}, {actual}")


def _resources(package: Any) -> list[dict[str, Any]]:
    if not isinstance(package, dict) or package.get("profile") != "data-package":
        raise FormatError(f"{DATAPACKAGE} is not a data package")
    if package.get("wacz_version") != WACZ_VERSION:
        raise FormatError(
            f"{DATAPACKAGE}: wacz_version is {package.get('wacz_version')!r}, not {WACZ_VERSION}"
        )
    resources = package.get("resources")
    if not isinstance(resources, list):
        raise FormatError(f"{DATAPACKAGE} has no list of resources")
    kinds = {"name": str, "path": str, "hash": str, "bytes": int}
    for entry in resources:
        whole = isinstance(entry, dict) and set(entry) == set(kinds)
        if not whole or any(type(entry[key]) is not kind for key, kind in kinds.items()):
            raise FormatError(
                f"{DATAPACKAGE}: a resource has missing, unknown or ill-typed fields: {str(entry)[:120]}"
            )
    return resources


def _check_resource(package: zipfile.ZipFile, entry: dict[str, Any], faults: Faults) -> None:
    name, size, hasher = entry["path"], 0, hashlib.sha256()
    try:
        with package.open(name) as stream:
            while size <= entry["bytes"] and (piece := stream.read(_PIECE)):
                hasher.update(piece)
                size += len(piece)
    except (KeyError, *_ZIP_ERRORS) as error:
        faults.add(f"{name} cannot be read: {error}")
        return
    if (size, f"sha256:{hasher.hexdigest()}") != (entry["bytes"], entry["hash"]):
        faults.add(f"{name} is not what {DATAPACKAGE} says: {entry['bytes']} bytes, {entry['hash']}")


def _walk_member(
    member: str, stream: _Stored, records: list[tuple[StoredRecord, int, Leaf]], faults: Faults
) -> Iterator[Placed]:
    offset = 0
    for expected, index, leaf in records:
        stored = stream.read(expected.locator.length)
        found = None
        try:
            # Its block is not kept: memory must not grow with the bundle.
            found = replace(check_record(stored, expected, leaf, limit=RECORD_LIMIT), block=b"")
        except FormatError as error:
            faults.add(f"{member}:{offset}: record {expected.id} of leaf {index}, {leaf}: {error}")
        yield Placed(member, offset, expected, found)
        offset += len(stored)


def _check_index_line(
    line: bytes, number: int, expected: dict[tuple[str, int], Placed], faults: Faults
) -> None:
    head, _, rest = line.partition(b" {")
    entry = _json(b"{" + rest, f"{INDEX} line {number}")
    filename, offset = str(entry.get("filename")), entry.get("offset")
    place = expected.pop((f"archive/{filename}", offset), None) if type(offset) is int else None
    if place is None:
        faults.add(
            f"{INDEX} line {number} names {filename}:{offset}, where no such record is, or names it twice"
        )
        return
    record, found = place.record, place.found
    if found is None:
        return  # named by the check of records
    wanted = {
        "url": found.target_uri,
        "length": record.locator.length,
        "recordDigest": record.sha256,
        "digest": record.payload_digest or record.block_digest,
    }
    wrong = [name for name, value in wanted.items() if entry.get(name) != value]
    if wrong or head.split(b" ")[-1].decode("ascii", "replace") != cdx_time(found.date):
        faults.add(f"{INDEX} line {number}: {', '.join(wrong) or 'time'} of record {record.id} is not true")


def _check_pages(package: zipfile.ZipFile, placed: list[Placed], faults: Faults) -> None:
    found = [place.found for place in placed if place.found is not None]
    captured = {(record.target_uri, record.date) for record in found if record.type == "response"}
    if len(found) < len(placed):
        return  # a page may be one of the records that are not what the log says
    for number, line in enumerate(_lines(package, PAGES), 1):
        page = _json(line, f"{PAGES} line {number}")
        if number == 1:
            if page.get("format") != "json-pages-1.0":
                faults.add(f"{PAGES} does not begin with its format line")
        elif (page.get("url"), page.get("ts")) not in captured:
            faults.add(
                f"{PAGES} line {number}: {page.get('url')} at {page.get('ts')} is no page of this bundle"
            )


def _lines(package: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    try:
        with package.open(name) as stream:
            while line := stream.readline(_LINE_LIMIT):
                if not line.endswith(b"\n"):
                    raise FormatError(f"{name}: a line is not whole, or is longer than {_LINE_LIMIT} bytes")
                yield line[:-1]
    except (KeyError, *_ZIP_ERRORS) as error:
        raise FormatError(f"{name} cannot be read: {error}") from error


def _json(content: bytes, name: str) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{name} is not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise FormatError(f"{name} is not a JSON object")
    return parsed
