"""The catalogue as a Word document: A4 landscape, fixed column widths, the header row on every page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Length, Pt

from crawler import clock
from crawler.export.model import Case
from crawler.export.word import add_run, dated, number_pages, set_fonts

_UNBROKEN = 400  # characters of a cell; a row with more may be taller than a page and must be free to break


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the catalogue: its group letter and its cells."""

    group: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What the document says. `until` dates it (UTC, RFC 3339), so that two exports are equal."""

    case: Case
    columns: tuple[str, ...]
    widths: tuple[float, ...]  # cm; together the page less its margins
    rows: Sequence[Row]
    groups: Mapping[str, str]
    notes: tuple[str, ...]
    until: str


def write_document(content: Document) -> bytes:
    """The bytes of the .docx file."""
    document = docx.Document()
    _set_up(document, content)
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    add_run(title, "证据目录", 18, bold=True)
    case = content.case
    for left, right in (
        (f"案件名称：{case.title}", f"本方案件编号：{case.id}"),
        (f"案由：{case.cause}", "案号："),
        (f"提交人：{case.submitter}", "提交日期：        年    月    日        份数：一式      份"),
    ):
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.tab_stops.add_tab_stop(Cm(14))
        add_run(paragraph, f"{_one_line(left)}\t{_one_line(right)}", 11)
    _table(document, content)
    document.add_paragraph()
    for number, note in enumerate(content.notes, 1):
        add_run(document.add_paragraph(), f"{number}. {note}", 9)
    signature = document.add_paragraph()
    signature.paragraph_format.space_before = Pt(18)
    signature.paragraph_format.tab_stops.add_tab_stop(Cm(14))
    add_run(signature, "提交人（签名或者盖章）：\t      年    月    日", 11)
    return dated(document, content.until)


def _table(document: Any, content: Document) -> None:
    table = document.add_table(rows=1, cols=len(content.columns))
    table.style = "Table Grid"
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for column, width in zip(table.columns, content.widths, strict=True):
        column.width = Cm(width)
    head = table.rows[0]
    _fill(head, content.columns, content.widths, bold=True)
    _mark(head, "w:tblHeader")
    group = ""
    for row in content.rows:
        if row.group != group:
            group = row.group
            _band(table.add_row(), f"{group}  {content.groups[group]}")
        _fill(table.add_row(), row.cells, content.widths)


def _band(row: Any, text: str) -> None:
    """The name of a group across the table; it stays on the page of its first exhibit."""
    merged = row.cells[0].merge(row.cells[-1])
    merged.paragraphs[0].paragraph_format.keep_with_next = True
    add_run(merged.paragraphs[0], text, 10, bold=True)
    _mark(row, "w:cantSplit")


def _fill(row: Any, cells: Sequence[str], widths: Sequence[float], *, bold: bool = False) -> None:
    for cell, text, width in zip(row.cells, cells, widths, strict=True):
        cell.width = Cm(width)
        for number, part in enumerate(text.split("\n\n")):
            paragraph = cell.add_paragraph() if number else cell.paragraphs[0]
            # Exact, or the fonts of either script, which differ in height, make the lines uneven.
            paragraph.paragraph_format.line_spacing = Pt(13)
            paragraph.paragraph_format.space_before = Pt(4 if number else 0)
            paragraph.paragraph_format.keep_together = True
            add_run(paragraph, part, 9, bold=bold)
    if max(len(text) for text in cells) <= _UNBROKEN:
        _mark(row, "w:cantSplit")


def _mark(row: Any, name: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(name))


def _set_up(document: Any, content: Document) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21.0)
    section.left_margin = section.right_margin = Cm(1.5)
    section.top_margin = section.bottom_margin = Cm(1.8)
    number_pages(section, "证据目录")
    normal = document.styles["Normal"]
    set_fonts(normal)
    spacing = normal.paragraph_format
    spacing.space_after, spacing.line_spacing = Length(0), 1.15
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")
    properties = document.core_properties
    properties.title, properties.author = f"证据目录 {content.case.id}", content.case.submitter
    properties.language, properties.last_modified_by, properties.comments = "zh-CN", "", ""
    properties.created = properties.modified = clock.parse(content.until).replace(tzinfo=None, microsecond=0)


def _one_line(text: str) -> str:
    return " ".join(text.split("\n"))
