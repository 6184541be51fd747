"""Folding: a plain copy of a text to search in, with the way back to the original.

What people write to escape a search (薇信, 刷*单, shua单, 5⭐, 加V) is restored in the copy; findings quote the
original and say what was restored. Folding decodes spelling only: glyphs or fonts that a site disguises on purpose
stay as they are. Linear in the length of the text.
"""

from bisect import bisect_left
from dataclasses import dataclass

from crawler.detect.text.characters import Characters, characters, folded_character
from crawler.detect.text.spelling import PLAIN, Spelling, homophone_table, meaningful_marks, spellings

INSERTED = "夹入符号"
_ORDINARY = frozenset("/：:-—~·\n")  # 元/天


@dataclass(frozen=True, slots=True)
class Restoration:
    """Folded characters `start:end` are `plain`; the original writes `written`."""

    start: int
    end: int
    written: str
    plain: str
    how: str  # 同音, 形近, 拼音, 拆字, 暗语, 图形 …
    core: bool  # such a spelling is evasive; otherwise it may be a slip of typing

    def __str__(self) -> str:
        return f"{self.written}→{self.plain}（{self.how}）"


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text. `starts[i]:ends[i]` are the original characters that folded character i stands for."""

    original: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    restorations: tuple[Restoration, ...]  # in order, not overlapping

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original of folded characters `start:end`. Raises ValueError where there are none."""
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"no folded characters {start}:{end} in {len(self.text)}")
        return self.starts[start], max(self.ends[end - 1], self.starts[start] + 1)

    @property
    def homophones(self) -> list[str]:
        """For each folded character the group of characters that sound like it, or the character itself."""
        return list(self.text.translate(homophone_table()))

    def restored_in(self, start: int, end: int) -> list[Restoration]:
        """What was restored within folded characters `start:end`, marks put into a word among it."""
        first = bisect_left(self.restorations, start, key=lambda each: each.end - 1)
        found = []
        while first < len(self.restorations) and self.restorations[first].start < end:
            found.append(self.restorations[first])
            first += 1
        if not found and self._has_marks_inside(start, end):
            written = self.original[slice(*self.span(start, end))]
            found.append(Restoration(start, end, written, self.text[start:end], INSERTED, True))
        return found

    def _has_marks_inside(self, start: int, end: int) -> bool:
        """Was something with a width left out between two of these characters? Marks of ordinary lists are not."""
        gaps = (self.original[self.ends[i] : self.starts[i + 1]] for i in range(start, end - 1))
        return any(folded_character(each) and each not in _ORDINARY for gap in gaps for each in gap)


def fold(text: str) -> Folded:
    """The plain copy of `text`; see the module. Never fails: any text can be folded, lone surrogates too."""
    plain = characters(text, meaningful_marks())
    return _with_words(text, plain, spellings("".join(plain.text)))


def _with_words(original: str, plain: Characters, found: list[Spelling]) -> Folded:
    folded, restored, place = Characters(), [], 0
    for each in found:
        folded.copy(plain, place, each.start)
        start = len(folded.text)
        _write(plain, each, folded)
        if each.how != PLAIN:
            written = original[plain.starts[each.start] : plain.ends[each.end - 1]]
            restored.append(Restoration(start, len(folded.text), written, each.plain, each.how, each.core))
        place = each.end
    folded.copy(plain, place, len(plain.text))
    return Folded(original, "".join(folded.text), tuple(folded.starts), tuple(folded.ends), tuple(restored))


def _write(plain: Characters, word: Spelling, folded: Characters) -> None:
    """The plain word: character by character where both are as long, else each for the whole."""
    if len(word.plain) == word.end - word.start:
        for place, character in enumerate(word.plain, word.start):
            folded.add(character, plain.starts[place], plain.ends[place])
        return
    folded.add(word.plain, plain.starts[word.start], plain.ends[word.end - 1])
