"""Times: dates of all kinds, read as of the time of capture, in UTC and with the precision that was printed."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from crawler.printed.clock_times import AHEAD, CHINA, CLOCK, PRECISIONS, ZONE, Reading, at, latest, zone
from crawler.printed.plain import plain
from crawler.printed.western import western
from crawler.printed.worded import worded

DATE = re.compile(
    r"(?P<year>\d{4})[-/.年]\s*(?:(?P<month>\d{1,2})(?:[-/.月]\s*(?:(?P<day>\d{1,2})[日号]?)?)?)?"
    rf"(?:[T ,]*{CLOCK}{ZONE})?",
    re.IGNORECASE,
)
MONTH_DAY = re.compile(
    rf"(?P<month>\d{{1,2}})[-/月]\s*(?P<day>\d{{1,2}})[日号]?(?:[ ,]*{CLOCK})?", re.IGNORECASE
)
TODAY = re.compile(CLOCK, re.IGNORECASE)
EPOCH = re.compile(r"(?P<seconds>\d{10})(?:\d{3}|\.\d{1,6})?")
INTERNET = re.compile(
    r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}(?::\d{2})? (?:[A-Z]{1,3}|[+-]\d{4})"
)
CTIME = re.compile(
    r"([A-Z][a-z]{2}) ([A-Z][a-z]{2}) (\d{1,2}) (\d{2}:\d{2}:\d{2})(?: ([+-]\d{4}))? (\d{4})(?: (UTC|GMT))?"
)

BRACKETS = re.compile(r"\((.*)\)|\[(.*)\]")
BEFORE = re.compile(
    r"^[•·-]?\s*(?:最后)?(?:发表|发布|首发|编辑|更新|回复|评论|创建|发生|购买|追评|上传)?(?:时间|日期|于)?\s*[:于]?"
    r"\s*(?:北京时间)?\s*"
)
FOREWORDS = re.compile(  # "Reviewed in the United States on", "Отзыв написан", "Gegeten op"
    r"^(?:(?:posted|published|reviewed|written|listed|dined|visited|(?:last )?(?:edited|updated))"
    r"(?: in [a-z ]{2,40}? on| on)?:?|on"
    r"|отзыв написан|gegeten op|geschreven op|geschrieben am|bewertet am|am|about|over)\s+",
    re.IGNORECASE,
)
AFTER = re.compile(
    r"\s*(?:发表|发布|更新|(?:于[^\s\d]{1,20})?发起|入住|追评|网页|来[自源].*|[•·].*|-|(?<=\d),)$"
)
WEEKDAY = re.compile(r"\s*\(?(?:星期|周)[一二三四五六日天]\)?\s*(?=.)")


def moment(text: str | None, captured_at: datetime) -> tuple[str, str] | None:
    """The time meant by a text on a page captured at `captured_at` (aware): UTC as RFC 3339, and precision.

    Beijing time, unless the text names a zone; a clock without zone in a Western date is not read (`western`).
    The result is the *start* of the second, minute, hour, day, month or year meant: "3天前" is the beginning of
    that day. A date without year is the latest one that is not in the future; a span in weeks has the precision
    "month", the next coarser one.
    """
    base = captured_at.astimezone(CHINA)
    line = _bare(plain(text))
    for read in READERS:
        try:
            if found := read(line, base):
                return _start(*found).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), found[1]
        except (ValueError, OverflowError):  # 2024-13-45, 25:70, 0001-01-01: looks like a time and is none
            return None
    return None


def _bare(line: str) -> str:
    """Without what stands around a time: brackets, "发布于", "来自iPhone客户端", "Reviewed on"."""
    line = re.sub(r"\s+", " ", line)
    if inner := BRACKETS.fullmatch(line):
        line = (inner[1] or inner[2] or "").strip()
    return AFTER.sub("", FOREWORDS.sub("", BEFORE.sub("", line)))


def _start(time: datetime, precision: str) -> datetime:
    finer = PRECISIONS[PRECISIONS.index(precision) + 1 :]
    return time.replace(microsecond=0, **{unit: 1 if unit in ("month", "day") else 0 for unit in finer})  # type: ignore[arg-type]


def _epoch(line: str, base: datetime) -> Reading | None:
    """Unix seconds, with or without a fraction, or milliseconds, from 2000 on."""
    found = EPOCH.fullmatch(line)
    if not found:
        return None
    time = datetime.fromtimestamp(int(found["seconds"]), CHINA)
    return (time, "second") if time.year >= 2000 and time <= base + timedelta(days=1) else None


def _internet(line: str, _base: datetime) -> Reading | None:
    """RFC 5322 ("Tue, 06 Aug 2024 22:09:00 +0800")."""
    time = parsedate_to_datetime(line) if INTERNET.fullmatch(line) else None
    return (time, "second") if time and time.tzinfo else None


def _ctime(line: str, _base: datetime) -> Reading | None:
    """C's order ("Fri Mar 25 11:52:04 2016"), with Weibo's zone in it ("Tue Aug 06 22:09:00 +0800 2024")."""
    found = CTIME.fullmatch(line)
    if not found:
        return None
    weekday, month, day, clock, offset, year, greenwich = found.groups()
    time = parsedate_to_datetime(f"{weekday}, {day} {month} {year} {clock} {offset or greenwich or '+0800'}")
    return time, "second"


def _full_date(line: str, _base: datetime) -> Reading | None:
    found = DATE.fullmatch(WEEKDAY.sub(" ", line).strip())
    if not found or (found["hour"] and not found["day"]):
        return None
    day = datetime(
        int(found["year"]), int(found["month"] or 1), int(found["day"] or 1), tzinfo=zone(found["zone"])
    )
    if found["hour"]:
        return at(day, found)
    return day, "day" if found["day"] else "month" if found["month"] else "year"


def _month_day(line: str, base: datetime) -> Reading | None:
    found = MONTH_DAY.fullmatch(WEEKDAY.sub(" ", line).strip())
    return latest(int(found["month"]), int(found["day"]), base, found, with_clock=True) if found else None


def _clock(line: str, base: datetime) -> Reading | None:
    """A time alone: today's, or yesterday's if today's has not come yet."""
    found = TODAY.fullmatch(line)
    if not found or found["half"]:  # "10:00 pm": a Western site's own clock, as in `western`
        return None
    time, precision = at(base, found)
    return (time if time <= base + AHEAD else time - timedelta(days=1)), precision


READERS: tuple[Callable[[str, datetime], Reading | None], ...] = (
    _epoch,
    _internet,
    _ctime,
    _full_date,
    _month_day,
    _clock,
    worded,
    western,
)
