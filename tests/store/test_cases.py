"""Cases and exhibits: log entries first, tables after them."""

from dataclasses import asdict
from pathlib import Path

import pytest

from crawler.engine.extract import rebuild
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import parse_leaf
from crawler.store.cases import (
    NewExhibit,
    add_exhibit,
    captures_of,
    cases,
    create_case,
    exhibits_of,
    require_case,
)
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
        assert captures_of(exhibits_of(session.index, "K1")[0]) == [one]
        assert [(row["id"], row["exhibits"]) for row in cases(session.index)] == [("K1", 5), ("K2", 0)]


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
        assert captures_of(exhibits_of(session.index, "K1")[0]) == [one], "named twice, kept once"
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
        assert require_case(index, "K1")["cause"] == "虚假宣传"
        assert len(captures_of(exhibits_of(index, "K1")[0])) == 2
