"""Visits: which account was at which place on which day. A place is a product or a shop."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Column = Sequence[int] | Numbers


@dataclass(frozen=True, slots=True)
class Visits:
    """Three columns of equal length, ordered by place, day, account; one row per account and place.

    Accounts and places are numbers from 0 on. `day` counts days from any origin.
    """

    account: Numbers
    place: Numbers
    day: Numbers

    @classmethod
    def of(cls, accounts: Column, places: Column, days: Column) -> "Visits":
        """Rows in any order. Of several visits of an account to one place the first day counts: an account that
        reviews one product five times was there once."""
        account, place, day = (np.array(column, dtype=np.int64) for column in (accounts, places, days))
        order = np.lexsort((day, account, place))
        account, place, day = account[order], place[order], day[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (account[1:] != account[:-1]) | (place[1:] != place[:-1])
        return cls(account[first], place[first], day[first])._ordered()

    def __len__(self) -> int:
        return len(self.account)

    def kept(self, rows: NDArray[np.bool_]) -> "Visits":
        """The rows marked True."""
        return Visits(self.account[rows], self.place[rows], self.day[rows])

    def with_days(self, day: Numbers) -> "Visits":
        """The same accounts at the same places on other days."""
        return Visits(self.account, self.place, day)._ordered()

    def _ordered(self) -> "Visits":
        order = np.lexsort((self.account, self.day, self.place))
        return Visits(self.account[order], self.place[order], self.day[order])


def company(visits: Visits, window: int) -> Numbers:
    """For each visit: how many visits to its place fall on its day and the `window` − 1 days after it, itself
    included."""
    key = _moments(visits)
    last = np.searchsorted(key, key + window - 1, side="right")
    return (last - np.searchsorted(key, key, side="left")).astype(np.int64)


def shuffled(visits: Visits, seed: int) -> Visits:
    """The same visits with the days of each place dealt anew: what is left of a group is chance.

    Each place keeps its accounts and its days, so a promotion stays a promotion.
    """
    drawn = np.random.default_rng(seed).random(len(visits))
    order = np.lexsort((drawn, visits.place))
    return visits.with_days(visits.day[order])


def _moments(visits: Visits) -> Numbers:
    """Place and day as one number that grows along the rows; places lie too far apart for a window to reach."""
    if not len(visits):
        return visits.day
    span = int(visits.day.max() - visits.day.min()) + 1
    moments: Numbers = visits.place * (4 * span + 4096) + (visits.day - visits.day.min())
    return moments
