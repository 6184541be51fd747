"""The digests of WARC records as their writers spell them: which bytes, which algorithm, which alphabet."""

import base64
import binascii
import contextlib
import hashlib
from collections.abc import Iterator

from crawler.errors import FormatError
from crawler.evidence import http

_SIZES = {"md5": 16, "sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64, "sha3256": 32, "sha3512": 64}
_PYTHON_NAMES = {"sha3256": "sha3_256", "sha3512": "sha3_512"}
WEAK = ("md5",)  # proves nothing; compared all the same
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


def parse_label(label: str) -> tuple[str, bytes]:
    """Algorithm (as hashlib names it) and digest of ``sha1:<Base32>``, ``sha-256:<hex>`` and their like.

    A digest without a label, as old indexes have it, is told by its length: 32 characters of Base32 are SHA-1,
    64 hex digits SHA-256. Raises FormatError for an unknown algorithm and for a value that is no digest of it.
    """
    name, colon, value = label.partition(":")
    if not colon:
        name, value = ("sha256" if len(label) == 64 else "sha1"), label
    algorithm = name.lower().replace("-", "").replace("_", "")
    size = _SIZES.get(algorithm)
    if size is None:
        raise FormatError(f"unknown digest algorithm {name[:40]!r}")
    digest = _decode(value, size)
    if digest is None:
        raise FormatError(f"not a digest of {name[:40]}: {value[:80]!r}")
    return _PYTHON_NAMES.get(algorithm, algorithm), digest


def new_hasher(algorithm: str) -> "hashlib._Hash":
    """A running hasher for an algorithm that `parse_label` named."""
    return hashlib.new(algorithm, usedforsecurity=False)


def payloads(kind: str, content_type: str, block: bytes) -> Iterator[tuple[bytes, str]]:
    """What writers call the payload of a record, the standard's reading first; each with a remark or "".

    The standard: the entity body, transfer coding removed, content coding kept (warc-specifications#22).
    warcio digests the body as it is stored, with its chunks (warcio#74), and past Content-Length.
    """
    if not content_type.lower().startswith("application/http"):
        yield block, ""
        return
    interim = http.split_interim(block) if kind == "response" else 0
    message = block[interim:]
    try:
        head = http.parse_head(message)
    except FormatError:
        yield b"", "an HTTP message without a whole head"
        return
    with contextlib.suppress(FormatError):  # writers that undid the chunks left the header standing
        yield http.payload(message), ""
    yield message[head.length :], "the payload digest covers the body as stored, not as RFC 9112 reads it"


def _decode(value: str, size: int) -> bytes | None:
    if len(value) == 2 * size and set(value) <= _HEXADECIMAL:
        return bytes.fromhex(value)
    padded = value.rstrip("=").upper()
    padded += "=" * (-len(padded) % 8)
    try:
        decoded = base64.b32decode(padded)
    except (binascii.Error, ValueError):
        return None
    same = base64.b32encode(decoded).decode() == padded  # trailing bits that mean nothing must be zero
    return decoded if len(decoded) == size and same else None
