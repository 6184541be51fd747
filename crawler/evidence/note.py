"""Signed notes and verifier keys: c2sp.org/signed-note.

A note is text, a blank line, and signature lines ``— <key name> <base64(key ID[4] ‖ signature)>``. The signed
bytes are the text with its last newline, without the blank line. Only Ed25519 (signature type 0x01) is known
here: it is what today's distributions verify with `openssl`.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crawler.errors import FormatError
from crawler.evidence.digest import digest

SIGNATURE_PREFIX = "— "  # U+2014, U+0020
ED25519 = b"\x01"  # signature type identifier byte
MAX_SIGNATURES = 100  # a note must accept at least 16; a limit keeps a hostile note from costing time
MAX_NOTE = 1_000_000  # bytes
MAX_KEYS = 1_000  # lines of a vkey file: a key a week for twenty years

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")  # what no note may hold; a newline ends a line


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name, as in a vkey line; `key_id` has 4 bytes."""

    name: str
    key_id: bytes
    public_key: Ed25519PublicKey

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}"

    @property
    def line(self) -> str:
        """The vkey line of this key, without a newline."""
        return vkey(self.name, self.public_key)

    @property
    def fingerprint(self) -> str:
        """``sha256:<hex>`` over the DER SubjectPublicKeyInfo: what `openssl pkey -pubin -outform DER` writes."""
        return digest(self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@dataclass(frozen=True, slots=True)
class SignedNote:
    """The text of a note, and the known keys whose signatures were verified (at least one)."""

    text: str
    signers: tuple[Verifier, ...]

    @property
    def signed_by(self) -> tuple[str, ...]:
        """The names of the signers, each once."""
        return tuple(dict.fromkeys(signer.name for signer in self.signers))


def vkey(name: str, public_key: Ed25519PublicKey) -> str:
    """The verifier key line: ``name+<8 hex of the key ID>+base64(0x01 ‖ 32-byte key)``."""
    require_name(name)
    encoded = base64.b64encode(ED25519 + public_key.public_bytes_raw()).decode()
    return f"{name}+{_key_id(name, public_key).hex()}+{encoded}"


def verifier_of(name: str, public_key: Ed25519PublicKey) -> Verifier:
    """A public key under a name. Raises FormatError for a name that no key can have."""
    require_name(name)
    return Verifier(name, _key_id(name, public_key), public_key)


def parse_vkey(text: str) -> Verifier:
    """Read a vkey line (one trailing newline is allowed). Raises FormatError, also for other key types."""
    line = text.removesuffix("\n")
    name, _, rest = line.partition("+")
    key_id, _, encoded = rest.partition("+")
    require_name(name)
    key_bytes = decode_base64(encoded, f"vkey {line!r}")
    if key_bytes[:1] != ED25519 or len(key_bytes) != 33:
        raise FormatError(f"vkey {line!r} is not an Ed25519 key (type 0x01 and 32 bytes)")
    verifier = verifier_of(name, Ed25519PublicKey.from_public_bytes(key_bytes[1:]))
    if key_id != verifier.key_id.hex():
        raise FormatError(f"vkey {line!r}: key ID is {verifier.key_id.hex()}, the line says {key_id!r}")
    return verifier


def parse_vkeys(text: str) -> tuple[Verifier, ...]:
    """Every line of trust/log.vkey, the oldest key first; the last one signs today. Raises FormatError."""
    lines = [line for line in text.split("\n") if line]
    if not lines:
        raise FormatError("no verifier key: expected one vkey line for each key, oldest first")
    if len(lines) > MAX_KEYS:
        raise FormatError(f"{len(lines)} verifier keys, more than {MAX_KEYS}: this is no key list of a log")
    return tuple(parse_vkey(line) for line in lines)


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> bytes:
    """A text (with its last newline) as a note of one key. Ed25519 is deterministic: same input, same bytes."""
    require_name(name)
    signature = _key_id(name, key.public_key()) + key.sign(text.encode())
    return f"{text}\n{SIGNATURE_PREFIX}{name} {base64.b64encode(signature).decode()}\n".encode()


def read_note(note: bytes, verifiers: Iterable[Verifier]) -> SignedNote:
    """Verify a signed note by the rules of c2sp.org/signed-note. Raises FormatError.

    Signatures of unknown keys (name and key ID together) are ignored; a known key's signature that fails
    rejects the whole note; so does a note that no known key signed.
    """
    known = _by_name_and_id(verifiers)
    text, lines = split_note(note)
    signers: dict[tuple[str, bytes], Verifier] = {}
    for line in lines:
        name, signature = parse_signature(line)
        verifier = known.get((name, signature[:4]))
        if verifier is None:
            continue
        try:
            verifier.public_key.verify(signature[4:], text.encode())
        except InvalidSignature as error:
            raise FormatError(f"note: the signature of {name} is wrong; text or signature changed") from error
        signers[name, verifier.key_id] = verifier
    if not signers:
        wanted = ", ".join(f"{name}+{key_id.hex()}" for name, key_id in known) or "none"
        raise FormatError(f"note: no signature of a known key (known: {wanted[:500]})")
    return SignedNote(text, tuple(signers.values()))


def split_note(note: bytes) -> tuple[str, list[str]]:
    """Text (with its last newline) and signature lines; the *last* blank line separates them.

    Raises FormatError: too long, not UTF-8, control characters, no signature lines or too many.
    """
    if len(note) > MAX_NOTE:
        raise FormatError(f"note: {len(note)} bytes, more than {MAX_NOTE}")
    try:
        decoded = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"note: not UTF-8: {error}") from error
    if control := CONTROL.search(decoded):
        raise FormatError(f"note: control character {control[0]!r} at {control.start()}")
    head, blank, signatures = decoded.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise FormatError("note: no blank line followed by whole signature lines")
    lines = signatures.removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise FormatError(f"note: {len(lines)} signatures, more than {MAX_SIGNATURES}")
    return head + "\n", lines


