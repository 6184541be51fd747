"""A removal must fit the capture that it removed."""

import pytest

from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.checks.retention import exhibited_captures, removal_fault
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Capture, Event, Locator, StoredRecord
from crawler.evidence.retention import RemovalEvent, Removals

FILE = "warc/00001.warc.gz"
TIME = "2026-11-22T00:00:00.000000Z"
NEXT_DAY = "2026-11-23T00:00:00.000000Z"  # the retention period is one day


def stored(offset: int, length: int) -> StoredRecord:
    return StoredRecord("response", "<urn:uuid:x>", Locator(FILE, offset, length), "", "", "", None, None)


def capture(*records: StoredRecord) -> Leaf:
    made = Capture(
        id="c",
        run="r",
        site="s",
        url="http://a.invalid/",
        method="GET",
        state="complete",
        fidelity="wire-exact",
        started=TIME,
        ended=TIME,
        records=records,
    )
    return Leaf(made, None, records)


def removed(*spans: tuple[int, int], entries: tuple[int, ...] = (7,), entry: int = 9) -> RemovalEvent:
    details = {
        "days": 1,
        "entries": list(entries),
        "files": {FILE: {"length": 1000 - sum(length for _, length in spans), "sha256": digest(b"")}},
        "records": [[FILE, *span] for span in spans],
    }
    return RemovalEvent(entry, NEXT_DAY, details)


TWO = capture(stored(10, 5), stored(15, 5))


def test_what_was_removed_whole_or_not_at_all_is_fine() -> None:
    assert removal_fault(Removals(), 7, TWO) is None
    assert removal_fault(Removals([removed((10, 5), (15, 5))]), 7, TWO) is None
    assert removal_fault(Removals([removed((20, 5))]), 7, TWO) is None


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (removed((10, 5)), "in part: 1 of its 2"),
        (removed((10, 5), (15, 6)), "another length"),
        (removed((10, 5), (15, 5), entries=(6, 8)), "does not name entry 7"),
    ],
)
def test_what_hides_a_part_is_named(event: RemovalEvent, why: str) -> None:
    assert why in (removal_fault(Removals([event]), 7, TWO) or "")


def test_a_warcinfo_record_stays() -> None:
    opened = Leaf(None, Event(act="warc-opened", time=TIME, by="张三"), (stored(10, 5),))
    fault = removal_fault(Removals([removed((10, 5))]), 7, opened)
    assert "warcinfo" in (fault or "")


def test_one_capture_is_not_removed_by_two_events() -> None:
    second = RemovalEvent(
        10, NEXT_DAY, {**removed((15, 5)).details, "files": {FILE: {"length": 990, "sha256": digest(b"")}}}
    )
    assert "in part" in (removal_fault(Removals([removed((10, 5)), second]), 7, TWO) or "")


@pytest.mark.parametrize(
    "time", ["2026-11-22T23:59:59.999999Z", TIME, "2025-01-01T00:00:00.000000Z", "", "now"]
)
def test_what_was_removed_before_its_time_was_over_is_no_retention(time: str) -> None:
    event = removed((10, 5), (15, 5))._replace(time=time)
    fault = removal_fault(Removals([event]), 7, TWO) or ""
    assert "before the 1 days were over" in fault or "cannot be compared" in fault


def test_a_period_beyond_all_time_is_never_over() -> None:
    event = removed((10, 5), (15, 5))
    event.details["days"] = 1 << 52
    assert "were over" in (removal_fault(Removals([event]), 7, TWO) or "")


@pytest.mark.parametrize(("entry", "fails"), [(8, True), (9, False), (10, False)])
def test_what_an_exhibit_rests_on_is_never_removed(entry: int, fails: bool) -> None:
    fault = removal_fault(Removals([removed((10, 5), (15, 5))]), 7, TWO, {"c": entry})
    assert (fault is not None and f"entry {entry} had made it an exhibit" in fault) is fails


def test_exhibits_are_read_from_a_log_that_may_be_hostile() -> None:
    def exhibit(captures: object) -> bytes:
        return Event(act="exhibit-added", time=TIME, by="张三", details={"captures": captures}).to_leaf()

    leaves = [exhibit(["a", "b"]), exhibit(["b", 5, None]), exhibit("ab"), b'{"act":"exhibit-added",', b"x"]
    assert exhibited_captures(enumerate(leaves)) == {"a": 0, "b": 0}
