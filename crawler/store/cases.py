"""Changing a case. Each change is a log entry (chain of custody); the case follows from the entries (`casefile`).

Entries are never taken back: what `evidence export` would refuse must be refused here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from crawler.errors import UsageError
from crawler.store import findings
from crawler.store.casefile import LEDGERS, ROLES, CaseExhibit, CaseFile, case_file, case_files
from crawler.store.index import Index
from crawler.store.session import Session

NUMBER = re.compile(r"[1-9][0-9]{0,3}-[1-9][0-9]{0,3}")  # of an exhibit: chapter and number, as in 2-1
GROUPS = "ABCDEFGHI"  # law.toml meta.groups
_MUST_STAND = ("title", "cause", "submitter", "purpose", "name", "text", "kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExhibit:
    """An exhibit to add: `group` is one of A–I (law.toml meta.groups); captures by id or beginning of it.

    With `findings` (ids) their captures belong to it, and a purpose that is left out is drafted from what they say.
    """

    case: str
    group: str
    title: str
    purpose: str = ""
    captures: Sequence[str] = ()
    findings: Sequence[str] = ()
    regions: Sequence[str] = ()  # "CAPTURE PLACE"
    source: str = ""
    original: str = ""
    filed: bool = True
    number: str | None = None  # None: the next free one of its group


def create_case(session: Session, *, title: str, cause: str, submitter: str, **more: object) -> str:
    """Begin a case; returns its id, K1, K2 … `more`: further fields of `CaseFile`, see `change_case`."""
    changes = {"title": title, "cause": cause, "submitter": submitter, **_given(more)}
    _require_case_fields(changes)
    case = f"K{len(case_files(session.index)) + 1}"
    session.record_event("case-created", {"case": case, **changes})
    return case


def change_case(session: Session, case: str, **changes: object) -> CaseFile:
    """Change fields of a case: title, cause, submitter, authority, conduct_from, conduct_until, requests, cleared,
    catalogue.

    None leaves a field as it is. Raises UsageError for an empty title, or a day that is none.
    """
    known = case_file(session.index, case)
    wanted = {
        name: value for name, value in _given(changes).items() if value != _listed(getattr(known, name))
    }
    _require_case_fields({"conduct_from": known.conduct_from, "conduct_until": known.conduct_until, **wanted})
    if wanted:
        session.record_event("case-changed", {"case": case, "changes": wanted})
    return case_file(session.index, case)


def add_party(
    session: Session, case: str, *, role: str, name: str, captures: Sequence[str] = (), **more: str
) -> str:
    """Add somebody to a case; returns P1, P2 … `more`: identifier, address, contact."""
    known = case_file(session.index, case)
    if role not in ROLES:
        raise UsageError(f"role {role!r}: one of {', '.join(ROLES)}")
    _require_text(name=name)
    party = f"P{len(known.parties) + 1}"
    details = {"case": case, "party": party, "role": role, "name": name, **_given(more)}
    session.record_event("party-added", {**details, "captures": kept_captures(session.index, captures)})
    return party


def change_party(session: Session, case: str, party: str, **changes: object) -> None:
    """Change name, role, identifier, address, contact or captures of somebody in a case."""
    known = {one.ref for one in case_file(session.index, case).parties}
    if party not in known:
        raise UsageError(
            f"case {case} has no party {party!r}; known: {', '.join(sorted(known)) or 'none yet'}"
        )
    wanted = _given(changes)
    if wanted.get("role", "other") not in ROLES:
        raise UsageError(f"role {wanted['role']!r}: one of {', '.join(ROLES)}")
    if "captures" in wanted:
        wanted["captures"] = kept_captures(session.index, _listed(wanted["captures"]))
    _require_text(**{name: value for name, value in wanted.items() if name == "name"})
    session.record_event("party-changed", {"case": case, "party": party, "changes": wanted})


def add_exhibit(session: Session, exhibit: NewExhibit) -> str:
    """Add an exhibit to a case; returns its number. Raises UsageError if it could not stand in a catalogue."""
    case = case_file(session.index, exhibit.case)
    found = [findings.one(session.index, name) for name in exhibit.findings]
    purpose = exhibit.purpose or _drafted(found)
    _require_text(title=exhibit.title, purpose=purpose)
    _require_group(exhibit.group)
    named = [*exhibit.captures, *_captures_of(session.index, found)]
    captures = kept_captures(session.index, named)
    if not captures:
        raise UsageError("an exhibit needs at least one capture: see `evidence captures`")
    details: dict[str, object] = {
        "case": exhibit.case,
        "number": _free_number(case, exhibit.number, exhibit.group),
        "group": exhibit.group,
        "title": exhibit.title,
        "purpose": purpose,
        "captures": captures,
    }
    details |= {"findings": [one.id for one in found]} if found else {}
    details |= {"regions": _regions(session.index, exhibit.regions)} if exhibit.regions else {}
    details |= {name: value for name in ("source", "original") if (value := getattr(exhibit, name))}
    details |= {} if exhibit.filed else {"filed": False}
    session.record_event("exhibit-added", details)
    return str(details["number"])


def change_exhibit(session: Session, case: str, name: str, **changes: object) -> None:
    """Change an exhibit, by number or name: title, purpose, captures, regions, source, original, filed, group.

    Another group gives it the next free number there.
    """
    known = case_file(session.index, case)
    exhibit = known.exhibit(name)
    wanted = _given(changes)
    _require_text(**{name: value for name, value in wanted.items() if name in ("title", "purpose")})
    if "captures" in wanted:
        wanted["captures"] = kept_captures(session.index, _listed(wanted["captures"]))
        if not wanted["captures"]:
            raise UsageError(f"exhibit {exhibit.number} needs at least one capture: remove it instead")
    if "regions" in wanted:
        wanted["regions"] = _regions(session.index, _listed(wanted["regions"]))
    group = wanted.get("group")
    if group is not None and group != exhibit.group:
        _require_group(str(group))
        wanted["number"] = _free_number(known, None, str(group))
    if wanted:
        session.record_event("exhibit-changed", {"case": case, "exhibit": exhibit.ref, "changes": wanted})


def remove_exhibit(session: Session, case: str, name: str, reason: str) -> None:
    """Take an exhibit out of a case. What it showed stays in the archive, and that it was there, in the log."""
    exhibit = case_file(session.index, case).exhibit(name)
    _require_text(reason=reason)
    details = {"case": case, "exhibit": exhibit.ref, "number": exhibit.number, "reason": reason}
    session.record_event("exhibit-removed", details)


def renumber(
    session: Session, case: str, *, move: str | None = None, before: str | None = None
) -> dict[str, str]:
    """Number the exhibits of each group 1, 2, 3 …, in their order; returns {name: number} of those that changed.

    `move` (a number or a name) goes before `before`, or to the end of its group. Names stay, so references stay.
    """
    known = case_file(session.index, case)
    ordered = known.ordered
    if move is not None:
        moved = known.exhibit(move)
        ordered = [one for one in ordered if one.ref != moved.ref]
        place = len(ordered)
        if before is not None:
            target = known.exhibit(before)
            if target.group != moved.group:
                raise UsageError(
                    f"{move} is in group {moved.group}, {before} in {target.group}: change its group first"
                )
            place = next(number for number, one in enumerate(ordered) if one.ref == target.ref)
        ordered.insert(place, moved)
    numbers = _numbers(ordered)
    changed = {one.ref: numbers[one.ref] for one in known.exhibits if numbers[one.ref] != one.number}
    if changed:
        session.record_event("exhibits-numbered", {"case": case, "numbers": changed})
    return changed


def note(
    session: Session,
    case: str,
    ledger: str,
    *,
    day: str,
    kind: str,
    text: str,
    amount: str = "",
    hours: str = "",
    captures: Sequence[str] = (),
) -> str:
    """Write a line into a case's ledger of public duty or of costs; returns its name, L1, L2 …"""
    case_file(session.index, case)
    if ledger not in LEDGERS:
        raise UsageError(f"ledger {ledger!r}: one of {', '.join(LEDGERS)}")
    _require_text(kind=kind, text=text)
    _require_day("date", day)
    for name, value in (("amount", amount), ("hours", hours)):
        _require_number(name, value)
    noted = session.index.query(
        "select count(*) from event where act = 'ledger-noted' and json_extract(details, '$.case') = ?",
        (case,),
    )
    line = f"L{int(noted[0][0]) + 1}"
    details: dict[str, object] = {
        "case": case,
        "line": line,
        "ledger": ledger,
        "date": day,
        "kind": kind,
        "text": text,
    }
    details |= {name: value for name, value in (("amount", amount), ("hours", hours)) if value}
    session.record_event("ledger-noted", {**details, "captures": kept_captures(session.index, captures)})
    return line


