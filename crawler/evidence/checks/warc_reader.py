"""The bytes of anybody's WARC file, record by record: plain or gzipped, each with where it is stored.

Memory stays flat: what a record claims is never allocated, and what gzip inflates to is taken in pieces and
charged to a budget.
"""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from crawler.errors import FormatError
from crawler.evidence.checks.zip_members import Budget

_PIECE = 256 << 10
_HEAD_LIMIT = 1 << 20  # a WARC head; WARC-JSON-Metadata makes some long
_CLOSING = b"\r\n\r\n"
_GZIP = 31


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is stored: offset and length in the file, digest of those bytes.

    `bare` is the digest without the two closing CRLF, which js-wacz does not count (plain WARC files only).
    """

    offset: int
    length: int
    sha256: bytes
    bare: bytes | None = None


class Reader:
    """Reads records one after the other: `begin`, `head`, `take` until the block is through, `finish`."""

    def __init__(self, pieces: Iterator[bytes], budget: Budget) -> None:
        """`pieces` are the file's bytes. Raises FormatError as they do."""
        self._pieces = pieces
        self._raw = next(pieces, b"")
        self._buffer = bytearray()
        self._budget = budget
        self.gzipped = self._raw[:2] == b"\x1f\x8b"
        self._inflate: zlib._Decompress | None = None
        self._consumed = 0  # bytes of the file that belong to what was read so far
        self._start = 0
        self._hasher = hashlib.sha256()
        self.shared = False  # records that share a gzip member cannot be addressed one by one

    def begin(self) -> bool:
        """Stand at the next record; False at the end of the file."""
        if self._buffer:
            self.shared = self.shared or self.gzipped
            self._mark()
            return True
        if not self._raw:
            self._raw = next(self._pieces, b"")
        if not self._raw:
            return False
        self._mark()
        if self.gzipped:
            self._inflate = zlib.decompressobj(_GZIP)
        return True

    def head(self) -> bytes:
        """The version line and fields, without the blank line. Raises FormatError."""
        searched = 0
        while (end := self._buffer.find(_CLOSING, searched)) < 0:
            searched = max(len(self._buffer) - 3, 0)
            if len(self._buffer) > _HEAD_LIMIT:
                raise FormatError(f"no end of the WARC head within {_HEAD_LIMIT} bytes")
            if not self._fill():
                raise FormatError("the file ends inside a WARC head")
        content = bytes(self._buffer[:end])
        self._drop(end + len(_CLOSING))
        return content

    def take(self, count: int) -> bytes:
        """Up to `count` bytes of the block, at least one. Raises FormatError at the end of the file."""
        if not self._buffer and not self._fill():
            raise FormatError("the file ends inside a record")
        content = bytes(self._buffer[:count])
        self._drop(len(content))
        return content

    def finish(self) -> Place | None:
        """Read what closes the record; None where it shares its gzip member. Raises FormatError."""
        bare = self._hasher.digest() if not self.gzipped else None
        while len(self._buffer) < len(_CLOSING) and self._fill():
            pass
        if self._buffer[: len(_CLOSING)] != _CLOSING:
            raise FormatError("two CRLF expected after the block: its length is wrong, or the file is cut")
        self._drop(len(_CLOSING))
        if self.gzipped:
            while not self._buffer and self._fill():
                pass
            self.shared = self.shared or bool(self._buffer)
            if self.shared:
                return None
        return Place(self._start, self._consumed - self._start, self._hasher.digest(), bare)

    def _mark(self) -> None:
        self._start = self._consumed
        self._hasher = hashlib.sha256()

    def _drop(self, count: int) -> None:
        if not self.gzipped:
            self._consumed += count
            self._hasher.update(self._buffer[:count])
        del self._buffer[:count]

    def _fill(self) -> bool:
        """Put more content into the buffer; False at the end of the gzip member, or of a plain file."""
        if self.gzipped:
            return self._fill_inflated()
        content = self._raw or next(self._pieces, b"")
        self._buffer += content
        self._raw = b""
        return bool(content)

    def _fill_inflated(self) -> bool:
        before = len(self._buffer)
        while len(self._buffer) == before and self._inflate is not None and not self._inflate.eof:
            starved = not self._raw
            try:
                content = self._inflate.decompress(self._raw, _PIECE)
            except zlib.error as error:
                raise FormatError(f"gzip member is damaged: {error}") from error
            rest = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            self._hasher.update(self._raw[: len(self._raw) - len(rest)])
            self._consumed += len(self._raw) - len(rest)
            self._raw = rest
            self._budget.spend(len(content))
            self._buffer += content
            if starved and not content and not self._inflate.eof:
                self._raw = next(self._pieces, b"")
                if not self._raw:
                    raise FormatError("the file ends inside a gzip member")
        return len(self._buffer) > before
