"""HTTP messages of other recorders: secrets taken out of them, and heads made to fit the bodies that they stand over.

Two things only are changed, and each is said in the capture's metadata record: the values of cookies and credentials
are replaced by ``[withheld]``, and a field that does not fit the stored body is renamed ``X-Archive-Orig-…``
(evidence-formats.md §4). The unchanged file stays in the archive and is never exported.
"""

import re
import zlib
from typing import NamedTuple

import brotli

from crawler.errors import FormatError
from crawler.evidence import http

ORIGINAL = b"X-Archive-Orig-"
WITHHELD = b"[withheld]"

_SECRET = re.compile(
    rb"(?im)^(cookie2?|set-cookie2?|(?:proxy-)?authorization)[ \t]*:[^\n]*(?:\n[ \t]+[^\n]*)*(?<!\r)(?=\r?$)"
)
_CHUNK_BEGINS = re.compile(rb"[0-9A-Fa-f]{1,16}[ \t]*(;[^\r\n]*)?\r\n")
_LOOKED_AT = 64 << 10  # bytes of a body that tell whether it is coded at all
_BODILESS = (204, 304)


class Fitted(NamedTuple):
    """A message whose head fits its body; the fields that were renamed for that; why it is not whole, or None."""

    message: bytes
    renamed: tuple[str, ...]
    reason: str | None


def withhold(message: bytes) -> tuple[bytes, list[str]]:
    """The message with its secrets replaced, and the names of the fields that held them; only its head is changed."""
    size = _head_size(message)
    head, names = message[:size], []

    def replaced(found: re.Match[bytes]) -> bytes:
        names.append(found[1].decode("ascii").title())
        return found[1] + b": " + WITHHELD

    head = _SECRET.sub(replaced, head)
    return (head + message[size:], sorted(set(names))) if names else (message, [])


def fitted(message: bytes, *, method: str = "GET", dechunked: bool = False) -> Fitted:
    """Make the head of a response fit its body. `dechunked`: the body is known to stand without its chunks.

    Raises FormatError for what is no HTTP message.
    """
    head = http.parse_head(message)
    body = message[head.length :]
    renamed, reason = [], None
    if head.chunked and (body or dechunked):
        broken = dechunked or _is_broken(body)
        if broken and not dechunked and _CHUNK_BEGINS.match(body):
            return Fitted(message, (), "the chunks of its body are broken or cut")
        renamed += ["Transfer-Encoding"] if broken else []
    entity = body if renamed or not head.chunked else http.dechunk(body)
    coding = b",".join(head.values(b"content-encoding")).lower().strip().decode("latin-1")
    if entity and coding not in ("", "identity") and not _begins_as(coding, entity):
        renamed.append("Content-Encoding")
    length = head.body_limit
    if length is not None and (not head.chunked or "Transfer-Encoding" in renamed):
        if renamed or length < len(body):
            renamed.append("Content-Length")
        elif length > len(body) and method != "HEAD" and head.status not in _BODILESS:
            reason = f"its body has {len(body)} of the {length} bytes that its head announces"
    if not renamed:
        return Fitted(message, (), reason)
    # Without its old length the body would have none; chunks that still stand need none.
    chunked = head.chunked and "Transfer-Encoding" not in renamed
    fitting = _renamed(message[: head.length], renamed, None if chunked else len(body))
    return Fitted(fitting + body, tuple(renamed), reason)


def message_of(start_line: str, fields: list[tuple[str, str]], body: bytes) -> bytes:
    """A message put together from what a recorder wrote down of it; line breaks in values become blanks."""
    lines = [start_line, *(f"{name}: {value}" for name, value in fields)]
    cleaned = (re.sub(r"[\r\n\x00]+", " ", line) for line in lines)
    return "".join(f"{line}\r\n" for line in cleaned).encode("utf-8", "replace") + b"\r\n" + body


def _renamed(head: bytes, names: list[str], length: int | None) -> bytes:
    pattern = b"(?im)^(" + b"|".join(re.escape(name.encode()) for name in names) + rb")(?=[ \t]*:)"
    head = re.sub(pattern, lambda found: ORIGINAL + found[1], head)
    end = b"\r\n" if head.endswith(b"\r\n") else b"\n"
    return head if length is None else head[: -len(end)] + b"Content-Length: %d" % length + end + end


def _is_broken(body: bytes) -> bool:
    try:
        http.dechunk(body)
    except FormatError:
        return True
    return False


def _begins_as(coding: str, body: bytes) -> bool:
    """Whether the beginning of a body can be of that content coding; an unknown one is taken at its word."""
    begins = body[:_LOOKED_AT]
    if coding in ("gzip", "x-gzip"):
        return begins[:2] == b"\x1f\x8b"
    if coding == "zstd":
        return begins[:4] == b"\x28\xb5\x2f\xfd" or begins[1:4] == b"\x2a\x4d\x18"
    try:
        if coding == "br":
            brotli.Decompressor().process(begins, output_buffer_limit=_LOOKED_AT)
        elif coding == "deflate":
            return _inflates(begins, 15) or _inflates(begins, -15)
    except brotli.error:
        return False
    return True


def _inflates(begins: bytes, window: int) -> bool:
    try:
        zlib.decompressobj(window).decompress(begins, _LOOKED_AT)
    except zlib.error:
        return False
    return True


def _head_size(message: bytes) -> int:
    try:
        return http.parse_head(message).length
    except FormatError:
        return min(len(message), http.HEAD_LIMIT)  # cut inside its head, or no HTTP: all of it may be head
