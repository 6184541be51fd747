"""Values as pages print them: counts, prices, ratings and times, in Chinese and plain Western notation.

Pure functions: text in, value out, and None for whatever was not understood or is ambiguous. A wrong number
in evidence is worse than a missing one, so nothing is guessed. Libraries do the parts that they do right
(cn2an: Chinese numerals; price-parser: decimal marks; dateparser: worded times); what they were seen to get
wrong ("11-20", "1.2万", "三天前") is read here before they see it.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import lru_cache

import cn2an
from dateparser.date import DateDataParser
from price_parser import Price

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")  # without daylight saving since 1992
AHEAD = timedelta(minutes=10)  # a site's clock may be this much ahead of ours
LARGEST = 10**15  # more is a telephone number or an attack, not a count
LONGEST = 200  # characters; a longer text is no value, and would make the patterns slow

UNITS = {"百": 100, "千": 1000, "k": 1000, "万": 10_000, "w": 10_000, "亿": 10**8}
NUMERAL = "零〇一二两三四五六七八九十百千万亿"
LEAST = r"(?P<least>超过?|逾|≥|>|至少|不少于)?\s*"
MORE = r"(?P<more>\s*\+|[余多]|[条人件次个单笔份]?以上)?"
DIGITS = re.compile(
    LEAST + r"(?<![-−.,:/?*\da-z])(?P<digits>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?![,.]?\d)"
    r"\s*(?P<units>(?:[百千万亿]|[kw](?![a-z]))*)(?![%‰:/?*a-z])" + MORE
)
WORDS = re.compile(LEAST + rf"(?P<words>[{NUMERAL}]+)" + MORE)


def number(text: str | None) -> tuple[int, bool] | None:
    """The count in a text, and whether it is only a lower bound: "月销1.2万+" → (12000, True).

    None unless there is exactly one number, which is neither signed nor part of a date, range, price or
    percentage. A decimal point without 万 or 千 after it is not understood ("8.340" may be 8340).
    """
    line = _plain(text).lower()
    has_digits = re.search(r"\d", line)
    found = list((DIGITS if has_digits else WORDS).finditer(line))
    if len(found) != 1 or (has_digits and len(re.findall(r"\d[\d.,]*", line)) != 1):
        return None
    amount = _scaled(found[0]) if has_digits else _numeral(found[0]["words"])
    if amount is None or amount != int(amount) or amount >= LARGEST:
        return None
    return int(amount), bool(found[0]["least"] or found[0]["more"])


def _scaled(match: re.Match[str]) -> Decimal | None:
    if "." in match["digits"] and not match["units"]:
        return None
    amount = Decimal(match["digits"].replace(",", "")[:20])
    for unit in match["units"][:3]:
        amount *= UNITS[unit]
    return amount


def _numeral(words: str) -> Decimal | None:
    """A Chinese numeral: "一万二千" → 12000. A unit alone ("万") is no number."""
    try:
        return Decimal(str(cn2an.cn2an(words, "smart")))
    except ValueError:  # cn2an's answer to "万" and "三百万千"
        return None


CURRENCIES = (
    ("HKD", r"HK\$|HKD|港币|港元"),
    ("TWD", r"NT\$|TWD|新台币"),
    ("USD", r"US\$|USD|美元|美金"),
    ("EUR", r"€|EUR|欧元"),
    ("GBP", r"£|GBP|英镑"),
    ("JPY", r"円|JPY|日元"),
    ("KRW", r"₩|KRW|韩元"),
    ("CNY", r"¥|CNY|RMB|人民币|元|块"),
)
AMOUNT = re.compile(r"(?P<digits>\d[\d.,]*\d|\d)\s*(?P<unit>[千万亿])?")
BETWEEN = re.compile(r"\s*元?\s*(?:-|~|–|—|至|到)\s*[¥$€£]?\s*")
FORM = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+,\d+|\d+(?:[.,]\d\d?|\.\d{4,})?")
NO_PRICE = re.compile(r"\d[?*]|[?*]\d|[-−]\s*¥?\d|%")  # hidden digits, a discount, a share
FROM = re.compile(r"起|\+|低至|最低|\bfrom\b|\bab\b", re.IGNORECASE)


def money(text: str | None) -> tuple[str, str | None, bool] | None:
    """Price, ISO 4217 currency (None if not printed), and whether it is a lower bound ("59.9起", a range).

    "券后价 ¥59.9起" → ("59.90", "CNY", True). None for two prices that are no range, and for hidden digits.
    """
    line = _plain(text)
    found = list(AMOUNT.finditer(line))
    is_range = len(found) == 2 and BETWEEN.fullmatch(line[found[0].end() : found[1].start()]) is not None
    if not found or (len(found) != 1 and not is_range) or NO_PRICE.search(line[: found[0].end() + 1]):
        return None
    amount = _amount(found[0])
    return None if amount is None else (amount, _currency(line), is_range or FROM.search(line) is not None)


def _amount(match: re.Match[str]) -> str | None:
    digits = match["digits"]
    if not FORM.fullmatch(digits):  # "1.299": thousands, or three decimals?
        return None
    amount = Price.fromstring(digits).amount
    if amount is None or amount >= LARGEST:
        return None
    amount *= UNITS.get(match["unit"] or "", 1)
    return f"{amount:.2f}" if amount == round(amount, 2) else f"{amount:f}"


def _currency(line: str) -> str | None:
    for code, signs in CURRENCIES:
        if re.search(signs, line):
            return code
    other = re.search(r"\b[A-Z]{3}\b", line)
    return other[0] if other else None


SCALED = re.compile(
    r"(?P<value>\d+(?:[.,]\d+)?)分?\s*(?:/|out of|of|von|,?\(?满分)\s*(?P<best>\d+)\D*", re.IGNORECASE
)
PLAIN = re.compile(
    r"(?:综合|评分|得分|:|\s)*(?P<value>\d+(?:[.,]\d+)?|[一二三四五])\s*(?:分|颗?星|stars?)?", re.IGNORECASE
)


def rating(text: str | None, best: str | None = None) -> tuple[str, str | None] | None:
    """A rating and its best possible value, both decimal: ("4.8分", "5") → ("4.8", "5").

    The scale printed in the text ("4/5", "98%", "★★★★☆") goes before `best`; None where neither says.
    None as a whole for text that is no rating, or a value beyond its scale.
    """
    line = _plain(text)
    if re.fullmatch(r"[★☆]+", line):
        value, scale = str(line.count("★")), str(len(line))
    elif found := SCALED.fullmatch(line):
        value, scale = found["value"], found["best"]
    elif found := re.fullmatch(r"(?P<value>\d+(?:\.\d+)?)%", line):
        value, scale = found["value"], "100"
    elif found := PLAIN.fullmatch(line):
        value, scale = found["value"], _plain(best).rstrip("分星")
    else:
        return None
    return _rated(value, scale)


def _rated(value: str, scale: str) -> tuple[str, str | None] | None:
    amount = _numeral(value) if value in "一二三四五" else Decimal(value.replace(",", "."))
    limit = Decimal(scale) if re.fullmatch(r"\d{1,4}(?:\.\d+)?", scale) else None
    if amount is None or (limit is not None and amount > limit):
        return None
    return _shortest(amount), None if limit is None else _shortest(limit)


def _shortest(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


Reading = tuple[datetime, str]  # the start of the span meant, and its precision
PRECISIONS = ("year", "month", "day", "hour", "minute", "second")

CLOCK = (
    r"(?P<part>凌晨|清晨|早上|上午|中午|下午|傍晚|晚上)?\s*"
    r"(?P<hour>\d{1,2})[:时点](?P<minute>\d{2})分?(?::?(?P<second>\d{2})(?:\.\d+)?秒?)?"
)
ZONE = r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
DATE = re.compile(
    r"(?P<year>\d{4})[-/.年]\s*(?:(?P<month>\d{1,2})(?:[-/.月]\s*(?:(?P<day>\d{1,2})[日号]?)?)?)?"
    rf"(?:[T ,]*{CLOCK}{ZONE})?"
)
MONTH_DAY = re.compile(rf"(?P<month>\d{{1,2}})[-/月]\s*(?P<day>\d{{1,2}})[日号]?(?:[ ,]*{CLOCK})?")
TODAY = re.compile(CLOCK)
WORDED = re.compile(
    r"(?P<words>刚刚|刚才|半小时前|\d+ ?(?:秒钟?|分钟?|个?小时|天|周|个?星期|个?月|年)前"
    r"|大?前天|昨天|今天|上周|上个月|去年"
    r"|(?:周|星期)[一二三四五六日天]|(?:an?|\d+) (?:second|minute|hour|day|week|month|year)s? ago|yesterday|just now)"
    rf"(?: ?{CLOCK})?"
)
BEFORE = re.compile(r"^(?:最后)?(?:发表|发布|编辑|更新|回复|评论|创建)?(?:时间|日期|于)?\s*[:于]?\s*")
AFTER = re.compile(r"\s*(?:发表|发布|更新|来自.*)$")
WEEKDAY = re.compile(r"\s*\(?(?:星期|周)[一二三四五六日天]\)?\s*(?=.)")


def moment(text: str | None, captured_at: datetime) -> tuple[str, str] | None:
    """The time meant by a text on a page captured at `captured_at` (aware): UTC as RFC 3339, and precision.

    Beijing time, unless the text names a zone. The result is the *start* of the second, minute, hour, day,
    month or year meant: "3天前" is the beginning of that day. A date without year is the latest one that is
    not in the future; a span in weeks has the precision "month", the next coarser one.
    """
    base = captured_at.astimezone(CHINA)
    line = AFTER.sub("", BEFORE.sub("", re.sub(r"\s+", " ", _plain(text))))
    for read in READERS:
        try:
            if found := read(line, base):
                return _start(*found).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), found[1]
        except (ValueError, OverflowError):  # 2024-13-45, 25:70, 0001-01-01: looks like a time and is none
            return None
    return None


def _start(time: datetime, precision: str) -> datetime:
    finer = PRECISIONS[PRECISIONS.index(precision) + 1 :]
    return time.replace(microsecond=0, **{unit: 1 if unit in ("month", "day") else 0 for unit in finer})  # type: ignore[arg-type]


def _epoch(line: str, base: datetime) -> Reading | None:
    """Unix seconds or milliseconds, from 2000 on."""
    if not re.fullmatch(r"\d{10}(?:\d{3})?", line):
        return None
    time = datetime.fromtimestamp(int(line[:10]), CHINA)
    return (time, "second") if time.year >= 2000 and time <= base + timedelta(days=1) else None


def _internet(line: str, _base: datetime) -> Reading | None:
    """RFC 5322 ("Tue, 06 Aug 2024 22:09:00 +0800") and Weibo's order ("Tue Aug 06 22:09:00 +0800 2024")."""
    if not re.match(r"[A-Z][a-z]{2},? ", line):
        return None
    weibo = re.fullmatch(r"(\w{3}) (\w{3}) (\d{2}) ([\d:]{8}) ([+-]\d{4}) (\d{4})", line)
    time = parsedate_to_datetime(weibo.expand(r"\1, \3 \2 \6 \4 \5") if weibo else line)
    return (time, "second") if time.tzinfo else None


