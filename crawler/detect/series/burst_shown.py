"""How a burst is explained: claim, facts, tables and plot, in Chinese."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from crawler.detect.kit.corpus import Listing
from crawler.detect.kit.finding import VERDICTS, Fact, Innocent, Plot, Quote, Table
from crawler.detect.series.calendar import Calendar
from crawler.detect.series.composition import NAMES, Composition, Share, parts
from crawler.detect.series.counts import Series, printed
from crawler.detect.series.expected import level, mean_and_size, range_of
from crawler.detect.series.judging import Judged
from crawler.detect.series.people import Told, most_by_one, people
from crawler.detect.series.scan import Scan, Window
from crawler.detect.text.chance import odds

_MARGIN = 42  # days shown before and after a window: six weeks
_QUOTES, _QUOTED = 5, 80  # reviews that are quoted; characters of each
_CAPTURES = 40  # pages named for one fact; a page shows ten reviews or more
_NAMED = 40  # characters of a product's name
LIMITS = (
    "评价日期为页面所示；只显示到“几天前”的，按抓取时间折算",
    "页面未收录的评价（被折叠、删除或者超出翻页上限）不在统计内",
    "商品合并链接、换款重用链接会使评价一次性增加，页面上看不出",
    "评价增多本身不说明评价是否真实，须结合订单、物流和评价人陈述核实",
    "账号为化名；平台对昵称打码时，同一化名可能对应不同的人",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a window is about: its words, and the series."""

    called: str
    own: Series
    scan: Scan
    calendar: Calendar


def called(listing: Listing | None, shop: str | None, key: str) -> str:
    """How a sentence names a product or a shop. A name that would read as a verdict is left out."""
    name = (shop or (listing.name if listing else "") or "").strip()[:_NAMED]
    kind = "店铺" if shop else "商品"
    if not name or any(word in name for word in VERDICTS):
        return f"{kind}（{key.partition(':')[2]}）"
    return f"{kind}“{name}”"


def span(window: Window) -> str:
    """Its days, as told."""
    first, last = printed(window.first), printed(window.last)
    return f"{first}当日" if first == last else f"{first}至{last}（{window.days}日）"


def claim(each: Judged, about: Subject) -> str:
    """One sentence."""
    window = each.window
    times = window.observed / max(window.expected, 0.1)
    told = f"{about.called}在{span(window)}出现{window.observed}条评价，"
    told += f"预期约{window.expected:.1f}条（{times:.1f}倍）"
    other = [NAMES[share.name].partition("（")[0] for share in clear(each)]
    if is_attack(each):
        return f"疑似集中差评：{told}，低评分占比同时升高"
    return f"疑似集中评价：{told}" + (f"，且{'、'.join(other)}的占比同时升高" if other else "")


def clear(each: Judged) -> list[Share]:
    """Shares that are higher inside than chance allows."""
    return [share for share in each.made_up.shares if share.clear]


def in_words(each: Judged) -> bool:
    """Whether its reviews have words in common, more than the rest."""
    return each.made_up.clear("shared") or each.made_up.clear("same")


def is_attack(each: Judged) -> bool:
    """Whether it is low ratings that came."""
    return each.made_up.clear("worst") and not each.made_up.clear("best")


def why(each: Judged) -> str:
    """The link in the chain."""
    if is_attack(each):
        return "短期内集中出现的低评分，可能是有组织地对竞争对手下单并给差评；也可能是一批商品确有质量问题"
    if clear(each):
        return "组织评价的做法是在几天内由一批账号按同一要求发布；数量、账号构成、评分和用语同时变化，与自然评价不同"
    return "组织评价会使短期评价数明显高于平时；本线索只有数量，须与其他线索合看"


def facts(each: Judged) -> tuple[Fact, ...]:
    """What was counted, with the pages."""
    window, captures = each.window, pages(each.rows)
    found = [
        Fact(
            text=f"{span(window)}共{window.observed}条评价；平时每日约{window.rate:.2f}条，"
            f"计入同期其他商品的变化（{window.index:.2f}倍）后预期{window.expected:.1f}条",
            captures=captures,
        ),
        Fact(text=_accounts(each.rows), captures=captures),
    ]
    found += [
        Fact(
            text=f"{NAMES[share.name]}{_quoted(share)}：窗口内{share.of_inside}人中{share.inside}人，其余时间"
            f"{share.of_outside}条中{share.outside}条（偶然出现的概率{chance(share.p)}）",
            captures=captures,
        )
        for share in clear(each)
    ]
    return tuple(found)


def _quoted(share: Share) -> str:
    """The common words; not such that would read as a verdict of ours."""
    words = "”“".join(share.words)
    return f"“{words}”" if words and not any(word in words for word in VERDICTS) else ""


def _accounts(rows: Sequence[Told]) -> str:
    shown = [row for row in rows if row.account is not None]
    if not shown:
        return f"{len(rows)}条评价的页面均未显示账号"
    return f"{len(rows)}条评价来自{len(people(rows))}个账号，同一账号最多{most_by_one(rows)}条"


def pages(rows: Iterable[Told]) -> tuple[str, ...]:
    """The captures that show them."""
    return tuple(dict.fromkeys(row.review.capture for row in rows))[:_CAPTURES]


