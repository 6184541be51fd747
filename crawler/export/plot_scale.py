"""Where on a plot a value stands: ticks of an axis, places of dates and numbers, and how they are printed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crawler.clock import BEIJING

_STEPS = (1, 2, 2.5, 5, 10)  # ticks at round numbers
_WAN = 10_000


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
    if span <= 0:
        high, span = low + 1, 1.0
    rough = span / most
    size = 10.0 ** math.floor(math.log10(rough))
    # The steps count up to 10; below the largest one always suffices, whatever rounding did to `size`.
    step = next((size * each for each in _STEPS if size * each >= rough), size * 10)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def printed(value: float) -> str:
    """A number as it stands on an axis: 1200, 0.5, 3万."""
    if abs(value) >= _WAN and math.isfinite(value):
        return f"{_trimmed(value / _WAN)}万"
    return _trimmed(value)


def _trimmed(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def places(x: Sequence[str]) -> list[float]:
    """A place for each x: its time or its number where all have one and they rise, else 0, 1, 2, …."""
    for read in (_moment, _number):
        found = [read(each) for each in x]
        there = [each for each in found if each is not None]
        if len(there) == len(x) and all(a < b for a, b in zip(there, there[1:], strict=False)):
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
