"""templates/*.docx from forms.toml: `python -m crawler.export.papers.make_templates`. Same text, same bytes."""

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Cm, Pt

from crawler.export.word import add_run, dated, number_pages, set_fonts

FOLDER = Path(__file__).parent / "templates"
_DATED = "2026-11-22T00:00:00Z"  # of the zip's members: no clock
WIDTHS = {  # cm, by the number of columns; together the page less its margins
    2: (4.6, 11.2),
    5: (1.2, 2.6, 4.2, 4.6, 3.2),
    6: (1.2, 4.2, 2.4, 3.0, 3.0, 2.0),
}
_HEADING = re.compile(r"(#+) (.*)")
_EACH = re.compile(r"@each (.+)")
_IF = re.compile(r"@if (.+)")


def forms() -> list[dict[str, Any]]:
    """The forms of forms.toml: name, title, blocks, only_if."""
    found: list[dict[str, Any]] = tomllib.loads(
        (files("crawler.export.papers") / "forms.toml").read_text("utf-8")
    )["form"]
    return found


def template(form: dict[str, Any]) -> bytes:
    """A form as a Word file with docxtpl's marks."""
    document = docx.Document()
    _set_up(document, form["title"])
    table: Any = None
    open_marks: list[str] = []
    for block in form["blocks"]:
        if block.startswith("|"):
            cells = [cell.strip() for cell in block.strip("|").split(" | ")]
            table = _row(document, table, cells, header=table is None)
            continue
        mark, ends = _mark(block, open_marks)
        if mark and table is not None:
            _mark_row(table, mark)
        elif mark:
            add_run(document.add_paragraph(), f"{{%p {mark} %}}", 11)
        else:
            _paragraph(document, block)
        if not mark and not ends:
            table = None
    return dated(document, _DATED)


def write_all() -> Iterator[Path]:
    """Write every template; yields where."""
    FOLDER.mkdir(exist_ok=True)
    for form in forms():
        path = FOLDER / f"{form['name']}.docx"
        path.write_bytes(template(form))
        yield path


def _mark(block: str, open_marks: list[str]) -> tuple[str, bool]:
    """docxtpl's word for @each, @if and @end; "" for text."""
    if each := _EACH.fullmatch(block):
        open_marks.append("endfor")
        return f"for {each[1]}", False
    if condition := _IF.fullmatch(block):
        open_marks.append("endif")
        return f"if {condition[1]}", False
    return (open_marks.pop(), True) if block == "@end" else ("", False)


def _paragraph(document: Any, block: str) -> None:
    paragraph = document.add_paragraph()
    heading = _HEADING.fullmatch(block)
    if heading is None:
        paragraph.paragraph_format.first_line_indent = Pt(24)
        add_run(paragraph, block, 12)
    elif heading[1] == "#":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        add_run(paragraph, heading[2], 18, bold=True)
    else:
        paragraph.paragraph_format.keep_with_next = True
        add_run(paragraph, heading[2], 13, bold=True)


def _row(document: Any, table: Any, cells: list[str], *, header: bool) -> Any:
    if table is None:
        table = document.add_table(rows=0, cols=len(cells))
        table.style, table.autofit = "Table Grid", False
    for cell, text, width in zip(table.add_row().cells, cells, WIDTHS[len(cells)], strict=True):
        cell.width = Cm(width)
        add_run(cell.paragraphs[0], text, 10, bold=header)
    return table


def _mark_row(table: Any, mark: str) -> None:
    """A row that holds nothing but docxtpl's mark is taken out when the form is filled in."""
    add_run(table.add_row().cells[0].paragraphs[0], f"{{%tr {mark} %}}", 10)


def _set_up(document: Any, title: str) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.6)
    section.top_margin = section.bottom_margin = Cm(2.5)
    number_pages(section, title)
    set_fonts(document.styles["Normal"])
    spacing = document.styles["Normal"].paragraph_format
    spacing.space_after, spacing.line_spacing = Pt(0), 1.5
    document.core_properties.title, document.core_properties.comments = title, ""
    document.core_properties.author = document.core_properties.last_modified_by = ""


if __name__ == "__main__":
    for made in write_all():
        print(made.name)
