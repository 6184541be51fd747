"""Candidates: reviews of one shop or product that share words within days, and what chance would give.

A cluster is keyed by the words themselves: a shared run, or points (`points`). Never by chaining.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from crawler.detect.text.boilerplate import Spread, is_culture, kind_of
from crawler.detect.text.chance import of_many, poisson_tail
from crawler.detect.text.context import UNKNOWN, Context
from crawler.detect.text.normalise import Places
from crawler.detect.text.points import Points
from crawler.detect.text.runs import Runs

DAYS = 7  # within which a campaign's reviews come: recruiting posts give tasks for days, not for months
LEAST = 3  # accounts
_LISTED = 10  # reviews from which on a common run is worth listing as learned
_SEEN = 12  # texts of a run that are looked at for marks of copypasta


@dataclass(frozen=True, slots=True)
class Cluster:
    """Reviews that share words. `members` are numbers of reviews, by day."""

    basis: Literal["run", "points"]
    phrases: tuple[str, ...]
    shop: int
    members: tuple[int, ...]
    first_day: int
    last_day: int
    matching: tuple[int, ...] = field(
        default=(), compare=False
    )  # all reviews of the archive with these words


@dataclass(frozen=True, slots=True)
class Odds:
    """What was counted, and what would be expected at the rate elsewhere."""

    window: int  # reviews of the shop or product in the same days
    same: int  # its reviews on other days
    same_with: int  # of them with these words
    elsewhere: int  # reviews of all others
    elsewhere_with: int
    expected: float
    p: float  # corrected for the number of windows


@dataclass(frozen=True, slots=True)
class Learned:
    """Words that were found to be common property, and why."""

    text: str
    why: str  # a kind of boilerplate.toml, or "culture"
    reviews: int
    products: int
    first_day: int
    last_day: int


def run_clusters(runs: Runs, context: Context, learned: list[Learned]) -> Iterator[Cluster]:
    """Clusters of one shop by a shared run. What is boilerplate or culture goes to `learned` instead."""
    owner = np.repeat(np.arange(len(runs)), runs.counts)
    shops = context.shops[runs.members]
    number_of_shops = len(context.shop_names)
    pairs, counts = np.unique(owner * number_of_shops + shops, return_counts=True)
    chosen = pairs[counts >= LEAST]
    wide = np.flatnonzero(runs.counts >= _LISTED)
    by_run: dict[int, list[int]] = {int(number): [] for number in wide}
    for pair in chosen.tolist():
        by_run.setdefault(pair // number_of_shops, []).append(pair % number_of_shops)
    for number in sorted(by_run):
        members = runs.members[runs.bounds[number] : runs.bounds[number + 1]]
        why = _common(runs, number, members, context)
        if why is not None:
            if len(members) >= _LISTED:
                learned.append(_learned(runs.run(number).text, why, members, context))
            continue
        for shop in by_run[number]:
            own = members[context.shops[members] == shop]
            dense = densest(own, context)
            if len(np.unique(context.accounts[dense])) >= LEAST:
                found = _cluster("run", (runs.run(number).text,), shop, dense, context)
                yield replace(found, matching=tuple(members.tolist()))


def point_cluster(points: Points, context: Context) -> Cluster:
    """A cluster by points."""
    members = np.array(points.members)
    return _cluster("points", points.points, int(context.shops[members[0]]), members, context)


def densest(members: Places, context: Context, days: int = DAYS) -> Places:
    """The members within the `days` days that hold the most of them; the earliest such days; by day."""
    members = members[context.days[members] != UNKNOWN]
    members = members[np.lexsort((members, context.days[members]))]
    line = context.days[members]
    if not len(line):
        return members
    ends = np.searchsorted(line, line + days, "left")
    best = int(np.argmax(ends - np.arange(len(line))))
    return members[best : ends[best]]


def odds_of(cluster: Cluster, context: Context) -> Odds:
    """What chance would give.

    The rate is the larger of that in the same shop (for points: of the same product) on other days and that of
    the whole archive. The number of reviews in the window sets the expectation: a crowded day expects more.
    """
    own = context.shops if cluster.basis == "run" else context.products
    unit = own == own[cluster.members[0]]
    dated = context.days != UNKNOWN
    inside = unit & dated & (context.days >= cluster.first_day) & (context.days <= cluster.last_day)
    having = np.zeros(len(context), bool)
    having[list(cluster.matching)] = True
    having[list(cluster.members)] = True
    same, others = unit & ~inside, ~unit
    counts = [int(np.count_nonzero(each)) for each in (inside, same, same & having, others, others & having)]
    window, same_count, same_with, elsewhere, elsewhere_with = counts
    rate = max(_rate(same_with, same_count), _rate(same_with + elsewhere_with, same_count + elsewhere))
    expected = window * rate
    days = context.days[unit & dated]
    span = cluster.last_day - cluster.first_day + 1
    windows = max(1, int(days.max() - days.min() + 1) // span)
    p = of_many(poisson_tail(len(cluster.members), expected), windows)
    return Odds(window, same_count, same_with, elsewhere, elsewhere_with, expected, p)


def _rate(having: int, count: int) -> float:
    """A share that was never seen is not nought: half a review is added (Jeffreys' prior)."""
    return (having + 0.5) / (count + 1)


def distinct(clusters: Iterable[Cluster], context: Context) -> list[Cluster]:
    """Of clusters of one shop that hold the same reviews, the one with the most accounts, then the longest words."""

    def rank(cluster: Cluster) -> tuple[int, int, tuple[str, ...], tuple[int, ...]]:
        accounts = len(np.unique(context.accounts[list(cluster.members)]))
        return (-accounts, -sum(map(len, cluster.phrases)), cluster.phrases, cluster.members)

    taken: dict[int, set[int]] = {}
    found = []
    for cluster in sorted(clusters, key=rank):
        held = taken.setdefault(cluster.shop, set())
        if 2 * len(held.intersection(cluster.members)) < len(cluster.members):
            held.update(cluster.members)
            found.append(cluster)
    return found


def _common(runs: Runs, number: int, members: Places, context: Context) -> str | None:
    """Why a run is no cluster's: boilerplate, or culture by where and when it is found."""
    texts = runs.texts
    step = max(1, len(members) // _SEEN)
    inside = [texts.text(int(texts.starts[i]), int(texts.starts[i + 1])) for i in members[::step].tolist()]
    kind = kind_of(runs.run(number).text, inside)
    if kind is None and is_culture(Spread(context.products[members], context.days[members])):
        return "culture"
    return kind


def _learned(text: str, why: str, members: Places, context: Context) -> Learned:
    days = context.days[members]
    days = days[days != UNKNOWN]
    first, last = (int(days.min()), int(days.max())) if len(days) else (UNKNOWN, UNKNOWN)
    return Learned(text, why, len(members), len(np.unique(context.products[members])), first, last)


def _cluster(
    basis: Literal["run", "points"], phrases: tuple[str, ...], shop: int, members: Places, context: Context
) -> Cluster:
    order = np.lexsort((members, context.days[members]))
    members = members[order]
    days = context.days[members]
    return Cluster(basis, phrases, shop, tuple(members.tolist()), int(days[0]), int(days[-1]))
