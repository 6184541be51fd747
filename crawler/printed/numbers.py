"""Counts: "1.2万+", "10k+", "已拼1万件", "1,049,900", "一万二千"."""

import re
from decimal import Decimal

import cn2an

from crawler.printed.plain import LARGEST, plain

UNITS = {"百": 100, "千": 1000, "k": 1000, "万": 10_000, "w": 10_000, "亿": 10**8}
NUMERAL = "零〇一二两三四五六七八九十百千万亿"
LEAST = r"(?P<least>超过?|逾|≥|>|至少|不少于|more than|\bover\b|at least)?\s*"
MORE = r"(?P<more>\s*\+|[余多]|[条人件次个单笔份]?以上)?"
DIGITS = re.compile(
    LEAST + r"(?<![-−.,:/?*¥€£$\da-z])(?P<digits>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?![,.]?\d)"
    r"\s*(?P<units>(?:[百千万亿]|[kw](?![a-z]))*)(?![%‰:/?*a-z]|\s*元)" + MORE
)
WORDS = re.compile(LEAST + rf"(?P<words>[{NUMERAL}]+)" + MORE)
# Upper bounds, and what is left to show of a count that is printed elsewhere.
PARTIAL = re.compile(
    r"还有|另有|不到|不足|(?<!不)少于|低于|最多|以内|以下|<|≤|\b(?:under|up to|less than|fewer than)\b"
)
MILLIONS = re.compile(r"(?<=\d)\s?M(?![A-Za-z])")  # a small m after a number is metres
OF_VOTES = re.compile(r"([\d,]{1,12}|one) (?:(?:out )?of [\d,]{1,12} )?(?:people|person)? ?found .*")
LABEL = re.compile(r"(?<![\d\s]):")  # "人数:444"; between digits it is a clock or a score
CAPPED = "1000000"  # Weibo counts no further, and shows this for whatever is more


def number(text: str | None) -> tuple[int, bool] | None:
    """The count in a text, and whether it is only a lower bound: "月销1.2万+" → (12000, True).

    None unless there is exactly one number, which is neither signed nor an upper bound nor part of a date,
    range, price or percentage. A decimal point without 万 or 千 after it is not understood ("8.340" may be 8340).
    """
    line = LABEL.sub(" ", MILLIONS.sub("百万", plain(text)).lower())
    if votes := OF_VOTES.fullmatch(line):  # "116 of 133 people found this helpful"
        line = votes[1].replace("one", "1")
    has_digits = re.search(r"\d", line)
    found = list((DIGITS if has_digits else WORDS).finditer(line))
    if len(found) != 1 or (has_digits and len(re.findall(r"\d[\d.,]*", line)) != 1) or PARTIAL.search(line):
        return None
    amount = _scaled(found[0]) if has_digits else numeral(found[0]["words"])
    if amount is None or amount != int(amount) or amount >= LARGEST:
        return None
    return int(amount), bool(found[0]["least"] or found[0]["more"] or found[0][0].strip() == CAPPED)


def _scaled(match: re.Match[str]) -> Decimal | None:
    if "." in match["digits"] and not match["units"]:
        return None
    amount = Decimal(match["digits"].replace(",", "")[:20])
    for unit in match["units"][:3]:
        amount *= UNITS[unit]
    return amount


def numeral(words: str) -> Decimal | None:
    """A Chinese numeral: "一万二千" → 12000. A unit alone ("万") is no number: None."""
    try:
        return Decimal(str(cn2an.cn2an(words, "smart")))
    except ValueError:  # cn2an's answer to "万" and "三百万千"
        return None
