"""Where on a plot a value stands: ticks of an axis, places of dates and numbers, and how they are printed."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from crawler.clock import BEIJING

_STEPS = (1, 2, 2.5, 5, 10)  # ticks at round numbers
_WAN = 10_000
_LONG = 1e12  # larger numbers are written with their power of ten
_MOST = 1e15  # beyond it, floats no longer hold every integer: no count on a page is so large
_SAME = 1e-9  # values so close to each other are one value: an axis between them would show noise


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to pixels: `low` stands at `at_low`, `high` at `at_high`."""

    low: float
    high: float
    at_low: float
    at_high: float

    def __call__(self, value: float) -> float:
        return self.at_low + (value - self.low) / (self.high - self.low) * (self.at_high - self.at_low)


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` + 1 round numbers from at or below `low` to at or above `high`; at least two."""
    span = high - low
    if span <= _SAME * max(1.0, abs(low)):
        span = max(1.0, abs(low))
        high = low + span
    rough = span / most
    size = 10.0 ** math.floor(math.log10(rough))
    # The steps count up to 10; below the largest one always suffices, whatever rounding did to `size`.
    step = next((size * each for each in _STEPS if size * each >= rough), size * 10)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def numbers(values: Iterable[Any]) -> list[float | None]:
    """Values as they are drawn; None for what is no number, or none that an axis could show."""
    return [float(each) if isinstance(each, (int, float)) and abs(each) <= _MOST else None for each in values]


def printed(value: float) -> str:
    """A number as it stands on an axis: 1200, 0.5, 3万."""
    if abs(value) >= _WAN:
        return f"{_trimmed(value / _WAN)}万"
    return _trimmed(value)


def _trimmed(value: float) -> str:
    if value == int(value) and abs(value) < _LONG:
        return str(int(value))
    return f"{value:.4g}"


def places(x: Sequence[str]) -> list[float]:
    """A place for each x: its time or its number where all have one and they rise, else 0, 1, 2, …."""
    for read in (_moment, _number):
        found = [read(each) for each in x]
        there = [each for each in found if each is not None]
        if len(there) == len(x) and all(a < b for a, b in pairwise(there)):
            return there
    return [float(number) for number in range(len(x))]


def short(x: str) -> str:
    """An x as it stands below the axis: a date as it is, a time in Beijing without seconds."""
    moment = _datetime(x)
    if moment is None or len(x) <= len("2026-11-20"):
        return x
    if moment.tzinfo is not None:
        moment = moment.astimezone(BEIJING)
    return f"{moment:%Y-%m-%d %H:%M}"


def _datetime(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if "-" in text[1:] else None
    except ValueError:
        return None


def _moment(text: str) -> float | None:
    """Days since year 1; a date stands at its midnight."""
    moment = _datetime(text)
    if moment is None:
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(BEIJING)
    day = (moment.hour * 60 + moment.minute) * 60 + moment.second
    return moment.toordinal() + day / 86_400


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
