"""What a run yielded, beside what its site is expected to yield and beside the last run of the same order.

A site that changes silently gives an empty table, not an error: the numbers are what shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crawler.items import ITEM_TYPES
from crawler.store.index import Index

_LAST = (
    "select l.id from run l join run r on r.id = ? where l.site = r.site and l.id != r.id and l.reason = 'finished'"
    " and l.started < r.started"
    " and json_extract(l.settings, '$.url') is json_extract(r.settings, '$.url')"
    " and json_extract(l.settings, '$.kind') is json_extract(r.settings, '$.kind')"
    " and coalesce(json_extract(l.settings, '$.EVIDENCE_WATCH'), 0)"
    " = coalesce(json_extract(r.settings, '$.EVIDENCE_WATCH'), 0)"
    " order by l.started desc limit 1"
)
_ORDERED = (
    "select json_extract(settings, '$.url'), json_extract(settings, '$.kind'),"
    " coalesce(json_extract(settings, '$.EVIDENCE_WATCH'), 0) from run where id = ?"
)


@dataclass(frozen=True, slots=True)
class Yield:
    """Items of one kind. `before`: of the last run, None if there was none; `expected`: None if nothing is."""

    kind: str
    now: int
    before: int | None
    expected: tuple[int, int] | None

    @property
    def missed(self) -> bool:
        """Whether the number is outside what is expected."""
        return self.expected is not None and not self.expected[0] <= self.now <= self.expected[1]

    @property
    def vanished(self) -> bool:
        """Whether there were some last time and are none now."""
        return bool(self.before) and not self.now

    @property
    def dropped(self) -> bool:
        """Whether there are less than half as many as last time."""
        return self.before is not None and 2 * self.now < self.before


def yields(index: Index, run: str, expect: Mapping[str, tuple[int, int]]) -> list[Yield]:
    """The kinds that the run yielded, that it should have yielded, or that the last run yielded.

    `expect` is about whole crawls. Where only one address was ordered, a kind that the last run of the same order
    had is expected to be there at all, and some item of the site. A watched page may be gone; a run that did not end
    by itself has not seen all: nothing is expected of either.
    """
    rows = index.query(_ORDERED, (run,))
    now = items_of(index, run)
    last = index.query(_LAST, (run,))
    before = items_of(index, last[0][0]) if last else None
    expected = _expected(expect, tuple(rows[0]), now, before or {}) if rows else {}
    kinds = [kind for kind in ITEM_TYPES if kind in expected or now.get(kind) or (before or {}).get(kind)]
    return [
        Yield(kind, now.get(kind, 0), before.get(kind, 0) if before is not None else None, expected.get(kind))
        for kind in kinds
    ]


def items_of(index: Index, run: str) -> dict[str, int]:
    """Items by kind that the newest readings of a run's captures gave."""
    sql = "select count(*) from {}_newest where capture in (select id from capture where run = ?)"
    found = {kind: int(index.query(sql.format(kind), (run,))[0][0]) for kind in ITEM_TYPES}
    return {kind: number for kind, number in found.items() if number}


def _expected(
    expect: Mapping[str, tuple[int, int]],
    ordered: tuple[str | None, str | None, int],
    now: Mapping[str, int],
    before: Mapping[str, int],
) -> dict[str, tuple[int, int]]:
    url, wanted, watch = ordered
    if watch:
        return {}
    if url is None:
        return {kind: bounds for kind, bounds in expect.items() if wanted in (None, kind)}
    return {
        kind: (1, most) for kind, (least, most) in expect.items() if least and (before.get(kind) or not now)
    }
