"""Findings are kept, logged, decided upon, rebuilt, and leave with the captures that they quote."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from crawler import clock
from crawler.detect.kit.corpus import Corpus
from crawler.detect.kit.detecting import detect
from crawler.detect.kit.detector import Detector, detectors, discovered
from crawler.detect.kit.finding import Fact, Finding, FindingError, Innocent
from crawler.engine.extract import rebuild_and_carry
from crawler.errors import UsageError
from crawler.store import findings
from crawler.store.check import check_index
from crawler.store.expiry import expire, plan_expiry
from crawler.store.index import FILE, Index
from crawler.store.session import Session
from tests.archives import drafted, make, nothing_failed, page, review

RULED_OUT = Innocent(explanation="巧合", result="已排除", remains=False)


class Praise(Detector):
    """For the tests: every review that says 好."""

    name = "praise"
    version: ClassVar[int] = 1
    title = "好评"
    summary = "每条含好字的评价"
    whole: ClassVar[bool] = False

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        for one in corpus.reviews(new=True):
            place = one.review_body.find("好")
            if place >= 0:
                yield Finding(
                    detector=self.name, version=self.version, key=one.identifier, grade="weak", link="review",
                    conduct="fake_review", claim="疑似好评", why="评价环节", innocent=(RULED_OUT,),
                    quotes=(one.quote("review_body", place, place + 1, "好字"),),
                )  # fmt: skip


class Newer(Praise):
    """The next version."""

    version = 2


class All(Praise):
    """Compares everything: one finding about all reviews."""

    name = "all"
    whole = True

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        captures = tuple(sorted({one.capture for one in corpus.reviews()}))
        if len(captures) < 3:
            yield Finding(
                detector=self.name, version=1, key=f"all/{len(captures)}", grade="weak", link="review",
                conduct="fake_review", claim=f"疑似{len(captures)}条", why="评价环节", innocent=(RULED_OUT,),
                facts=(Fact(text=f"{len(captures)}条", captures=captures),),
            )  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive with one review."""
    path = make(tmp_path / "a")
    with Session.open(path) as session:
        seen(session, "r1")
    return path


def seen(session: Session, name: str) -> None:
    capture = session.record(drafted(page(name.encode() * 40, url=f"http://shop.invalid/{name}"))).result()
    item = replace(review(capture), identifier=name, review_body="很好用")
    session.reading(capture.id).items.append(item)
    session.store(capture.id).result()


def test_the_same_archive_gives_the_same_findings_and_is_read_once(path: Path) -> None:
    with Session.open(path) as session:
        first = detect(session, [Praise()])["praise"]
        (made,) = findings.stored(session.index)
        leaves = session.index.leaves
        assert (sum(first.found.values()), first.new) == (1, 1)
        assert detect(session, [Praise()])["praise"].found == {}, "it has read this before"
        assert detect(session, [Praise()], again=True)["praise"].new == 0
        assert session.index.leaves == leaves, "nothing new: nothing logged"
        assert [finding.id for finding in findings.stored(session.index)] == [made.id]
        seen(session, "r2")
        assert detect(session, [Praise()])["praise"].new == 1
        assert {finding.key for finding in findings.stored(session.index)} == {"r1", "r2"}
    nothing_failed(path)


def test_a_newer_version_keeps_the_findings_of_the_older(path: Path) -> None:
    with Session.open(path) as session:
        detect(session, [Praise()])
        detect(session, [Newer()])
        assert [finding.version for finding in findings.stored(session.index)] == [2]
        assert [finding.version for finding in findings.stored(session.index, newest=False)] == [1, 2]


def test_what_a_comparing_detector_finds_no_more_is_not_current(path: Path) -> None:
    with Session.open(path) as session:
        for name in ("r2", "r3"):
            detect(session, [All()])
            seen(session, name)
        assert [finding.key for finding in findings.stored(session.index)] == ["all/2"]
        detect(session, [All()])
        assert findings.stored(session.index) == []
        kept = findings.stored(session.index, newest=False)
        assert [finding.key for finding in kept] == ["all/1", "all/2"]


