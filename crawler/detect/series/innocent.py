"""Innocent explanations of a rise, each tested: sale, reminder, one buyer, the platform's own texts, launch.

An explanation explains the volume only. Reviews that are made up otherwise need another one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from crawler.detect.series.calendar import Calendar, Promotion
from crawler.detect.series.chances import fisher_greater, negative_binomial_tail
from crawler.detect.series.people import Told, delays, most_by_one, people
from crawler.detect.series.scan import Window

# Times its level that a product stands in a sale when nothing more is known of it; bench: tests/detect/jd_bursts.py
# prints how far real products rose in the calendar's windows.
SALE = 3.0
_RISEN = 1.3  # times the usual: the others' products rose as well
_LEAST_OTHERS = 10.0  # expected reviews of the others below which nothing can be said of them
_TOLD = 0.05  # chance at or below which buyers speak of a sale or an earlier purchase more than usual
_LEAST_TOLD = 3  # buyers
# Or so many buyers and such a share of the window, and so many times the usual share: what several buyers tell
# independently cannot be ruled out, even where too few write at all for a test.
_SEVERAL, _TOLD_TIMES = ((4, 0.12), (2, 0.25)), 1.5
_NEAR = 70  # days around a window with which its words are compared: sales change with the season
_LATE_DAYS, _LATE_TIMES = 14, 2.0  # a reminder wave: purchases so much older than usual, median


@dataclass(frozen=True, slots=True)
class Tested:
    """An explanation and what came of it. `explains`: it suffices for the volume; `ruled_out`: it does not apply."""

    name: str  # sale, told_sale, reminder, one_buyer, default, launch
    explanation: str  # Chinese
    result: str
    explains: bool
    ruled_out: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A window with its reviews and the rest. `threshold`: chance above which a volume is no longer unusual."""

    window: Window
    rows: Sequence[Told]
    rest: Sequence[Told]
    calendar: Calendar
    threshold: float

    def unusual(self, count: int, *, times: float = 1.0) -> bool:
        """Whether `count` reviews in this window would still be unusual, were `times` as many to be expected."""
        mean = self.window.expected * times
        return negative_binomial_tail(count, mean, self.window.size) <= self.threshold

    def promotions(self) -> list[Promotion]:
        return self.calendar.between(date.fromordinal(self.window.first), date.fromordinal(self.window.last))


def tested(about: Surroundings) -> tuple[Tested, ...]:
    """All explanations, in a fixed order."""
    return (
        _sale(about), _told_sale(about), _reminder(about), _one_buyer(about), _default(about), _launch(about),
    )  # fmt: skip


def _sale(about: Surroundings) -> Tested:
    window, sales = about.window, about.promotions()
    seen, usual = window.others
    compared = f"同期其他商品{seen:.0f}条，按各自平时水平应为{usual:.0f}条"
    measured = usual >= _LEAST_OTHERS
    risen = measured and seen >= _RISEN * usual
    if not sales:
        told = f"窗口不在已知促销期内；{compared}" + ("，已按全平台上升折算" if risen else "")
        return Tested("sale", "平台大促期间集中评价", told, explains=False, ruled_out=not risen)
    names = "、".join(dict.fromkeys(sale.name for sale in sales))
    at_sale = not about.unusual(window.observed, times=max(1.0, SALE / window.index))
    told = f"窗口在{names}期间；{compared}"
    told += "；按促销期间通常涨幅折算后不再异常" if at_sale else f"；按平时{SALE:.0f}倍折算后仍然偏多"
    told += "" if measured else "；其他商品的评价太少，无从比较"
    explains = at_sale or risen or not measured
    return Tested("sale", "平台大促期间集中评价", told, explains=explains, ruled_out=False)


def _told_sale(about: Surroundings) -> Tested:
    explains, told = _compared(about, "promotion", "提到促销、活动或者降价")
    return Tested("told_sale", "店铺自己的促销、降价", told, explains=explains, ruled_out=not explains)


def _reminder(about: Surroundings) -> Tested:
    explains, told = _compared(about, "earlier", "说明购买在先、事后才评价")
    inside, outside = delays(about.rows), delays(about.rest)
    if inside and outside:
        now, usual = median(inside), median(outside)
        late = now >= _LATE_DAYS and now >= _LATE_TIMES * usual
        told += f"；购买到评价的中位天数{now:.0f}天，平时{usual:.0f}天"
        explains = explains or late
    else:
        told += "；页面未显示购买日期"
    return Tested("reminder", "平台提醒评价、集中催评", told, explains=explains, ruled_out=not explains)


def _one_buyer(about: Surroundings) -> Tested:
    left = len(people(about.rows))
    explains = left < len(about.rows) and not about.unusual(left)
    most = most_by_one(about.rows)
    told = f"{len(about.rows)}条评价来自{left}个账号，同一账号最多{most}条" if most else "页面未显示账号"
    told += "；每个账号只计一条后不再异常" if explains else ""
    return Tested(
        "one_buyer",
        "同一买家多次下单、重复提交",
        told,
        explains=explains,
        ruled_out=bool(most) and not explains,
    )


def _default(about: Surroundings) -> Tested:
    own = [row for row in about.rows if not row.default]
    outside = sum(not row.default for row in about.rest) / max(1, len(about.rest))
    left = people(own)
    explains = len(own) < len(about.rows) and not about.unusual(len(left), times=max(0.1, outside))
    told = f"窗口内系统默认评价{len(about.rows) - len(own)}条"
    told += "；除去后不再异常" if explains else ""
    return Tested("default", "平台到期自动产生的默认评价", told, explains=explains, ruled_out=not explains)


def _launch(about: Surroundings) -> Tested:
    if about.window.history:
        told = "窗口之前已有四周以上的评价，可与之比较"
        return Tested("launch", "新品上架之初评价集中", told, explains=False, ruled_out=True)
    told = "窗口之前的评价不足四周，只能与之后的水平比较"
    return Tested("launch", "新品上架之初评价集中", told, explains=True, ruled_out=False)


def _compared(about: Surroundings, name: str, words: str) -> tuple[bool, str]:
    near = apart_from(about)
    inside = sum(getattr(row, name) for row in people(about.rows))
    outside = sum(getattr(row, name) for row in near)
    told = f"窗口内{len(about.rows)}条中{inside}条{words}，前后各{_NEAR}天{len(near)}条中{outside}条"
    share, usual = inside / len(about.rows), outside / max(1, len(near))
    several = any(inside >= least and share >= of for least, of in _SEVERAL) and share >= _TOLD_TIMES * usual
    unusual = fisher_greater(inside, len(about.rows), outside, len(near)) <= _TOLD
    return several or (inside >= _LEAST_TOLD and unusual), told


def apart_from(about: Surroundings) -> list[Told]:
    """The reviews of the weeks around a window; all others where those are none."""
    first, last = about.window.first - _NEAR, about.window.last + _NEAR
    return [row for row in about.rest if first <= row.day <= last] or list(about.rest)
