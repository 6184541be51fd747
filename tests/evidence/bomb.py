"""python bomb.py KIND SIZE FILE: writes a record that inflates to SIZE bytes, checks it, prints what it took."""

import hashlib
import itertools
import json
import resource
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.checks.streaming import INFLATED_LIMIT, STORED_PIECE, check_bounded, check_pieces
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Locator, StoredRecord

PIECE = 1 << 20
HTTP = b"HTTP/1.1 200 OK\r\n"


def block(kind: str, size: int) -> Iterator[bytes]:
    """`size` bytes of block."""
    begin, unit = {
        "zeros": (b"", b"\0"),
        "http": (HTTP + b"\r\n", b"\0"),
        "fold": (HTTP + b"A: b\r\n", b" c\r\n"),
        "chunks": (HTTP + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        "head": (b"", b"\0"),
    }[kind]
    endless, left = itertools.chain([begin], itertools.repeat(unit * (PIECE // len(unit)))), size
    while left:
        piece = next(endless)[:left]
        left -= len(piece)
        yield piece


def write(kind: str, size: int, path: Path) -> StoredRecord:
    """The record and its description, held in pieces only."""
    whole, body = hashlib.sha256(), hashlib.sha256()
    for number, piece in enumerate(block(kind, size)):
        whole.update(piece)
        if number or kind == "zeros":
            body.update(piece)
    begin = 0 if kind == "zeros" else len(next(block(kind, size)))
    labels = (f"sha256:{whole.hexdigest()}", f"sha256:{body.hexdigest()}")
    types = ("resource", "x/y") if kind == "zeros" else ("response", "application/http")
    head = (
        f"WARC/1.1\r\nWARC-Type: {types[0]}\r\nWARC-Record-ID: i\r\nWARC-Date: d\r\nContent-Type: {types[1]}\r\n"
        f"WARC-Block-Digest: {labels[0]}\r\nContent-Length: {size}\r\n\r\n"
    ).encode()
    if kind == "head":
        head = head[:-2] + b"X: "
    member = zlib.compressobj(9, zlib.DEFLATED, 31)
    with path.open("wb") as stream:
        for piece in itertools.chain([head], block(kind, size), [b"\r\n\r\n"]):
            stream.write(member.compress(piece))
        stream.write(member.flush())
    stored = path.read_bytes()
    place = Locator("warc/00001.warc.gz", 0, len(stored))
    return StoredRecord(
        types[0], "i", place, digest(stored), digest(stored, "sm3"), labels[0], labels[1], size - begin
    )


def main(kind: str, size: int, path: Path) -> None:
    """Check it, once held stored and once in pieces."""
    expected = write(kind, size, path)
    leaf, said = Leaf(None, None, ()), ""
    ready, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    try:
        if kind == "http":
            stored = path.read_bytes()
            pieces = [stored[at : at + STORED_PIECE] for at in range(0, len(stored), STORED_PIECE)]
            check_pieces(lambda: pieces, expected, leaf, limit=INFLATED_LIMIT)
        else:
            check_bounded(path.read_bytes(), expected, leaf, limit=INFLATED_LIMIT)
    except FormatError as error:
        said = str(error)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - ready) * 1024
    print(json.dumps({"said": said, "grown": grown, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
