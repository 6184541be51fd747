"""Words on a plot and about it."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from crawler.export.finding.plot_scale import numbers, printed, short

SIZE = 11  # pixels of letters
MOST_MARKS = 20  # that are named in words
MOST_TEXT = 40  # characters of a label: what is longer stands in the title or the text of the finding
# What XML 1.0 cannot hold (section 2.2), halves of surrogate pairs among it.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def told(plot: Mapping[str, Any]) -> str:
    """The plot in words, for who cannot see it."""
    x, values = plot.get("x") or (), numbers(plot.get("bars") or ())
    words = [f"横轴：{plot.get('x_label') or '次序'}"]
    if x:
        words[0] += f"，{short(x[0])} 至 {short(x[-1])}，共 {len(x)} 处"
    words.append(f"纵轴：{plot.get('y_label') or '数值'}")
    there = [(value, at) for at, value in enumerate(values[: len(x)]) if value is not None]
    if there:
        most, at = max(there, key=lambda one: (one[0], -one[1]))
        words.append(f"柱的最大值 {printed(most)}（{short(x[at])}）")
    words += [f"线：{cut(name)}" for name in sorted(plot.get("lines") or {})]
    if plot.get("band"):
        words.append("浅色带：预期范围")
    marks = sorted((plot.get("marks") or {}).items())
    words += [f"标记：{cut(short(at))} {cut(label)}" for at, label in marks[:MOST_MARKS]]
    words += [f"另有标记 {len(marks) - MOST_MARKS} 处"] if len(marks) > MOST_MARKS else []
    return "；".join(words) + "。"


def say(x: float, y: float, words: str, *, anchor: str = "", more: str = "") -> str:
    """A text element; `more`: further attributes, ours."""
    placed = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{place(x)}" y="{place(y)}"{placed}{more}>{text(cut(words))}</text>'


def cut(words: str) -> str:
    """Words on one line, of MOST_TEXT characters at most."""
    flat = " ".join(words[: 4 * MOST_TEXT].split())
    return flat if len(flat) <= MOST_TEXT else flat[: MOST_TEXT - 1] + "…"


def wide_of(words: str) -> float:
    """About how wide words are: Chinese is square, Latin little more than half as wide."""
    return sum(SIZE if ord(each) > 0x2E7F else SIZE * 0.58 for each in words)


def printable(words: str) -> str:
    """Words without what XML 1.0 cannot hold."""
    return _UNPRINTABLE.sub("\ufffd", words)


def text(words: str) -> str:
    """Words as XML and HTML hold them."""
    return escape(printable(words))


def place(value: float) -> str:
    """A coordinate, short and always the same."""
    return f"{value:.1f}".removesuffix(".0")
