"""Accounts that come back: the same ones in surges of reviews at different products, more often than chance gives.

Where tasks run for a week, two accounts of one organiser rarely meet within three days. But a task makes a surge at
its product, and the surges of one organiser share accounts. As the joint look of Xie et al. (KDD 2012) and the groups
of Mukherjee et al. (WWW 2012), with counts that can be checked by hand.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from crawler.detect.graph.cores import components, linked
from crawler.detect.graph.groups import Occasion
from crawler.detect.graph.visits import Numbers, Visits, company
from crawler.detect.text.chance import poisson_tail

SPAN = 7  # days of a surge
_LEAST_VISITS = 6  # of a surge
_SURGE = 0.01  # expected number of windows of the whole site as full as a surge, at its place's usual rate
_LEAST_SHARED = 3  # accounts shared by two surges
_LINK = 0.01  # expected number of pairs of surges of the whole site that share as many
LEAST_RETURNING = 4
_AROUND = 90  # days before and after, for what is usual on the site
_KNOWN = 30  # visits usual in a window below which the site's own volume tells nothing
_FELT = 2.0


@dataclass(frozen=True, slots=True)
class Returns:
    """Surges (by start, then place) that share accounts; `accounts` (sorted) were in two or more of them.

    `shared`: over all pairs of surges the accounts in both; `expected`: the same where every account keeps its number
    of visits and chooses them freely.
    """

    surges: tuple[Occasion, ...]
    accounts: tuple[int, ...]
    shared: int
    expected: float


def returns(visits: Visits) -> list[Returns]:
    """Every family of surges with four or more returning accounts. n log n; then pairs of surges, which are few."""
    found = surges(visits)
    if len(found) < 2:
        return []
    number = np.bincount(visits.account)
    rate = float((number.astype(float) ** 2).sum()) / len(visits) ** 2
    tries = len(found) * (len(found) - 1) / 2
    links = linked(
        (one, two)
        for one, two in combinations(range(len(found)), 2)
        if found[one].place != found[two].place and _related(found[one], found[two], rate, tries)
    )
    return [
        each
        for part in components(links, links)
        if len((each := _family([found[one] for one in part], rate)).accounts) >= LEAST_RETURNING
    ]


def surges(visits: Visits) -> list[Occasion]:
    """Windows of seven days at one place with far more visits than its other days let expect; none overlaps another,
    and none lies in days on which the rest of the site was twice as busy as usual."""
    found: list[Occasion] = []
    full, every = company(visits, SPAN), np.sort(visits.day)
    borders = [0, *(np.flatnonzero(np.diff(visits.place)) + 1).tolist(), len(visits)]
    for start, end in pairwise(borders):
        if start < end:
            found += _surges_of(visits, slice(start, end), full[start:end], every)
    return found


def felt(every: Numbers, own: Numbers, start: int, span: int) -> bool | None:
    """Whether the rest of a site had twice as many visits as usual in [start, start + span); None where it has too
    few to say. `every`: the days of all visits, `own`: of those to the place in question, both sorted. Usual is the
    half year around: shops grow, and old reviews are seldom shown in full."""
    usual = (_within(every, start, -_AROUND, _AROUND + 1) - _within(own, start, -_AROUND, _AROUND + 1)) * span
    usual /= 2 * _AROUND + 1
    if usual < _KNOWN:
        return None
    return _within(every, start, 0, span) - _within(own, start, 0, span) >= _FELT * usual


def _within(days: Numbers, start: int, low: int, high: int) -> float:
    """How many of the sorted `days` lie in [start + low, start + high)."""
    ends = np.searchsorted(days, [start + low, start + high])
    return float(ends[1] - ends[0])


def _surges_of(visits: Visits, rows: slice, full: Numbers, every: Numbers) -> list[Occasion]:
    day, account = visits.day[rows], visits.account[rows]
    rest = max(int(day[-1] - day[0]) + 1 - SPAN, SPAN)
    starts, first = np.unique(day, return_index=True)
    counts = full[first]
    usual = (len(day) - counts + 1) * SPAN / rest  # + 1: a place without other visits is not impossible
    # Three deviations are far less than a surge needs; so that the exact tail is computed for few windows.
    near = (counts >= _LEAST_VISITS) & (counts > usual + 3 * np.sqrt(usual))
    likely = []
    for start, count, expected in zip(starts[near], counts[near], usual[near], strict=True):
        chance = poisson_tail(int(count), float(expected))
        if chance * len(visits) < _SURGE:
            likely.append((chance, int(start)))
    taken: list[Occasion] = []
    for _, start in sorted(likely):
        if all(abs(start - other.start) >= SPAN for other in taken):
            inside = (day >= start) & (day < start + SPAN)
            taken.append(Occasion(int(visits.place[rows.start]), start, frozenset(account[inside].tolist())))
    return [each for each in taken if felt(every, day, each.start, SPAN) is not True]


def _related(one: Occasion, two: Occasion, rate: float, tries: float) -> bool:
    shared = len(one.accounts & two.accounts)
    if shared < _LEAST_SHARED:
        return False
    return poisson_tail(shared, len(one.accounts) * len(two.accounts) * rate) * tries < _LINK


def _family(found: list[Occasion], rate: float) -> Returns:
    times = Counter(account for each in found for account in each.accounts)
    pairs = list(combinations(found, 2))
    return Returns(
        tuple(sorted(found, key=lambda each: (each.start, each.place))),
        tuple(sorted(account for account, count in times.items() if count >= 2)),
        sum(len(one.accounts & two.accounts) for one, two in pairs),
        sum(len(one.accounts) * len(two.accounts) * rate for one, two in pairs),
    )