def parse_signature(line: str) -> tuple[str, bytes]:
    """Key name and key ID ‖ signature of one signature line. Raises FormatError."""
    name, _, encoded = line.removeprefix(SIGNATURE_PREFIX).partition(" ")
    if not line.startswith(SIGNATURE_PREFIX):
        raise FormatError(f"note: not a signature line: {line!r}")
    require_name(name)
    signature = decode_base64(encoded, f"note: signature of {name}")
    if len(signature) < 5:
        raise FormatError(f"note: signature of {name} has {len(signature)} bytes, too short")
    return name, signature


def require_name(name: str) -> None:
    """Raise FormatError unless this can be the name of a key: not empty, no space, no plus sign."""
    unfit = any(char.isspace() or char < " " or "\ud800" <= char <= "\udfff" for char in name)
    if not name or "+" in name or unfit:
        raise FormatError(f"not a key name: {name!r}; it may hold no space and no plus sign")


def decode_base64(encoded: str, what: str) -> bytes:
    """Canonical standard base64 only (RFC 4648 section 4, trailing bits zero): one text, one meaning.

    Raises FormatError, naming `what` was to be read.
    """
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError(f"{what} is not base64: {error}") from error
    if base64.b64encode(decoded).decode() != encoded:
        raise FormatError(f"{what} is not canonical base64: {encoded!r}")
    return decoded


def _by_name_and_id(verifiers: Iterable[Verifier]) -> dict[tuple[str, bytes], Verifier]:
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        other = known.setdefault((verifier.name, verifier.key_id), verifier)
        if other.public_key != verifier.public_key:
            raise FormatError(f"two known keys share the name {verifier.name} and one key ID; rename one")
    return known


def _key_id(name: str, public_key: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public_key.public_bytes_raw()).digest()[:4]
