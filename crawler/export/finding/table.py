"""A table of a finding as HTML: columns as wide as what stands in them, nothing endless."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from crawler.export.finding.plot_words import text, wide_of

_MOST_ROWS, _MOST_CELL = 60, 240  # rows, and characters of a cell, that are shown
_WIDEST, _EDGES = (
    260.0,
    18.0,
)  # as `wide_of` measures: one long cell must not squeeze the rest; a cell's padding


def table_html(table: Mapping[str, Any]) -> str:
    """A table as a finding's JSON has it (`crawler.detect.kit.finding.Table`)."""
    columns, rows = table["columns"], table["rows"][:_MOST_ROWS]
    head = "".join(f"<th>{text(name)}</th>" for name in columns)
    body = "".join(
        f"<tr>{''.join(f'<td><bdi>{text(_cut(cell))}</bdi></td>' for cell in row)}</tr>" for row in rows
    )
    widths = "".join(f"<col style='width:{width}%'>" for width in _widths([columns, *rows]))
    left = len(table["rows"]) - _MOST_ROWS
    more = f"<p class=note>另有 {left} 行，见 evidence findings show --json。</p>" if left > 0 else ""
    return (
        f"<p class=caption>{text(table['title'])}</p><table class=fixed><colgroup>{widths}</colgroup>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
    )


def _widths(rows: Sequence[Sequence[str]]) -> list[float]:
    """Per cent of each column."""
    wide = [
        min(_WIDEST, max(wide_of(cell[:_MOST_CELL]) for cell in column)) + _EDGES
        for column in zip(*rows, strict=True)
    ]
    return [math.floor(1000 * each / sum(wide)) / 10 for each in wide]


def _cut(words: str) -> str:
    return words if len(words) <= _MOST_CELL else words[:_MOST_CELL] + "……"
