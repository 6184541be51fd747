"""Contacts and traces of people in a text: telephone numbers, accounts, cards, plates, parcels, addresses, links.

Read in the folded text (folding.py), so that full-width and circled digits are digits; numbers are also read with
words and look-alike letters as digits. Prices, dates and numbers of goods are none: a number counts by its form, its
check
digit and the word before it. Every pattern has a bounded length: linear time.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from crawler.redaction.folding import Folded, fold
from crawler.redaction.numerals import disguised, in_the_plan, luhn, resident_check
from crawler.redaction.places import places

LONGEST = 8_000_000  # characters of one text that are read


class Contact(NamedTuple):
    """Characters [start, end) of the original text."""

    kind: str
    start: int
    end: int


Found = Iterator[tuple[str, int, int]]

_GAP = r"[ \t\u3000()\[\].·•_\-‐-―~*|]{0,3}"
_NO_DIGIT = re.compile("[^0-9]+")
_MOBILE = re.compile(
    rf"(?<![0-9])(?:(?:\+|00)?86{_GAP})?(?P<number>1{_GAP}[3-9]{_GAP}[0-9](?:{_GAP}[0-9]){{8}})(?![0-9])"
)
_LANDLINE = re.compile(
    r"(?<![0-9.])(?:\+?86[ -]?)?(?P<number>\(?0[1-9][0-9]{1,2}\)?[ \-‐-―]{0,3}"
    r"[2-9][0-9]{2,3}[ \-]?[0-9]{3,4})(?![0-9])"
)
_LOCAL = re.compile(
    r"(?:电话|座机|固话|热线|联系方式|客服|tel|phone)[^0-9\n]{0,8}(?P<number>[2-9][0-9]{2,3}[ \-]?[0-9]{4})(?![0-9])"
)
_SERVICE = re.compile(rf"(?<![0-9])[48]{_GAP}0{_GAP}0(?:{_GAP}[0-9]){{7}}(?![0-9])")
_EMAIL = re.compile(
    r"(?<![a-z0-9._%+-])[a-z0-9_%+-][a-z0-9._%+-]{0,63}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}"
)
_SPELLED_EMAIL = re.compile(
    r"(?<![a-z0-9._-])[a-z0-9][a-z0-9._-]{2,40}[ (\[（【]{0,2}(?:@|#|\bat\b|艾特|圈a)[ )\]）】]{0,2}"
    r"(?:qq|vip\.qq|163|126|yeah|sina|sohu|139|189|foxmail|aliyun|gmail|hotmail|outlook|icloud|live)"
    r"[ (\[（【]{0,2}(?:\.|点|dot|。)[ )\]）】]{0,2}(?:com|net|cn|c0m)(?![a-z0-9])"
)
_QQ = re.compile(
    r"(?:q\s?q|扣扣|抠抠|球球|蔻蔻|企鹅号?|q群|加群|进群|群号|加q|加扣|[oо0]?[qq]号)"
    r"[^a-z0-9\n。!?]{0,8}(?P<number>[1-9](?:[ .\-·]{0,2}[0-9]){4,11})(?![0-9])"
)
_WEIXIN_WORD = (
    r"(?:微\s?信|薇\s?信|威\s?信|徽\s?信|维\s?信|喂信|巍信|溦信|魏信|卫星号?|微❤️?|微♥|微芯|微心|v\s?信|v❤|v♥|wei\s?xin|we\s?chat|w\s?x|v\s?x|"
    r"[加➕+＋佳家嘉伽茄]\s?[v薇微威徽维溦]|(?<![a-z])v(?=\s?[:：号])|薇(?=\s?[:：号a-z0-9])|威(?=\s?[:：])|徽(?=\s?[:：]))"
)
_WEIXIN = re.compile(
    rf"{_WEIXIN_WORD}(?P<label>号|信号|同号|id)?(?P<gap>[^a-z0-9\n。!?]{{0,8}})"
    rf"(?P<account>[a-z][a-z0-9_\-]{{4,23}}|[0-9](?:[ .\-·]{{0,2}}[0-9]){{4,11}})(?![a-z0-9])"
)
_PLAIN_GAP = re.compile(r"[\s:：是为=>→\-—_()（）\[\]【】]*")
_ACCOUNT = re.compile(
    r"(?:支付宝|alipay|抖音|快手|小红书|微博|旺旺|telegram|tg|whatsapp|飞机|蝙蝠|钉钉|闲鱼)(?:账号|帐号|号|id)[:：\s]{0,3}(?P<account>[a-z0-9_\-.]{5,30})(?![a-z0-9])"
)
_ID_CARD = re.compile(
    r"(?<![0-9])[1-9][0-9]{5}(?:[ \-]?(?:18|19|20)[0-9]{2})[ ]?"
    r"[01][0-9][ ]?[0-3][0-9][ \-]?[0-9]{3}[0-9x](?![0-9a-z])"
)
_NAMED_ID = re.compile(
    r"(?:身份证|证件)(?:号码?)?[^0-9\n]{0,6}(?P<number>[1-9](?:[ \-]?[0-9*]){13,16}[ \-]?[0-9x])(?![0-9a-z])"
)
_CARD = re.compile(
    r"(?<![0-9])[3-6][0-9]{3}(?:[ \-]?[0-9]{4}){2}[ \-]?[0-9]{3,4}(?:[ \-]?[0-9]{1,3})?(?![0-9])"
)
_NAMED_CARD = re.compile(
    r"(?:卡号|银行卡|储蓄卡|账号|帐号|户头|开户行?)[^0-9\n]{0,12}(?P<number>[0-9](?:[ \-]?[0-9]){14,18})(?![0-9])"
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][ ]?[a-hj-np-z][ ·.•\-]?"
    r"(?P<body>[a-hj-np-z0-9]{4,5}[a-hj-np-z0-9挂学警港澳])(?![a-z0-9])"
)
_PARCEL = re.compile(
    r"(?<![a-z0-9])(?:sf[0-9]{12,13}|yt[0-9]{13,15}|jd[a-z]{0,2}[0-9]{10,15}|zto?[0-9]{12,14}|jt[0-9]{13}|dpk[0-9]{12})(?![a-z0-9])"
)
_NAMED_PARCEL = re.compile(
    r"(?:快递|运单|物流|包裹|顺丰|圆通|中通|申通|韵达|邮政|ems|极兔|取件)(?:单号|单|号码|编号|码|号)[^a-z0-9\n]{0,6}(?P<number>[a-z]{0,4}[0-9][0-9\-]{3,24})(?![a-z0-9])"
)
_ORDER = re.compile(
    r"(?:订单|交易|单号|流水|order)(?:编号|号码|单号|号|no\.?|id|number)?[^a-z0-9\n]{0,6}"
    r"(?P<number>[a-z]{0,4}[0-9](?:[ \-]?[0-9]){9,25})(?![a-z0-9])"
)
_MENTION = re.compile(r"(?<![a-z0-9._%+$&*#-])@(?P<name>[\w\u3400-\u9fff\-·]{2,30})(?!\.[a-z])")
_REPLY = re.compile(r"(?<![\w])回复[ ]?@?(?P<name>[^\s:：,，。!?！？]{1,24})[ ]?[:：]")
_LINK = re.compile(
    r"(?:https?|ftp|wss?)://[^\s\"'<>（）()，。；、“”\u3400-\u9fff]{3,2000}|(?<![a-z0-9.@-])www\.[a-z0-9.-]{3,100}(?:/[^\s\"'<>，。；、“”\u3400-\u9fff]{0,500})?"
    r"|(?<![a-z0-9.@/-])(?:[a-z0-9-]{1,40}\.){1,4}(?:com|cn|net|org|cc|top|vip|shop|xyz|me|tb|ly)/[a-z0-9._~%?&=/#+-]{2,500}"
)


def contacts(text: str, kinds: frozenset[str]) -> list[Contact]:
    """Every contact of these kinds, in order, without overlaps: of two at one place the longer one."""
    folded = fold(text[:LONGEST])
    found = []
    for wanted, find in _FINDERS:
        if kinds & wanted:
            found += [_back(folded, one) for one in find(folded.text) if one[0] in kinds]
    return _apart(found)


def _back(folded: Folded, found: tuple[str, int, int]) -> Contact:
    return Contact(found[0], *folded.original(found[1], found[2]))


def _apart(found: list[Contact]) -> list[Contact]:
    kept: list[Contact] = []
    for one in sorted(set(found), key=lambda each: (each.start, -each.end, each.kind)):
        if kept and one.start < kept[-1].end:
            kept[-1] = kept[-1]._replace(end=max(kept[-1].end, one.end))
        else:
            kept.append(one)
    return kept


def _telephones(text: str) -> Found:
    for reading in _readings(text):
        for match in _MOBILE.finditer(reading):
            if _is_one_number(match["number"]) and in_the_plan(_NO_DIGIT.sub("", match["number"])):
                yield "mobile", *match.span()
        for match in _SERVICE.finditer(reading):
            if _is_one_number(match[0]):
                yield "service", *match.span()
        for match in _LANDLINE.finditer(reading):
            if in_the_plan(_NO_DIGIT.sub("", match["number"])):
                yield "landline", *match.span("number")
    for match in _LOCAL.finditer(text):
        yield "landline", *match.span("number")


def _readings(text: str) -> Iterator[str]:
    yield text
    other = disguised(text)
    if other is not text:
        yield other


_PRICE = re.compile(r"[0-9]\.[0-9]{1,2}(?![0-9])")
_USUAL = {
    (3, 4, 4),
    (3, 3, 5),
    (4, 3, 4),
    (4, 4, 3),
    (3, 8),
    (7, 4),
    (3, 4, 3),
    (3, 3, 4),
    (3, 7),
    (2, 9),
    (5, 6),
}


def _is_one_number(written: str) -> bool:
    """Whether digits with marks between them are one number, and no row of prices or dates."""
    groups = re.findall("[0-9]+", written)
    gaps = {gap.strip() for gap in re.findall("[^0-9]+", written)}
    if len(groups) == 1:
        return True
    if len(groups) == 2 and "." in gaps:
        return False  # 13066.167449
    if _PRICE.search(written) and max(map(len, groups)) > 1:
        return False
    return tuple(map(len, groups)) in _USUAL or max(map(len, groups)) <= 2 or len(gaps) == 1


def _mails(text: str) -> Found:
    for pattern in (_EMAIL, _SPELLED_EMAIL):
        yield from (("email", *match.span()) for match in pattern.finditer(text))


def _accounts(text: str) -> Found:
    for reading in _readings(text):
        yield from (("qq", *match.span("number")) for match in _QQ.finditer(reading))
    for match in _WEIXIN.finditer(text):
        account = match["account"]
        letters_only = not any(each.isdigit() or each == "_" for each in account)
        # 微信 beside a word of letters is mostly no account: 微信小程序 android.
        direct = match["label"] or (_PLAIN_GAP.fullmatch(match["gap"]) and match["gap"].strip())
        if direct or not letters_only:
            yield "weixin", *match.span("account")
    yield from (("account", *match.span("account")) for match in _ACCOUNT.finditer(text))


def _cards(text: str) -> Found:
    for match in _ID_CARD.finditer(text):
        if resident_check(re.sub("[^0-9x]", "", match[0])):
            yield "id_card", *match.span()
    yield from (("id_card", *match.span("number")) for match in _NAMED_ID.finditer(text))
    for match in _CARD.finditer(text):
        digits = _NO_DIGIT.sub("", match[0])
        # A bare number of 16 digits that begins with 4 is mostly that of a post (weibo).
        if luhn(digits) and (digits.startswith("62") or len(match[0]) > len(digits)):
            yield "bank_card", *match.span()
    yield from (("bank_card", *match.span("number")) for match in _NAMED_CARD.finditer(text))


def _traces(text: str) -> Found:
    for match in _PLATE.finditer(text):
        if sum(each.isdigit() for each in match["body"]) >= _PLATE_DIGITS:
            yield "plate", *match.span()
    yield from (("parcel", *match.span()) for match in _PARCEL.finditer(text))
    yield from (("parcel", *match.span("number")) for match in _NAMED_PARCEL.finditer(text))
    yield from (("order", *match.span("number")) for match in _ORDER.finditer(text))


_PLATE_DIGITS = 3  # at least, of GA 36-2018's five or six


def _mentions(text: str) -> Found:
    yield from (("mention", *match.span("name")) for match in _MENTION.finditer(text))
    yield from (("mention", *match.span("name")) for match in _REPLY.finditer(text))


def _houses(text: str) -> Found:
    yield from (("address", start, end) for start, end in places(text))


def _links(text: str) -> Found:
    yield from (("link", *match.span()) for match in _LINK.finditer(text))


_FINDERS: tuple[tuple[frozenset[str], Callable[[str], Found]], ...] = (
    (frozenset(("mobile", "service", "landline")), _telephones),
    (frozenset(("email",)), _mails),
    (frozenset(("qq", "weixin", "account")), _accounts),
    (frozenset(("id_card", "bank_card")), _cards),
    (frozenset(("plate", "parcel", "order")), _traces),
    (frozenset(("mention",)), _mentions),
    (frozenset(("address",)), _houses),
    (frozenset(("link",)), _links),
)
