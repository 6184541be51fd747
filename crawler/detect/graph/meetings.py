"""Which two accounts were at the same places at nearly the same time, and at how many."""

from dataclasses import dataclass

import numpy as np

from crawler.detect.graph.visits import Numbers, Visits, company


@dataclass(frozen=True, slots=True)
class Pairs:
    """`count[i]`: at how many distinct places accounts `first[i]` < `second[i]` met."""

    first: Numbers
    second: Numbers
    count: Numbers

    def __len__(self) -> int:
        return len(self.first)


def meetings(visits: Visits, *, window: int, crowd: int, least: int) -> Pairs:
    """Pairs of accounts that were at `least` or more places within `window` days of each other.

    A visit in whose window more than `crowd` visits fall makes no pair with later ones: in a crowd everybody meets
    everybody. Hence O(n · crowd) pairs (detection.md §6 d). Accounts with fewer than `least` places cannot
    count and are left out before any pair is made.
    """
    crowded = company(visits, window) > crowd
    places = np.bincount(visits.account) if len(visits) else np.zeros(0, dtype=np.int64)
    busy = places[visits.account] >= least
    rows, open_ = visits.kept(busy), ~crowded[busy]
    found: list[Numbers] = []
    total = len(places)
    for step in range(1, min(crowd, len(rows) - 1) + 1):
        near = (rows.place[step:] == rows.place[:-step]) & (rows.day[step:] - rows.day[:-step] < window)
        near &= open_[:-step]
        if not near.any():
            break
        one, two = rows.account[:-step][near], rows.account[step:][near]
        found.append(np.minimum(one, two) * total + np.maximum(one, two))
    if not found:
        empty = np.zeros(0, dtype=np.int64)
        return Pairs(empty, empty, empty)
    # An account is at a place once, so a pair meets at a place once: rows of a pair are distinct places.
    key, count = np.unique(np.concatenate(found), return_counts=True)
    often = count >= least
    return Pairs(key[often] // total, key[often] % total, count[often].astype(np.int64))
