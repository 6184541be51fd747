"""Every kind of damage to an archive that we could think of is caught, by the check that should.

All of it runs in seconds; with MUTATIONS=all in the environment quick verification and random bytes are tried more.
"""

import functools
import multiprocessing
import os
import re
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import ArchiveError, ArchiveLocked, EvidenceError, LogError, LogForked, LogShorter
from crawler.evidence.archive import STATE_FILE, Archive
from crawler.evidence.checks.layout import LARGEST
from crawler.evidence.digest import digest_file
from crawler.evidence.report import Report
from crawler.evidence.verify import verify_archive
from crawler.store.check import check_index
from crawler.store.session import Session
from tests.mutations import archive_keys, archive_log, archive_rest, archive_times, archive_warc
from tests.mutations.archive_forger import Damage, drop, edit, fit, flip
from tests.mutations.archive_maker import AFTER_RENEWAL, copy_of, made, today
from tests.mutations.model import SUBJECTS, Mutation, caught

ROOMS = (archive_warc, archive_log, archive_keys, archive_times, archive_rest)
ALL = tuple(mutation for room in ROOMS for mutation in room.MUTATIONS)
BY_NAME = {mutation.name: mutation for mutation in ALL}
EVERYTHING = os.environ.get("MUTATIONS") == "all"

# Quick verification reads no record and no manifest, and compares no capture's time: of these it cannot know.
SEEN_IN_FULL_ONLY = ("manifests", "records", "bracket", "retention")
WITH_WORKERS = ("warc-rewritten", "log-entry", "log-drop-entry", "capture-dated-back")


def judged(mutation: Mutation, archive: Path, *, quick: bool = False, workers: int | None = None) -> Report:
    at = datetime.fromisoformat(mutation.at) if mutation.at else None
    if not mutation.anchored:
        return verify_archive(archive, at=at, quick=quick, workers=workers)
    anchors = made().anchors
    line = (anchors / "log.vkey").read_text("ascii").splitlines()[-1]
    return verify_archive(archive, trust=anchors, vkey=line, at=at, quick=quick, workers=workers)


def damaged(mutation: Mutation, folder: Path) -> Path:
    archive = copy_of(made(), folder / "archive")
    mutation.apply(archive)
    return archive


def told(report: Report) -> str:
    return "\n".join(problem for check in report.checks for problem in check.problems)


def test_the_good_archive_is_good() -> None:
    archive = made().archive
    assert verify_archive(archive).status == "passed"
    assert verify_archive(archive, trust=made().anchors, at=today() + AFTER_RENEWAL).status == "passed"
    assert verify_archive(archive, quick=True).status == "not-checked"
    assert check_index(archive).status == "passed"


def test_names_are_unique_and_subjects_known() -> None:
    every = (*ALL, *archive_rest.FATAL)
    assert len({mutation.name for mutation in every}) == len(every)
    assert {mutation.subject for mutation in every} == {"archive"} <= set(SUBJECTS)


@pytest.mark.parametrize("mutation", ALL, ids=lambda mutation: mutation.name)
def test_damage_is_named(mutation: Mutation, tmp_path: Path) -> None:
    assert caught(mutation, judged(mutation, damaged(mutation, tmp_path))) == ""


@pytest.mark.parametrize("mutation", archive_rest.FATAL, ids=lambda mutation: mutation.name)
@pytest.mark.timeout(20)
def test_damage_that_stops_the_verifier(mutation: Mutation, tmp_path: Path) -> None:
    assert caught(mutation, judged(mutation, damaged(mutation, tmp_path))) == ""


@pytest.mark.parametrize("mutation", ALL if EVERYTHING else ALL[::6], ids=lambda mutation: mutation.name)
def test_quick_never_says_passed_and_fails_where_it_looked(mutation: Mutation, tmp_path: Path) -> None:
    report = judged(mutation, damaged(mutation, tmp_path), quick=True)
    assert report.status != "passed"
    for name in ("manifests", "records"):
        assert report.check(name).status in ("not-checked", "failed")
    blind = mutation.check in SEEN_IN_FULL_ONLY and not mutation.name.startswith("warc-")
    blind |= mutation.name.startswith("log-entry-")  # their form, where nothing was signed over them
    if mutation.status == "failed" and not blind:
        assert report.status == "failed", report.to_text("en")


