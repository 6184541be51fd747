"""How a review's words judge, by a list of words with printed weights (sentiment.tsv), read without any model.

A word counts with its weight; just after 不, 没 and the like with its opposite, halved (不太好 is no outright blame);
after 非常, 太 and the like, and after the first 但是, one and a half times. Of overlapping words the longest counts.
The score is (praise − blame) / (praise + blame + 2): a single mild word says little, a long text no more than a
short one. Each score is explained by the words that made it, with their places.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import ahocorasick

_LONGEST = 5_000  # characters read; the longest review of the saved pages has 2,000
_NEGATIONS = (
    "不", "没", "没有", "无", "别", "不太", "不是很", "不是", "并不", "毫无", "不够", "没什么", "不怎么", "谈不上",
    "未", "算不上", "不算", "不能说",
)  # fmt: skip
_STRONG = (
    "非常",
    "特别",
    "超级",
    "十分",
    "太",
    "极其",
    "很",
    "超",
    "真",
    "真的",
    "相当",
    "最",
    "绝对",
    "巨",
    "贼",
)
_TURN = 0.5  # a denied word is the opposite, but weaker: 不太好 is milder than 差
_MORE = 1.5
_DOUBT = 2.0  # weight of one clear word: chosen on online_shopping without hotels, not on the tested sets
_CONTRAST = ("但是", "不过", "可是", "然而", "但")  # what follows is what the writer means
_AFTER = 1.5


@dataclass(frozen=True, slots=True)
class Heard:
    """Characters [start:end] weigh `weight`: above 0 praise, below 0 blame."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Mood:
    """`score`: −1…1, 0 where nothing was found or praise and blame are even. `heard`: what it rests on."""

    score: float
    heard: tuple[Heard, ...]

    @property
    def praise(self) -> float:
        """The weight of all praise."""
        return sum(each.weight for each in self.heard if each.weight > 0)

    @property
    def blame(self) -> float:
        """The weight of all blame, above 0."""
        return -sum(each.weight for each in self.heard if each.weight < 0)


def mood(text: str) -> Mood:
    """How the text judges. Linear in the text; the first 5,000 characters count."""
    heard = tuple(_heard(text[:_LONGEST]))
    total = sum(each.weight for each in heard)
    return Mood(total / (sum(abs(each.weight) for each in heard) + _DOUBT), heard)


def _heard(text: str) -> Iterator[Heard]:
    turned = min((place for word in _CONTRAST if (place := text.find(word)) >= 0), default=len(text))
    for start, end, weight in _words(text):
        before = text[max(0, start - 3) : start]
        if before.endswith(_NEGATIONS):
            weight *= -_TURN
        elif before.endswith(_STRONG):
            weight *= _MORE
        yield Heard(start, end, weight * (_AFTER if start > turned else 1.0))


def _words(text: str) -> Iterator[tuple[int, int, float]]:
    """Start, end, weight of the words; left to right, of several that begin at one place the longest."""
    # Not iter_long: in pyahocorasick 2.3 it passes over 好 in 不太好, having begun on 太好了.
    found = [(end - length + 1, -length, weight) for end, (length, weight) in weights().iter(text)]
    reached = 0
    for start, less, weight in sorted(found):
        if start >= reached:
            reached = start - less
            yield start, reached, weight


@cache
def weights() -> "ahocorasick.Automaton":
    """The list. Raises ValueError for a line that is none and for a word with two weights."""
    automaton = ahocorasick.Automaton()
    for line in Path(__file__).with_name("sentiment.tsv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            weight, _, words = line.partition("\t")
            for word in words.split():
                if not automaton.add_word(word, (len(word), float(weight))):
                    raise ValueError(f"sentiment.tsv lists {word} twice")
    automaton.make_automaton()
    return automaton
