"""What changed between looks: both captures are named, and what is merely not shown is not called deleted."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler.evidence.manifest import Capture
from crawler.items import Item, Listing, Post, Review
from crawler.store.session import Session, Unread
from crawler.store.timeline import Change, changes, series
from tests.archives import drafted, make, page, traced

URL = "http://shop.invalid/item/1/reviews"
RUNS = [f"2026112{day}T000000-000{day}" for day in range(1, 6)]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.open(make(tmp_path / "a")) as session:
        yield session


def look(
    session: Session, run: int, *found: Item, url: str = URL, status: int = 200, version: int = 1
) -> Capture:
    """One page of a run with what was read off it."""
    draft = page(run=RUNS[run], url=url)
    read_with = {"callback": "parse", "arguments": {}}
    draft = replace(draft, capture=replace(draft.capture, status=status, read_with=read_with))
    capture: Capture = session.record(drafted(draft)).result()
    read(session, capture, *found, version=version)
    return capture


def read(session: Session, capture: Capture, *found: Item, version: int = 1) -> None:
    reading = session.reading(capture.id)
    for number, item in enumerate(found):
        provenance = replace(traced(capture, number), version=version)
        reading.items.append(replace(item, site="test", provenance=provenance))
    session.store(capture.id).result()


def begun(session: Session, run: int, **settings: Any) -> None:
    session.record_event("run-started", {"run": RUNS[run], "site": "test", "settings": settings})


def ended(session: Session, run: int, reason: str = "finished") -> None:
    session.record_event("run-closed", {"run": RUNS[run], "reason": reason, "counts": {}})


def review(identifier: str, text: str = "质量很差", **more: Any) -> Review:
    return Review(identifier=identifier, review_body=text, item_reviewed="1", **more)


def reviews(names: str) -> list[Review]:
    return [review(name) for name in names]


def brief(found: list[Change]) -> list[tuple[str, str]]:
    return [(change.what, change.identifier) for change in found]


def test_a_review_that_vanished_and_one_that_appeared_name_both_captures(session: Session) -> None:
    first = look(session, 0, *reviews("abc"))
    second = look(session, 1, *reviews("acd"))
    appeared, vanished = changes(session.index)
    assert (appeared.what, appeared.identifier, appeared.after) == ("appeared", "d", "质量很差")
    assert (vanished.what, vanished.identifier, vanished.before) == ("vanished", "b", "质量很差")
    for change in (appeared, vanished):
        assert (change.capture_before, change.capture_after) == (first.id, second.id)
        assert (change.kind, change.site, change.page_url) == ("review", "test", URL)


def test_what_moved_to_another_page_of_the_same_run_is_there(session: Session) -> None:
    look(session, 0, *reviews("ab"))
    look(session, 1, *reviews("x"))
    look(session, 1, *reviews("ab"), url=URL + "?page=2")
    assert brief(changes(session.index)) == [("appeared", "x")]


def test_where_only_some_pages_were_turned_what_is_pushed_down_has_not_vanished(session: Session) -> None:
    begun(session, 0, EVIDENCE_WATCH=1)
    look(session, 0, *reviews("abcd"))
    ended(session, 0)
    begun(session, 1, EVIDENCE_WATCH=1)
    look(session, 1, *reviews("xyac"))  # b is missing between a and c; d was pushed out
    ended(session, 1)
    assert [name for what, name in brief(changes(session.index)) if what == "vanished"] == ["b"]


def test_where_the_list_was_seen_to_its_end_all_that_lacks_vanished(session: Session) -> None:
    for run, names in enumerate(("abcd", "ac")):
        begun(session, run, EVIDENCE_WATCH=2)
        look(session, run, *reviews(names))
        ended(session, run)
    assert [name for what, name in brief(changes(session.index)) if what == "vanished"] == ["b", "d"]


@pytest.mark.parametrize("flaw", ["shutdown", "unread", "host"])
def test_a_run_that_may_have_missed_something_says_nothing_of_what_lacks(session: Session, flaw: str) -> None:
    look(session, 0, *reviews("ab"))
    begun(session, 1)
    second = look(session, 1, *reviews("a"))
    if flaw == "unread":
        session.reading(second.id).unread.append(Unread(second.id, "test:parse", 1, 7, "why"))
        session.store(second.id).result()
    if flaw == "host":
        session.record_event("host-stopped", {"run": RUNS[1], "host": "shop.invalid", "reason": "403"})
    ended(session, 1, "shutdown" if flaw == "shutdown" else "finished")
    assert [what for what, _ in brief(changes(session.index)) if what == "vanished"] == []


def test_a_host_that_stopped_the_run_says_nothing_of_another(session: Session) -> None:
    look(session, 0, *reviews("ab"))
    begun(session, 1)
    look(session, 1, *reviews("a"))
    session.record_event("host-stopped", {"run": RUNS[1], "host": "other.invalid", "reason": "403"})
    ended(session, 1)
    assert brief(changes(session.index)) == [("vanished", "b")]


def test_a_detail_that_was_not_read_is_no_flaw(session: Session) -> None:
    look(session, 0, *reviews("ab"))
    second = look(session, 1, *reviews("a"))
    session.reading(second.id).unread.append(Unread(second.id, "test:parse", 1, 7, "why", lost=False))
    session.store(second.id).result()
    assert brief(changes(session.index)) == [("vanished", "b")]


def test_counters_and_texts_are_quoted_as_printed(session: Session) -> None:
    look(
        session,
        0,
        Listing(identifier="1", name="壶", price="￥59.90", sales="月销1000+"),
        review("a", "好", useful_count="3"),
    )
    look(session, 1, Listing(identifier="1", name="壶", price="￥49.90"), review("a", "差", useful_count="3"))
    look(session, 2, Listing(identifier="1", name="壶", price="￥49.90", sales="月销900+"), review("a", "差"))
    found = [(c.what, c.field, c.before, c.after) for c in changes(session.index)]
    assert sorted(found) == [
        ("counter", "price", "￥59.90", "￥49.90"),
        ("counter", "sales", "月销1000+", "月销900+"),  # the look between said nothing of it
        ("text", "review_body", "好", "差"),
    ]


def test_the_same_number_written_otherwise_is_no_change(session: Session) -> None:
    for run, (printed, number) in enumerate((("月销1000+", 1000), ("月销1千+", 1000), ("月销0.2万+", 2000))):
        look(session, run, Listing(identifier="1", name="壶", sales=printed, sales_number=number))
    (change,) = changes(session.index)
    assert (change.before, change.after) == ("月销1千+", "月销0.2万+")


def test_floors_are_of_their_thread_and_threads_of_what_the_run_set_out_from(session: Session) -> None:
    def floor(name: str) -> Post:
        return Post(identifier=name, article_body="沙发", is_part_of="t1")

    for run, names in enumerate(("abc", "ac")):
        begun(session, run, url="http://bbs.invalid/f1")
        threads = [Post(identifier=f"t{name}", headline="帖") for name in names]
        look(session, run, *threads, *map(floor, names), url="http://bbs.invalid/f1")
        ended(session, run)
    assert brief(changes(session.index)) == [("vanished", "b"), ("vanished", "tb")]


def test_the_newest_parser_counts(session: Session) -> None:
    first = look(session, 0, *reviews("ab"))
    second = look(session, 1, *reviews("a"))
    read(session, second, *reviews("ab"), version=2)
    read(session, first, *reviews("ab"), version=2)
    assert changes(session.index) == []


def test_a_page_that_is_gone_and_back(session: Session) -> None:
    url = "http://bbs.invalid/t1"
    captures = [
        look(session, run, url=url, status=status) for run, status in enumerate((200, 503, 404, 404, 200))
    ]
    gone, back = changes(session.index, url=url)
    assert (gone.what, gone.before, gone.after) == ("gone", "200", "404")
    assert (gone.capture_before, gone.capture_after) == (captures[0].id, captures[2].id)  # a 503 says nothing
    assert (back.what, back.capture_after) == ("back", captures[4].id)


def test_only_what_is_asked_for(session: Session) -> None:
    look(session, 0, *reviews("ab"))
    later = look(session, 1, *reviews("a"))
    assert len(changes(session.index, site="test", url=URL, since=later.started)) == 1
    assert changes(session.index, site="other") == []
    assert changes(session.index, url="http://shop.invalid/") == []
    assert changes(session.index, since="2999") == []


def test_a_series_has_a_point_for_each_capture(session: Session) -> None:
    captures = [
        look(session, run, Listing(identifier="1", name="壶", sales=sales))
        for run, sales in enumerate(("1万+", None, "1.2万+"))
    ]
    points = series(session.index, "test", "1", "sales")
    assert [(point.printed, point.capture) for point in points] == [
        ("1万+", captures[0].id),
        ("1.2万+", captures[2].id),
    ]
    with pytest.raises(KeyError):
        series(session.index, "test", "1", "name")


def test_a_list_that_is_empty_now_and_filled_again(session: Session) -> None:
    look(session, 0, *reviews("ab"))
    bare = look(session, 1)
    look(session, 2, *reviews("a"))
    found = changes(session.index)
    assert brief(found) == [("vanished", "a"), ("vanished", "b"), ("appeared", "a")]
    assert {change.capture_after for change in found[:2]} == {bare.id}