@pytest.mark.parametrize("name", WITH_WORKERS)
def test_other_processes_find_the_same(name: str, tmp_path: Path) -> None:
    mutation = BY_NAME[name]
    archive = damaged(mutation, tmp_path)
    report = judged(mutation, archive, workers=2)
    assert caught(mutation, report) == ""
    assert report.checks == judged(mutation, archive, workers=1).checks


@pytest.mark.timeout(60)
def test_a_worker_that_is_killed_leaves_a_failed_check(tmp_path: Path) -> None:
    archive, killed = copy_of(made(), tmp_path / "archive"), list[int]()

    def kill() -> None:
        end = time.monotonic() + 20
        while not killed and time.monotonic() < end:
            for child in multiprocessing.active_children():
                if child.pid is not None and not killed:
                    os.kill(child.pid, signal.SIGKILL)
                    killed.append(child.pid)
            time.sleep(0.002)

    killer = threading.Thread(target=kill)
    killer.start()
    report = verify_archive(archive, workers=2)
    killer.join()
    assert killed
    assert report.status == "failed"
    assert "a worker process died" in told(report)
    assert report.check("coverage").status == "failed"


def test_the_database_of_another_time_disagrees_with_the_log(tmp_path: Path) -> None:
    archive = copy_of(made(), tmp_path / "archive")
    shutil.copy(made().backup / "evidence.db", archive / "evidence.db")
    fit(archive)
    assert check_index(archive).status == "failed"
    archive_rest._database(archive)
    fit(archive)
    assert check_index(archive).status == "failed"
    with sqlite3.connect(archive / "evidence.db") as connection:
        connection.execute("drop table capture")
    connection.close()
    assert check_index(archive).status == "failed"


