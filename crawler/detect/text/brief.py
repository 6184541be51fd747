"""Task briefs: what a post asks reviews to say, and whether reviews say it.

"要提到烧水快、不烫手、没异味": the items of such a list, each found in a review when one of its clauses holds the
item's characters in order and little else ("烧水特别快", "壶身不烫手", "打开没异味").
"""

import re
from dataclasses import dataclass

from crawler.detect.text.normalise import LONGEST, normalised
from crawler.detect.text.points import Clause

LEAST = 2  # items: one alone is anybody's word
_SLACK = 8  # characters that a clause may add to an item: "壶身摸着一点都不烫手" says 不烫手
_ITEM = (2, 14)  # characters
# A word that asks, then at most 80 characters to the end of the sentence.
_ASKS = re.compile(
    "(?:提到|提及|提一下|写到|写上|写明|带上|体现|突出|强调|包含|围绕|夸一下|关键词|关键字|卖点|要点|话术|文案)"
    "(?:是|为|有|：|:|下列|以下|这几点|这些)?([^。；;！!？?\n]{4,80})"
)
_BETWEEN = re.compile(r"[、，,/|+＋\s“”\"']|以及|还有|和|及|等")


@dataclass(frozen=True, slots=True)
class Demand:
    """Items that a post asks for; [start, end) in the post's text as it stands."""

    items: tuple[str, ...]
    start: int
    end: int


def demands(text: str) -> list[Demand]:
    """Every list of at least two items that a post asks for."""
    found = []
    for asked in _ASKS.finditer(text[:LONGEST]):
        items = [normalised(item).text for item in _BETWEEN.split(asked[1])]
        kept = tuple(dict.fromkeys(item for item in items if _ITEM[0] <= len(item) <= _ITEM[1]))
        if len(kept) >= LEAST:
            found.append(Demand(kept, asked.start(), asked.end()))
    return found


def met(demand: Demand, said: list[Clause]) -> dict[str, Clause]:
    """Item → the first clause of a review that says it."""
    found: dict[str, Clause] = {}
    for item in demand.items:
        for clause in said:
            if len(clause.text) <= len(item) + _SLACK and in_order(item, clause.text):
                found[item] = clause
                break
    return found


def in_order(item: str, text: str) -> bool:
    """Whether the characters of an item stand in a text in this order."""
    rest = iter(text)
    return all(character in rest for character in item)
