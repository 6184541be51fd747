"""Damage to a bundle's WACZ: members, listing, digest file, records, index, pages; and to the hash list."""

import csv
import io
import json
import re
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

from crawler.evidence.bundle import DATAPACKAGE, DATAPACKAGE_DIGEST, HASH_LIST, INDEX, PAGES, WACZ
from crawler.evidence.checks import zip_form
from crawler.export.csv_text import csv_text
from tests.mutations.forger import Damage, edit, fit, insider, resign, rezip, together, workshop
from tests.mutations.model import Mutation
from tests.wacz_files import members_of

_m = partial(Mutation, subject="bundle", forger="the log's key")
WARC = "archive/00001.warc.gz"
Pairs = Sequence[tuple[str, bytes]]


def zip_pairs(pairs: Pairs, created: str) -> bytes:
    """A zip file in the exporter's form whose names may repeat and lead anywhere."""
    stamp, out, lines = zip_form.zip_time(created), bytearray(), []
    for name, content in pairs:
        entry = zip_form.Entry(name, len(content), zlib.crc32(content), len(out))
        out += zip_form.local_header(entry, stamp) + content
        lines.append(zip_form.central_header(entry, stamp))
    directory = b"".join(lines)
    return bytes(out) + directory + zip_form.end_records(len(lines), len(out), len(directory))


def odd_zip(path: Path, change: Callable[[list[tuple[str, bytes]]], Pairs]) -> None:
    """Rewrite a WACZ with other members, in other order, or with one name twice; the listing stays."""
    members = members_of(path)
    created = json.loads(members[DATAPACKAGE])["created"]
    path.write_bytes(zip_pairs(change(list(members.items())), created))


def _odd(change: Callable[[list[tuple[str, bytes]]], Pairs]) -> Damage:
    return insider(lambda bundle: odd_zip(bundle / WACZ, change))


def _member(name: str, change: Callable[[bytes], bytes], **more: bool) -> Damage:
    def apply(members: dict[str, bytes]) -> None:
        changed = change(members[name])
        if changed == members[name]:
            raise ValueError(f"{name} was not changed")
        members[name] = changed

    return insider(rezip(apply, **more))


def raw(change: Callable[[bytes], bytes]) -> Damage:
    """Change the zip file itself."""
    return insider(edit(WACZ, change))


def link_bits(content: bytes) -> bytes:
    """The first member marked as a symbolic link in the zip file's directory."""
    at = content.index(b"PK\x01\x02") + 38
    return content[:at] + (0o120777 << 16).to_bytes(4, "little") + content[at + 4 :]


def spans(content: bytes) -> list[tuple[int, int]]:
    """Where the gzip members of a WARC file begin and end."""
    found, at = [], 0
    while at < len(content):
        inflate = zlib.decompressobj(31)
        inflate.decompress(content[at:])
        end = len(content) - len(inflate.unused_data)
        found.append((at, end))
        at = end
    return found


def _records(order: Callable[[list[bytes]], list[bytes]]) -> Damage:
    return _member(WARC, lambda content: b"".join(order([content[a:b] for a, b in spans(content)])))


def regzipped(record: bytes) -> bytes:
    """The same record, compressed in another way."""
    deflate = zlib.compressobj(1, zlib.DEFLATED, 31)
    return deflate.compress(zlib.decompress(record, 31)) + deflate.flush()


def rewritten(record: bytes) -> bytes:
    """Another page in a record, with its own digests made anew."""
    whole = zlib.decompress(record, 31)
    head, _, rest = whole.partition(b"\r\n\r\n")
    block = rest[:-4].replace(b"comments", b"commends")
    payload = block.partition(b"\r\n\r\n")[2]
    for name, content in ((b"Block", block), (b"Payload", payload)):
        label = b"WARC-%s-Digest: sha256:%s" % (name, sha256(content).hexdigest().encode())
        head = re.sub(rb"WARC-%s-Digest: [^\r]*" % name, label, head)
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    return deflate.compress(head + b"\r\n\r\n" + block + b"\r\n\r\n") + deflate.flush()


