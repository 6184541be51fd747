"""Which leaves, checkpoints and tokens are handed over, so that each capture among them is proved by itself.

A leaf is proved to the earliest checkpoint that covers it and carries the most tokens: that gives the
tightest 不晚于. The checkpoint that the leaf itself commits to comes along too: that gives 不早于. Events that
a verifier needs come along as well: those about the log's keys, those that tell of the WARC files' beginning,
and those that renewed one of the tokens (crawler.evidence.renewal), each with its checkpoint and tokens.

Captures bring along what belongs to them: a rendered page the exchanges that it made, and the plain look at the same
address with the redirects that led to it. Sealed originals (``withheld``) are never handed over.
"""

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from crawler.errors import ArchiveError, FormatError, NotJudged, TimestampError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.bracket import Brackets
from crawler.evidence.checks.leaves import Leaf, read_leaf
from crawler.evidence.checks.stamps import Anchors, Stamp, verify_stamp
from crawler.evidence.digest import digest_file
from crawler.evidence.key_history import KEY_ACTS
from crawler.evidence.manifest import Capture, Event
from crawler.evidence.renewal import ACT as RENEWED
from crawler.evidence.tiles import WIDTH

_ID = re.compile(rb'"id":"([^"\\]*)"')  # the first in a leaf of a capture is its own: its keys are sorted


@dataclass(frozen=True, slots=True)
class Selected:
    """One leaf that is handed over; `size` is the checkpoint that its proof leads to."""

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


class Unseen(NamedTuple):
    """A leaf that is proved and not handed over: of it a redacted capture was made. `size` as of `Selected`."""

    entry: int
    size: int
    not_after: datetime | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Leaves in log order, the sizes of the checkpoints to include, and the tokens over them."""

    leaves: tuple[Selected, ...]
    sizes: tuple[int, ...]
    stamps: tuple[Stamp, ...]
    tokens: tuple[tuple[int, str], ...]  # size and authority, those included that nobody here can judge
    originals: tuple[Unseen, ...] = ()

    def captures(self) -> dict[str, Selected]:
        """The leaves of captures by capture id."""
        return {s.leaf.capture.id: s for s in self.leaves if s.leaf.capture is not None}

    def beginning_with(self, size: int) -> "Selection":
        """The same with one checkpoint more, so that the log's part leads on from it."""
        return replace(self, sizes=tuple(sorted({*self.sizes, size})))

    @property
    def until(self) -> str:
        """The time of the newest leaf: what the bundle is dated by, so that two exports are equal."""
        return max(selected.time for selected in self.leaves)


@dataclass(slots=True)
class _Found:
    """What one pass over the log found, by leaf index."""

    captures: dict[int, Leaf] = field(default_factory=dict)
    keys: dict[int, Leaf] = field(default_factory=dict)
    renewals: dict[int, Leaf] = field(default_factory=dict)
    opened: dict[str, tuple[int, Leaf]] = field(default_factory=dict)  # by WARC file


def select(archive: Archive, captures: Iterable[str], *, with_files: bool = True) -> Selection:
    """Find what these captures need in the archive's log.

    `with_files`: for a WACZ. Also what belongs to these captures, and the events that tell of the beginning of the
    WARC files, whose warcinfo records it begins with; without, the captures alone (a receipt). Raises UsageError
    (unknown or withheld capture, log not signed up to it), ArchiveError (a leaf or token is damaged).
    """
    found = _find(archive, set(captures), whole_pages=with_files)
    if with_files:
        _add_plain_looks(archive, found)
    _require_kept(archive, found)
    if with_files:
        _require_files(found)
    stamped = _stamped_sizes(archive)
    proofs = {index: _covering(archive, index, stamped) for index in found.captures}
    leaves = dict(found.captures)
    for index, leaf in [*(found.opened.values() if with_files else ()), *found.keys.items()]:
        leaves[index] = leaf
        proofs[index] = _near(index, proofs.values()) or _covering(archive, index, stamped)
    originals = {
        entry: _covering(archive, entry, stamped) for entry in sorted(_redacted(found.captures.values()))
    }
    proofs |= originals
    _add_renewals(archive, found.renewals, stamped, leaves, proofs)
    sizes = sorted(_sizes(leaves, proofs))
    tokens = tuple((size, authority) for size in sizes for authority in stamped.get(size, ()))
    stamps = _stamps(archive, tokens)
    brackets = Brackets(stamps)
    selected = tuple(
        _selected(index, leaf, proofs[index], brackets) for index, leaf in sorted(leaves.items())
    )
    unseen = tuple(Unseen(entry, size, _upper(brackets, entry)) for entry, size in originals.items())
    return Selection(selected, tuple(sizes), stamps, tokens, unseen)


