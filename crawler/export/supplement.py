"""A supplement: what a case has got since a bundle of it was handed over, and nothing of that bundle again.

It names the earlier bundle by the digest of its list of lists, holds the captures that one lacks, and its log's part
begins with the newest checkpoint of that one: whoever has both sees one log (crawler.evidence.checks.supplement).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from crawler.errors import FormatError, LogError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import BAG_INFO, LOG, SUPPLEMENT_TO, TAG_MANIFEST
from crawler.evidence.checks.leaves import read_leaf
from crawler.evidence.checks.reading import read_small
from crawler.evidence.digest import digest
from crawler.evidence.note import split_note
from crawler.export.model import Exhibit

__all__ = ["SUPPLEMENT_TO", "Earlier", "earlier_bundle", "new_exhibits"]


class Earlier(NamedTuple):
    """A bundle that was handed over: digest of tagmanifest-sha256.txt, its newest checkpoint, its captures."""

    digest: str
    size: int
    captures: frozenset[str]


def earlier_bundle(path: Path, archive: Archive) -> Earlier:
    """Read a bundle of this archive's log. Raises UsageError for what is none, or of another log."""
    if not (path / BAG_INFO).is_file():
        raise UsageError(f"{path} is no bundle: give the folder that was handed over first")
    try:
        tags = read_small(path / TAG_MANIFEST)
        newest = read_small(path / LOG / "checkpoint")
        text, _ = split_note(newest)
        size = int(text.split("\n")[1])
        ours, _ = split_note(archive.log.checkpoint_at(size)[1])
        leaves = [read_leaf(read_small(file)) for file in sorted((path / LOG / "leaves").glob("*.json"))]
    except (FormatError, LogError, ValueError, IndexError) as error:
        raise UsageError(
            f"{path} is no bundle of this archive: {error}; run `evidence verify {path}`"
        ) from error
    if ours != text:
        raise UsageError(f"{path} is a bundle of another log: its checkpoint of size {size} is not ours")
    captures = frozenset(leaf.capture.id for leaf in leaves if leaf.capture is not None)
    return Earlier(digest(tags), size, captures)


def new_exhibits(exhibits: Sequence[Exhibit], earlier: Earlier) -> list[Exhibit]:
    """The exhibits with captures that the earlier bundle lacks, with these alone.

    Raises UsageError where there is nothing new.
    """
    found = []
    for one in exhibits:
        fresh = tuple(name for name in one.captures if name not in earlier.captures)
        if not fresh:
            continue
        before = len(one.captures) - len(fresh)
        told = f"本件另有 {before} 次采集在先前的证据包中" if before else ""
        source = "；".join(filter(None, (one.source, told)))
        found.append(replace(one, captures=fresh, source=source))
    if not found:
        raise UsageError(
            "the earlier bundle holds every capture of the case: add exhibits first,"
            " or export without --supplement-to"
        )
    return found
