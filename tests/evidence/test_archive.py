"""The archive's commit order, and what each crash on the way leaves behind."""

import errno
import os
import shutil
from collections import namedtuple
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crawler.config import FILE as CONFIG_FILE
from crawler.errors import (
    ArchiveError,
    ArchiveLocked,
    ArchiveMissing,
    DiskFull,
    LogShorter,
    RecordError,
    UsageError,
)
from crawler.evidence import warc
from crawler.evidence.archive import RESERVE, Archive, latest_seal
from crawler.evidence.journal import Journal
from crawler.evidence.log import Log
from crawler.evidence.manifest import Capture, parse_leaf
from crawler.evidence.warc import WarcWriter
from tests.archives import config, nothing_failed, page

FIRST = "warc/00001.warc.gz"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive with three captures, closed."""
    path = tmp_path / "证据 库"
    with Archive.create(path, config()) as archive:
        archive.commit([page()])
        archive.commit([page(b"two"), page(b"three")])
    return path


def acts(path: Path) -> list[str]:
    with Archive.open(path) as archive:
        leaves = [parse_leaf(entry.leaf) for entry in archive.entries()]
    return [leaf.get("act", leaf["kind"]) for leaf in leaves]


def reopen(path: Path) -> None:
    Archive.open(path, writable=True).close()


def tree(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def test_a_new_archive_holds_its_key_and_says_who_made_it(tmp_path: Path) -> None:
    with Archive.create(tmp_path / "a", config()) as archive:
        assert archive.log.size == 1
    assert acts(tmp_path / "a") == ["archive-created"]
    assert (tmp_path / "a/keys/log.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a/keys/alias.key").stat().st_mode & 0o777 == 0o600
    assert nothing_failed(tmp_path / "a").exit_code == 3  # not sealed


def test_captures_are_where_their_manifest_says(path: Path) -> None:
    assert acts(path) == ["archive-created", "warc-opened", "capture", "capture", "capture"]
    with Archive.open(path) as archive:
        capture = Capture.from_leaf(archive.log.leaf(3))
    (stored,) = capture.records
    record = warc.decode(warc.read_stored(path, stored.locator))
    assert record.block.endswith(b"\r\n\r\ntwo")
    nothing_failed(path)


def test_no_archive_is_made_over_something(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        Archive.create(tmp_path, config())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["letter.txt"]


def test_a_folder_without_configuration_is_no_archive(path: Path) -> None:
    (path / CONFIG_FILE).unlink()  # as when `init` was killed: it writes this file last
    with pytest.raises(ArchiveMissing, match="evidence init"):
        Archive.open(path)


def test_one_writer_many_readers(path: Path) -> None:
    with Archive.open(path, writable=True):
        with pytest.raises(ArchiveLocked, match="another evidence command"):
            Archive.open(path, writable=True)
        with Archive.open(path) as reader:
            assert reader.log.size == 5
            with pytest.raises(UsageError, match="reading only"):
                reader.commit([page()])
    reopen(path)


def test_records_without_a_leaf_go_to_quarantine(path: Path) -> None:
    whole = (path / FIRST).stat().st_size
    record = page(b"never logged").records[0]
    with (path / FIRST).open("ab") as stream:  # a crash between steps 1 and 2 of a commit
        stream.write(record.stored)
    reopen(path)
    assert (path / FIRST).stat().st_size == whole
    (kept,) = (path / "quarantine").iterdir()
    assert kept.read_bytes() == record.stored
    assert acts(path)[-1] == "recovered"
    nothing_failed(path)


def test_a_torn_record_goes_to_quarantine_and_the_next_takes_its_place(path: Path) -> None:
    whole = (path / FIRST).stat().st_size
    with (path / FIRST).open("ab") as stream:
        stream.write(page().records[0].stored[:37])
    with Archive.open(path, writable=True) as archive:
        ((_, capture),) = archive.commit([page(b"after")])
    assert capture.records[0].locator.offset == whole
    nothing_failed(path)


def test_a_file_torn_twice_at_one_place_keeps_both_tails(path: Path) -> None:
    for tail in (b"first tail", b"second tail", b"second tail"):
        with (path / FIRST).open("ab") as stream:
            stream.write(tail)
        reopen(path)
    kept = {p.read_bytes() for p in (path / "quarantine").iterdir()}
    assert kept == {b"first tail", b"second tail"}
    nothing_failed(path)


def test_a_crash_between_quarantine_and_cut_is_repeated_without_harm(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (path / FIRST).open("ab") as stream:
        stream.write(b"tail")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "truncate", crash)
        with pytest.raises(KeyboardInterrupt):
            Archive.open(path, writable=True)
    reopen(path)
    assert [p.read_bytes() for p in (path / "quarantine").iterdir()] == [b"tail"]
    assert acts(path).count("recovered") == 2  # both attempts are told
    nothing_failed(path)


def test_a_file_that_no_leaf_names_goes_to_quarantine(path: Path) -> None:
    (path / "warc/00002.warc.gz").write_bytes(page().records[0].stored)
    with Archive.open(path, writable=True) as archive:
        archive.commit([page()])
    assert [p.name for p in (path / "warc").iterdir()] == ["00001.warc.gz"]
    nothing_failed(path)


def test_an_empty_new_file_is_removed(path: Path) -> None:
    (path / "warc/00002.warc.gz").touch()
    reopen(path)
    assert not (path / "warc/00002.warc.gz").exists()
    assert list((path / "quarantine").iterdir()) == []
    nothing_failed(path)


def test_a_torn_log_entry_is_set_aside(path: Path) -> None:
    with (path / "log/entries").open("ab") as stream:
        stream.write(b"\x01\x00{torn")
    with pytest.raises(Exception, match="evidence seal"):
        Archive.open(path)
    reopen(path)
    assert acts(path)[-1] == "recovered"
    nothing_failed(path)


@pytest.mark.parametrize("cut", [1, 200])
def test_a_warc_file_that_lost_logged_bytes_is_refused_untouched(path: Path, cut: int) -> None:
    os.truncate(path / FIRST, (path / FIRST).stat().st_size - cut)
    before = tree(path)
    with pytest.raises(ArchiveError, match="restore the file"):
        Archive.open(path, writable=True)
    after = tree(path)
    assert {name: after[name] for name in before if name != "log/entries"} == {
        name: content for name, content in before.items() if name != "log/entries"
    }


def test_a_missing_warc_file_is_refused(path: Path) -> None:
    (path / FIRST).unlink()
    with pytest.raises(ArchiveError, match="missing"):
        Archive.open(path, writable=True)


def test_a_log_shorter_than_the_index_knows_is_refused_before_anything_is_touched(path: Path) -> None:
    with (path / FIRST).open("ab") as stream:
        stream.write(b"tail")
    before = tree(path)
    with pytest.raises(LogShorter, match="fewer than 6 known entries"):
        Archive.open(path, writable=True, at_least=6)
    assert tree(path) == before


def test_the_lock_is_given_back_when_opening_fails(path: Path) -> None:
    with pytest.raises(LogShorter):
        Archive.open(path, writable=True, at_least=99)
    reopen(path)


def test_a_failed_log_append_takes_the_records_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Archive.open(path, writable=True) as archive:
        before = (path / FIRST).stat().st_size
        with monkeypatch.context() as patched:
            patched.setattr(Log, "append", _no_space)
            with pytest.raises(DiskFull, match="make room"):
                archive.commit([page(), page()])
        assert (path / FIRST).stat().st_size == before
        ((index, capture),) = archive.commit([page(b"later")])
        assert (index, capture.records[0].locator.offset) == (5, before)
    nothing_failed(path)


@pytest.mark.parametrize("reached", [True, False])
def test_records_stay_when_nobody_knows_whether_a_leaf_names_them(
    path: Path, reached: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log's fsync fails, and its rollback too: the leaf may be on the disk (reached) or lost in a power cut."""
    before, entries = (path / FIRST).stat().st_size, (path / "log/entries").stat().st_size
    with Archive.open(path, writable=True) as archive:
        with monkeypatch.context() as patched:
            patched.setattr(Journal, "_sync", _sync_fails)
            with pytest.raises(RecordError, match="Input/output"):
                archive.commit([page(b"in doubt")])
        assert archive.log.in_doubt
        written = (path / FIRST).stat().st_size
        assert written > before
        for act in (lambda: archive.commit([page()]), lambda: archive.record_event("x", {})):
            with pytest.raises(RecordError, match="start again: the next start finds out"):
                act()
        assert (path / FIRST).stat().st_size == written
    if not reached:
        os.truncate(path / "log/entries", entries)
    reopen(path)
    assert acts(path)[5:] == (["capture"] if reached else ["recovered"])
    assert (path / FIRST).stat().st_size == (written if reached else before)
    nothing_failed(path)


