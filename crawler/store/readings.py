"""Readings of one page by two versions of its parser: what the newer one found that the older one did not."""

import sqlite3
from collections import Counter
from dataclasses import dataclass, field

from crawler.items import ITEM_TYPES
from crawler.store.index import Index
from crawler.store.oddities import READER
from crawler.store.schema import KEY, columns

# What differs because it was read again, or follows from the capture and not from the reading.
_NOT_READ = frozenset(
    (*KEY, "identifier", "site", "places", "captured_at", "page_url", "locator", "payload_digest")
)


@dataclass(slots=True)
class Difference:
    """Counts by kind; `changed` by kind and field, as "review.price"."""

    appeared: Counter[str] = field(default_factory=Counter)
    vanished: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Difference") -> None:
        """Sum up."""
        self.appeared += other.appeared
        self.vanished += other.vanished
        self.changed += other.changed


def version_before(index: Index, capture: str, extractor: str, version: int) -> int | None:
    """The newest version below this one that read the page; None if there is none."""
    rows = index.query(
        "select max(version) from reading where capture = ? and extractor = ? and version < ?",
        (capture, extractor, version),
    )
    found = rows[0][0]
    return None if found is None else int(found)


def has_read(index: Index, capture: str, extractor: str, version: int) -> bool:
    """Whether this version has read the page, with whatever result."""
    sql = "select 1 from reading where capture = ? and extractor = ? and version = ?"
    return bool(index.query(sql, (capture, extractor, version)))


def counts(index: Index, capture: str, extractor: str, version: int) -> Counter[str]:
    """Items by kind, of one reading."""
    found = {kind: len(_rows(index, kind, capture, extractor, version)) for kind in ITEM_TYPES}
    return Counter({kind: number for kind, number in found.items() if number})


def unread(index: Index, capture: str, extractor: str, version: int) -> list[sqlite3.Row]:
    """What one reading did not understand: site, url, capture, reason, lost, place."""
    return index.query(
        f"select {READER} site, c.url, u.capture, u.reason, u.lost, u.place from unread u join capture c"  # noqa: S608
        " on c.id = u.capture where u.capture = ? and u.extractor = ? and u.version = ? order by u.ordinal",
        (capture, extractor, version),
    )


def difference(index: Index, capture: str, extractor: str, older: int, newer: int) -> Difference:
    """What the newer version read otherwise. Items are matched by their identifier, equal ones in page order."""
    found = Difference()
    for kind, item_type in ITEM_TYPES.items():
        names = [name for name in columns(item_type) if name not in _NOT_READ]
        before, after = (
            _named(_rows(index, kind, capture, extractor, version)) for version in (older, newer)
        )
        found.appeared[kind] += len(after.keys() - before.keys())
        found.vanished[kind] += len(before.keys() - after.keys())
        for item in before.keys() & after.keys():
            found.changed.update(
                f"{kind}.{name}" for name in names if before[item][name] != after[item][name]
            )
    return Difference(+found.appeared, +found.vanished, found.changed)


def _rows(index: Index, kind: str, capture: str, extractor: str, version: int) -> list[sqlite3.Row]:
    sql = f"select * from {kind} where capture = ? and extractor = ? and version = ? order by ordinal"  # noqa: S608
    return index.query(sql, (capture, extractor, version))


def _named(rows: list[sqlite3.Row]) -> dict[tuple[str, int], sqlite3.Row]:
    seen: Counter[str] = Counter()
    found = {}
    for row in rows:
        found[row["identifier"], seen[row["identifier"]]] = row
        seen[row["identifier"]] += 1
    return found
