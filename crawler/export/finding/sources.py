"""Where a finding's words stand: the text around quotes, pictures of them, and what the log says of the captures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture
from crawler.export.finding.crop import Crop, quoted_crop
from crawler.export.finding.passage import Passage, passage
from crawler.items import ITEM_TYPES
from crawler.store.findings import StoredFinding, captures_of
from crawler.store.index import Index

Json = Mapping[str, Any]
MOST_CROPS = 6  # pictures on a page; further quotes stand there in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A capture as the log has it. `leaf`: index of its entry; `removed`: since when its content is gone (UTC)."""

    capture: Capture
    leaf: int
    removed: str | None

    @property
    def digests(self) -> list[tuple[str, str]]:
        """What was kept of the page, each with its SHA-256."""
        kept = [("网页内容", self.capture.reading), ("整页截图", self.capture.artefact("screenshot"))]
        return [
            (name, (record.payload_digest or record.block_digest).removeprefix("sha256:"))
            for name, record in kept
            if record is not None
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """For one finding: its quotes as passages, pictures by the passage's number, and its captures, oldest first."""

    passages: tuple[Passage, ...]
    crops: Mapping[int, Crop]
    captures: tuple[Logged, ...]


def sources(archive: Archive, index: Index, finding: StoredFinding) -> Sources:
    """Read them. What is not there (removed under retention, not rendered, not found) is left out, not an error."""
    groups: dict[tuple[str, ...], list[Json]] = {}
    for quote in (finding.content or {}).get("quotes", ()):
        key = tuple(quote[name] for name in ("capture", "kind", "identifier", "field"))
        groups.setdefault(key, []).append(quote)
    passages = [passage(group, _field(index, group)) for group in groups.values()]
    crops: dict[int, Crop] = {}
    for number, group in enumerate(groups.values()):
        if len(crops) < MOST_CROPS and (crop := quoted_crop(archive, index, group)) is not None:
            crops[number] = crop
    captures = [_logged(archive, index, name) for name in captures_of(index, finding.id)]
    ordered = sorted(filter(None, captures), key=lambda one: (one.capture.started, one.leaf))
    return Sources(passages=tuple(passages), crops=crops, captures=tuple(ordered))


def _field(index: Index, quotes: Sequence[Json]) -> str | None:
    """The field as the newest reading has it in which all these quotes stand; None where there is none."""
    first = quotes[0]
    if first["kind"] not in ITEM_TYPES:
        return None
    rows = index.query(
        f"select * from {first['kind']} where capture = ? and identifier = ? order by version desc",  # noqa: S608 - ours
        (first["capture"], first["identifier"]),
    )
    for row in rows:
        whole = dict(row).get(first["field"])
        if isinstance(whole, str) and all(
            whole[each["start"] : each["end"]] == each["text"] for each in quotes
        ):
            return whole
    return None


def _logged(archive: Archive, index: Index, name: str) -> Logged | None:
    rows = index.query("select leaf, removed from capture where id = ?", (name,))
    if not rows:
        return None
    leaf = int(rows[0]["leaf"])
    return Logged(capture=Capture.from_leaf(archive.log.leaf(leaf)), leaf=leaf, removed=rows[0]["removed"])