def _lie_there(path: Path, what: str) -> None:
    """Something else in the place of a file or folder."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if what == "folder":
        path.mkdir()
    elif what == "file":
        path.write_bytes(b"x")
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "loop":
        path.symlink_to(path.name)
    else:
        path.touch()
        os.truncate(path, 10 << 40)


ODD = (
    ("folder", "log/checkpoint", "signature"),
    ("folder", "log/entries", "log"),
    ("folder", "log/tile/0/001", "log"),
    ("folder", "log/tile/entries/001", "log"),
    ("folder", "log/stamps/601/tsa-a.tsr", "timestamps"),
    ("folder", "trust/tsa-a.pem", "timestamps"),
    ("folder", "trust/roots.toml", "timestamps"),
    ("folder", "trust/log.vkey", "signature"),
    ("folder", "keys/log.key", "key"),
    ("folder", "evidence.toml", "sealed"),
    ("folder", "evidence.db", "state"),
    ("folder", "state-sha256.txt", "state"),
    ("folder", ".lock", "layout"),
    ("file", "log/checkpoints", "signature"),
    ("file", "log/stamps", "timestamps"),
    ("file", "log/stamps/601", "timestamps"),
    ("file", "keys", "key"),
    ("file", "quarantine", "quarantine"),
    ("pipe", "keys/log.key", "key"),
    ("pipe", ".lock", "layout"),
    ("pipe", "log/checkpoints/601", "signature"),
    ("pipe", "state-sha256.txt", "state"),
    ("loop", "quarantine", "quarantine"),
    ("loop", "quarantine/loop", "quarantine"),
    ("loop", "log/checkpoints", "signature"),
    ("loop", "log/stamps/601", "timestamps"),
    ("loop", "keys/log.key", "key"),
    ("loop", "evidence.toml", "sealed"),
    ("giant", "sealing.json", "state"),
    ("giant", "trust/tsa-a.pem", "state"),
    ("giant", "log/checkpoints/0", "signature"),
    ("giant", "keys/log.key", "state"),
)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("what", "name", "check"), ODD, ids=[f"{what}-{name}" for what, name, _ in ODD])
def test_something_else_in_the_place_of_a_file_is_a_failed_check(
    what: str, name: str, check: str, tmp_path: Path
) -> None:
    archive = copy_of(made(), tmp_path / "archive")
    _lie_there(archive / name, what)
    report = verify_archive(archive)
    assert report.check(check).status == "failed", report.to_text("en")
    assert Path(name).name in "\n".join(report.check(check).problems)


@pytest.mark.timeout(30)
def test_a_tail_that_claims_terabytes_is_not_digested(tmp_path: Path) -> None:
    archive = copy_of(made(), tmp_path / "archive")
    (tail,) = (archive / "quarantine").iterdir()
    os.truncate(tail, 10 << 40)
    (archive / STATE_FILE).unlink()  # else the check of the state has all of it to digest
    told_of = told_by(verify_archive(archive), "quarantine")
    assert re.search(
        rf"quarantine/{tail.name} does not have the digest .*: it has \d{{14}} bytes, not \d+", told_of
    )


def test_a_key_behind_a_link_is_not_the_archive_s(tmp_path: Path) -> None:
    archive = copy_of(made(), tmp_path / "archive")
    (archive / "keys/log.key").rename(tmp_path / "elsewhere")
    (archive / "keys/log.key").symlink_to(tmp_path / "elsewhere")
    assert "keys/log.key cannot be read: log.key is not a regular file: a link" in told_by(
        verify_archive(archive), "key"
    )


def test_a_large_database_is_digested_whole(tmp_path: Path) -> None:
    archive = copy_of(made(), tmp_path / "archive")
    for name in ("evidence.db", "notes.pdf"):
        with (archive / name).open("ab") as stream:
            stream.truncate(LARGEST + 1)
    fit(archive)
    assert verify_archive(archive).check("state").problems == (
        f"notes.pdf: notes.pdf has more than {LARGEST} bytes: refused",
    )


def told_by(report: Report, check: str) -> str:
    return "\n".join(report.check(check).problems)


UNREADABLE = (
    ("warc/00002.warc.gz", 0),
    ("log/entries", 0),
    ("log/tile/0/000", 0),
    ("log/tile/entries/001", 0),
    ("log/checkpoint", 0),
    ("log/checkpoints", 0),
    ("log/checkpoints", 0o400),  # its names can be read, and nothing of what they name
    ("log/checkpoints/601", 0),
    ("log/stamps", 0),
    ("log/stamps", 0o400),
    ("log/stamps/601", 0),
    ("log/stamps/601", 0o400),
    ("log/stamps/601/tsa-a.tsr", 0),
    ("trust", 0),
    ("trust", 0o400),
    ("trust/tsa-a.pem", 0),
    ("keys", 0),
    ("keys", 0o400),
    ("keys/log.key", 0),
    ("keys/alias.key", 0),
    ("quarantine", 0),
    ("quarantine", 0o400),
    ("evidence.toml", 0),
    ("evidence.db", 0),
    ("sealing.json", 0),
    ("state-sha256.txt", 0),
)


def test_a_file_that_may_not_be_read_never_passes() -> None:
    """As another user: root reads everything."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    folder = Path(tempfile.mkdtemp(prefix="unreadable-"))  # pytest's own folders are closed to that user
    try:
        archive = copy_of(made(), folder / "archive")
        for path in (folder, archive, *archive.rglob("*")):
            os.chown(path, 65534, 65534)
        for name, mode in UNREADABLE:
            before = (archive / name).stat().st_mode & 0o777
            (archive / name).chmod(mode)
            os.seteuid(65534)
            try:
                report = verify_archive(archive)
            finally:
                os.seteuid(0)
                (archive / name).chmod(before)
            assert report.status == "failed", name
            assert name in told(report), report.to_text("en")
    finally:
        shutil.rmtree(folder)


# ---- one byte anywhere


@functools.cache
def _flipped() -> tuple[Path, tuple[str, ...]]:
    archive = copy_of(made(), made().folder / "flipped")
    found = (path for path in sorted(archive.rglob("*")) if path.is_file() and path.stat().st_size)
    return archive, tuple(path.relative_to(archive).as_posix() for path in found)


@pytest.mark.filterwarnings(
    "ignore:Parsed a serial number"
)  # such a byte may be hit; it is judged all the same
@settings(max_examples=600 if EVERYTHING else 60, deadline=None)
@given(st.data())
def test_any_single_byte_is_caught_and_named(data: st.DataObject) -> None:
    archive, names = _flipped()
    name = data.draw(st.sampled_from(names))
    path = archive / name
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    flipped = before[place] ^ data.draw(st.integers(1, 255))
    path.write_bytes(before[:place] + bytes([flipped]) + before[place + 1 :])
    try:
        report = verify_archive(archive)
    finally:
        path.write_bytes(before)
    assert report.status == "failed"
    assert name in told(report) or path.name in told(report), report.to_text("en")


