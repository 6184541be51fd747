"""Turn a folder with a ``data/`` into a BagIt 1.0 bag (RFC 8493)."""

from collections.abc import Sequence
from pathlib import Path

from crawler.evidence.bundle import BAG_INFO, BAGIT, BAGIT_TEXT, MANIFEST, TAG_MANIFEST
from crawler.evidence.digest import digest, digest_file


def write_bag(bag: Path, about: Sequence[tuple[str, str]]) -> str:
    """Write the tag files; `about` are the lines of bag-info.txt. Returns the digest of the tag manifest."""
    names = payload_names(bag)
    total = sum((bag / name).stat().st_size for name in names)
    lines = [*about, ("Payload-Oxum", f"{total}.{len(names)}")]
    (bag / BAGIT).write_bytes(BAGIT_TEXT)
    (bag / BAG_INFO).write_bytes("".join(f"{label}: {_one_line(value)}\n" for label, value in lines).encode())
    (bag / MANIFEST).write_bytes(_manifest(bag, names))
    tags = _manifest(bag, sorted((BAGIT, BAG_INFO, MANIFEST)))
    (bag / TAG_MANIFEST).write_bytes(tags)
    return digest(tags)


def payload_names(bag: Path) -> list[str]:
    """Every file below data/, relative to the bag, sorted."""
    return sorted(path.relative_to(bag).as_posix() for path in (bag / "data").rglob("*") if path.is_file())


def _manifest(bag: Path, names: Sequence[str]) -> bytes:
    rows = (f"{digest_file(bag / name).removeprefix('sha256:')}  {name}\n" for name in names)
    return "".join(rows).encode()


def _one_line(text: str) -> str:
    return " ".join(text.split())
