"""Dates as Western pages write them: "Nov 15, 2015 at 5:09 PM", "17 марта 2015", "15.11.2013, 15:02 Uhr".

Their clock is the site's own, and which that is they do not say. So a clock without a zone is left unread, and the
date has the precision "day". (In Chinese and in machine notation, a clock without a zone is Beijing's.)
"""

import importlib
import re
from datetime import datetime
from functools import cache

from crawler.printed.clock_times import CHINA, CLOCK, ZONE, Reading, at, latest, zone

LANGUAGES = ("en", "de", "nl", "ru", "fr", "es", "it")
MONTHS = (  # these and the next are keys of dateparser's tables
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NAME = r"(?P<name>[^\W\d_]{3,12})\.?"
DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º)?"
YEAR = r"(?P<year>\d{4})(?: ?г\.?| ?года)?"
TIME = rf"(?:,?\s*(?:at|um|om|à|в|-)?\s*{CLOCK}(?: ?(?:Uhr|uur))?{ZONE})?"
WEEKDAY = r"(?:(?P<weekday>[^\W\d_]{2,12})\.?,? )?"
SHAPES = tuple(
    re.compile(rf"{date}{TIME}", re.IGNORECASE)
    for date in (
        rf"{WEEKDAY}{NAME} {DAY}(?:,? {YEAR})?",
        rf"{WEEKDAY}{DAY} ?(?:of |de |-)?{NAME},?(?:[ -](?:de )?{YEAR})?",
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
        r"(?P<first>\d{1,2})(?P<mark>[/-])(?P<other>\d{1,2})(?P=mark)(?P<year>\d{4})",
    )
)
MONTH = re.compile(rf"{NAME},? {YEAR}", re.IGNORECASE)


def western(line: str, base: datetime) -> Reading | None:
    """A date with a named month, or day, month and year in numbers if only one order is possible."""
    if whole := MONTH.fullmatch(line):
        month = _months().get(whole["name"].lower())
        return (datetime(int(whole["year"]), month, 1, tzinfo=CHINA), "month") if month else None
    for shape in SHAPES:
        found = shape.fullmatch(line)
        day = _day(found) if found else None
        if found and day:
            return _dated(*day, found, base)
    return None


def _day(found: re.Match[str]) -> tuple[int, int] | None:
    """Month and day."""
    parts = found.groupdict()
    if parts.get("weekday") and parts["weekday"].lower() not in _weekdays():
        return None
    if "name" in parts:
        month = _months().get(parts["name"].lower())
        return (month, int(parts["day"])) if month else None
    if "month" in parts:
        return int(parts["month"]), int(parts["day"])
    low, high = sorted((int(parts["first"]), int(parts["other"])))
    # 10/15/2016 can only be October; 06/12/2016 is June in America and December in Europe.
    return (low, high) if high > 12 or low == high else None


def _dated(month: int, day: int, found: re.Match[str], base: datetime) -> Reading | None:
    if found["year"] is None:
        return latest(month, day, base, found, with_clock=False)
    start = datetime(int(found["year"]), month, day, tzinfo=zone(found["zone"]))
    return at(start, found) if found["hour"] and found["zone"] else (start.replace(tzinfo=CHINA), "day")


@cache
def _months() -> dict[str, int]:
    """Names of the months in lower case; no two of these languages give one name to different months."""
    return {
        name.lower(): number
        for table in _tables()
        for number, month in enumerate(MONTHS, 1)
        for name in table[month]
    }


@cache
def _weekdays() -> frozenset[str]:
    return frozenset(name.lower() for table in _tables() for day in WEEKDAYS for name in table[day])


def _tables() -> list[dict[str, list[str]]]:
    """dateparser's words of these languages."""
    modules = (importlib.import_module(f"dateparser.data.date_translation_data.{code}") for code in LANGUAGES)
    return [module.info for module in modules]
