"""WACZ files for tests: a small one of our exporter, and packages made from changed members."""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from crawler.evidence.archive import Archive
from crawler.evidence.bundle import DATAPACKAGE, DATAPACKAGE_DIGEST
from crawler.evidence.checks import zip_form
from crawler.evidence.checks.leaves import read_leaf
from crawler.evidence.wacz_auth import digest_file, sign
from crawler.export.selection import Selected
from crawler.export.wacz import write_wacz
from tests.archives import config, page

CREATED = "2026-11-22T08:00:00Z"


def make_wacz(folder: Path, *, passphrase: bytes | None = None) -> Path:
    """A WACZ of two captured pages, written by the exporter; the archive is beside it in `folder`."""
    with Archive.create(folder / "archive", config(), passphrase=passphrase) as archive:
        archive.commit([page(b"<title>x</title>good"), page(b"bad", url="http://shop.invalid/2")])
        return export(archive, folder / "x.wacz", passphrase)


def export(archive: Archive, to: Path, passphrase: bytes | None = None) -> Path:
    """Write every record of the archive into a WACZ."""
    leaves = [
        Selected(entry.index, read_leaf(entry.leaf), archive.log.size, None, None)
        for entry in archive.entries()
    ]
    write_wacz(
        to, archive, leaves, title="案", created=CREATED, step=lambda _count: None, passphrase=passphrase
    )
    return to


def members_of(path: Path) -> dict[str, bytes]:
    """Every member by name, in order."""
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def relist(members: Mapping[str, bytes], key: EllipticCurvePrivateKey | None = None) -> dict[str, bytes]:
    """What a forger does next: a listing that fits the members, its digest, and a signature by another key."""
    kept = {name: members[name] for name in members if name not in (DATAPACKAGE, DATAPACKAGE_DIGEST)}
    listing = json.loads(members[DATAPACKAGE])
    listing["resources"] = [
        {"name": Path(name).name, "path": name, "hash": sha256(content), "bytes": len(content)}
        for name, content in kept.items()
    ]
    content = json.dumps(listing, ensure_ascii=False, indent=2).encode()
    digest = {"path": DATAPACKAGE, "hash": sha256(content)}
    own = json.dumps(digest, indent=2).encode()
    if key is not None:
        own = digest_file(
            sign(sha256(content), key, created=listing["created"], software=listing["software"])
        )
    return {**kept, DATAPACKAGE: content, DATAPACKAGE_DIGEST: own}


def sha256(content: bytes) -> str:
    """The digest as a listing has it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def zipped(members: Mapping[str, bytes], created: str = CREATED) -> bytes:
    """A zip file in the form of our exporter."""
    stamp, out, lines = zip_form.zip_time(created), bytearray(), []
    for name, content in members.items():
        entry = zip_form.Entry(name, len(content), zlib.crc32(content), len(out))
        out += zip_form.local_header(entry, stamp) + content
        lines.append(zip_form.central_header(entry, stamp))
    directory = b"".join(lines)
    return bytes(out) + directory + zip_form.end_records(len(lines), len(out), len(directory))


class Unseekable(io.RawIOBase):
    """Where a writer cannot go back, so that sizes follow the content in data descriptors."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, piece: object) -> int:
        """Keep it."""
        self.content += piece  # type: ignore[operator]
        return len(piece)  # type: ignore[arg-type]


def streamed(members: Mapping[str, bytes]) -> bytes:
    """A zip file as others stream it: deflated, with data descriptors."""
    sink = Unseekable()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return bytes(sink.content)
