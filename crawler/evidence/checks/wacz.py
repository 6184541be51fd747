"""The WACZ of a bundle: zip members, datapackage, WARC records, index and pages; each against the log's leaves."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from crawler.errors import FormatError
from crawler.evidence.bundle import (
    DATAPACKAGE,
    DATAPACKAGE_DIGEST,
    INDEX,
    INDEXED_TYPES,
    PAGES,
    cdx_time,
    member_of,
)
from crawler.evidence.checks.json_text import parse_object
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.checks.streaming import check_bounded
from crawler.evidence.checks.wacz_listing import Listing, check_listed, check_resources, read_listing
from crawler.evidence.checks.wacz_signature import DIGEST_FILE_LIMIT, read_digest_file
from crawler.evidence.checks.zip_form import zip_time
from crawler.evidence.checks.zip_members import (
    STORED,
    ByteStream,
    Package,
    check_form,
    check_structure,
)
from crawler.evidence.manifest import StoredRecord
from crawler.evidence.report import Faults, KeyFacts
from crawler.evidence.wacz_auth import Anonymous, digest_file, read_signed, verify_anonymous
from crawler.evidence.warc import Record

RECORD_LIMIT = 256 << 20  # bytes of one inflated record in a stranger's bundle; stored bytes are held
_INFLATED_LIMIT = 96 << 20  # bytes; our exporter compresses nothing in the zip file
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)?")


@dataclass(frozen=True, slots=True)
class Placed:
    """A record as it lies in the WACZ, what its leaf says of it, and what it is (None: not what the leaf says)."""

    member: str
    offset: int
    record: StoredRecord
    found: Record | None


def check_package(package: Package, faults: Faults) -> KeyFacts | None:
    """Members and listing agree exactly, every digest and the signature are true; the form is our exporter's.

    Returns the key that signed, if its signature is good.
    """
    check_structure(package, faults)
    for member in package.members:
        if not _NAME.fullmatch(member.name):
            faults.add(f"{member.name!r}: a name that does not belong into a WACZ of a bundle")
        if member.method != STORED:
            faults.add(
                f"{member.name} is compressed in the zip file; our exporter stores everything as it is"
            )
    for name in (DATAPACKAGE_DIGEST, INDEX, PAGES):
        if name not in package.names():
            faults.add(f"{name} is missing in the WACZ")
    try:
        listing = read_listing(package)
    except FormatError as error:
        faults.add(str(error))
        return None
    check_listed(package, listing, faults)
    check_resources(package, listing, faults)
    return check_own_form(package, listing, faults)


def require_bounded(package: Package) -> None:
    """Raise FormatError for more compressed content than is read here; what is stored has the file's own size."""
    inflating = sum(member.size for member in package.members if member.method != STORED)
    if inflating > _INFLATED_LIMIT:
        raise FormatError(
            f"its compressed members inflate to {inflating} bytes: refused, records and index are not read"
        )


def check_own_form(package: Package, listing: Listing, faults: Faults) -> KeyFacts | None:
    """What only our own exporter must have done: one form of zip file and of listing, signed anonymously.

    `created` and `software` in `signedData` are not under the signature; here they must be those of the listing,
    which is.
    """
    for remark in listing.remarks:
        faults.add(f"{DATAPACKAGE}: {remark}")
    try:
        check_form(package, zip_time(listing.created), faults)
        order = [*(resource.path for resource in listing.resources), DATAPACKAGE, DATAPACKAGE_DIGEST]
        if [member.name for member in package.members] != order:
            faults.add(f"the members do not stand in the order of {DATAPACKAGE}")
        signed = read_signed(read_digest_file(package).get("signedData"))
        if not isinstance(signed, Anonymous) or signed.version is None:
            raise FormatError("the signature is not an anonymous one of wacz-auth 0.1.0")
        fingerprint = verify_anonymous(signed)
        if (signed.digest, signed.created, signed.software) != (
            listing.digest, listing.created, listing.software
        ):  # fmt: skip
            raise FormatError(f"hash, created or software under signedData are not those of {DATAPACKAGE}")
        _require_canonical(package)
    except ValueError:
        faults.add(f"{DATAPACKAGE}: created is no time: {listing.created[:40]!r}")
    except FormatError as error:
        faults.add(f"{DATAPACKAGE_DIGEST}: {error}")
    else:
        return KeyFacts("wacz", "anonymous", "", fingerprint)
    return None


