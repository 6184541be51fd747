"""证据目录: what a court asks for is in it, in words that do not judge."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import docx
import pytest

from crawler import clock
from crawler.evidence.archive import Archive
from crawler.export.bundle import export_bundle
from crawler.export.catalogue import COLUMNS, row
from crawler.export.model import group_names
from crawler.export.selection import select
from tests.export.sample import CASE, Sample, exhibits


def rows(bundle: Path) -> list[list[str]]:
    text = (bundle / "data/catalogue.csv").read_text("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def cells(bundle: Path) -> list[list[str]]:
    table = docx.Document(str(bundle / "data/catalogue.docx")).tables[0]
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_the_csv_has_the_columns_of_practice_and_one_row_per_exhibit(bundle: Path) -> None:
    header, *lines = rows(bundle)
    assert tuple(header) == COLUMNS
    assert [line[0] for line in lines] == ["1-1", "2-1", "2-2"]
    assert lines[0][1] == "【B 招募】招募帖“体验官”"
    assert "http://market.example/forum?tid=1" in lines[0][2]
    assert "按网络收发字节原样保存" in lines[0][2]
    assert lines[0][6] == ""
    assert "未取得 1 次（connection refused）" in lines[2][7]


def test_what_was_not_obtained_is_not_said_to_be_kept_as_received(bundle: Path) -> None:
    source = rows(bundle)[3][2].splitlines()
    assert source[1:] == [
        "下列网址（按网络收发字节原样保存）：",
        "http://market.example/item/2",
        "下列网址（未取得网页内容，所存为请求及访问失败的记录）：",
        "http://down.example/",
    ]


TIME = r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"
ONE_CAPTURE = re.compile(f"采集 {TIME}；不早于 {TIME}；不晚于 {TIME}；日志序号 (\\d+)")


def test_times_are_one_line_per_capture_oldest_first_bounded_on_both_sides(
    sample: Sample, bundle: Path
) -> None:
    header, *lines = rows(bundle)
    assert [name for name in header if "北京时间 UTC+8" in name] == [header[4]]
    with Archive.open(sample.path) as archive:
        index = {json.loads(leaf).get("id"): n for n, leaf in enumerate(archive.log.leaves())}
        started = {
            json.loads(leaf).get("id"): json.loads(leaf).get("started") for leaf in archive.log.leaves()
        }
    for exhibit, line in zip(exhibits(sample), lines, strict=True):
        found = [ONE_CAPTURE.fullmatch(part) for part in line[4].splitlines()]
        oldest_first = sorted(exhibit.captures, key=lambda capture: index[capture])
        assert [match and int(match[4]) for match in found] == [index[capture] for capture in oldest_first]
        for match, capture in zip(found, oldest_first, strict=True):
            assert match
            moment = datetime.fromisoformat(f"{match[1]}+08:00")
            assert moment == clock.parse(started[capture]).replace(microsecond=0)
            assert match[2] <= match[1] <= match[3]
        assert "北京时间" not in line[4]


def test_captures_given_newest_first_are_listed_oldest_first(sample: Sample, tmp_path: Path) -> None:
    first = exhibits(sample)[0]
    backwards = replace(first, captures=first.captures[::-1])
    for name, exhibit in (("forwards", first), ("backwards", backwards)):
        with Archive.open(sample.path) as archive:
            export_bundle(archive, CASE, (exhibit,), tmp_path / name)
    assert rows(tmp_path / "forwards") == rows(tmp_path / "backwards")


def test_the_document_says_the_same_times_in_paragraphs(bundle: Path) -> None:
    csv_times = [line[4] for line in rows(bundle)[1:]]
    word_times = [row[4] for row in cells(bundle)[1:] if row[0] != row[1]]
    assert [re.findall(TIME + "|日志序号 (\\d+)", cell) for cell in word_times] == [
        re.findall(TIME + "|日志序号 (\\d+)", cell) for cell in csv_times
    ]


def test_log_indices_are_said_to_begin_at_zero(bundle: Path) -> None:
    for line in rows(bundle)[1:]:
        assert re.search(r"日志序号 \d+(、\d+)*（从 0 起）$", line[7])


def test_the_document_has_header_groups_and_a_place_to_sign(bundle: Path) -> None:
    document = docx.Document(str(bundle / "data/catalogue.docx"))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    for wanted in ("证据目录", f"案由：{CASE.cause}", "案号：", f"提交人：{CASE.submitter}", "签名或者盖章"):
        assert wanted in text
    table = cells(bundle)
    assert tuple(table[0]) == COLUMNS
    assert [row[0] for row in table[1:]] == ["B  招募", "1-1", "D  评价内容及评价量变化", "2-1", "2-2"]
    assert table[4][1] == "=评价接口"
    assert table[4][3] == "证明评价内容\n及数量"


def test_it_alleges_and_never_finds(bundle: Path) -> None:
    document = docx.Document(str(bundle / "data/catalogue.docx"))
    text = "\n".join(p.text for p in document.paragraphs) + (bundle / "data/catalogue.csv").read_text("utf-8")
    assert "初步证据" in text
    assert "涉嫌" in text
    assert "认定" not in text


def test_control_characters_and_formulas_do_no_harm(sample: Sample, tmp_path: Path) -> None:
    hostile = replace(exhibits(sample)[1], title="a\x00\x0b\ufffeb", purpose="=HYPERLINK(1)")
    with Archive.open(sample.path) as archive:
        export_bundle(archive, replace(CASE, cause="x\x1by"), (hostile,), tmp_path / "bundle")
    assert rows(tmp_path / "bundle")[1][3] == "'=HYPERLINK(1)"
    assert cells(tmp_path / "bundle")[2][1] == "ab"


def test_many_urls_are_cut_and_counted(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, sample: Sample, tmp_path: Path
) -> None:
    monkeypatch.setattr("crawler.export.catalogue._MOST_URLS", 1)
    ids = sample.captures
    every = replace(
        exhibits(sample)[0], captures=(ids["forum"], ids["chunked"], ids["reviews"], ids["refused"])
    )
    with Archive.open(sample.path) as archive:
        export_bundle(archive, CASE, (every,), tmp_path / "bundle")
    source = rows(tmp_path / "bundle")[1][2]
    assert "等共 3 个网址" in source
    assert source.count("http://market.example/") == 1
    assert "http://down.example/" in source, "what was not obtained is never cut away"


def test_many_times_are_summed_up(monkeypatch: pytest.MonkeyPatch, sample: Sample) -> None:
    monkeypatch.setattr("crawler.export.catalogue._MOST_TIMES", 2)
    ids = sample.captures
    every = replace(exhibits(sample)[0], captures=(ids["forum"], ids["chunked"], ids["reviews"]))
    with Archive.open(sample.path) as archive:
        captures = select(archive, set(every.captures)).captures()
        cells = row("某", every, captures, "；", "\n").cells
        few = row("某", replace(every, captures=every.captures[:2]), captures, "；", "\n").cells
    said, first, last = cells[4].splitlines()
    assert "共 3 次采集" in said
    assert first < last
    assert len(few[4].splitlines()) == 2


def test_groups_come_from_the_law_table() -> None:
    assert list(group_names()) == list("ABCDEFGHI")
