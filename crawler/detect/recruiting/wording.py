"""How findings of recruitment are worded: claim, reasons, slots, innocent readings, limits. All Chinese."""

from collections.abc import Sequence

from crawler.detect.kit.finding import VERDICTS, Fact, Innocent, Quote, Table
from crawler.detect.recruiting.gathered import Text
from crawler.detect.recruiting.readings import other_meanings
from crawler.detect.text.contact import Contact
from crawler.detect.text.criteria import Hit
from crawler.detect.text.slots import COUNTS, SLOTS, Kind, Reading, disclosed
from crawler.detect.text.stance import STANCES, sure_cues, title

_SHOWN = 3  # quotes of one slot: more say the same again
_CUES = 5  # cues of a stance that are named
_CLAIMS: dict[Kind, str] = {
    "recruitment": "疑似招募人员刷单或者有偿给好评",
    "agency": "疑似招揽商家购买刷单、评价服务",
    "live_barrage": "疑似招募人员在直播间发布指定弹幕",
    "reverse_brushing": "疑似招募人员下单后给差评",
    "task_scam": "疑似以刷单返利为名要求垫付款项",
    "rebate_card": "疑似以返现换取好评",
}
_WHY: dict[Kind, str] = {
    "recruitment": (
        "属于“招募—消费—评价—返款”中的招募环节：先约定好评和返还，再由应募者下单、评价，"
        "评价便不是自费消费者的自发意见。"
    ),
    "agency": "为商家提供刷单、评价的组织者处在四个环节之前：其价目和承诺可与具体店铺的评价、销量变化相互印证。",
    "live_barrage": "属于招募环节：按指定话术发言的人并非真实观众、买家，直播间的互动不能反映真实评价。",
    "reverse_brushing": "属于招募环节：以报酬换取对他人商品的差评，受影响的是被评价的店铺。",
    "task_scam": "帖文自称为商家刷单，同时要求先行垫付；真实商家是否存在需另查，应募者可能是受害人。",
    "rebate_card": "以给付财物为条件取得好评，评价区便不能反映消费者的真实意见。",
}
LIMITS = (
    "仅凭帖文不能确定有无人应募、是否实际下单和付款；需与评价、返款记录相互印证",
    "发帖人身份未核实；帖中图片里的文字未读取",
)


def claim(reading: Reading) -> str:
    """One plain sentence: which elements stand together."""
    named = "、".join(heading for name, (_, heading) in SLOTS.items() if reading.slot(name))
    return f"{_CLAIMS[reading.kind]}：同一作者的同一段文字中写有{named}"


def why(reading: Reading) -> str:
    """Why it matters."""
    return _WHY[reading.kind]


def facts(text: Text, reading: Reading, contacts: Sequence[Contact]) -> tuple[Fact, ...]:
    """Which criteria, why this trade, what was restored, contacts, label as an advertisement."""
    capture = (text.post.capture,)
    filled = [heading for name, (_, heading) in SLOTS.items() if reading.slot(name)]
    found = [
        Fact(text=f"共有{len(filled)}项要素：{'、'.join(filled)}", captures=capture),
        Fact(text=f"据以区别于一般招聘、促销的是：{'；'.join(reading.core)}", captures=capture),
    ]
    evasive = _sayable(reading.evasive)
    if evasive:
        found.append(Fact(text=f"用词经过变形，已还原：{'；'.join(evasive)}", captures=capture))
    if contacts:
        kinds = {
            "weixin": "微信",
            "qq": "QQ",
            "group": "群",
            "phone": "电话",
            "account": "账号（未写明种类）",
        }
        listed = "、".join(dict.fromkeys(kinds[contact.kind] for contact in contacts))
        found.append(Fact(text=f"留有站外联系方式{len(contacts)}处（{listed}）", captures=capture))
    label = "文中标有广告、合作字样" if disclosed(text.whole) else "所读文字中未见标明“广告”的字样"
    return (*found, Fact(text=label, captures=capture))


def quotes(text: Text, reading: Reading, contacts: Sequence[Contact]) -> tuple[Quote, ...]:
    """Up to three quotes of each slot, then the contacts with their accounts."""
    found = []
    for name, (_, heading) in SLOTS.items():
        for hit in _distinct(reading.slot(name))[:_SHOWN]:
            found.append(text.quote(hit.start, hit.end, heading, _restored(hit)))
    found += [text.quote(each.start, each.end, "联系方式", each.restored) for each in contacts[:_SHOWN]]
    return tuple(dict.fromkeys(found))


def table(text: Text, reading: Reading) -> Table:
    """Element, words as written, plain spelling, what else the word may mean."""
    rows = []
    for name, (_, heading) in SLOTS.items():
        for hit in _distinct(reading.slot(name))[:_SHOWN]:
            written = text.whole[hit.start : hit.end]
            rows.append((heading, written, _restored(hit) or "—", other_meanings(hit.term)))
    return Table(
        title="要素与原文",
        columns=("要素", "原文", "还原", "该词另有的含义（词表所列）"),
        rows=tuple(rows),
    )


def innocents(text: Text, reading: Reading) -> tuple[Innocent, ...]:
    """Every other reading that was tested: who else might speak so."""
    return (*(_stance(reading, stance) for stance in STANCES), _advertising(text))


def _stance(reading: Reading, stance: str) -> Innocent:
    decided, seen = reading.tested.get(stance, []), reading.seen.get(stance, [])
    if decided:
        result = (
            f"全文出现{_listed(decided)}等用语；所引段落单独看未达到标准，且自留联系方式，"
            "需人工判断两部分是否出自同一作者"
        )
    elif seen:
        result = f"所引段落仅见{_listed(seen)}，未见{_listed(sure_cues(stance))}等确定用语"
    else:
        result = f"未见{_listed(sure_cues(stance))}等确定用语，也未见相关用语"
    return Innocent(explanation=title(stance), result=result, remains=bool(decided))


def _listed(words: Sequence[str]) -> str:
    return "".join(f"“{word}”" for word in _sayable(words)[:_CUES]) or "相关用语"


def _sayable(words: Sequence[str]) -> list[str]:
    """Words of the page that our own sentences may repeat: 骗子 stays in the quotes."""
    return [word for word in words if not any(verdict in word for verdict in VERDICTS)]


def _advertising(text: Text) -> Innocent:
    labelled = disclosed(text.whole)
    result = (
        "文中有广告或者合作标识，标识不改变以报酬换取指定好评的内容" if labelled else "未见广告或者合作标识"
    )
    return Innocent(explanation="已标明的广告", result=result, remains=labelled)


def _distinct(found: Sequence[Hit]) -> list[Hit]:
    """One hit for each term, those of weight first; weak terms only where nothing else fills the slot."""
    telling = [hit for hit in found if hit.weight >= COUNTS] or found
    first: dict[str, Hit] = {}
    for hit in telling:
        first.setdefault(hit.term, hit)
    return list(first.values())


def _restored(hit: Hit) -> str | None:
    return "；".join(dict.fromkeys(map(str, hit.restored))) or None