def _each(number: int, change: Callable[[bytes], bytes]) -> Callable[[list[bytes]], list[bytes]]:
    return lambda records: [change(r) if n == number else r for n, r in enumerate(records)]


def _reviews(records: list[bytes]) -> int:
    return next(n for n, record in enumerate(records) if b'{"comments"' in zlib.decompress(record, 31))


def _lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda text: b"".join(change(text.splitlines(True)))


def _listing(change: Callable[[dict], object]) -> Damage:  # type: ignore[type-arg]
    def apply(content: bytes) -> bytes:
        fields = json.loads(content)
        change(fields)
        return json.dumps(fields, ensure_ascii=False, indent=2).encode()

    return _member(DATAPACKAGE, apply, listed=False)


def _digest_file(change: Callable[[dict], object]) -> Damage:  # type: ignore[type-arg]
    def apply(content: bytes) -> bytes:
        fields = json.loads(content)
        change(fields)
        return json.dumps(fields, indent=2).encode()

    return _member(DATAPACKAGE_DIGEST, apply, listed=False)


def _hash_list(change: Callable[[list[list[str]]], object]) -> Damage:
    """Edit rows; number them again; fit the manifests and sign."""

    def apply(bundle: Path) -> None:
        rows = list(csv.reader(io.StringIO((bundle / HASH_LIST).read_text("utf-8-sig"))))
        change(rows)
        numbered = [rows[0], *([str(n), *row[1:]] for n, row in enumerate(rows[1:], 1))]
        (bundle / HASH_LIST).write_bytes(csv_text(numbered))
        fit(bundle, hash_list=False)
        resign(bundle, workshop().key)

    return apply


