"""MHTML (RFC 2557) as Chromium writes it: split into parts with their codings undone, and joined again.

A part whose content did not change keeps its very bytes.
"""

import base64
import binascii
import quopri
import re
from dataclasses import dataclass, replace

_BLANK = re.compile(rb"\r?\n\r?\n")
_BOUNDARY = re.compile(rb'boundary="?([^"\r\n;]{1,200})"?', re.IGNORECASE)
_FIELD = re.compile(rb"^([\w-]+):[ \t]*((?:[^\r\n]|\r?\n[ \t])*)", re.MULTILINE)
_PARTS = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """One part: head with its blank line, the body as it stands, and what it holds."""

    head: bytes
    raw: bytes
    content: bytes
    coding: str
    media_type: str

    def with_content(self, head: bytes, content: bytes) -> "Piece":
        """The same part with another head or content."""
        if content == self.content:
            return replace(self, head=head)
        return replace(self, head=head, content=content, raw=_coded(content, self.coding))


def split(block: bytes) -> list[Piece] | None:
    """The parts: first the file's own head with its preamble, then each part. None for what is no MHTML."""
    found = _BOUNDARY.search(block, 0, 1 << 16)
    if found is None:
        return None
    delimiter = b"--" + found[1]
    pieces = block.split(delimiter)
    # The first mention is in the head, without the hyphens, unless the boundary itself begins with some.
    if len(pieces) < 3 or len(pieces) > _PARTS:
        return None
    return [_piece(piece, b"" if number == 0 else delimiter) for number, piece in enumerate(pieces)]


def join(pieces: list[Piece]) -> bytes:
    """The file of these parts."""
    return b"".join(piece.head + piece.raw for piece in pieces)


def _piece(text: bytes, delimiter: bytes) -> Piece:
    blank = _BLANK.search(text)
    if blank is None:
        return Piece(delimiter + text, b"", b"", "", "")
    head, raw = text[: blank.end()], text[blank.end() :]
    fields = {name.lower(): value for name, value in _FIELD.findall(head)}
    coding = fields.get(b"content-transfer-encoding", b"").strip().lower().decode("latin-1")
    media_type = fields.get(b"content-type", b"").strip().decode("latin-1")
    content, coding = _undone(raw, coding)
    return Piece(delimiter + head, raw, content, coding, media_type)


def _undone(raw: bytes, coding: str) -> tuple[bytes, str]:
    if coding == "quoted-printable":
        return quopri.decodestring(raw), coding
    if coding == "base64":
        try:
            return base64.b64decode(raw), coding
        except binascii.Error:
            return raw, ""
    return raw, ""


def _coded(content: bytes, coding: str) -> bytes:
    if coding == "quoted-printable":
        return quopri.encodestring(content).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if coding == "base64":
        return base64.encodebytes(content).replace(b"\n", b"\r\n") + b"\r\n"
    return content
