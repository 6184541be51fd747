"""Cases and exhibits: log entries first, tables after them."""

import json
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import pytest

from crawler.engine.extract import rebuild
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import parse_leaf
from crawler.store import cases, findings
from crawler.store.casefile import case_file, case_files
from crawler.store.cases import NewExhibit, add_exhibit, create_case
from crawler.store.index import FILE, Index
from crawler.store.session import Session
from tests.archives import drafted, make, page


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive with two captures and a case."""
    path = make(tmp_path / "a")
    with Session.open(path) as session:
        for _ in range(2):
            session.record(drafted(page())).result()
        create_case(session, title="某某店涉嫌虚假评价", cause="虚假宣传", submitter="某消委会")
    return path


def identifiers(session: Session) -> list[str]:
    return [row["id"] for row in session.index.query("select id from capture order by leaf")]


def exhibit(captures: list[str], **fields: str) -> NewExhibit:
    values = {"case": "K1", "group": "B", "title": "招募帖", "purpose": "初步证明", **fields}
    return NewExhibit(captures=captures, **values)


def test_numbers_follow_group_and_order(path: Path) -> None:
    with Session.open(path) as session:
        one, other = identifiers(session)
        assert add_exhibit(session, exhibit([one[:12]])) == "2-1"
        assert add_exhibit(session, exhibit([one, other])) == "2-2"
        assert add_exhibit(session, exhibit([other], group="D")) == "4-1"
        assert add_exhibit(session, exhibit([other], number="2-9")) == "2-9"
        assert add_exhibit(session, exhibit([other])) == "2-10"
        assert create_case(session, title="另一案", cause="虚假宣传", submitter="某消委会") == "K2"
        assert case_file(session.index, "K1").ordered[0].captures == (one,)
        found = case_files(session.index)
        assert [(case.id, len(case.exhibits)) for case in found] == [("K1", 5), ("K2", 0)]


def test_a_number_of_another_form_does_not_stop_the_counting(path: Path) -> None:
    with Session.open(path) as session:
        captures = identifiers(session)
        odd = asdict(
            exhibit(captures, group="B", number="2-附")
        )  # as 0.1 took it, before export could refuse
        session.record_event("exhibit-added", odd)
        assert add_exhibit(session, exhibit(captures, group="B")) == "2-1"


def test_what_cannot_be_added_leaves_no_entry(path: Path) -> None:
    with Session.open(path) as session:
        one, _ = identifiers(session)
        add_exhibit(session, exhibit([one, one[:12]], number="2-1"))
        assert case_file(session.index, "K1").exhibits[0].captures == (one,), "named twice, kept once"
        before = session.archive.log.size
        with pytest.raises(UsageError, match="known: K1"):
            add_exhibit(session, exhibit([one], case="K7"))
        with pytest.raises(UsageError, match="2-1 already"):
            add_exhibit(session, exhibit([one], number="2-1"))
        with pytest.raises(UsageError, match="at least one capture"):
            add_exhibit(session, exhibit([]))
        with pytest.raises(UsageError, match="no capture"):
            add_exhibit(session, exhibit(["nosuch"]))
        for number in ("abc", "2-x", "", "0-1", "2-01"):
            with pytest.raises(UsageError, match="exhibit number"):
                add_exhibit(session, exhibit([one], number=number))
        with pytest.raises(UsageError, match="purpose must not be empty"):
            add_exhibit(session, exhibit([one], purpose=" "))
        with pytest.raises(UsageError, match="title must not be empty"):
            create_case(session, title="", cause="虚假宣传", submitter="某消委会")
        assert session.archive.log.size == before


def test_decisions_are_log_entries_and_outlive_the_database(path: Path) -> None:
    with Session.open(path) as session:
        add_exhibit(session, exhibit(identifiers(session)))
    with Archive.open(path) as archive:
        added = parse_leaf(archive.log.leaf(archive.log.size - 1))
    assert (added["act"], added["by"]) == ("exhibit-added", "张三")
    assert rebuild(path) == []
    (path / FILE).unlink()
    assert rebuild(path) == ["there was no database"]
    with Index(path / FILE, writable=False) as index:
        assert case_file(index, "K1").cause == "虚假宣传"
        assert len(case_file(index, "K1").exhibits[0].captures) == 2


# Changes


def test_numbers_change_and_names_do_not(path: Path) -> None:
    with Session.open(path) as session:
        one, other = identifiers(session)
        for title in ("甲", "乙", "丙"):
            add_exhibit(session, exhibit([one], title=title))
        assert cases.renumber(session, "K1", move="2-3", before="2-1") == {
            "E1": "2-2",
            "E2": "2-3",
            "E3": "2-1",
        }
        cases.remove_exhibit(session, "K1", "E1", "重复")
        assert cases.renumber(session, "K1") == {"E2": "2-2"}
        cases.change_exhibit(session, "K1", "2-2", group="D", captures=[other[:8]])
        found = case_file(session.index, "K1")
        assert [(e.ref, e.number, e.title, e.captures) for e in found.ordered] == [
            ("E3", "2-1", "丙", (one,)),
            ("E2", "4-1", "乙", (other,)),
        ]
        add_exhibit(session, exhibit([one]))
        assert case_file(session.index, "K1").exhibits[-1].ref == "E4", "a name is not given twice"
        size = session.archive.log.size
        assert cases.renumber(session, "K1") == {}
        assert session.archive.log.size == size, "nothing changed: no entry"
    before = case_file_of(path)
    (path / FILE).unlink()
    rebuild(path)
    assert case_file_of(path) == before


def case_file_of(path: Path) -> object:
    with Index(path / FILE, writable=False) as index:
        return case_file(index, "K1")


def test_a_case_has_parties_requests_and_ledgers(path: Path) -> None:
    with Session.open(path) as session:
        one, _ = identifiers(session)
        changes = {
            "authority": "成都铁路运输第一法院",
            "conduct_from": "2026-03-01",
            "requests": ["停止侵害", "赔礼道歉"],
        }
        cases.change_case(session, "K1", **changes)
        assert cases.add_party(session, "K1", role="operator", name="云岚公司", captures=[one[:6]]) == "P1"
        cases.change_party(session, "K1", "P1", identifier="91510100MA00000000")
        first = cases.note(session, "K1", "duty", day="2026-11-02", kind="投诉受理", text="12 件")
        cases.note(
            session, "K1", "cost", day="2026-11-05", kind="公证费", text="保全", amount="1200.50", hours="2"
        )
        cases.strike(session, "K1", first, "记错")
        third = cases.note(
            session, "K1", "duty", day="2026-11-02", kind="投诉受理", text="11 件", captures=[one]
        )
        size = session.archive.log.size
        cases.change_case(session, "K1", **changes)
        assert session.archive.log.size == size, "the same again is no change"
        found = case_file(session.index, "K1")
    assert (found.requests, found.title) == (("停止侵害", "赔礼道歉"), "某某店涉嫌虚假评价")
    assert [(p.name, p.identifier, p.captures) for p in found.parties] == [
        ("云岚公司", "91510100MA00000000", (one,))
    ]
    assert [(line.ref, line.amount) for line in found.ledger] == [("L2", "1200.50"), (third, "")]


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda s: cases.change_case(s, "K1", title=" "), "title must not be empty"),
        (lambda s: cases.change_case(s, "K1", conduct_from="2026-13-01"), "is no date"),
        (
            lambda s: cases.change_case(s, "K1", conduct_from="2026-03-02", conduct_until="2026-03-01"),
            "before it",
        ),
        (lambda s: cases.add_party(s, "K1", role="boss", name="x"), "one of client"),
        (lambda s: cases.change_party(s, "K1", "P9", name="x"), "no party 'P9'"),
        (lambda s: cases.change_exhibit(s, "K1", "9-9", title="x"), "no exhibit '9-9'"),
        (lambda s: cases.renumber(s, "K1", move="2-1", before="1-1"), "change its group first"),
        (lambda s: cases.change_exhibit(s, "K1", "2-1", captures=[]), "at least one capture"),
        (lambda s: cases.change_exhibit(s, "K1", "2-1", group="Z"), "one of A, B"),
        (lambda s: cases.note(s, "K1", "cost", day="heute", kind="x", text="y"), "is no date"),
        (
            lambda s: cases.note(s, "K1", "cost", day="2026-11-05", kind="x", text="y", amount="NaN"),
            "is no number",
        ),
        (lambda s: cases.strike(s, "K1", "L9", "x"), "no ledger line 'L9'"),
        (lambda s: cases.remove_exhibit(s, "K1", "2-1", ""), "reason must not be empty"),
    ],
)
def test_a_change_that_cannot_be_leaves_no_entry(
    path: Path, act: Callable[[Session], object], says: str
) -> None:
    with Session.open(path) as session:
        captures = identifiers(session)
        add_exhibit(session, exhibit(captures))
        add_exhibit(session, exhibit(captures, group="A"))
        size = session.archive.log.size
        with pytest.raises(UsageError, match=says):
            act(session)
        assert session.archive.log.size == size


def test_an_exhibit_from_a_finding_drafts_its_purpose(path: Path) -> None:
    with Session.open(path) as session:
        captures = identifiers(session)
        content = json.dumps({"claim": "该帖疑似招募有偿好评。"}, ensure_ascii=False).encode()
        made = findings.NewFinding(
            id="F1", key="k", digest=sha256(content).hexdigest(), content=content, captures=(captures[1],)
        )
        findings.keep(
            session, findings.Detection(detector="d", version=1, read=1, whole=True, findings=[made])
        )
        number = add_exhibit(session, NewExhibit(case="K1", group="B", title="招募帖", findings=["F1"]))
        added = case_file(session.index, "K1").exhibit(number)
        assert (added.purpose, added.captures) == ("初步证明：该帖疑似招募有偿好评。", (captures[1],))
        with pytest.raises(UsageError, match="no finding"):
            add_exhibit(session, NewExhibit(case="K1", group="B", title="x", findings=["F9"]))
