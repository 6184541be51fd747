"""A record taken apart into contents that can be searched and changed, and put together again.

A head, a body with its codings undone, the parts of an MHTML file with theirs. What cannot be taken apart is given as
`closed`: whoever looks for secrets cannot say that it holds none.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.coding import undone
from crawler.evidence.warc import Record
from crawler.withholding import mhtml

LIMIT = 256 << 20  # bytes of a body with its content coding undone
ORIGINAL = b"X-Archive-Orig-"
PICTURES = ("image/", "video/", "audio/", "font/", "application/font", "application/pdf", "application/zip")
_SOLID = ("image/svg", "text/")
_LENGTH, _CODINGS = b"content-length", (b"content-encoding", b"transfer-encoding")
_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(slots=True)
class Part:
    """One content of a record. `kind`: head, form, multipart, text, binary, packed or closed."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """The parts of a record's block, and how a block is made of as many contents."""

    parts: tuple[Part, ...]
    join: Callable[[Sequence[bytes]], bytes]


def open_record(record: Record) -> Opened:
    """Take a record's block apart. Never raises: a block of an unknown form is one text."""
    if record.content_type.startswith("application/http"):
        try:
            return _message(record)
        except FormatError:
            return _single(record.block, "text")
    if record.content_type.startswith("multipart/related"):
        return _mhtml(record.block)
    return _body(record.block, record.content_type)


def kind_of(content: bytes, media_type: str) -> str:
    """How a content is searched. What says that it is a picture is one only if it begins as no text does."""
    media_type = media_type.lower()
    if content[:2] == b"\x1f\x8b" or content[:4] == b"PK\x03\x04":
        return "packed"
    if "x-www-form-urlencoded" in media_type:
        return "form"
    if media_type.startswith("multipart/form-data"):
        return "multipart"
    if media_type.startswith(PICTURES) and not media_type.startswith(_SOLID) and b"\0" in content[:4096]:
        return "binary"
    return "text"


def _single(block: bytes, kind: str) -> Opened:
    return Opened((Part("block", kind, block),), lambda contents: contents[0])


def _body(block: bytes, media_type: str) -> Opened:
    coding = _MARKS.get(block[:2])
    kind = kind_of(block, media_type)
    if coding is not None and kind == "text":
        try:
            text = block[2:].decode(coding).encode("utf-8")
        except UnicodeError:
            return _single(block, kind)
        mark = block[:2]
        return Opened(
            (Part("block", "text", text),),
            lambda contents: mark + contents[0].decode("utf-8", "replace").encode(coding),
        )
    return _single(block, kind)


def _mhtml(block: bytes) -> Opened:
    pieces = mhtml.split(block)
    if pieces is None:
        return _single(block, "text")
    parts = []
    for number, piece in enumerate(pieces):
        parts.append(Part(f"part {number} head", "head", piece.head))
        parts.append(Part(f"part {number} body", kind_of(piece.content, piece.media_type), piece.content))

    def join(contents: Sequence[bytes]) -> bytes:
        changed = zip(contents[::2], contents[1::2], strict=True)
        return mhtml.join([piece.with_content(*pair) for piece, pair in zip(pieces, changed, strict=True)])

    return Opened(tuple(parts), join)


def _message(record: Record) -> Opened:
    message = record.block
    interim = http.split_interim(message) if record.type == "response" else 0
    head = http.parse_head(message[interim:])
    start = interim + head.length
    raw = message[start:]
    types = head.values(b"content-type")
    media_type = types[-1].decode("latin-1") if types else ""
    try:
        body = _undone(head, raw)
    except (FormatError, zlib.error):
        body = None
    opened = _body(raw if body is None else body, media_type)
    parts = [Part("head", "head", message[:start]), *opened.parts]
    if body is None:
        parts[1] = Part("body", "closed", raw)
    else:
        parts[1].name = "body"

    def join(contents: Sequence[bytes]) -> bytes:
        if contents[1] == parts[1].content:
            return contents[0] + raw
        return _fitting(contents[0], interim, opened.join(contents[1:]))

    return Opened(tuple(parts), join)


def _undone(head: http.Head, raw: bytes) -> bytes:
    """The body without transfer and content coding. Raises FormatError where that fails."""
    body = http.dechunk(raw) if head.chunked else raw
    codings = head.values(b"content-encoding")
    return undone(body, codings, LIMIT)


def _fitting(head: bytes, interim: int, body: bytes) -> bytes:
    """The message with a changed body: fields that do not fit it any more are renamed, its length is stated."""
    parsed = http.parse_head(head[interim:])
    known = {name.lower() for name, _ in parsed.fields}
    lines, had = [parsed.start_line], False
    for name, value in parsed.fields:
        low = name.lower()
        had = had or low == _LENGTH or low == _CODINGS[1]
        if low in (_LENGTH, *_CODINGS):
            name = ORIGINAL + name
            if name.lower() in known:  # the first to change it kept what the server said
                continue
        lines.append(name + b": " + value)
    if had:
        lines.append(b"Content-Length: %d" % len(body))
    return head[:interim] + b"\r\n".join((*lines, b"", b"")) + body
