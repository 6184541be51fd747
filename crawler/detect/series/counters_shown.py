"""How counters that do not go together are explained: claim, facts, innocent readings, table and plot, in Chinese."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from crawler.detect.kit.corpus import Listing
from crawler.detect.kit.finding import VERDICTS, Fact, Innocent, Plot, Table
from crawler.detect.series.calendar import Calendar
from crawler.detect.series.counters import (
    Misfit,
    Reading,
    jumps,
    more_reviews,
    rating_leaps,
    steps_back,
)
from crawler.detect.series.counts import beijing_day, printed
from crawler.detect.series.printed_counts import Counted

_ROSE = 2.0  # times: other products rose as well
_OVER = {"month": "近30天", "ever": "累计", "unknown": "未注明期间"}
LIMITS = (
    "页面计数由平台和商家展示，计数口径（近30天、累计、付款或者成交）以平台规则为准",
    "计数突变只说明展示的数字，不说明由谁改动；真实订单须向平台调取",
    "带“+”和“万”的数字按最有利于商家的读法比较",
)
_ROUNDING = Innocent(
    explanation="显示取整、只显示下限",
    result="“+”和“万”已按最有利的读法折算（有“+”的按可能的上限，取整的按前后各一个末位单位）",
    remains=False,
)


@dataclass(frozen=True, slots=True)
class Counters:
    """The counters of one product over all captures."""

    listing: Listing
    sales: tuple[Reading, ...]
    reviews: tuple[Reading, ...]
    ratings: tuple[tuple[Reading, float], ...]

    def misfits(self) -> list[Misfit]:
        """Everything that does not go together, in a fixed order."""
        return [
            *jumps(self.sales, self.reviews), *steps_back(self.sales), *steps_back(self.reviews),
            *more_reviews(self.sales, self.reviews), *rating_leaps(self.ratings, self.reviews),
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """How many reviews the list shows beside the counter; and how the site's other products do it."""

    listed: int
    counter: Counted
    others: int
    usual: float


def told(misfits: Sequence[Misfit], shown: Shown | None) -> list[str]:
    """One clause for each thing."""
    found = [_sentence(misfit) for misfit in misfits]
    if shown:
        found.append(f"显示评价数{shown.counter.low}，而评价列表实有{shown.listed}条")
    return found


def _sentence(misfit: Misfit) -> str:
    before, after = (_printed(reading.count) for reading in (misfit.before, misfit.after))
    if misfit.kind == "jump":
        alone = {True: "，评价数没有相应增加", False: "，评价数同时增加", None: ""}[misfit.alone]
        return f"显示销量在{_span(misfit)}由“{before}”变为“{after}”（至少{misfit.by:.1f}倍）{alone}"
    if misfit.kind == "back":
        return f"累计计数在{_span(misfit)}由“{before}”退为“{after}”（至少减少{misfit.by:.0f}）"
    if misfit.kind == "rating":
        return f"显示评分在{_span(misfit)}由“{before}”升为“{after}”，新增评价即使全为满分也达不到"
    return f"同时显示的评价数“{after}”多于累计销量“{before}”（至少多{misfit.by:.0f}）"


def _printed(count: Counted) -> str:
    """As on the page; not where it would read as a verdict of ours."""
    return str(count.low) if any(word in count.printed for word in VERDICTS) else count.printed


def _span(misfit: Misfit) -> str:
    if misfit.days < 1:
        return (
            f"相隔{max(1, round(24 * misfit.days))}小时的两次抓取之间"
            if misfit.days >= 1 / 24
            else "相隔不到1小时的两次抓取之间"
        )
    return f"相隔{misfit.days:.1f}天的两次抓取之间"


def fact(misfit: Misfit) -> Fact:
    """Both readings, with their pages."""
    captures = tuple(dict.fromkeys((misfit.before.capture, misfit.after.capture)))
    return Fact(text=_sentence(misfit), captures=captures)


def listed(each: Counters, shown: Shown) -> Fact:
    """The counter beside the list."""
    text = (
        f"显示评价数{shown.counter.low}，评价列表实有{shown.listed}条（{shown.counter.low / shown.listed:.1f}倍）；"
        f"同站其他{shown.others}件商品的中位数为{shown.usual:.1f}倍"
    )
    return Fact(text=text, captures=(each.listing.capture,))


