"""What changed from one look at a page to the next: counters, texts, what appeared, what vanished, what was deleted.

What is compared are *sightings*: all rows of one list that one run saw, read by one callback. A list is the reviews
of one product, the floors of one thread, or what a run found that set out from one address. Only what a later
sighting should have shown counts as vanished:

- that run ended by itself, no host stopped it, and nothing that it saw was lost on a parser;
- the list was seen to its end; or, where the run was to turn only so many pages, something that stood below is still
  there. What is merely pushed further down has not vanished.

Both captures are named: the last that shows it, and the first that does not. A thing that is not shown is not
proven to be deleted: a site may sort anew. A page that answers 404 or 410 is gone.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from urllib.parse import urlsplit

from crawler.store.index import Index

COUNTERS = {
    "listing": ("price", "list_price", "sales", "review_count", "rating_value"),
    "review": ("rating_value", "useful_count"),
    "post": ("comment_count", "like_count", "share_count", "view_count"),
}
_UNDERSTOOD = {  # printed → as understood: "月销1000+" and "月销1千+" are no change
    "price": "price_amount",
    "sales": "sales_number",
    "review_count": "review_number",
    "rating_value": "rating_number",
    "useful_count": "useful_number",
    "comment_count": "comment_number",
    "like_count": "like_number",
    "share_count": "share_number",
    "view_count": "view_number",
}
TEXTS = {"listing": ("name",), "review": ("headline", "review_body"), "post": ("headline", "article_body")}
# What a row belongs to; where it says nothing of that: what the run set out from.
_LISTS = {"listing": "null", "review": "i.item_reviewed", "post": "i.is_part_of"}
_STARTED_FROM = "coalesce(json_extract(r.settings, '$.url'), '')"
GONE = (404, 410)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change, between two captures.

    `what`: counter, text, appeared, vanished, gone (the page itself), back (it answers again), unread (it answers,
    and its parser understands it no more). `before` and `after` are as printed on the pages.
    """

    what: str
    site: str
    kind: str  # listing, review, post; page for gone, back and unread
    identifier: str
    page_url: str
    field: str | None = None
    before: str | None = None
    after: str | None = None
    time_before: str  # UTC, of the captures
    time_after: str
    capture_before: str
    capture_after: str


@dataclass(slots=True)
class _Row:
    leaf: int
    run: str
    capture: str
    time: str
    page_url: str
    identifier: str = ""
    values: dict[str, str | None] = field(default_factory=dict)


@dataclass(slots=True)
class _Sighting:
    """Rows of one list in one run, in the order of the page. `last`: of its captures; a list may be empty."""

    last: _Row
    rows: dict[str, _Row] = field(default_factory=dict)
    pages: set[str] = field(default_factory=set)

    @property
    def run(self) -> str:
        return self.last.run


