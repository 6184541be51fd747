"""Damage to the WARC files of an archive: bytes, records, files; by nobody in particular, or with tools."""

import gzip
import os
from pathlib import Path

from crawler.evidence.digest import digest, digest_file
from tests.mutations.archive_forger import (
    Damage,
    Json,
    add,
    append,
    change_leaf,
    drop,
    edit,
    event,
    find_leaf,
    flip,
    honest,
    leaves_of,
    move,
    put_records,
    records_of,
    rewrite_log,
    spans_of,
    squeeze,
    swap,
    tools,
)
from tests.mutations.archive_maker import made
from tests.mutations.model import Mutation

CLOSED, LAST = "warc/00002.warc.gz", "warc/00004.warc.gz"
_RECORD = rf"{CLOSED}:\d+\+\d+: record <urn:uuid:"


def _bomb(_stored: bytes) -> bytes:
    return gzip.compress(bytes(200 << 20), 9, mtime=0)


def _flip_in(place: str) -> Damage:
    """A bit in a record's inflated head or block, compressed again, its own digests left."""

    def change(records: list[bytes]) -> list[bytes]:
        content = bytearray(gzip.decompress(records[2]))
        at = content.index(b"WARC-Target-URI") + 25 if place == "head" else content.index(b"<p>") + 4
        content[at] ^= 1
        return [*records[:2], gzip.compress(bytes(content), mtime=0), *records[3:]]

    return put_records(CLOSED, change)


def _rewritten(archive: Path) -> None:
    put_records(CLOSED, lambda r: [*r[:2], honest(r[2], b"<p>page", b"<p>PAGE"), *r[3:]])(archive)


def _rewritten_and_retold(archive: Path) -> None:
    """A consistent WARC record of another content, and the manifest in the log (not signed anew) tells of it."""
    before = records_of(archive, CLOSED)
    _rewritten(archive)
    after = records_of(archive, CLOSED)
    place = next(n for n, (one, other) in enumerate(zip(before, after, strict=True)) if one != other)
    offset, length = spans_of(archive, CLOSED)[place]
    index = find_leaf(
        leaves_of(archive), f'"file":"{CLOSED}"'.encode(), f'"offset":{_old(before, place)}}}'.encode()
    )

    def retell(content: Json) -> None:
        record = content["records"][0]
        record["locator"] |= {"offset": offset, "length": length}
        record["sha256"], record["sm3"] = digest(after[place]), digest(after[place], "sm3")

    rewrite_log(archive, change_leaf(archive, index, retell))


def _old(records: list[bytes], place: int) -> int:
    return sum(len(record) for record in records[:place])


def _second_name(archive: Path) -> None:
    """The file is put elsewhere, and a link stands in its place."""
    (archive / CLOSED).rename(archive.parent / "moved.warc.gz")
    (archive / CLOSED).symlink_to(archive.parent / "moved.warc.gz")


def _pipe(archive: Path) -> None:
    (archive / CLOSED).unlink()
    os.mkfifo(archive / CLOSED)


def _closed_twice(archive: Path) -> None:
    """An unsigned entry says that the file was closed with the bytes that it has now."""
    _rewritten(archive)
    path = archive / CLOSED
    details = {"file": CLOSED, "length": path.stat().st_size, "sha256": digest_file(path)}
    append(archive, event("warc-closed", details))


def _mutation(
    name: str, damage: str, apply: Damage, reason: str, *, check: str = "records", forger: str = "nothing"
) -> Mutation:
    return Mutation(name, "archive", damage, forger, check, reason, apply)


