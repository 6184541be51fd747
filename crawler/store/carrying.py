"""What a rebuilt index takes over from the one before: rows of parsers' versions that are not installed any more."""

from collections import Counter
from dataclasses import dataclass

from crawler.items import ITEM_TYPES
from crawler.store.index import Index

_TABLES = (*ITEM_TYPES, "unread")
_HELD = (
    "select 1 from reading where capture = ? and extractor = ? and version = ?"
    " union all select 1 where not exists (select 1 from capture where id = ? and removed is null)"
)


@dataclass(frozen=True, slots=True)
class Carried:
    """Rows of one version of one parser: of so many pages, items and what was not understood together."""

    extractor: str
    version: int
    pages: int
    rows: int


def carry_over(old: Index, fresh: Index) -> list[Carried]:
    """Copy the rows of all readings that `fresh` has not made itself, of pages that it knows and still has.

    What `fresh` has read stays as it is, so a changed row of the old index is not taken over but found to differ.
    Returns what was copied, without readings that had found nothing.
    Raises ArchiveError if the old index is damaged; `fresh` is unchanged then.
    """
    pages, rows = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    with fresh.transaction():
        for capture, extractor, version in _readings(old):
            if fresh.query(_HELD, (capture, extractor, version, capture)):
                continue
            fresh.add_reading(capture, extractor, version)
            copied = sum(_copy(old, fresh, table, (capture, extractor, version)) for table in _TABLES)
            pages[extractor, version] += 1
            rows[extractor, version] += copied
    return [Carried(*name, pages[name], rows[name]) for name in sorted(pages) if rows[name]]


def _readings(index: Index) -> list[tuple[str, str, int]]:
    """All readings of an index. An old one is not migrated here and may know them by their rows alone."""
    known = bool(index.query("select 1 from sqlite_master where name = 'reading'"))
    tables = (*_TABLES, "reading") if known else _TABLES
    sql = " union ".join(f"select capture, extractor, version from {table}" for table in tables)  # noqa: S608
    return [(row[0], row[1], row[2]) for row in index.query(sql)]


def _copy(old: Index, fresh: Index, table: str, reading: tuple[str, str, int]) -> int:
    rows = old.query(
        f"select * from {table} where capture = ? and extractor = ? and version = ?",  # noqa: S608 - names are ours
        reading,
    )
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row.keys())  # noqa: SIM118 - a Row iterates over values
        fresh.connection.execute(
            f"insert into {table} ({names}) values ({', '.join('?' * len(row))})",  # noqa: S608 - names are ours
            tuple(row),
        )
    return len(rows)