def innocents(
    each: Counters,
    misfits: Sequence[Misfit],
    shown: Shown | None,
    everything: Sequence[Counters],
    words: Calendar,
) -> tuple[Innocent, ...]:
    jump = next((misfit for misfit in misfits if misfit.kind == "jump"), None)
    found = [_ROUNDING, *([_promotion(each, jump, everything, words)] if jump else [])]
    merged = "合并会使销量和评价数同时增加；"
    merged += {
        True: "本次评价数没有相应增加", False: "本次评价数同时增加", None: "本次两次抓取未同时显示评价数",
    }[jump.alone if jump else None]  # fmt: skip
    found.append(
        Innocent(
            explanation="多个规格或者链接合并（SKU合并）", result=merged, remains=not (jump and jump.alone)
        )
    )
    kinds = "、".join(dict.fromkeys(_OVER[each.count.over] for each in each.sales))
    found.append(
        Innocent(
            explanation="口径变化、近30天销量重新起算",
            result=f"页面所示口径：{kinds or '未显示销量'}；只比较口径相同的两次显示，近30天销量下降不计",
            remains=any(
                misfit.before.count.over == "unknown" and misfit.kind == "jump" for misfit in misfits
            ),
        )
    )
    found.append(
        Innocent(
            explanation="商品重新上架、平台清理或者计数故障",
            result="仅凭页面不能区分，须向平台核实",
            remains=True,
        )
    )
    if shown:
        result = f"同站其他{shown.others}件商品的计数与列表大体相符（中位数{shown.usual:.1f}倍）；"
        result += "同站最长的列表更长，可见未到翻页上限"
        found.append(Innocent(explanation="评价列表翻页上限、折叠默认评价", result=result, remains=True))
    return tuple(found)


def _promotion(each: Counters, jump: Misfit, everything: Sequence[Counters], words: Calendar) -> Innocent:
    first, last = (date.fromordinal(beijing_day(reading.time)) for reading in (jump.before, jump.after))
    sales = words.between(first, last)
    rises = sorted(
        rise for other in everything if other.listing.site == each.listing.site and other is not each
        if (rise := _rise(other, jump)) is not None
    )  # fmt: skip
    usual = median(rises) if rises else None
    told = (
        f"两次抓取之间为{'、'.join(sale.name for sale in sales)}期间" if sales else "两次抓取不在已知促销期内"
    )
    told += (
        f"；同站其他{len(rises)}件商品同期销量显示变为{usual:.2f}倍（中位数）"
        if usual
        else "；同站没有可比的其他商品"
    )
    return Innocent(
        explanation="促销、直播带货使销量突增", result=told, remains=usual is None or usual >= _ROSE
    )


def _rise(other: Counters, jump: Misfit) -> float | None:
    before = [
        each for each in other.sales if each.time <= jump.after.time and _day_of(each) <= _day_of(jump.before)
    ]
    after = [
        each for each in other.sales if _day_of(each) >= _day_of(jump.after) and each.time > jump.before.time
    ]
    if not before or not after or not before[-1].count.low:
        return None
    return after[-1].count.low / before[0].count.low


def _day_of(reading: Reading) -> int:
    return beijing_day(reading.time)


def table(each: Counters) -> Table:
    rows: Mapping[str, Sequence[Reading]] = {
        "销量": each.sales, "评价数": each.reviews, "评分": [reading for reading, _ in each.ratings],
    }  # fmt: skip
    found = [
        (name, reading.time, reading.count.printed, _bounds(reading.count) if name != "评分" else "")
        for name, series in rows.items()
        for reading in series
    ]
    return Table(
        title="各次抓取所示计数",
        columns=("计数", "抓取时间（UTC）", "页面显示", "可能的范围"),
        rows=tuple(found),
    )


def _bounds(count: Counted) -> str:
    return str(count.low) if count.low == count.high else f"{count.low}至{count.high}"


def plots(each: Counters) -> tuple[Plot, ...]:
    if len(each.sales) < 2:
        return ()
    days = sorted({_day_of(reading) for reading in (*each.sales, *each.reviews)})

    def line(series: Sequence[Reading]) -> tuple[float | None, ...]:
        newest = {_day_of(reading): float(reading.count.low) for reading in series}
        return tuple(newest.get(day) for day in days)

    lines = {"销量（至少）": line(each.sales), "评价数（至少）": line(each.reviews)}
    x = tuple(printed(day) for day in days)
    return (Plot(title="页面计数", x=x, lines=lines, x_label="抓取日期（北京时间）", y_label="页面所示数字"),)
