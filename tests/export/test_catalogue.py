"""证据目录: what a court asks for is in it, in words that do not judge."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn

from crawler.evidence.archive import Archive
from crawler.export.bundle import export_bundle
from crawler.export.catalogue import COLUMNS
from crawler.export.model import group_names
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
    assert "未取得 1 条（connection refused）" in lines[2][7]


def test_times_are_beijing_times_and_bounded_on_both_sides(bundle: Path) -> None:
    for line in rows(bundle)[1:]:
        assert line[4].count("北京时间 UTC+8") >= 3
        assert [part.split("：")[0] for part in line[4].splitlines()] == ["采集时间", "不早于", "不晚于"]


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


def test_every_run_names_a_chinese_font(bundle: Path) -> None:
    document = docx.Document(str(bundle / "data/catalogue.docx"))
    runs = [
        run
        for row in document.tables[0].rows
        for cell in row.cells
        for p in cell.paragraphs
        for run in p.runs
    ]
    assert runs
    assert {run._element.rPr.rFonts.get(qn("w:eastAsia")) for run in runs} == {"宋体"}


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
    with Archive.open(sample.path) as archive:
        export_bundle(archive, CASE, exhibits(sample), tmp_path / "bundle")
    assert "等共 2 个网址" in rows(tmp_path / "bundle")[1][2]


def test_groups_come_from_the_law_table() -> None:
    assert list(group_names()) == list("ABCDEFGHI")
