"""Signed notes and checkpoints: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-proof@v1.

A note is text, a blank line, and signature lines ``— <key name> <base64(key ID[4] ‖ signature)>``. The signed
bytes are the text with its last newline, without the blank line. A checkpoint is a note whose text is

    <origin>
    <tree size, decimal>
    <base64 of the 32-byte root>

Only Ed25519 (signature type 0x01) is known here: it is what today's distributions verify with `openssl`.
In our logs the origin and the key name are the same string.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crawler.errors import FormatError, LogError
from crawler.evidence.durable import durable_create
from crawler.evidence.proof import DIGEST_SIZE

SIGNATURE_PREFIX = "— "  # U+2014, U+0020
ED25519 = b"\x01"  # signature type identifier byte
PROOF_HEADER = "c2sp.org/tlog-proof@v1"
MAX_SIGNATURES = 100  # a note must accept at least 16; a limit keeps a hostile note from costing time
MAX_NOTE = 1_000_000  # bytes

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name, as in a vkey line; `key_id` has 4 bytes."""

    name: str
    key_id: bytes
    public_key: Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: how many leaves the log `origin` has, and the 32-byte root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note text that is signed. Raises FormatError for values that a checkpoint cannot carry."""
        if not self.origin or "\n" in self.origin or _CONTROL.search(self.origin):
            raise FormatError(f"not an origin: {self.origin!r}; use a short name like example.org/archive")
        if self.size < 0 or len(self.root) != DIGEST_SIZE:
            raise FormatError(f"not a tree head: size {self.size}, root of {len(self.root)} bytes")
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """The text of a note, and the names of the known keys whose signatures were verified (at least one)."""

    text: str
    signed_by: tuple[str, ...]


def make_key() -> Ed25519PrivateKey:
    """A new log key."""
    return Ed25519PrivateKey.generate()


def save_key(path: Path, key: Ed25519PrivateKey, passphrase: bytes | None = None) -> None:
    """Write a key as PKCS#8 PEM with mode 0600, durable. Raises FileExistsError: a key is never replaced."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption(),
    )
    durable_create(path, pem, mode=0o600)