def _full_date(line: str, _base: datetime) -> Reading | None:
    found = DATE.fullmatch(WEEKDAY.sub(" ", line).strip())
    if not found or (found["hour"] and not found["day"]):
        return None
    day = datetime(
        int(found["year"]), int(found["month"] or 1), int(found["day"] or 1), tzinfo=_zone(found["zone"])
    )
    if found["hour"]:
        return _at(day, found)
    return day, "day" if found["day"] else "month" if found["month"] else "year"


def _month_day(line: str, base: datetime) -> Reading | None:
    found = MONTH_DAY.fullmatch(WEEKDAY.sub(" ", line).strip())
    if not found:
        return None
    month, day = int(found["month"]), int(found["day"])
    for year in range(base.year, base.year - 9, -1):  # nine years hold a 29 February
        if (month, day) == (2, 29) and not _is_leap(year):
            continue
        start = datetime(year, month, day, tzinfo=CHINA)
        reading = _at(start, found) if found["hour"] else (start, "day")
        if reading[0] <= base + AHEAD:
            return reading
    return None


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _clock(line: str, base: datetime) -> Reading | None:
    """A time alone: today's, or yesterday's if today's has not come yet."""
    found = TODAY.fullmatch(line)
    if not found:
        return None
    time, precision = _at(base, found)
    return (time if time <= base + AHEAD else time - timedelta(days=1)), precision


