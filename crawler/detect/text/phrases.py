"""Many phrases found in one pass: joined parts in order (返…现), numbers as one sign (#). Linear in text and hits."""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import ahocorasick

from crawler.detect.text.characters import is_han, is_rare
from crawler.detect.text.folding import Folded, fold
from crawler.detect.text.spelling import automaton, homophone_table

GAP = (
    8  # folded characters between two parts of a phrase, as lexicon.md §"a few characters apart" is read here
)
NUMBER = "#"
LEAST = 2  # Han characters of a phrase that is heard
SLIPS = 100  # characters with one slip of typing in ordinary text, at most (measured: one in 900)
RARE, RARE_SHARE = (
    3,
    0.07,
)  # rare characters from which on a text is taken to swap: ordinary text has .01 to .02
SWAPS = 2  # restored spellings from which on a text is taken to swap characters
# Ranges (20-50) are one number; "ioo天" is how adverts write 100天. Blanks beside a number are no border.
_NUMBERS = re.compile(r" ?(?:\d{1,9}(?:[.\-~至到]\d{1,9})?|(?<![a-z])[oil]{2,4}(?=[元块一]{0,2}天)) ?")


@dataclass(frozen=True)
class Read:
    """Folded text with each number as one sign; `places[i]` is the folded offset of character i."""

    folded: Folded
    text: str
    places: array  # type: ignore[type-arg]

    @cached_property
    def swaps(self) -> bool:
        """Does the text write several words otherwise, more than slips of typing would, or in rare characters?"""
        if len(self.folded.restorations) >= max(SWAPS, len(self.text) // SLIPS):
            return True
        return sum(map(is_rare, self.folded.text)) >= max(RARE, len(self.text) * RARE_SHARE)

    def folded_span(self, start: int, end: int) -> tuple[int, int]:
        """Folded offsets of read characters `start:end`."""
        return self.places[start], self.places[end]


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase found: which one, and read offsets. `sounding`: it is there by sound only."""

    name: str
    phrase: str
    start: int
    end: int
    sounding: bool = False


def read(text: str) -> Read:
    """`text` folded, its numbers as signs."""
    folded = fold(text)
    parts, places, last = [], array("L"), 0
    for number in _NUMBERS.finditer(folded.text):
        parts.append(folded.text[last : number.start()])
        places.extend(range(last, number.start()))
        parts.append(NUMBER)
        places.append(number.start())
        last = number.end()
    parts.append(folded.text[last:])
    places.extend(range(last, len(folded.text) + 1))
    return Read(folded, "".join(parts), places)


class Phrases:
    """A set of named phrases. Two names may hold the same phrase."""

    def __init__(self, named: Mapping[str, Iterable[str]]) -> None:
        self._all: list[tuple[str, str, tuple[str, ...]]] = []
        for name, phrases in named.items():
            for phrase in dict.fromkeys(phrases):
                self._all.append((name, phrase, tuple(_plain(part) for part in phrase.split("…"))))
        self._exact = self._automaton(str)
        self._sound = self._automaton(sound)
        self._lengths = [
            sum(is_han(character) or character == NUMBER for part in parts for character in part)
            for _, _, parts in self._all
        ]

    def find(self, text: str, *, heard: bool = False) -> Iterator[Match]:
        """Every phrase in `text`; where `heard`, also those that are there by sound only.

        Short phrases are heard in ordinary text by chance: `heard` is for text that is known to swap characters.
        Each of a joined phrase's parts counts from its last occurrence.
        """
        for which, start, end, _ in self._joined(self._exact, text, text):
            name, phrase, _ = self._all[which]
            yield Match(name, phrase, start, end)
        if not heard:
            return
        for which, start, end, differs in self._joined(self._sound, sound(text), text):
            name, phrase, _ = self._all[which]
            if differs and self._lengths[which] >= LEAST:
                yield Match(name, phrase, start, end, sounding=True)

    def _automaton(self, form: Callable[[str], str]) -> ahocorasick.Automaton:
        parts: dict[str, list[tuple[int, int]]] = {}
        for which, (_, _, split) in enumerate(self._all):
            for place, part in enumerate(split):
                parts.setdefault(form(part), []).append((which, place))
        return automaton((part, (len(part), tuple(uses))) for part, uses in parts.items())

    def _joined(
        self, search: ahocorasick.Automaton, heard: str, text: str
    ) -> Iterator[tuple[int, int, int, bool]]:
        """Phrase, start, end, and whether a part is written otherwise."""
        open_: dict[tuple[int, int], tuple[int, int, bool]] = {}
        for last, (length, uses) in search.iter(heard):
            start, end = last + 1 - length, last + 1
            written = text[start:end]
            for which, place in uses:
                parts = self._all[which][2]
                first, differs = start, written != parts[place]
                if place:
                    before = open_.get((which, place - 1))
                    if before is None or not 0 <= start - before[1] <= GAP or "\n" in text[before[1] : start]:
                        continue
                    first, differs = before[0], differs or before[2]
                if place + 1 == len(parts):
                    yield which, first, end, differs
                else:
                    open_[which, place] = (first, end, differs)


def sound(text: str) -> str:
    """Each character as the group that it sounds like."""
    return text.translate(homophone_table())


def _plain(part: str) -> str:
    return fold(part).text
