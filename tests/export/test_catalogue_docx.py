"""The Word file as Word and LibreOffice lay it out: widths, rows, fonts, pages."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from docx.shared import Cm
from pypdf import PdfReader

from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.checks.bundle import verify_bundle
from crawler.export.bundle import export_bundle
from crawler.export.catalogue import COLUMNS
from crawler.export.catalogue_docx import Document, Row, write_document
from crawler.export.catalogue_layout import LAYOUTS, layout
from tests.export.sample import CASE, Sample, exhibits

WIDTHS = layout("").widths


def table(bundle: Path) -> Any:
    return docx.Document(str(bundle / "data/catalogue.docx")).tables[0]


def written(rows: Sequence[Row]) -> Any:
    content = Document(CASE, COLUMNS, WIDTHS, rows, {"A": "主体"}, ("注",), "2026-11-22T08:00:00.000000Z")
    return docx.Document(io.BytesIO(write_document(content)))


def has(row: Any, name: str) -> bool:
    properties = row._tr.trPr
    return properties is not None and properties.find(qn(name)) is not None


def test_columns_have_their_widths_in_the_grid_and_in_every_cell(bundle: Path) -> None:
    """LibreOffice goes by the grid, Word by the cells."""
    found = table(bundle)
    wanted = [round(Cm(width).cm, 1) for width in WIDTHS]
    assert len(set(wanted)) > 4
    assert [round(column.width.cm, 1) for column in found.columns] == wanted
    for row in found.rows:
        if len(row._tr.tc_lst) > 1:  # not the name of a group, which goes across
            assert [round(cell.width.cm, 1) for cell in row.cells] == wanted
    section = docx.Document(str(bundle / "data/catalogue.docx")).sections[0]
    assert section.page_width > section.page_height
    room = section.page_width - section.left_margin - section.right_margin
    assert sum(WIDTHS) == pytest.approx(room / Cm(1), abs=0.05)


def test_the_header_row_is_repeated_and_rows_are_not_split(bundle: Path) -> None:
    head, *rows = table(bundle).rows
    assert has(head, "w:tblHeader")
    assert not any(has(row, "w:tblHeader") for row in rows)
    assert all(has(row, "w:cantSplit") for row in (head, *rows))


def test_a_row_that_may_be_taller_than_a_page_is_free_to_break() -> None:
    short, long = (Row("A", ("1-1", "x" * size, *[""] * 6)) for size in (10, 5000))
    _, _, first, second = written([short, long]).tables[0].rows
    assert has(first, "w:cantSplit")
    assert not has(second, "w:cantSplit")


def test_a_group_stays_with_its_first_exhibit(bundle: Path) -> None:
    band = table(bundle).rows[1]
    assert band.cells[0].paragraphs[0].paragraph_format.keep_with_next


def test_every_run_names_song_and_a_latin_font_and_the_text_is_mainland_chinese(bundle: Path) -> None:
    document = docx.Document(str(bundle / "data/catalogue.docx"))
    cells = [cell for row in document.tables[0].rows for cell in row.cells]
    runs = [run for cell in cells for p in cell.paragraphs for run in p.runs]
    runs += [run for p in document.paragraphs for run in p.runs]
    assert runs
    for run in runs:
        fonts = run._element.rPr.rFonts
        assert (fonts.get(qn("w:eastAsia")), fonts.get(qn("w:ascii"))) == ("SimSun", "Times New Roman")
    assert {lang.get(qn("w:eastAsia")) for lang in document.styles.element.iter(qn("w:lang"))} == {"zh-CN"}


def test_the_font_table_says_that_simsun_is_a_song_face(bundle: Path) -> None:
    with zipfile.ZipFile(bundle / "data/catalogue.docx") as document:
        fonts = document.read("word/fontTable.xml").decode()
    song = fonts.partition('w:name="SimSun">')[2].partition("</w:font>")[0]
    assert 'w:altName w:val="宋体"' in song
    assert 'w:family w:val="roman"' in song


def test_case_number_title_and_places_to_fill_in_are_in_the_text(bundle: Path) -> None:
    document = docx.Document(str(bundle / "data/catalogue.docx"))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    for wanted in (
        f"案件名称：{CASE.title}", f"本方案件编号：{CASE.id}", f"案由：{CASE.cause}", "案号：",
        f"提交人：{CASE.submitter}", "提交日期：", "份数：一式", "签名或者盖章",
    ):  # fmt: skip
        assert wanted in text
    footer = document.sections[0].footer.paragraphs[0]._p
    assert [field.get(qn("w:instr")) for field in footer.iter(qn("w:fldSimple"))] == ["PAGE", "NUMPAGES"]


def test_a_blank_line_begins_a_paragraph() -> None:
    cells = written([Row("A", ("1-1", "a\nb\n\nc", *[""] * 6))]).tables[0].rows[2].cells
    assert [paragraph.text for paragraph in cells[1].paragraphs] == ["a\nb", "c"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_has_what_the_law_asks_for_and_fills_the_page(name: str) -> None:
    shown = LAYOUTS[name]
    assert set(shown.of(COLUMNS)) >= {"序号", "证据名称", "证据来源", "证明对象/证明目的", "页码"}
    assert sum(shown.widths) == pytest.approx(sum(WIDTHS), abs=0.05)
    assert 98 <= sum(shown.shares) <= 102


def test_the_column_of_originals_is_a_switch(sample: Sample, tmp_path: Path) -> None:
    case = replace(CASE, catalogue="without-original")
    with Archive.open(sample.path) as archive:
        export_bundle(archive, case, exhibits(sample), tmp_path / "bundle")
    heads = [cell.text for cell in table(tmp_path / "bundle").rows[0].cells]
    assert "原件/载体" not in heads
    assert "证明对象/证明目的" in heads
    printed = "".join(
        page.extract_text() for page in PdfReader(tmp_path / "bundle/data/papers/catalogue.pdf").pages
    )
    assert "原件/载体" not in printed
    assert "原件/载体" in (tmp_path / "bundle/data/catalogue.csv").read_text("utf-8-sig")
    assert verify_bundle(tmp_path / "bundle").check("documents").status == "passed"
    with pytest.raises(UsageError, match="no catalogue layout"):
        layout("other")
