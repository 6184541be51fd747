"""The check `imports`: every byte of an imported file is covered, and nothing else may lie there."""

import os
from pathlib import Path

import pytest

from crawler.evidence.verify import verify
from tests.archives import make, nothing_failed
from tests.engine.importers.imported import answer, made, take, written


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive with one imported file."""
    archive = make(tmp_path / "archive")
    take(archive, written(tmp_path / "a.warc", made("response", answer())))
    return archive


def kept(archive: Path) -> Path:
    (path,) = archive.glob("imports/*/*")
    return path


def told(archive: Path, *, quick: bool = False) -> str:
    """The problems of the check, which must have failed; no other check but those of all files may have."""
    report = verify(archive, quick=quick)
    failed = {check.name for check in report.checks if check.status == "failed"}
    assert failed - {"layout", "state"} == {"imports"}
    return "\n".join(report.check("imports").problems)


def test_an_archive_without_imports_has_no_such_check(tmp_path: Path) -> None:
    report = nothing_failed(make(tmp_path / "plain"))
    assert "imports" not in [check.name for check in report.checks]


def test_it_stands_behind_retention_and_before_quarantine(archive: Path) -> None:
    names = [check.name for check in nothing_failed(archive).checks]
    assert names[names.index("imports") + 1] == "quarantine"
    assert verify(archive).check("imports").detail == "1 file(s) have the digests that the log says"


def test_one_flipped_byte_is_named(archive: Path) -> None:
    path = kept(archive)
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    assert path.name in told(archive)


def test_quick_compares_sizes_and_says_so(archive: Path) -> None:
    path = kept(archive)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"x")
    check = verify(archive, quick=True).check("imports")
    assert (check.status, "only the number of bytes" in check.detail) == ("not-checked", True)
    path.write_bytes(content + b"x")
    assert f"has {len(content) + 1} bytes, entry" in told(archive, quick=True)


def test_a_missing_an_added_and_a_moved_file_are_named(archive: Path) -> None:
    path = kept(archive)
    (archive / "imports/extra.txt").write_text("x")
    path.rename(path.with_name("other.warc"))
    problems = told(archive)
    assert "imports/extra.txt: no event of the log tells" in problems
    assert "is missing, though entry" in problems
    assert "other.warc: no event" in problems


@pytest.mark.parametrize("what", ["link", "pipe", "folder", "link-to-folder", "gone", "file"])
def test_strange_things_are_named_and_end_no_report(what: str, archive: Path) -> None:
    path = kept(archive)
    if what in ("link", "pipe", "folder"):
        path.unlink()
    if what == "link":
        path.symlink_to("/etc/hostname")
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        path.parent.parent.rename(archive.parent / "elsewhere")
        if what == "link-to-folder":
            (archive / "imports").symlink_to(archive.parent / "elsewhere")
        elif what == "file":
            (archive / "imports").write_bytes(b"x")
    assert told(archive)


def test_an_endless_file_is_not_digested(archive: Path) -> None:
    os.truncate(kept(archive), 10**13)
    assert "bytes, entry" in told(archive)


def test_a_refused_file_in_quarantine_is_covered_too(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.warc"
    path.write_bytes(made("response", answer())[:-60])
    (report,) = take(archive, path)
    nothing_failed(archive)
    (archive / str(report.quarantined)).write_bytes(b"another")
    assert verify(archive).check("quarantine").status == "failed"
