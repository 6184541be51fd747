"""The clock within a date: how it is written, and what it makes of a day. Shared by the readers of dates."""

import re
from datetime import UTC, datetime, timedelta, timezone

Reading = tuple[datetime, str]  # the start of the span meant, and its precision

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")  # without daylight saving since 1992
AHEAD = timedelta(minutes=10)  # a site's clock may be this much ahead of ours
PRECISIONS = ("year", "month", "day", "hour", "minute", "second")
FARTHEST = timedelta(hours=14)  # the zone of Kiribati

CLOCK = (
    r"(?P<part>凌晨|清晨|早上|上午|中午|下午|傍晚|晚上)?\s*"
    r"(?P<hour>\d{1,2})[:时点](?P<minute>\d{2})分?(?::?(?P<second>\d{2})(?:\.\d+)?秒?)?"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?)?"
)
# CST is left out: it is China's time as well as Chicago's.
AMERICAN = {"EDT": -4, "CDT": -5, "EST": -5, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8}
ZONE = (
    r"\s*\(?(?P<zone>Z\b|(?:UTC|GMT)?\s?[+-]\d{1,2}(?::?\d{2})?"
    rf"|UTC|GMT|(?:{'|'.join(AMERICAN)})\b|北京时间)?\)?"
)


def at(day: datetime, found: re.Match[str]) -> Reading:
    """The clock time of a match on a day. Raises ValueError for 25:70 and for the ambiguous 晚上12:30."""
    hour, part, half = int(found["hour"]), found["part"], found["half"]
    if half:
        hour = _of_half_day(hour, half.lower() == "p")
    elif part in ("下午", "傍晚", "晚上", "中午") and hour < (12 if part != "中午" else 10):
        hour += 12
    elif part == "晚上" and hour == 12:
        raise ValueError("晚上12点 may be noon's or midnight's day")
    elif part == "凌晨" and hour == 12:
        hour = 0
    time = day.replace(
        hour=hour, minute=int(found["minute"]), second=int(found["second"] or 0), microsecond=0
    )
    return time, "second" if found["second"] else "minute"


def _of_half_day(hour: int, afternoon: bool) -> int:
    """12:30 am is 0:30, 12:30 pm is 12:30. Raises ValueError for 13 pm."""
    if not 1 <= hour <= 12:
        raise ValueError(f"{hour} is no hour of a half day")
    return hour % 12 + (12 if afternoon else 0)


def zone(name: str | None) -> timezone:
    """The zone that a date names; Beijing's where it names none. Raises ValueError for one that is nowhere."""
    if name is None or name == "北京时间":
        return CHINA
    if name.upper() in ("Z", "UTC", "GMT"):
        return UTC
    if name.upper() in AMERICAN:
        return timezone(timedelta(hours=AMERICAN[name.upper()]))
    sign, digits = re.sub(r"[a-z\s]", "", name, flags=re.IGNORECASE)[0], re.sub(r"\D", "", name)
    hours, minutes = (int(digits), 0) if len(digits) < 3 else (int(digits[:-2]), int(digits[-2:]))
    offset = (-1 if sign == "-" else 1) * timedelta(hours=hours, minutes=minutes)
    if abs(offset) > FARTHEST:
        raise ValueError(f"{name} is no zone on earth")
    return timezone(offset)


def latest(month: int, day: int, base: datetime, found: re.Match[str], *, with_clock: bool) -> Reading | None:
    """A date without year: the latest that is not in the future. Raises ValueError for 02-30."""
    for year in range(base.year, base.year - 9, -1):  # nine years hold a 29 February
        if (month, day) == (2, 29) and not _is_leap(year):
            continue
        start = datetime(year, month, day, tzinfo=CHINA)
        reading = at(start, found) if with_clock and found["hour"] else (start, "day")
        if reading[0] <= base + AHEAD:
            return reading
    return None


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
