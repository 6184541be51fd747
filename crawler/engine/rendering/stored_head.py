"""The head of an answer as it is stored before a body whose codings the browser has undone.

Header fields that no longer fit are renamed ``X-Archive-Orig-…``, and Content-Length is what is stored
(evidence-formats.md §4, way (a)). The body can then be read by everybody, and the head says what it was.
"""

import re
from typing import NamedTuple

from crawler.errors import FormatError
from crawler.evidence import http

ORIGINAL = b"X-Archive-Orig-"

_CODED = (b"content-encoding", b"transfer-encoding")
_LENGTH = b"content-length"
# An interim answer (1xx) is never the last one, but for 101.
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (?:101|[2-9][0-9]{2})(?: |$)")


class StoredHead(NamedTuple):
    """A head with its blank line, and the names of the fields that were renamed in it."""

    head: bytes
    renamed: tuple[str, ...]


def stored_head(head: bytes, length: int) -> StoredHead:
    """The head for a stored body of `length` bytes. Raises FormatError for one that is no head of an HTTP answer."""
    parsed = http.parse_head(head)
    lines, renamed, fits = [_status_line(parsed.start_line)], [], False
    for name, value in parsed.fields:
        low = name.lower()
        same = low == _LENGTH and value == str(length).encode()
        kept = name
        if low in _CODED or (low == _LENGTH and not same):
            kept = ORIGINAL + name
            renamed.append(name.decode("latin-1"))
        fits = fits or same
        lines.append(kept + b": " + value)
    if not fits:
        lines.append(b"Content-Length: %d" % length)
    made = b"\r\n".join((*lines, b"", b""))
    if len(made) > http.HEAD_LIMIT:  # nobody would find its end
        raise FormatError(f"the head has {len(made)} bytes, over {http.HEAD_LIMIT}")
    return StoredHead(made, tuple(renamed))


def _status_line(line: bytes) -> bytes:
    """As it came; an HTTP/2 answer has none, and is written as HTTP/1.1 (warc-specifications#15)."""
    written = re.sub(rb"^HTTP/[23](?:\.\d)? ", b"HTTP/1.1 ", line)
    if not _STATUS_LINE.match(written):
        raise FormatError(f"no status line of an HTTP answer: {line[:80]!r}")
    return written
