"""Archives that were made to crash, hang or exhaust a verifier: a failed check each, within seconds."""

import os
import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler import clock
from crawler.evidence.archive import Archive
from crawler.evidence.bracket import Bound, Bracket
from crawler.evidence.checks import entries, streaming
from crawler.evidence.checks.claims import contradiction
from crawler.evidence.manifest import Capture, Locator
from crawler.evidence.report import Report
from crawler.evidence.verify import verify_archive
from crawler.evidence.warc import Record, encode, new_record_id
from tests.export.sample import DRAFTS, Sample, make_sample


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return make_sample(tmp_path_factory.mktemp("hostile") / "archive", ())


@pytest.fixture
def archive(original: Sample, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original.path, tmp_path / "archive"))


def found(report: Report) -> str:
    return "\n".join(problem for check in report.checks for problem in check.problems)


def _capture(archive: Path, **changes: object) -> Capture:
    """A capture in the log whose record is described otherwise than it is."""
    with Archive.open(archive, writable=True) as opened:
        ((_, capture),) = opened.commit([DRAFTS["reviews"]("one")])
        record = replace(capture.records[0], **changes)  # type: ignore[arg-type]
        lie = replace(capture, id="lie", records=(record, *capture.records[1:]))
        opened.log.append([lie.to_leaf()])
    return lie


@pytest.mark.parametrize("length", [10 << 30, 1 << 52])
def test_a_record_that_claims_gigabytes_is_refused_unread(archive: Path, length: int) -> None:
    _capture(archive, locator=Locator("warc/00001.warc.gz", 0, length))
    assert f"has {length} bytes, more than a record can have: refused" in found(verify_archive(archive))


def test_a_sparse_file_of_ten_gigabytes_is_not_read(archive: Path) -> None:
    path = archive / "warc/00001.warc.gz"
    os.truncate(path, 10 << 30)
    assert "warc/00001.warc.gz" in found(verify_archive(archive))
    path.unlink()
    with (archive / "log/entries").open("ab") as stream:
        stream.truncate(10 << 30)
    assert "byte(s) after the last whole entry" in found(verify_archive(archive))


def test_a_bundle_of_gigabytes_is_refused(archive: Path) -> None:
    path = archive / "log/tile/entries/000"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.truncate(path, 10 << 30)
    assert "log/tile/entries/000" in found(verify_archive(archive))


def test_a_bomb_is_inflated_up_to_a_bound(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "HELD", 1 << 20)
    monkeypatch.setattr(entries, "INFLATED_LIMIT", 2 << 20)
    draft = DRAFTS["reviews"]("bomb")
    for size, refused in ((1_500_000, False), (8_000_000, True)):
        block = bytes(size)
        bomb = encode(
            Record(
                type="resource",
                id=new_record_id(),
                date=draft.capture.started,
                content_type="application/octet-stream",
                block=block,
                payload=block,
                target_uri="http://a.example/",
            )
        )
        with Archive.open(archive, writable=True) as opened:
            opened.commit([replace(draft, capture=replace(draft.capture, id=f"b{size}"), records=(bomb,))])
        told = found(verify_archive(archive))
        assert ("inflates to more than 2097152 bytes: refused" in told) == refused, told


@pytest.mark.parametrize(
    "leaf",
    [
        b'{"a":' * 9000 + b"1" + b"}" * 9000,
        b"[" * 65_000,
        b'{"act":"x","by":"y","details":'
        + b'{"a":' * 480
        + b"1"
        + b"}" * 480
        + b',"kind":"event","time":"t","version":1}',
        b'{"a":' + b"1" * 60_000 + b"}",
        b"\xff" * 65_535,
    ],
)
def test_deep_and_endless_json(archive: Path, leaf: bytes) -> None:
    with (archive / "log/entries").open("ab") as stream:
        stream.write(struct.pack(">H", len(leaf)) + leaf)
    assert verify_archive(archive).exit_code in (1, 3)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: (path / "log/tile").rename(path / "log/gone"),
        lambda path: _pipe(path / "log/entries"),
        lambda path: _pipe(path / "warc/00001.warc.gz"),
        lambda path: _pipe(path / "log/tile/0/000"),
        lambda path: _pipe(path / "log/tile/entries/000"),
        lambda path: _pipe(path / "log/checkpoint"),
        lambda path: (path / "log/tile/0/999").write_bytes(b"x"),
        lambda path: _link(path / "log/entries", "/dev/zero"),
        lambda path: _link(path / "warc/00001.warc.gz", "/dev/zero"),
        lambda path: (path / "warc/00001.warc.gz").chmod(0) or (path / "warc/x").mkdir(),
    ],
)
def test_pipes_devices_and_missing_folders(archive: Path, spoil: Callable[[Path], object]) -> None:
    spoil(archive)
    for quick in (False, True):
        assert verify_archive(archive, quick=quick).exit_code == 1


def test_a_capture_that_is_dated_back_or_forward_contradicts_the_tokens(original: Sample) -> None:
    with Archive.open(original.path) as opened:
        capture = next(
            Capture.from_leaf(entry.leaf) for entry in opened.entries() if b'"kind":"capture"' in entry.leaf
        )
    now = datetime.now(UTC)
    bracket = Bracket(Bound(now - timedelta(hours=1), 5, ()), Bound(now + timedelta(hours=1), 9, ()))
    assert contradiction(capture, bracket) is None
    for moved, said in ((-2, "names a token of"), (2, "was stamped at")):
        moment = clock.stamp(now + timedelta(hours=moved))
        assert said in (contradiction(replace(capture, started=moment, ended=moment), bracket) or "")
    for nonsense in ("", "yesterday", "2026-11-22T08:00:00"):
        assert "its times" in (contradiction(replace(capture, started=nonsense), bracket) or "")


def _pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


def _link(path: Path, to: str) -> None:
    path.unlink()
    path.symlink_to(to)