def quotes(each: Judged) -> tuple[Quote, ...]:
    """Reviews of the window; first those that say the same as another of it."""
    counts: dict[tuple[str, ...], int] = {}
    own = {row.review.identifier: parts(row.review.review_body) for row in each.rows}
    for said in own.values():
        for part in said:
            counts[part] = counts.get(part, 0) + 1

    def alike(row: Told) -> int:
        return max((counts[part] for part in own[row.review.identifier]), default=0)

    ordered = sorted(each.rows, key=lambda row: (-alike(row), row.day, row.review.identifier))
    told = [row.review for row in ordered if row.review.review_body.strip() and not row.default]
    return tuple(
        review.quote("review_body", 0, min(_QUOTED, len(review.review_body)), "窗口内的评价")
        for review in told[:_QUOTES]
    )


def innocents(each: Judged) -> tuple[Innocent, ...]:
    """What was tested, and the end of the list."""
    found = [
        Innocent(explanation=test.explanation, result=test.result, remains=not test.ruled_out)
        for test in each.innocent
    ]
    cut = "计数的各日均在评价列表完整显示的范围内；翻页上限以外的日期未计"
    return (*found, Innocent(explanation="列表截断使近日评价显得偏多", result=cut, remains=False))


def tables(each: Judged) -> tuple[Table, ...]:
    """Composition before, in and after; the windows of all lengths."""
    return (_composition(each), _windows(each))


def _composition(each: Judged) -> Table:
    rows = [("评价条数（窗口按账号计）", *_sizes(each))]
    rows += [
        (NAMES[name], _inside(each.before, name, inside=False), _inside(each.made_up, name, inside=True),
         _inside(each.after, name, inside=False))
        for name in NAMES
    ]  # fmt: skip
    return Table(title="窗口前、中、后的构成", columns=("项目", "之前", "窗口内", "之后"), rows=tuple(rows))


def _sizes(each: Judged) -> tuple[str, str, str]:
    sizes = [
        max((share.of_outside for share in part.shares), default=0) for part in (each.before, each.after)
    ]
    return str(sizes[0]), str(len(people(each.rows))), str(sizes[1])


def _inside(part: Composition, name: str, *, inside: bool) -> str:
    share = part.get(name)
    if share is None:
        return "无法比较"
    count, of = (share.inside, share.of_inside) if inside else (share.outside, share.of_outside)
    return f"{count}/{of}（{100 * count / max(1, of):.0f}%）"


def _windows(each: Judged) -> Table:
    rows = tuple(
        (span(window), str(window.observed), f"{window.expected:.1f}", chance(window.p), chance(window.q))
        for window in (each.lengths or (each.window,))
    )
    return Table(
        title="各长度窗口中最突出的一个", columns=("窗口", "实际", "预期", "概率", "校正后"), rows=rows
    )


def told_chance(each: Judged, scan: Scan) -> str:
    """The probabilities, and under which assumption."""
    window = each.window
    q = window.q if each.explained else each.q_volume
    return (
        f"假设评价按平时水平和同期平台变化随机到来（负二项分布，离散度{scan.alphas[window.days]:.2f}），出现不少于"
        f"{window.observed}条的概率{chance(window.p)}；共检验{scan.tests}个窗口，校正后的误报率{chance(q)}；"
        f"连同构成检验{chance(each.q_joint)}（Fisher合并，Benjamini–Hochberg校正）"
    )


def chance(p: float) -> str:
    """A probability in words that people can read."""
    return odds(p) if p < 0.01 else f"约{p:.2g}"


def plot(each: Judged, about: Subject) -> Plot:
    """Bars: reviews a day. Band: where nineteen of twenty usual days lie. Marks: the window, and sales."""
    own, window = about.own, each.window
    first, last = max(own.first, window.first - _MARGIN), min(own.last, window.last + _MARGIN)
    usual = level(own.counts, 1, own.judged_days)
    begins, factors = about.scan.indices[own.key]
    days = range(first, last + 1)
    band = [
        _band(usual.rate[day - own.first], usual.days[day - own.first], factors[day - begins], about.scan)
        for day in days
    ]
    return Plot(
        title=f"{about.called}每日评价数", x=tuple(printed(day) for day in days),
        bars=tuple(float(own.counts[day - own.first]) for day in days), band=tuple(band),
        marks=_marks(window, first, last, about.calendar), x_label="日期（北京时间）", y_label="评价数（条）",
    )  # fmt: skip


def _band(rate: float, days: float, factor: float, scan: Scan) -> tuple[float, float]:
    if np.isnan(rate):
        return 0.0, 0.0
    return range_of(*mean_and_size(float(rate), float(days), float(factor), scan.alphas[1]))


def _marks(window: Window, first: int, last: int, calendar: Calendar) -> Mapping[str, str]:
    sales = calendar.between(date.fromordinal(first), date.fromordinal(last))
    marks = {max(sale.first.toordinal(), first): f"{sale.name}开始" for sale in sales}
    marks |= {window.last: "窗口末日"} if window.days > 1 else {}
    marks |= {window.first: "窗口首日" if window.days > 1 else "窗口当日"}
    return {printed(day): marks[day] for day in sorted(marks)}
