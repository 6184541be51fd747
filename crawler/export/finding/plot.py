"""A plot of a finding as SVG: bars, expected band, further lines, marks, axes. Labels as the detector wrote them.

Nothing but text in, text out; the same plot gives the same bytes. `<title>` and `<desc>` say in words what is drawn.
What differs in colour differs in shape or dashes too, so that it can be read on a black-and-white print.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import rfc8785

from crawler.export.finding.plot_scale import Scale, numbers, places, printed, short, ticks
from crawler.export.finding.plot_words import SIZE, cut, place, printable, say, text, told, wide_of

WIDTH, HEIGHT = 680, 290  # as wide as the text of an A4 page at 96 pixels an inch
_LEFT, _RIGHT, _BOTTOM = 58, 16, 46  # room around the plot for the axes' labels
_LABEL_ROWS = 3  # in which labels of marks are staggered
_ROW = 15
_MOST_TITLE = 200  # characters
_BETWEEN = 6  # pixels between two labels in a row
_SHORT = 2  # characters that have room beside the axis without being turned
_MOST_LINES = 6
_DOTTED = 60  # up to so many points each is drawn
_FONT = "'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', 'Source Han Sans SC', sans-serif"
_BAR, _BAND, _MARK = "#4f6d8f", "#e3ddc9", "#a3131f"
_LINES = (
    ("#1b1b1b", ""),
    ("#b5651d", "6 3"),
    ("#2e7d4f", "2 3"),
    ("#6a3d9a", "9 3 2 3"),
    ("#0f7a8a", "1 4"),
    ("#777", "12 4"),
)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The measures of one plot: `at` has the place of each x in pixels, `half` half a bar's width."""

    x: tuple[str, ...]
    at: tuple[float, ...]
    half: float
    y: Scale
    ticks: tuple[float, ...]
    top: float
    bottom: float


def plot_svg(plot: Mapping[str, Any]) -> str:
    """The SVG of a plot as a finding's JSON has it (`crawler.detect.kit.finding.Plot`), WIDTH × HEIGHT pixels.

    A value that is no finite number is not drawn. An empty plot gets axes and the words 没有数值.
    """
    head = _legend(plot)
    frame = _frame(plot, top=30 + 18 * bool(head) + _ROW * min(_LABEL_ROWS, len(plot.get("marks") or ())))
    name = "p" + hashlib.sha256(rfc8785.dumps(_finite(plot))).hexdigest()[:12]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' role="img" aria-labelledby="{name}t {name}d" font-family="{_FONT}" font-size="{SIZE}">',
        f'<title id="{name}t">{text(plot["title"][:_MOST_TITLE])}</title>',
        f'<desc id="{name}d">{text(told(plot))}</desc>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        say(WIDTH / 2, 17, plot["title"], anchor="middle", more=' font-size="13" font-weight="bold"'),
        *head,
        *_band(plot, frame),
        *_grid(frame),
        *_bars(plot, frame),
        *_lines(plot, frame),
        *_marks(plot, frame),
        *_axes(plot, frame),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _frame(plot: Mapping[str, Any], top: float) -> _Frame:
    x = tuple(plot.get("x") or ())
    where = places(x)
    gaps = [b - a for a, b in pairwise(where)]
    low, high = (where[0], where[-1]) if where else (0.0, 1.0)
    margin = min(gaps, default=1.0) * 0.6 if where else 0.0
    scale = Scale(low - margin, high + margin, _LEFT, WIDTH - _RIGHT)
    at = tuple(scale(each) for each in where)
    nearest = min((b - a for a, b in pairwise(at)), default=80.0)
    marks = ticks(*_extent(plot), most=5)
    bottom = HEIGHT - _BOTTOM
    y = Scale(marks[0], marks[-1], bottom, top)
    return _Frame(x, at, max(0.5, min(nearest * 0.38, 26)), y, tuple(marks), top, bottom)


def _extent(plot: Mapping[str, Any]) -> tuple[float, float]:
    """Lowest and highest of all values, zero among them where there are bars or it is near."""
    values = [each for each in numbers(plot.get("bars") or ()) if each is not None]
    for line in (plot.get("lines") or {}).values():
        values += [each for each in numbers(line) if each is not None]
    values += [each for pair in plot.get("band") or () for each in numbers(pair) if each is not None]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    near = low > 0 and low < (high - low) * 2  # 4.6 … 4.9 stars are not drawn from 0
    return (min(low, 0.0), max(high, 0.0)) if plot.get("bars") or plot.get("band") or near else (low, high)


def _band(plot: Mapping[str, Any], frame: _Frame) -> list[str]:
    """The expected range: a step for each x, from halfway to its neighbours."""
    drawn = []
    for left, right, pair in zip(*_edges(frame), plot.get("band") or (), strict=False):
        low, high = numbers(pair)
        if low is not None and high is not None:
            top, bottom = frame.y(max(low, high)), frame.y(min(low, high))
            drawn.append(f"M{place(left)} {place(top)}H{place(right)}V{place(bottom)}H{place(left)}Z")
    return [f'<path d="{"".join(drawn)}" fill="{_BAND}"/>'] if drawn else []


def _edges(frame: _Frame) -> tuple[list[float], list[float]]:
    middles = [(a + b) / 2 for a, b in pairwise(frame.at)]
    if not frame.at:
        return [], []
    outer = frame.half * 1.3
    return [frame.at[0] - outer, *middles], [*middles, frame.at[-1] + outer]


def _grid(frame: _Frame) -> list[str]:
    lines = "".join(f"M{_LEFT} {place(frame.y(tick))}H{WIDTH - _RIGHT}" for tick in frame.ticks)
    return [f'<path d="{lines}" stroke="#bbb" stroke-width=".5" fill="none"/>']