def strike(session: Session, case: str, line: str, reason: str) -> None:
    """Strike a line out of a ledger. The log keeps it, and why it was struck."""
    known = {one.ref for one in case_file(session.index, case).ledger}
    if line not in known:
        raise UsageError(
            f"case {case} has no ledger line {line!r}; known: {', '.join(sorted(known)) or 'none yet'}"
        )
    _require_text(reason=reason)
    session.record_event("ledger-struck", {"case": case, "line": line, "reason": reason})


def kept_captures(index: Index, identifiers: Iterable[str]) -> list[str]:
    """Ids of captures whose records are there, each once. Raises UsageError for one that cannot be shown."""
    return list(dict.fromkeys(_kept_capture(index, identifier) for identifier in identifiers))


def _kept_capture(index: Index, identifier: str) -> str:
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


def _captures_of(index: Index, found: Iterable[findings.StoredFinding]) -> list[str]:
    return [capture for one in found for capture in findings.captures_of(index, one.id)]


def _drafted(found: Sequence[findings.StoredFinding]) -> str:
    """证明目的 from what findings say, for the lawyer to edit."""
    claims = [one.content["claim"].rstrip("。") for one in found if one.content is not None]
    return f"初步证明：{'；'.join(claims)}。" if claims else ""


def _regions(index: Index, regions: Iterable[object]) -> list[str]:
    """ "CAPTURE PLACE" with the whole id of the capture."""
    made = []
    for region in map(str, regions):
        capture, _, place = region.partition(" ")
        if not place.strip():
            raise UsageError(
                f"region {region!r}: give the capture, a blank and the place, see `evidence where`"
            )
        made.append(f"{_kept_capture(index, capture)} {place.strip()}")
    return made


