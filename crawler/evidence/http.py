"""HTTP/1.1 messages as bytes: find the head, read its fields, undo the transfer coding (RFC 9112).

Nothing here repairs. What does not parse raises FormatError; the stored bytes stay as they are. A body can be read
whole (`payload`, `dechunk`) or as it comes, in pieces (`Body`, `Dechunker`): one code does both.
"""

import re
from dataclasses import dataclass

from crawler.errors import FormatError

HEAD_LIMIT = 1 << 20  # bytes of a head, and of all interim answers; servers and browsers stop far below
LINE_LIMIT = 1 << 16  # bytes of a chunk's size line with its extensions
CHUNK_LIMIT = 1 << 21  # chunks of one body: each costs time, however small it is

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{1,16}")
_MOST_DIGITS = 18  # int() refuses thousands of digits with a ValueError


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
        if len(parts) < 2 or not parts[1].isdigit() or len(parts[1]) > _MOST_DIGITS:
            raise FormatError(f"no status code in {self.start_line[:80]!r}")
        return int(parts[1])

    @property
    def chunked(self) -> bool:
        """Whether the body is stored in chunks (RFC 9112 §6.1)."""
        codings = b",".join(self.values(b"transfer-encoding")).lower().split(b",")
        return codings[-1].strip() == b"chunked"

    @property
    def body_limit(self) -> int | None:
        """How many bytes of body Content-Length lets stand at most, None without one (or beyond any length)."""
        lengths = self.values(b"content-length")
        if not lengths or not lengths[0].isdigit():
            return None
        digits = lengths[0].lstrip(b"0") or b"0"
        return int(digits) if len(digits) <= _MOST_DIGITS else None


def parse_head(message: bytes) -> Head:
    """Read the head of a message. Raises FormatError when the blank line is missing or a field has no colon.

    Only the first HEAD_LIMIT bytes are looked at.
    Lines that end in a bare LF are accepted, as RFC 9112 §2.2 lets a recipient do; a folded line (§5.2) is
    read as one value with a space.
    """
    length = _head_end(message)
    lines = _LINE_END.split(message[:length])
    fields: list[tuple[bytes, list[bytes]]] = []
    for line in lines[1:-2]:
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1][1].append(line.strip(b" \t"))
            continue
        name, colon, value = line.partition(b":")
        if not colon:
            raise FormatError(f"header field without a colon: {line[:80]!r}")
        fields.append((name, [value.strip(b" \t")]))
    return Head(lines[0], tuple((name, b" ".join(parts)) for name, parts in fields), length)


def split_interim(message: bytes) -> int:
    """How many bytes at the start are whole interim answers (1xx, RFC 9110 §15.2) before the final one.

    Only the first HEAD_LIMIT bytes are looked at.
    """
    start = 0
    while message.startswith(b"HTTP/1.1 1", start) and not message.startswith(b"HTTP/1.1 101", start):
        end = _HEAD_END.search(message, start, HEAD_LIMIT)
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
    return dechunk(body) if head.chunked else body[: head.body_limit]


def dechunk(body: bytes) -> bytes:
    """Undo chunked transfer coding; extensions and trailers are dropped (RFC 9112 §7.1)."""
    dechunker = Dechunker()
    content = b"".join(dechunker.feed(body))
    dechunker.finish()
    return content