# ---- opening for writing


def state_of(archive: Path) -> dict[str, str]:
    """Every file with its digest, every folder and link by name."""
    return {
        path.relative_to(archive).as_posix(): digest_file(path) if path.is_file() else "-"
        for path in sorted(archive.rglob("*"))
    }


def _newer_database(archive: Path) -> None:
    """An older copy was put back, but for the database."""
    database = (archive / "evidence.db").read_bytes()
    shutil.rmtree(archive)
    shutil.copytree(made().backup, archive)
    (archive / "evidence.db").write_bytes(database)


def _older_entries(archive: Path) -> None:
    """Only the journal and the bundles come from an older copy."""
    shutil.copy(made().backup / "log/entries", archive / "log/entries")
    shutil.rmtree(archive / "log/tile")
    shutil.copytree(made().backup / "log/tile", archive / "log/tile")


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (_newer_database, LogShorter, "fewer than 60[0-9] known entries: restore it from a newer copy"),
        (_older_entries, LogShorter, "fewer than the checkpoint of size 601: restore it from a newer copy"),
        (BY_NAME["log-shortened"].apply, LogShorter, "restore it from a newer copy"),
        (BY_NAME["log-entry-and-tiles"].apply, LogForked, "entries were changed; restore it from a copy"),
        (BY_NAME["log-journal-entry"].apply, LogForked, "entries were changed; restore it from a copy"),
        (BY_NAME["checkpoint-forked"].apply, LogForked, "entries were changed; restore it from a copy"),
        (BY_NAME["checkpoint-forked-larger"].apply, LogShorter, "restore it from a newer copy"),
        (drop("log/tile/0/000"), LogError, "tile/0/000 is missing: restore it from a copy"),
        (drop("log/tile/0/001"), LogError, "tile/0/001 is missing: restore it from a copy"),
        (drop("log/tile/entries/000"), LogError, "entries/000 is missing: restore it from a copy"),
        (drop("log/tile/entries/001"), LogError, "entries/001 is missing: restore it from a copy"),
        (drop("log/tile/1/000.p/2"), LogError, r"1/000\.p/2 is missing: restore it from a copy"),
        (edit("log/tile/0/001", lambda c: c[:-1]), LogError, "does not have 8192 bytes: restore it"),
        (drop("log/checkpoint"), LogError, "log/checkpoint is missing: restore it from a copy"),
        (drop("log/checkpoints/601"), LogError, "checkpoints/601 is missing: restore it from a copy"),
        (flip("log/checkpoints/601", 40), LogError, "restore it from a copy"),
        (drop("log/entries"), LogError, "log/entries is missing: restore it from a copy"),
        (lambda a: archive_keys._put_lines(a, archive_keys._lines(a)[:1]), LogError, "restore it from a copy"),
        (drop("warc/00004.warc.gz"), ArchiveError, "is missing but the log names it: restore it from a copy"),
        (edit("warc/00004.warc.gz", lambda c: c[:-9]), ArchiveError, "restore the file from a copy"),
    ],
)  # fmt: skip
def test_a_damaged_archive_is_not_opened_for_writing(
    damage: Damage, error: type[EvidenceError], message: str, tmp_path: Path
) -> None:
    archive = copy_of(made(), tmp_path / "archive")
    damage(archive)
    before = state_of(archive)
    with pytest.raises(error, match=message):
        Session.open(archive)
    assert state_of(archive) == before


def test_two_writers_are_refused(tmp_path: Path) -> None:
    archive = copy_of(made(), tmp_path / "archive")
    with Archive.open(archive, writable=True):
        before = state_of(archive)
        with pytest.raises(ArchiveLocked, match="wait for it to end, or stop it first"):
            Archive.open(archive, writable=True)
        assert state_of(archive) == before


def test_a_copy_of_this_process_is_whole_again_after_every_refusal(tmp_path: Path) -> None:
    archive = copy_of(made(), tmp_path / "archive")
    tile = (archive / "log/tile/0/000").read_bytes()
    (archive / "log/tile/0/000").unlink()
    with pytest.raises(LogError):
        Archive.open(archive, writable=True)
    (archive / "log/tile/0/000").write_bytes(tile)
    with Archive.open(archive, writable=True) as opened:
        assert opened.log.size == made().newest
    assert verify_archive(archive).status == "passed"
