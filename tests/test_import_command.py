"""`evidence import`: what it prints, how it exits, and that the archive is sealed behind it."""

from pathlib import Path

import pytest

from tests.archives import make, nothing_failed
from tests.commands import evidence
from tests.engine.importers.imported import answer, captures, events, made, written

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive whose path has blanks and Chinese in it."""
    return make(tmp_path / "证据 库")


def good(folder: Path) -> Path:
    return written(folder / "店铺 页面.warc.gz", made("response", answer()))


def test_it_says_what_was_imported_and_that_it_is_not_sealed(
    archive: Path, tmp_path: Path, capsys: Capsys
) -> None:
    printed = evidence(
        capsys, "--archive", archive, "import", good(tmp_path), "--origin", "李某提供", "--by", "李某"
    )
    assert printed.code == 3
    assert "店铺 页面.warc.gz：WARC，已原样保存为 imports/" in printed.out
    assert "采集：完整 1；读出 0 条" in printed.out
    assert "尚未封存" in printed.out
    (event,) = events(archive, "file-imported")
    assert (event["origin"], event["by"]) == ("李某提供", "李某")
    nothing_failed(archive)


def test_json_has_everything_and_a_refusal_exits_with_1(
    archive: Path, tmp_path: Path, capsys: Capsys
) -> None:
    bad = tmp_path / "bad.warc"
    bad.write_bytes(made("response", answer())[:-60])
    printed = evidence(capsys, "--archive", archive, "import", bad, good(tmp_path), "--json")
    assert printed.code == 1
    refused, taken = printed.json["files"]
    assert (refused["complete"], taken["complete"]) == (False, True)
    assert "the file ends inside a record" in refused["refused"]
    assert refused["quarantined"].startswith("quarantine/")
    assert taken["captures"] == {"complete": 1}
    assert printed.json["sealed"] is False
    assert len(captures(archive)) == 1


def test_a_refusal_is_told_with_its_reason_and_place(archive: Path, tmp_path: Path, capsys: Capsys) -> None:
    (tmp_path / "a.arc").write_bytes(b"filedesc://a.arc 127.0.0.1 20140301000000 text/plain 1\n")
    printed = evidence(capsys, "--archive", archive, "import", tmp_path / "a.arc")
    assert printed.code == 1
    assert "a.arc：未导入" in printed.out
    assert "warcio recompress" in printed.out


def test_a_path_that_is_not_there_is_wrong_usage(archive: Path, tmp_path: Path, capsys: Capsys) -> None:
    printed = evidence(capsys, "--archive", archive, "import", good(tmp_path), tmp_path / "nothing")
    assert printed.code == 2
    assert "nothing does not exist" in printed.err
    assert captures(archive) == []


def test_the_chain_of_custody_tells_of_it(archive: Path, tmp_path: Path, capsys: Capsys) -> None:
    evidence(capsys, "--archive", archive, "import", good(tmp_path), "--origin", "李某提供")
    printed = evidence(capsys, "--archive", archive, "custody")
    assert "导入他人或其他工具记录的文件" in printed.out
    assert "来源说明" in printed.out
