"""Many phrases found in one pass: joined parts in order (返…现), numbers as one sign (#). Linear in text and hits."""

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from crawler.detect.text.folding import Folded, fold
from crawler.detect.text.spelling import automaton

GAP = 8  # folded characters between two parts of a phrase, as lexicon.md §"a few characters apart" is read here
NUMBER = "#"
# Ranges (20-50) are one number; "ioo天" is how adverts write 100天. Blanks beside a number are no border.
_NUMBERS = re.compile(r" ?(?:\d{1,9}(?:[.\-~至到]\d{1,9})?|(?<![a-z])[oil]{2,4}(?=[元块一]{0,2}天)) ?")


@dataclass(frozen=True, slots=True)
class Read:
    """Folded text with each number as one sign; `places[i]` is the folded offset of character i."""

    folded: Folded
    text: str
    places: array  # type: ignore[type-arg]

    def folded_span(self, start: int, end: int) -> tuple[int, int]:
        """Folded offsets of read characters `start:end`."""
        return self.places[start], self.places[end]


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase found: which one, and read offsets."""

    name: str
    phrase: str
    start: int
    end: int


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
        parts: dict[str, list[tuple[int, int]]] = {}
        self._all: list[tuple[str, str, int]] = []
        for name, phrases in named.items():
            for phrase in dict.fromkeys(phrases):
                split = [_plain(part) for part in phrase.split("…")]
                for place, part in enumerate(split):
                    parts.setdefault(part, []).append((len(self._all), place))
                self._all.append((name, phrase, len(split)))
        self._automaton = automaton((part, (len(part), tuple(uses))) for part, uses in parts.items())

    def find(self, text: str) -> Iterator[Match]:
        """Every phrase in `text`, by its end. Each of a joined phrase's parts counts from its last occurrence."""
        open_: dict[tuple[int, int], tuple[int, int]] = {}
        for last, (length, uses) in self._automaton.iter(text):
            start, end = last + 1 - length, last + 1
            for which, place in uses:
                name, phrase, parts = self._all[which]
                first = start
                if place:
                    before = open_.get((which, place - 1))
                    if before is None or not 0 <= start - before[1] <= GAP or "\n" in text[before[1] : start]:
                        continue
                    first = before[0]
                if place + 1 == parts:
                    yield Match(name, phrase, first, end)
                else:
                    open_[which, place] = (first, end)


def _plain(part: str) -> str:
    return fold(part).text
