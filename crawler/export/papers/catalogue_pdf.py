"""证据目录 as PDF, to file as it is: the rows of catalogue.docx. And the internal list of everything (清单)."""

from collections.abc import Iterator, Sequence
from functools import partial
from html import escape
from itertools import groupby

from crawler.export.catalogue import COLUMNS, IN_WORD, notes, row
from crawler.export.catalogue_layout import layout
from crawler.export.model import group_names
from crawler.export.papers.facts import EVERY_GRADE, CaseFacts
from crawler.export.papers.paper import Make, Paper
from crawler.export.papers.pdf import pdf
from crawler.store.casefile import CaseExhibit

_STYLE = """\
@page { size: A4 landscape; }
table { font-size: 8.5pt; table-layout: fixed; }
td { white-space: pre-wrap; }
.band { background: #f4f4f4; font-weight: bold; }
"""


class CataloguePdf(Paper):
    """证据目录 (证据规定 art. 19): what is filed, by groups."""

    name = "catalogue"
    title = "证据目录"
    order = 10
    signed = ("catalogue.pdf",)
    grades = EVERY_GRADE

    def files(self, facts: CaseFacts) -> Iterator[tuple[str, Make]]:
        """catalogue.pdf."""
        yield "catalogue.pdf", partial(self._printed, facts)

    def _printed(self, facts: CaseFacts) -> bytes:
        case = facts.case
        authority = escape(case.authority) or "＿＿＿＿＿＿"
        head = (
            f"<h1>证据目录</h1><p>案件名称：{escape(case.title)}　　本方案件编号：{escape(case.id)}<br>"
            f"案由：{escape(case.cause)}　　案号：＿＿＿＿＿＿　　受理机关：{authority}<br>"
            f"提交人：{escape(case.submitter)}　　提交日期：　　　年　　月　　日　　份数：一式　　份</p>"
        )
        under = "".join(
            f"<p class=note>{number}. {escape(text)}</p>"
            for number, text in enumerate(notes(facts.selection), 1)
        )
        sign = "<div class=sign><span>提交人（签名或者盖章）：</span><span>　　　年　　月　　日</span></div>"
        body = head + _table(facts, facts.filed()) + under + sign
        return pdf(self.title, body, author=case.submitter, until=facts.until, style=_STYLE)


def _table(facts: CaseFacts, exhibits: Sequence[CaseExhibit]) -> str:
    names, captures = group_names(), facts.selection.captures()
    shown = layout(facts.case.catalogue)
    widths = "".join(f"<col style='width:{width}%'>" for width in shown.shares)
    lines = []
    for group, members in groupby(exhibits, key=lambda one: one.group):
        lines.append(
            f"<tr class=band><td colspan={len(shown.columns)}>{group}　{escape(names[group])}</td></tr>"
        )
        lines += [_line(shown.of(row(facts.collector, one, captures, *IN_WORD).cells)) for one in members]
    head = "".join(f"<th>{escape(name)}</th>" for name in shown.of(COLUMNS))
    body = f"<colgroup>{widths}</colgroup><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f"<table>{body}</table>"


def _line(cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
