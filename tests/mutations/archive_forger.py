"""What a forger can do to an archive's files: one file, the lists that fit again, the log with its tiles, the WARCs.

With nothing: `edit`, `flip`, `drop` … With the tools: `fit` writes state-sha256.txt again, `rewrite_log` all tiles.
With a key: `sign_at`. With authorities of his own: `archive_maker.strangers`.
"""

import base64
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler import clock
from crawler.evidence.archive import STATE_FILE, state_files
from crawler.evidence.checkpoint import Checkpoint, sign
from crawler.evidence.digest import digest, digest_file
from crawler.evidence.manifest import canonical
from crawler.evidence.proof import leaf_digest, root
from crawler.evidence.tiles import WIDTH, encode_entry, split_entries, tile_root
from tests.mutations.archive_maker import ORIGIN, made

Damage = Callable[[Path], object]
Json = dict[str, Any]

JOURNAL, BUNDLES = "log/entries", "log/tile/entries"


# ---- one file


def edit(name: str, change: Callable[[bytes], bytes]) -> Damage:
    """Change the content of a file; it must become another."""

    def damage(archive: Path) -> None:
        path = archive / name
        content = path.read_bytes()
        changed = change(content)
        if changed == content:
            raise ValueError(f"{name} was not changed")
        path.write_bytes(changed)

    return damage


def flip(name: str, at: int | bytes) -> Damage:
    """Change one bit: at this place, or at the beginning of these bytes."""

    def change(content: bytes) -> bytes:
        place = content.index(at) if isinstance(at, bytes) else at % len(content)
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    return edit(name, change)


def drop(*names: str) -> Damage:
    """Remove files."""

    def damage(archive: Path) -> None:
        for name in names:
            (archive / name).unlink()

    return damage


def add(name: str, content: bytes = b"x") -> Damage:
    """Put a new file there."""

    def damage(archive: Path) -> None:
        (archive / name).parent.mkdir(parents=True, exist_ok=True)
        (archive / name).write_bytes(content)

    return damage


def swap(first: str, second: str) -> Damage:
    """Exchange the contents of two files."""

    def damage(archive: Path) -> None:
        one, other = (archive / first).read_bytes(), (archive / second).read_bytes()
        (archive / first).write_bytes(other)
        (archive / second).write_bytes(one)

    return damage


def move(first: str, second: str) -> Damage:
    """Rename a file."""

    def damage(archive: Path) -> None:
        (archive / second).parent.mkdir(parents=True, exist_ok=True)
        (archive / first).rename(archive / second)

    return damage


def together(*damages: Damage) -> Damage:
    """One after the other."""
    return lambda archive: [damage(archive) for damage in damages]


# ---- lists that fit again


def fit(archive: Path) -> None:
    """state-sha256.txt says again what is there: nobody needs a key for that."""
    names = (name for name in state_files(archive) if (archive / name).is_file())
    lines = [f"{digest_file(archive / name).removeprefix('sha256:')}  {name}\n" for name in names]
    (archive / STATE_FILE).write_text("".join(lines), "utf-8")


def tools(*damages: Damage) -> Damage:
    """Damage, then every list made to fit: all that somebody without a key can do."""
    return together(*damages, fit)


# ---- the log


def leaves_of(archive: Path) -> list[bytes]:
    """All leaves, as they lie there."""
    bundles = sorted(path for path in (archive / BUNDLES).iterdir() if path.is_file())
    content = b"".join(path.read_bytes() for path in bundles)
    return split_entries(content + (archive / JOURNAL).read_bytes())


def put_leaves(archive: Path, leaves: Sequence[bytes]) -> None:
    """Bundles, the partial one and the journal hold these leaves; tiles stay as they are.

    As many full bundles stay as there were; what follows is the journal's.
    """
    entries = [encode_entry(leaf) for leaf in leaves]
    bundles = sorted(path for path in (archive / BUNDLES).iterdir() if path.is_file())
    for path in bundles:
        start = int(path.name) * WIDTH
        path.write_bytes(b"".join(entries[start : start + WIDTH]))
    for path in (archive / BUNDLES).glob("*.p/*"):
        start = int(path.parent.name.removesuffix(".p")) * WIDTH
        path.write_bytes(b"".join(entries[start : start + int(path.name)]))
    (archive / JOURNAL).write_bytes(b"".join(entries[len(bundles) * WIDTH :]))


def put_tiles(archive: Path, leaves: Sequence[bytes]) -> None:
    """Every tile that is there, on every level, holds what follows from these leaves."""
    rows = [[leaf_digest(leaf) for leaf in leaves]]
    while len(rows[-1]) >= WIDTH:
        row = rows[-1]
        ends = range(0, len(row) - WIDTH + 1, WIDTH)
        rows.append([tile_root(b"".join(row[start : start + WIDTH])) for start in ends])
    for path in (archive / "log/tile").rglob("*"):
        name = path.relative_to(archive / "log/tile").as_posix()
        if path.is_file() and not name.startswith("entries/"):
            level, _, number = name.partition("/")
            number, _, width = number.partition(".p/")
            start = int(number) * WIDTH
            path.write_bytes(b"".join(rows[int(level)][start : start + int(width or WIDTH)]))


def rewrite_log(archive: Path, leaves: Sequence[bytes]) -> None:
    """Bundles, journal and all tiles say the same, all the way up; checkpoints and tokens need keys."""
    put_leaves(archive, leaves)
    put_tiles(archive, leaves)


def change_leaf(archive: Path, index: int, change: Callable[[Json], object]) -> list[bytes]:
    """All leaves, one of them changed and canonical again."""
    leaves = leaves_of(archive)
    leaves[index] = altered(leaves[index], change)
    return leaves


