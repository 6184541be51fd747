"""Write a WACZ 1.1.1 around WARC records that are copied byte for byte, as they are stored in the archive.

One ``archive/NNNNN.warc.gz`` per WARC file of the archive, its own warcinfo record first. Each record is
checked against the log's leaf on the way: a bundle never carries bytes that the log does not know. Records
pass through one at a time; what grows with their number is only the index line of each. Everything is stored,
in the one form of crawler.evidence.checks.zip_form, and signed anonymously by the archive's own key
(crawler.evidence.wacz_auth).
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from isal import isal_zlib

from crawler import __version__, clock
from crawler.errors import ArchiveError, FormatError
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import (
    DATAPACKAGE,
    DATAPACKAGE_DIGEST,
    INDEX,
    INDEXED_TYPES,
    PAGES,
    WACZ_VERSION,
    cdx_time,
    member_of,
)
from crawler.evidence.checks import zip_form
from crawler.evidence.checks.records import check_record, check_stored
from crawler.evidence.checks.wacz_listing import OUR_SOFTWARE
from crawler.evidence.manifest import Capture, StoredRecord
from crawler.evidence.retention import StoredRecords
from crawler.evidence.wacz_auth import digest_file, open_key, sign
from crawler.evidence.warc import Record, beginning, decode
from crawler.export.pages import http_head, media_type, page_entry, pages_jsonl
from crawler.export.request_body import request_body
from crawler.export.selection import Selected
from crawler.export.surt import surt

_BEGINNING = 64 << 10  # bytes of a record: its heads, and as a rule its title


@dataclass(frozen=True, slots=True)
class PlacedRecord:
    """Where a record lies in the WACZ, and which leaf names it."""

    member: str
    offset: int
    record: StoredRecord
    selected: Selected


@dataclass(slots=True)
class _Contents:
    """What is known after the WARC files are written."""

    placed: list[PlacedRecord] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    pages: list[tuple[Capture | None, dict[str, str]]] = field(default_factory=list)

    def listed_pages(self) -> list[dict[str, str]]:
        """The pages, in the order of their records; a plain look is none where the same address was rendered."""
        rendered = {
            (capture.look.get("plain"), page["url"])
            for capture, page in self.pages
            if capture is not None and capture.look is not None
        }
        return [page for capture, page in self.pages if (_id(capture), page["url"]) not in rendered]


def write_wacz(
    to: Path,
    archive: Archive,
    leaves: Sequence[Selected],
    *,
    title: str,
    created: str,
    step: Callable[[int], None],
    passphrase: bytes | None = None,
) -> list[PlacedRecord]:
    """Write the package; returns where each record lies. `step` is told how many bytes were copied.

    `passphrase` opens keys/wacz.key where it is under one. Raises ArchiveError if it cannot be opened, or if a
    record in the archive is not what its leaf says.
    """
    package = _Package(to, created, open_key(archive.path, passphrase))
    contents = _Contents()
    with package:
        for file, records in _by_file(leaves).items():
            size = sum(record.locator.length for record, _ in records)
            with package.member(member_of(file), size) as stream, archive.records() as stored:
                _copy_records(archive, stored, member_of(file), records, stream, contents, step)
        package.write(INDEX, b"".join(sorted(contents.lines)))
        pages = contents.listed_pages()
        package.write(PAGES, pages_jsonl(pages, title))
        package.close(title, pages[:1])
    return contents.placed


def _by_file(leaves: Sequence[Selected]) -> dict[str, list[tuple[StoredRecord, Selected]]]:
    files: dict[str, list[tuple[StoredRecord, Selected]]] = {}
    for selected in leaves:
        for record in selected.leaf.records:
            files.setdefault(record.locator.file, []).append((record, selected))
    for records in files.values():
        records.sort(key=lambda item: item[0].locator.offset)
    return dict(sorted(files.items()))


class _Stream(Protocol):
    def write(self, content: bytes, /) -> object: ...


def _copy_records(
    archive: Archive,
    kept: StoredRecords,
    member: str,
    records: list[tuple[StoredRecord, Selected]],
    stream: _Stream,
    contents: _Contents,
    step: Callable[[int], None],
) -> None:
    offset = 0
    for stored, selected in records:
        content = kept.read(stored.locator)
        try:
            # What the log names by its digest is what was committed; only its beginning is needed here.
            check_stored(content, stored)
            record = beginning(content, _BEGINNING)
        except FormatError as error:
            raise ArchiveError(
                f"{stored.locator}: {error}; run `evidence verify`, nothing was exported"
            ) from error
        stream.write(content)
        contents.placed.append(PlacedRecord(member, offset, stored, selected))
        if record.type in INDEXED_TYPES and record.target_uri is not None:
            body = _request_body(archive, selected) if record.type == "response" else None
            contents.lines.append(_index_line(record, stored, member, offset, selected, body))
        page = page_entry(record, selected.leaf.capture)
        if page is not None and page["title"] == page["url"]:  # no title in the beginning: look at all of it
            page = page_entry(decode(content), selected.leaf.capture)
        if page is not None:
            contents.pages.append((selected.leaf.capture, page))
        offset += len(content)
        step(len(content))


def _id(capture: Capture | None) -> str | None:
    return None if capture is None else capture.id


def _request_body(archive: Archive, selected: Selected) -> str | None:
    """What viewers tell requests apart by that are no GET; None where there is none. Raises ArchiveError."""
    capture = selected.leaf.capture
    if capture is None or capture.method == "GET":
        return None
    stored = next((record for record in capture.records if record.type == "request"), None)
    if stored is None:
        return None
    try:
        return request_body(check_record(archive.stored(stored.locator), stored, selected.leaf))
    except FormatError as error:
        raise ArchiveError(
            f"{stored.locator}: {error}; run `evidence verify`, nothing was exported"
        ) from error


def _index_line(
    record: Record, stored: StoredRecord, member: str, offset: int, selected: Selected, body: str | None
) -> bytes:
    """One CDXJ line (CDXJ 0.1.0). `digest` is the payload's, `recordDigest` that of the stored bytes.

    `body` is what `request_body` makes of the request.
    """
    head = http_head(record)
    uri = record.target_uri or ""
    method = selected.leaf.capture.method if selected.leaf.capture is not None else "GET"
    entry: dict[str, Any] = {
        "url": uri,
        "mime": (media_type(head) if head is not None else record.content_type.split(";")[0]) or "unk",
        "status": head.status if head is not None else 200,
        "digest": stored.payload_digest or stored.block_digest,
        "length": stored.locator.length,
        "offset": offset,
        "filename": member.removeprefix("archive/"),
        "recordDigest": stored.sha256,
    }
    if method != "GET" and record.type == "response":
        entry["method"] = method
    if body:
        entry["requestBody"] = body
    return f"{surt(uri)} {cdx_time(record.date)} {json.dumps(entry)}\n".encode()


class _Package:
    """A zip file whose members are digested as they are written, and then listed in datapackage.json."""

    def __init__(self, path: Path, created: str, key: EllipticCurvePrivateKey) -> None:
        self._stream = path.open("xb")
        self._created = clock.parse(created).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._stamp = zip_form.zip_time(self._created)
        self._key = key
        self._entries: list[zip_form.Entry] = []
        self._resources: list[dict[str, Any]] = []

    def __enter__(self) -> "_Package":
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()

    @contextmanager
    def member(self, name: str, size: int) -> Iterator[_Stream]:
        """Write one member of known size; it is listed once it is whole. Raises ArchiveError for another size."""
        offset = self._stream.tell()
        self._stream.write(zip_form.local_header(zip_form.Entry(name, size, 0, offset), self._stamp))
        digesting = _Digesting(self._stream)
        yield digesting
        if digesting.size != size:
            raise ArchiveError(f"{name}: {digesting.size} bytes were written, {size} announced")
        entry = zip_form.Entry(name, size, digesting.crc, offset)
        end = self._stream.tell()
        self._stream.seek(offset)
        self._stream.write(zip_form.local_header(entry, self._stamp))  # now its CRC is known
        self._stream.seek(end)
        self._entries.append(entry)
        sha256 = f"sha256:{digesting.sha256.hexdigest()}"
        self._resources.append({"name": Path(name).name, "path": name, "hash": sha256, "bytes": size})

    def write(self, name: str, content: bytes) -> None:
        """Write a small member at once."""
        with self.member(name, len(content)) as stream:
            stream.write(content)

    def close(self, title: str, main_page: Sequence[dict[str, str]]) -> None:
        """Write the listing, its signed digest and the zip file's directory; nothing may be added afterwards."""
        software = f"{OUR_SOFTWARE}{__version__}"
        listing: dict[str, Any] = {
            "profile": "data-package",
            "wacz_version": WACZ_VERSION,
            "title": title,
            "created": self._created,
            "software": software,
            **{
                key: page[of]
                for page in main_page
                for key, of in (("mainPageUrl", "url"), ("mainPageDate", "ts"))
            },
            "resources": self._resources,
        }
        content = json.dumps(listing, ensure_ascii=False, indent=2).encode()
        sha256 = f"sha256:{hashlib.sha256(content).hexdigest()}"
        signed = sign(sha256, self._key, created=self._created, software=software)
        for name, text in ((DATAPACKAGE, content), (DATAPACKAGE_DIGEST, digest_file(signed))):
            self.write(name, text)
        start = self._stream.tell()
        for entry in self._entries:
            self._stream.write(zip_form.central_header(entry, self._stamp))
        length = self._stream.tell() - start
        self._stream.write(zip_form.end_records(len(self._entries), start, length))


class _Digesting:
    """Passes bytes on and digests them."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()
        self.crc = 0
        self.size = 0

    def write(self, content: bytes) -> None:
        self._stream.write(content)
        self.sha256.update(content)
        self.crc = isal_zlib.crc32(content, self.crc)  # ten times as fast as zlib's
        self.size += len(content)
