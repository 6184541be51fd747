"""The schema of evidence.db, as migrations (sqlite-utils). The database is an index over WARC and log.

Every row is a function of log leaves and WARC bytes, nothing else, so that `evidence rebuild` gives an equal
database. One table for each item type; its columns are the dataclass's fields plus the provenance.
"""

import dataclasses
import functools
import types
import typing

from sqlite_utils import Database, Migrations

from crawler.items import ITEM_TYPES, Item, Provenance

IDENTITY = ("author", "author_identifier")  # never stored: `pseudonymize` turns them into author_alias
KEY = ("capture", "extractor", "version", "ordinal")

migrations = Migrations("evidence")


def columns(item_type: type[Item]) -> dict[str, type]:
    """Column names and Python types of the table for an item type, in order."""
    return _columns(item_type.kind)


@functools.cache
def _columns(kind: str) -> dict[str, type]:
    item_type = ITEM_TYPES[kind]
    provenance = typing.get_type_hints(Provenance)
    own = typing.get_type_hints(item_type)
    names = [field.name for field in dataclasses.fields(item_type)]
    kept = {name: _plain(own[name]) for name in names if name not in (*IDENTITY, "provenance", "url")}
    return {
        **{name: provenance[name] for name in KEY},
        **kept,
        "url": str,
        "places": str,
        "captured_at": str,
        "page_url": str,
        "locator": str,
        "payload_digest": str,
    }


def _plain(hint: object) -> type:
    """`str | None` → str; bool is kept as int, as SQLite does."""
    choices = (
        [hint] if isinstance(hint, type) else [t for t in typing.get_args(hint) if t is not types.NoneType]
    )
    kind = choices[0]
    return int if kind in (bool, int) else str


def _add_missing_columns(db: Database) -> None:
    """Fields that the items got since the database was made."""
    for kind, item_type in ITEM_TYPES.items():
        table = db.table(kind)
        for name, column_type in columns(item_type).items():
            if name not in table.columns_dict:
                table.add_column(name, column_type)


@migrations()
def m001_log(db: Database) -> None:
    """Leaves: runs, captures, events, cases."""
    db.table("applied").create({"id": int, "leaves": int}, pk="id")
    db.table("applied").insert({"id": 0, "leaves": 0})
    db.table("event").create(
        {"leaf": int, "act": str, "time": str, "by": str, "details": str}, pk="leaf", not_null={"act", "time"}
    )
    db.table("run").create(
        {"id": str, "site": str, "started": str, "ended": str, "reason": str, "settings": str, "counts": str},
        pk="id",
    )
    db.table("capture").create(
        {
            "id": str,
            "leaf": int,
            "run": str,
            "site": str,
            "url": str,
            "method": str,
            "state": str,
            "reason": str,
            "status": int,
            "fidelity": str,
            "media_type": str,
            "started": str,
            "ended": str,
            "file": str,
            "offset": int,
            "length": int,
            "payload_digest": str,
            "follows": str,
            "request_key": str,
            "read_with": str,
        },
        pk="id",
    )
    db.table("capture").create_index(["run", "request_key"])
    db.table("capture").create_index(["url", "started"])
    db.table("capture").create_index(["leaf"], unique=True)


@migrations()
def m002_items(db: Database) -> None:
    """One table for each item type; one row for each observation, never overwritten."""
    for kind, item_type in ITEM_TYPES.items():
        table = db.table(kind)
        table.create(columns(item_type), pk=KEY)
        table.create_index(["site", "identifier", "captured_at"])
    db.table("unread").create(
        {"capture": str, "extractor": str, "version": int, "ordinal": int, "reason": str}, pk=KEY
    )


@migrations()
def m003_cases(db: Database) -> None:
    """Cases and their exhibits, from custody events."""
    db.table("court_case").create(
        {"id": str, "title": str, "cause": str, "submitter": str, "created": str}, pk="id"
    )
    db.table("exhibit").create(
        {
            "court_case": str,
            "number": str,
            "group_letter": str,
            "title": str,
            "purpose": str,
            "captures": str,
            "added": str,
        },
        pk=("court_case", "number"),
    )