class Dechunker:
    """Undoes chunked transfer coding of a body that comes in pieces; holds one size line at most."""

    def __init__(self) -> None:
        self._held = b""  # what is not consumed yet, from `_at` on
        self._at = 0
        self._position = 0  # of `_held` in the body
        self._begin, self._size = 0, 0  # of the chunk under way
        self._left: int | None = None  # bytes of it to come; None: a size line is next
        self._chunks = 0
        self._ended = False

    def feed(self, piece: bytes) -> list[bytes]:
        """The content in the next bytes of the body. Raises FormatError where a chunk is broken."""
        content: list[bytes] = []
        self._held += piece
        while not self._ended and (self._size_line() if self._left is None else self._chunk(content)):
            pass
        self._position += self._at
        self._held = b"" if self._ended else self._held[self._at :]
        self._at = 0
        return content

    def finish(self) -> None:
        """The body ends here. Raises FormatError if its last chunk has not come."""
        if self._ended:
            return
        if self._left is None:
            raise FormatError(f"chunk size line is cut at byte {self._position} of the body")
        raise self._cut()

    def _size_line(self) -> bool:
        """Read a size line; False if it has not come whole."""
        end = self._held.find(b"\r\n", self._at, self._at + LINE_LIMIT)
        if end < 0:
            if len(self._held) - self._at >= LINE_LIMIT:
                place = self._position + self._at
                raise FormatError(
                    f"chunk size line at byte {place} of the body has over {LINE_LIMIT} bytes: refused"
                )
            return False
        text = self._held[self._at : end].split(b";", 1)[0].strip()
        if not _HEXADECIMAL.fullmatch(text):  # int() would also take a sign, 0x and underscores
            raise FormatError(f"chunk size is not hexadecimal: {text[:20]!r}")
        self._chunks += 1
        if self._chunks > CHUNK_LIMIT:
            raise FormatError(f"the body has over {CHUNK_LIMIT} chunks: refused")
        self._size = self._left = int(text, 16)
        self._at = end + 2
        self._begin = self._position + self._at
        self._ended = not self._size
        return True

    def _chunk(self, content: list[bytes]) -> bool:
        """Take what has come of the chunk; False if it, or the line end behind it, has not come whole."""
        taken = self._held[self._at : self._at + (self._left or 0)]
        if taken:
            content.append(taken)
            self._at += len(taken)
        self._left = (self._left or 0) - len(taken)
        end = b"" if self._left else self._held[self._at : self._at + 2]
        if end == b"\r\n":
            self._at += 2
            self._left = None
            return True
        if len(end) == 2:
            raise self._cut()
        return False

    def _cut(self) -> FormatError:
        return FormatError(f"chunk of {self._size} bytes at byte {self._begin} of the body is cut")


class Body:
    """The entity body of a message that comes in pieces, as `payload` gives it for a whole one.

    With `interim`, interim answers before it are passed over (`split_interim`). Holds 2 HEAD_LIMIT at most.
    """

    def __init__(self, *, interim: bool) -> None:
        self._interim = interim
        self._held: bytes | None = b""  # the beginning of the message; None once its head is read
        self._dechunker: Dechunker | None = None
        self._left: int | None = None  # bytes that Content-Length leaves

    def feed(self, piece: bytes) -> list[bytes]:
        """The body in the next bytes of the message. Raises FormatError as `payload` does."""
        if self._held is None:
            return self._body(piece)
        self._held += piece
        return self._begin(self._held) if len(self._held) >= 2 * HEAD_LIMIT else []

    def finish(self) -> list[bytes]:
        """The message ends here: what is left of its body. Raises FormatError if it is cut."""
        content = [] if self._held is None else self._begin(self._held)
        if self._dechunker is not None:
            self._dechunker.finish()
        return content

    def _begin(self, message: bytes) -> list[bytes]:
        """Read the head. Neither it nor the interim answers can be longer than what has come."""
        self._held = None
        interim = split_interim(message) if self._interim else 0
        head = parse_head(message[interim:])
        self._left = head.body_limit
        self._dechunker = Dechunker() if head.chunked else None
        return self._body(message[interim + head.length :])

    def _body(self, piece: bytes) -> list[bytes]:
        if self._dechunker is not None:
            return self._dechunker.feed(piece)
        if self._left is None:
            return [piece]
        kept = piece[: self._left]
        self._left -= len(kept)
        return [kept]


def _head_end(message: bytes) -> int:
    end = _HEAD_END.search(message, 0, HEAD_LIMIT)
    if end is None:
        raise FormatError(f"message head has no blank line in its {min(len(message), HEAD_LIMIT)} bytes")
    return end.end()
