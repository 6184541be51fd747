"""`check_index`: the database's part of `evidence verify`."""

import sqlite3
from pathlib import Path

import pytest

from crawler.evidence.archive import Archive
from crawler.store.check import check_index
from crawler.store.index import FILE
from crawler.store.session import Session
from tests.archives import drafted, make, nothing_failed, page


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive with two captures."""
    path = make(tmp_path / "a")
    with Session.open(path) as session:
        for _ in range(2):
            session.record(drafted(page())).result()
    return path


def change(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path / FILE)
    connection.execute(sql)
    connection.commit()
    connection.close()


def test_an_index_that_follows_from_the_log_passes(path: Path) -> None:
    assert check_index(path).status == "passed"
    nothing_failed(path)  # and looking has changed nothing


@pytest.mark.parametrize(
    "sql",
    [
        "update capture set url = 'http://other.invalid/'",
        "update capture set state = 'blocked' where leaf = 3",
        "delete from capture where leaf = 3",
        "update event set by = '李四'",
        "update applied set leaves = 3",
        "insert into run (id, site) values ('r', 's')",
        "insert into decision values (9, 'F1', 'confirmed', 'r', 'b', 't')",
    ],
)
def test_a_row_that_differs_from_its_leaf_is_named(path: Path, sql: str) -> None:
    change(path, sql)
    check = check_index(path)
    assert check.status == "failed"
    assert any(FILE in problem for problem in check.problems)
    assert "rebuild" in check.remedy
    assert "重建数据库" in check.remedy_zh


def test_an_index_behind_its_log_is_named(path: Path) -> None:
    with Archive.open(path, writable=True) as archive:
        archive.commit([page()])
    assert check_index(path).status == "failed"


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + b"\xff" * 5000, None])
def test_a_damaged_or_missing_index_is_named(path: Path, content: bytes | None) -> None:
    (path / FILE).unlink()
    if content is not None:
        (path / FILE).write_bytes(content)
    check = check_index(path)
    assert check.status == "failed"
    assert FILE in check.problems[0]


def test_a_flipped_bit_in_an_item_page_is_found(path: Path) -> None:
    content = bytearray((path / FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (path / FILE).write_bytes(content)
    assert any(FILE in problem for problem in _state(path))


def _state(path: Path) -> tuple[str, ...]:
    from crawler.evidence.verify import verify

    return verify(path).check("state").problems
