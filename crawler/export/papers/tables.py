"""Tables of a case as .xlsx and .csv: exhibits and captures with their digests, quotes, the ledgers.

No cell is calculated and none is a link: XlsxWriter is told so, CSV cells are guarded. Digests stay text.
"""

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

import xlsxwriter

from crawler import clock
from crawler.evidence.report import STATES_ZH
from crawler.export.csv_text import csv_text
from crawler.export.papers.facts import EVERY_GRADE, CaseFacts, capture_of
from crawler.export.papers.paper import Make, Paper
from crawler.export.selection import Selected
from crawler.export.word import NOT_XML
from crawler.store.casefile import LEDGERS, CaseExhibit

Rows = list[tuple[str, ...]]
MOST_IN_CELL = 32_767  # characters, of Excel
_TITLES = {"exhibits": "证据与采集", "quotes": "疑似线索引文", "ledgers": "台账"}
_MARK = "…（截断，全文见网页存档）"
_WIDE = 60  # characters: no column is wider


class Tables(Paper):
    """tables.xlsx with a sheet for each table, and each table as CSV."""

    name = "tables"
    title = "证据、引文与台账表格"
    order = 40
    grades = EVERY_GRADE

    def titled(self, name: str) -> str:
        """What the table of a file holds."""
        return _TITLES.get(name.removesuffix(".csv"), self.title)

    def files(self, facts: CaseFacts) -> Iterator[tuple[str, Make]]:
        """tables.xlsx, exhibits.csv, quotes.csv, ledgers.csv. Tables without rows are left out."""
        tables = {"exhibits": _exhibits(facts), "quotes": _quotes(facts), "ledgers": _ledgers(facts)}
        filled = {name: rows for name, rows in tables.items() if len(rows) > 1}
        sheets = [(_TITLES[name], rows) for name, rows in filled.items()]
        yield "tables.xlsx", partial(workbook, sheets, facts.until)
        for name, rows in filled.items():
            yield f"{name}.csv", partial(csv_text, rows)


def workbook(sheets: Sequence[tuple[str, Rows]], until: str) -> bytes:
    """The bytes of an .xlsx file; the first row of each sheet is its head. `until` dates it."""
    written = io.BytesIO()
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "in_memory": True,
    }
    book = xlsxwriter.Workbook(written, options)
    book.set_properties({"created": clock.parse(until).replace(tzinfo=None, microsecond=0)})
    head = book.add_format({"bold": True, "bg_color": "#EEEEEE", "text_wrap": True, "valign": "top"})
    plain = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    for title, rows in sheets:
        sheet = book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                sheet.write_string(number, column, _fitting(text), head if number == 0 else plain)
        for column in range(len(rows[0])):
            sheet.set_column(column, column, min(_WIDE, max(8, *(_width(row[column]) for row in rows))))
    book.close()
    return written.getvalue()


def _exhibits(facts: CaseFacts) -> Rows:
    head = (
        "证据编号", "证据名称", "证明目的", "网址", "采集时间（北京时间）", "不早于", "不晚于", "结果", "日志序号",
        "原始数据 SHA-256", "采集编号",
    )  # fmt: skip
    return [head, *(_capture(exhibit, taken) for exhibit in facts.filed() for taken in facts.of(exhibit))]


def _capture(exhibit: CaseExhibit, taken: Selected) -> tuple[str, ...]:
    capture = capture_of(taken)
    read = capture.reading or capture.response
    return (
        exhibit.number, exhibit.title, exhibit.purpose, capture.url, _moment(clock.parse(capture.started)),
        _moment(taken.not_before), _moment(taken.not_after), STATES_ZH[capture.state], str(taken.index),
        (read.payload_digest or read.block_digest).partition(":")[2] if read else "", capture.id,
    )  # fmt: skip


def _quotes(facts: CaseFacts) -> Rows:
    head = ("证据编号", "线索", "所示", "原文", "还原", "网址", "采集编号", "字段", "起", "止")
    rows: Rows = [head]
    for exhibit in facts.filed():
        for name in exhibit.findings:
            for quote in (facts.findings.get(name) or {}).get("quotes", ()):
                rows.append(
                    (
                        exhibit.number, name, quote["label"], quote["text"], quote["restored"] or "", quote["url"],
                        quote["capture"], quote["field"], str(quote["start"]), str(quote["end"]),
                    )
                )  # fmt: skip
    return rows


def _ledgers(facts: CaseFacts) -> Rows:
    head = ("台账", "编号", "日期", "事项", "内容", "金额（元）", "工时（小时）")
    return [
        head,
        *(
            (title, line.ref, line.date, line.kind, line.text, line.amount, line.hours)
            for ledger, title in LEDGERS.items()
            for line in facts.ledger(ledger)
        ),
    ]


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone(clock.BEIJING):%Y-%m-%d %H:%M:%S}" if moment else "无"


def _fitting(text: str) -> str:
    clean = NOT_XML.sub("", text)
    return clean if len(clean) <= MOST_IN_CELL else clean[: MOST_IN_CELL - len(_MARK)] + _MARK


def _width(text: str) -> int:
    """Columns on the screen: a Chinese character takes two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text[:_WIDE])
