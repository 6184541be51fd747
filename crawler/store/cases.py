"""Cases and exhibits. Each decision is a log entry first (chain of custody); the tables follow from the entries."""

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.errors import UsageError
from crawler.store.index import Index
from crawler.store.session import Session

NUMBER = re.compile(r"[1-9][0-9]{0,3}-[1-9][0-9]{0,3}")  # of an exhibit: chapter and number, as in 2-1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExhibit:
    """An exhibit to add: `group` is one of A–I (law.toml meta.groups); captures by id or beginning of it."""

    case: str
    group: str
    title: str
    purpose: str
    captures: Sequence[str]
    number: str | None = None  # None: the next free one of its group


def create_case(session: Session, *, title: str, cause: str, submitter: str) -> str:
    """Begin a case; returns its id, K1, K2 … Raises UsageError for an empty title, cause or submitter."""
    _require_text(title=title, cause=cause, submitter=submitter)
    number = int(session.index.query("select count(*) from court_case")[0][0]) + 1
    case = f"K{number}"
    details = {"case": case, "title": title, "cause": cause, "submitter": submitter}
    session.record_event("case-created", details)
    return case


def add_exhibit(session: Session, exhibit: NewExhibit) -> str:
    """Add an exhibit to a case; returns its number. Raises UsageError if it could not stand in a catalogue.

    Entries are never taken back: what `evidence export` would refuse must be refused here.
    """
    require_case(session.index, exhibit.case)
    _require_text(title=exhibit.title, purpose=exhibit.purpose)
    if exhibit.number is not None and not NUMBER.fullmatch(exhibit.number):
        raise UsageError(f"exhibit number {exhibit.number!r}: expected chapter-number, as in 2-1")
    if not exhibit.captures:
        raise UsageError("an exhibit needs at least one capture: see `evidence captures`")
    found = [_kept_capture(session.index, identifier) for identifier in exhibit.captures]
    captures = list(dict.fromkeys(found))
    number = exhibit.number or _next_number(session.index, exhibit.case, exhibit.group)
    if any(row["number"] == number for row in exhibits_of(session.index, exhibit.case)):
        raise UsageError(f"case {exhibit.case} has an exhibit {number} already: choose another number")
    details = {
        "case": exhibit.case,
        "number": number,
        "group": exhibit.group,
        "title": exhibit.title,
        "purpose": exhibit.purpose,
        "captures": captures,
    }
    session.record_event("exhibit-added", details)
    return number


def cases(index: Index) -> list[sqlite3.Row]:
    """Every case: id, title, cause, submitter, created, exhibits (how many)."""
    return index.query(
        "select c.*, (select count(*) from exhibit e where e.court_case = c.id) exhibits"
        " from court_case c order by c.created, c.id"
    )


def require_case(index: Index, case: str) -> sqlite3.Row:
    """The row of a case. Raises UsageError if there is none."""
    rows = index.query("select * from court_case where id = ?", (case,))
    if not rows:
        known = ", ".join(row["id"] for row in cases(index)) or "none yet: `evidence case new`"
        raise UsageError(f"no case {case!r}; known: {known}")
    return rows[0]


def exhibits_of(index: Index, case: str) -> list[sqlite3.Row]:
    """The exhibits of a case; `captures` is a JSON array of capture ids."""
    return index.query("select * from exhibit where court_case = ? order by group_letter, number", (case,))


def captures_of(exhibit: sqlite3.Row) -> list[str]:
    """The capture ids of an exhibit row."""
    found: list[str] = json.loads(exhibit["captures"])
    return found


def _kept_capture(index: Index, identifier: str) -> str:
    """The id of a capture whose records are there. Raises UsageError if there is none, or it was removed."""
    row = index.capture_row(identifier)
    if row["removed"]:
        raise UsageError(
            f"capture {row['id']} was removed on {row['removed'][:10]}, when its retention period ended:"
            " it cannot be an exhibit any more"
        )
    if row["withheld"]:
        raise UsageError(
            f"capture {row['id']} is an original that holds secrets of a person's browser and is never handed over:"
            f" name the capture that was made from it instead (page {row['page'] or 'see `evidence captures`'})"
        )
    return str(row["id"])


def _require_text(**fields: str) -> None:
    empty = [name for name, text in fields.items() if not text.strip()]
    if empty:
        raise UsageError(f"{', '.join(empty)} must not be empty: it stands in the catalogue of exhibits")


def _next_number(index: Index, case: str, group: str) -> str:
    chapter = ord(group) - ord("A") + 1
    # A number that a person chose may be of any form.
    given = (re.fullmatch(rf"{chapter}-([0-9]+)", row["number"]) for row in exhibits_of(index, case))
    return f"{chapter}-{max((int(found[1]) for found in given if found), default=0) + 1}"
