"""How often accounts would meet, and how many groups there would be, if each reviewed by itself.

Two assumptions, each in one sentence. *Free choice*: every account keeps the number of its visits and picks its
visits at random among all visits that were made. *Free days*: every account keeps its places, and picks its day
at each place among the days on which that place was visited.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import comb, exp, lgamma, log

import numpy as np

from crawler.detect.graph.visits import Visits, company
from crawler.detect.text.chance import poisson_tail


def meeting_rate(visits: Visits, window: int) -> float:
    """The probability that two visits drawn at random are to one place and less than `window` days apart."""
    number = len(visits)
    if number < 2:
        return 0.0
    key = visits.place * 2**40 + visits.day
    later = company(visits, window)
    # Visits of one day count each other twice in `company`; every pair shall count once.
    _, same_day = np.unique(key, return_counts=True)
    pairs = int(later.sum()) - number - int((same_day * (same_day - 1) // 2).sum())
    return pairs / (number * (number - 1) / 2)


def groups_by_free_choice(
    *, accounts: int, sizes: Sequence[int], visits_of: Iterable[int], total: int, occasions: int
) -> float:
    """Expected number of groups as large: `accounts` accounts together at as many occasions as `sizes` has.

    `sizes`: visits at each occasion; `visits_of`: number of visits of each account of the archive; `total`: all
    visits; `occasions`: windows of the archive among which the occasions could have been found. Every choice of
    windows counts as if it were as crowded as this one, so the number is rather too high than too low.
    """
    shares = [size / total for size in sizes]
    expected = 0.0
    for visits, people in sorted(Counter(visits_of).items()):
        if visits >= len(sizes):
            together = 1.0
            for share in shares:
                together *= 1 - (1 - share) ** visits
            expected += people * together
    return poisson_tail(accounts, expected) * comb(max(occasions, len(sizes)), len(sizes))


def groups_by_free_days(*, accounts: int, able: int, days: Sequence[Sequence[int]], window: int) -> float:
    """Expected number of sets of `accounts` accounts, among the `able` who were at all the places, that would be
    there together at each. `days`: for each place the days of all its visits."""
    log_expected = _log_choose(able, accounts)
    for each in days:
        chance = together(each, accounts, window)
        if chance <= 0:
            return 0.0
        log_expected += log(chance)
    return exp(min(log_expected, 700.0))  # e^700 is near the largest number there is


def together(days: Sequence[int], accounts: int, window: int) -> float:
    """P(`accounts` days drawn from `days` lie within one window): for each first day, those in the window less
    those in the window without its first day."""
    counts = Counter(days)
    number = len(days)
    chance = 0.0
    for start in sorted(counts):
        inside = sum(counts.get(start + step, 0) for step in range(window)) / number
        after = inside - counts[start] / number
        chance += inside**accounts - max(after, 0.0) ** accounts
    return min(chance, 1.0)


def _log_choose(whole: int, part: int) -> float:
    if part > whole:
        return float("-inf")
    return lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)
