"""Runs of digits in a text, in whatever they are written: 138 0013 8000, １３８…, ①③⑧…, 一三八…, 1З8OO13….

Two readings of a folded text: as written, and with words and look-alike letters read as digits too. A character stays
one character, so offsets stay.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import phonenumbers

_WORDS = {ord(word): str(digit) for digit, word in enumerate("零一二三四五六七八九")}
_WORDS |= {ord(word): str(digit) for digit, word in enumerate("零壹贰叁肆伍陆柒捌玖")}
_WORDS |= {ord(word): str(digit) for word, digit in zip("〇○幺两", "0012", strict=True)}
# Folded already: capitals are small. Cyrillic З, о; Greek ο; l, I and |.
_LETTERS = {ord(letter): digit for letter, digit in zip("oоοзli|б", "00031116", strict=True)}
_DISGUISED = _WORDS | _LETTERS

_GAP = r"[ \t\n()\[\].·•_\-‐-―~*,、/|+]"
# Fixed lengths only: linear. Between two digits at most two marks.
_RUN = re.compile(rf"[0-9](?:{_GAP}{{0,2}}[0-9]){{6,23}}")
_WORDS_OR_LETTERS = re.compile("[^0-9]")


class Run(NamedTuple):
    """Digits at [start, end) of a folded text. `groups`: as the marks between them part them."""

    digits: str
    groups: tuple[str, ...]
    gaps: tuple[str, ...]
    start: int
    end: int


def plain_runs(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str]]:
    """Every place of a pattern in the text as written, then with words and look-alikes as digits."""
    yield from ((found, text) for found in pattern.finditer(text))
    other = disguised(text)
    if other is not text:
        yield from ((found, other) for found in pattern.finditer(other))


def disguised(text: str) -> str:
    """The text with words and look-alike letters as digits; the same object if it has none."""
    other = text.translate(_DISGUISED)
    return text if other == text else other


@lru_cache(maxsize=100_000)
def in_the_plan(digits: str) -> bool:
    """Whether the plan of China's telephone numbers has such a number (phonenumbers, region CN)."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(digits, "CN"))
    except phonenumbers.NumberParseException:
        return False


def luhn(digits: str) -> bool:
    """The check digit of bank cards (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def resident_check(number: str) -> bool:
    """The check character of 居民身份证 numbers (GB 11643-1999): 17 digits and a digit or x."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, number, strict=False))
    return "10x98765432"[total % 11] == number[17]