def altered(leaf: bytes, change: Callable[[Json], object]) -> bytes:
    """A leaf with another content, in canonical form."""
    content = json.loads(leaf)
    change(content)
    return canonical(content)


def find_leaf(leaves: Iterable[bytes], *parts: bytes, last: bool = False) -> int:
    """The index of the first (or last) leaf that holds all of these bytes."""
    found = [index for index, leaf in enumerate(leaves) if all(part in leaf for part in parts)]
    return found[-1] if last else found[0]


def key_for(size: int) -> Ed25519PrivateKey:
    """The key in force for a checkpoint of that size."""
    rotated = find_leaf(leaves_of(made().archive), b'"act":"key-rotated"')
    return made().key if size > rotated else made().retired


def sign_at(archive: Path, size: int, key: Ed25519PrivateKey | None = None) -> bytes:
    """Sign the log's first `size` leaves as they are now; the note takes its places in the folder."""
    digests = [leaf_digest(leaf) for leaf in leaves_of(archive)[:size]]
    note = sign(Checkpoint(ORIGIN, size, root(digests)), ORIGIN, key or key_for(size))
    (archive / f"log/checkpoints/{size}").write_bytes(note)
    if size >= max(int(path.name) for path in (archive / "log/checkpoints").iterdir()):
        (archive / "log/checkpoint").write_bytes(note)
    return note


def resign_all(archive: Path, least: int) -> list[int]:
    """Sign every checkpoint from size `least` on anew, with the right keys; returns the sizes."""
    sizes = sorted(int(path.name) for path in (archive / "log/checkpoints").iterdir())
    for size in [size for size in sizes if size >= least]:
        sign_at(archive, size)
    return [size for size in sizes if size >= least]


def append(archive: Path, *leaves: bytes) -> None:
    """Put leaves behind the last one, into the journal; the partial tiles that a signature needs come with them."""
    with (archive / JOURNAL).open("ab") as stream:
        stream.writelines(encode_entry(leaf) for leaf in leaves)
    found = leaves_of(archive)
    number, width = divmod(len(found), WIDTH)
    rest = found[number * WIDTH :]
    for folder, content in (
        ("0", b"".join(map(leaf_digest, rest))),
        ("entries", b"".join(map(encode_entry, rest))),
    ):
        path = archive / f"log/tile/{folder}/{number:03d}.p/{width}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def seal_name(archive: Path, size: int, names: Sequence[str] = ("tsa-a", "tsa-b")) -> Json:
    """What a leaf says that commits to the checkpoint of that size."""
    note = (archive / f"log/checkpoints/{size}").read_bytes()
    tokens = [digest_file(archive / f"log/stamps/{size}/{name}.tsr") for name in names]
    return {"checkpoint": digest(note), "size": size, "tokens": tokens}


def event(act: str, details: Json, **more: object) -> bytes:
    """An event as our writer would write it."""
    fixed = {"kind": "event", "time": clock.now(), "version": 1}
    return canonical({"act": act, "by": "张三", "details": details, **fixed, **more})


# ---- WARC


def spans_of(archive: Path, file: str) -> list[tuple[int, int]]:
    """(offset, length) of each gzip member of a WARC file."""
    content, found, offset = (archive / file).read_bytes(), [], 0
    while offset < len(content):
        member = zlib.decompressobj(31)
        member.decompress(content[offset:])
        length = len(content) - offset - len(member.unused_data)
        found.append((offset, length))
        offset += length
    return found


def records_of(archive: Path, file: str) -> list[bytes]:
    """The stored records of a WARC file."""
    content = (archive / file).read_bytes()
    return [content[offset : offset + length] for offset, length in spans_of(archive, file)]


def put_records(file: str, change: Callable[[list[bytes]], list[bytes]]) -> Damage:
    """Write a WARC file with other records, or in another order."""

    def damage(archive: Path) -> None:
        records = records_of(archive, file)
        changed = change(list(records))
        if changed == records:
            raise ValueError(f"{file} was not changed")
        (archive / file).write_bytes(b"".join(changed))

    return damage


def honest(stored: bytes, old: bytes, new: bytes) -> bytes:
    """A record with other content (of the same length) and digests that fit: wholly consistent WARC."""
    content = gzip.decompress(stored)
    head, _, block = content.partition(b"\r\n\r\n")
    block = block[:-4]
    changed = block.replace(old, new)
    if changed == block or len(changed) != len(block):
        raise ValueError(f"{old!r} was not changed")
    body, now = (part.partition(b"\r\n\r\n")[2] for part in (block, changed))
    for before, after in ((block, changed), (body, now)):
        head = head.replace(digest(before).encode(), digest(after).encode())
    return gzip.compress(head + b"\r\n\r\n" + changed + b"\r\n\r\n", mtime=0)


def squeeze(stored: bytes, level: int = 1) -> bytes:
    """The same record, compressed otherwise."""
    return gzip.compress(gzip.decompress(stored), compresslevel=level, mtime=0)


def signature_line(note: bytes) -> str:
    """The log's own line of a note."""
    return note.decode().rpartition("\n\n")[2]


def spoil_signature(note: bytes) -> bytes:
    """The same note with one bit of the signature changed, in valid base64."""
    head, _, last = note.rstrip(b"\n").rpartition(b" ")
    raw = bytearray(base64.b64decode(last))
    raw[10] ^= 1
    return head + b" " + base64.b64encode(bytes(raw)) + b"\n"


def renamed(mapping: Mapping[bytes, bytes]) -> Callable[[bytes], bytes]:
    """Replace texts by others."""

    def change(content: bytes) -> bytes:
        for old, new in mapping.items():
            content = content.replace(old, new)
        return content

    return change
