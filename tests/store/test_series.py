"""Items are found by their text."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.evidence.manifest import Capture
from crawler.items import Item, Listing, Review
from crawler.store.series import items
from crawler.store.session import Session
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


def test_items_are_found_by_their_text(session: Session) -> None:
    seen(session, FIRST, a_review("1", "送了好评返现卡"), a_review("2", "一般"))
    (found,) = items(session.index, "review", "返现", 10)
    assert found["identifier"] == "1"
    assert len(items(session.index, "review", "", 1)) == 1
