"""Times in words, counted from the time of capture: "3天前", "昨天 12:30", "1 week ago", "6 maanden geleden"."""

import re
from datetime import datetime
from functools import lru_cache

from dateparser.date import DateDataParser

from crawler.printed.clock_times import CHINA, CLOCK, Reading, at
from crawler.printed.numbers import NUMERAL, numeral

WORDED = re.compile(
    r"(?P<words>刚刚|刚才|半小时前|\d+ ?(?:秒钟?|分钟?|个?小时|天|周|个?星期|个?月|年)前"
    r"|大?前天|昨天|今天|上周|上个月|去年"
    r"|(?:周|星期)[一二三四五六日天]|(?:an?|one|\d+) (?:second|minute|hour|day|week|month|year)s? ago"
    r"|\d+ (?:weken|maanden?|jaar) geleden|yesterday|just now)"
    rf"(?: ?{CLOCK})?",
    re.IGNORECASE,
)
NUMERALS = re.compile(rf"[{NUMERAL}]+(?= ?个?(?:秒|分钟|小时|天|周|星期|月|年))")
HOURS_AND_MINUTES = re.compile(r"(?P<hours>\d{1,2}) ?小时 ?(?P<minutes>\d{1,2}) ?分钟?前")
SAME = (("昨日", "昨天"), ("今日", "今天"), ("前日", "前天"), ("之前", "前"), ("以前", "前"))


def worded(line: str, base: datetime) -> Reading | None:
    """A span of words, and the clock after it. Raises ValueError for a clock that does not exist."""
    for word, usual in SAME:
        line = line.replace(word, usual)
    line = NUMERALS.sub(lambda match: str(numeral(match[0]) or match[0]), line)
    line = HOURS_AND_MINUTES.sub(lambda ago: f"{int(ago['hours']) * 60 + int(ago['minutes'])}分钟前", line)
    found = WORDED.fullmatch(line)
    reading = _in_words(found["words"].lower(), base.replace(tzinfo=None)) if found else None
    return at(reading[0], found) if found and reading and found["hour"] else reading


@lru_cache(maxsize=256)  # the items of one capture share their base and most of their words
def _in_words(words: str, base: datetime) -> Reading | None:
    settings = {"RELATIVE_BASE": base, "RETURN_TIME_AS_PERIOD": True, "PREFER_DATES_FROM": "past"}
    read = DateDataParser(languages=["zh", "en", "nl"], settings=settings).get_date_data(words)
    if read.date_obj is None:
        return None
    return read.date_obj.replace(tzinfo=CHINA), _precision(words, read.period)


def _precision(words: str, period: str) -> str:
    if period != "time":
        return "month" if period == "week" else str(period)
    if re.search("秒|second", words):
        return "second"
    return "hour" if re.search(r"\d ?个?小时|hour", words) else "minute"
