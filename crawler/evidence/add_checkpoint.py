"""The body of an ``add-checkpoint`` request: c2sp.org/tlog-witness.

    old <size of the checkpoint that the witness cosigned last, 0 for none>
    <base64 of a digest of the consistency proof>      0 … 63 such lines
                                                       an empty line
    <the signed checkpoint, a note>

Sent over HTTP or carried in a file; either way it holds nothing secret and proves itself.
"""

import base64
import re
from dataclasses import dataclass

from crawler.errors import FormatError
from crawler.evidence.note import decode_base64
from crawler.evidence.proof import DIGEST_SIZE

MAX_PATH = 63
MAX_BODY = 128 << 10  # bytes: a note of 16 ML-DSA-44 signatures has some 60,000, a path 2,900

MAX_LINE = 80  # characters of a proof line that are looked at; 44 are right

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """`note`, and the consistency path that leads to it from the first `old` entries."""

    old: int
    path: tuple[bytes, ...]
    note: bytes

    @property
    def origin(self) -> str:
        """The log that the note claims to be of; not verified. Raises FormatError if it is not text."""
        try:
            return self.note.partition(b"\n")[0].decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormatError(f"add-checkpoint: the checkpoint is not UTF-8: {error}") from error

    def to_bytes(self) -> bytes:
        """The request's body."""
        lines = [f"old {self.old}", *(base64.b64encode(digest).decode() for digest in self.path), "", ""]
        return "\n".join(lines).encode() + self.note


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """Read a body. Raises FormatError (a witness answers 400 then); the note is not looked into."""
    if len(body) > MAX_BODY:
        raise FormatError(f"add-checkpoint: {len(body)} bytes, more than {MAX_BODY}")
    head, blank, note = body.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"add-checkpoint: not ASCII before the checkpoint: {error}") from error
    if not blank or not note:
        raise FormatError("add-checkpoint: no empty line followed by a checkpoint")
    old = _OLD.fullmatch(first)
    if old is None:
        raise FormatError(f"add-checkpoint: expected a first line 'old N', got {first[:80]!r}")
    if len(lines) > MAX_PATH:
        raise FormatError(f"add-checkpoint: {len(lines)} proof lines, more than {MAX_PATH}")
    return AddCheckpoint(int(old[1]), tuple(_digest(line) for line in lines), note)


def _digest(line: str) -> bytes:
    digest = decode_base64(line[:MAX_LINE], "add-checkpoint: a proof line")
    if len(digest) != DIGEST_SIZE:
        raise FormatError(f"add-checkpoint: a proof line holds {len(digest)} bytes, not {DIGEST_SIZE}")
    return digest
