"""What removal events say, and the arithmetic of what is left."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import FormatError, UsageError
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Event, Locator
from crawler.evidence.retention import RemovalEvent, Removals, StoredRecords, removal_events

FILE = "warc/00001.warc.gz"
OTHER = "warc/00002.warc.gz"
TIME = "2026-11-22T00:00:00.000000Z"
SHA = digest(b"")


def event(entry: int, length: int, *spans: tuple[int, int], file: str = FILE) -> RemovalEvent:
    """Removes these (offset, length) from one file, which then has `length` bytes."""
    return RemovalEvent(entry, TIME, details(length, *spans, file=file))


def details(length: int, *spans: tuple[int, int], file: str = FILE) -> dict[str, Any]:
    return {
        "days": 30,
        "files": {file: {"length": length, "sha256": SHA}},
        "records": [[file, offset, size] for offset, size in spans],
        "entries": [0],
    }


def test_nothing_removed_changes_nothing() -> None:
    removals = Removals()
    assert removals.physical_offset(FILE, 77) == 77
    assert removals.length_of(FILE, 500) == 500
    assert removals.removed_on(FILE, 77) is None
    assert (removals.count, removals.size, removals.files, removals.pending(FILE, 3)) == (0, 0, [], [])


def test_what_was_removed_is_known_by_its_logged_place() -> None:
    removals = Removals([event(9, 70, (10, 20), (50, 10))])
    assert removals.removed_on(FILE, 10) == removals.removed_on(FILE, 50) == TIME
    assert removals.removed_on(FILE, 30) is None
    assert removals.removed_on(FILE, 11) is None
    assert removals.removed_on(OTHER, 10) is None
    found = removals.removal(FILE, 50)
    assert found is not None
    assert (found.event.entry, found.locator) == (9, Locator(FILE, 50, 10))
    assert [removals.physical_offset(FILE, offset) for offset in (0, 10, 15, 30, 50, 59, 60, 100)] == [
        0, 10, 10, 10, 30, 30, 30, 70,
    ]  # fmt: skip
    assert removals.length_of(FILE, 100) == 70


def test_a_second_removal_keeps_to_the_offsets_of_the_log() -> None:
    removals = Removals([event(9, 80, (40, 20)), event(12, 60, (10, 10), (90, 10))])
    assert (removals.count, removals.size) == (3, 40)
    assert removals.physical_offset(FILE, 60) == 30
    assert removals.pending(FILE, 100) == [(10, 10), (40, 20), (90, 10)]
    assert removals.pending(FILE, 80) == [(10, 10), (70, 10)]  # the first is done: what follows has moved up
    assert removals.pending(FILE, 60) == []
    with pytest.raises(FormatError, match="has 99 bytes"):
        removals.pending(FILE, 99)
    assert [stage.length for stage in removals.stages(FILE)] == [80, 60]


def test_a_file_of_another_length_is_refused() -> None:
    with pytest.raises(FormatError, match="records end at 101"):
        Removals([event(9, 80, (40, 20))]).length_of(FILE, 101)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[int], list[set[int]]]:
    """Lengths of the records of a file, and which of them each of several events removes."""
    lengths = draw(st.lists(st.integers(1, 9), min_size=2, max_size=25))
    rounds = draw(st.lists(st.integers(0, 4), min_size=len(lengths), max_size=len(lengths)))
    events = [{i for i, r in enumerate(rounds) if r == wanted and i} for wanted in range(1, 5)]
    return lengths, [removed for removed in events if removed]


@given(histories())
@settings(max_examples=150, deadline=None)
def test_arithmetic_agrees_with_cutting_bytes(history: tuple[list[int], list[set[int]]]) -> None:
    lengths, rounds = history
    records = [bytes([i]) * length for i, length in enumerate(lengths)]
    offsets = [sum(lengths[:i]) for i in range(len(lengths))]
    contents = [b"".join(records)]
    gone: set[int] = set()
    events = []
    for number, removed in enumerate(rounds):
        gone |= removed
        contents.append(b"".join(r for i, r in enumerate(records) if i not in gone))
        events.append(
            event(number + 1, len(contents[-1]), *[(offsets[i], lengths[i]) for i in sorted(removed)])
        )
    removals = Removals(events)
    for i, offset in enumerate(offsets):
        assert (removals.removed_on(FILE, offset) is not None) == (i in gone)
        if i not in gone:
            place = removals.physical_offset(FILE, offset)
            assert contents[-1][place : place + lengths[i]] == records[i]
    assert removals.length_of(FILE, sum(lengths)) == len(contents[-1])
    for content in contents:
        assert cut(content, removals.pending(FILE, len(content))) == contents[-1]


def cut(content: bytes, spans: Sequence[tuple[int, int]]) -> bytes:
    for offset, length in reversed(spans):
        content = content[:offset] + content[offset + length :]
    return content


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in details(80, (40, 20)).items() if key != name}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("text", "no object"),
        (without("days"), "days"),
        (without("files"), "an object"),
        (without("records"), "a list"),
        ({**details(80, (40, 20)), "records": []}, "a list"),
        ({**details(80, (40, 20)), "days": True}, "days"),
        ({**details(80, (40, 20)), "days": 0}, "days"),
        ({**details(80, (40, 20)), "records": [[FILE, 40]]}, "is no"),
        ({**details(80, (40, 20)), "records": [FILE]}, "is no"),
        ({**details(80, (40, 20)), "records": [["../../etc/passwd", 40, 20]]}, "no WARC file"),
        ({**details(80, (40, 20)), "records": [[OTHER, 40, 20]]}, "same files"),
        ({**details(80, (40, 20)), "files": {}}, "same files"),
        ({**details(80, (40, 20)), "files": {FILE: 80}}, "expected"),
        ({**details(80, (40, 20)), "files": {FILE: {"length": 80, "sha256": "md5:0"}}}, "digest"),
        ({**details(80, (40, 20)), "files": {FILE: {"length": -1, "sha256": SHA}}}, "expected"),
        (without("entries"), "leaf indices"),
        ({**details(80, (40, 20)), "entries": []}, "leaf indices"),
        ({**details(80, (40, 20)), "entries": [1, 1]}, "rising"),
        ({**details(80, (40, 20)), "entries": [4]}, "came later"),
        (details(80, (0, 20)), "impossible"),
        (details(80, (40, 0)), "impossible"),
        (details(80, (40, -5)), "impossible"),
        (details(80, (1 << 60, 20)), "impossible"),
        (details(80, (40, 20), (50, 20)), "out of order, or overlaps"),
        (details(80, (60, 20), (40, 20)), "out of order, or overlaps"),
        (details(80, (80, 20)), None),
        (details(80, (101, 20)), "beyond the end"),
    ],
)
def test_nonsense_is_refused_or_objected_to(wrong: Any, why: str | None) -> None:
    objections: list[str] = []
    removals = Removals([RemovalEvent(4, TIME, wrong), event(5, 70, (5, 9), file=OTHER)], objections.append)
    if why is None:
        assert not objections
        return
    assert len(objections) == 1
    assert why in objections[0]
    assert removals.files == [OTHER]  # what was nonsense is left out, the rest counts
    with pytest.raises(FormatError, match="entry 4"):
        Removals([RemovalEvent(4, TIME, wrong)])


def test_lengths_must_follow_from_each_other() -> None:
    with pytest.raises(FormatError, match=r"20 bytes removed from 80 do not leave 61"):
        Removals([event(4, 80, (40, 20)), event(5, 61, (60, 20))])


def test_a_record_is_removed_once() -> None:
    for twice in ((40, 20), (50, 20), (30, 11)):
        objections: list[str] = []
        Removals([event(4, 80, (40, 20)), event(5, 80 - twice[1], twice)], objections.append)
        assert len(objections) == 1
        assert "removed already" in objections[0]


def test_hundred_thousand_records_are_found_quickly() -> None:
    spans = [(1 + 20 * i, 10) for i in range(100_000)]
    end = 20 * 100_000 + 1
    parts = [spans[i : i + 1500] for i in range(0, len(spans), 1500)]
    events = []
    for number, part in enumerate(parts):
        end -= 10 * len(part)
        events.append(event(number + 1, end, *part))
    removals = Removals(events)
    assert removals.count == 100_000
    for i in range(0, 100_000, 7):
        assert removals.physical_offset(FILE, 20 * i + 11) == 10 * i + 1


def test_events_are_found_among_the_leaves() -> None:
    good = Event(act="payloads-removed", time=TIME, by="张三", details=details(80, (40, 20))).to_leaf()
    other = Event(act="run-started", time=TIME, by="张三", details={"act": "payloads-removed"}).to_leaf()
    broken = good[:-1]
    (found,) = removal_events(enumerate([other, broken, good]))
    assert (found.entry, found.time) == (2, TIME)
    assert Removals.from_leaves(enumerate([other, good])).count == 1


def test_stored_records_are_read_where_they_lie_now(tmp_path: Path) -> None:
    (tmp_path / "warc").mkdir()
    (tmp_path / FILE).write_bytes(b"0" * 10 + b"2" * 5)
    stored = StoredRecords(tmp_path, Removals([event(4, 15, (10, 7))]))
    assert stored.read(Locator(FILE, 17, 5)) == b"22222"
    with pytest.raises(UsageError, match="removed on 2026-11-22"):
        stored.read(Locator(FILE, 10, 7))
    with pytest.raises(FormatError, match="ends after"):
        stored.read(Locator(FILE, 17, 6))