def _find(archive: Archive, wanted: set[str], *, whole_pages: bool) -> _Found:
    found, known = _Found(), set[str]()
    for entry in archive.entries():
        content = json.loads(entry.leaf)
        if content.get("kind") == "capture":
            identifier = content.get("id")
            belongs = whole_pages and content.get("page") in wanted and not content.get("withheld")
            if identifier in wanted or belongs:
                found.captures[entry.index] = _read(entry.index, entry.leaf)
                known.add(identifier)
        elif (act := content.get("act")) in KEY_ACTS:
            found.keys[entry.index] = _read(entry.index, entry.leaf)
        elif act == RENEWED:
            found.renewals[entry.index] = _read(entry.index, entry.leaf)
        elif act == "warc-opened":
            leaf = _read(entry.index, entry.leaf)
            found.opened[leaf.records[0].locator.file] = (entry.index, leaf)
    if wanted - known:
        raise UsageError(f"not in this archive: capture {', '.join(sorted(wanted - known)[:5])}")
    _refuse_originals(found)
    return found


def _refuse_originals(found: _Found) -> None:
    """Raise UsageError for a sealed original: it holds what opens a person's account."""
    for leaf in found.captures.values():
        if leaf.capture is not None and leaf.capture.withheld:
            raise UsageError(
                f"capture {leaf.capture.id} is a sealed original with secrets of the browser that recorded it, and is"
                " never exported: name the capture that was derived from it (its manifest says original ="
                f" {leaf.capture.id}); a court can be shown the original in the archive itself"
            )


def _add_plain_looks(archive: Archive, found: _Found) -> None:
    """The plain looks that these pages name, and the hops before each: they stand shortly before the page."""
    plain = {index: _plain(leaf) for index, leaf in found.captures.items()}
    wanted = {name for name in plain.values() if name is not None}
    last = max((index for index, name in plain.items() if name is not None), default=0)
    for index, content in _backwards(archive, last):
        if not wanted:
            return
        named = _ID.search(content)
        if named is None or named[1].decode() not in wanted:
            continue
        leaf = _read(index, content)
        if leaf.capture is None or leaf.capture.id not in wanted:
            continue
        wanted.discard(leaf.capture.id)
        if leaf.capture.withheld:
            continue
        found.captures[index] = leaf
        if leaf.capture.follows is not None:
            wanted.add(leaf.capture.follows)
    if wanted:
        raise ArchiveError(
            f"the log lacks capture {min(wanted)}, which another one names: run `evidence verify`"
        )


def _plain(leaf: Leaf) -> str | None:
    """Id of the plain look that a page names."""
    named = (leaf.capture.look or {}).get("plain") if leaf.capture is not None else None
    return named if isinstance(named, str) else None


def _backwards(archive: Archive, stop: int) -> Iterator[tuple[int, bytes]]:
    """The leaves before `stop` from the newest back, a bundle of the log at a time."""
    while stop > 0:
        start = (stop - 1) // WIDTH * WIDTH
        leaves = list(archive.log.leaves(start, stop))
        yield from zip(range(stop - 1, start - 1, -1), reversed(leaves), strict=True)
        stop = start


