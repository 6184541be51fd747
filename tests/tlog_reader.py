"""A second reader of logs, written from the specifications alone; it shares no code with ours.

c2sp.org/tlog-tiles, c2sp.org/tlog-checkpoint, c2sp.org/signed-note, RFC 6962 section 2.1. It knows a folder as a
server would publish it (`checkpoint`, `tile/…`) and the log's vkey, nothing else: no journal, no list of checkpoints.
"""

import base64
import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Unreadable(Exception):
    """The log is not what the specifications say."""


class TlogReader:
    """The log at a folder, as of the checkpoint that is published there (or of another note of it)."""

    def __init__(self, folder: Path, vkey: str, checkpoint: bytes | None = None) -> None:
        self.folder = folder
        note = checkpoint if checkpoint is not None else (folder / "checkpoint").read_bytes()
        self.origin, self.size, self.root = open_checkpoint(note, vkey)

    def entries(self) -> Iterator[bytes]:
        """Every entry, each compared with its level-0 tile."""
        for n in range(-(-self.size // 256)):
            width = min(256, self.size - n * 256)
            entries = split(self._resource(f"tile/entries/{index(n)}", width))[:width]
            digests = self.tile(0, n, width)
            if len(entries) != width or [sha(b"\x00" + entry) for entry in entries] != digests:
                raise Unreadable(f"bundle {n} and its tile differ")
            yield from entries

    def tile(self, level: int, n: int, width: int) -> list[bytes]:
        """The first `width` digests of a tile."""
        content = self._resource(f"tile/{level}/{index(n)}", width)
        if len(content) % 32 or not width * 32 <= len(content) <= 8192:
            raise Unreadable(f"tile {level}/{n} has {len(content)} bytes")
        return [content[i * 32 : i * 32 + 32] for i in range(width)]

    def mth(self, start: int, stop: int) -> bytes:
        """MTH(D[start:stop]) by its recursive definition, from the highest tiles that have it."""
        count = stop - start
        if count == 0:
            return sha(b"")
        for level in range(8, -1, -1):
            step = 256**level
            if count == step and start % step == 0:
                return self._stored(level, start // step)
        split_at = largest_power_below(count)
        left, right = self.mth(start, start + split_at), self.mth(start + split_at, stop)
        return sha(b"\x01" + left + right)

    def require_root(self) -> None:
        """The tiles have the root that was signed."""
        if self.mth(0, self.size) != self.root:
            raise Unreadable("the tiles do not have the root in the checkpoint")

    def require_levels(self) -> None:
        """Every digest of a level is the root of the full tile below it."""
        level, count = 1, self.size // 256
        while count:
            for i in range(count):
                below = self.tile(level - 1, i, 256)
                if fold(below) != self._stored(level, i):
                    raise Unreadable(f"digest {i} of level {level} is not the root of the tile below")
            level, count = level + 1, count // 256

    def inclusion(self, m: int) -> list[bytes]:
        """PATH(m, D[n]), RFC 6962 section 2.1.1."""
        return self._path(m, 0, self.size)

    def consistency(self, m: int) -> list[bytes]:
        """PROOF(m, D[n]), RFC 6962 section 2.1.2."""
        return self._subproof(m, 0, self.size, True) if 0 < m < self.size else []

    def _path(self, m: int, start: int, stop: int) -> list[bytes]:
        if stop - start == 1:
            return []
        middle = start + largest_power_below(stop - start)
        if m < middle:
            return [*self._path(m, start, middle), self.mth(middle, stop)]
        return [*self._path(m, middle, stop), self.mth(start, middle)]

    def _subproof(self, m: int, start: int, stop: int, whole: bool) -> list[bytes]:
        if m == stop - start:
            return [] if whole else [self.mth(start, stop)]
        k = largest_power_below(stop - start)
        if m <= k:
            return [*self._subproof(m, start, start + k, whole), self.mth(start + k, stop)]
        return [*self._subproof(m - k, start + k, stop, False), self.mth(start, start + k)]

    def _stored(self, level: int, i: int) -> bytes:
        count = self.size // 256**level  # digests that this level has at our size
        n = i // 256
        return self.tile(level, n, min(256, count - n * 256))[i % 256]

    def _resource(self, path: str, width: int) -> bytes:
        """The full resource, or while that is not there the partial one of this width."""
        names = [path] if width == 256 else [f"{path}.p/{width}", path]
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                return (self.folder / name).read_bytes()
        raise Unreadable(f"{names[0]} is not there")


def open_checkpoint(note: bytes, vkey: str) -> tuple[str, int, bytes]:
    """(origin, size, root) of a note that this key signed."""
    name, _, rest = vkey.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    key = base64.b64decode(encoded, validate=True)
    text, _, signatures = note.decode().rpartition("\n\n")
    for line in signatures.splitlines():
        dash, signer, signature = line.split(" ")
        raw = base64.b64decode(signature, validate=True)
        if dash == "\u2014" and signer == name and raw[:4].hex() == key_id:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[4:], f"{text}\n".encode())
            origin, size, root = text.split("\n")[:3]
            return origin, int(size), base64.b64decode(root, validate=True)
    raise Unreadable("the log's key did not sign this checkpoint")


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def fold(digests: list[bytes]) -> bytes:
    """The root over a full tile."""
    while len(digests) > 1:
        digests = [sha(b"\x01" + digests[i] + digests[i + 1]) for i in range(0, len(digests), 2)]
    return digests[0]


def index(n: int) -> str:
    """A tile index as path elements of three digits, all but the last beginning with x."""
    digits = str(n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    return "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])


def split(bundle: bytes) -> list[bytes]:
    """The entries of a bundle: each after its length, 16 bits big-endian."""
    entries = []
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        if len(bundle) < 2 + length:
            raise Unreadable("a bundle ends within an entry")
        entries.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return entries


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k
