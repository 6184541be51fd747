"""The words of a doorway finding. Chinese, for lawyers."""

from collections.abc import Iterator, Sequence

from crawler.detect.doorways.gathered import Gathered, Shown
from crawler.detect.doorways.official import Official
from crawler.detect.kit.finding import Fact, Innocent, Quote, Table

_PAGES = 6  # that are quoted; the table names all
_NAMED = 5  # brands in a sentence
_FILLER = 40  # characters of the pasted article that are quoted
_LIST = 60  # characters of the list of places

WHY = (
    "以堆砌地名的页面承接各地“品牌+售后”搜索，把消费者引向并非品牌方公布的热线，"
    "涉嫌引人误解的商业宣传和混淆；与同一号码的其他站点并案可显示同一组织者。"
)
LIMITS = (
    "“官方”与否须由品牌方书面确认；本线索只说明页面如何自称，未拨打该热线。",
    "页面下方转载的文章不作评价，其中词语不能作为判断依据。",
    "号码和域名的实际使用人须另行调取电信业务、ICP备案和域名注册材料。",
)


def brands(pages: Sequence[Shown]) -> list[str]:
    """The brands of some pages, each once, sorted."""
    return sorted({shown.signs.brand for shown in pages})


def hosts(pages: Sequence[Shown]) -> list[str]:
    """Their domains."""
    return sorted({shown.page.domain for shown in pages})


def claim(pages: Sequence[Shown]) -> str:
    """One sentence."""
    names = brands(pages)
    listed = "、".join(f"“{name}”" for name in names[:_NAMED]) + ("等" if len(names) > _NAMED else "")
    most = max(shown.signs.coverage for shown in pages)
    return (
        f"疑似冒充品牌官方售后热线的门页：{len(pages)}个页面以{listed}{len(names)}个品牌的售后名义"
        f"反复给出同一热线{pages[0].signs.shown}，正文最多{most:.1%}为地名"
    )


def facts(pages: Sequence[Shown], known: Gathered, table: Official) -> Iterator[Fact]:
    """What was counted, with the captures."""
    every = tuple(shown.page.capture for shown in pages)
    for shown in pages[:_PAGES]:
        yield Fact(text=_counted(shown), captures=(shown.page.capture,))
    if len(brands(pages)) > 1:
        yield Fact(
            text=f"同一热线{pages[0].signs.shown}出现在{len(brands(pages))}个不同品牌的页面上", captures=every
        )
    if len(hosts(pages)) > 1:
        yield Fact(text=f"同一热线出现在{len(hosts(pages))}个站点：{'、'.join(hosts(pages))}", captures=every)
    elsewhere = sorted(known.domains[pages[0].signs.number] - set(hosts(pages)))
    if elsewhere:
        yield Fact(text=f"该号码另见于{'、'.join(elsewhere)}的页面（未达到门页标准）", captures=every)
    for name in brands(pages):
        numbers = table.known(name)
        if numbers:
            yield Fact(
                text=f"官方号码表所列“{name}”号码为{'、'.join(sorted(numbers))}，与该热线不同", captures=every
            )


def _counted(shown: Shown) -> str:
    seen = shown.signs
    text = (
        f"正文{seen.coverage:.1%}为地名，{seen.distinct}个不同地名，热线{seen.shown}出现{len(seen.mentions)}次，"
        f"“{seen.name}”售后类用语{len(seen.claims)}处"
    )
    if seen.listed:
        text += f"，最长的地名串连写{seen.listed}个地名"
    if seen.pasted:
        length = sum(block.end - block.start for block in seen.pasted)
        text += f"；另有约{length}字成篇文字与页面主题无关（疑似转载填充）"
    return f"{shown.page.url}：{text}"


def quotes(pages: Sequence[Shown]) -> Iterator[Quote]:
    """Of each page: the number, how the service is named, the list of places, the pasted article."""
    for shown in pages[:_PAGES]:
        seen = shown.signs
        yield shown.quote(seen.mentions[0].start, seen.mentions[0].end, "反复出现的热线")
        yield shown.quote(*_line(shown.text, seen.claims[0]), "以品牌售后名义")
        if seen.pretended:
            yield shown.quote(*_line(shown.text, seen.pretended[0]), "自称官方或全国统一")
        if seen.list_at:
            start, end = seen.list_at
            yield shown.quote(start, min(end, start + _LIST), "连写的地名")
        if seen.pasted:
            start = seen.pasted[0].start
            yield shown.quote(
                start, min(seen.pasted[0].end, start + _FILLER), "与页面主题无关的成篇文字（填充）"
            )


def _line(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """The line around some words, as much of it as is quoted."""
    start = text.rfind("\n", 0, span[0]) + 1
    end = text.find("\n", span[1])
    end = len(text) if end < 0 else end
    return (start, end) if end - start <= _LIST else (span[0], min(end, span[0] + _LIST))


def innocents(pages: Sequence[Shown], known: Gathered, table: Official) -> Iterator[Innocent]:
    """What else it could be."""
    names = brands(pages)
    listed = [name for name in names if table.known(name)]
    yield Innocent(
        explanation="该热线就是品牌方公布的号码",
        result=(
            f"官方号码表列有{'、'.join(listed)}，不含该号码" if listed
            else "官方号码表中没有这些品牌的号码，须向品牌方核实"
        ),
        remains=len(listed) < len(names),
    )  # fmt: skip
    owned = sorted({domain for name in names for domain in known.owned(name)})
    yield Innocent(
        explanation="以该品牌名义经营的网店或网站公布了同一号码",
        result=(
            f"已固定的{'、'.join(owned)}页面上没有该号码" if owned else "尚未固定这样的网店或网站，未能核对"
        ),
        remains=not owned,
    )
    addresses = sum(shown.signs.addresses for shown in pages)
    others = sum(shown.signs.others for shown in pages)
    yield Innocent(
        explanation="真实的服务网点名录",
        result=f"所列地名之下没有逐一对应的地址和电话：门牌地址{addresses}处，其他号码{others}个，各地同为{pages[0].signs.shown}",
        remains=False,
    )
    yield Innocent(
        explanation="公开说明身份的多品牌社会维修",
        result=(
            "页面有“非官方”一类说明，但同时自称官方或全国统一，位置和显著程度须人工查看"
            if any(shown.signs.disclaimed for shown in pages)
            else f"{len(names)}个品牌的页面均未见“非官方”“第三方维修”一类说明"
        ),
        remains=any(shown.signs.disclaimed for shown in pages),
    )


def pages_table(pages: Sequence[Shown]) -> Table:
    """Every page that shares the number."""
    rows = tuple(
        (
            shown.page.url, shown.signs.name, str(len(shown.signs.mentions)), f"{shown.signs.coverage:.1%}",
            str(shown.signs.distinct), "有" if shown.signs.pasted else "无", shown.page.captured_at,
        )
        for shown in pages
    )  # fmt: skip
    return Table(
        title=f"使用同一热线{pages[0].signs.shown}的页面",
        columns=("网址", "所称品牌", "热线次数", "地名占比", "不同地名", "填充文章", "固定时间（UTC）"),
        rows=rows,
    )