MEMBERS = [
    _m(
        "member-twice",
        damage="a member of the zip file twice under one name, with another content",
        check="wacz",
        reason="the name occurs twice",
        apply=_odd(lambda m: [*m, (PAGES, b"{}\n")]),
    ),
    _m(
        "member-twice-same",
        damage="a member of the zip file twice with the same content",
        check="wacz",
        reason="occurs twice",
        apply=_odd(lambda m: [*m, m[0]]),
    ),
    _m(
        "member-up",
        damage="a member ../evil",
        check="wacz",
        reason="leads out of the package",
        apply=_odd(lambda m: [*m, ("../evil", b"x")]),
    ),
    _m(
        "member-inside-up",
        damage="a member archive/../../evil",
        check="wacz",
        reason="leads out of the package",
        apply=_odd(lambda m: [*m, ("archive/../../evil", b"x")]),
    ),
    _m(
        "member-absolute",
        damage="a member /etc/evil",
        check="wacz",
        reason="leads out of the package",
        apply=_odd(lambda m: [*m, ("/etc/evil", b"x")]),
    ),
    _m(
        "member-drive",
        damage="a member C:evil",
        check="wacz",
        reason="leads out of the package",
        apply=_odd(lambda m: [*m, ("C:evil", b"x")]),
    ),
    _m(
        "member-backslash",
        damage="a member with a backslash",
        check="wacz",
        reason="leads out of the package",
        apply=_odd(lambda m: [*m, ("a\\b", b"x")]),
    ),
    _m(
        "member-empty-name",
        damage="a member without a name",
        check="wacz",
        reason="leads out|does not belong",
        apply=_odd(lambda m: [*m, ("", b"x")]),
    ),
    _m(
        "member-case",
        damage="a member whose name differs by case from another",
        check="wacz",
        reason="not listed in|does not belong",
        apply=_odd(lambda m: [*m, ("Indexes/index.cdx", b"x")]),
    ),
    _m(
        "member-link",
        damage="a member that is a symbolic link",
        check="wacz",
        reason="it is a link or a special file",
        apply=raw(link_bits),
    ),
    _m(
        "member-added",
        damage="a member that nothing lists",
        check="wacz",
        reason="in the WACZ but not listed",
        apply=_odd(lambda m: [*m, ("extra.txt", b"x")]),
    ),
    _m(
        "member-added-and-listed",
        damage="a second WARC file, listed and signed",
        check="coverage",
        reason="no leaf of the bundle names a record in it",
        apply=insider(rezip(lambda m: m.update({"archive/00002.warc.gz": m[WARC]}))),
    ),
    _m(
        "member-dropped",
        damage="the page list removed",
        check="wacz",
        reason="pages.jsonl is",
        apply=_odd(lambda m: [p for p in m if p[0] != PAGES]),
    ),
    _m(
        "warc-dropped",
        damage="the WARC file removed, the listing made to fit",
        check="coverage",
        reason="cannot be read: the zip file has no such member",
        apply=insider(rezip(lambda m: m.pop(WARC))),
    ),
    _m(
        "digest-file-dropped",
        damage="datapackage-digest.json removed",
        check="wacz",
        reason="datapackage-digest.json is missing",
        apply=_odd(lambda m: [p for p in m if p[0] != DATAPACKAGE_DIGEST]),
    ),
    _m(
        "datapackage-dropped",
        damage="datapackage.json removed",
        check="wacz",
        reason="datapackage.json",
        apply=_odd(lambda m: [p for p in m if p[0] != DATAPACKAGE]),
    ),
    _m(
        "members-reordered",
        damage="the members in another order",
        check="wacz",
        reason="do not stand in the order",
        apply=_odd(lambda m: m[::-1]),
    ),
    _m(
        "bytes-before-zip",
        damage="bytes before the zip file",
        check="wacz",
        reason="bytes were put before",
        apply=raw(lambda c: b"x" + c),
    ),
    _m(
        "bytes-behind-zip",
        damage="bytes behind the zip file",
        check="wacz",
        reason="bytes behind it",
        apply=raw(lambda c: c + b"x"),
    ),
    _m(
        "zip-comment",
        damage="a comment behind the zip file",
        check="wacz",
        reason="comment|ends with its end record",
        apply=raw(lambda c: c[:-2] + b"\x01\x00x"),
    ),
    _m(
        "zip-cut",
        damage="the zip file cut in its directory",
        check="wacz",
        reason="not a zip file that ends with its end record",
        apply=raw(lambda c: c[:-30]),
    ),
    _m(
        "zip-directory-flipped",
        damage="one bit in the zip file's directory: a time",
        check="wacz",
        reason="not those of our exporter",
        apply=raw(lambda c: _flipped(c, c.rindex(b"PK\x01\x02") + 12)),
    ),
    _m(
        "zip-local-header-flipped",
        damage="one bit in a local header of the zip file: a time",
        check="wacz",
        reason="local header|not those of our exporter",
        apply=raw(lambda c: _flipped(c, 10)),
    ),
    _m(
        "zip-crc-flipped",
        damage="one bit in a checksum of the zip file",
        check="wacz",
        reason=".",
        apply=raw(lambda c: _flipped(c, 14)),
    ),
    _m(
        "zip-appended-directory",
        damage="a second zip file behind the first, which some readers see instead",
        check="wacz",
        reason="bytes were put before|between",
        apply=insider(lambda b: _append_zip(b / WACZ)),
    ),
    _m(
        "wacz-empty",
        damage="a WACZ of no bytes",
        check="wacz",
        reason="not a zip file",
        apply=insider(edit(WACZ, lambda _c: b"")),
    ),
    _m(
        "wacz-end-record-only",
        damage="a zip file of no members",
        check="wacz",
        reason=".",
        apply=insider(edit(WACZ, lambda _c: b"PK\x05\x06" + bytes(18))),
    ),
]


def _flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def _append_zip(path: Path) -> None:
    content = path.read_bytes()
    odd_zip(path, lambda members: members[:1])
    path.write_bytes(content + path.read_bytes())