def _worded(line: str, base: datetime) -> Reading | None:
    numerals = re.compile(rf"[{NUMERAL}]+(?= ?个?(?:秒|分钟|小时|天|周|星期|月|年))")
    line = numerals.sub(lambda match: str(_numeral(match[0]) or match[0]), line)
    found = WORDED.fullmatch(line)
    reading = _in_words(found["words"], base.replace(tzinfo=None)) if found else None
    return _at(reading[0], found) if found and reading and found["hour"] else reading


@lru_cache(maxsize=256)  # the items of one capture share their base and most of their words
def _in_words(words: str, base: datetime) -> Reading | None:
    settings = {"RELATIVE_BASE": base, "RETURN_TIME_AS_PERIOD": True, "PREFER_DATES_FROM": "past"}
    read = DateDataParser(languages=["zh", "en"], settings=settings).get_date_data(words)
    if read.date_obj is None:
        return None
    return read.date_obj.replace(tzinfo=CHINA), _worded_precision(words, read.period)


def _worded_precision(words: str, period: str) -> str:
    if period != "time":
        return "month" if period == "week" else str(period)
    if re.search("秒|second", words):
        return "second"
    return "hour" if re.search(r"\d ?个?小时|hour", words) else "minute"


def _at(day: datetime, found: re.Match[str]) -> Reading:
    """The clock time of a match on a day. Raises ValueError for 25:70 and for the ambiguous 晚上12:30."""
    hour, part = int(found["hour"]), found["part"]
    if part in ("下午", "傍晚", "晚上", "中午") and hour < (12 if part != "中午" else 10):
        hour += 12
    elif part == "晚上" and hour == 12:
        raise ValueError("晚上12点 may be noon's or midnight's day")
    elif part == "凌晨" and hour == 12:
        hour = 0
    time = day.replace(
        hour=hour, minute=int(found["minute"]), second=int(found["second"] or 0), microsecond=0
    )
    return time, "second" if found["second"] else "minute"


def _zone(name: str | None) -> timezone:
    if name is None:
        return CHINA
    if name in ("Z", "UTC", "GMT"):
        return UTC
    hours, minutes = int(name[1:3]), int(name[-2:])
    return timezone((-1 if name[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))


READERS: tuple[Callable[[str, datetime], Reading | None], ...] = (
    _epoch,
    _internet,
    _full_date,
    _month_day,
    _clock,
    _worded,
)


def _plain(text: str | None) -> str:
    """Compatibility forms made plain (full-width digits, "￥", "：", nbsp), ends stripped; "" if too long."""
    return unicodedata.normalize("NFKC", text).strip() if text and len(text) <= LONGEST else ""
