"""Which leaves, checkpoints and tokens a bundle needs, so that each of its captures is proved by itself.

A leaf is proved to the earliest checkpoint that covers it and carries the most tokens: that gives the
tightest 不晚于. The checkpoint that the leaf itself commits to comes along too: that gives 不早于.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from crawler.errors import ArchiveError, FormatError, TimestampError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.checks.leaves import Leaf, read_leaf
from crawler.evidence.checks.stamps import Anchors, Stamp, not_after, not_before, verify_stamp
from crawler.evidence.manifest import Capture, Event
from crawler.export.model import Exhibit


@dataclass(frozen=True, slots=True)
class Selected:
    """One leaf that goes into the bundle; `size` is the checkpoint that its proof leads to."""

    index: int
    leaf: Leaf
    size: int
    not_before: datetime | None
    not_after: datetime | None

    @property
    def time(self) -> str:
        """When the capture began, or the event happened: UTC, RFC 3339."""
        subject: Capture | Event | None = self.leaf.capture or self.leaf.event
        return "" if subject is None else subject.started if isinstance(subject, Capture) else subject.time


@dataclass(frozen=True, slots=True)
class Selection:
    """Leaves in log order, the sizes of the checkpoints to include, and the verified tokens over them."""

    leaves: tuple[Selected, ...]
    sizes: tuple[int, ...]
    stamps: tuple[Stamp, ...]

    def captures(self) -> dict[str, Selected]:
        """The leaves of captures by capture id."""
        return {s.leaf.capture.id: s for s in self.leaves if s.leaf.capture is not None}

    @property
    def until(self) -> str:
        """The time of the newest leaf: what the bundle is dated by, so that two exports are equal."""
        return max(selected.time for selected in self.leaves)


def select(archive: Archive, exhibits: Iterable[Exhibit]) -> Selection:
    """Find what the exhibits need in the archive's log.

    Raises UsageError (unknown capture, log not signed up to it), ArchiveError (a leaf or token is damaged).
    """
    wanted = {capture for exhibit in exhibits for capture in exhibit.captures}
    leaves = _find(archive, wanted)
    stamped = _stamped_sizes(archive)
    proofs = {index: _covering(archive, index, stamped) for index, _ in leaves}
    after = {leaf.after.size for _, leaf in leaves if leaf.after is not None}
    sizes = sorted({*proofs.values(), *after})
    stamps = _stamps(archive, {size: stamped.get(size, []) for size in sizes})
    selected = tuple(_selected(index, leaf, proofs[index], stamps) for index, leaf in leaves)
    return Selection(selected, tuple(sizes), stamps)


def _find(archive: Archive, wanted: set[str]) -> list[tuple[int, Leaf]]:
    """The wanted captures, and the ``warc-opened`` events of the files that their records lie in."""
    captures: dict[int, Leaf] = {}
    opened: dict[str, tuple[int, Leaf]] = {}
    for entry in archive.entries():
        content = json.loads(entry.leaf)
        if content.get("id") in wanted and content.get("kind") == "capture":
            captures[entry.index] = _read(entry.index, entry.leaf)
        elif content.get("act") == "warc-opened":
            leaf = _read(entry.index, entry.leaf)
            opened[leaf.records[0].locator.file] = (entry.index, leaf)
    found = {leaf.capture.id for leaf in captures.values() if leaf.capture is not None}
    if wanted - found:
        raise UsageError(f"not in this archive: capture {', '.join(sorted(wanted - found)[:5])}")
    files = {record.locator.file for leaf in captures.values() for record in leaf.records}
    if files - set(opened):
        raise ArchiveError(
            f"no event tells of the beginning of {min(files - set(opened))}; run `evidence verify`"
        )
    return sorted([*captures.items(), *(opened[file] for file in files)], key=lambda item: item[0])


def _read(index: int, content: bytes) -> Leaf:
    try:
        return read_leaf(content)
    except FormatError as error:
        raise ArchiveError(f"entry {index} of the log is damaged: {error}; run `evidence verify`") from error


def _stamped_sizes(archive: Archive) -> dict[int, list[str]]:
    """Names of the authorities by the size of the checkpoint that they stamped."""
    found: dict[int, list[str]] = {}
    for size in archive.log.checkpoint_sizes:
        tokens = sorted((archive.path / "log/stamps" / str(size)).glob("*.tsr"))
        if tokens:
            found[size] = [token.name.removesuffix(".tsr") for token in tokens]
    return found


def _covering(archive: Archive, index: int, stamped: dict[int, list[str]]) -> int:
    covering = [size for size in stamped if size > index]
    if covering:
        return min(covering, key=lambda size: (-len(stamped[size]), size))
    newest = archive.log.checkpoint_sizes[-1]
    if newest <= index:
        raise UsageError(f"entry {index} is in no signed checkpoint yet: run `evidence seal` first")
    return newest


def _stamps(archive: Archive, wanted: dict[int, Sequence[str]] | dict[int, list[str]]) -> tuple[Stamp, ...]:
    folder, anchors, stamps = archive.path / "log/stamps", Anchors(archive.path / "trust"), []
    for size, authorities in wanted.items():
        _, note = archive.log.checkpoint_at(size)
        for authority in authorities:
            try:
                stamps.append(verify_stamp(folder, size, authority, note, anchors))
            except (FormatError, TimestampError) as error:
                raise ArchiveError(
                    f"log/stamps/{size}/{authority}.tsr: {error}; run `evidence verify`"
                ) from error
    return tuple(stamps)


def _selected(index: int, leaf: Leaf, size: int, stamps: tuple[Stamp, ...]) -> Selected:
    lower = None if leaf.after is None else not_before(leaf.after.size, stamps)
    return Selected(index, leaf, size, lower, not_after(index, stamps))