def _free_number(case: CaseFile, wanted: str | None, group: str) -> str:
    taken = {one.number for one in case.exhibits}
    if wanted is not None:
        if not NUMBER.fullmatch(wanted):
            raise UsageError(f"exhibit number {wanted!r}: expected chapter-number, as in 2-1")
        if wanted in taken:
            raise UsageError(f"case {case.id} has an exhibit {wanted} already: choose another number")
        return wanted
    chapter = _chapter(group)
    # A number that a person chose may be of any form.
    given = (re.fullmatch(rf"{chapter}-([0-9]+)", number) for number in taken)
    return f"{chapter}-{max((int(found[1]) for found in given if found), default=0) + 1}"


def _numbers(ordered: Sequence[CaseExhibit]) -> dict[str, str]:
    counted: dict[str, int] = {}
    made = {}
    for one in ordered:
        counted[one.group] = counted.get(one.group, 0) + 1
        made[one.ref] = f"{_chapter(one.group)}-{counted[one.group]}"
    return made


def _chapter(group: str) -> int:
    return GROUPS.index(group) + 1


def _given(changes: Mapping[str, object]) -> dict[str, Any]:
    """Without what is left as it is; tuples as the lists of JSON."""
    return {name: _listed(value) for name, value in changes.items() if value is not None}


def _listed(value: Any) -> Any:
    return [str(each) for each in value] if isinstance(value, list | tuple) else value


def _require_case_fields(changes: Mapping[str, object]) -> None:
    _require_text(**{name: value for name, value in changes.items() if name in _MUST_STAND})
    days = {name: str(changes.get(name) or "") for name in ("conduct_from", "conduct_until")}
    for name, day in days.items():
        if day:
            _require_day(name, day)
    if days["conduct_from"] and days["conduct_until"] and days["conduct_from"] > days["conduct_until"]:
        raise UsageError(
            f"conduct from {days['conduct_from']} until {days['conduct_until']}: the end is before it"
        )


def _require_day(name: str, day: str) -> None:
    try:
        if date.fromisoformat(day).isoformat() == day:
            return
    except ValueError:
        pass
    raise UsageError(f"{name} {day!r} is no date: write it as 2026-11-20")


def _require_number(name: str, value: str) -> None:
    try:
        if value and not 0 <= Decimal(value) < 10**12:
            raise InvalidOperation
    except InvalidOperation:
        raise UsageError(f"{name} {value!r} is no number: write it as 1200.50") from None


def _require_group(group: str) -> None:
    if len(group) != 1 or group not in GROUPS:
        raise UsageError(f"group {group!r}: one of {', '.join(GROUPS)}")


def _require_text(**texts: object) -> None:
    empty = [name for name, text in texts.items() if not str(text).strip()]
    if empty:
        raise UsageError(f"{', '.join(empty)} must not be empty: it stands in the papers of the case")