def _require_kept(archive: Archive, found: _Found) -> None:
    """Raise UsageError for a capture whose records were removed when their retention period ended."""
    for leaf in found.captures.values():
        for record in leaf.records:
            removed = archive.removals.removed_on(record.locator.file, record.locator.offset)
            if removed is not None and leaf.capture is not None:
                raise UsageError(
                    f"capture {leaf.capture.id} was removed on {removed[:10]}, when its retention period ended:"
                    " only its digests are left, in the log"
                )


def _require_files(found: _Found) -> None:
    """Keep the beginnings of the files that the captures' records lie in; ArchiveError if one is not told of."""
    files = {record.locator.file for leaf in found.captures.values() for record in leaf.records}
    if files - set(found.opened):
        missing = min(files - set(found.opened))
        raise ArchiveError(f"no event tells of the beginning of {missing}; run `evidence verify`")
    found.opened = {file: opened for file, opened in found.opened.items() if file in files}


def _add_renewals(
    archive: Archive,
    renewals: Mapping[int, Leaf],
    stamped: Mapping[int, Sequence[str]],
    leaves: dict[int, Leaf],
    proofs: dict[int, int],
) -> None:
    """Add each renewal of a token that comes along, and the renewals of what renewed it, until none is left."""
    while True:
        held = {
            digest_file(archive.path / "log/stamps" / str(size) / f"{authority}.tsr")
            for size in _sizes(leaves, proofs)
            for authority in stamped.get(size, ())
        }
        wanted = [
            index
            for index, leaf in renewals.items()
            if index not in leaves and leaf.event is not None and held & set(leaf.event.details["tokens"])
        ]
        if not wanted:
            return
        for index in wanted:
            leaves[index] = renewals[index]
            proofs[index] = _covering(archive, index, stamped)


def _redacted(leaves: Iterable[Leaf]) -> set[int]:
    """The entries that redacted captures among these were made of."""
    made = (leaf.capture.redacted for leaf in leaves if leaf.capture is not None)
    return {redacted.entry for redacted in made if redacted is not None}


def _upper(brackets: Brackets, entry: int) -> datetime | None:
    bound = brackets.not_after(entry)
    return None if bound is None else bound.time


def _sizes(leaves: Mapping[int, Leaf], proofs: Mapping[int, int]) -> set[int]:
    return {*proofs.values(), *(leaf.after.size for leaf in leaves.values() if leaf.after is not None)}


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


def _near(index: int, sizes: Iterable[int]) -> int | None:
    """The smallest checkpoint that comes along anyway and covers this leaf."""
    return min((size for size in sizes if size > index), default=None)


def _covering(archive: Archive, index: int, stamped: Mapping[int, Sequence[str]]) -> int:
    covering = [size for size in stamped if size > index]
    if covering:
        return min(covering, key=lambda size: (-len(stamped[size]), size))
    newest = archive.log.checkpoint_sizes[-1]
    if newest <= index:
        raise UsageError(f"entry {index} is in no signed checkpoint yet: run `evidence seal` first")
    return newest


def _stamps(archive: Archive, tokens: Iterable[tuple[int, str]]) -> tuple[Stamp, ...]:
    """The tokens, verified; without those that nobody here can judge, which come along all the same."""
    folder, anchors, stamps = archive.path / "log/stamps", Anchors(archive.path / "trust"), []
    for size, authority in tokens:
        _, note = archive.log.checkpoint_at(size)
        try:
            with contextlib.suppress(NotJudged):
                stamps.append(verify_stamp(folder, size, authority, note, anchors))
        except (FormatError, TimestampError) as error:
            raise ArchiveError(
                f"log/stamps/{size}/{authority}.tsr: {error}; run `evidence verify`"
            ) from error
    return tuple(stamps)


def _selected(index: int, leaf: Leaf, size: int, brackets: Brackets) -> Selected:
    lower = brackets.not_before(leaf.after)
    return Selected(index, leaf, size, None if lower is None else lower.time, _upper(brackets, index))
