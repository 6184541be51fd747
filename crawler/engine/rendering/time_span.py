"""When a worded or printed time on a page was, as a span: "两周前" is a week long, "2024-11-20" a day.

`crawler.printed.moment` reads a time to its start. Here its length counts as well, because two statements
contradict only where their spans lie apart.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crawler import clock
from crawler.printed import CHINA, moment, number

DAY = timedelta(days=1)

_LENGTHS: dict[str, Callable[[datetime], datetime]] = {
    "year": lambda start: start.replace(year=start.year + 1),
    "month": lambda start: (start.replace(day=1) + timedelta(days=32)).replace(day=1),
    "day": lambda start: start + DAY,
    "hour": lambda start: start + timedelta(hours=1),
    "minute": lambda start: start + timedelta(minutes=1),
    "second": lambda start: start + timedelta(seconds=1),
}
_UNITS = (
    ("秒|second", timedelta(seconds=1)),
    ("分钟?|minute", timedelta(minutes=1)),
    ("小时|hour", timedelta(hours=1)),
    ("天|day", DAY),
    ("周|星期|week", timedelta(days=7)),
    ("月|month", timedelta(days=30.5)),
    ("年|year", timedelta(days=365.25)),
)
_AGO = re.compile(
    r"(?P<count>\d{1,4}|[一二两三四五六七八九十]{1,3}|an?)\s?个?(?P<unit>秒钟?|分钟?|小时|天|周|星期|月|年|[a-z]{3,6}?)s?"
    r"\s?(?:[之以]?前|ago)",
    re.IGNORECASE,
)
_WORDED = re.compile(r"[前昨今刚上去]|周|星期|ago|yesterday|just now", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` on, before `until`; both UTC. `relative`: it was counted back from the time of capture."""

    since: datetime
    until: datetime
    relative: bool

    def to_json(self) -> dict[str, str]:
        """For the manifest."""
        return {"since": clock.stamp(self.since), "until": clock.stamp(self.until)}

    def gap_to(self, other: "Span") -> timedelta:
        """How long before `other` this one ends; not positive if it does not."""
        return other.since - self.until


def span(text: str, captured: datetime) -> Span | None:
    """The span that a text means on a page captured then; None for whatever is not understood."""
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        return _counted_back(ago, captured)
    try:
        read = moment(text, captured)
        if read is None:
            return None
        start = clock.parse(read[0]).astimezone(CHINA)
        until = _LENGTHS[read[1]](start)
    except (ValueError, OverflowError):  # the first and the last day that there is: no page means them
        return None
    return Span(start.astimezone(UTC), until.astimezone(UTC), _WORDED.search(text) is not None)


def _counted_back(ago: re.Match[str], captured: datetime) -> Span | None:
    """Sites round ages down, or count calendar days: "3天前" is from 4 days ago on to the end of that day."""
    unit = next((length for names, length in _UNITS if re.fullmatch(names, ago["unit"].lower())), None)
    counted = (1, False) if ago["count"].lower() in ("a", "an") else number(ago["count"])
    if unit is None or counted is None:
        return None
    try:
        since, until = captured - (counted[0] + 1) * unit, captured - counted[0] * unit
    except OverflowError:  # "9999年前"
        return None
    if unit >= DAY:
        since, until = _midnight(since), _midnight(until) + DAY
    return Span(since.astimezone(UTC), min(until, captured).astimezone(UTC), relative=True)


def _midnight(time: datetime) -> datetime:
    return time.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
