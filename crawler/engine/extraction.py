"""`evidence extract`: today's parsers over the captures of an archive, whenever and however they were made.

What a newer version of a parser reads stands beside what older ones read; nothing is overwritten. Each page is
stored in one transaction, so that an extraction that was interrupted goes on where it ended: pages that this
version has read are left alone.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scrapy.settings import Settings

from crawler.engine.extractor import Extractor, Reader
from crawler.evidence.manifest import Capture
from crawler.store import readings
from crawler.store.index import Index
from crawler.store.oddities import OddReason, summed
from crawler.store.readings import Difference
from crawler.store.session import Session

Progress = Callable[[int, int], None]
_WANTED = (
    "select leaf from capture where removed is null and withheld = 0 and redacted is null and page is null"
    " and file is not null"
    " and state in ('complete', 'partial') and started >= ? order by leaf"
)
# What was fetched beside a rendered page, to compare: the rendered page is what is read.
_PLAIN = "select json_extract(look, '$.plain') from capture where json_extract(look, '$.plain') is not null"


@dataclass(slots=True)
class SiteExtraction:
    """What came of the pages of one site. `items` and what was not understood: of all pages, read now or before."""

    site: str
    version: int
    read: int = 0
    before: int = 0  # pages that this version had read already
    items: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    details: int = 0
    difference: Difference = field(default_factory=Difference)  # to the version before, of the pages read now
    compared: int = 0  # pages that an older version had read


@dataclass(slots=True)
class Extraction:
    """What one extraction did. `unknown`: captures that no site of today reads."""

    sites: dict[str, SiteExtraction] = field(default_factory=dict)
    unknown: int = 0
    odd: list[OddReason] = field(default_factory=list)
    interrupted: bool = False

    @property
    def complete(self) -> bool:
        """Whether every page was read to its end, and nothing that may have been an item was lost."""
        return not self.interrupted and not any(site.lost for site in self.sites.values())


def extract(
    session: Session,
    settings: Settings,
    *,
    site: str | None = None,
    since: str = "",
    progress: Progress = lambda _done, _total: None,
) -> Extraction:
    """Read the captures again; `since`: captured at this time (UTC) or later. Ctrl-C ends it between two pages.

    A custody event says what was read, unless all of it had been read before.
    """
    extractor, found, rows = Extractor(session, settings), Extraction(), []
    beside = plain_captures(session.index)
    leaves = [row["leaf"] for row in session.index.query(_WANTED, (since,))]
    try:
        for done, leaf in enumerate(leaves, 1):
            capture = Capture.from_leaf(session.archive.log.leaf(leaf))
            if capture.id not in beside and extractor.kept(capture):
                reader = extractor.named(capture) or extractor.by_address(capture)
                if reader is None:
                    found.unknown += 1
                elif site in (None, reader.site.name):
                    rows += _one(session.index, extractor, capture, reader, found)
            progress(done, len(leaves))
    except KeyboardInterrupt:
        found.interrupted = True
    found.odd = summed(rows)
    if any(one.read for one in found.sites.values()):
        session.record_event("captures-extracted", _noted(found, site, since))
    return found


def plain_captures(index: Index) -> set[str]:
    """Captures that were made beside a rendered one, of the same page."""
    return {row[0] for row in index.query(_PLAIN)}


def _one(
    index: Index, extractor: Extractor, capture: Capture, reader: Reader, found: Extraction
) -> list[Any]:
    """Read a capture unless this version has; count it. Returns what was not understood."""
    name, version = reader.site.name, reader.site.version
    key = (capture.id, reader.extractor, version)
    again = readings.has_read(index, *key)
    if not again:
        extractor.read(capture, reader)
    counted = found.sites.setdefault(name, SiteExtraction(name, version))
    counted.read, counted.before = counted.read + (not again), counted.before + again
    counted.items += readings.counts(index, *key)
    odd = readings.unread(index, *key)
    counted.lost += sum(row["lost"] for row in odd)
    counted.details += sum(not row["lost"] for row in odd)
    older = None if again else readings.version_before(index, *key)
    if older is not None:
        counted.compared += 1
        counted.difference.add(readings.difference(index, capture.id, reader.extractor, older, version))
    return odd


def _noted(found: Extraction, site: str | None, since: str) -> dict[str, Any]:
    """Details of the event. Rebuilding reads `sites`, `site` and `since`."""
    sites = found.sites.values()
    return {
        "site": site,
        "since": since,
        "sites": {one.site: one.version for one in sites},
        "read": sum(one.read for one in sites),
        "before": sum(one.before for one in sites),
        "items": dict(sum((one.items for one in sites), Counter())),
        "unread": {"lost": sum(one.lost for one in sites), "details": sum(one.details for one in sites)},
        "interrupted": found.interrupted,
    }
