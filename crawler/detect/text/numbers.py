"""Telephone numbers of a page in all their spellings: 400-1865-909, ４００ １８６５ ９０９, 四〇〇…, (0755)8888 8888.

A number is its digits: two spellings of one number are equal. Kinds: `service` (400, 800: seven more digits),
`short` (95xxx and 96xxx, only beside a word of telephoning: 95533 alone is any number), `mobile`, `landline` (area
code and all). Landlines and mobiles must be numbers that the plan of the country has (phonenumbers, region CN); 400
numbers are taken as printed: the page is evidence of what it prints. Linear time: each pattern is of fixed length.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Literal

import phonenumbers

Kind = Literal["service", "short", "mobile", "landline"]
HOTLINES: frozenset[Kind] = frozenset(("service", "short"))
LONGEST = 4_000_000  # characters of one text that are read: more than any page that people see

# One character for one, so that offsets stay. Full-width, mathematical and circled digits; then those that are also
# words (一, 零) or letters (O, l), which count as digits only in a number that has no other digits beside them.
_PLAIN = {0xFF10 + digit: str(digit) for digit in range(10)}
_PLAIN |= {first + digit: str(digit) for first in range(0x1D7CE, 0x1D7FF, 10) for digit in range(10)}
_MARKED = {
    code: str(digit) for digit in range(1, 10) for code in (0x245F + digit, 0x2775 + digit, 0x277F + digit)
}
_MARKED |= {0x24EA: "0", 0x24FF: "0"}
_WORDS = {ord(word): str(digit) for digit, word in enumerate("零一二三四五六七八九")}
_WORDS |= {ord(word): str(digit) for digit, word in enumerate("零壹贰叁肆伍陆柒捌玖")}
_WORDS |= {0x3007: "0", ord("○"): "0", ord("幺"): "1", ord("两"): "2"}
_LETTERS = {ord("O"): "0", ord("o"): "0", ord("l"): "1", ord("I"): "1"}
_AS_WRITTEN = _PLAIN
_DISGUISED = _PLAIN | _MARKED | _WORDS | _LETTERS

# Between two digits: at most three blanks, dashes, dots, brackets, joiners or keycap marks.
_GAP = "[ \\t\\u3000\\u00a0\\u2009\\u200b-\\u200d\\u2060\\ufeff\\ufe0f\\u20e3()（）.·•_\\-‐-―－~–—*]{0,3}"
_BEFORE, _AFTER = r"(?<![0-9])", r"(?![0-9])"


def _digits(first: str, more: int) -> str:
    return _GAP.join([*first, *["[0-9]"] * more])


_SERVICE = re.compile(f"{_BEFORE}(?:{_digits('400', 7)}|{_digits('800', 7)}){_AFTER}")
_MOBILE = re.compile(
    rf"{_BEFORE}(?:(?:\+|00)?86{_GAP})?(?P<number>1{_GAP}[3-9]{_GAP}{_digits('', 9)}){_AFTER}"
)
_LANDLINE = re.compile(
    rf"{_BEFORE}(?:\+86{_GAP})?(?P<number>0{_GAP}[1-9]{_GAP}[0-9]{_GAP}(?:[0-9]{_GAP})?[2-9]{_GAP}{_digits('', 6)}"
    rf"(?:{_GAP}[0-9])?){_AFTER}"
)
_SHORT = re.compile(
    rf"(?:电话|热线|客服|专线|拨打|致电|请拨|报修|服务台|[Tt][Ee][Ll])[^0-9\n]{{0,8}}(?P<number>9[56][0-9]{{3,4}}){_AFTER}"
)
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("service", _SERVICE),
    ("mobile", _MOBILE),
    ("landline", _LANDLINE),
    ("short", _SHORT),
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number at [start, end) of the text. `digits`: without country code and marks: equal for equal numbers."""

    digits: str
    kind: Kind
    start: int
    end: int
    disguised: bool = False  # written in words, letters or circled figures

    @property
    def shown(self) -> str:
        """As it is usually printed: 400-1865-909."""
        if self.kind == "service":
            return f"{self.digits[:3]}-{self.digits[3:7]}-{self.digits[7:]}"
        return self.digits


def numbers(text: str) -> list[Number]:
    """Every number of a text, in order, none overlapping another."""
    text = text[:LONGEST]
    found = list(_found(text.translate(_AS_WRITTEN), disguised=False))
    disguised = _found(text.translate(_DISGUISED), disguised=True)
    return _without_overlap(found, disguised)


def _found(text: str, *, disguised: bool) -> Iterator[Number]:
    taken: list[Number] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            name = "number" if "number" in pattern.groupindex else 0
            digits = _NO_DIGIT.sub("", match[name])
            if kind in ("service", "short") or in_the_plan(digits):
                taken.append(Number(digits, kind, match.start(name), match.end(name), disguised))
    yield from _without_overlap((), taken)


def _without_overlap(first: Iterable[Number], then: Iterable[Number]) -> list[Number]:
    """All of the first, and of the others those beside them, in order of place, the longer of two at one place."""
    own = set(first)
    kept: list[Number] = []
    for number in sorted(chain(own, then), key=lambda each: (each.start, each not in own, -each.end)):
        if not kept or number.start >= kept[-1].end:
            kept.append(number)
        elif number in own and kept[-1] not in own:
            kept[-1] = number
    return kept


@lru_cache(maxsize=100_000)
def in_the_plan(digits: str) -> bool:
    """Whether such a number of China exists, by length and first digits; not whether somebody answers."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(digits, "CN"))
    except phonenumbers.NumberParseException:
        return False


_NO_DIGIT = re.compile("[^0-9]+")
