"""Digests, always written with their algorithm: ``sha256:<64 hex>`` or ``sm3:<64 hex>``.

SHA-256 (FIPS 180-4) is primary; SM3 (GB/T 32905-2016) stands beside it for domestic platforms.
An unknown algorithm raises; it is never skipped (evidence-formats §11.7).
"""

import hashlib
import re
from pathlib import Path

from crawler.errors import FormatError

ALGORITHMS = ("sha256", "sm3")
_LABEL = re.compile(r"(sha256|sm3):([0-9a-f]{64})")
_CHUNK = 1 << 20


def digest(content: bytes | bytearray | memoryview, algorithm: str = "sha256") -> str:
    """The labelled digest of `content`, e.g. ``sha256:e3b0c442…``.

    Raises FormatError for an algorithm other than sha256 and sm3.
    """
    hasher = new_hasher(algorithm)
    hasher.update(content)
    return f"{algorithm}:{hasher.hexdigest()}"


def digest_file(path: Path, algorithm: str = "sha256") -> str:
    """The labelled digest of a file, read in pieces of 1 MiB so that memory stays flat."""
    hasher = new_hasher(algorithm)
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            hasher.update(piece)
    return f"{algorithm}:{hasher.hexdigest()}"


def new_hasher(algorithm: str) -> "hashlib._Hash":
    """A running hasher. Raises FormatError for an unknown algorithm."""
    if algorithm not in ALGORITHMS:
        raise FormatError(f"unknown digest algorithm {algorithm!r}: use one of {', '.join(ALGORITHMS)}")
    return hashlib.new(algorithm)


def parse_digest(label: str) -> tuple[str, bytes]:
    """Split ``sha256:<hex>`` into the algorithm and its 32 bytes; anything else raises FormatError."""
    match = _LABEL.fullmatch(label)
    if match is None:
        raise FormatError(
            f"not a digest label: {label!r}; expected sha256: or sm3: and 64 lower-case hex digits"
        )
    return match[1], bytes.fromhex(match[2])