def test_decisions_are_log_entries_and_survive_the_database(path: Path) -> None:
    with Session.open(path) as session:
        detect(session, [Praise()])
        (made,) = findings.stored(session.index)
        findings.decide(session, made.id[:5], "rejected", "看错了")
        decided = findings.decide(session, made.id, "confirmed", "与招募帖一致")
        assert (decided.state, decided.decisions[0].reason, decided.decisions[1].by) == (
            "confirmed",
            "看错了",
            "张三",
        )
    assert rebuild_and_carry(path).differences == []
    with Index(path / FILE, writable=False) as index:
        assert findings.stored(index) == [decided]
    nothing_failed(path)
    with Session.open(path) as session:
        with session.index.transaction():
            session.index.connection.execute("delete from finding_content")
        (bare,) = findings.stored(session.index)
        assert (bare.id, bare.content, bare.state) == (made.id, None, "confirmed")
        with pytest.raises(UsageError, match="detect --again"):
            findings.decide(session, made.id, "rejected", "x")
        detect(session, [Praise()], again=True)
        assert findings.stored(session.index) == [decided], "the same words again, under the same digest"


@pytest.mark.parametrize(
    ("identifier", "reason", "says"), [("Fxyz", "因为", "no finding"), ("F", " ", "needs its reason")]
)
def test_a_decision_that_cannot_be_made(path: Path, identifier: str, reason: str, says: str) -> None:
    with Session.open(path) as session:
        detect(session, [Praise()])
        with pytest.raises(UsageError, match=says):
            findings.decide(session, identifier, "confirmed", reason)


def test_changed_words_are_found(path: Path) -> None:
    with Session.open(path) as session:
        detect(session, [Praise()])
        with session.index.transaction():
            session.index.connection.execute(
                "update finding_content set content = replace(content, '疑似', '确实')"
            )
    problems = check_index(path)
    assert (problems.status, "does not say what was logged" in str(problems)) == ("failed", True)


def test_quotes_leave_with_their_captures_unless_somebody_confirmed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session.open(path) as session:
        seen(session, "r2")
        detect(session, [Praise()])
        kept, going = sorted(findings.stored(session.index), key=lambda finding: finding.key)
        findings.decide(session, kept.id, "confirmed", "属实线索")
        monkeypatch.setattr(clock, "now", lambda: "2027-11-20T02:00:00.000000Z")
        expire(session, plan_expiry(session, 30))
        left = {finding.id: finding.content for finding in findings.stored(session.index)}
        assert (left[kept.id], left[going.id]) == (kept.content, None)
        assert detect(session, [Praise()], again=True)["praise"].new == 0
    nothing_failed(path)


def test_a_finding_shows_where_and_tests_something_and_does_not_judge() -> None:
    whole = {
        "detector": "d", "version": 1, "key": "k", "grade": "weak", "link": "review", "conduct": "fake_review",
        "claim": "疑似", "why": "x", "innocent": (RULED_OUT,), "facts": (Fact(text="1", captures=("c",)),),
    }  # fmt: skip
    made = Finding(**whole)
    assert Finding.from_json(json.loads(made.content)) == made
    for bad in ({"facts": ()}, {"innocent": ()}, {"claim": "经认定为刷单"}):
        with pytest.raises(FindingError):
            Finding(**{**whole, **bad})


def test_every_detector_is_discovered_and_described_in_chinese() -> None:
    for name, kind in discovered().items():
        assert kind.__doc__, name
        assert kind.version >= 1, name
        assert all(
            "\u4e00" <= text[0] <= "\u9fff" or text[0] in "“《" for text in (kind.title, kind.summary)
        ), name
    with pytest.raises(UsageError, match="no detector nosuch"):
        detectors(["nosuch"])


def test_more_findings_than_one_log_entry_holds(path: Path) -> None:
    count = 2 * findings.EVENT_ROWS + 1
    made = [
        findings.NewFinding(
            id=f"F{n:012d}", key=f"{n}" + "键" * 90, digest=f"{n:064d}", content=b"{}", captures=()
        )
        for n in range(count)
    ]
    with Session.open(path) as session:
        one = findings.Detection(detector="d", version=1, read=1, whole=True, findings=made)
        assert len(findings.keep(session, one)) == count
        assert findings.keep(session, one) == []
        assert len(findings.stored(session.index)) == count
        assert findings.keep(session, replace(one, findings=[])) == []
        assert findings.stored(session.index) == []
        assert findings.keep(session, one) == [], "found again: current again, and not new"
        assert len(findings.stored(session.index)) == count
        with pytest.raises(UsageError, match="longer than"):
            findings.keep(session, replace(one, findings=[replace(made[0], key="k" * 301)]))
