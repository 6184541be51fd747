"""Write the parts of a submission: DIR/part-01/00-index.pdf, 01-catalogue.pdf … and DIR/index.csv.

The same bundle and limits give the same bytes. The folder appears under its name only when whole.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crawler.attachment_limits import AttachmentLimits
from crawler.errors import UsageError
from crawler.evidence.digest import digest
from crawler.evidence.report import Progress
from crawler.export.attachments.index import Index, Kept
from crawler.export.attachments.papers import BundlePapers
from crawler.export.attachments.parts import packed
from crawler.export.attachments.pieces import LeftOut, Piece, pieces

INDEX_PDF, INDEX_CSV = "00-index.pdf", "index.csv"
_ORDER = ("catalogue", "report", "exhibit", "finding")  # then everything else
_DIGITS = re.compile(r"(\d+)")
_FIRST_GUESS = 60_000  # bytes of an index, most of it fonts


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it."""

    parts: int
    files: int  # without the indexes
    left_out: tuple[LeftOut, ...]


def write_attachments(
    bundle: Path, to: Path, limits: AttachmentLimits, progress: Progress | None = None
) -> Written:
    """Divide and pack the papers of a bundle into the new folder `to`.

    Raises UsageError (`to` is not empty, no bundle, limits that nothing fits) and FormatError for a paper that is not
    what the bundle's list says.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageError(f"{to} is not empty: choose a new folder for the attachments")
    about = BundlePapers.of(bundle)
    unfinished = to.with_name(f".{to.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        kept, left = _prepared(about, limits, unfinished / "pieces", progress)
        parts, index, listed = _packed(about, kept, left, limits)
        for number, members in enumerate(parts, 1):
            _fill(unfinished / f"part-{number:02}", members, index)
        (unfinished / "pieces").rmdir()
        (unfinished / INDEX_CSV).write_bytes(listed.csv())
        unfinished.replace(to)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Written(len(parts), len(kept), tuple(left))


def _prepared(
    about: BundlePapers, limits: AttachmentLimits, folder: Path, progress: Progress | None
) -> tuple[list[Kept], list[LeftOut]]:
    """Every piece as a file in the new folder, in order; and what cannot be uploaded."""
    folder.mkdir(parents=True)
    kept: list[Kept] = []
    left: list[LeftOut] = []
    names = sorted(about.papers, key=_place)
    for done, name in enumerate(names, 1):
        content = about.read(name)
        if name.rpartition(".")[2] not in limits.types:
            left.append(LeftOut(name, name, len(content), "网站不收该类文件，见证据介质"))
            continue
        for one in pieces(name, content, limits.most_bytes):
            if isinstance(one, LeftOut):
                left.append(one)
            else:
                kept.append(_put(one, folder))
        if progress is not None:
            progress(done, len(names))
    return kept, left


def _put(piece: Piece, folder: Path) -> Kept:
    """Its bytes lie on the disk from now on: memory stays flat."""
    path, content = folder / piece.name, piece.content
    path.write_bytes(content)
    sha256, sm3 = (digest(content, algorithm).partition(":")[2] for algorithm in ("sha256", "sm3"))
    return Kept(replace(piece, content=b""), path, len(content), sha256, sm3)


def _place(name: str) -> tuple[object, ...]:
    """Catalogue, report, exhibits by number with their marked copies, findings, the rest."""
    first = re.split(r"[-.]", name)[0]
    rank = _ORDER.index(first) if first in _ORDER else len(_ORDER)
    return rank, [int(part) if part.isdigit() else part for part in _DIGITS.split(name)]


def _packed(
    about: BundlePapers, kept: Sequence[Kept], left: Sequence[LeftOut], limits: AttachmentLimits
) -> tuple[list[list[Kept]], bytes, Index]:
    """The parts, and the index. How large that is depends on the packing, and the packing on it."""
    room = _FIRST_GUESS
    while True:
        numbers = packed([one.size for one in kept], limits, room)
        parts = [[kept[number] for number in members] for members in numbers]
        listed = Index(parts, left)
        index = listed.pdf(about, limits)
        if len(index) > limits.most_bytes:
            raise UsageError(
                f"attachments.{limits.name}: the index alone has {len(index)} bytes, more than max_megabytes allows"
            )
        if len(index) <= room:
            return parts, index, listed
        room = len(index)


def _fill(folder: Path, members: Sequence[Kept], index: bytes) -> None:
    folder.mkdir()
    (folder / INDEX_PDF).write_bytes(index)
    for number, one in enumerate(members, 1):
        one.path.replace(folder / one.name(number))
