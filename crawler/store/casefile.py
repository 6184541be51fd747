"""A case as its log entries make it: parties, exhibits, the ledgers of public duty and of costs.

Nothing of a case is stored beside the log: it is folded from the entries each time (a case has some hundred), so that
a change without an entry cannot be. An exhibit, a party and a ledger line keep the name they got when they were added
(E1, P1, L1); numbers of exhibits may change.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from crawler.errors import UsageError
from crawler.store.index import Index

Json = dict[str, Any]
ROLES = {
    "client": "委托人",
    "association": "消费者组织",
    "operator": "经营者",
    "platform": "平台经营者",
    "recruiter": "招募方",
    "other": "其他",
}
LEDGERS = {"duty": "公益性职责履行", "cost": "合理费用"}  # 法释〔2016〕10号 arts 4(三) and 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Somebody in a case; `captures` show who it is (主体)."""

    ref: str
    role: str  # of ROLES
    name: str
    identifier: str = ""  # 统一社会信用代码, account, shop id
    address: str = ""
    contact: str = ""
    captures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseExhibit:
    """One exhibit. `regions` name a part of a page: "CAPTURE PLACE". `filed`: in the catalogue that is handed in;
    the internal list shows all."""

    ref: str = ""
    number: str
    group: str  # A–I, law.toml meta.groups
    title: str
    purpose: str  # 证明目的
    captures: tuple[str, ...]
    findings: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    source: str = ""  # 来源, where it is not what the captures say
    original: str = ""  # 原件/载体, likewise
    filed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """A complaint received, a letter, a talk (duty); an hour or an invoice (cost). `amount` in yuan, decimal."""

    ref: str
    ledger: str  # of LEDGERS
    date: str  # day, 北京时间
    kind: str  # 投诉受理, 调查函, 约谈 …; 公证费, 工时 …
    text: str
    amount: str = ""
    hours: str = ""
    captures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A case. Days are 北京时间; `created` is UTC. `changed` is the log index of the last entry about it."""

    id: str
    title: str
    cause: str  # 案由
    submitter: str
    created: str
    changed: int = 0
    authority: str = ""  # court or authority that it goes to
    conduct_from: str = ""  # day; chooses the law's version
    conduct_until: str = ""
    requests: tuple[str, ...] = ()
    catalogue: str = ""  # which columns the 证据目录 shows (crawler/export/catalogue_layout.py)
    cleared: tuple[str, ...] = ()  # articles whose 待核 mark a person has cleared
    parties: tuple[Party, ...] = ()
    exhibits: tuple[CaseExhibit, ...] = ()
    ledger: tuple[LedgerLine, ...] = ()
    added: int = field(default=0, repr=False)  # exhibits ever added: a name is not given twice

    def exhibit(self, name: str) -> CaseExhibit:
        """An exhibit by its number or its name. Raises UsageError if there is none."""
        for one in self.exhibits:
            if name in (one.number, one.ref):
                return one
        known = ", ".join(f"{one.number} ({one.ref})" for one in self.exhibits) or "none yet"
        raise UsageError(f"case {self.id} has no exhibit {name!r}; known: {known}")

    @property
    def ordered(self) -> list[CaseExhibit]:
        """Exhibits by group, then by number as people count (1-2 before 1-10)."""
        return sorted(self.exhibits, key=lambda one: (one.group, *_counted(one.number), one.ref))


def case_files(index: Index) -> list[CaseFile]:
    """Every case in the order of creation."""
    found: dict[str, CaseFile] = {}
    acts = json.dumps(sorted(_ACTS))
    rows = index.query(
        "select * from event where act in (select value from json_each(?)) order by leaf", (acts,)
    )
    for row in rows:
        details = json.loads(row["details"])
        if row["act"] == "case-created":
            found[details["case"]] = _created(row, details)
        elif details["case"] in found:
            case = found[details["case"]]
            found[case.id] = replace(_ACTS[row["act"]](case, details), changed=row["leaf"])
    return list(found.values())


def case_file(index: Index, case: str) -> CaseFile:
    """One case. Raises UsageError if there is none."""
    cases = case_files(index)
    for one in cases:
        if one.id == case:
            return one
    known = ", ".join(one.id for one in cases) or "none yet: `evidence case new`"
    raise UsageError(f"no case {case!r}; known: {known}")


def _created(row: sqlite3.Row, details: Json) -> CaseFile:
    known = {each.name for each in fields(CaseFile)} - {"id", "created", "changed"}
    given = {name: _tuple(value) for name, value in details.items() if name in known}
    return CaseFile(id=details["case"], created=row["time"], changed=row["leaf"], **given)


def _same(case: CaseFile, _details: Json) -> CaseFile:
    return case


def _changed(case: CaseFile, details: Json) -> CaseFile:
    return replace(case, **_tuples(details["changes"]))


def _add_party(case: CaseFile, details: Json) -> CaseFile:
    return replace(case, parties=(*case.parties, _part(Party, details, ref=details["party"])))


def _change_party(case: CaseFile, details: Json) -> CaseFile:
    changes = _tuples(details["changes"])
    changed = (replace(one, **changes) if one.ref == details["party"] else one for one in case.parties)
    return replace(case, parties=tuple(changed))


def _add_exhibit(case: CaseFile, details: Json) -> CaseFile:
    added = case.added + 1
    exhibit = _part(CaseExhibit, details, ref=f"E{added}")
    return replace(case, exhibits=(*case.exhibits, exhibit), added=added)


def _change_exhibit(case: CaseFile, details: Json) -> CaseFile:
    changes = _tuples(details["changes"])
    changed = (replace(one, **changes) if one.ref == details["exhibit"] else one for one in case.exhibits)
    return replace(case, exhibits=tuple(changed))


def _remove_exhibit(case: CaseFile, details: Json) -> CaseFile:
    return replace(case, exhibits=tuple(one for one in case.exhibits if one.ref != details["exhibit"]))


def _number(case: CaseFile, details: Json) -> CaseFile:
    numbers = details["numbers"]
    numbered = (replace(one, number=numbers.get(one.ref, one.number)) for one in case.exhibits)
    return replace(case, exhibits=tuple(numbered))


def _note(case: CaseFile, details: Json) -> CaseFile:
    return replace(case, ledger=(*case.ledger, _part(LedgerLine, details, ref=details["line"])))


def _strike(case: CaseFile, details: Json) -> CaseFile:
    return replace(case, ledger=tuple(one for one in case.ledger if one.ref != details["line"]))


_ACTS: dict[str, Callable[[CaseFile, Json], CaseFile]] = {
    "case-created": _same,
    "case-changed": _changed,
    "party-added": _add_party,
    "party-changed": _change_party,
    "exhibit-added": _add_exhibit,
    "exhibit-changed": _change_exhibit,
    "exhibit-removed": _remove_exhibit,
    "exhibits-numbered": _number,
    "ledger-noted": _note,
    "ledger-struck": _strike,
}


def _part(kind: type[Any], details: Json, **more: Any) -> Any:
    known = {each.name for each in fields(kind)}
    return kind(**{name: _tuple(value) for name, value in details.items() if name in known} | more)


def _tuples(changes: Json) -> Json:
    return {name: _tuple(value) for name, value in changes.items()}


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _counted(number: str) -> tuple[int, ...]:
    """1-2 before 1-10. What a person numbered otherwise (0.1 took any text) stands last."""
    parts = number.split("-")
    return tuple(int(part) if part.isascii() and part.isdigit() else 10**6 for part in parts)
