"""What was to be expected on each day: a product's own level, the days of all, and how unsteady counts are.

Level: for each day the 56 days before it and the 56 days after it (with a gap, so that a burst does not expect
itself), each as eight weeks of which no one may stand far above their median; the higher of the two counts double, so
that growth is no burst. Days of all: what the other shops' products gained that day against their own level.
Spread: negative binomial, its dispersion measured on the same archive.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crawler.detect.series.chances import Numbers
from crawler.detect.series.counts import Series

WEEK, WEEKS = 7, 8  # 56 days on each side
LEAST_WEEKS = 4  # fewer weeks of history than this say nothing: four give each weekday four times
GAP = 14  # days between a window's edge and its history: the longest window that is scanned
_HIGHER = 2 / 3  # weight of the higher side: a product that grows or fades has no burst at the turn
_FAR = 2.5  # standard deviations of a Poisson count above the median at which a week is cut off
_PRIOR = 0.5  # reviews added to a level: that of a Gamma prior (Jeffreys) for a Poisson rate
_LULL = 0.5  # of the usual: around the Spring Festival nothing is delivered; less is not believed
_SHRINK = 5.0  # reviews added on both sides of the index: with few products it stays near 1
_LEAST_SPREAD, _MOST_SPREAD, _USUAL_SPREAD = (
    0.05,
    0.6,
    0.15,
)  # of the dispersion; usual: with too little to measure
_LEAST_TO_MEASURE = 200.0  # expected reviews in all windows below which dispersion is not measured
_TRIMMED = 0.98  # share of windows from which dispersion is measured: campaigns shall not excuse themselves


@dataclass(frozen=True, slots=True)
class Level:
    """The level around each day, for windows that begin there. All of shape (days,). `rate` reviews a day, NaN where
    no history is; `days` on which it rests; `before`: whether there was history before the day."""

    rate: Numbers
    days: Numbers
    before: np.typing.NDArray[np.bool_]


def level(counts: Numbers, window: int, known: int | None = None) -> Level:
    """The level for each window [day, day + window) of a series; see the module. `known`: days from the first on
    that may serve as history; the days of a cut list's edge may not."""
    size = len(counts)
    used = size if known is None else max(0, min(size, known))
    weeks = np.full(size + 1, np.nan)
    if used >= WEEK:
        total = np.concatenate(([0.0], np.cumsum(counts[:used])))
        weeks[: used - WEEK + 1] = total[WEEK:] - total[:-WEEK]
    starts = np.arange(size)
    back = starts[None, :] - GAP - WEEK * np.arange(1, WEEKS + 1)[:, None]
    ahead = starts[None, :] + window + GAP + WEEK * np.arange(WEEKS)[:, None]
    earlier, days_earlier = _steady(_taken(weeks, back))
    later, days_later = _steady(_taken(weeks, ahead))
    days = days_earlier + days_later
    higher, lower = np.fmax(earlier, later), np.fmin(earlier, later)
    return Level(_HIGHER * higher + (1 - _HIGHER) * lower, days, ~np.isnan(earlier))


def _taken(weeks: Numbers, places: np.typing.NDArray[np.int64]) -> Numbers:
    outside = (places < 0) | (places >= len(weeks))
    return np.where(outside, np.nan, weeks[np.clip(places, 0, len(weeks) - 1)])


def _steady(blocks: Numbers) -> tuple[Numbers, Numbers]:
    """Reviews a day of eight weeks, no week far above their median; and the days. NaN and 0 for too few weeks."""
    known = (~np.isnan(blocks)).sum(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns without any week: they become NaN below
        middle = np.nanmedian(blocks, axis=0)
        most = middle + _FAR * np.sqrt(np.maximum(middle, 1.0))
        mean = np.nanmean(np.minimum(blocks, most), axis=0) / WEEK
    enough = known >= LEAST_WEEKS
    return np.where(enough, mean, np.nan), np.where(enough, known * WEEK, 0).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Around:
    """All products together on a line of days: observed and expected, shape (days,). `first`: ordinal of day 0."""

    first: int
    observed: Numbers
    expected: Numbers

    def without(self, own: "Around") -> "Around":
        """The others."""
        start, stop = own.first - self.first, own.first - self.first + len(own.observed)
        observed, expected = self.observed.copy(), self.expected.copy()
        observed[start:stop] -= own.observed
        expected[start:stop] -= own.expected
        return Around(self.first, observed, np.maximum(expected, 0.0))

    def index(self, first: int, size: int) -> Numbers:
        """How far the days [first, first + size) stand above or below the usual, at least _LULL. Shape (size,).

        Each day by itself, and three days together, as a sale's reviews do not come on one day: the higher counts.
        """
        start = first - self.first
        found = np.full(len(self.observed), _LULL)
        for days in (1, 3):
            seen, usual = (np.convolve(each, np.ones(days))[days // 2 :][: len(found)] for each in self._both)
            found = np.maximum(found, (seen + _SHRINK) / (usual + _SHRINK))
        return found[start : start + size]

    @property
    def _both(self) -> tuple[Numbers, Numbers]:
        return self.observed, self.expected

    def between(self, first: int, days: int) -> tuple[float, float]:
        """(observed, expected) of the days [first, first + days)."""
        part = slice(max(0, first - self.first), max(0, first - self.first + days))
        return float(self.observed[part].sum()), float(self.expected[part].sum())


def around(parts: Sequence[Series], levels: Sequence[Level]) -> Around:
    """The sum of some products, each beside its own level; days without a level count on neither side."""
    first, last = min(part.first for part in parts), max(part.last for part in parts)
    observed, expected = np.zeros(last - first + 1), np.zeros(last - first + 1)
    for part, own in zip(parts, levels, strict=True):
        start = part.first - first
        known = ~np.isnan(own.rate)
        observed[start : start + len(part.counts)] += np.where(known, part.counts, 0.0)
        expected[start : start + len(part.counts)] += np.where(known, own.rate, 0.0)
    return Around(first, observed, expected)


def spread(observed: Numbers, expected: Numbers) -> float:
    """The dispersion α of counts (variance = mean + α mean²), from windows that do not overlap, less the highest."""
    if float(expected.sum()) < _LEAST_TO_MEASURE:
        return _USUAL_SPREAD
    away = (observed - expected) / np.sqrt(np.maximum(expected, 0.1))
    kept = away <= np.quantile(away, _TRIMMED)
    seen, usual = observed[kept], expected[kept]
    excess = float((np.square(seen - usual) - usual).sum()) / float(np.square(usual).sum())
    return min(_MOST_SPREAD, max(_LEAST_SPREAD, excess))


def mean_and_size(rate: float, days: float, weight: float, alpha: float) -> tuple[float, float]:
    """Mean and size of the negative binomial for a window: its level is itself known from few reviews only.

    `weight`: days of the window, each times its index.
    """
    seen = rate * days + _PRIOR
    return seen / days * weight, 1.0 / (alpha + 1.0 / seen)


def range_of(mean: float, size: float, *, outside: float = 0.025) -> tuple[float, float]:
    """(lowest, highest) count of a negative binomial with at most `outside` of the probability below and above."""
    step = mean / (mean + size)
    term, below, number = (size / (mean + size)) ** size, 0.0, 0
    lowest: float | None = None
    most = round(mean + 40 * (mean + mean * mean / size) ** 0.5) + 10  # far beyond any 97.5 % point
    while number < most:
        if lowest is None and below + term > outside:
            lowest = float(number)
        if below + term >= 1 - outside:
            break
        below += term
        term *= step * (number + size) / (number + 1)
        number += 1
    return lowest or 0.0, float(number)
