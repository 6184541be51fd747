"""The writer thread: what is durable when a caller hears of it, and what becomes of errors."""

import asyncio
import shutil
import threading
from collections import namedtuple
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import ArchiveError, ArchiveMissing, DiskFull, FormatError, RecordError
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.manifest import Capture
from crawler.store.index import FILE, Index
from crawler.store.session import Session, Unread, adopt_session, end_session, session_of
from tests.archives import drafted, make, nothing_failed, page, review

usage = namedtuple("usage", "total used free")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty archive."""
    return make(tmp_path / "a")


def count(path: Path, table: str) -> int:
    with Index(path / FILE, writable=False) as index:
        return int(index.query(f"select count(*) from {table}")[0][0])  # noqa: S608


def test_a_capture_is_on_disk_and_indexed_when_the_caller_hears_of_it(path: Path) -> None:
    with Session.open(path) as session:
        capture = session.record(drafted(page())).result()
        with Archive.open(path) as reader:
            assert Capture.from_leaf(reader.log.leaf(reader.log.size - 1)) == capture
        assert session.index.capture_row(capture.id)["leaf"] == 2
        assert session.captures == 1


def test_a_burst_of_captures_keeps_its_order(path: Path) -> None:
    with Session.open(path) as session:
        futures = [
            session.record(drafted(page(url=f"http://shop.invalid/{number}"))) for number in range(200)
        ]
        event = session.record_event("run-closed", {"run": "x", "reason": "finished", "counts": {}})
        urls = [future.result().url for future in futures]
    assert urls == [f"http://shop.invalid/{number}" for number in range(200)]
    assert event == 202
    with Index(path / FILE, writable=False) as index:
        assert [row["url"] for row in index.query("select url from capture order by leaf")] == urls
    nothing_failed(path)


def test_what_was_read_off_a_page_is_stored_together(path: Path) -> None:
    with Session.open(path) as session:
        capture = session.record(drafted(page())).result()
        reading = session.reading(capture.id)
        reading.items += [review(capture, 0), review(capture, 1)]
        reading.unread.append(Unread(capture.id, "test:parse", 1, 2, "why"))
        assert session.reading(capture.id) is reading
        session.store(capture.id).result()
        assert session.reading(capture.id) is not reading
        assert (count(path, "review"), count(path, "unread")) == (2, 1)


def test_one_bad_item_keeps_the_whole_page_out(path: Path) -> None:
    with Session.open(path) as session:
        capture = session.record(drafted(page())).result()
        session.reading(capture.id).items += [review(capture, 0), review(capture, 1, author="王小明")]
        with pytest.raises(RecordError, match="pseudonymize"):
            session.store(capture.id).result()
    assert count(path, "review") == 0


def test_without_room_captures_are_refused_and_the_rest_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session.open(path) as session:
        capture = session.record(drafted(page())).result()
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 1 << 20))
        with pytest.raises(DiskFull, match="make room"):
            session.record(drafted(page())).result()
        monkeypatch.undo()
        with pytest.raises(DiskFull):  # also when room comes back: the crawl is ending
            session.record(drafted(page())).result()
        session.reading(capture.id).items.append(review(capture))
        session.store(capture.id).result()
        session.record_event("run-closed", {"run": "x", "reason": "disk-full", "counts": {}})
    assert (count(path, "capture"), count(path, "review"), count(path, "event")) == (1, 1, 3)
    nothing_failed(path)


def test_after_a_failed_write_everybody_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    all_wait = threading.Event()

    def broken(_archive: Archive, _drafts: Sequence[Draft]) -> Any:
        all_wait.wait(10)
        raise RecordError("the disk does not answer")

    with Session.open(path) as session:
        monkeypatch.setattr(Archive, "commit", broken)
        waiting = [session.record(drafted(page())) for _ in range(3)]
        all_wait.set()
        for future in waiting:
            with pytest.raises(RecordError, match="does not answer"):
                future.result()
        monkeypatch.undo()
        with pytest.raises(RecordError):
            session.record(drafted(page()))
        with pytest.raises(RecordError):
            session.record_event("run-closed", {})
    assert count(path, "capture") == 0
    nothing_failed(path)


def test_whatever_breaks_the_writer_comes_out_as_our_error(path: Path) -> None:
    def explode() -> Draft:
        raise ZeroDivisionError("no draft")

    with Session.open(path) as session, pytest.raises(RecordError, match="ZeroDivisionError: no draft"):
        session.record(explode).result()


def test_our_own_errors_keep_their_type(path: Path) -> None:
    with Session.open(path) as session, pytest.raises(FormatError, match="65535"):
        session.record(drafted(page(url="http://shop.invalid/" + "x" * 70_000))).result()


def test_a_broken_index_stops_the_writer_but_not_the_evidence(path: Path) -> None:
    with Session.open(path) as session:
        session.index.connection.execute("drop table capture")
        with pytest.raises(ArchiveError, match="rebuild"):
            session.record(drafted(page())).result()
    with Archive.open(path) as archive:
        assert archive.log.size == 3  # the leaf was durable before the row failed
    nothing_failed(path)


def test_a_session_of_an_owner_is_opened_once(path: Path) -> None:
    class Owner:
        pass

    one, other = Owner(), Owner()
    session = session_of(one, path)
    assert session_of(one, path) is session
    adopt_session(other, session)
    assert session_of(other, path) is session
    end_session(one)
    end_session(one)
    Session.open(path).close()


def test_closing_callbacks_run_in_order(path: Path) -> None:
    told: list[int] = []

    async def first() -> None:
        told.append(1)

    async def second() -> None:
        told.append(2)

    with Session.open(path) as session:
        session.on_closing += [first, second]
        asyncio.run(session.closing())
    assert told == [1, 2]


def test_a_closed_session_refuses_and_does_not_wait(path: Path) -> None:
    session = Session.open(path)
    session.close()
    with pytest.raises(RecordError, match="closed for writing"):
        session.record(drafted(page()))


def test_a_caller_that_comes_while_it_closes_is_refused(path: Path) -> None:
    session = Session.open(path)
    session._jobs.put(None)
    session._thread.join()
    late = session.record(drafted(page()))
    session.close()
    assert isinstance(late.exception(timeout=10), RecordError)


def test_a_caller_that_gave_up_does_not_end_the_writer(path: Path) -> None:
    with Session.open(path) as session:
        given_up = session.record(drafted(page()))
        given_up.cancel()
        assert session.record(drafted(page())).result(timeout=10)
    assert count(path, "capture") == 2


def test_an_index_that_is_gone_is_not_made_anew_without_its_items(path: Path) -> None:
    with Session.open(path) as session:
        session.record(drafted(page())).result()
    (path / FILE).unlink()
    with pytest.raises(ArchiveMissing, match="evidence rebuild"):
        Session.open(path)
    assert not (path / FILE).exists()


def test_a_run_begun_twice_under_one_name_stays_readable(path: Path) -> None:
    begun = {"run": "x", "site": "test", "settings": {}}
    with Session.open(path) as session:
        session.record_event("run-started", begun)
        session.record_event("run-started", begun)
    Session.open(path).close()
    assert count(path, "run") == 1


def test_a_session_without_a_sender_reaches_nobody(path: Path) -> None:
    with Session.open(path) as session, pytest.raises(OSError, match="without a sender"):
        session.sender("http://tsa.invalid/", b"")
