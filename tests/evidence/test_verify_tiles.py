"""Verification of a log that has full tiles: whatever is changed is named, and other processes find the same."""

import json
import os
import shutil
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler import clock
from crawler.config import Config
from crawler.evidence.archive import Archive
from crawler.evidence.checks import passes
from crawler.evidence.checks.entries import Reading, Terms
from crawler.evidence.checks.pieces import Piece
from crawler.evidence.digest import digest, digest_file
from crawler.evidence.manifest import Event
from crawler.evidence.removal import announce
from crawler.evidence.report import Report
from crawler.evidence.retention import Removals
from crawler.evidence.tiles import split_entries
from crawler.evidence.verify import verify_archive
from tests.export.sample import DRAFTS

BUNDLE, TILE, UPPER = "log/tile/entries/001", "log/tile/0/001", "log/tile/1/000.p/2"
CONFIG = Config(
    origin="evidence.example/tiles", organisation="某市消保委", operator="张三", contact="z@evidence.example"
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three WARC files, 600 entries in two bundles and a journal; checkpoints at 3 sizes, the last covers all."""
    path = tmp_path_factory.mktemp("tiles") / "archive"
    with Archive.create(path, CONFIG) as archive:
        for number in range(3):
            archive._warcs._limit = 1
            archive.commit([DRAFTS["reviews"](f"p{number}"), DRAFTS["forum"](f"f{number}")])
            if number == 0:
                archive.sign_checkpoint()
        _append(archive, 500)
        archive.sign_checkpoint()
        _append(archive, 600)
        archive.sign_checkpoint()
    return path


@pytest.fixture
def archive(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "archive"))


def _append(archive: Archive, size: int) -> None:
    """Notes up to that size, all at once."""
    notes = [
        Event(act="note", time=clock.now(), by="x", details={"n": n}) for n in range(archive.log.size, size)
    ]
    archive.log.append([note.to_leaf() for note in notes])


def problems(report: Report, check: str) -> str:
    return "\n".join(report.check(check).problems)


def failed(report: Report) -> set[str]:
    return {check.name for check in report.checks if check.status == "failed"}


def test_bundles_and_tiles_pass_and_every_checkpoint_is_said_to_be_a_prefix(archive: Path) -> None:
    report = verify_archive(archive)
    assert failed(report) == set(), report.to_text()
    assert "600 entries" in report.check("log").detail
    assert "the roots of all 4 checkpoint(s)" in report.check("log").detail
    assert "prefix of every later one" in report.check("log").detail
    assert report.check("coverage").detail.startswith("3 file(s)")


def test_a_changed_entry_that_stays_canonical_is_named_exactly(archive: Path) -> None:
    for index, name in ((300, BUNDLE), (550, "log/entries")):
        path = archive / name
        content = path.read_bytes()
        start = content.index(b'"n":%d}' % index)
        path.write_bytes(content[: start + 4] + b"999" + content[start + 7 :])
        found = problems(verify_archive(archive), "log")
        assert f"{name}: entry {index} was changed" in found
        assert "an entry among" not in found
        path.write_bytes(content)


def test_a_changed_tile_is_told_from_a_changed_entry(archive: Path) -> None:
    _flip(archive / TILE, 32 * 44)
    report = verify_archive(archive)
    assert problems(report, "log") == (
        f"{TILE}: entry 300 was changed: the digest is not that of the entry, which was signed"
    )
    assert failed(report) == {"log"}


def test_tile_and_entry_both_changed_leave_the_range_between_two_roots(archive: Path) -> None:
    _flip(archive / TILE, 32 * 44)
    content = (archive / BUNDLE).read_bytes()
    (archive / BUNDLE).write_bytes(content.replace(b'"n":301}', b'"n":999}'))
    found = problems(verify_archive(archive), "log")
    assert "an entry among 3 to 499 was changed" in found or "an entry among 4 to 499 was changed" in found
    assert "entry and tile have other digests" in found


def test_every_file_under_tile_is_needed_and_every_byte_of_it(archive: Path) -> None:
    names = [path for path in sorted((archive / "log/tile").rglob("*")) if path.is_file()]
    assert len(names) == 8
    for path in names:
        name, content = path.relative_to(archive).as_posix(), path.read_bytes()
        path.unlink()
        assert name in problems(verify_archive(archive), "log"), name
        path.write_bytes(content + b"x")
        assert name in problems(verify_archive(archive), "log"), name
        path.write_bytes(content)
        _flip(path, len(content) // 2)
        assert name in problems(verify_archive(archive), "log"), name
        path.write_bytes(content)
    assert failed(verify_archive(archive)) == set()


@pytest.mark.parametrize(
    "name",
    [
        "log/tile/0/002",
        "log/tile/entries/002",
        "log/tile/1/000",
        "log/tile/0/002.p/90",
        "log/tile/0/2",
        "log/tile/0/002.p/0",
        "log/tile/0/002.p/256",
        "log/tile/0/x000/002",
        "log/tile/9/000.p/1",
        "log/tile/note.txt",
        "log/tile/entries/x999/x999/999",
    ],
)
def test_what_does_not_belong_under_tile_is_named(archive: Path, name: str) -> None:
    (archive / name).parent.mkdir(parents=True, exist_ok=True)
    (archive / name).write_bytes(b"x" * 32)
    assert name in problems(verify_archive(archive), "log")


def test_a_dropped_bundle_leaves_the_others_with_their_indices(archive: Path) -> None:
    (archive / "log/tile/entries/000").unlink()
    content = (archive / BUNDLE).read_bytes()
    (archive / BUNDLE).write_bytes(content.replace(b'"n":301}', b'"n":30}}'))
    found = problems(verify_archive(archive), "log")
    assert "log/tile/entries/000" in found
    assert f"{BUNDLE}: entry 301 at offset" in found


def test_an_entry_taken_out_of_a_bundle_is_a_fault_of_that_bundle(archive: Path) -> None:
    leaves = split_entries((archive / BUNDLE).read_bytes())
    kept = leaves[:7] + leaves[8:]
    (archive / BUNDLE).write_bytes(b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in kept))
    found = problems(verify_archive(archive), "log")
    assert f"{BUNDLE}: 255 whole entries" in found
    assert f"{BUNDLE}: an entry among 263 to 510 was changed" in found


def test_other_processes_find_the_same(archive: Path) -> None:
    _flip(archive / "warc/00002.warc.gz", 900)
    _flip(archive / BUNDLE, 5000)
    (archive / "warc/00009.warc.gz").write_bytes(b"x")
    alone, together = verify_archive(archive, workers=1), verify_archive(archive, workers=2)
    assert alone == together
    assert {"log", "records", "coverage"} <= failed(alone)


def test_a_worker_that_dies_is_a_failed_check_and_no_crash(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = passes._in_order

    def kill_one(pool: ProcessPoolExecutor, found: Iterator[Piece], most: int) -> Iterator[Reading]:
        readings = started(pool, found, most)
        yield next(readings)
        for worker in list(pool._processes):
            os.kill(worker, signal.SIGKILL)
        pool.submit(os.getpid).exception()
        yield from readings
        pool.submit(os.getpid).result()

    monkeypatch.setattr(passes, "_in_order", kill_one)
    report = verify_archive(archive, workers=2)
    assert report.exit_code == 1
    assert "a worker process died" in problems(report, "log")
    assert "a worker process died" in problems(report, "coverage")


def test_few_pieces_are_under_way_at_once(original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory: the pass holds a bounded number of readings, however long the log is."""
    given = 0

    def pieces() -> Iterable[Piece]:
        nonlocal given
        for _ in range(100):
            given += 1
            yield Piece(0, "log/tile/entries/000", 0, (original / "log/tile/entries/000").stat().st_size, 256)

    monkeypatch.setattr(passes, "_AHEAD", 2)
    terms = Terms(original, {}, Removals())
    for taken, _ in enumerate(passes.readings(terms, pieces(), 2), 1):
        assert given - taken <= 2 * 2


# --- quick


def test_quick_digests_files_and_says_what_it_did_not_check(archive: Path) -> None:
    report = verify_archive(archive, quick=True)
    assert failed(report) == set(), report.to_text()
    for name in ("manifests", "records"):
        assert report.check(name).status == "not-checked"
        assert "quick" in report.check(name).detail
    assert report.exit_code == 3
    assert "2 finished file(s) have the digest" in report.check("coverage").detail


@pytest.mark.parametrize("name", ["warc/00001.warc.gz", "warc/00002.warc.gz", "warc/00003.warc.gz"])
def test_quick_catches_any_byte_of_any_file(archive: Path, name: str) -> None:
    path = archive / name
    content = path.read_bytes()
    for position in (0, len(content) // 2, len(content) - 1):
        _flip(path, position)
        assert name in _all(verify_archive(archive, quick=True)), position
        path.write_bytes(content)
    path.write_bytes(content + b"x")
    assert name in _all(verify_archive(archive, quick=True))
    path.unlink()
    assert name in _all(verify_archive(archive, quick=True))


def test_quick_catches_a_file_that_nothing_tells_of_and_a_changed_entry(archive: Path) -> None:
    (archive / "warc/00004.warc.gz").write_bytes(b"x")
    content = (archive / BUNDLE).read_bytes()
    (archive / BUNDLE).write_bytes(content.replace(b'"n":301}', b'"n":999}'))
    found = _all(verify_archive(archive, quick=True))
    assert "warc/00004.warc.gz: no entry of the log names" in found
    assert f"{BUNDLE}: entry 301 was changed" in found


def test_a_closing_statement_that_contradicts_another_is_named(archive: Path) -> None:
    with Archive.open(archive, writable=True) as opened:
        details = {"file": "warc/00001.warc.gz", "length": 5, "sha256": "sha256:" + "0" * 64}
        index = opened.record_event("warc-closed", details)
        opened.record_event("warc-closed", {"file": 3})
    found = problems(verify_archive(archive), "coverage")
    assert f"entry {index}, warc-closed: warc/00001.warc.gz was closed before" in found
    assert f"entry {index + 1}, warc-closed: file, length and sha256 expected" in found


def test_the_writer_closes_a_full_file_once_also_after_a_crash(archive: Path) -> None:
    closings = _events(archive, "warc-closed")
    assert [details["file"] for details in closings] == ["warc/00001.warc.gz", "warc/00002.warc.gz"]
    for details in closings:
        assert details["sha256"] == digest_file(archive / details["file"])
        assert details["length"] == (archive / details["file"]).stat().st_size
    with Archive.open(archive, writable=True) as opened:  # killed between the two entries of one append
        opened.log.append(opened._closing())
    with Archive.open(archive, writable=True) as opened:
        opened.commit([DRAFTS["reviews"]("again")])
    assert len(_events(archive, "warc-closed")) == 3
    assert (archive / "warc/00004.warc.gz").exists()
    assert failed(verify_archive(archive)) == set()


def test_what_was_removed_under_retention_is_no_damage_and_anything_else_is(archive: Path) -> None:
    file = "warc/00001.warc.gz"
    with Archive.open(archive, writable=True) as opened:
        entry = next(entry for entry in opened.entries() if b'"kind":"capture"' in entry.leaf)
        places = [record["locator"] for record in json.loads(entry.leaf)["records"]]
        start, end = places[0]["offset"], places[-1]["offset"] + places[-1]["length"]
        content = (archive / file).read_bytes()
        kept = content[:start] + content[end:]
        after = {"length": len(kept), "sha256": digest(kept)}
        records = [[file, place["offset"], place["length"]] for place in places]
        details = {"days": 30, "files": {file: after}, "records": records, "entries": [entry.index]}
        announce(archive)
        later = clock.stamp(clock.parse(clock.now()) + timedelta(days=31))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "now", lambda: later)
            opened.record_event("payloads-removed", details)
    assert file in problems(verify_archive(archive), "coverage")  # logged, not yet carried out
    Archive.open(archive, writable=True).close()
    assert (archive / file).read_bytes() == kept
    for quick in (False, True):
        report = verify_archive(archive, quick=quick)
        assert failed(report) == set(), report.to_text()
        assert (
            f"{len(places)} record(s), {end - start} bytes, removed under retention"
            in report.check("retention").detail
        )
        assert later[:10] in report.check("retention").detail
        _flip(archive / file, len(kept) - 30)
        assert file in _all(verify_archive(archive, quick=quick))
        _flip(archive / file, len(kept) - 30)


def _events(archive: Path, act: str) -> list[dict[str, Any]]:
    with Archive.open(archive) as opened:
        contents = [json.loads(entry.leaf) for entry in opened.entries()]
    return [content["details"] for content in contents if content.get("act") == act]


def _all(report: Report) -> str:
    return "\n".join(problem for check in report.checks for problem in check.problems)


def _flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