MUTATIONS = (
    _mutation("warc-flip-compressed", "one bit of a record's compressed bytes", flip(CLOSED, 900), _RECORD),
    _mutation(
        "warc-flip-gzip-flags", "one bit of a gzip header", flip(CLOSED, 3), r"00002.warc.gz:0\+\d+: record"
    ),
    _mutation(
        "warc-flip-last-byte",
        "one bit of a file's last byte",
        flip(LAST, -1),
        r"00004.warc.gz:\d+\+\d+: record",
    ),
    _mutation("warc-flip-head", "one bit of a record's head, compressed again", _flip_in("head"), _RECORD),
    _mutation("warc-flip-block", "one bit of a page, compressed again", _flip_in("block"), _RECORD),
    _mutation(
        "warc-drop-record", "a record is cut out", put_records(CLOSED, lambda r: r[:2] + r[3:]), _RECORD
    ),
    _mutation(
        "warc-drop-last-record",
        "the last record of a closed file is cut off",
        put_records(CLOSED, lambda r: r[:-1]),
        "has .* its last record should end at",
        check="coverage",
    ),
    _mutation(
        "warc-drop-newest-record",
        "the last record of the newest file is cut off",
        tools(put_records(LAST, lambda r: r[:-1])),
        "has .* its last record should end at",
        check="coverage",
        forger="the tools",
    ),
    _mutation(
        "warc-add-record",
        "a record is put in",
        put_records(CLOSED, lambda r: [*r[:2], squeeze(r[1]), *r[2:]]),
        _RECORD,
    ),
    _mutation(
        "warc-append-record",
        "a record is put behind the last one",
        put_records(LAST, lambda r: [*r, r[-1]]),
        r"byte\(s\) from \d+ to its end are in no record",
        check="coverage",
    ),
    _mutation(
        "warc-reorder-records",
        "the records in another order",
        put_records(CLOSED, lambda r: [r[0], *r[:0:-1]]),
        _RECORD,
    ),
    _mutation(
        "warc-duplicate-record",
        "a record stands in the place of another",
        put_records(CLOSED, lambda r: [*r[:2], r[3], *r[3:]]),
        _RECORD,
    ),
    _mutation(
        "warc-swap-captures",
        "two captured pages change places",
        put_records(CLOSED, lambda r: [r[0], r[2], r[1], *r[3:]]),
        _RECORD,
    ),
    _mutation(
        "warc-truncate",
        "a file is cut within a record",
        edit(LAST, lambda c: c[:-30]),
        "its last record should end at",
        check="coverage",
    ),
    _mutation(
        "warc-append-byte",
        "a byte is put behind the last record",
        edit(LAST, lambda c: c + b"\0"),
        r"1 byte\(s\) from \d+ to its end are in no record",
        check="coverage",
    ),
    _mutation(
        "warc-empty",
        "a file is emptied",
        edit(CLOSED, lambda _: b""),
        "has 0 bytes",
        check="coverage",
    ),
    _mutation(
        "warc-rewritten",
        "a wholly consistent WARC with another page, all its digests right",
        tools(_rewritten),
        _RECORD + r".*stored bytes have sha256:",
        forger="the tools",
    ),
    _mutation(
        "warc-rewritten-and-retold",
        "a consistent WARC with another page, the log's entry and all tiles made to fit",
        tools(_rewritten_and_retold),
        r"the root at \d+ is not the one in log/checkpoints",
        check="log",
        forger="the tools",
    ),
    _mutation(
        "warc-closed-again",
        "a consistent WARC with another page, and an entry that says that it was closed like that",
        tools(_closed_twice),
        "was closed before, at entry",
        check="coverage",
        forger="the tools",
    ),
    _mutation(
        "warc-recompressed",
        "the same records, compressed at another level",
        put_records(CLOSED, lambda r: [*r[:2], squeeze(r[2]), *r[3:]]),
        _RECORD,
    ),
    _mutation(
        "warc-one-member",
        "all records in one gzip member",
        put_records(CLOSED, lambda r: [gzip.compress(b"".join(map(gzip.decompress, r)), mtime=0)]),
        _RECORD,
    ),
    _mutation(
        "warc-uncompressed",
        "the file is stored uncompressed",
        edit(CLOSED, lambda c: gzip.decompress(c)),
        _RECORD,
    ),
    _mutation(
        "warc-bomb",
        "a record that inflates to 200 MB in the place of a small one",
        put_records(CLOSED, lambda r: [*r[:2], _bomb(r[2]), *r[3:]]),
        _RECORD,
    ),
    _mutation(
        "warc-missing",
        "a file is removed",
        tools(drop(CLOSED)),
        f"{CLOSED} is missing",
        check="coverage",
        forger="the tools",
    ),
    _mutation(
        "warc-last-missing",
        "the newest file is removed",
        tools(drop(LAST)),
        f"{LAST} is missing",
        check="coverage",
        forger="the tools",
    ),
    _mutation(
        "warc-extra",
        "a file that nobody logged",
        tools(add("warc/00005.warc.gz")),
        "no entry of the log names a record in this file",
        check="coverage",
        forger="the tools",
    ),
    _mutation(
        "warc-strange-name",
        "a file of another name in warc/",
        tools(add("warc/readme.txt")),
        "no file of this name belongs here",
        check="layout",
        forger="the tools",
    ),
    _mutation(
        "warc-hidden-file",
        "a hidden file in warc/",
        tools(add("warc/.hidden")),
        r"warc/\.hidden",
        check="layout",
        forger="the tools",
    ),
    _mutation(
        "warc-unfinished-name",
        "a file named like an interrupted write",
        tools(add("warc/.00009.warc.gz.unfinished")),
        "left over from an interrupted write",
        check="layout",
        forger="the tools",
    ),
    _mutation(
        "warc-deeper",
        "a file in a folder below warc/",
        tools(add("warc/more/00001.warc.gz")),
        "warc/more",
        check="coverage",
        forger="the tools",
    ),
    _mutation(
        "warc-renamed",
        "a file is renamed",
        tools(move(CLOSED, "warc/00009.warc.gz")),
        f"{CLOSED} is missing",
        check="coverage",
        forger="the tools",
    ),
    _mutation(
        "warc-files-exchanged",
        "two files change places",
        tools(swap(CLOSED, "warc/00003.warc.gz")),
        r"warc/0000[23].warc.gz:\d+\+\d+: record",
        forger="the tools",
    ),
    _mutation(
        "warc-symlink",
        "a link to the very same bytes",
        tools(_second_name),
        "links and devices do not belong",
        check="layout",
        forger="the tools",
    ),
    _mutation(
        "warc-pipe",
        "a named pipe in the place of a file",
        _pipe,
        f"{CLOSED} is not a regular file",
        check="coverage",
    ),
    _mutation(
        "warc-ten-gigabytes",
        "a file that claims 10 GB",
        lambda a: os.truncate(a / LAST, 10 << 30),
        r"byte\(s\) from \d+ to its end",
        check="coverage",
    ),
    _mutation(
        "warc-removed-back",
        "a file comes back with the records that were removed",
        tools(lambda a: (a / "warc/00001.warc.gz").write_bytes(made().removed)),
        "00001.warc.gz",
        check="coverage",
        forger="the tools",
    ),
)
