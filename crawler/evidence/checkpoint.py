"""Checkpoints and what proves membership by them: c2sp.org/tlog-checkpoint, c2sp.org/tlog-proof@v1.

A checkpoint is a signed note (crawler.evidence.note) whose text is

    <origin>
    <tree size, decimal>
    <base64 of the 32-byte root>

In our logs the origin and the key name are the same string.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.errors import FormatError
from crawler.evidence.note import (
    CONTROL,
    Verifier,
    decode_base64,
    read_note,
    require_name,
    sign_note,
)
from crawler.evidence.proof import DIGEST_SIZE

PROOF_HEADER = "c2sp.org/tlog-proof@v1"

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: how many leaves the log `origin` has, and the 32-byte root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note text that is signed. Raises FormatError for values that a checkpoint cannot carry."""
        if not self.origin or "\n" in self.origin or CONTROL.search(self.origin):
            raise FormatError(f"not an origin: {self.origin!r}; use a short name like example.org/archive")
        if self.size < 0 or len(self.root) != DIGEST_SIZE:
            raise FormatError(f"not a tree head: size {self.size}, root of {len(self.root)} bytes")
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def sign(checkpoint: Checkpoint, name: str, key: Ed25519PrivateKey) -> bytes:
    """The checkpoint as a note signed by one key. Ed25519 is deterministic: same input, same bytes."""
    require_name(name)
    return sign_note(checkpoint.text(), name, key)


def open_note(note: bytes, verifiers: Iterable[Verifier]) -> Checkpoint:
    """The checkpoint in a note, once verified: `open_signed` without its signer."""
    return open_signed(note, verifiers)[0]


def open_signed(note: bytes, verifiers: Iterable[Verifier]) -> tuple[Checkpoint, Verifier]:
    """The checkpoint in a note, and which of the log's keys signed it.

    Raises FormatError as `read_note` does, or if it is no checkpoint. The key that signed must be one of the
    origin's (tlog-proof, "Verifying", step 2): a key that is known for one log says nothing about another. And
    it must be one alone: a log has one key in force at a time. Extension lines are checked and then ignored.
    """
    opened = read_note(note, verifiers)
    checkpoint = _parse_checkpoint(opened.text)
    signers = [signer for signer in opened.signers if signer.name == checkpoint.origin]
    if not signers:
        raise FormatError(
            f"checkpoint of {checkpoint.origin!r} is signed by {', '.join(opened.signed_by)} only; "
            f"the log's own signature is missing"
        )
    if len(signers) > 1:
        raise FormatError(f"checkpoint is signed by {len(signers)} keys of {checkpoint.origin!r}, not by one")
    return checkpoint, signers[0]


def tlog_proof(index: int, path: Sequence[bytes], note: bytes) -> bytes:
    """A self-contained receipt, c2sp.org/tlog-proof@v1 without `extra` (which is not authenticated)."""
    if index < 0 or any(len(digest) != DIGEST_SIZE for digest in path):
        raise FormatError(f"not an inclusion proof: index {index}, path of {len(path)} digests")
    lines = [PROOF_HEADER, f"index {index}", *(base64.b64encode(digest).decode() for digest in path), "", ""]
    return "\n".join(lines).encode() + note


def parse_tlog_proof(content: bytes) -> tuple[int, list[bytes], bytes]:
    """Read a tlog-proof: leaf index, path, and the checkpoint note as it stands. Raises FormatError.

    Nothing is verified here: pass the note to `open_note` and the path to `proof.verify_inclusion`. An
    `extra` line is read over.
    """
    head, blank, note = content.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"tlog-proof: not ASCII before the checkpoint: {error}") from error
    if lines.pop(0) != PROOF_HEADER or not blank or not note:
        raise FormatError(f"not a tlog-proof: it starts with {content[:40]!r}, expected {PROOF_HEADER}")
    if lines and lines[0].startswith("extra "):
        decode_base64(lines.pop(0).removeprefix("extra "), "tlog-proof: extra line")
    index = lines.pop(0) if lines else ""
    if not index.startswith("index ") or not _DECIMAL.fullmatch(index.removeprefix("index ")):
        raise FormatError(f"tlog-proof: expected a line 'index N', got {index!r}")
    path = [decode_base64(line, "tlog-proof: path") for line in lines]
    if any(len(digest) != DIGEST_SIZE for digest in path):
        raise FormatError(f"tlog-proof: a path digest does not have {DIGEST_SIZE} bytes")
    return int(index.removeprefix("index ")), path, note


def _parse_checkpoint(text: str) -> Checkpoint:
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or "" in lines:
        raise FormatError(f"checkpoint: expected origin, size and root on three lines, got {lines!r}")
    origin, size, encoded = lines[:3]
    if not _DECIMAL.fullmatch(size):
        raise FormatError(f"checkpoint of {origin}: tree size {size!r} is not a plain decimal number")
    root = decode_base64(encoded, f"checkpoint of {origin}: root")
    if len(root) != DIGEST_SIZE:
        raise FormatError(f"checkpoint of {origin}: root has {len(root)} bytes, not {DIGEST_SIZE}")
    return Checkpoint(origin, int(size), root)
