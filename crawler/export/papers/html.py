"""Pieces of HTML for the papers: everything that is not ours is escaped."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from crawler import clock

MOST_ROWS = (
    400  # of a list in a printed paper, some twenty pages: nobody reads more, and laying it out takes minutes
)


def heading(number: str, title: str) -> str:
    """A section's heading; it becomes a bookmark of the PDF."""
    return f"<h2>{escape(number)}　{escape(title)}</h2>"


def paragraph(text: str, kind: str = "") -> str:
    """One paragraph of text; `kind` is a class."""
    return f"<p{f' class={kind}' if kind else ''}>{escape(text)}</p>"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int] = ()) -> str:
    """A table of text; `widths` in per cent. "" without rows."""
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    if not body:
        return ""
    sizes = "".join(f"<col style='width:{width}%'>" for width in widths)
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    group = f"<colgroup>{sizes}</colgroup>" if widths else ""
    fixed = " style='table-layout:fixed'" if widths else ""
    return f"<table{fixed}>{group}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def listed(columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int] = ()) -> str:
    """A table of at most MOST_ROWS rows, which says how many are left out and where all of them are."""
    left = len(rows) - MOST_ROWS
    more = f"以上为前 {MOST_ROWS} 项，其余 {left} 项见《证据与采集》表（tables.xlsx、exhibits.csv）。"
    return table(columns, rows[:MOST_ROWS], widths) + (paragraph(more, "note") if left > 0 else "")


def signed(*who: str) -> str:
    """Places for signatures, one line each."""
    return "".join(
        f"<div class=sign><span>{escape(one)}（签名）：</span><span>　　　年　　月　　日</span></div>"
        for one in who
    )


def moment(time: str | datetime | None) -> str:
    """北京时间 without saying so: the table's head does. "无" for none."""
    if not time:
        return "无"
    found = clock.parse(time) if isinstance(time, str) else time
    return f"{found.astimezone(clock.BEIJING):%Y-%m-%d %H:%M:%S}"
