"""Bundles made to crash, to hang or to exhaust a verifier. Judged in a process of their own, see `limited`."""

import hashlib
import json
import os
import zlib
from functools import partial
from pathlib import Path

from crawler.evidence.bundle import DATAPACKAGE, HASH_LIST, INDEX, MANIFEST, SIGNATURE, TAG_MANIFEST, WACZ
from crawler.evidence.checks import zip_form
from crawler.evidence.digest import digest
from crawler.evidence.manifest import canonical
from tests.mutations.bundle_wacz import WARC, zip_pairs
from tests.mutations.forger import Damage, add, edit, fit, now, rewrite_wacz, together, tools
from tests.mutations.model import Mutation
from tests.wacz_files import members_of

_m = partial(Mutation, subject="bundle", forger="the tools")
GB = 1 << 30
STAMP = zip_form.zip_time("2026-11-22T08:00:00Z")


def deflated(piece: bytes, times: int) -> bytes:
    """A raw deflate stream of this piece so many times: a bomb that is quickly made."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    once = deflate.compress(piece) + deflate.flush(zlib.Z_FULL_FLUSH)
    return once * times + b"\x03\x00"


def bomb(name: str, piece: bytes, times: int, claimed: int | None = None) -> Damage:
    """A member of the WACZ deflated from so many pieces; the size that the zip file claims may be another."""

    def damage(bundle: Path) -> None:
        explode(bundle / WACZ, name, piece, times, claimed)
        fit(bundle)

    return damage


def explode(path: Path, name: str, piece: bytes, times: int, claimed: int | None = None) -> None:
    """As `bomb`, for a WACZ by itself."""
    size = min(len(piece) * times if claimed is None else claimed, zip_form.BIG - 1)
    members, out, lines = members_of(path), bytearray(), []
    for member, content in members.items():
        entry = zip_form.Entry(member, len(content), zlib.crc32(content), len(out))
        local, line = zip_form.local_header(entry, STAMP), zip_form.central_header(entry, STAMP)
        if member == name:
            content = deflated(piece, times)
            sizes = len(content).to_bytes(4, "little") + size.to_bytes(4, "little")
            local = local[:8] + b"\x08\x00" + local[10:18] + sizes + local[26:]
            line = line[:10] + b"\x08\x00" + line[12:20] + sizes + line[28:]
        out += local + content
        lines.append(line)
    directory = b"".join(lines)
    path.write_bytes(bytes(out) + directory + zip_form.end_records(len(lines), len(out), len(directory)))


def claims(name: str, size: int) -> Damage:
    """A stored member that claims to have so many bytes."""

    def damage(bundle: Path) -> None:
        content = (bundle / WACZ).read_bytes()
        for head, place in ((b"PK\x03\x04", 18), (b"PK\x01\x02", 20)):
            at = content.index(head)
            while name.encode() not in content[at : at + 90]:
                at = content.index(head, at + 1)
            sizes = size.to_bytes(4, "little") * 2
            content = content[: at + place] + sizes + content[at + place + 8 :]
        (bundle / WACZ).write_bytes(content)
        fit(bundle)

    return damage


def _long_record(bundle: Path) -> None:
    """A leaf whose record is 4 GB long, in a member that inflates to that."""
    path = bundle / now("data/log/leaves/3.json")
    fields = json.loads(path.read_bytes())
    fields["records"][0]["locator"]["length"] = 4 * GB
    path.write_bytes(canonical(fields))
    bomb(WARC, bytes(1 << 20), 4000)(bundle)


def _gzip_bomb(bundle: Path) -> None:
    """A record of 2 GB in a gzip member of 2 MB, and a leaf that has its digests."""
    content = gzip_bomb()
    path = bundle / now("data/log/leaves/1.json")
    fields = json.loads(path.read_bytes())
    record = fields["details"]["record"]
    record["locator"]["length"] = len(content)
    record |= {"sha256": digest(content), "sm3": digest(content, "sm3")}
    path.write_bytes(canonical(fields))
    rewrite_wacz(bundle / WACZ, lambda members: members.update({WARC: content + members[WARC]}))
    fit(bundle)


def gzip_bomb() -> bytes:
    """A WARC record of 2 GB in one gzip member."""
    head = b"WARC/1.1\r\nWARC-Type: warcinfo\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000000>\r\n"
    head += b"WARC-Date: 2026-11-22T08:00:00Z\r\nContent-Length: %d\r\n\r\n" % (2000 << 20)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    begin = deflate.compress(head) + deflate.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + begin + deflated(bytes(1 << 20), 2000) + bytes(8)


def _index_line(path: Path) -> bytes:
    return members_of(path)[INDEX].splitlines(True)[-1]


def _index_bomb(bundle: Path) -> None:
    """One line of the index ten million times, deflated."""
    bomb(INDEX, _index_line(bundle / WACZ) * 1000, 8000)(bundle)


def _many_members(bundle: Path) -> None:
    members = members_of(bundle / WACZ)
    pairs = [*members.items(), *((f"archive/{number}", b"") for number in range(60_000))]
    (bundle / WACZ).write_bytes(zip_pairs(pairs, "2026-11-22T08:00:00Z"))
    fit(bundle)


def _overlapping(bundle: Path) -> None:
    """Fifty thousand members that are all the same bytes of the file."""
    content = (bundle / WACZ).read_bytes()
    at = content.index(b"PK\x01\x02")
    entry = zip_form.Entry(WARC, len(members_of(bundle / WACZ)[WARC]), 0, 0)
    lines = b"".join(
        zip_form.central_header(zip_form.Entry(f"archive/{n:05d}.warc.gz", entry.size, 0, 0), STAMP)
        for n in range(1, 50_001)
    )
    (bundle / WACZ).write_bytes(content[:at] + lines + zip_form.end_records(50_000, at, len(lines)))
    fit(bundle)


def _wide_listing(bundle: Path) -> None:
    """A datapackage.json of 60 MB with a million resources."""
    many = b",".join(b'{"path":"%d"}' % number for number in range(1_200_000))
    members = members_of(bundle / WACZ) | {
        DATAPACKAGE: b'{"profile":"data-package","resources":[' + many + b"]}"
    }
    (bundle / WACZ).write_bytes(zip_pairs(list(members.items()), "2026-11-22T08:00:00Z"))
    fit(bundle)


def _sparse(name: str, size: int) -> Damage:
    def damage(bundle: Path) -> None:
        os.truncate(bundle / now(name), size)

    return damage


def _deep_folders(bundle: Path) -> None:
    here = os.open(bundle / "data", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("x", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def _distinct_lines(bundle: Path) -> None:
    rows = b"".join(
        b"%s  data/%07d\n" % (hashlib.sha256(b"%d" % n).hexdigest().encode(), n) for n in range(800_000)
    )
    (bundle / MANIFEST).write_bytes(rows)


MUTATIONS = [
    _m(
        "bomb-in-index",
        damage="an index of 1.6 GB of lines in a member of some MB",
        check="wacz",
        reason="compressed in the zip file|refused",
        apply=_index_bomb,
    ),
    _m(
        "bomb-in-warc",
        damage="a WARC file that inflates to 4 GB, and a leaf whose record is as long",
        check="wacz",
        reason="compressed in the zip file|refused",
        apply=_long_record,
    ),
    _m(
        "bomb-in-record",
        damage="a record of 2 GB in a gzip member of 2 MB whose digests its leaf has",
        check="records",
        reason="refused|more than|larger",
        apply=_gzip_bomb,
    ),
    _m(
        "bomb-in-listing",
        damage="a datapackage.json that inflates to 4 GB",
        check="wacz",
        reason="more than .* bytes: refused",
        apply=bomb(DATAPACKAGE, bytes(1 << 20), 4000),
    ),
    _m(
        "bomb-that-lies",
        damage="a member that claims one kilobyte and inflates to 4 GB",
        check="wacz",
        reason="compressed in the zip file|more than",
        apply=bomb(INDEX, bytes(1 << 20), 4000, 1024),
    ),
    _m(
        "claims-4-gb",
        damage="a stored member that claims nearly 4 GB",
        check="wacz",
        reason=".",
        apply=claims(INDEX, 0xFFFFFFF0),
    ),
    _m(
        "many-members",
        damage="60,000 members in the WACZ",
        check="wacz",
        reason="not listed in",
        apply=_many_members,
    ),
    _m(
        "overlapping-members",
        damage="50,000 members that are all the same bytes",
        check="wacz",
        reason="overlap|local header|belong|listed",
        apply=_overlapping,
    ),
    _m(
        "wide-listing",
        damage="a datapackage.json of 1.2 million resources",
        check="wacz",
        reason="refused|resource",
        apply=_wide_listing,
    ),
    _m(
        "manifest-of-newlines",
        damage="a manifest of 60 MB of empty lines",
        forger="nothing",
        check="bag",
        reason="is malformed",
        apply=add(MANIFEST, b"\n" * (60 << 20)),
    ),
    _m(
        "manifest-of-nothing",
        damage="a manifest of 800,000 files that are not there",
        forger="nothing",
        check="bag",
        reason="is not listed in manifest",
        apply=_distinct_lines,
    ),
    _m(
        "manifest-10-gb",
        damage="a manifest of 10 GB (a sparse file)",
        forger="nothing",
        check="bag",
        reason=".",
        apply=_sparse(MANIFEST, 10 * GB),
    ),
    _m(
        "tag-manifest-of-newlines",
        damage="a tag manifest of 60 MB of empty lines",
        forger="nothing",
        check="bundle-signature",
        reason="list of files|refused",
        apply=add(TAG_MANIFEST, b"\n" * (60 << 20)),
    ),
    _m(
        "signature-1-gb",
        damage="a signature of 1 GB (a sparse file)",
        forger="nothing",
        check="bundle-signature",
        reason="refused",
        apply=_sparse(TAG_MANIFEST + SIGNATURE, GB),
    ),
    _m(
        "hash-list-of-newlines",
        damage="a hash list of 60 MB of empty lines",
        check="hash-list",
        reason="names what is not in the bundle|rows",
        apply=together(edit(HASH_LIST, lambda t: t + b"\r\n" * (30 << 20)), partial(fit, hash_list=False)),
    ),
    _m(
        "hash-list-100-mb",
        damage="a hash list of 100 MB (a sparse file)",
        check="hash-list",
        reason="refused",
        apply=_sparse(HASH_LIST, 100 << 20),
    ),
    _m(
        "leaf-100-mb",
        damage="a leaf of 100 MB (a sparse file)",
        check="manifests",
        reason="refused",
        apply=_sparse("data/log/leaves/3.json", 100 << 20),
    ),
    _m(
        "leaf-of-brackets",
        damage="a leaf of 4 MB of nested brackets",
        check="manifests",
        reason=r"leaves/3\.json",
        apply=tools(add("data/log/leaves/3.json", b"[" * (4 << 20))),
    ),
    _m(
        "leaf-of-values",
        damage="a leaf of a million empty lists",
        check="manifests",
        reason=r"leaves/3\.json",
        apply=tools(add("data/log/leaves/3.json", b"[" + b"[]," * 1_300_000 + b"[]]")),
    ),
    _m(
        "checkpoint-of-lines",
        damage="a checkpoint with a million signature lines",
        check="signature",
        reason="checkpoints/6",
        apply=tools(edit("data/log/checkpoints/6", lambda t: t + b"\xe2\x80\x94 a AAAA\n" * 300_000)),
    ),
    _m(
        "folders-1500-deep",
        damage="a file below 1,500 folders in one another",
        forger="nothing",
        check="bag",
        reason="data/d/d/d/",
        apply=_deep_folders,
    ),
]
