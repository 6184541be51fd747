"""How findings of 好评返现 are worded: claims, facts, innocent explanations, limits. All Chinese."""

from collections import Counter
from collections.abc import Sequence

from crawler.clock import beijing
from crawler.detect.kit.finding import VERDICTS, Fact, Innocent, Quote, Table
from crawler.detect.rebates.gathered import Form, Told

WITNESSED: tuple[Form, ...] = ("card", "told", "task")  # buyers tell it
OWN: tuple[Form, ...] = ("reply", "listing", "payment")  # the seller's own words
_NAME = 40  # characters of a shop's name in a sentence
_ROWS = 30  # rows of the table; the quotes hold all
_LABEL: dict[Form, str] = {
    "card": "买家转述卡片",
    "told": "买家陈述",
    "task": "买家自述受雇",
    "reply": "商家回复",
    "listing": "商品名称",
    "payment": "商家回复",
    "any": "未以好评为条件",
}


def claim(form: Form, rows: Sequence[Told], name: str) -> str:
    """One plain sentence; a witness is named as one."""
    people, texts = witnesses(rows), len(rows)
    said = {
        "card": f"买家陈述：随{name}商品收到以返现、红包换取好评的卡片（{people}名作者，{texts}条）",
        "told": f"买家陈述：{name}承诺给予好评后返还款项（{people}名买家，{texts}条评价）",
        "task": f"买家自述：就{name}的商品按要求撰写评价后收到本金或者佣金（{people}名买家，{texts}条评价）",
        "reply": f"疑似好评返现：{name}在{texts}条评价回复中把返现、红包等回报与五星或者好评相联系",
        "listing": f"疑似好评返现：{name}的{texts}个商品名称写有好评后的返现或者其他回报",
        "payment": f"疑似向评价人返款：{name}在{texts}条评价回复中提到向评价人支付返款、货款或者体验金",
    }
    return said[form]


def shown_name(seller: str | None) -> str:
    """A seller's name as our sentences have it. A page may print anything there: cut, and never a verdict."""
    if not seller or any(word in seller for word in VERDICTS):
        return "该商品的商家"
    return seller[:_NAME]


def why(form: Form) -> str:
    """Why it matters."""
    if form in ("task", "payment"):
        return (
            "属于“招募—消费—评价—返款”中的返款环节：评价人收回货款或者另得报酬的，其评价不是自费消费者的自发评价，"
            "可与招募帖、相近文字的评价相互印证。"
        )
    return (
        "属于“招募—消费—评价—返款”中的返款环节：以给付财物为条件取得指定的好评，会使评价区不能反映消费者的真实意见。"
        "条文以“指定好评”为要件，本线索只收写明好评、五星等条件的文字。"
    )


def facts(form: Form, rows: Sequence[Told]) -> tuple[Fact, ...]:
    """Counts, time, amounts, conditions, stars; each with its captures."""
    captures = _captures(rows)
    texts = len({told.copy for told in rows})
    found = [Fact(text=f"共{len(rows)}条，不同文字{texts}种；{_period(rows)}", captures=captures)]
    if form in WITNESSED:
        found.append(Fact(text=f"作者化名不同的共{witnesses(rows)}名", captures=captures))
    paid = [told for told in rows if told.offer.amounts]
    if paid:
        amounts = Counter(amount for told in paid for amount in told.offer.amounts)
        listed = "、".join(f"{amount}（{count}条）" for amount, count in sorted(amounts.items()))
        found.append(Fact(text=f"写明的金额：{listed}", captures=_captures(paid)))
    starred = [told for told in rows if told.stars is not None]
    if starred:
        stars = Counter(f"{told.stars:g}星" for told in starred)
        listed = "、".join(f"{star}{count}条" for star, count in sorted(stars.items()))
        whose = "所在评价" if form in OWN else "这些评价"
        found.append(Fact(text=f"{whose}的星级：{listed}", captures=_captures(starred)))
    return tuple(found)


def innocents(form: Form, rows: Sequence[Told], others: dict[Form, list[Told]]) -> tuple[Innocent, ...]:
    """What was tested: a reward for any review, one author's error, the platform's own activity, compensation."""
    return (
        _any_review(rows, others),
        _platform(rows),
        *(_author(form, rows, others),),
        *_compensation(form, rows),
    )


