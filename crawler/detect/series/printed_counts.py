"""Counters as they are printed: what "月销1.2万+" can mean at least and at most, and over which time it counts."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Over = Literal["month", "ever", "unknown"]
_NUMBER = re.compile(r"(\d{1,3}(?:,\d{3}){1,4}|\d{1,12})(?:\.(\d{1,4}))? ?(万|千|亿|w|k)?(\+|以上|多)?")
_UNITS = {None: 1, "": 1, "千": 1_000, "k": 1_000, "万": 10_000, "w": 10_000, "亿": 100_000_000}
_MONTH = (
    "月销",
    "月售",
    "月成交",
    "30天",
    "近30",
    "近一月",
    "付款",
)  # 付款 counts thirty days on the platforms
_EVER = ("已售", "累计", "总销", "总售", "已拼", "已抢", "售出", "评价", "评论", "晒单")
_LONGEST = 60  # characters of a printed counter that are read
# "1000+" may stand for anything up to the next printed step: 1, 2, 5, 10 … where one digit is printed; where two are,
# platforms step by the last digit, but not all do: twice the number.
_ONE_DIGIT, _MORE_DIGITS = 10, 2


@dataclass(frozen=True, slots=True)
class Counted:
    """A printed counter: its number lies in [low, high]; `over`: of the last month, or since the start."""

    printed: str
    low: int
    high: int
    over: Over


@lru_cache(maxsize=65536)
def counted(printed: str) -> Counted | None:
    """What a printed counter says; None where it holds no number, or several different ones."""
    text = unicodedata.normalize("NFKC", printed[:_LONGEST]).casefold()
    words = text.replace("近30天", "月销").replace("30天", "月销")
    found = [_range(match) for match in _NUMBER.finditer(words)]
    if len(set(found)) != 1:
        return None
    return Counted(printed, *found[0], _over(text))


def _range(match: re.Match[str]) -> tuple[int, int]:
    whole, part, unit, more = match.groups()
    digits = whole.replace(",", "") + (part or "")
    step = _UNITS[unit]
    # Integers all the way: 1.2万 = 12 tenths of 10,000.
    value = int(digits) * step // 10 ** len(part or "")
    if more:
        figures = len(digits.strip("0"))
        return value, value * (_ONE_DIGIT if figures <= 1 else _MORE_DIGITS)
    if step == 1:
        return value, value
    half = max(1, step // 10 ** len(part or ""))  # rounded or cut off, up or down: one unit of the last digit
    return max(0, value - half), value + half


def _over(text: str) -> Over:
    if any(word in text for word in _MONTH):
        return "month"
    return "ever" if any(word in text for word in _EVER) else "unknown"
