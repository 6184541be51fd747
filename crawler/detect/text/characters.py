"""The first half of folding: character by character, and marks that were put between the characters of a word.

NFKC, lower case, traditional → simplified; characters without width are dropped; a mark, a blank or an emoji between
two Han characters is dropped where it cannot be a border of words. Every folded character keeps its original offsets.
"""

import unicodedata
from dataclasses import dataclass, field
from functools import cache, lru_cache

from crawler.detect.text.tables import rows

_INSIDE = frozenset("*.·-_/|\\~^#@&`'\"•・=<>¤○●◎□■◇◆△▲▽▼※→←↑↓﹒ˉˇ¨〃々∼‖∶°′″§№★☆")
_PAUSES = frozenset(",:;、")
_LONGEST_RUN = 4  # more marks in a row are a border, not a disguise
_REPLACEMENT = "\ufffd"
_REMEMBERED = 1 << 16  # characters; all that real pages use


@dataclass(slots=True)
class Characters:
    """Folded characters side by side with the half-open range of the original that each stands for."""

    text: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def add(self, character: str, start: int, end: int) -> None:
        """One more character."""
        self.text.append(character)
        self.starts.append(start)
        self.ends.append(end)


def characters(text: str, meaningful: frozenset[str] = frozenset()) -> Characters:
    """`text` folded character by character. `meaningful`: marks and emoji that stand for a word and are kept."""
    plain = Characters()
    for place, character in enumerate(text):
        for folded in folded_character(character):
            plain.add(folded, place, place + 1)
    return _without_inserted_marks(plain, meaningful)


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
    plain = unicodedata.normalize("NFKC", character).casefold()
    return "".join(_simplified().get(each, each) for each in plain if unicodedata.category(each) != "Mn")


def is_han(character: str) -> bool:
    """Is it a Chinese character?"""
    return "\u4e00" <= character <= "\u9fff" or "\u3400" <= character <= "\u4dbf" or character >= "\U00020000"


@cache
def _simplified() -> dict[str, str]:
    return {row[0]: row[1] for row in rows("simplified.tsv")}


def _without_inserted_marks(plain: Characters, meaningful: frozenset[str]) -> Characters:
    kept = Characters()
    text, place, length = plain.text, 0, len(plain.text)
    while place < length:
        until = place
        while until < length and _may_be_inserted(text[until], meaningful):
            until += 1
        if until == place:
            kept.add(text[place], plain.starts[place], plain.ends[place])
            place += 1
            continue
        if not _is_inserted(text, place, until):
            for each in range(place, until):
                kept.add(text[each], plain.starts[each], plain.ends[each])
        place = until
    return kept


@lru_cache(_REMEMBERED)
def _may_be_inserted(character: str, meaningful: frozenset[str]) -> bool:
    if character in meaningful or character == "\n":
        return False
    if character in _INSIDE or character in _PAUSES or character.isspace():
        return True
    return unicodedata.category(character) in ("So", "Sk")


def _is_inserted(text: list[str], start: int, end: int) -> bool:
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


def _alone(text: list[str], place: int) -> bool:
    """A character or a letter with no other character or letter beside it."""
    before = place > 0 and text[place - 1].isalnum()
    after = place + 1 < len(text) and text[place + 1].isalnum()
    return text[place].isalpha() and not before and not after
