"""What a text says of money for a good review (好评返现): the condition, the reward, and what ties them.

A condition (好评, 五星, 满分) and a reward (返现5元, 红包, 体验金) count only where one is the price of the other:
the reward follows the condition in one sentence, or is named before it with a word of condition between
(领取方法, 才, 让我). The wordings are those of cards in reported cases (law/lexicon.toml, group rebate_card) and of
buyers' complaints. A reward for *any* review (晒图有礼, 好评差评都送) is told apart: the law's element is 指定好评.

Works on the folded text (text/folding.py) and gives offsets in the original. Every expression is bounded: linear
time on any text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from crawler.detect.text.folding import Folded, fold

Kind = Literal["good", "any", "task", "payment"]
Stance = Literal["told", "denied", "guessed"]
_LONGEST = 20_000  # characters read of one text; a card or a reply has 200

# Without one of these characters (plain or as written evasively) a text cannot name a reward.
_TRIGGER = re.compile(r"[返反贩犯饭fF领岭奖红🧧💰💴补送退换给佣免金款]")

_NUMBER = r"(?:[0-9][0-9.~\-到至]{0,8}|[一二两三四五六七八九十几]{1,3}|\*{1,4})"
_MONEY = rf"{_NUMBER}\s?(?:元|块|米|rmb|京豆|%|个点)"
_GOODS = r"(?:现金|小)?(?:红包|体验金|现金|话费|京豆|优惠券|优惠卷|代金券|本金|佣金)"
_PRESENTS = r"(?:小样|试用装|贴纸|赠品|礼品|小?礼物|小礼品)"
_CONDITION = re.compile(
    r"(?:改成|改为|追加|打|写|给|全)?(?:"
    r"五星(?!级|酒店|红旗|大厨|电)(?:好评)?|好评(?!差评|率|度|如潮|中|有礼)|"
    r"五分(?!钟|之|裤|袖|熟|甜)(?:好评)?|满分(?!作文|卷)|美评(?!价))"
)
_YOU = r"(?:你|您|我)?"
_REWARD = re.compile(
    r"[返反](?:还)?(?:给)?" + _YOU + r"(?:现金?)?\s?" + _MONEY +
    r"|返(?:还)?(?:给)?" + _YOU + r"(?:现金?|款|钱|利|佣|本金|全款|红包|" + _NUMBER + r"(?![0-9年月日天点]))"
    r"|(?:领取?|换|兑换?|补偿|补|奖励?|退|给|送|获?得|拿|发|抽)(?:到|个|你|您|我){0,2}"
    r"(?:" + _MONEY + r"|" + _GOODS + r")(?:现金)?(?:红包|话费|体验金)?"
    r"|(?:领取?|换|送)(?:个|你|您)?" + _PRESENTS + r"(?!的问题)"
    r"|" + _MONEY + r"(?:现金)?(?:红包|话费|体验金)|现金红包|半价退|免单|全额?返"
    r"|" + _MONEY + r"钱?(?=(?:让|叫|换|买)" + _YOU + r"(?:给|改|打|写)?(?:好评|五星))"
)  # fmt: skip
_ANY_CONDITION = re.compile(r"(?:晒图|晒单|晒个图|写评价|评价有礼|好评有礼|写评论|点评|买家秀)")
_ANY = re.compile(
    r"好评差评都|好差评都|好坏都|(?:不管|不论|无论|不限)(?:好坏|几星|多少星|好评|什么评价)|几星都|"
    r"(?:没有?|不|未)(?:要求|用|必)(?:打|给|写)?(?:几星|好评|五星)|如实(?:写|评价?|说)(?:就|即|都|也)|任何评价"
)
_BREAK = re.compile(r"[。!?;\n]")
_NEAR = 32  # characters between condition and reward of one sentence: 五星好评+3张图+20字以上,截图发客服领
_FAR = 64  # the same within a list of steps, and from a promise to its steps
_STEPS = re.compile(r"方法|方式|步骤|条件|要求|规则|流程|截图|客服|微信|扫码")
_TERMS = re.compile(r"方法|方式|步骤|条件|要求|规则|流程")
# From the reward back to the condition: 返8块我才打五星; 让我好评; 为了5块钱给好评; 返现换好评.
_PRICE_OF = re.compile(
    r"(?:才|就为|为了|换|[让叫][你您我]|要求|求我|必须|须|需|得|条件|方法|方式|步骤|要不是|看在|谁|凭)"
)
_DENIED = re.compile(
    r"(?:不是|不会是?|并非|绝非|绝不|没有?|不)(?:因为|为了|冲着|图|贪)|连.{0,4}(?:都|也)(?:不|没|木)|"
    r"(?:禁止|严禁|不得|杜绝|拒绝|没有任何|从不|绝不)|没有?说(?:必须|需要|要).{0,6}(?:好评|五星)|"
    r"(?:没有|无|不给|不再给)(?:五星)?好评返|(?:给不了|不想给|不会给)(?:五星|好评)"
)
_DENIED_AFTER = re.compile(r"^.{0,3}(?:都|也)(?:不给|没给|舍不得)")
# Others' good reviews explained by money: a supposition, whoever makes it. 好评这么多,原来都是返现的.
_GUESSED = re.compile(
    r"估计|怀疑|猜|肯定都?是|应该都?是|是不是|难道|不会都?是|恐怕|可能都?是|怪不得|难怪|听说|"
    r"好评[^。!?;\n]{0,8}都是|被(?:五星)?好评"
)
_GUESSED_AFTER = re.compile(r"^.{0,3}(?:的吧|来的|吧[。!?,]|吧$|的吗)")
_TELLS = re.compile(
    r"卡片?|客服|卖家|商家|店家|掌柜|老板|店主|包裹|盒子|短信|电话|工作人员|说好|讲好|说|写|答应|承诺|活动|让我|叫我|"
    r"联系我|骗|没返|不返|没收到|没见|到账|返了|领到|拿到|才打|才给"
)
_TASK = re.compile(
    r"(?:体验官|试用|试客|任务|刷单|接单).{0,24}?(?:本金|佣金|红包|货款|垫付).{0,16}?(?:到账|返了|返还|结了|退回|没返)"
)
_TO_ORDER = re.compile(
    r"(?:评价|好评|文案|图片?).{0,4}(?:按(?:照)?要求|(?:是)?(?:他们|店家|商家|群主|老板)(?:给|发)的|照着写)"
)
_PAID = re.compile(
    r"(?:返款|体验金|货款|本金|佣金|红包|返现|奖励|本单)[^。!?;\n]{0,24}?(?:到账|打给|退回|返到|转给|发给|发放|返还)"
)
_FOR_REVIEW = re.compile(r"感谢配合|配合|体验官|晒图|追评|合作|下期|五星|好评|截图")
_HIRED = re.compile(r"体验官|合作|下期")  # without these 本单已退回 is an ordinary refund
_REFUND = re.compile(r"退货|售后|破损|质量问题|补发|运费|差价|少发|漏发|瑕疵|坏果|换货|缺货")
_CARD = re.compile(
    r"(?:卡片|小卡|返现卡|红包卡|好评卡|刮刮卡|贵宾卡|服务卡|感谢卡|小纸条|纸条|张.{0,6}?卡)(?!号|住|顿|死|槽|针|座)"
)
_CARD_CAME = re.compile(r"掉|夹|塞|里有|里面|附|放了|收到|打开|拆|写着|上写|原话|正面|背面|送来|拍照")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start:end] of the original text; `plain`: the folded words there."""

    start: int
    end: int
    plain: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A reward and its condition, as one text has them.

    `kind`: good = 指定好评; any = any review is rewarded; task = a paid task is told; payment = money on its way to
    the author of a review. `stance` is that of a writer who is not the seller.
    """

    kind: Kind
    stance: Stance
    condition: Span | None
    reward: Span
    whole: Span
    card: Span | None  # the words that name a card
    thanks: bool  # 感谢五星支持: the stars are there already
    open: bool  # it says that any review will do: 好评差评都送
    amounts: tuple[str, ...]  # 5元, 8.8元
    restored: tuple[str, ...]  # 好坪→好评（形近）

    @property
    def spans(self) -> Iterator[tuple[str, Span]]:
        """(Chinese label, words) to quote, in order of place."""
        named = [("条件", self.condition), ("回报", self.reward), ("卡片", self.card)]
        known = [(label, span) for label, span in named if span]
        yield from sorted(known, key=lambda each: (each[1].start, each[1].end))


def offer_in(text: str | None) -> Offer | None:
    """The clearest offer in a text; None where there is none. Good before task, payment and any."""
    if not text or not _TRIGGER.search(text):
        return None
    folded = fold(text[:_LONGEST])
    for find in (_conditional, _task, _payment, _unconditional):
        found = find(folded)
        if found:
            return found
    return None


def _conditional(folded: Folded) -> Offer | None:
    """指定好评. Of several ties the closest that is told; else the closest."""
    found = [_offer(folded, "good", *tie) for tie in _ties(folded.text)]
    plain = [each for each in found if each.kind == "good"]
    told = [each for each in plain if each.stance == "told"]
    return min(told or plain or found, key=lambda each: each.whole.end - each.whole.start, default=None)


def _ties(text: str) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """(condition, reward) that stand together, by place. A reward is tied to the nearest condition on each side."""
    conditions = list(_CONDITION.finditer(text))
    before = 0
    for reward in _REWARD.finditer(text):
        while before < len(conditions) and conditions[before].end() <= reward.start():
            before += 1
        if before and _follows(text, conditions[before - 1], reward):
            yield conditions[before - 1], reward
        elif (after := _first_from(conditions, before, reward.end())) and _precedes(text, reward, after):
            yield after, reward


def _first_from(found: list[re.Match[str]], place: int, end: int) -> re.Match[str] | None:
    for each in found[place : place + 2]:  # one may overlap the reward: 返五分好评
        if each.start() >= end:
            return each
    return None


def _follows(text: str, condition: re.Match[str], reward: re.Match[str]) -> bool:
    between = text[condition.end() : reward.start()]
    if len(between) > _FAR:
        return False
    steps = bool(_STEPS.search(between))
    if len(between) > _NEAR and not steps:
        return False
    return not _BREAK.search(between) or (steps and "\n" not in between)


def _precedes(text: str, reward: re.Match[str], condition: re.Match[str]) -> bool:
    between = text[reward.end() : condition.start()]
    if len(between) > _FAR:
        return False
    if _TERMS.search(between):
        return True
    before = text[max(0, reward.start() - 8) : reward.start()]  # 为了, 要不是: directly before the reward
    near = len(between) <= _NEAR // 2 and not _BREAK.search(between)
    return near and bool(_PRICE_OF.search(between) or re.search(r"为了|要不是|看在|凭", before))


def _offer(folded: Folded, kind: Kind, condition: re.Match[str] | None, reward: re.Match[str]) -> Offer:
    text = folded.text
    start = min(reward.start(), condition.start()) if condition else reward.start()
    end = max(reward.end(), condition.end()) if condition else reward.end()
    around = text[max(0, start - 40) : end + 40]
    openly = bool(_ANY.search(around))
    if kind == "good" and openly:
        kind = "any"
    card = _card(text, start, end)
    return Offer(
        kind=kind, stance=_stance(text, start, end, card is not None), whole=_span(folded, start, end),
        condition=_span(folded, *condition.span()) if condition else None, reward=_span(folded, *reward.span()),
        card=_span(folded, *card.span()) if card else None,
        thanks=bool(re.search(r"谢", text[max(0, start - 10) : start])),
        open=openly, amounts=_amounts(text[max(0, start - 20) : end + 20]),
        restored=tuple(dict.fromkeys(str(each) for each in folded.restored_in(start, end) if each.core)),
    )  # fmt: skip


def _card(text: str, start: int, end: int) -> re.Match[str] | None:
    """A card named near the offer, and said to have come: 包裹里塞了张小卡."""
    first = max(0, start - 80)
    found = _CARD.search(text, first, min(len(text), end + 80))
    if found and _CARD_CAME.search(text[max(0, found.start() - 16) : found.end() + 16]):
        return found
    return None


def _stance(text: str, start: int, end: int, card: bool) -> Stance:
    before = _clause_before(text, start)
    after = text[end : end + 16]
    inside = text[start:end]
    if _DENIED.search(before + inside) or (_DENIED_AFTER.match(after) and "骗" not in text):
        return "denied"
    guessed = _GUESSED.search(before + inside) or _GUESSED_AFTER.match(after)
    if guessed and not card:
        return "guessed"
    adjacent = end - start <= 8
    return "told" if adjacent or card or _TELLS.search(text[max(0, start - 60) : end + 40]) else "guessed"


def _clause_before(text: str, start: int) -> str:
    before = text[max(0, start - 24) : start]
    return re.split(r"[。!?;\n]", before)[-1]


def _task(folded: Folded) -> Offer | None:
    found = _TASK.search(folded.text)
    if not found or not _TO_ORDER.search(folded.text):
        return None
    return _offer(folded, "task", _TO_ORDER.search(folded.text), found)


def _payment(folded: Folded) -> Offer | None:
    found = _PAID.search(folded.text)
    if not found or not _FOR_REVIEW.search(folded.text) or _REFUND.search(folded.text):
        return None
    if found[0].startswith("本单") and not _HIRED.search(folded.text):
        return None
    return _offer(folded, "payment", None, found)


def _unconditional(folded: Folded) -> Offer | None:
    """晒图就送小样: a reward for whatever is written."""
    condition = _ANY_CONDITION.search(folded.text)
    reward = _REWARD.search(folded.text, condition.end()) if condition else None
    if not condition or not reward or not _follows(folded.text, condition, reward):
        return None
    return _offer(folded, "any", condition, reward)


def _amounts(text: str) -> tuple[str, ...]:
    found = re.finditer(_MONEY, text)
    return tuple(
        dict.fromkeys(re.sub(r"\s|块$", lambda m: "元" if m[0] == "块" else "", each[0]) for each in found)
    )


def _span(folded: Folded, start: int, end: int) -> Span:
    return Span(*folded.span(start, end), folded.text[start:end])