def check_records(
    package: Package, leaves: Iterable[tuple[int, Leaf]], coverage: Faults, faults: Faults
) -> list[Placed]:
    """Every record of every leaf lies in the WACZ, in log order, with nothing between, before or after."""
    wanted: dict[str, list[tuple[StoredRecord, int, Leaf]]] = {}
    for index, leaf in leaves:
        for record in leaf.records:
            wanted.setdefault(member_of(record.locator.file), []).append((record, index, leaf))
    present = {name for name in package.names() if name.startswith("archive/")}
    for name in sorted(present - set(wanted)):
        coverage.add(f"{name}: no leaf of the bundle names a record in it")
    placed: list[Placed] = []
    for member, records in sorted(wanted.items()):
        records.sort(key=lambda item: item[0].locator.offset)
        try:
            stream = ByteStream(package.pieces(member, crc=False))
            placed += _walk_member(member, stream, records, faults)
            if stream.take(1):
                coverage.add(f"{member}: bytes after its last record, which no leaf names")
        except FormatError as error:
            coverage.add(f"{member} cannot be read: {error}")
    return placed


def check_index(package: Package, placed: list[Placed], faults: Faults) -> None:
    """The CDXJ index names each response and resource once, truly and in order; pages are captured pages."""
    expected = {(p.member, p.offset): p for p in placed if p.record.type in INDEXED_TYPES}
    previous = b""
    try:
        for number, line in enumerate(package.lines(INDEX), 1):
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


def _require_canonical(package: Package) -> None:
    """Nothing signs the digest file but its own content, so it may be written in one way only."""
    fields = read_digest_file(package)
    signed = fields["signedData"]
    if not isinstance(signed, dict) or digest_file(signed) != package.read(
        DATAPACKAGE_DIGEST, DIGEST_FILE_LIMIT
    ):
        raise FormatError("it is not written as our exporter writes it")


def _walk_member(
    member: str, stream: ByteStream, records: list[tuple[StoredRecord, int, Leaf]], faults: Faults
) -> Iterator[Placed]:
    offset = 0
    for expected, index, leaf in records:
        stored = stream.take(min(expected.locator.length, RECORD_LIMIT))
        found = None
        try:
            # Only what the index needs is kept: memory must not grow with the bundle.
            found = replace(check_bounded(stored, expected, leaf, limit=RECORD_LIMIT), fields=())
        except FormatError as error:
            faults.add(f"{member}:{offset}: record {expected.id} of leaf {index}, {leaf}: {error}")
        yield Placed(member, offset, expected, found)
        offset += len(stored)


def _check_index_line(
    line: bytes, number: int, expected: dict[tuple[str, int], Placed], faults: Faults
) -> None:
    head, _, rest = line.partition(b" {")
    entry = parse_object(b"{" + rest, f"{INDEX} line {number}")
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


def _check_pages(package: Package, placed: list[Placed], faults: Faults) -> None:
    found = [place.found for place in placed if place.found is not None]
    captured = {(record.target_uri, record.date) for record in found if record.type in INDEXED_TYPES}
    if len(found) < len(placed):
        return  # a page may be one of the records that are not what the log says
    for number, line in enumerate(package.lines(PAGES), 1):
        page = parse_object(line, f"{PAGES} line {number}")
        if number == 1:
            if page.get("format") != "json-pages-1.0":
                faults.add(f"{PAGES} does not begin with its format line")
        elif (page.get("url"), page.get("ts")) not in captured:
            faults.add(
                f"{PAGES} line {number}: {page.get('url')} at {page.get('ts')} is no page of this bundle"
            )
