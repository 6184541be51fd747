"""How many reviews on which day: one row of numbers for each product, and for each shop.

A day is a day of 北京时间. A series reaches from the first day that shows a review to the last on which a capture
could have shown one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from crawler.detect.series.chances import Numbers

Days = npt.NDArray[np.int64]
_BEIJING = timezone(timedelta(hours=8))
_EXACT = ("second", "minute", "day")  # published_precision that names a day


@dataclass(frozen=True, slots=True)
class Series:
    """Counts by day. `first` is the ordinal (date.toordinal) of counts[0]; counts has shape (days,).

    `judged_until`: ordinal of the last day that may be judged; days after it are over-represented because the page
    shows only so many of the newest (or may: its counter is not known).
    """

    key: str
    shop: str
    first: int
    counts: Numbers
    judged_until: int

    @property
    def last(self) -> int:
        """Ordinal of the last day."""
        return self.first + len(self.counts) - 1

    @property
    def judged_days(self) -> int:
        """Days from the first on that may be judged and may serve as history."""
        return max(0, self.judged_until - self.first + 1)


@lru_cache(maxsize=65536)
def beijing_day(moment: str) -> int:
    """The day of 北京时间, as an ordinal, of a time with its zone, or of a date, as stored.

    Raises ValueError for another form.
    """
    if len(moment) == len("2026-11-20"):
        return date.fromisoformat(moment).toordinal()
    return datetime.fromisoformat(moment).astimezone(_BEIJING).date().toordinal()


def dated(published_at: str | None, precision: str | None) -> int | None:
    """The day of a review; None where the page says less than the day ("3个月前", "2025-12")."""
    if not published_at or precision not in (None, *_EXACT) or len(published_at) < len("2026-11-20"):
        return None
    return beijing_day(published_at)


def series(key: str, shop: str, days: Iterable[int], *, last: int, judged_until: int | None = None) -> Series:
    """A series of the days of its reviews. `last`: the day of the newest capture. Raises ValueError without days."""
    known = np.fromiter(days, dtype=np.int64)
    if not len(known):
        raise ValueError(f"{key}: no day")
    first, last = int(known.min()), max(last, int(known.max()))
    counts = np.bincount(known - first, minlength=last - first + 1).astype(np.float64)
    return Series(key, shop, first, counts, last if judged_until is None else min(last, judged_until))


def summed(key: str, shop: str, parts: Sequence[Series]) -> Series:
    """The series of a shop: the sum of its products. What is edge in one of them is edge in the sum."""
    first, last = min(part.first for part in parts), max(part.last for part in parts)
    counts = np.zeros(last - first + 1)
    for part in parts:
        counts[part.first - first : part.last - first + 1] += part.counts
    return Series(key, shop, first, counts, min(part.judged_until for part in parts))


def printed(ordinal: int) -> str:
    """An ordinal as an ISO date."""
    return date.fromordinal(ordinal).isoformat()
