"""Turn a folder with a ``data/`` into a BagIt 1.0 bag (RFC 8493)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from crawler.evidence.bundle import BAG_INFO, BAGIT, BAGIT_TEXT, MANIFEST, TAG_MANIFEST
from crawler.evidence.digest import digest
from crawler.export.payload import Measured, measured


def write_bag(bag: Path, about: Sequence[tuple[str, str]], payload: Mapping[str, Measured]) -> str:
    """Write the tag files; returns the digest of the tag manifest.

    `about` are the lines of bag-info.txt, `payload` are all files below data/.
    """
    total = sum(one.size for one in payload.values())
    lines = [*about, ("Payload-Oxum", f"{total}.{len(payload)}")]
    (bag / BAGIT).write_bytes(BAGIT_TEXT)
    (bag / BAG_INFO).write_bytes("".join(f"{label}: {_one_line(value)}\n" for label, value in lines).encode())
    (bag / MANIFEST).write_bytes(_manifest(payload))
    tags = _manifest({name: measured(bag / name) for name in (BAGIT, BAG_INFO, MANIFEST)})
    (bag / TAG_MANIFEST).write_bytes(tags)
    return digest(tags)


def _manifest(files: Mapping[str, Measured]) -> bytes:
    return "".join(f"{one.digests['sha256']}  {name}\n" for name, one in sorted(files.items())).encode()


def _one_line(text: str) -> str:
    return " ".join(text.split())