def load_key(path: Path, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """Read a key that `save_key` wrote. Raises LogError: key missing, wrong passphrase, or not Ed25519."""
    try:
        pem = path.read_bytes()
    except FileNotFoundError as error:
        raise LogError(f"the log's key {path} is missing; restore it from your backup") from error
    try:
        key = serialization.load_pem_private_key(pem, passphrase)
    except (TypeError, ValueError) as error:
        hint = "the passphrase may be wrong" if passphrase else "it may need a passphrase"
        raise LogError(f"the log's key {path} cannot be read: {error}; {hint}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise LogError(f"the log's key {path} is not an Ed25519 key; restore the right one from your backup")
    return key


def vkey(name: str, public_key: Ed25519PublicKey) -> str:
    """The verifier key line: ``name+<8 hex of the key ID>+base64(0x01 ‖ 32-byte key)``."""
    _require_name(name)
    encoded = base64.b64encode(ED25519 + public_key.public_bytes_raw()).decode()
    return f"{name}+{_key_id(name, public_key).hex()}+{encoded}"


def parse_vkey(text: str) -> Verifier:
    """Read a vkey line (one trailing newline is allowed). Raises FormatError, also for other key types."""
    line = text.removesuffix("\n")
    name, _, rest = line.partition("+")
    key_id, _, encoded = rest.partition("+")
    _require_name(name)
    key_bytes = _base64(encoded, f"vkey {line!r}")
    if key_bytes[:1] != ED25519 or len(key_bytes) != 33:
        raise FormatError(f"vkey {line!r} is not an Ed25519 key (type 0x01 and 32 bytes)")
    public_key = Ed25519PublicKey.from_public_bytes(key_bytes[1:])
    verifier = Verifier(name, _key_id(name, public_key), public_key)
    if key_id != verifier.key_id.hex():
        raise FormatError(f"vkey {line!r}: key ID is {verifier.key_id.hex()}, the line says {key_id!r}")
    return verifier


def parse_vkeys(text: str) -> tuple[Verifier, ...]:
    """Every line of trust/log.vkey, the oldest key first; the last one signs today. Raises FormatError."""
    verifiers = tuple(parse_vkey(line) for line in text.splitlines() if line)
    if not verifiers:
        raise FormatError("no verifier key: expected one vkey line for each key, oldest first")
    return verifiers


def sign(checkpoint: Checkpoint, name: str, key: Ed25519PrivateKey) -> bytes:
    """The checkpoint as a note signed by one key. Ed25519 is deterministic: same input, same bytes."""
    _require_name(name)
    text = checkpoint.text()
    signature = _key_id(name, key.public_key()) + key.sign(text.encode())
    return f"{text}\n{SIGNATURE_PREFIX}{name} {base64.b64encode(signature).decode()}\n".encode()


def open_note(note: bytes, verifiers: Iterable[Verifier]) -> Checkpoint:
    """The checkpoint in a note, once verified. Raises FormatError as `read_note` does, or if it is not one.

    The key that signed must be the one of the origin (tlog-proof, "Verifying", step 2): a key that is
    known for one log says nothing about another. Extension lines are checked and then ignored.
    """
    opened = read_note(note, verifiers)
    checkpoint = _parse_checkpoint(opened.text)
    if checkpoint.origin not in opened.signed_by:
        raise FormatError(
            f"checkpoint of {checkpoint.origin!r} is signed by {', '.join(opened.signed_by)} only; "
            f"the log's own signature is missing"
        )
    return checkpoint


def read_note(note: bytes, verifiers: Iterable[Verifier]) -> SignedNote:
    """Verify a signed note by the rules of c2sp.org/signed-note. Raises FormatError.

    Signatures of unknown keys (name and key ID together) are ignored; a known key's signature that fails
    rejects the whole note; so does a note that no known key signed.
    """
    known = _by_name_and_id(verifiers)
    text, lines = _split_note(note)
    signed_by = []
    for line in lines:
        name, signature = _parse_signature(line)
        verifier = known.get((name, signature[:4]))
        if verifier is None:
            continue
        try:
            verifier.public_key.verify(signature[4:], text.encode())
        except InvalidSignature as error:
            raise FormatError(f"note: the signature of {name} is wrong; text or signature changed") from error
        signed_by.append(name)
    if not signed_by:
        wanted = ", ".join(name for name, _ in known) or "none"
        raise FormatError(f"note: no signature of a known key (known: {wanted})")
    return SignedNote(text, tuple(dict.fromkeys(signed_by)))


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
        _base64(lines.pop(0).removeprefix("extra "), "tlog-proof: extra line")
    index = lines.pop(0) if lines else ""
    if not index.startswith("index ") or not _DECIMAL.fullmatch(index.removeprefix("index ")):
        raise FormatError(f"tlog-proof: expected a line 'index N', got {index!r}")
    path = [_base64(line, "tlog-proof: path") for line in lines]
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
    root = _base64(encoded, f"checkpoint of {origin}: root")
    if len(root) != DIGEST_SIZE:
        raise FormatError(f"checkpoint of {origin}: root has {len(root)} bytes, not {DIGEST_SIZE}")
    return Checkpoint(origin, int(size), root)


def _split_note(note: bytes) -> tuple[str, list[str]]:
    """Text (with its last newline) and signature lines; the *last* blank line separates them."""
    if len(note) > MAX_NOTE:
        raise FormatError(f"note: {len(note)} bytes, more than {MAX_NOTE}")
    try:
        decoded = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"note: not UTF-8: {error}") from error
    if control := _CONTROL.search(decoded):
        raise FormatError(f"note: control character {control[0]!r} at {control.start()}")
    head, blank, signatures = decoded.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise FormatError("note: no blank line followed by whole signature lines")
    lines = signatures.removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise FormatError(f"note: {len(lines)} signatures, more than {MAX_SIGNATURES}")
    return head + "\n", lines


def _parse_signature(line: str) -> tuple[str, bytes]:
    """Key name and key ID ‖ signature of one signature line."""
    name, _, encoded = line.removeprefix(SIGNATURE_PREFIX).partition(" ")
    if not line.startswith(SIGNATURE_PREFIX):
        raise FormatError(f"note: not a signature line: {line!r}")
    _require_name(name)
    signature = _base64(encoded, f"note: signature of {name}")
    if len(signature) < 5:
        raise FormatError(f"note: signature of {name} has {len(signature)} bytes, too short")
    return name, signature


def _by_name_and_id(verifiers: Iterable[Verifier]) -> dict[tuple[str, bytes], Verifier]:
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        other = known.setdefault((verifier.name, verifier.key_id), verifier)
        if other.public_key != verifier.public_key:
            raise FormatError(f"two known keys share the name {verifier.name} and one key ID; rename one")
    return known


def _key_id(name: str, public_key: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public_key.public_bytes_raw()).digest()[:4]


def _require_name(name: str) -> None:
    unfit = any(char.isspace() or char < " " for char in name)
    if not name or "+" in name or unfit:
        raise FormatError(f"not a key name: {name!r}; it may hold no space and no plus sign")


def _base64(encoded: str, what: str) -> bytes:
    """Canonical standard base64 only (RFC 4648 section 4, trailing bits zero): one text, one meaning."""
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError(f"{what} is not base64: {error}") from error
    if base64.b64encode(decoded).decode() != encoded:
        raise FormatError(f"{what} is not canonical base64: {encoded!r}")
    return decoded