LISTING = [
    _m(
        "listing-digest-changed",
        damage="another digest in datapackage.json",
        check="wacz",
        reason="is not what datapackage.json says|hash",
        apply=_listing(lambda f: f["resources"][0].update(hash="sha256:" + "0" * 64)),
    ),
    _m(
        "listing-weak-digest",
        damage="an MD5 digest in datapackage.json",
        check="wacz",
        reason="datapackage",
        apply=_listing(lambda f: f["resources"][0].update(hash="md5:" + "0" * 32)),
    ),
    _m(
        "listing-size-changed",
        damage="another size in datapackage.json",
        check="wacz",
        reason="is not what datapackage.json says",
        apply=_listing(lambda f: f["resources"][0].update(bytes=1)),
    ),
    _m(
        "listing-resource-dropped",
        damage="a file left out of datapackage.json",
        check="wacz",
        reason="not listed in datapackage.json",
        apply=_listing(lambda f: f["resources"].pop()),
    ),
    _m(
        "listing-resource-twice",
        damage="a file twice in datapackage.json",
        check="wacz",
        reason="listed more than once",
        apply=_listing(lambda f: f["resources"].append(f["resources"][0])),
    ),
    _m(
        "listing-resources-reordered",
        damage="the files of datapackage.json in another order",
        check="wacz",
        reason="do not stand in the order",
        apply=_listing(lambda f: f["resources"].reverse()),
    ),
    _m(
        "listing-time-changed",
        damage="another time of creation in datapackage.json",
        check="wacz",
        reason=".",
        apply=_listing(lambda f: f.update(created="2020-01-01T00:00:00Z")),
    ),
    _m(
        "listing-title-changed",
        damage="another title in datapackage.json",
        check="wacz",
        reason="datapackage",
        apply=_listing(lambda f: f.update(title="x")),
    ),
    _m(
        "listing-key-twice",
        damage="a key twice in datapackage.json, with two values",
        check="wacz",
        reason="occurs more than once",
        apply=_member(
            DATAPACKAGE, lambda c: c.replace(b'"profile"', b'"title": "x",\n  "profile"', 1), listed=False
        ),
    ),
    _m(
        "listing-nan",
        damage="NaN in datapackage.json",
        check="wacz",
        reason="NaN is not a JSON value",
        apply=_member(
            DATAPACKAGE, lambda c: c.replace(b'"profile"', b'"x": NaN,\n  "profile"', 1), listed=False
        ),
    ),
    _m(
        "listing-huge-number",
        damage="a number of 100,000 digits in datapackage.json",
        check="wacz",
        reason="is not JSON",
        apply=_odd(
            lambda m: [(n, b'{"a":' + b"9" * 100_000 + b"}" if n == DATAPACKAGE else c) for n, c in m]
        ),
    ),
    _m(
        "listing-deep",
        damage="datapackage.json nested 100,000 deep",
        check="wacz",
        reason="is not JSON",
        apply=insider(
            lambda b: odd_zip(
                b / WACZ, lambda m: [(n, b'{"a":' + b"[" * 100_000 if n == DATAPACKAGE else c) for n, c in m]
            )
        ),
    ),
    _m(
        "listing-software-changed",
        damage="said to be written by other software",
        check="wacz",
        reason=".",
        apply=_listing(lambda f: f.update(software="other 1.0")),
    ),
    _m(
        "digest-file-hash-changed",
        damage="another digest in datapackage-digest.json",
        check="wacz",
        reason=".",
        apply=_digest_file(lambda f: f.update(hash="sha256:" + "0" * 64)),
    ),
    _m(
        "digest-file-unsigned",
        damage="the signature in datapackage-digest.json removed",
        check="wacz",
        reason="datapackage-digest.json",
        apply=_digest_file(lambda f: f.pop("signedData")),
    ),
    _m(
        "digest-file-time-changed",
        damage="another time beside the WACZ's signature, which does not cover it",
        check="wacz",
        reason="under signedData are not those",
        apply=_digest_file(lambda f: f["signedData"].update(created="2020-01-01T00:00:00Z")),
    ),
    _m(
        "digest-file-field-added",
        damage="a field added to datapackage-digest.json",
        check="wacz",
        reason="does not hold exactly",
        apply=_digest_file(lambda f: f.update(more=1)),
    ),
    _m(
        "digest-file-blank-added",
        damage="a blank added to datapackage-digest.json",
        check="wacz",
        reason="not written as our exporter",
        apply=_member(DATAPACKAGE_DIGEST, lambda c: c + b"\n", listed=False),
    ),
]

