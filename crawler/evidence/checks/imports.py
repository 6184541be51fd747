"""The check ``imports``: every imported file is there, unchanged, and the log tells of every file that is there."""

import stat
from dataclasses import dataclass, field
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.checks.leaves import Leaf, read_leaf
from crawler.evidence.checks.pieces import pieces, read_piece, size_of, split_entries
from crawler.evidence.checks.reading import digest_regular, kind_of, walk
from crawler.evidence.digest import parse_digest
from crawler.evidence.imported import BEGINNINGS, FOLDER, IMPORTED, kept_at
from crawler.evidence.manifest import Event, Json
from crawler.evidence.report import Check, Faults, Words, not_checked

MOST = 100_000  # events that are kept; a log with more was made to exhaust our memory
_RESTORE = Words(
    "从副本恢复该文件；日志未记载的文件移出证据库",
    "restore the file from a copy; move what the log does not tell of out of the archive",
)
_IN_FULL = Words("去掉 --quick 再核验一次", "verify again without --quick")


@dataclass(slots=True)
class LoggedImports:
    """What the log says: (bytes, digest, entry) by name, refused files, and events that make no sense."""

    files: dict[str, tuple[int, str, int]] = field(default_factory=dict)
    refused: list[Leaf] = field(default_factory=list)
    faults: Faults = field(default_factory=lambda: Faults("imports"))


def logged_imports(archive: Path, bundles: int) -> LoggedImports:
    """Search the log, as it lies on disk, for the events of imports. What cannot be read is named elsewhere."""
    logged = LoggedImports()
    for piece in pieces(archive, bundles):
        try:
            content = read_piece(archive, piece)
        except FormatError:
            continue  # named when the piece is read
        if not any(beginning in content for beginning in BEGINNINGS):
            continue
        for number, (_, leaf) in enumerate(split_entries(content), piece.first):
            if leaf.startswith(BEGINNINGS) and len(logged.files) + len(logged.refused) < MOST:
                _note(logged, number, leaf)
    return logged


def check_imports(archive: Path, logged: LoggedImports, *, quick: bool) -> Check | None:
    """Compare imports/ with the log; None where there is neither. `quick`: sizes only."""
    faults, folder = logged.faults, archive / FOLDER
    if kind_of(folder) == 0 and not logged.files and not faults.count:
        return None
    present: set[str] = set()
    if kind_of(folder) not in (0, stat.S_IFDIR):
        faults.add(f"{FOLDER} is no folder: a link is not followed")
    elif kind_of(folder):
        present = {f"{FOLDER}/{name}".removesuffix("/.") for name, _ in walk(folder)}
    for name in sorted(present - set(logged.files)):
        faults.add(f"{name}: no event of the log tells where it comes from")
    for name in sorted(set(logged.files) - present):
        faults.add(f"{name} is missing, though entry {logged.files[name][2]} of the log tells of it")
    for name in sorted(present & set(logged.files)):
        _compare(archive, name, logged.files[name], faults, quick=quick)
    count = len(logged.files)
    if quick and not faults.count:
        words = Words(
            f"快速核验：{count} 个文件只比对了字节数",
            f"quick verification: of {count} file(s) only the number of bytes was compared",
        )
        return not_checked("imports", words, _IN_FULL)
    good = Words(f"{count} 个文件与日志所记摘要一致", f"{count} file(s) have the digests that the log says")
    return faults.check(good, _RESTORE)


def _note(logged: LoggedImports, entry: int, content: bytes) -> None:
    try:
        leaf = read_leaf(content)
    except FormatError:
        return  # the check of the log names it
    event = leaf.event
    if event is None:
        return
    if event.act != IMPORTED:
        logged.refused.append(leaf)
        return
    try:
        name, size, sha256 = _described(event)
        known = logged.files.setdefault(name, (size, sha256, entry))
        if known[:2] != (size, sha256):
            raise FormatError(f"{name} is described otherwise than by entry {known[2]}")
    except FormatError as error:
        logged.faults.add(f"entry {entry}, {event.act}: {error}")


def _described(event: Event) -> tuple[str, int, str]:
    as_leaf: Json = {"act": event.act, "details": event.details}
    sha256, name = kept_at(as_leaf)
    if parse_digest(sha256)[0] != "sha256":
        raise FormatError(f"expected a sha256 digest, found {sha256!r}")
    size = event.details.get("bytes")
    if type(size) is not int or size < 0:
        raise FormatError(f"its size is no number: {str(size)[:40]!r}")
    return name, size, sha256


def _compare(archive: Path, name: str, said: tuple[int, str, int], faults: Faults, *, quick: bool) -> None:
    """A file of another length is another file, and is not digested: it may be endless."""
    size, sha256, entry = said
    try:
        if (found := size_of(archive / name)) != size:
            raise FormatError(f"has {found} bytes, entry {entry} of the log says {size}")
        if quick:
            return
        if (actual := digest_regular(archive / name, size)) != sha256:
            raise FormatError(f"has {actual}, entry {entry} of the log says {sha256}")
    except FormatError as error:
        faults.add(f"{name}: {error}")
