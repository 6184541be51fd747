"""Cosignatures of witnesses: c2sp.org/tlog-cosignature, the Ed25519 kind ``cosignature/v1`` (type 0x04).

A cosignature is a signature line of a note, ``— <key name> <base64(key ID[4] ‖ time[8] ‖ signature[64])>``, made
over

    cosignature/v1
    time <seconds since 1970, decimal>
    <the checkpoint's text, with every line that it has>

It says: at that time this was the largest consistent tree that the witness had seen of that log. The time is
the witness's own word and no timestamp token.

The ML-DSA-44 kind (0x06) is passed over like any line of an unknown key: the `openssl` of today's distributions
cannot verify it, and a stranger has to be able to.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crawler import clock
from crawler.errors import FormatError
from crawler.evidence.digest import digest
from crawler.evidence.note import (
    MAX_SIGNATURES,
    SIGNATURE_PREFIX,
    decode_base64,
    parse_signature,
    require_name,
    split_note,
)

COSIGNATURE_V1 = b"\x04"  # signature type identifier byte
HEADER = "cosignature/v1"
MAX_LINES = 128 << 10  # bytes of signature lines; an ML-DSA-44 line has some 3,300
LATEST = 253_402_300_799  # the last second of the year 9999; a witness's time beyond it is nonsense

_TIME, _SIGNATURE = 8, 64


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The public key of a witness under its name; `key_id` has 4 bytes. Never a log's key: other type byte."""

    name: str
    key_id: bytes
    public_key: Ed25519PublicKey = field(hash=False)  # the library gives it no hash; name and ID do

    @property
    def fingerprint(self) -> str:
        """``sha256:<hex>`` of the DER SubjectPublicKeyInfo."""
        return digest(self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature line of a note, of whatever type: `content` is what follows the 4 bytes of the key ID."""

    name: str
    key_id: bytes
    content: bytes

    def text(self) -> str:
        """The line as it stands in a note, with its newline."""
        encoded = base64.b64encode(self.key_id + self.content).decode()
        return f"{SIGNATURE_PREFIX}{self.name} {encoded}\n"


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A cosignature that verified: by which key, and when as the witness says (seconds since 1970)."""

    key: WitnessKey
    time: int


def witness_vkey(name: str, public_key: Ed25519PublicKey) -> str:
    """The verifier key line of a witness: ``name+<8 hex of the key ID>+base64(0x04 ‖ 32-byte key)``."""
    require_name(name)
    encoded = base64.b64encode(COSIGNATURE_V1 + public_key.public_bytes_raw()).decode()
    return f"{name}+{_key_id(name, public_key).hex()}+{encoded}"


def parse_witness_vkey(text: str) -> WitnessKey:
    """Read a witness's vkey line (one trailing newline is allowed). Raises FormatError, also for a log's key."""
    line = text.removesuffix("\n")
    name, _, rest = line.partition("+")
    key_id, _, encoded = rest.partition("+")
    require_name(name)
    content = decode_base64(encoded, f"vkey {line!r}")
    if content[:1] == b"\x01":
        raise FormatError(
            f"vkey {line!r} is the key of a log (type 0x01), not of a witness (type 0x04): "
            f"a witness prints its own with `evidence witness init`"
        )
    if content[:1] != COSIGNATURE_V1 or len(content) != 33:
        raise FormatError(f"vkey {line!r} is not an Ed25519 witness key (type 0x04 and 32 bytes)")
    public_key = Ed25519PublicKey.from_public_bytes(content[1:])
    key = WitnessKey(name, _key_id(name, public_key), public_key)
    if key_id != key.key_id.hex():
        raise FormatError(f"vkey {line!r}: key ID is {key.key_id.hex()}, the line says {key_id!r}")
    return key


def parse_witness_vkeys(content: bytes) -> tuple[WitnessKey, ...]:
    """Every line of a trust/witness-NAME.vkey: a witness that changed its key has several. Raises FormatError."""
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(f"a witness's vkey is not text: {error}") from error
    keys = tuple(parse_witness_vkey(line) for line in lines if line)
    if not keys:
        raise FormatError("no witness key: expected one vkey line for each key of the witness")
    return keys


def rfc3339(time: int) -> str:
    """The time in a cosignature (seconds since 1970) as this project writes times."""
    return clock.stamp(datetime.fromtimestamp(time, UTC))


def note_text(note: bytes) -> str:
    """What is signed in a note: all before the last blank line, with its newline. Raises FormatError."""
    return split_note(note)[0]


def cosign(text: str, name: str, key: Ed25519PrivateKey, time: int) -> SignatureLine:
    """Cosign a checkpoint's text at `time` (seconds since 1970). What may be cosigned: `crawler.evidence.witness`."""
    require_name(name)
    if not 0 <= time <= LATEST:
        raise FormatError(f"{time} is no time for a cosignature; check the clock of this machine")
    signature = key.sign(_message(text, time))
    return SignatureLine(name, _key_id(name, key.public_key()), time.to_bytes(_TIME, "big") + signature)


def parse_lines(content: bytes) -> tuple[SignatureLine, ...]:
    """The signature lines that a witness answered with. Raises FormatError; nothing is verified here."""
    if len(content) > MAX_LINES:
        raise FormatError(f"cosignatures: {len(content)} bytes, more than {MAX_LINES}")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"cosignatures: not UTF-8: {error}") from error
    if not text.endswith("\n"):
        raise FormatError("cosignatures: expected whole signature lines, each ending with a newline")
    lines = text.removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise FormatError(f"cosignatures: {len(lines)} lines, more than {MAX_SIGNATURES}")
    return tuple(_parse_line(line) for line in lines)


def verify_line(line: SignatureLine, text: str, keys: Iterable[WitnessKey]) -> Cosignature | None:
    """The cosignature in a line over a checkpoint's text; None if no known key made it (name and ID together).

    Raises FormatError if a known key's signature is wrong.
    """
    key = next((key for key in keys if (key.name, key.key_id) == (line.name, line.key_id)), None)
    if key is None:
        return None
    time = int.from_bytes(line.content[:_TIME], "big")
    if len(line.content) != _TIME + _SIGNATURE or time > LATEST:
        raise FormatError(
            f"the cosignature of {line.name} is malformed: {len(line.content)} bytes, time {time}"
        )
    try:
        key.public_key.verify(line.content[_TIME:], _message(text, time))
    except InvalidSignature as error:
        raise FormatError(
            f"the cosignature of {line.name} is wrong: checkpoint, time or signature changed"
        ) from error
    return Cosignature(key, time)


def _message(text: str, time: int) -> bytes:
    return f"{HEADER}\ntime {time}\n{text}".encode()


def _parse_line(line: str) -> SignatureLine:
    name, content = parse_signature(line)
    return SignatureLine(name, content[:4], content[4:])


def _key_id(name: str, public_key: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + COSIGNATURE_V1 + public_key.public_bytes_raw()).digest()[:4]
