"""Whether the reviews of a window are made up otherwise than the rest: Xie's joint test.

Source: Xie, Wang, Lin, Yu, "Review Spam Detection via Temporal Pattern Discovery", KDD 2012: volume, share of
one-time accounts and mean rating surge together. Added here: the share of reviews that have words in common with
another account's review, and the words that most of a window have in common. Each share is compared inside and
outside by Fisher's exact test; the best of them is charged for the choice.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from crawler.detect.series.chances import both, fisher_greater
from crawler.detect.series.people import Told
from crawler.detect.text.boilerplate import MASKS, masked
from crawler.detect.text.normalise import Normalised, normalised
from crawler.detect.text.points import clauses

CLEAR = 0.01  # chance at or below which a share counts as different
_MOST_CLAUSES = 12  # of one review: pairs grow with the square
_TOGETHER = 8  # characters of two clauses; shorter ones are everybody's
_WHOLE = (
    15  # characters of one clause or text that need no second (the shared run of the detector of templates)
)
_POINT = 5  # characters of a clause that is counted by itself in "same"; Fisher's test knows how common it is
_LEAST_HOLDERS = 3  # accounts that have the same words: two are a coincidence or one person
_SHORTEST_EQUAL = 8  # characters of a whole text: shorter ones are everybody's
_LEAST_KNOWN = 0.8  # share of reviews that must show a fact before it is compared
NAMES = {
    "once": "一次性账号（档案内只有这一条评价）",
    "best": "最高评分",
    "worst": "低评分（2星及以下）",
    "shared": "与其他账号的评价有相同语句",
    "same": "多个账号写有同样的语句",
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
    words: tuple[str, ...] = ()  # of "same": what they have in common, normalised

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


@dataclass(frozen=True, slots=True)
class Common:
    """What the reviews of one product have in common. `shared`: identifiers of those that share something with
    another account's; `same`: words → identifiers of the reviews with them, where enough accounts have them."""

    shared: frozenset[str]
    same: Mapping[tuple[str, ...], frozenset[str]]
    of: Mapping[str, tuple[tuple[str, ...], ...]]  # the same, by review


def composition(window: Sequence[Told], rest: Sequence[Told], common: Common) -> Composition:
    """Compare a window with the rest."""
    found = []
    for name in ("once", "best", "worst", "shared"):
        marks = [[_mark(row, name, common) for row in rows] for rows in (window, rest)]
        known = [[mark for mark in side if mark is not None] for side in marks]
        if all(
            len(side) >= _LEAST_KNOWN * len(all_of) > 0 for side, all_of in zip(known, marks, strict=True)
        ):
            numbers = (sum(known[0]), len(known[0]), sum(known[1]), len(known[1]))
            found.append(Share(name, *numbers, fisher_greater(*numbers)))
    same = _same(window, rest, common)
    return Composition((*found, same) if same else tuple(found))


def _mark(row: Told, name: str, common: Common) -> bool | None:
    if name == "shared":
        return row.review.identifier in common.shared
    mark: bool | None = getattr(row, name)
    return mark


def _same(window: Sequence[Told], rest: Sequence[Told], common: Common) -> Share | None:
    """The words that set the window apart most, charged for all words that could have been chosen."""
    inside, outside = ({row.review.identifier for row in rows} for rows in (window, rest))
    if not inside or not outside:
        return None
    best: Share | None = None
    counts = Counter(words for identifier in inside for words in common.of.get(identifier, ()))
    for words, here in counts.items():
        if here >= _LEAST_HOLDERS:
            numbers = (here, len(inside), len(outside & common.same[words]), len(outside))
            p = min(1.0, len(common.same) * fisher_greater(*numbers))
            if best is None or (p, -here, words) < (best.p, -best.inside, best.words):
                best = Share("same", *numbers, p, words)
    return best or Share("same", 0, len(inside), 0, len(outside), 1.0)


def in_common(rows: Sequence[Told]) -> Common:
    """What reviews share with another account's: a long clause, two clauses or their whole text; and for `same` also
    one clause. Time does not matter here, so that it can be compared over time afterwards. Linear in the reviews."""
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        said = parts(row.review.review_body)
        for part in sorted(said | points(row.review.review_body)):
            holders[part].append(place)
    shared: set[str] = set()
    same = {}
    for part, places in holders.items():
        accounts = {rows[place].account or f"#{place}" for place in places}
        names = frozenset(rows[place].review.identifier for place in places)
        if len(accounts) > 1 and is_telling(part):
            shared |= names
        if len(accounts) >= _LEAST_HOLDERS:
            same[part] = names
    of: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for part in sorted(same):
        for name in sorted(same[part]):
            of[name].append(part)
    return Common(frozenset(shared), same, {name: tuple(held) for name, held in of.items()})


def is_telling(part: tuple[str, ...]) -> bool:
    """Whether two reviews that share it share more than language."""
    return len(part) > 1 or len(part[0]) >= _SHORTEST_EQUAL


def points(body: str) -> frozenset[tuple[str, ...]]:
    """Clauses of a text that may be a point of a brief."""
    return frozenset((word,) for word in _words(body)[1] if len(word) >= _POINT)


def parts(body: str) -> frozenset[tuple[str, ...]]:
    """What of a text would be told again only by copying: boilerplate is left out."""
    plain, words = _words(body)
    found: set[tuple[str, ...]] = {(word,) for word in words if len(word) >= _WHOLE}
    found |= {pair for pair in combinations(words, 2) if sum(map(len, pair)) >= _TOGETHER}
    if len(plain) >= _SHORTEST_EQUAL and MASKS[0] not in plain:
        found.add((plain,))
    return frozenset(found)


@lru_cache(maxsize=4096)
def _words(body: str) -> tuple[str, tuple[str, ...]]:
    """The normalised text without boilerplate, and its clauses, each once, sorted."""
    text = normalised(body)
    plain = masked(text.text, MASKS[0])
    own = clauses(Normalised(plain, text.places))[:_MOST_CLAUSES]
    return plain, tuple(sorted({clause.text for clause in own if MASKS[0] not in clause.text}))