def test_a_file_that_may_have_been_begun_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    with Archive.create(path, config()) as archive, monkeypatch.context() as patched:
        patched.setattr(Journal, "_sync", _sync_fails)
        with pytest.raises(RecordError):
            archive.commit([page()])
    with Archive.open(path, writable=True) as archive:
        archive.commit([page()])
    assert acts(path) == ["archive-created", "warc-opened", "capture"]
    nothing_failed(path)


def test_a_failed_sync_takes_the_records_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Archive.open(path, writable=True) as archive:
        before = (path / FIRST).stat().st_size
        with monkeypatch.context() as patched:
            patched.setattr(WarcWriter, "sync", _broken_disk)
            with pytest.raises(RecordError, match="Input/output"):
                archive.commit([page()])
        assert (path / FIRST).stat().st_size == before
    nothing_failed(path)


def test_a_manifest_that_is_too_long_takes_the_records_back(path: Path) -> None:
    with Archive.open(path, writable=True) as archive:
        before = (path / FIRST).stat().st_size
        with pytest.raises(Exception, match="at most 65535"):
            archive.commit([page(url="http://shop.invalid/" + "x" * 70_000)])
        assert (path / FIRST).stat().st_size == before
    nothing_failed(path)


def test_a_file_that_could_not_be_begun_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    with Archive.create(path, config()) as archive:
        with monkeypatch.context() as patched:
            patched.setattr(Log, "append", _no_space)
            with pytest.raises(DiskFull):
                archive.commit([page()])
        assert list((path / "warc").iterdir()) == []
        archive.commit([page()])
    assert acts(path) == ["archive-created", "warc-opened", "capture"]
    nothing_failed(path)


