"""Counters over captures: jumps, steps back, and numbers that do not fit each other.

Every comparison is made with the least favourable reading of what is printed: what was "1.2万+" before may have been
twice as much, what is "3.8万+" now may be no more. Rounding and lower bounds alone can therefore raise nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Literal

from crawler.detect.series.printed_counts import Counted, Over, counted
from crawler.store.timeline import Point

Kind = Literal["jump", "back", "more_reviews_than_sales", "rating"]
JUMP = 5.0  # times: at least, between two captures
LEAST_MORE = 300  # sales that a jump adds at least; small numbers multiply easily
SOON_DAYS = 14.0  # days between the captures beyond which a jump has time to be real
_GO_ALONG = 0.2  # share of the reviews to be expected of the added sales up to which reviews did not go along
BACK, LEAST_BACK = 0.2, 20  # share and number that a counter of all time loses at least
_RATING_UP = 0.3  # stars of five
_DECIMAL = 0.05  # what a rating printed to one decimal may hide


@dataclass(frozen=True, slots=True)
class Reading:
    """One counter at one time, with the capture that shows it."""

    time: str
    count: Counted
    capture: str


@dataclass(frozen=True, slots=True)
class Misfit:
    """Two readings that do not go together. `by`: at least so much (times, number, stars); `alone`: of a jump,
    whether the reviews did not go along (None: not shown)."""

    kind: Kind
    before: Reading
    after: Reading
    by: float
    days: float
    alone: bool | None = None


def readings(points: Sequence[Point], over: Over | None = None) -> list[Reading]:
    """The points that can be read, in order of time; of equal neighbours the first and the last, so that a change is
    dated as closely as the captures allow. `over`: what the counter counts, where its place on the page says so."""
    found: list[Reading] = []
    for point in points:
        count = counted(point.printed)
        if count is None:
            continue
        count = replace(count, over=over) if over else count
        reading = Reading(point.time, count, point.capture)
        if len(found) > 1 and _same(found[-1], reading) and _same(found[-2], reading):
            found[-1] = reading
        else:
            found.append(reading)
    return found


def _same(one: Reading, other: Reading) -> bool:
    return (one.count.low, one.count.high, one.count.over) == (
        other.count.low,
        other.count.high,
        other.count.over,
    )


def jumps(sales: Sequence[Reading], reviews: Sequence[Reading]) -> list[Misfit]:
    """Sales that rise by a factor of JUMP or more within SOON_DAYS, whatever the printed bounds hide."""
    found = []
    for before, after in pairwise(sales):
        more, days = after.count.low - before.count.high, _days(before, after)
        if (
            before.count.over == after.count.over
            and after.count.low >= JUMP * max(1, before.count.high)
            and more >= LEAST_MORE
            and days <= SOON_DAYS
        ):
            times = after.count.low / max(1, before.count.high)
            found.append(Misfit("jump", before, after, times, days, _alone(before, after, reviews)))
    return found


def _alone(before: Reading, after: Reading, reviews: Sequence[Reading]) -> bool | None:
    """Whether the reviews did not rise as the added sales would have them, by the product's own proportion."""
    first, last = _at(reviews, before.time), _at(reviews, after.time)
    if first is None or last is None or before.count.high == 0:
        return None
    usual = first.count.low * (after.count.low - before.count.high) / before.count.high
    return last.count.high - first.count.low <= _GO_ALONG * usual


def _at(readings_: Sequence[Reading], time: str) -> Reading | None:
    """The reading nearest in time, within a day."""
    near = min(readings_, key=lambda each: (_apart(each.time, time), each.time), default=None)
    return near if near is not None and _apart(near.time, time) <= 1.0 else None


def steps_back(series: Sequence[Reading]) -> list[Misfit]:
    """A counter of all time that falls. A counter of the last month may."""
    found = []
    for before, after in pairwise(series):
        less = before.count.low - after.count.high
        if (
            before.count.over == after.count.over == "ever"
            and less >= LEAST_BACK
            and less >= BACK * before.count.low
        ):
            found.append(Misfit("back", before, after, float(less), _days(before, after)))
    return found


def more_reviews(sales: Sequence[Reading], reviews: Sequence[Reading]) -> list[Misfit]:
    """Reviews above the sales of all time; the first such pair."""
    for sold in sales:
        told = _at(reviews, sold.time)
        if told and sold.count.over == "ever" and told.count.low > sold.count.high:
            return [
                Misfit("more_reviews_than_sales", sold, told, float(told.count.low - sold.count.high), 0.0)
            ]
    return []


def rating_leaps(ratings: Sequence[tuple[Reading, float]], reviews: Sequence[Reading]) -> list[Misfit]:
    """A mean rating (of five) that rises further than all new reviews together could lift it.

    `ratings`: (reading, value); a mean over all reviews is assumed.
    """
    found = []
    for (before, low), (after, high) in pairwise(ratings):
        first, last = _at(reviews, before.time), _at(reviews, after.time)
        if first is None or last is None or high - low < _RATING_UP or first.count.low <= 0:
            continue
        most = max(last.count.high, first.count.low)
        reachable = ((low + _DECIMAL) * first.count.low + 5.0 * (most - first.count.low)) / most
        if high - _DECIMAL > reachable:
            found.append(Misfit("rating", before, after, high - low, _days(before, after)))
    return found


def _days(one: Reading, other: Reading) -> float:
    return _apart(one.time, other.time)


def _apart(one: str, other: str) -> float:
    return abs((datetime.fromisoformat(other) - datetime.fromisoformat(one)).total_seconds()) / 86_400
