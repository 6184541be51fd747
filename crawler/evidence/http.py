"""HTTP/1.1 messages as bytes: find the head, read its fields, undo the transfer coding (RFC 9112).

Nothing here repairs. What does not parse raises FormatError; the stored bytes stay as they are.
"""

import re
from dataclasses import dataclass

from crawler.errors import FormatError

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{1,16}")


@dataclass(frozen=True, slots=True)
class Head:
    """A message head: the start line and the fields in order, names in their original case.

    `length` is the number of bytes up to and including the blank line: the body begins there.
    """

    start_line: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    length: int

    def values(self, name: bytes) -> list[bytes]:
        """Every value of a field, in order; names compare without case."""
        wanted = name.lower()
        return [value for field, value in self.fields if field.lower() == wanted]

    @property
    def status(self) -> int:
        """The status code of a response head. Raises FormatError if the start line has none."""
        parts = self.start_line.split(b" ", 2)
        if len(parts) < 2 or not parts[1].isdigit():
            raise FormatError(f"no status code in {self.start_line[:80]!r}")
        return int(parts[1])

    @property
    def chunked(self) -> bool:
        """Whether the body is stored in chunks (RFC 9112 §6.1)."""
        codings = b",".join(self.values(b"transfer-encoding")).lower().split(b",")
        return codings[-1].strip() == b"chunked"


def parse_head(message: bytes) -> Head:
    """Read the head of a message. Raises FormatError when the blank line is missing or a field has no colon.

    Lines that end in a bare LF are accepted, as RFC 9112 §2.2 lets a recipient do; a folded line (§5.2) is
    read as one value with a space.
    """
    length = _head_end(message)
    lines = _LINE_END.split(message[:length])
    fields: list[tuple[bytes, bytes]] = []
    for line in lines[1:-2]:
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + b" " + line.strip(b" \t"))
            continue
        name, colon, value = line.partition(b":")
        if not colon:
            raise FormatError(f"header field without a colon: {line[:80]!r}")
        fields.append((name, value.strip(b" \t")))
    return Head(lines[0], tuple(fields), length)


def split_interim(message: bytes) -> int:
    """How many bytes at the start are whole interim answers (1xx, RFC 9110 §15.2) before the final one."""
    start = 0
    while message.startswith(b"HTTP/1.1 1", start) and not message.startswith(b"HTTP/1.1 101", start):
        end = _HEAD_END.search(message, start)
        if end is None:  # cut inside an interim answer
            break
        start = end.end()
    return start


def payload(message: bytes) -> bytes:
    """The entity body: transfer coding removed, content coding kept (warc-specifications#22).

    Raises FormatError for a broken or cut chunk.
    """
    head = parse_head(message)
    body = message[head.length :]
    if head.chunked:
        return dechunk(body)
    lengths = head.values(b"content-length")
    if lengths and lengths[0].isdigit():
        return body[: int(lengths[0])]
    return body


def dechunk(body: bytes) -> bytes:
    """Undo chunked transfer coding; extensions and trailers are dropped (RFC 9112 §7.1)."""
    pieces: list[bytes] = []
    position = 0
    while True:
        line_end = body.find(b"\r\n", position)
        if line_end < 0:
            raise FormatError(f"chunk size line is cut at byte {position} of the body")
        size_text = body[position:line_end].split(b";", 1)[0].strip()
        if not _HEXADECIMAL.fullmatch(size_text):  # int() would also take a sign, 0x and underscores
            raise FormatError(f"chunk size is not hexadecimal: {size_text[:20]!r}")
        size = int(size_text, 16)
        start = line_end + 2
        if size == 0:
            return b"".join(pieces)
        if body[start + size : start + size + 2] != b"\r\n":
            raise FormatError(f"chunk of {size} bytes at byte {start} of the body is cut")
        pieces.append(body[start : start + size])
        position = start + size + 2


def _head_end(message: bytes) -> int:
    end = _HEAD_END.search(message)
    if end is None:
        raise FormatError(f"message head has no blank line in its {len(message)} bytes")
    return end.end()
