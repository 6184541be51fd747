"""Selling points: clauses that several reviews of one product share exactly, several at once (fixed points, edited).

Hand-edited templates often share less than a run of 15 characters. What stays is the points that the brief names. A
clause by itself is language; the same two in three accounts' reviews within days is worth counting.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from crawler.detect.text.boilerplate import names_no_fact
from crawler.detect.text.chance import poisson_tail
from crawler.detect.text.normalise import Normalised
from crawler.detect.text.runs import K as SHORT

SHORTEST, LONGEST = 2, 30  # characters of a clause that may be a point
MOST_CLAUSES = 24  # of one review: pairs grow with the square
LEAST_TOGETHER = 6  # characters of two clauses: below that they are everybody's
LEAST_ACCOUNTS = 3
MOST_POINTS = 8  # of one group: a brief that asks for more is not met
_WHOLE = "="  # no normalised text holds this mark
LEAST_POINTS = 2  # that a member makes
_DENSE = 0.1  # probability below which a clause is looked at: a first sieve, not the judgement
SHARED_BY = 0.4  # of the reviews that a pair brought together: what so many share is a point too


@dataclass(frozen=True, slots=True)
class Clause:
    """Characters between two marks; [start, end) in the normalised text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Said:
    """What one review of a product says, as far as it is counted here."""

    number: int
    account: int
    day: int  # −1: not known
    clauses: frozenset[str]
    whole: str = ""  # the whole text where it is too short for a shared run, else empty


@dataclass(frozen=True, slots=True)
class Points:
    """Points of one product, and the reviews within some days that make at least two of them; or one whole short
    text, and the reviews that are equal to it."""

    points: tuple[str, ...]
    members: tuple[int, ...]

    def made_by(self, said: "Said") -> bool:
        """Whether a review makes these points."""
        if len(self.points) == 1:
            return said.whole == self.points[0]
        return len(said.clauses.intersection(self.points)) >= LEAST_POINTS


def clauses(text: Normalised) -> list[Clause]:
    """The clauses of a text in order: a clause ends wherever a mark, a blank or an emoji was left out."""
    found, start = [], 0
    for place in range(1, len(text.places) + 1):
        if place == len(text.places) or text.places[place] != text.places[place - 1] + 1:
            if SHORTEST <= place - start <= LONGEST:
                found.append(Clause(text.text[start:place], start, place))
            start = place
    return found[:MOST_CLAUSES]


def said(number: int, account: int, day: int, text: Normalised) -> Said:
    """What a review says: its clauses, and itself where it is short and not too short to count."""
    own = frozenset(clause.text for clause in clauses(text))
    whole = text.text if LEAST_TOGETHER <= len(text.text) < SHORT else ""
    return Said(number, account, day, own, whole)


def shared_points(reviews: Iterable[Said], days: int) -> list[Points]:
    """Groups of reviews of one product that share points within `days` days, the largest first; a review is in one.

    No chains: every member makes two of the same few points, or is the same short text.
    """
    dated = sorted((each for each in reviews if each.day >= 0), key=lambda each: (each.day, each.number))
    making = _making(dated)
    found: list[Points] = []
    taken: set[int] = set()
    seeds = [(_densest(rows, days), points) for points, rows in _seeds(dated, making, days).items()]
    for rows, seed in sorted(seeds, key=lambda each: (-_accounts(each[0]), each[1])):
        if _accounts([review for review in rows if review.number not in taken]) < LEAST_ACCOUNTS:
            continue
        points = _points(seed, rows)
        members = [each for each in _densest(_around(points, making), days) if each.number not in taken]
        if _accounts(members) >= LEAST_ACCOUNTS:
            taken.update(review.number for review in members)
            found.append(Points(points, tuple(sorted(each.number for each in members))))
    return found


def _making(dated: Sequence[Said]) -> dict[str, list[Said]]:
    """Clause or whole short text → the reviews that make it, by day. A whole text is marked, to be no clause."""
    making: dict[str, list[Said]] = {}
    for review in dated:
        for clause in review.clauses:
            making.setdefault(clause, []).append(review)
        if review.whole:
            making.setdefault(_WHOLE + review.whole, []).append(review)
    return making


def _around(points: tuple[str, ...], making: dict[str, list[Said]]) -> list[Said]:
    """The reviews that make these points, by day."""
    if len(points) == 1:
        return making[_WHOLE + points[0]]
    times: dict[int, int] = {}
    rows = [review for point in points for review in making[point]]
    for review in rows:
        times[review.number] = times.get(review.number, 0) + 1
    enough = {review.number: review for review in rows if times[review.number] >= LEAST_POINTS}
    return sorted(enough.values(), key=lambda each: (each.day, each.number))


def _seeds(
    dated: Sequence[Said], making: dict[str, list[Said]], days: int
) -> dict[tuple[str, ...], list[Said]]:
    """Pairs of clauses, and whole short texts, that enough accounts have within `days` days."""
    seeds: dict[tuple[str, ...], list[Said]] = {}
    dense = {text for text, rows in making.items() if _is_dense(rows, len(dated), days, dated)}
    for review in dated:
        if _WHOLE + review.whole in dense:
            seeds.setdefault((review.whole,), []).append(review)
        for pair in combinations(sorted(review.clauses & dense), 2):
            if sum(map(len, pair)) >= LEAST_TOGETHER:
                seeds.setdefault(pair, []).append(review)
    return {points: rows for points, rows in seeds.items() if len(rows) >= LEAST_ACCOUNTS}


def _is_dense(rows: Sequence[Said], count: int, days: int, dated: Sequence[Said]) -> bool:
    """Whether a clause is said more often in its densest days than its share of all reviews lets expect: keeps the
    number of pairs small where everybody says the same."""
    if len(rows) < LEAST_ACCOUNTS:
        return False
    best = _densest(rows, days)
    if _accounts(best) < LEAST_ACCOUNTS:
        return False
    low = bisect_left(dated, best[0].day, key=lambda each: each.day)
    high = bisect_left(dated, best[0].day + days, key=lambda each: each.day)
    return poisson_tail(len(best), (high - low) * len(rows) / count) < _DENSE or len(best) == len(rows)


def _points(seed: tuple[str, ...], rows: Sequence[Said]) -> tuple[str, ...]:
    if len(seed) == 1:
        return seed
    times: dict[str, int] = {}
    for review in rows:
        for clause in review.clauses:
            times[clause] = times.get(clause, 0) + 1
    least = max(LEAST_POINTS, SHARED_BY * len(rows))
    often = [text for text, count in times.items() if count >= least and not names_no_fact(text)]
    often.sort(key=lambda text: (text not in seed, -times[text], text))
    return tuple(sorted({*seed, *often[:MOST_POINTS]}))


def _densest(rows: Sequence[Said], days: int) -> Sequence[Said]:
    """The reviews of the `days` days with the most accounts; the earliest such days. `rows` by day."""
    best, most, low = (0, 0), 0, 0
    counts: dict[int, int] = {}
    for high, review in enumerate(rows):
        counts[review.account] = counts.get(review.account, 0) + 1
        while rows[low].day <= review.day - days:
            gone = rows[low].account
            counts[gone] -= 1
            if not counts[gone]:
                del counts[gone]
            low += 1
        if len(counts) > most or (len(counts) == most and low == best[0]):
            most, best = len(counts), (low, high + 1)
    return rows[best[0] : best[1]]


def _accounts(rows: Sequence[Said]) -> int:
    return len({review.account for review in rows})