def test_no_room_is_said_before_a_byte_is_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    before = tree(path)
    with Archive.open(path, writable=True) as archive, monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: usage(100, 100, RESERVE))
        with pytest.raises(DiskFull, match=r"8 MiB free.*--resume"):
            archive.commit([page()])
    assert tree(path) == before


def test_a_full_file_is_followed_by_the_next(path: Path) -> None:
    with Archive.open(path, writable=True) as archive:
        archive._warcs._limit = 1
        archive.commit([page()])
        archive.commit([page()])
    assert sorted(p.name for p in (path / "warc").iterdir()) == [
        f"0000{number}.warc.gz" for number in (1, 2, 3)
    ]
    assert acts(path)[5:] == 2 * ["warc-closed", "warc-opened", "capture"]
    nothing_failed(path)


def test_leftovers_of_interrupted_writes_are_swept(path: Path) -> None:
    with Archive.open(path, writable=True) as archive:
        archive.sign_checkpoint()
        stamps = path / f"log/stamps/{archive.log.size}"
    stamps.mkdir()
    for leftover in (path / ".state-sha256.txt.unfinished", stamps / ".tsa-a.tsr.unfinished"):
        leftover.write_bytes(b"half")
    (stamps / "tsa-a.tsq").write_bytes(b"a stamp without its token is none")
    reopen(path)
    assert list(stamps.iterdir()) == []
    nothing_failed(path)


def test_a_lost_token_of_an_older_checkpoint_is_not_tidied_away(path: Path) -> None:
    for size in ("2", "5"):
        (path / "log/stamps" / size).mkdir()
    (path / "log/stamps/2/tsa-a.tsq").write_bytes(b"the .tsr is gone")
    reopen(path)
    assert (path / "log/stamps/2/tsa-a.tsq").exists()


def test_the_latest_seal_is_the_newest_checkpoint_with_a_token(path: Path) -> None:
    assert latest_seal(path) is None
    for size, names in (("0", ["a.tsr"]), ("10", []), ("9", [])):
        (path / "log/stamps" / size).mkdir()
        for name in names:
            (path / "log/stamps" / size / name).write_bytes(b"token")
    seal = latest_seal(path)
    assert seal is not None
    assert seal.size == 0
    assert len(seal.tokens) == 1


def _no_space(_log: Log, _leaves: Sequence[bytes]) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sync_fails(_journal: Journal, _descriptor: int) -> None:
    """As when the fsync fails, and the cut after it."""
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def _broken_disk(_writer: WarcWriter) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))
