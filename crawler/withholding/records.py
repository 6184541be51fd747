"""One record with its secrets cut out."""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.checks.records import is_http
from crawler.evidence.warc import Record
from crawler.withholding.mask import Mask
from crawler.withholding.parts import Part, open_record
from crawler.withholding.search import Search, Secret, Span
from crawler.withholding.secrets import named_in

INFLATED = 64 << 20  # bytes of a packed content, or of a PDF, that are looked into
WHOLE = "as a whole"
_LINE = re.compile(rb"([^\r\n]*)(\r?\n|\Z)")
# What zipfile raises on a file that is none, is damaged, encrypted, or compressed in a strange way.
_UNREADABLE = (OSError, EOFError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
_ADDRESS = re.compile(r"(https?|wss?|data|blob|file):", re.IGNORECASE)
_STREAM = re.compile(rb"stream\r?\n")

Json = dict[str, Any]


@dataclass(slots=True)
class Redacted:
    """A record without its secrets, and what was cut out of it: nothing if it is the same."""

    record: Record
    cuts: list[Json] = field(default_factory=list)
    whole: bool = False  # nothing of a content was left


class Redactor:
    """Cuts the secrets of one page out of its records."""

    def __init__(self, search: Search, mask: Mask) -> None:
        self.search = search
        self.mask = mask

    def record(self, record: Record) -> Redacted:
        """The record with a new block, address and fields; the same object if it holds no secret."""
        done = Redacted(record)
        opened = open_record(record)
        contents = [self._part(part, record, done) for part in opened.parts]
        if any(content != part.content for content, part in zip(contents, opened.parts, strict=True)):
            try:
                done.record = _with_block(record, opened.join(contents))
            except FormatError:  # a head that is none any more
                done.record, done.whole = _with_block(record, self._statement(record)), True
        self._head(done)
        return done

    def text(self, text: str) -> str:
        """A text of a manifest or of a record's head, e.g. an address."""
        content = text.encode("utf-8", "surrogatepass")
        return self._content(Part("text", "text", content), typed=True)[0].decode("utf-8", "replace")

    def tree(self, value: Any) -> Any:
        """Every text in a JSON value."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.tree(inner) for name, inner in value.items()}
        return [self.tree(inner) for inner in value] if isinstance(value, list | tuple) else value

    def _part(self, part: Part, record: Record, done: Redacted) -> bytes:
        content, cuts, whole = self._content(part, typed=record.type == "request")
        if content != part.content:
            done.cuts += [{"part": part.name, **cut} for cut in cuts]
            done.whole = done.whole or whole
        return content

    def _content(self, part: Part, *, typed: bool) -> tuple[bytes, list[Json], bool]:
        content = part.content
        if part.kind in ("binary", "packed", "closed"):
            return self._whole(part, self._closed(part))
        spans = [
            Span(
                place.start,
                place.end,
                content[place.start : place.end].decode("utf-8", "replace"),
                place.name,
            )
            for place in named_in(part, typed=typed)
        ] + self.search.spans(content)
        changed, cuts = self.mask.cut(content, spans)
        left = self.search.left(changed)
        if left:
            changed, cuts = self.mask.cut(content, [*spans, *self.search.escaped(content, left)])
            left = self.search.left(changed)
        if left and part.kind == "head":
            return self._lines(changed), cuts, False
        return self._whole(part, left) if left else (changed, cuts, False)

    def _whole(self, part: Part, secrets: list[Secret]) -> tuple[bytes, list[Json], bool]:
        if not secrets:
            return part.content, [], False
        mark = self.mask.mark(secrets[0].value)
        cut = {"offset": 0, "length": len(part.content), "mark": mark, "spelling": WHOLE}
        return mark.encode(), [cut], True

    def _closed(self, part: Part) -> list[Secret]:
        """What a content that is no text holds; of one that cannot be opened nobody can say that it holds nothing."""
        if part.kind == "closed":
            return list(self.search.secrets[:1])
        if part.kind == "packed":
            return next(
                (left for content in unpacked(part.content) if (left := self.search.left(content))), []
            )
        return list(self.search.secrets[:1]) if self.search.raw(part.content) else []

    def _lines(self, head: bytes) -> bytes:
        """A head whose fields hold what cannot be cut out of them: without the values of those."""
        lines: list[bytes] = []
        for found in _LINE.finditer(head):
            name, colon, _ = found[1].partition(b":")
            left = self.search.left(found[1])
            kept = name + colon + b" " if colon and lines else found[1].split(b" ")[0] + b" "
            lines.append((kept + self.mask.mark(left[0].value).encode() if left else found[1]) + found[2])
        return b"".join(lines)

    def _statement(self, record: Record) -> bytes:
        mark = self.mask.mark(self.search.secrets[0].value).encode()
        if record.type == "request":
            return b"GET " + mark + b" HTTP/1.1\r\n\r\n"
        return b"HTTP/1.1 200 \r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (
            len(mark),
            mark,
        )

    def _head(self, done: Redacted) -> None:
        """Address and fields of the WARC head."""
        record = done.record
        uri = None if record.target_uri is None else self.text(record.target_uri)
        fields = tuple((name, self.text(value)) for name, value in record.fields)
        if (uri, fields) != (record.target_uri, record.fields):
            done.cuts.append({"part": "WARC head"})
            done.record = replace(record, target_uri=uri, fields=fields)


def unpacked(content: bytes) -> Iterator[bytes]:
    """What a gzip or zip file holds, as far as it is looked into; and the file itself."""
    yield content
    try:
        yield zlib.decompressobj(31).decompress(content, INFLATED)
    except zlib.error:
        yield from _members(content)


def _members(content: bytes) -> Iterator[bytes]:
    room = INFLATED
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            for name in package.namelist():
                with package.open(name) as member:
                    held = member.read(room)
                room -= len(held)
                yield held
                if room <= 0:
                    return
    except _UNREADABLE:
        return  # no zip file, or a damaged one: it has been looked at as it is


def in_pdf(content: bytes) -> Iterator[bytes]:
    """A PDF as it is, and its deflated streams: addresses of links stand there, texts only as numbers of glyphs."""
    yield content
    room = INFLATED
    for found in _STREAM.finditer(content):
        try:
            stream = zlib.decompressobj().decompress(
                content[found.end() : found.end() + INFLATED], max(1, room)
            )
        except zlib.error:
            continue
        room -= len(stream)
        yield stream
        if room <= 0:
            return


def shown_texts(content: bytes, *, addresses: bool = True) -> Iterator[str]:
    """Every text in a JSON artefact, in order; the whole content if it is no JSON.

    Without the addresses of frames. An accessibility tree lists the `addresses` of links and pictures too, under
    many names: one that is seen is a text as well.
    """
    try:
        waiting = [json.loads(content)]
    except (ValueError, RecursionError):
        yield content.decode("utf-8", "replace")
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if addresses or not _ADDRESS.match(value):
                yield value
        elif isinstance(value, dict):
            waiting += reversed([inner for name, inner in value.items() if name != "url"])
        elif isinstance(value, list):
            waiting += reversed(value)


def _with_block(record: Record, block: bytes) -> Record:
    """The record around another block, with the payload that it has by its kind."""
    if not is_http(record):
        same = record.payload is not None
        return replace(record, block=block, payload=block if same else None)
    interim = http.split_interim(block) if record.type == "response" else 0
    head = http.parse_head(block[interim:])
    payload = None if record.payload is None else http.payload(block[interim:])
    return replace(
        record, block=block, payload=payload, declare_payload=record.declare_payload and not head.chunked
    )
