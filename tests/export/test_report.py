"""取证报告: its sections, what the log says of the runs, and what went wrong as plainly as what went right."""

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture, parse_leaf
from crawler.export.custody import Step
from crawler.export.papers.facts import CaseFacts, gathered
from crawler.export.papers.report import Report
from crawler.export.papers.report_result import MOST_CAPTURES, custody_chain
from crawler.export.selection import select
from tests.export.sample import CASE, Sample, exhibits

CHECK = {
    "moment": "before", "counts": {"passed": 1, "failed": 1, "skipped": 0}, "failed": ["hosts-file"], "changed": 0,
    "results": [
        {"name": "clock-offset", "title": "时钟偏差", "outcome": "passed", "reason": "与两台时间服务器相差 12 毫秒"},
        {"name": "hosts-file", "title": "hosts 文件", "outcome": "failed", "subject": "bbs.example"},
    ],
    "differences": [],
}  # fmt: skip
SETTINGS = {
    "ROBOTSTXT_OBEY": True,
    "DOWNLOAD_DELAY": 5,
    "USER_AGENT": "web-evidence/0.1",
    "EVIDENCE_PROXY": "",
}


@pytest.fixture
def path(sample: Sample, tmp_path: Path) -> Path:
    """The sample archive, whose run has told of itself."""
    path = tmp_path / "a"
    shutil.copytree(sample.path, path)
    with Archive.open(path, writable=True) as archive:
        run = next(one.run for one in _captures(archive))
        archive.record_event("run-started", {"run": run, "settings": SETTINGS, "software": "web-evidence/9"})
        archive.record_event("environment-checked", {"run": run, **CHECK})
        archive.record_event("host-stopped", {"run": run, "host": "limit.example", "reason": "http-429"})
        archive.record_event("run-started", {"run": "another", "settings": {}, "software": "other/1"})
        archive.sign_checkpoint()
    return path


def _captures(archive: Archive) -> list[Capture]:
    leaves = [parse_leaf(leaf) for leaf in archive.log.leaves()]
    return [Capture.from_json(leaf) for leaf in leaves if leaf["kind"] == "capture"]


def facts_of(archive: Archive, sample: Sample) -> CaseFacts:
    case = replace(CASE, exhibits=exhibits(sample))
    return gathered(
        case, archive, select(archive, {name for one in case.exhibits for name in one.captures}), {}
    )


def read(path: Path, sample: Sample) -> pypdf.PdfReader:
    with Archive.open(path) as archive:
        ((name, make),) = Report().files(facts_of(archive, sample))
        made = make()
    assert name == "report.pdf"
    return pypdf.PdfReader(io.BytesIO(made))


def text_of(reader: pypdf.PdfReader) -> str:
    text = "".join(page.extract_text() for page in reader.pages)
    return "".join(text.split())


def test_it_has_fourteen_sections_as_bookmarks(path: Path, sample: Sample) -> None:
    outline = [entry for entry in read(path, sample).outline if not isinstance(entry, list)]
    (top,) = outline
    assert top["/Title"] == "取证报告"
    flat = [str(entry["/Title"]) for entry in _flat(read(path, sample).outline)]
    numbers = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四"]
    assert [title.split()[0] for title in flat if title.split()[0] in numbers] == numbers


def _flat(outline: list[object]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for entry in outline:
        found += _flat(entry) if isinstance(entry, list) else [entry]  # type: ignore[list-item]
    return found


def test_what_the_log_says_of_the_run_stands_in_it(path: Path, sample: Sample) -> None:
    text = text_of(read(path, sample))
    for told in (
        "与两台时间服务器相差12毫秒", "hosts文件（bbs.example）", "清洁性检查未通过：hosts-file", "limit.example",
        "间隔5秒", "web-evidence/9", "第九十三条", "tsa-a", CASE.title,
    ):  # fmt: skip
        assert "".join(told.split()) in text, told
    assert "other/1" not in text, "a run that has nothing to do with the case"


def test_without_checks_and_stamps_it_says_so(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "a"
    shutil.copytree(sample.path, path)
    shutil.rmtree(path / "log/stamps")
    (path / "log/stamps").mkdir()
    text = text_of(read(path, sample))
    assert "没有进行清洁性检查" in text
    assert "本证据包没有可信时间戳" in text
    assert "没有浏览器截图" in text


def test_long_lists_are_cut_and_say_where_the_rest_is(
    path: Path, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = text_of(read(path, sample))
    monkeypatch.setattr("crawler.export.papers.html.MOST_ROWS", 2)
    text = text_of(read(path, sample))
    assert "以上为前2项，其余3项见《证据与采集》表" not in whole
    assert text.count("以上为前2项，其余3项见《证据与采集》表") == 3  # steps, results, bounds


def test_many_captures_in_a_row_are_one_line_of_the_chain(
    path: Path, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(count: int) -> str:
        captures = [("capture", f"采集第{n}页") for n in range(count)]
        chain = [("run-started", "批次开始"), *captures, ("case-created", "建立案件")]
        steps = [
            Step(time="2026-11-20T01:00:00Z", entry=number, by="某", text=text, act=act)
            for number, (act, text) in enumerate(chain)
        ]
        monkeypatch.setattr("crawler.export.papers.report_result.custody", lambda *_: steps)
        with Archive.open(path) as archive:
            return custody_chain(replace(facts_of(archive, sample), case=replace(CASE, changed=10_000)))

    assert told(MOST_CAPTURES).count("采集第") == MOST_CAPTURES
    text = told(MOST_CAPTURES + 1)
    assert text.count("采集第") == 2
    assert f"其间另有 {MOST_CAPTURES - 1} 次采集" in text
    assert f"2–{MOST_CAPTURES}" in text
    assert "批次开始" in text
    assert "建立案件" in text
