"""What a rebuilt index takes over from the one before: rows of parsers' versions that are not installed any more,
and what findings say, where it is what was logged."""

import hashlib
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
        _carry_words(old, fresh)
    return [Carried(*name, pages[name], rows[name]) for name in sorted(pages) if rows[name]]


def _readings(index: Index) -> list[tuple[str, str, int]]:
    """All readings of an index. An old one is not migrated here and may know them by their rows alone."""
    known = bool(index.query("select 1 from sqlite_master where name = 'reading'"))
    tables = (*_TABLES, "reading") if known else _TABLES
    sql = " union ".join(f"select capture, extractor, version from {table}" for table in tables)  # noqa: S608
    return [(row[0], row[1], row[2]) for row in index.query(sql)]


def _carry_words(old: Index, fresh: Index) -> None:
    """What findings say: whatever is not the logged words stays behind, and is found to differ."""
    if not old.query("select 1 from sqlite_master where name = 'finding_content'"):
        return
    logged = {row["id"]: row["digest"] for row in fresh.query("select id, digest from finding")}
    for row in old.query("select id, content from finding_content"):
        if hashlib.sha256(row["content"].encode()).hexdigest() == logged.get(row["id"]):
            fresh.connection.execute("insert into finding_content values (?, ?)", tuple(row))
            captures = old.query(
                "select finding, capture from finding_capture where finding = ?", (row["id"],)
            )
            fresh.connection.executemany(
                "insert into finding_capture values (?, ?)", [tuple(one) for one in captures]
            )


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
