"""`evidence expire` and `evidence custody`, from the door."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler import clock
from crawler.commands import custody as _custody  # noqa: F401 - registers the command
from crawler.commands import expire as _expire  # noqa: F401 - registers the command
from crawler.commands import look as _look  # noqa: F401 - registers the command
from crawler.commands.root import evidence
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.export.selection import select
from crawler.store import cases
from crawler.store.session import Session
from tests.archives import drafted, make, page


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive with an old capture and a new one."""
    path = make(tmp_path / "a")
    for time, name in (("2026-01-01T00:00:00.000000Z", "old"), (None, "new")):
        with monkeypatch.context() as patch, Session.open(path) as session:
            if time:
                patch.setattr(clock, "now", lambda time=time: time)
            session.record(drafted(page(url=f"http://shop.invalid/{name}"))).result()
    return path


def run(path: Path, *arguments: str) -> str:
    result = CliRunner().invoke(evidence, ["--archive", str(path), *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def ids(path: Path) -> dict[str, str]:
    rows = json.loads(run(path, "captures", "--json"))
    return {row["url"].rpartition("/")[2]: row["id"] for row in rows}


def test_without_a_period_nothing_is_old(path: Path) -> None:
    assert "长期保存" in run(path, "expire")
    assert json.loads(run(path, "expire", "--yes", "--json"))["removed"] is False


def test_the_period_of_the_configuration_counts(path: Path) -> None:
    config = path / "evidence.toml"
    config.write_text(config.read_text("utf-8").replace("\ndays = 0", "\ndays = 30"), "utf-8")
    assert "1 次" in run(path, "expire")


def test_listing_then_removing(path: Path) -> None:
    listed = run(path, "expire", "--days", "30")
    assert "没有做任何改动" in listed
    assert "2026年01月01日 08:00:00" in listed
    assert "已按留存期限删除" not in run(path, "captures")
    done = json.loads(run(path, "expire", "--days", "30", "--yes", "--json"))
    assert (done["captures"], done["removed"], done["files"]) == (1, True, ["warc/00001.warc.gz"])
    (line,) = [line for line in run(path, "captures").splitlines() if "已按留存期限删除" in line]
    assert line.endswith("http://shop.invalid/old（已按留存期限删除）")
    assert "没有到期的采集" in run(path, "expire", "--days", "30", "--yes")


def test_what_was_removed_is_no_exhibit_and_is_not_exported(path: Path) -> None:
    run(path, "expire", "--days", "30", "--yes")
    with Session.open(path) as session:
        case = cases.create_case(session, title="案", cause="虚假宣传", submitter="某消委会")
        new = cases.NewExhibit(case=case, group="B", title="页", purpose="证明", captures=[ids(path)["old"]])
        with pytest.raises(UsageError, match="cannot be an exhibit"):
            cases.add_exhibit(session, new)
        session.archive.sign_checkpoint()
    with Archive.open(path) as archive, pytest.raises(UsageError, match="only its digests are left"):
        select(archive, [ids(path)["old"]])


def test_custody_names_the_removal_in_chinese(path: Path) -> None:
    run(path, "expire", "--days", "30", "--yes")
    text = run(path, "custody")
    assert "北京时间" in text
    lines = text.splitlines()
    (at,) = [n for n, line in enumerate(lines) if "按留存期限删除记录" in line]
    assert "张三" in lines[at]
    assert "天数 30" in lines[at + 1]
    acts = [step["act"] for step in json.loads(run(path, "custody", "--json"))]
    assert {"archive-created", "payloads-removed"} <= set(acts)
    assert "capture" not in acts
