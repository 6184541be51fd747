"""The index: rows follow from leaves, and what SQLite cannot do is said in our words."""

import sqlite3
from pathlib import Path

import pytest

from crawler.errors import (
    ArchiveError,
    ArchiveLocked,
    ArchiveMissing,
    DiskFull,
    LogShorter,
    RecordError,
    UsageError,
)
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture
from crawler.store.index import FILE, Index, clear_errors, equal
from crawler.store.session import Session
from tests.archives import RUN, drafted, make, nothing_failed, page, review


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive with a run of two captures and one item."""
    path = make(tmp_path / "a")
    with Session.open(path) as session:
        session.record_event("run-started", {"run": RUN, "site": "test", "settings": {"DELAY": 5}})
        first = session.record(drafted(page())).result()
        session.reading(first.id).items.append(review(first))
        session.store(first.id).result()
        session.record(drafted(page())).result()
        session.record_event("run-closed", {"run": RUN, "reason": "finished", "counts": {"captures": 2}})
    return path


def captures(path: Path) -> list[Capture]:
    with Archive.open(path) as archive, Index(path / FILE, writable=False) as index:
        rows = index.query("select leaf from capture order by leaf")
        return [Capture.from_leaf(archive.log.leaf(row["leaf"])) for row in rows]


def test_rows_follow_from_leaves(path: Path) -> None:
    with Index(path / FILE, writable=False) as index:
        (run,) = index.query("select * from run")
        assert (run["site"], run["reason"], run["counts"]) == ("test", "finished", '{"captures": 2}')
        assert run["settings"] == '{"DELAY": 5}'
        assert index.leaves == 6
        assert [row["state"] for row in index.query("select state from capture")] == ["complete"] * 2
        assert len(index.query("select * from review")) == 1


def test_a_leaf_without_a_row_gets_one_at_the_next_start(path: Path) -> None:
    with Archive.open(path, writable=True) as archive:  # a crash between leaf and row
        archive.commit([page(url="http://shop.invalid/late")])
        archive.record_event("run-resumed", {"run": RUN})
    with Session.open(path) as session:
        assert session.index.leaves == 8
        assert session.index.query("select url from capture order by leaf")[-1]["url"] == (
            "http://shop.invalid/late"
        )


def test_an_index_behind_its_log_is_caught_up_once(path: Path) -> None:
    with Archive.open(path) as archive, Index(path / FILE, writable=True) as index:
        assert index.catch_up(archive.log.size, archive.log.leaves(index.leaves)) == 0
        assert len(index.query("select * from capture")) == 2


def test_an_index_ahead_of_its_log_is_refused(path: Path) -> None:
    entries = path / "log/entries"
    content = entries.read_bytes()
    last = int.from_bytes(content[:2], "big") + 2
    entries.write_bytes(content[:last])  # whole entries, none of them signed
    database, records = (path / FILE).read_bytes(), (path / "warc/00001.warc.gz").read_bytes()
    with pytest.raises(LogShorter, match="6 known entries"):
        Session.open(path)
    assert (path / FILE).read_bytes() == database
    assert (path / "warc/00001.warc.gz").read_bytes() == records
    with Index(path / FILE, writable=True) as index, pytest.raises(LogShorter, match="compare with a backup"):
        index.catch_up(1, iter(()))


def test_a_resumed_run_is_open_again(path: Path) -> None:
    with Session.open(path) as session:
        session.record_event("run-resumed", {"run": RUN})
        (run,) = session.index.query("select ended, reason, counts from run")
    assert tuple(run) == (None, None, None)


def test_the_same_item_twice_is_stored_once(path: Path) -> None:
    first = captures(path)[0]
    with Index(path / FILE, writable=True) as index, index.transaction():
        index.add_items([review(first), review(first, 1)])
        index.add_unread(first.id, "test:parse", 1, 2, "why")
        index.add_unread(first.id, "test:parse", 1, 2, "why")
        assert len(index.query("select * from review")) == 2
        assert len(index.query("select * from unread")) == 1


@pytest.mark.parametrize("name", ["author", "author_identifier"])
def test_a_name_is_not_stored(path: Path, name: str) -> None:
    item = review(captures(path)[0], 7, **{name: "王小明"})
    with Index(path / FILE, writable=True) as index:
        with pytest.raises(RecordError, match="pseudonymize"), index.transaction():
            index.add_items([item])
        assert len(index.query("select * from review")) == 1


def test_a_transaction_is_all_or_nothing(path: Path) -> None:
    first = captures(path)[0]
    with Index(path / FILE, writable=True) as index:
        with pytest.raises(RecordError, match="pseudonymize"), index.transaction():
            index.add_items([review(first, 1), review(first, 2, author="王小明")])
        assert len(index.query("select * from review")) == 1


def test_a_capture_is_found_by_the_beginning_of_its_id(path: Path) -> None:
    wanted = captures(path)[0].id
    with Index(path / FILE, writable=False) as index:
        assert index.capture_row(wanted[:12])["id"] == wanted
        with pytest.raises(UsageError, match="more than one"):
            index.capture_row("")
        with pytest.raises(UsageError, match="no capture"):
            index.capture_row("zzz")


def test_readers_leave_nothing_behind(path: Path) -> None:
    before = sorted(p.name for p in path.iterdir())
    with Index(path / FILE, writable=False) as index:
        index.query("select * from capture")
    assert sorted(p.name for p in path.iterdir()) == before
    nothing_failed(path)


def test_a_reader_at_closing_time_does_not_hold_up_the_writer(path: Path) -> None:
    session = Session.open(path)
    with Index(path / FILE, writable=False) as reader:
        reader.query("select * from capture")
        session.close()
    Session.open(path).close()
    nothing_failed(path)


def test_the_wal_of_a_killed_command_is_folded(path: Path) -> None:
    for name in (FILE, "frontier.db"):
        connection = sqlite3.connect(path / name)
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table left_over (x)")
        connection.commit()
        wal, main = (path / f"{name}-wal").read_bytes(), (path / name).read_bytes()
        connection.close()
        (path / f"{name}-wal").write_bytes(wal)  # as SIGKILL leaves it
        (path / name).write_bytes(main)
    Session.open(path).close()  # what `evidence seal` does; it never opens the frontier
    assert not list(path.glob("*.db-*"))
    nothing_failed(path)
    for name in (FILE, "frontier.db"):
        connection = sqlite3.connect(path / name)
        connection.execute("select x from left_over")
        connection.close()


def test_a_missing_index_says_how_to_make_it(path: Path) -> None:
    (path / FILE).unlink()
    with pytest.raises(ArchiveMissing, match="evidence rebuild"):
        Index(path / FILE, writable=False)


@pytest.mark.parametrize("content", [b"", b"this is no database, whatever its name says" * 100])
def test_a_damaged_index_says_how_to_make_it_again(path: Path, content: bytes) -> None:
    (path / FILE).write_bytes(content)
    with pytest.raises(ArchiveError, match="evidence rebuild"):
        Session.open(path)
    with Archive.open(path, writable=True):  # the lock was given back
        pass


def test_an_index_that_somebody_holds_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Index(path / FILE, writable=True) as one, Index(path / FILE, writable=True) as other:
        other.connection.execute("pragma busy_timeout = 0")
        with one.transaction(), pytest.raises(ArchiveLocked, match="in use"), other.transaction():
            pass


def test_a_full_disk_is_named(path: Path) -> None:
    first = captures(path)[0]
    with Index(path / FILE, writable=True) as index:
        pages = int(index.query("pragma page_count")[0][0])
        index.query(f"pragma max_page_count = {pages}")
        with pytest.raises(DiskFull, match="make room"), index.transaction():
            index.add_items([review(first, number) for number in range(1, 2000)])
        assert len(index.query("select * from review")) == 1


def test_sqlite_errors_of_other_files_do_not_promise_a_rebuild(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="holds no evidence"), clear_errors(tmp_path / "frontier.db"):
        raise sqlite3.DatabaseError("file is not a database")


def test_equal_names_the_first_difference(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes((path / FILE).read_bytes())
    with Index(path / FILE, writable=False) as one, Index(copy, writable=True) as other:
        assert list(equal(one, other)) == []
        with other.transaction():
            other.connection.execute("update review set review_body = '不好'")
            other.connection.execute("delete from capture where rowid = 1")
        differences = list(equal(one, other))
    assert [difference.partition(":")[0] for difference in differences] == ["capture", "review"]
    assert "2 and 1 rows" in differences[0]
    assert "很好" in differences[1]
    assert "不好" in differences[1]
