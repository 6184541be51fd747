"""Damage to a WACZ by itself: there is no log, only the listing, its signature and the records' own digests."""

import json
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from crawler.evidence.bundle import DATAPACKAGE, DATAPACKAGE_DIGEST, INDEX, PAGES
from crawler.evidence.wacz_auth import make_key
from tests.mutations.bundle_hostile import explode, gzip_bomb
from tests.mutations.bundle_wacz import (
    WARC,
    Pairs,
    link_bits,
    odd_zip,
    regzipped,
    rewritten,
    spans,
    zip_pairs,
)
from tests.mutations.forger import rewrite_wacz
from tests.mutations.model import Mutation
from tests.wacz_files import members_of, relist

_m = partial(Mutation, subject="wacz")

_BOMBS = ("bomb", "deep")  # in the names of those that are judged in a process of their own


def _raw(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def _odd(change: Callable[[list[tuple[str, bytes]]], Pairs]) -> Callable[[Path], object]:
    return lambda path: odd_zip(path, change)


def _member(name: str, change: Callable[[bytes], bytes], **more: bool) -> Callable[[Path], object]:
    return lambda path: rewrite_wacz(
        path, lambda members: members.update({name: change(members[name])}), **more
    )


def _records(order: Callable[[list[bytes]], list[bytes]], **more: bool) -> Callable[[Path], object]:
    return _member(WARC, lambda content: b"".join(order([content[a:b] for a, b in spans(content)])), **more)


def _resigned(path: Path) -> None:
    """Another page list, everything listed and signed by a key of the forger's own."""
    members = relist(members_of(path) | {PAGES: b'{"format": "json-pages-1.0"}\n'}, make_key())
    path.write_bytes(zip_pairs(list(members.items()), json.loads(members[DATAPACKAGE])["created"]))


def _fields(name: str, change: Callable[[dict], object]) -> Callable[[Path], object]:  # type: ignore[type-arg]
    def apply(content: bytes) -> bytes:
        fields = json.loads(content)
        change(fields)
        return json.dumps(fields, indent=2).encode()

    return _member(name, apply, listed=False)


def _at(place: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


MUTATIONS = [
    _m(
        "wacz-flip-record",
        damage="one bit of a record changed",
        forger="nothing",
        check="resources",
        reason="is not what datapackage.json says",
        apply=_raw(_at(700)),
    ),
    _m(
        "wacz-flip-index",
        damage="the index changed",
        forger="nothing",
        check="resources",
        reason="indexes/index.cdx is not what",
        apply=_member(INDEX, lambda t: t.replace(b"page=1", b"page=2"), listed=False),
    ),
    _m(
        "wacz-flip-pages",
        damage="the page list changed",
        forger="nothing",
        check="resources",
        reason="pages.jsonl is not what",
        apply=_member(PAGES, lambda t: t + b"\n", listed=False),
    ),
    _m(
        "wacz-listing-changed",
        damage="another title in datapackage.json",
        forger="nothing",
        check="binding",
        reason="but hash is",
        apply=_fields(DATAPACKAGE, lambda f: f.update(title="x")),
    ),
    _m(
        "wacz-unsigned-relisted",
        damage="changed, listed anew, unsigned as our exporter never leaves it",
        forger="the tools",
        check="members",
        reason="datapackage-digest.json",
        apply=_member(PAGES, lambda t: t + b"\n", own_key=False),
    ),
    _m(
        "wacz-record-rewritten",
        damage="a record rewritten with its digests, listed and signed by the same key; the index is left",
        forger="the log's key",
        check="index",
        reason="is not true",
        apply=_records(lambda r: [rewritten(x) if n == _json(r) else x for n, x in enumerate(r)]),
    ),
    _m(
        "wacz-record-digest-wrong",
        damage="a page changed without its WARC digests, compressed, listed and signed anew",
        forger="the log's key",
        check="records",
        reason="does not match its WARC-(Block|Payload)-Digest",
        apply=_records(lambda r: [_spoilt(x) if n == _json(r) else x for n, x in enumerate(r)]),
    ),
    _m(
        "wacz-record-recompressed",
        damage="a record compressed in another way, listed and signed by the same key",
        forger="the log's key",
        check="index",
        reason="is not true|no record begins",
        apply=_records(lambda r: [r[0], regzipped(r[1]), *r[2:]]),
    ),
    _m(
        "wacz-record-cut",
        damage="the WARC file cut in its last record",
        forger="the log's key",
        check="records",
        reason="file ends inside",
        apply=_member(WARC, lambda c: c[:-10]),
    ),
    _m(
        "wacz-records-swapped",
        damage="two records exchanged",
        forger="the log's key",
        check="index",
        reason="is not true|no record begins",
        apply=_records(lambda r: [r[0], r[3], r[2], r[1], *r[4:]]),
    ),
    _m(
        "wacz-record-dropped",
        damage="a record that the index names removed",
        forger="the log's key",
        check="index",
        reason="no record begins|is not true",
        apply=_records(lambda r: r[:1] + r[2:]),
    ),
    _m(
        "wacz-resigned",
        damage="changed, listed, and signed with another key; the verifier has the right one",
        forger="another key",
        check="anchor",
        reason="is not known here",
        apply=_resigned,
        status="not-checked",
    ),
    _m(
        "wacz-signature-changed",
        damage="one character of the signature changed",
        forger="nothing",
        check="wacz-signature",
        reason=".",
        apply=_fields(
            DATAPACKAGE_DIGEST,
            lambda f: f["signedData"].update(
                signature="A"
                + f["signedData"]["signature"][1:-8]
                + "AAAA"
                + f["signedData"]["signature"][-4:]
            ),
        ),
    ),
    _m(
        "wacz-signature-dropped",
        damage="the signature removed",
        forger="nothing",
        check="wacz-signature",
        reason="there is no signature",
        status="not-checked",
        apply=_fields(DATAPACKAGE_DIGEST, lambda f: f.pop("signedData")),
    ),
    _m(
        "wacz-signature-of-another-hash",
        damage="the digest file about another listing",
        forger="nothing",
        check="binding",
        reason="but hash is",
        apply=_fields(DATAPACKAGE_DIGEST, lambda f: f.update(hash="sha256:" + "0" * 64)),
    ),
    _m(
        "wacz-digest-file-garbage",
        damage="a digest file that is no JSON",
        forger="nothing",
        check="binding",
        reason="not JSON",
        apply=_odd(lambda m: [(n, b"{" if n == DATAPACKAGE_DIGEST else c) for n, c in m]),
    ),
    _m(
        "wacz-member-twice",
        damage="a member twice under one name",
        forger="nothing",
        check="members",
        reason="occurs twice",
        apply=_odd(lambda m: [*m, (PAGES, b"{}\n")]),
    ),
    _m(
        "wacz-member-up",
        damage="a member ../evil",
        forger="nothing",
        check="members",
        reason="leads out",
        apply=_odd(lambda m: [*m, ("../evil", b"x")]),
    ),
    _m(
        "wacz-member-absolute",
        damage="a member /etc/evil",
        forger="nothing",
        check="members",
        reason="leads out",
        apply=_odd(lambda m: [*m, ("/etc/evil", b"x")]),
    ),
    _m(
        "wacz-member-link",
        damage="a member that is a symbolic link",
        forger="nothing",
        check="members",
        reason="link or a special file",
        apply=_raw(link_bits),
    ),
    _m(
        "wacz-member-added",
        damage="a member that nothing lists",
        forger="nothing",
        check="datapackage",
        reason="not listed in",
        apply=_odd(lambda m: [*m, ("x.txt", b"x")]),
    ),
    _m(
        "wacz-member-dropped",
        damage="a listed member removed",
        forger="nothing",
        check="datapackage",
        reason="not in the WACZ",
        apply=_odd(lambda m: [p for p in m if p[0] != PAGES]),
    ),
    _m(
        "wacz-reordered",
        damage="the members in another order",
        forger="nothing",
        check="members",
        reason="order",
        apply=_odd(lambda m: m[::-1]),
    ),
    _m(
        "wacz-cut",
        damage="the file cut",
        forger="nothing",
        check="members",
        reason="not a zip file that ends",
        apply=_raw(lambda c: c[:-100]),
    ),
    _m(
        "wacz-bytes-behind",
        damage="bytes behind the file",
        forger="nothing",
        check="members",
        reason="bytes behind it",
        apply=_raw(lambda c: c + b"x"),
    ),
    _m(
        "wacz-bytes-before",
        damage="bytes before the file",
        forger="nothing",
        check="members",
        reason="bytes were put before",
        apply=_raw(lambda c: b"x" + c),
    ),
    _m(
        "wacz-listing-deep",
        damage="datapackage.json nested 100,000 deep",
        forger="nothing",
        check="datapackage",
        reason="not JSON",
        apply=_odd(lambda m: [(n, b'{"a":' + b"[" * 100_000 if n == DATAPACKAGE else c) for n, c in m]),
    ),
    _m(
        "wacz-bomb-in-index",
        damage="an index of 600 MB of lines in some MB",
        forger="the tools",
        check="index",
        reason="more lines than",
        apply=lambda p: explode(p, INDEX, members_of(p)[INDEX].splitlines(True)[-1] * 1000, 3000),
    ),
    _m(
        "wacz-bomb-in-pages",
        damage="a page list of 4 GB in some MB",
        forger="the tools",
        check="pages",
        reason="more lines than",
        apply=lambda p: explode(p, PAGES, b"\n" * (1 << 20), 4000),
    ),
    _m(
        "wacz-bomb-in-warc",
        damage="a WARC file that inflates to 4 GB",
        forger="the tools",
        check="members",
        reason="refused|not those of our exporter",
        apply=lambda p: explode(p, WARC, bytes(1 << 20), 4000),
    ),
    _m(
        "wacz-bomb-in-record",
        damage="a record of 2 GB in a gzip member of 2 MB",
        forger="the log's key",
        check="records",
        reason="refused|more than|gzip|ends",
        apply=_member(WARC, lambda c: gzip_bomb() + c),
    ),
]


def _json(records: list[bytes]) -> int:
    return next(n for n, record in enumerate(records) if b'{"comments"' in zlib.decompress(record, 31))


def _spoilt(record: bytes) -> bytes:
    content = zlib.decompress(record, 31).replace(b"comments", b"commends")
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    return deflate.compress(content) + deflate.flush()


HOSTILE = [mutation for mutation in MUTATIONS if any(word in mutation.name for word in _BOMBS)]
PLAIN = [mutation for mutation in MUTATIONS if mutation not in HOSTILE]
