"""Where a finding's words stand: the text around quotes, pictures of them, and what the log says of the captures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture
from crawler.export.finding_crop import Crop, quoted_crop
from crawler.items import ITEM_TYPES
from crawler.store.findings import StoredFinding, captures_of
from crawler.store.index import Index

Json = Mapping[str, Any]
AROUND = 60  # characters of context before and after a quote
MOST_CROPS = 6  # pictures on a page; further quotes stand there in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stands before and after a quote in its field; `cut` tells whether more stands there."""

    before: str
    after: str
    cut_before: bool
    cut_after: bool


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
    """For one finding: contexts and crops by the number of the quote, and its captures, oldest first."""

    contexts: Mapping[int, Context]
    crops: Mapping[int, Crop]
    captures: tuple[Logged, ...]


def sources(archive: Archive, index: Index, finding: StoredFinding) -> Sources:
    """Read them. What is not there (removed under retention, not rendered, not found) is left out, not an error."""
    quotes: Sequence[Json] = (finding.content or {}).get("quotes", ())
    contexts = {
        number: found for number, quote in enumerate(quotes) if (found := context(index, quote)) is not None
    }
    crops: dict[int, Crop] = {}
    for number, quote in enumerate(quotes):
        if len(crops) < MOST_CROPS and (crop := quoted_crop(archive, index, quote)) is not None:
            crops[number] = crop
    captures = [_logged(archive, index, name) for name in captures_of(index, finding.id)]
    ordered = sorted(filter(None, captures), key=lambda one: (one.capture.started, one.leaf))
    return Sources(contexts=contexts, crops=crops, captures=tuple(ordered))


def context(index: Index, quote: Json) -> Context | None:
    """What stands around a quote; None where no reading of the page has these words at that place."""
    if quote["kind"] not in ITEM_TYPES:
        return None
    rows = index.query(
        f"select * from {quote['kind']} where capture = ? and identifier = ? order by version desc",  # noqa: S608 - our own names
        (quote["capture"], quote["identifier"]),
    )
    start, end = quote["start"], quote["end"]
    for row in rows:
        whole = dict(row).get(quote["field"])
        if isinstance(whole, str) and whole[start:end] == quote["text"]:
            before, after = whole[max(0, start - AROUND) : start], whole[end : end + AROUND]
            return Context(
                before=before, after=after, cut_before=start > AROUND, cut_after=len(whole) > end + AROUND
            )
    return None


def _logged(archive: Archive, index: Index, name: str) -> Logged | None:
    rows = index.query("select leaf, removed from capture where id = ?", (name,))
    if not rows:
        return None
    leaf = int(rows[0]["leaf"])
    return Logged(capture=Capture.from_leaf(archive.log.leaf(leaf)), leaf=leaf, removed=rows[0]["removed"])
