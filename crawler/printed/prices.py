"""Prices: "券后价 ¥59.9起", "149.00 - 159.00", "US $349.99", "349,95", and 分 where they are printed."""

import re
from decimal import Decimal

from price_parser import Price

from crawler.printed.numbers import UNITS
from crawler.printed.plain import LARGEST, plain

CURRENCIES = (  # a plain "$" is that of twenty countries, so it names none
    ("HKD", r"HK ?\$|HKD|港币|港元"),
    ("TWD", r"NT ?\$|TWD|新台币"),
    ("USD", r"US ?\$|USD|美元|美金"),
    ("AUD", r"\bAU?\$|AUD|澳元"),
    ("CAD", r"\bCA?\$|CAD|加元"),
    ("EUR", r"€|EUR|欧元"),
    ("GBP", r"£|GBP|英镑"),
    ("JPY", r"円|JPY|日元"),
    ("KRW", r"₩|KRW|韩元"),
    ("RUB", r"₽|RUB|руб|卢布"),
    ("CNY", r"¥|CNY|RMB|人民币|元|块"),
)
# Not every code there is: ALL and TOP are currencies, too.
CODE = "AED|BRL|CHF|CZK|DKK|HUF|IDR|INR|MOP|MXN|MYR|NOK|NZD|PHP|PLN|SEK|SGD|THB|TRY|VND|ZAR"
BESIDE = re.compile(rf"\b(?P<before>{CODE})\s?\d|\d\s?(?P<after>{CODE})\b")
AMOUNT = re.compile(r"(?P<digits>\d[\d.,]*\d|\d)\s*(?P<unit>[千万亿])?")
BETWEEN = re.compile(r"(?:\s*元|,-)?\s*(?:-|~|–|—|至|到|\btot\b|\bbis\b|\bto\b)\s*[¥$€£]?\s*")
FORM = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+,\d+|\d+(?:[.,]\d\d?|\.\d{4,})?")
FEN = re.compile(r"\D*?(?P<digits>\d{1,15})\s*分")
NO_PRICE = re.compile(r"\d[?*]|[?*]\d|[-−]\s*¥?\d|%")  # hidden digits, a discount, a share
OTHER = re.compile(  # what is printed like a price and is none: a part of it, another's, an upper bound, 角 and 分
    r"定金|订金|首付|每期|月供|运费|邮费|配送费|立减|直降|已省|优惠\d|以下|以内|不超过|最高|\d\s*[角毛分]"
    r"|/\s*(?:mo|月|期)|\b(?:save|spend|orders?|shipping|off|max|under|up to)\b",
    re.IGNORECASE,
)
FROM = re.compile(
    r"起|\+|低至|最低|以上|\bfrom\b|\bstarting at\b|\bab\b|\bof meer\b|\bvanaf\b", re.IGNORECASE
)


def money(text: str | None) -> tuple[str, str | None, bool] | None:
    """Price, ISO 4217 currency (None if not printed), and whether it is a lower bound ("59.9起", a range).

    "券后价 ¥59.9起" → ("59.90", "CNY", True). None for two prices that are no range, for hidden digits, and
    for amounts that are not the price (a deposit, a rate per month, a saving). A number without unit is not
    known to be 分: "6700分" is 67.00 yuan, "6700" is 6700.00 of whatever the page counts in.
    """
    line = plain(text)
    if in_fen := FEN.fullmatch(line):
        return f"{Decimal(in_fen['digits']) / 100:.2f}", "CNY", False
    found = list(AMOUNT.finditer(line))
    is_range = len(found) == 2 and BETWEEN.fullmatch(line[found[0].end() : found[1].start()]) is not None
    if not found or (len(found) != 1 and not is_range):
        return None
    if NO_PRICE.search(line[: found[0].end() + 1]) or OTHER.search(line):
        return None
    amount = _amount(found[0])
    return None if amount is None else (amount, _currency(line), is_range or FROM.search(line) is not None)


def _amount(match: re.Match[str]) -> str | None:
    digits = match["digits"]
    if not FORM.fullmatch(digits):  # "1.299": thousands, or three decimals?
        return None
    amount = Price.fromstring(digits).amount
    if amount is None or amount >= LARGEST:
        return None
    amount *= UNITS.get(match["unit"] or "", 1)
    return f"{amount:.2f}" if amount == round(amount, 2) else f"{amount:f}"


def _currency(line: str) -> str | None:
    for code, signs in CURRENCIES:
        if re.search(signs, line):
            return code
    beside = BESIDE.search(line)
    return beside["before"] or beside["after"] if beside else None
