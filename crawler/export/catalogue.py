"""证据目录, as .docx for the lawyer to edit and file, and as .csv.

The columns are those of 证据规定 art. 19 and practice (law.md §6.1). Wording: 涉嫌, 初步证据; it is for the
court to find facts. Page numbers and signature are left to whoever prints and files it.
"""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from crawler import clock
from crawler.evidence.bundle import CATALOGUE_CSV, CATALOGUE_DOCX, WACZ
from crawler.evidence.checks.stamps import in_beijing
from crawler.evidence.manifest import Capture
from crawler.export.csv_text import csv_text
from crawler.export.model import Case, Exhibit, group_names, in_order
from crawler.export.selection import Selected, Selection

COLUMNS = ("序号", "证据名称", "证据来源", "证明对象/证明目的", "形成时间", "原件/载体", "页码", "备注")
_WIDTHS = (1.3, 3.4, 5.0, 4.6, 4.6, 3.4, 1.2, 3.2)  # cm; A4 landscape less margins
_FONT = "宋体"
_MOST_URLS = 8
_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_STATES = {"complete": "完整", "partial": "不完整", "blocked": "被拒绝访问", "failed": "未取得"}
_FIDELITIES = {
    "wire-exact": "按网络收发字节原样保存",
    "browser-decoded": "经浏览器解码后保存",
    "derived": "派生记录",
    "imported": "由他人采集后导入",
}
_NOTES = (
    "本目录由程序依据采集清单生成，所列材料为初步证据；所涉行为仅为涉嫌，是否成立由有权机关判断。",
    "“形成时间”中的“不早于”“不晚于”由可信时间戳（RFC 3161）界定，不依赖采集机器的时钟；"
    "“采集时间”为采集机器记录的时间。",
    "电子数据原件为本证据包 data/captures.wacz 中逐字节保存的 WARC 记录；核验方法见 data/verify-zh.md。",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the catalogue: its group letter and the cells of COLUMNS."""

    group: str
    cells: tuple[str, ...]


def write_catalogue(
    bag: Path, case: Case, exhibits: Sequence[Exhibit], selection: Selection, collector: str
) -> None:
    """Write data/catalogue.docx and data/catalogue.csv. `collector` is who ran the capture."""
    captures = selection.captures()
    rows = [_row(collector, exhibit, captures) for exhibit in in_order(exhibits)]
    groups = group_names()
    lines = [
        (row.cells[0], f"【{row.group} {groups[row.group]}】{row.cells[1]}", *row.cells[2:]) for row in rows
    ]
    (bag / CATALOGUE_CSV).write_bytes(csv_text([COLUMNS, *lines]))
    (bag / CATALOGUE_DOCX).write_bytes(_document(case, rows, groups, selection.until))


def _row(collector: str, exhibit: Exhibit, by_id: Mapping[str, Selected]) -> Row:
    selected = [by_id[capture] for capture in exhibit.captures]
    captures = [item.leaf.capture for item in selected if item.leaf.capture is not None]
    cells = (
        exhibit.number,
        exhibit.title,
        _source(collector, captures),
        exhibit.purpose,
        _formed(selected, captures),
        f"电子数据；原件为 {WACZ} 中的 WARC 记录",
        "",
        _remarks(selected, captures),
    )
    return Row(exhibit.group, cells)


def _source(collector: str, captures: Sequence[Capture]) -> str:
    urls = list(dict.fromkeys(capture.url for capture in captures))
    more = f"\n等共 {len(urls)} 个网址，见哈希清单及采集清单" if len(urls) > _MOST_URLS else ""
    how = "、".join(dict.fromkeys(_FIDELITIES[capture.fidelity] for capture in captures))
    return f"由{collector}采集自下列网址（{how}）：\n" + "\n".join(urls[:_MOST_URLS]) + more


def _formed(selected: Sequence[Selected], captures: Sequence[Capture]) -> str:
    first, last = min(capture.started for capture in captures), max(capture.ended for capture in captures)
    lower = [item.not_before for item in selected]
    upper = [item.not_after for item in selected]
    lines = [
        f"采集时间：{clock.beijing(first)}"
        + (f" 至 {clock.beijing(last)}" if last[:19] != first[:19] else ""),
        f"不早于：{_bound(lower, min, '此前尚无时间戳，无下限')}",
        f"不晚于：{_bound(upper, max, '尚未加盖时间戳，无上限')}",
    ]
    return "\n".join(lines)


def _bound(times: Sequence[datetime | None], pick: Any, none: str) -> str:
    known = [time for time in times if time is not None]
    return in_beijing(pick(known)) if len(known) == len(times) else none


def _remarks(selected: Sequence[Selected], captures: Sequence[Capture]) -> str:
    indices = "、".join(str(item.index) for item in selected[:_MOST_URLS])
    more = f" 等 {len(selected)} 条" if len(selected) > _MOST_URLS else ""
    counts = {state: sum(capture.state == state for capture in captures) for state in _STATES}
    states = "，".join(f"{_STATES[state]} {count} 条" for state, count in counts.items() if count)
    reasons = "；".join(dict.fromkeys(capture.reason for capture in captures if capture.reason))[:200]
    return f"日志序号 {indices}{more}；采集结果：{states}" + (f"（{reasons}）" if reasons else "")


def _document(case: Case, rows: Sequence[Row], groups: dict[str, str], until: str) -> bytes:
    document = docx.Document()
    _set_up(document, case, until)
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(title, "证据目录", 18, bold=True)
    for line in (
        f"案由：{case.cause}",
        "案号：",
        f"提交人：{case.submitter}",
        "提交日期：      年    月    日",
    ):
        _run(document.add_paragraph(), line, 11)
    table = document.add_table(rows=1, cols=len(COLUMNS))
    table.style = "Table Grid"
    table.autofit = False
    _fill(table.rows[0], COLUMNS, bold=True)
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            band = table.add_row()
            merged = band.cells[0].merge(band.cells[-1])
            _run(merged.paragraphs[0], f"{group}  {groups[group]}", 10, bold=True)
        _fill(table.add_row(), row.cells)
    document.add_paragraph()
    for number, note in enumerate(_NOTES, 1):
        _run(document.add_paragraph(), f"{number}. {note}", 9)
    _run(document.add_paragraph(), "提交人（签名或者盖章）：                         年    月    日", 11)
    return _dated(document, until)


def _set_up(document: Any, case: Case, until: str) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21.0)
    section.left_margin = section.right_margin = Cm(1.5)
    section.top_margin = section.bottom_margin = Cm(1.8)
    style = document.styles["Normal"]
    style.font.name = _FONT
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _FONT)
    properties = document.core_properties
    properties.title, properties.author, properties.language = f"证据目录 {case.id}", case.submitter, "zh-CN"
    properties.created = properties.modified = clock.parse(until).replace(tzinfo=None, microsecond=0)
    properties.last_modified_by, properties.comments = "", ""


def _fill(row: Any, cells: Sequence[str], *, bold: bool = False) -> None:
    for cell, text, width in zip(row.cells, cells, _WIDTHS, strict=True):
        cell.width = Cm(width)
        _run(cell.paragraphs[0], text, 9, bold=bold)


def _run(paragraph: Any, text: str, size: int, *, bold: bool = False) -> None:
    run = paragraph.add_run(_NOT_XML.sub("", text))
    run.bold, run.font.size, run.font.name = bold, Pt(size), _FONT
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _FONT)


def _dated(document: Any, until: str) -> bytes:
    """The document's zip with fixed member times: two exports of one case are the same bytes."""
    written, fixed = io.BytesIO(), io.BytesIO()
    document.save(written)
    date = clock.parse(until).timetuple()[:6]
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, date)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            new.writestr(entry, old.read(name))
    return fixed.getvalue()
