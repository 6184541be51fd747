"""Windows of 1, 3, 7 and 14 days with more reviews than were to be expected. Linear in days."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from crawler.detect.series.chances import Numbers, benjamini_hochberg, negative_binomial_tail
from crawler.detect.series.counts import Series
from crawler.detect.series.expected import GAP, Around, Level, around, level, mean_and_size, spread

WINDOWS = (1, 3, 7, 14)  # days
LEAST = 6  # reviews; what fewer people did is no burst
MODEST = 0.1  # chance at or below which a window is looked at more closely (composition)
_ABOVE = 1.3  # times its expectation below which a window cannot be unusual enough to be worth a probability
OTHERS = 5  # shops on a platform from which on its own days are measured on it alone


@dataclass(frozen=True, slots=True)
class Window:
    """Days [first, first + days) of a series: `observed` reviews, `expected` with the days of all accounted for."""

    key: str
    first: int  # ordinal
    days: int
    observed: int
    expected: float
    index: float  # mean factor of the days of all
    others: tuple[float, float]  # what the others' products gained: observed, expected
    rate: float  # own level, a day
    size: float  # of the negative binomial
    history: bool  # whether the level knows days before the window
    p: float
    q: float = 1.0

    @property
    def last(self) -> int:
        """Ordinal of its last day."""
        return self.first + self.days - 1


@dataclass(frozen=True, slots=True)
class Scan:
    """Windows at or below MODEST, and how many were tested in all."""

    windows: tuple[Window, ...]
    tests: int
    alphas: Mapping[int, float]  # days of a window → dispersion
    indices: Mapping[str, tuple[int, Numbers]]  # key → (ordinal of the first day, factor of each day)


def scanned(products: Sequence[Series], platform: Mapping[str, str], sums: Sequence[Series] = ()) -> Scan:
    """All windows of all series. `platform`: shop → platform. `sums`: series of whole shops, which are scanned too
    and never count among the others. The order of the series does not matter."""
    products = sorted(products, key=lambda part: part.key)
    others = _others(products, [level(part.counts, 1, part.judged_days) for part in products], platform)
    ordered = sorted((*products, *sums), key=lambda part: part.key)
    indices = {
        part.key: (part.first, others[part.shop].index(part.first, len(part.counts))) for part in ordered
    }
    found: list[Window] = []
    alphas, tests = {}, 0
    for days in WINDOWS:
        rows = [_Row.of(part, days, indices[part.key][1]) for part in ordered if len(part.counts) >= days]
        alphas[days] = _dispersion(rows, days)
        for row in rows:
            tests += int(row.judged.sum())
            found += _unusual(row, days, alphas[days], others[row.part.shop])
    values = benjamini_hochberg([window.p for window in found], tests)
    judged = [replace(window, q=float(q)) for window, q in zip(found, values, strict=True)]
    return Scan(tuple(window for window in judged if window.p <= MODEST), tests, alphas, indices)


def candidates(scan: Scan) -> dict[str, list[Window]]:
    """Of each series and each length, windows that stand apart: the least probable of each place."""
    kept: dict[tuple[str, int], list[Window]] = defaultdict(list)
    for window in sorted(scan.windows, key=lambda each: (each.p, *name(each))):
        near = kept[window.key, window.days]
        if not any(touch(window, each) for each in near):
            near.append(window)
    found: dict[str, list[Window]] = {}
    for (key, _), windows in sorted(kept.items()):
        found.setdefault(key, []).extend(windows)
    return found


def touch(one: Window, other: Window) -> bool:
    """Whether two windows of a series stand so near that they show the same rise."""
    return one.first <= other.last + GAP and other.first <= one.last + GAP


def name(window: Window) -> tuple[str, int, int]:
    """What tells windows apart."""
    return window.key, window.first, window.days


@dataclass(frozen=True, slots=True)
class _Row:
    """One series, for windows of one length; arrays by the window's first day."""

    part: Series
    level: Level
    observed: Numbers
    weight: Numbers  # the window's days, each times its index
    judged: np.typing.NDArray[np.bool_]

    @classmethod
    def of(cls, part: Series, days: int, index: Numbers) -> "_Row":
        own = level(part.counts, days, part.judged_days)
        places = len(part.counts) - days + 1
        observed, weight = _sums(part.counts, days), _sums(index, days)
        ends = part.first + np.arange(places) + days - 1
        judged = ~np.isnan(own.rate[:places]) & (ends <= part.judged_until)
        return cls(part, own, observed, weight, judged)


def _sums(values: Numbers, days: int) -> Numbers:
    total = np.concatenate(([0.0], np.cumsum(values)))
    return total[days:] - total[:-days]


def _dispersion(rows: Sequence[_Row], days: int) -> float:
    observed, expected = [np.zeros(0)], [np.zeros(0)]
    for row in rows:
        apart = np.flatnonzero(row.judged)[::days]
        observed.append(row.observed[apart])
        expected.append(row.level.rate[apart] * row.weight[apart])
    return spread(np.concatenate(observed), np.concatenate(expected))


def _unusual(row: _Row, days: int, alpha: float, others: Around) -> Iterator[Window]:
    usual = row.level.rate[: len(row.weight)] * row.weight
    worth = row.judged & (row.observed >= LEAST) & (row.observed > _ABOVE * np.nan_to_num(usual) + 1)
    for place in np.flatnonzero(worth):
        rate, known = float(row.level.rate[place]), float(row.level.days[place])
        weight, count = float(row.weight[place]), round(float(row.observed[place]))
        mean, size = mean_and_size(rate, known, weight, alpha)
        first = row.part.first + int(place)
        yield Window(
            key=row.part.key, first=first, days=days, observed=count, expected=mean, index=weight / days,
            others=others.between(first, days), rate=rate, size=size, history=bool(row.level.before[place]),
            p=negative_binomial_tail(count, mean, size),
        )  # fmt: skip


def _others(
    parts: Sequence[Series], levels: Sequence[Level], platform: Mapping[str, str]
) -> dict[str, Around]:
    """For each shop what all other shops gained: on its platform where there are enough, else anywhere.

    A shop's own products never explain one another.
    """
    by_shop: dict[str, list[int]] = defaultdict(list)
    for place, part in enumerate(parts):
        by_shop[part.shop].append(place)
    on_platform: dict[str, list[int]] = defaultdict(list)
    for shop, places in by_shop.items():
        on_platform[platform[shop]] += places
    shops = {where: len({parts[place].shop for place in places}) for where, places in on_platform.items()}

    def together(places: Sequence[int]) -> Around:
        return around([parts[place] for place in places], [levels[place] for place in places])

    everywhere = together(range(len(parts))) if parts else None
    platforms = {where: together(places) for where, places in on_platform.items() if shops[where] > OTHERS}
    found = {}
    for shop, places in by_shop.items():
        whole = platforms.get(platform[shop], everywhere)
        if whole is not None:
            found[shop] = whole.without(together(places))
    return found