def changes(
    index: Index, *, site: str | None = None, url: str | None = None, since: str = ""
) -> list[Change]:
    """All changes, in the order of the later capture. `url`: only of this page; `since`: UTC, not before."""
    found = [*_of_pages(index)]
    for kind in COUNTERS:
        found += _of_lists(index, kind)
    wanted = (
        change
        for change in found
        if site in (None, change.site) and url in (None, change.page_url) and change.time_after >= since
    )
    return sorted(wanted, key=lambda change: (change.time_after, change.site, change.what, change.identifier))


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One value of a series: when, as printed, and the capture that shows it."""

    time: str
    printed: str
    capture: str


def series(index: Index, site: str, identifier: str, counter: str, *, kind: str = "listing") -> list[Point]:
    """A counter of one thing over all captures that show it. Raises KeyError for a counter that there is not."""
    if counter not in COUNTERS[kind]:
        raise KeyError(counter)
    rows = index.query(
        f"select captured_at, {counter} printed, capture from {kind}_newest i"  # noqa: S608 - names are ours
        f" where site = ? and identifier = ? and printed is not null"
        " order by captured_at, capture",
        (site, identifier),
    )
    return [Point(time=row["captured_at"], printed=row["printed"], capture=row["capture"]) for row in rows]


def _of_lists(index: Index, kind: str) -> Iterator[Change]:
    turned = _turned(index)
    flaws = _flaws(index)
    looks = _looks(index)
    rows = _rows(index, kind)
    for (site, _extractor, _list), group in groupby(rows, key=lambda pair: pair[0]):
        before: _Sighting | None = None
        known: dict[str, _Row] = {}
        for after in _with_empty(list(_sightings(row for _, row in group)), looks):
            yield from _values(kind, site, known, after)
            if before is not None and not flaws & {
                (after.run, None),
                (after.run, _host(after.last.page_url)),
            }:
                yield from _moved(
                    kind, site, before, after, cut=len(after.pages) >= turned.get(after.run, 10**9)
                )
            known |= after.rows
            before = after


def _rows(index: Index, kind: str) -> Iterator[tuple[tuple[str, str, str], _Row]]:
    names = (*COUNTERS[kind], *TEXTS[kind])
    fields = (*names, *(_UNDERSTOOD[name] for name in names if name in _UNDERSTOOD))
    rows = index.query(
        f"select i.site, i.extractor, coalesce({_LISTS[kind]}, {_STARTED_FROM}) list, c.leaf, c.run, i.capture,"  # noqa: S608
        f" i.captured_at, i.page_url, i.identifier, {', '.join(f'i.{name}' for name in fields)}"
        f" from {kind}_newest i join capture c on c.id = i.capture left join run r on r.id = c.run"
        " order by i.site, i.extractor, list, c.leaf, i.ordinal"
    )
    for row in rows:
        values = {name: row[name] for name in fields}
        yield (
            (row["site"], row["extractor"], row["list"]),
            _Row(
                row["leaf"],
                row["run"],
                row["capture"],
                row["captured_at"],
                row["page_url"],
                row["identifier"],
                values,
            ),
        )


def _sightings(rows: Iterator[_Row]) -> Iterator[_Sighting]:
    for _, group in groupby(rows, key=lambda row: row.run):
        rows_of_run = list(group)
        pages = {row.page_url for row in rows_of_run}
        yield _Sighting(rows_of_run[-1], {row.identifier: row for row in rows_of_run}, pages)


def _looks(index: Index) -> dict[str, list[_Row]]:
    """Whole pages that a parser was to read, by address: a list that was there and has no rows now is empty."""
    found: dict[str, list[_Row]] = {}
    rows = index.query(
        "select leaf, run, id, started, url from capture where state = 'complete' and status between 200 and 299"
        " and read_with is not null and page is null order by leaf"
    )
    for row in rows:
        look = _Row(row["leaf"], row["run"], row["id"], row["started"], row["url"])
        found.setdefault(row["url"], []).append(look)
    return found


def _with_empty(sightings: list[_Sighting], looks: dict[str, list[_Row]]) -> list[_Sighting]:
    """The sightings of a list, and those of its first page that show none of it."""
    first = next(iter(sightings[0].rows.values()))
    runs = {sighting.run for sighting in sightings}
    empty = {
        look.run: _Sighting(look, {}, {look.page_url})
        for look in looks.get(first.page_url, ())
        if look.leaf > first.leaf and look.run not in runs
    }
    return sorted([*sightings, *empty.values()], key=lambda sighting: sighting.last.leaf)


def _values(kind: str, site: str, known: dict[str, _Row], after: _Sighting) -> Iterator[Change]:
    """Counters and texts of what was seen before. A value that a page leaves out is no change."""
    for identifier, row in after.rows.items():
        old = known.get(identifier)
        if old is None:
            continue
        for name in (*COUNTERS[kind], *TEXTS[kind]):
            value, earlier = row.values[name], old.values[name]
            if value is None:
                row.values[name] = earlier
            elif earlier is not None and value != earlier and not _same(name, old, row):
                what = "counter" if name in COUNTERS[kind] else "text"
                yield _change(what, kind, site, old, row, field=name, before=earlier, after=value)


def _same(name: str, old: _Row, new: _Row) -> bool:
    """Whether two printed numbers were understood, as the same number."""
    understood = _UNDERSTOOD.get(name, "")
    return old.values.get(understood) is not None and old.values[understood] == new.values[understood]


def _moved(kind: str, site: str, before: _Sighting, after: _Sighting, *, cut: bool) -> Iterator[Change]:
    """What appeared and what vanished."""
    for identifier, row in after.rows.items():
        if identifier not in before.rows:
            yield _change("appeared", kind, site, before.last, row, after=_words(kind, row))
    names = list(before.rows)
    lowest = max((place for place, name in enumerate(names) if name in after.rows), default=-1)
    for place, name in enumerate(names):
        if name not in after.rows and (not cut or place < lowest):
            row = before.rows[name]
            yield _change("vanished", kind, site, row, after.last, identifier=name, before=_words(kind, row))


def _words(kind: str, row: _Row) -> str | None:
    return next((row.values[name] for name in reversed(TEXTS[kind]) if row.values[name]), None)


def _change(what: str, kind: str, site: str, old: _Row, new: _Row, **more: str | None) -> Change:
    shown = new if what == "appeared" else old
    told = {"identifier": shown.identifier, "page_url": shown.page_url} | more
    return Change(
        what=what, site=site, kind=kind, time_before=old.time, time_after=new.time,
        capture_before=old.capture, capture_after=new.capture, **told,  # type: ignore[arg-type]
    )  # fmt: skip


def _turned(index: Index) -> dict[str, int]:
    """Runs that were to turn only so many pages."""
    rows = index.query("select id, settings from run where settings like '%EVIDENCE_WATCH%'")
    settings = {row["id"]: json.loads(row["settings"]).get("EVIDENCE_WATCH") for row in rows}
    return {run: int(pages) for run, pages in settings.items() if pages}


def _flaws(index: Index) -> set[tuple[str, str | None]]:
    """Runs that may have missed something (None), or something on a host: see the module."""
    runs = index.query("select id from run where coalesce(reason, '') != 'finished'")
    stopped = index.query(
        "select json_extract(details, '$.run') run, json_extract(details, '$.host') host"
        " from event where act = 'host-stopped'"
    )
    pages = index.query(
        "select c.run, c.url from unread_newest u join capture c on c.id = u.capture where u.lost"
        " union select run, url from capture where state = 'partial' and page is null"
        " and read_with is not null"
    )
    return {
        *((row["id"], None) for row in runs),
        *((row["run"], row["host"]) for row in stopped),
        *((row["run"], _host(row["url"])) for row in pages),
    }


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _of_pages(index: Index) -> Iterator[Change]:
    """Pages that are gone, that are back, and that are there and not what they were."""
    rows = index.query(
        "select c.id, c.site, c.url, c.started, c.status,"
        " exists (select 1 from unread_newest u where u.capture = c.id and u.lost) unread"
        " from capture c where c.page is null and c.status is not null and c.method = 'GET' and c.withheld = 0"
        " order by c.site, c.url, c.leaf"
    )
    for (site, url), group in groupby(rows, key=lambda row: (row["site"], row["url"])):
        before = None
        for row in group:
            state = "gone" if row["status"] in GONE else "unread" if row["unread"] else "there"
            if row["status"] not in GONE and not 200 <= row["status"] < 300:
                continue  # a fault of the server, or a wall, says nothing about the page
            if before is not None and before[0] != state:
                what = "back" if state == "there" else state
                yield Change(
                    what=what, site=site, kind="page", identifier=url, page_url=url,
                    before=str(before[1]["status"]), after=str(row["status"]),
                    time_before=before[1]["started"], time_after=row["started"],
                    capture_before=before[1]["id"], capture_after=row["id"],
                )  # fmt: skip
            before = (state, row)
