"""When a failing authority is asked again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.errors import FormatError
from crawler.evidence.retry import FILE, Attempts, read_attempts, wait_after, write_attempts

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def test_the_wait_doubles_from_a_minute_to_an_hour() -> None:
    minutes = [wait_after(failures) / timedelta(minutes=1) for failures in (1, 2, 3, 4, 5, 6, 7, 8, 1000)]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_failure_postpones_and_a_success_forgets() -> None:
    once = Attempts().failed(NOW, "refused")
    assert not once.is_due(NOW + timedelta(seconds=59))
    assert once.is_due(NOW + timedelta(seconds=60))
    twice = once.failed(NOW + timedelta(seconds=60), "x" * 9999)
    assert (twice.failures, twice.next_attempt) == (2, "2026-11-22T08:03:00.000000Z")
    assert len(twice.reason) == 500
    again = twice.succeeded(NOW)
    assert (again.failures, again.next_attempt, again.last_success) == (
        0,
        None,
        "2026-11-22T08:00:00.000000Z",
    )
    assert again.failed(NOW, "down").last_success == again.last_success


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    assert read_attempts(tmp_path) == {}
    known = {"tsa-b": Attempts().failed(NOW, "没有回应\udc80"), "tsa-a": Attempts().succeeded(NOW)}
    write_attempts(tmp_path, known)
    found = read_attempts(tmp_path)
    assert found["tsa-a"] == known["tsa-a"]
    assert found["tsa-b"].next_attempt == known["tsa-b"].next_attempt


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"authorities": []}', '{"authorities": {"a": 1}}', '{"authorities": {"a": {"x": 1}}}',
        '{"authorities": {"a": {"failures": "3"}}}', '{"authorities": {"a": {"next_attempt": "soon"}}}',
        '{"authorities": {"a": {"next_attempt": "2026-01-01"}}}', "[" * 99999, "1" * (2 << 20),
    ],
)  # fmt: skip
def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(FormatError, match="delete it"):
        read_attempts(tmp_path)