RECORDS = [
    _m(
        "record-flipped",
        damage="one bit of a record changed, digests of the package made anew",
        check="records",
        reason=r"record .* of leaf .*stored bytes have",
        apply=_member(WARC, lambda c: _flipped(c, spans(c)[1][0] + 40)),
    ),
    _m(
        "record-time-in-gzip-head",
        damage="the time in a record's gzip head changed, which no WARC digest covers",
        check="records",
        reason="stored bytes have",
        apply=_member(WARC, lambda c: _flipped(c, spans(c)[1][0] + 4)),
    ),
    _m(
        "record-rewritten",
        damage="another page in a record, its WARC digests and those of the package made anew",
        check="records",
        reason="stored bytes have",
        apply=_records(lambda r: _each(_reviews(r), rewritten)(r)),
    ),
    _m(
        "record-recompressed",
        damage="a record compressed in another way: the same content",
        check="records",
        reason="stored bytes have",
        apply=_records(_each(2, regzipped)),
    ),
    _m(
        "record-dropped",
        damage="a record removed",
        check="records",
        reason="stored bytes have",
        apply=_records(lambda r: r[:2] + r[3:]),
    ),
    _m(
        "last-record-dropped",
        damage="the last record removed",
        check="records",
        reason="stored bytes have",
        apply=_records(lambda r: r[:-1]),
    ),
    _m(
        "record-duplicated",
        damage="a record twice",
        check="coverage",
        reason="bytes after its last record",
        apply=_records(lambda r: [*r, r[-1]]),
    ),
    _m(
        "records-swapped",
        damage="two records exchanged",
        check="records",
        reason="stored bytes have",
        apply=_records(lambda r: [r[0], r[2], r[1], *r[3:]]),
    ),
    _m(
        "records-reversed",
        damage="all records in reverse order",
        check="records",
        reason="stored bytes have",
        apply=_records(lambda r: r[::-1]),
    ),
    _m(
        "record-added",
        damage="a record that no leaf names put at the end",
        check="coverage",
        reason="bytes after its last record",
        apply=_records(lambda r: [*r, regzipped(r[1])]),
    ),
    _m(
        "record-cut",
        damage="the WARC file cut in its last record",
        check="records",
        reason="stored bytes have",
        apply=_member(WARC, lambda c: c[:-10]),
    ),
    _m(
        "warc-emptied",
        damage="a WARC file of no bytes",
        check="records",
        reason="stored bytes have",
        apply=_member(WARC, lambda _c: b""),
    ),
]

INDEXES = [
    _m(
        "index-offset",
        damage="another offset in the index",
        check="index",
        reason="where no such record is",
        apply=_member(INDEX, lambda t: t.replace(b'"offset": ', b'"offset": 1')),
    ),
    _m(
        "index-url",
        damage="another URL in the index",
        check="index",
        reason="url of record",
        apply=_member(INDEX, lambda t: t.replace(b"page=1", b"page=2")),
    ),
    _m(
        "index-time",
        damage="another time in the index",
        check="index",
        reason="time of record",
        apply=_member(INDEX, lambda t: t.replace(b" 20", b" 19")),
    ),
    _m(
        "index-digest",
        damage="other digests in the index",
        check="index",
        reason="recordDigest",
        apply=_member(INDEX, lambda t: t.replace(b"sha256:", b"sha256:0")),
    ),
    _m(
        "index-line-dropped",
        damage="a line of the index removed",
        check="index",
        reason="does not name response",
        apply=_member(INDEX, _lines(lambda x: x[1:])),
    ),
    _m(
        "index-line-twice",
        damage="a line of the index twice",
        check="index",
        reason="names it twice",
        apply=_member(INDEX, _lines(lambda x: [*x, x[-1]])),
    ),
    _m(
        "index-reordered",
        damage="the lines of the index in reverse order",
        check="index",
        reason="out of order",
        apply=_member(INDEX, _lines(lambda x: x[::-1])),
    ),
    _m(
        "index-cut",
        damage="the last line of the index cut",
        check="index",
        reason="not whole|not JSON",
        apply=_member(INDEX, lambda t: t[:-5]),
    ),
    _m(
        "index-emptied",
        damage="an empty index",
        check="index",
        reason="does not name",
        apply=_member(INDEX, lambda _t: b""),
    ),
    _m(
        "index-key-twice",
        damage="a key twice in a line of the index",
        check="index",
        reason="occurs more than once",
        apply=_member(INDEX, lambda t: t.replace(b' {"url"', b' {"url": "http://other.example/", "url"', 1)),
    ),
    _m(
        "index-deep",
        damage="a line of the index nested 50,000 deep",
        check="index",
        reason="is not JSON",
        apply=_member(INDEX, lambda _t: b"com)/ 1 {" + b"[" * 50_000 + b"\n"),
    ),
    _m(
        "index-long-line",
        damage="a line of 2 MB in the index",
        check="index",
        reason="a line is not whole",
        apply=_member(INDEX, lambda _t: b"x" * (2 << 20)),
    ),
    _m(
        "page-url",
        damage="another address in the page list",
        check="index",
        reason="is no page of this bundle",
        apply=_member(PAGES, lambda t: t.replace(b"forum", b"other")),
    ),
    _m(
        "page-added",
        damage="a page that was not captured in the page list",
        check="index",
        reason="is no page of this bundle",
        apply=_member(
            PAGES, lambda t: t + b'{"url": "http://other.example/", "ts": "2026-01-01T00:00:00Z"}\n'
        ),
    ),
    _m(
        "pages-without-head",
        damage="the page list without its first line",
        check="index",
        reason="format line",
        apply=_member(PAGES, _lines(lambda x: x[1:])),
    ),
]

