"""Import files into an archive in this process, and read back what became of them; small WARC files by hand."""

import base64
import gzip
import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

from crawler.engine.importers.intake import import_files
from crawler.engine.importers.report import FileReport, Statement
from crawler.evidence import warc
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture, parse_leaf
from crawler.evidence.warc import Record
from crawler.store.session import Session

HTML = b"<!doctype html><title>t</title><p>very good"


def take(archive: Path, *paths: Path, **said: Any) -> list[FileReport]:
    """Import these files as `evidence import` does, without the seal."""
    with Session.open(archive) as session:
        return list(import_files(session, paths, Statement(**said)))


def captures(archive: Path) -> list[Capture]:
    """Every capture, in log order."""
    with Archive.open(archive) as opened:
        leaves = [entry.leaf for entry in opened.entries()]
    return [Capture.from_leaf(leaf) for leaf in leaves if parse_leaf(leaf)["kind"] == "capture"]


def only(archive: Path, url: str) -> Capture:
    """The one capture of an address."""
    (capture,) = [capture for capture in captures(archive) if capture.url == url]
    return capture


def events(archive: Path, act: str) -> list[dict[str, Any]]:
    """The details of all events of one kind."""
    with Archive.open(archive) as opened:
        contents = [parse_leaf(entry.leaf) for entry in opened.entries()]
    return [content["details"] for content in contents if content.get("act") == act]


def record(archive: Path, capture: Capture, kind: str) -> Record:
    """The one record of a kind in a capture."""
    (stored,) = [stored for stored in capture.records if stored.type == kind]
    with Archive.open(archive) as opened:
        return warc.decode(opened.stored(stored.locator))


def facts(archive: Path, capture: Capture) -> dict[str, Any]:
    """What the metadata record of a capture says."""
    return dict(json.loads(record(archive, capture, "metadata").block))


def body(archive: Path, capture: Capture) -> bytes:
    """The stored body of a response."""
    return record(archive, capture, "response").block.partition(b"\r\n\r\n")[2]


def answer(content: bytes = HTML, *fields: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """An HTTP answer with that body."""
    head = [f"HTTP/1.1 {status}", "Content-Type: text/html", *fields]
    head.append(f"Content-Length: {len(content) if length is None else length}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


def asked(path: str = "/", *fields: str, method: str = "GET") -> bytes:
    """An HTTP request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: shop.invalid", *fields]).encode() + b"\r\n\r\n"


def made(
    kind: str,
    block: bytes,
    *fields: str,
    url: str | None = "http://shop.invalid/1",
    version: str = "WARC/1.0",
    digests: bool = True,
    record_id: str | None = None,
) -> bytes:
    """One WARC record as other tools write them: SHA-1 in Base32."""
    lines = [
        version,
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: {record_id or f'<urn:uuid:{uuid.uuid4()}>'}",
        "WARC-Date: 2024-08-05T10:11:12Z",
        f"Content-Length: {len(block)}",
    ]
    if url is not None:
        lines.append(f"WARC-Target-URI: {url}")
    if kind in ("response", "request", "revisit"):
        lines.append(
            f"Content-Type: application/http; msgtype={'request' if kind == 'request' else 'response'}"
        )
    if digests:
        lines.append(f"WARC-Block-Digest: {sha1(block)}")
    return "\r\n".join([*lines, *fields]).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def sha1(content: bytes) -> str:
    """The label that most WARC files carry."""
    return f"sha1:{base64.b32encode(hashlib.sha1(content).digest()).decode()}"  # noqa: S324 - what others write


def written(path: Path, *records: bytes) -> Path:
    """A file of these records: each its own gzip member if the name says so."""
    compressed = path.suffix == ".gz"
    path.write_bytes(b"".join(gzip.compress(one) if compressed else one for one in records))
    return path