def _bars(plot: Mapping[str, Any], frame: _Frame) -> list[str]:
    zero = frame.y(min(max(0.0, frame.ticks[0]), frame.ticks[-1]))
    drawn = [
        f"M{place(at - frame.half)} {place(zero)}V{place(frame.y(value))}H{place(at + frame.half)}V{place(zero)}Z"
        for at, value in zip(frame.at, numbers(plot.get("bars") or ()), strict=False)
        if value
    ]
    return [f'<path d="{"".join(drawn)}" fill="{_BAR}"/>'] if drawn else []


def _lines(plot: Mapping[str, Any], frame: _Frame) -> list[str]:
    drawn = []
    for name, (colour, dashes) in zip(_named(plot), _LINES, strict=False):
        points = list(zip(frame.at, numbers(plot["lines"][name]), strict=False))
        path, pen = "", "M"
        for at, value in points:
            path += "" if value is None else f"{pen}{place(at)} {place(frame.y(value))}"
            pen = "M" if value is None else "L"
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        drawn.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dashed}/>')
        if len(points) <= _DOTTED:
            drawn += [
                f'<circle cx="{place(at)}" cy="{place(frame.y(value))}" r="2.3" fill="{colour}"/>'
                for at, value in points
                if value is not None
            ]
    return drawn


def _named(plot: Mapping[str, Any]) -> list[str]:
    """The lines that are drawn, by name: the order in a mapping must not count."""
    return sorted(plot.get("lines") or {})[:_MOST_LINES]


def _marks(plot: Mapping[str, Any], frame: _Frame) -> list[str]:
    """A dashed line and its words for each mark; words stand in rows so that neighbours do not overlap."""
    known = dict(zip(frame.x, frame.at, strict=False))
    ends, lines, labels = [-math.inf] * _LABEL_ROWS, "", []
    for at, label in sorted(
        (known[x], label) for x, label in (plot.get("marks") or {}).items() if x in known
    ):
        wide = wide_of(cut(label))
        begin = min(max(at - wide / 2, _LEFT), WIDTH - _RIGHT - wide)
        row = next((row for row, end in enumerate(ends) if begin > end + _BETWEEN), None)
        above = frame.top - 5 - (row or 0) * _ROW
        lines += f"M{place(at)} {place(above + 2)}V{place(frame.bottom)}"
        if row is not None:  # a fourth neighbour has its line here and its words in <desc>
            ends[row] = begin + wide
            box = f'x="{place(begin - 1)}" y="{place(above - SIZE)}" width="{place(wide + 2)}" height="{SIZE + 3}"'
            labels.append(f'<rect {box} fill="#fff"/>{say(begin, above, label, more=f" fill={_MARK!r}")}')
    return [f'<path d="{lines}" stroke="{_MARK}" stroke-dasharray="4 3"/>', *labels] if lines else []


def _axes(plot: Mapping[str, Any], frame: _Frame) -> list[str]:
    zero = place(frame.y(min(max(0.0, frame.ticks[0]), frame.ticks[-1])))
    drawn = [f'<path d="M{_LEFT} {zero}H{WIDTH - _RIGHT}" stroke="#000"/>']
    drawn += [say(_LEFT - 6, frame.y(tick) + 4, printed(tick), anchor="end") for tick in frame.ticks]
    middle = (frame.top + frame.bottom) / 2
    name = plot.get("y_label") or ""
    turned = " rotate(-90)" if len(name) > _SHORT else ""
    drawn.append(
        f'<g transform="translate(13 {place(middle)}){turned}">{say(0, 0, name, anchor="middle")}</g>'
    )
    end = _LEFT - 8.0
    for at, x in zip(frame.at, map(short, frame.x), strict=True):
        wide = wide_of(cut(x))
        if at - wide / 2 > end + 8 and at + wide / 2 <= WIDTH:
            end = at + wide / 2
            drawn.append(f'<path d="M{place(at)} {place(frame.bottom)}v4" stroke="#000"/>')
            drawn.append(say(at, frame.bottom + 17, x, anchor="middle"))
    if not frame.x:
        drawn.append(say(WIDTH / 2, middle, "没有数值", anchor="middle"))
    drawn.append(say((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 8, plot.get("x_label") or "", anchor="middle"))
    return drawn


def _legend(plot: Mapping[str, Any]) -> list[str]:
    """What bars, band and lines are; nothing where there is only one of them and the axis names it."""
    entries: list[tuple[str, str]] = []
    if plot.get("bars"):
        entries.append(("观察值", f'<rect x="0" y="-9" width="14" height="9" fill="{_BAR}"/>'))
    if plot.get("band"):
        swatch = f'<rect x="0" y="-9" width="14" height="9" fill="{_BAND}" stroke="#999" stroke-width=".5"/>'
        entries.append(("预期范围", swatch))
    for name, (colour, dashes) in zip(_named(plot), _LINES, strict=False):
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        entries.append((name, f'<path d="M0 -4H20" stroke="{colour}" stroke-width="2"{dashed}/>'))
    if len(entries) < 2 and not plot.get("lines"):
        return []
    drawn, x = [], float(_LEFT)
    for label, swatch in entries:
        wide = 26 + wide_of(cut(label)) + 16
        if x + wide > WIDTH:
            break
        drawn.append(f'<g transform="translate({place(x)} 36)">{swatch}{say(26, 0, label)}</g>')
        x += wide
    return drawn


def _finite(value: Any) -> Any:
    """For the name only: canonical JSON has no infinity and no half of a surrogate pair."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {_finite(str(name)): _finite(each) for name, each in value.items()}
    if isinstance(value, Sequence):
        return [_finite(each) for each in value]
    if isinstance(value, (int, float)):
        return str(value)
    return value
