"""Whether the reviews of a window are made up otherwise than the rest: Xie's joint test.

Source: Xie, Wang, Lin, Yu, "Review Spam Detection via Temporal Pattern Discovery", KDD 2012: volume, share of
one-time accounts and mean rating surge together. Added here: the share of reviews that have parts in common with
another account's review. Each share is compared inside and outside by Fisher's exact test; the best of the four is
charged for being the best of four.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from crawler.detect.series.chances import both, fisher_greater
from crawler.detect.series.people import Told
from crawler.detect.text.boilerplate import MASKS, masked
from crawler.detect.text.normalise import Normalised, normalised
from crawler.detect.text.points import clauses

CLEAR = 0.01  # chance at or below which a share counts as different
_MOST_CLAUSES = 12  # of one review: pairs grow with the square
_TOGETHER = 8  # characters of two clauses; shorter ones are everybody's
_WHOLE = 15  # characters of one clause or text that need no second (the shared run of the detector of templates)
_SHORTEST_EQUAL = 8  # characters of a whole text: shorter ones are everybody's
_LEAST_KNOWN = 0.8  # share of reviews that must show a fact before it is compared
NAMES = {
    "once": "一次性账号（档案内只有这一条评价）",
    "best": "最高评分",
    "worst": "低评分（2星及以下）",
    "shared": "与其他账号的评价有相同语句",
}


@dataclass(frozen=True, slots=True)
class Share:
    """One fact inside and outside of a window: `inside` of `of_inside`, `outside` of `of_outside`; chance `p`."""

    name: str
    inside: int
    of_inside: int
    outside: int
    of_outside: int
    p: float

    @property
    def clear(self) -> bool:
        """Whether the share inside is higher than chance allows."""
        return self.p <= CLEAR


@dataclass(frozen=True, slots=True)
class Composition:
    """The shares that could be compared, and the chance of the best of them, charged for the choice."""

    shares: tuple[Share, ...]

    @property
    def p(self) -> float:
        return min(1.0, len(self.shares) * min((share.p for share in self.shares), default=1.0))

    def get(self, name: str) -> Share | None:
        return next((share for share in self.shares if share.name == name), None)

    def clear(self, name: str) -> bool:
        share = self.get(name)
        return share is not None and share.clear

    def together_with(self, volume: float) -> float:
        """The chance of volume and composition together; under chance alone they have nothing to do with another."""
        return both(volume, self.p)


def composition(window: Sequence[Told], rest: Sequence[Told], shared: frozenset[str]) -> Composition:
    """Compare a window with the rest. `shared`: identifiers of the reviews with parts in common (`in_common`)."""
    found = []
    for name in NAMES:
        marks = [[_mark(row, name, shared) for row in rows] for rows in (window, rest)]
        known = [[mark for mark in side if mark is not None] for side in marks]
        if all(len(side) >= _LEAST_KNOWN * len(all_of) > 0 for side, all_of in zip(known, marks, strict=True)):
            numbers = (sum(known[0]), len(known[0]), sum(known[1]), len(known[1]))
            found.append(Share(name, *numbers, fisher_greater(*numbers)))
    return Composition(tuple(found))


def _mark(row: Told, name: str, shared: frozenset[str]) -> bool | None:
    if name == "shared":
        return row.review.identifier in shared
    mark: bool | None = getattr(row, name)
    return mark


def in_common(rows: Sequence[Told]) -> frozenset[str]:
    """Identifiers of the reviews that share a long clause, two clauses or their whole text with another account's.

    Time does not matter here, so that it can be compared over time afterwards. Linear in the reviews.
    """
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        for part in sorted(parts(row.review.review_body)):
            holders[part].append(place)
    found = set()
    for places in holders.values():
        accounts = {rows[place].account or f"#{place}" for place in places}
        if len(accounts) > 1:
            found |= {rows[place].review.identifier for place in places}
    return frozenset(found)


def parts(body: str) -> frozenset[tuple[str, ...]]:
    """What of a text would be told again only by copying: boilerplate is left out."""
    text = normalised(body)
    plain = masked(text.text, MASKS[0])
    own = Normalised(plain, text.places)
    words = sorted({clause.text for clause in clauses(own)[:_MOST_CLAUSES] if MASKS[0] not in clause.text})
    found: set[tuple[str, ...]] = {(word,) for word in words if len(word) >= _WHOLE}
    found |= {pair for pair in combinations(words, 2) if sum(map(len, pair)) >= _TOGETHER}
    if _SHORTEST_EQUAL <= len(plain) and MASKS[0] not in plain:
        found.add((plain,))
    return frozenset(found)