@migrations()
def m004_views(db: Database) -> None:
    """Series: how a listing's counters and a review's presence changed from capture to capture."""
    db.create_view(
        "listing_series",
        "select site, identifier, captured_at, price_amount, sales_number, review_number, rating_number,"
        " capture from listing order by site, identifier, captured_at",
    )
    db.create_view(
        "review_presence",
        "select site, identifier, min(captured_at) first_seen, max(captured_at) last_seen,"
        " count(distinct capture) seen from review group by site, identifier",
    )


@migrations()
def m005_removed(db: Database) -> None:
    """When the records of a capture were removed because their retention period had ended (UTC); else null."""
    db.table("capture").add_column("removed", str)


@migrations()
def m006_to_read(db: Database) -> None:
    """Captures that came from the log later than their page was read: their items may be missing here."""
    db.table("to_read").create({"capture": str}, pk="capture")


@migrations()
def m007_looks(db: Database) -> None:
    """Rendered pages and their exchanges, imported captures, originals that are withheld from exports."""
    table = db.table("capture")
    for name in ("page", "look", "original", "imported"):
        table.add_column(name, str)
    table.add_column("withheld", int, not_null_default=0)
    table.create_index(["page"])


@migrations()
def m008_places(db: Database) -> None:
    """Where each field of an item stood on its page; what of a page was lost, and where."""
    _add_missing_columns(db)
    db.table("unread").add_column("lost", int, not_null_default=1)
    db.table("unread").add_column("place", str)


@migrations()
def m009_newest(db: Database) -> None:
    """Which page was read by which version, with whatever result; views of what the newest of them read."""
    db.table("reading").create({"capture": str, "extractor": str, "version": int}, pk=KEY[:3])
    for table in (*ITEM_TYPES, "unread"):
        db.execute(
            f"insert or ignore into reading select distinct capture, extractor, version from {table}"  # noqa: S608
        )
        db.create_view(
            f"{table}_newest",
            f"select i.* from {table} i where i.version = (select max(r.version) from reading r"  # noqa: S608
            " where r.capture = i.capture and r.extractor = i.extractor)",
        )
    db.create_view(
        "listing_series",
        "select site, identifier, captured_at, price_amount, sales_number, review_number, rating_number,"
        " capture from listing_newest order by site, identifier, captured_at",
        replace=True,
    )
    db.create_view(
        "review_presence",
        "select site, identifier, min(captured_at) first_seen, max(captured_at) last_seen,"
        " count(distinct capture) seen from review_newest group by site, identifier",
        replace=True,
    )


@migrations()
def m010_derived(db: Database) -> None:
    """What printed times, prices and places mean: last replies, purchases, struck-out prices, regions."""
    _add_missing_columns(db)


@migrations()
def m011_case_files(db: Database) -> None:
    """Cases are folded from their log entries (crawler/store/casefile.py); the tables said the same again."""
    db.table("court_case").drop(ignore=True)
    db.table("exhibit").drop(ignore=True)
    db.table("event").create_index(["act"])


@migrations()
def m012_findings(db: Database) -> None:
    """Findings and what people decided, from log leaves; what a finding says lies beside, under the logged digest."""
    db.table("finding").create(
        {
            "id": str, "leaf": int, "detector": str, "version": int, "key": str, "digest": str, "made": str,
            "current": int,
        },
        pk="id",
    )  # fmt: skip
    db.table("finding").create_index(["detector", "key"])
    db.table("detection").create({"leaf": int, "detector": str, "version": int, "read": int}, pk="leaf")
    db.table("decision").create(
        {"leaf": int, "finding": str, "verdict": str, "reason": str, "by": str, "time": str}, pk="leaf"
    )
    db.table("decision").create_index(["finding"])
    db.table("finding_content").create({"id": str, "content": str}, pk="id")
    db.table("finding_capture").create({"finding": str, "capture": str}, pk=("finding", "capture"))
    db.table("finding_capture").create_index(["capture"])


@migrations()
def m013_redacted(db: Database) -> None:
    """Captures that were made from others for a grade of export which shows no people: nothing reads them again."""
    db.table("capture").add_column("redacted", str)  # the grade
    db.table("capture").create_index(["original"])