def limits(form: Form) -> tuple[str, ...]:
    """What such a finding cannot say."""
    if form in WITNESSED:
        return (
            "评价人身份和购买事实未核实，所述为其单方陈述",
            "未取得卡片实物、聊天记录和付款记录，不能确定是否实际付款",
        )
    return ("回复、名称由谁撰写以页面显示为准", "未取得付款记录，不能确定是否实际付款")


def quotes(rows: Sequence[Told]) -> tuple[Quote, ...]:
    """The whole offer of each, then where it names the card."""
    found: list[Quote] = []
    for told in rows:
        offer = told.offer
        spans = [(_LABEL[told.form], offer.whole), *([("卡片", offer.card)] if offer.card else [])]
        restored = "；".join(offer.restored) or None
        for label, span in spans:
            found.append(told.thing.quote(told.field, span.start, span.end, label, restored=restored))
    return tuple(found)


def table(rows: Sequence[Told]) -> Table:
    """Condition beside reward, by time."""
    cells = [
        (
            beijing(told.since)[:11], _LABEL[told.form], "" if told.stars is None else f"{told.stars:g}星",
            told.offer.condition.plain if told.offer.condition else "（未写条件）", told.offer.reward.plain,
        )
        for told in rows[:_ROWS]
    ]  # fmt: skip
    title = "条件与回报" if len(rows) <= _ROWS else f"条件与回报（前{_ROWS}条，共{len(rows)}条）"
    return Table(
        title=title, columns=("日期（北京时间）", "来源", "评价星级", "条件", "回报"), rows=tuple(cells)
    )


def witnesses(rows: Sequence[Told]) -> int:
    """Independent authors: neither one author twice nor one wording twice counts again."""
    return min(len({told.who for told in rows}), len({told.copy for told in rows}))


def _any_review(rows: Sequence[Told], others: dict[Form, list[Told]]) -> Innocent:
    conditional = [told for told in rows if told.offer.condition]
    unconditional = others.get("any", [])
    openly = [told for told in unconditional if told.offer.open]
    result = f"{len(rows)}条中{len(conditional)}条写明好评、五星等条件"
    if openly:
        result += f"；另有{len(openly)}条称不限好评即有回报，与本线索不一致，应一并提交"
    if len(unconditional) > len(openly):
        result += f"；另有{len(unconditional) - len(openly)}条只提晒图、评价即有回报，未写条件，不计入"
    return Innocent(
        explanation="对任何评价都给回报（晒单有礼），不以好评为条件",
        result=result, remains=bool(openly) or len(conditional) < len(rows),
    )  # fmt: skip


def _platform(rows: Sequence[Told]) -> Innocent:
    named = [
        told for told in rows if any(word in told.copy for word in ("平台活动", "官方活动", "京豆", "淘气值"))
    ]
    result = f"{len(named)}条文字提到平台活动或者平台积分" if named else "文字均未提到平台活动或者平台积分"
    return Innocent(explanation="平台自身的评价奖励活动", result=result, remains=bool(named))


def _author(form: Form, rows: Sequence[Told], others: dict[Form, list[Told]]) -> Innocent:
    if form in OWN:
        return Innocent(
            explanation="客服个人用语或者一次性的口误",
            result=f"同一商家共{len(rows)}条，不同文字{len({told.copy for told in rows})}种",
            remains=len(rows) == 1,
        )
    people = witnesses(rows)
    own = sum(len(others.get(each, [])) for each in OWN)
    return Innocent(
        explanation="个别买家误记、误解，或者同业竞争者捏造",
        result=f"独立作者{people}名；商家自己的回复或者商品名称中另有{own}条同类文字",
        remains=people < 2 and not own,
    )


def _compensation(form: Form, rows: Sequence[Told]) -> tuple[Innocent, ...]:
    if form not in ("reply", "payment"):
        return ()
    low = [told for told in rows if told.stars is not None and told.stars <= 3]
    return (
        Innocent(
            explanation="对质量问题、退货的正常补偿或者退款",
            result=f"提到退货、破损、差价等售后事由的付款回复不计入；{len(low)}条回复位于三星以下评价之下",
            remains=bool(low),
        ),
    )


def _period(rows: Sequence[Told]) -> str:
    first, last = min(told.since for told in rows), max(told.until for told in rows)
    return f"时间为{beijing(first)[:11]}至{beijing(last)[:11]}"


def _captures(rows: Sequence[Told]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(told.thing.capture for told in rows))