HASHES = [
    _m(
        "hash-list-row-dropped",
        damage="a row of hash-list.csv removed",
        check="hash-list",
        reason="does not list the file",
        apply=_hash_list(lambda rows: rows.pop(3)),
    ),
    _m(
        "hash-list-record-dropped",
        damage="a record's row of hash-list.csv removed",
        check="hash-list",
        reason="does not list the record",
        apply=_hash_list(lambda rows: rows.pop()),
    ),
    _m(
        "hash-list-row-twice",
        damage="a row of hash-list.csv twice",
        check="hash-list",
        reason="names it twice",
        apply=_hash_list(lambda rows: rows.append(rows[-1])),
    ),
    _m(
        "hash-list-rows-swapped",
        damage="digests of two rows of hash-list.csv exchanged",
        check="hash-list",
        reason="are not true",
        apply=_hash_list(
            lambda rows: rows.__setitem__(
                slice(1, 3), [[*rows[1][:3], *rows[2][3:]], [*rows[2][:3], *rows[1][3:]]]
            )
        ),
    ),
    _m(
        "hash-list-sm3",
        damage="another SM3 digest in hash-list.csv",
        check="hash-list",
        reason="are not true",
        apply=_hash_list(lambda rows: rows[5].__setitem__(4, "0" * 64)),
    ),
    _m(
        "hash-list-row-added",
        damage="a row of hash-list.csv for a file that is not there",
        check="hash-list",
        reason="what is not in the bundle",
        apply=_hash_list(lambda rows: rows.append(["1", "data/other", "1", "0" * 64, "0" * 64, ""])),
    ),
    _m(
        "hash-list-columns",
        damage="other columns in hash-list.csv",
        check="hash-list",
        reason="does not begin with the columns",
        apply=_hash_list(lambda rows: rows[0].reverse()),
    ),
    _m(
        "hash-list-not-utf-8",
        damage="hash-list.csv in another encoding",
        check="hash-list",
        reason="codec|decode",
        apply=together(
            edit(HASH_LIST, lambda t: t.decode("utf-8-sig").encode("gbk")),
            partial(fit, hash_list=False),
            lambda b: resign(b, workshop().key),
        ),
    ),
    _m(
        "hash-list-quote",
        damage="an open quotation mark in hash-list.csv",
        check="hash-list",
        reason="hash-list.csv",
        apply=together(
            edit(HASH_LIST, lambda t: t + b'"'),
            partial(fit, hash_list=False),
            lambda b: resign(b, workshop().key),
        ),
    ),
]

MUTATIONS = [*MEMBERS, *LISTING, *RECORDS, *INDEXES, *HASHES]
