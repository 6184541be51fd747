"""The first half of folding: character by character, and marks that were put between the characters of a word.

NFKC, lower case, traditional → simplified; characters without width are dropped; a mark, a blank or an emoji between
two Han characters is dropped where it cannot be a border of words. Every folded character keeps its original offsets.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache

from crawler.detect.text.tables import rows

_INSIDE = frozenset("*.·-/|\\~^#@&`'\"•・=<>¤○●◎□■◇◆△▲▽▼※→←↑↓﹒ˉˇ¨〃々∼‖∶°′″§№★☆")
_PAUSES = frozenset(",:;、_")
_LONGEST_RUN = 4  # more marks in a row are a border, not a disguise
_STEADY = re.compile("[\u4e00-\u9fff0-9a-z\n]+")  # stand for themselves but for traditional forms
_MARKS = re.compile("[^\u4e00-\u9fff0-9a-z\n]+")
_REPLACEMENT = "\ufffd"
_REMEMBERED = 1 << 16  # characters; all that real pages use


@dataclass(slots=True)
class Characters:
    """Folded characters side by side with the half-open range of the original that each stands for."""

    text: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def add(self, text: str, start: int, end: int) -> None:
        """Characters that all stand for `start:end`."""
        self.text += text
        self.starts += [start] * len(text)
        self.ends += [end] * len(text)

    def add_run(self, text: str, start: int) -> None:
        """Characters that stand for one each, from `start` on."""
        self.text += text
        self.starts += range(start, start + len(text))
        self.ends += range(start + 1, start + 1 + len(text))

    def copy(self, other: "Characters", start: int, end: int) -> None:
        """Characters `start:end` of another."""
        self.text += other.text[start:end]
        self.starts += other.starts[start:end]
        self.ends += other.ends[start:end]


def characters(text: str, meaningful: frozenset[str] = frozenset()) -> Characters:
    """`text` folded character by character. `meaningful`: marks and emoji that stand for a word and are kept."""
    plain, done = Characters(), 0
    for run in _STEADY.finditer(text):
        _one_by_one(text, done, run.start(), plain)
        plain.add_run(run[0].translate(_simplified()), run.start())
        done = run.end()
    _one_by_one(text, done, len(text), plain)
    return _without_inserted_marks(plain, meaningful)


def _one_by_one(text: str, start: int, end: int, plain: Characters) -> None:
    for place in range(start, end):
        plain.add(folded_character(text[place]), place, place + 1)


@lru_cache(_REMEMBERED)
def folded_character(character: str) -> str:
    """What one character becomes: nothing where it has no width."""
    kind = unicodedata.category(character)
    if kind in ("Cf", "Mn", "Me"):
        return ""
    if kind == "Cs":
        return _REPLACEMENT
    if kind == "Cc":
        return "\n" if character in "\n\r\v\f" else " "
    plain = unicodedata.normalize("NFKC", character).casefold().translate(_simplified())
    return "".join(each for each in plain if unicodedata.category(each) != "Mn")


def is_han(character: str) -> bool:
    """Is it a Chinese character?"""
    return "\u4e00" <= character <= "\u9fff" or "\u3400" <= character <= "\u4dbf" or character >= "\U00020000"


@lru_cache(_REMEMBERED)
def is_rare(character: str) -> bool:
    """A Chinese character outside the 3,755 of GB 2312's first level: ordinary text has one or two in a hundred."""
    return is_han(character) and not b"\xb0\xa1" <= character.encode("gb2312", "replace") <= b"\xd7\xf9"


@cache
def _simplified() -> dict[int, str]:
    return {ord(row[0]): row[1] for row in rows("simplified.tsv")}


def _without_inserted_marks(plain: Characters, meaningful: frozenset[str]) -> Characters:
    kept, text, done = Characters(), "".join(plain.text), 0
    for marks in _MARKS.finditer(text):
        for start, end in _runs(text, marks.start(), marks.end(), meaningful):
            if _is_inserted(text, start, end):
                kept.copy(plain, done, start)
                done = end
    kept.copy(plain, done, len(text))
    return kept


def _runs(text: str, start: int, end: int, meaningful: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Runs of marks that may have been put in, within `text[start:end]`."""
    first = start
    for place in range(start, end):
        if not _may_be_inserted(text[place], meaningful):
            if first < place:
                yield first, place
            first = place + 1
    if first < end:
        yield first, end


@lru_cache(_REMEMBERED)
def _may_be_inserted(character: str, meaningful: frozenset[str]) -> bool:
    if character in meaningful or character == "\n":
        return False
    if character in _INSIDE or character in _PAUSES or character.isspace():
        return True
    return unicodedata.category(character) in ("So", "Sk")


def _is_inserted(text: str, start: int, end: int) -> bool:
    """Do these marks stand inside a word? A pause or a blank does only beside a character that stands alone."""
    if start == 0 or end == len(text) or end - start > _LONGEST_RUN:
        return False
    left, right = text[start - 1], text[end]
    if not (is_han(left) or _alone(text, start - 1)) or not (is_han(right) or _alone(text, end)):
        return False
    if not is_han(left) and not is_han(right):
        return False
    if all(mark not in _PAUSES and not mark.isspace() for mark in text[start:end]):
        return True
    return _alone(text, start - 1) or _alone(text, end)


def _alone(text: str, place: int) -> bool:
    """A character or a letter with no other character or letter beside it."""
    before = place > 0 and text[place - 1].isalnum()
    after = place + 1 < len(text) and text[place + 1].isalnum()
    return text[place].isalpha() and not before and not after
