"""What moved and what vanished between captures of the same page; and what must not be called so."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.evidence.manifest import Capture
from crawler.items import Item, Listing, Review
from crawler.store.series import items, moves, vanished
from crawler.store.session import Session, Unread
from tests.archives import drafted, make, page, traced

FIRST, SECOND = "20261121T000000-0001", "20261122T000000-0002"
URL = "http://shop.invalid/item/1/reviews"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.open(make(tmp_path / "a")) as session:
        yield session


def seen(session: Session, run: str, *found: Item, url: str = URL) -> Capture:
    """One page of a run with what was read off it."""
    capture: Capture = session.record(drafted(page(run=run, url=url))).result()
    reading = session.reading(capture.id)
    reading.items += [
        replace(item, site="test", provenance=traced(capture, n)) for n, item in enumerate(found)
    ]
    session.store(capture.id).result()
    return capture


def a_review(identifier: str, text: str = "质量很差") -> Review:
    return Review(identifier=identifier, review_body=text)


def a_listing(printed: str, number: int) -> Listing:
    return Listing(identifier="1", name="收纳柜", sales=printed, sales_number=number, sales_is_minimum=True)


def test_a_counter_that_moved_is_quoted_as_printed(session: Session) -> None:
    before = seen(session, FIRST, a_listing("月销1000+", 1000))
    seen(session, FIRST, a_listing("月销900+", 900), url="http://shop.invalid/other")
    after = seen(session, SECOND, a_listing("月销1100+", 1100))
    (move,) = moves(session.index)
    assert (move.printed_before, move.printed_after) == ("月销1000+", "月销1100+")
    assert (move.before, move.after, move.counter, move.page_url) == (1000, 1100, "sales_number", URL)
    assert (move.capture_before, move.capture_after) == (before.id, after.id)


def test_a_counter_that_stayed_did_not_move(session: Session) -> None:
    seen(session, FIRST, a_listing("月销1000+", 1000))
    seen(session, SECOND, a_listing("月销1千+", 1000))
    assert moves(session.index) == []


def test_a_review_that_is_gone_names_both_captures(session: Session) -> None:
    before = seen(session, FIRST, a_review("1"), a_review("2", "好"))
    after = seen(session, SECOND, a_review("2", "好"))
    (gone,) = vanished(session.index)
    assert (gone.identifier, gone.text, gone.page_url) == ("1", "质量很差", URL)
    assert (gone.capture_with, gone.capture_without) == (before.id, after.id)


def test_a_review_that_moved_to_another_page_is_not_gone(session: Session) -> None:
    seen(session, FIRST, a_review("1"), a_review("2"))
    seen(session, SECOND, a_review("2"), a_review("3"))
    seen(session, SECOND, a_review("1"), url=URL + "?page=2")
    assert vanished(session.index) == []


def test_a_page_without_any_review_says_nothing(session: Session) -> None:
    """It may be an empty shell: the absence of everything is no sign that one review was removed."""
    seen(session, FIRST, a_review("1"))
    seen(session, SECOND)
    assert vanished(session.index) == []


def test_a_wall_says_nothing(session: Session) -> None:
    seen(session, FIRST, a_review("1"), a_review("2"))
    blocked = page(run=SECOND, url=URL)
    session.record(drafted(replace(blocked, capture=replace(blocked.capture, state="blocked")))).result()
    assert vanished(session.index) == []


def test_a_run_that_did_not_understand_all_says_nothing(session: Session) -> None:
    seen(session, FIRST, a_review("1"), a_review("2"))
    later = seen(session, SECOND, a_review("2"))
    session.reading(later.id).unread.append(Unread(later.id, "test:parse", 1, 1, "ExtractionError: no date"))
    session.store(later.id).result()
    assert vanished(session.index) == []


def test_twice_in_one_run_is_no_change(session: Session) -> None:
    seen(session, FIRST, a_review("1"), a_review("2"))
    seen(session, FIRST, a_review("2"))
    assert vanished(session.index) == []


def test_items_are_found_by_their_text(session: Session) -> None:
    seen(session, FIRST, a_review("1", "送了好评返现卡"), a_review("2", "一般"))
    (found,) = items(session.index, "review", "返现", 10)
    assert found["identifier"] == "1"
    assert len(items(session.index, "review", "", 1)) == 1


@pytest.mark.parametrize("reason", ["page-cap", "shutdown", "finished"])
def test_a_run_that_did_not_see_everything_says_nothing(session: Session, reason: str) -> None:
    seen(session, FIRST, a_review("1"), a_review("2"))
    session.record_event("run-started", {"run": SECOND, "site": "test", "settings": {}})
    seen(session, SECOND, a_review("2"))
    assert vanished(session.index) == []  # still running
    session.record_event("run-closed", {"run": SECOND, "reason": reason, "counts": {}})
    assert len(vanished(session.index)) == (1 if reason == "finished" else 0)


@pytest.mark.parametrize(("host", "expected"), [("shop.invalid", 0), ("other.invalid", 1)])
def test_a_host_that_stopped_the_run_says_nothing(session: Session, host: str, expected: int) -> None:
    seen(session, FIRST, a_review("1"), a_review("2"))
    seen(session, SECOND, a_review("2"))
    session.record_event("host-stopped", {"run": SECOND, "host": host, "reason": "http-429", "capture": "x"})
    assert len(vanished(session.index)) == expected
