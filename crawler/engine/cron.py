"""Cron expressions as crontab(5) means them, as APScheduler triggers in Beijing time.

APScheduler reads a crontab line its own way: its weekday 1 is Tuesday, and it wants both the day of month
and the weekday to match where cron is content with either. So the five fields are read here, to the very
values they allow, and APScheduler gets those values spelt out.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from crawler.errors import UsageError

ZONE = "Asia/Shanghai"
# cron's numbers: 0 is Sunday, and so is 7.
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PART = re.compile(r"(?P<all>\*)|(?P<first>[0-9]+|[a-z]{3})(-(?P<last>[0-9]+|[a-z]{3}))?")
_EXAMPLE = "for example '30 2 * * 1-5' is 02:30 from Monday to Friday"


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    wraps: bool = False  # a range may run over the end: fri-mon


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _WEEKDAYS, wraps=True),
)


def read_cron(expression: str) -> BaseTrigger:
    """The trigger for five cron fields: minute, hour, day of month, month, weekday; zone Asia/Shanghai.

    Where day of month and weekday are both restricted, either is enough; a field that begins with ``*``
    does not count as restricted, also with a step (crontab(5)). Raises UsageError for anything else, and
    for a time that never comes, such as 31 February.
    """
    texts = expression.lower().split()
    if len(texts) != len(_FIELDS):
        raise UsageError(
            f"{expression!r} has {len(texts)} fields where cron has 5"
            f" (minute, hour, day of month, month, weekday); {_EXAMPLE}"
        )
    minute, hour, day, month, weekday = (
        _values(field, text) for field, text in zip(_FIELDS, texts, strict=True)
    )
    clock = {"minute": _listed(minute), "hour": _listed(hour), "month": _listed(month), "timezone": ZONE}
    days = {"day": _listed(day)}
    weekdays = {"day_of_week": ",".join(_WEEKDAYS[number] for number in sorted({n % 7 for n in weekday}))}
    if texts[2].startswith("*") or texts[4].startswith("*"):
        trigger: BaseTrigger = CronTrigger(**clock, **days, **weekdays)
    else:
        trigger = OrTrigger([CronTrigger(**clock, **days), CronTrigger(**clock, **weekdays)])
    if next_due(trigger, datetime.fromisoformat("2026-01-01T00:00:00+08:00")) is None:
        raise UsageError(f"{expression!r} never comes: check the day of month against the month")
    return trigger


def next_due(trigger: BaseTrigger, after: datetime) -> datetime | None:
    """The first time after `after` (with zone) at which a trigger falls due; None if there is none."""
    due: datetime | None = trigger.get_next_fire_time(None, after + timedelta(microseconds=1))
    return due


def _values(field: _Field, text: str) -> set[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        found = _span(field, text, span)
        if slash and (not step.isdecimal() or int(step) == 0 or len(found) == 1):
            raise _wrong(field, text, f"{part!r}: a step is * or a range, then / and a number from 1 on")
        values.update(found[:: int(step) if slash else 1])
    return values


def _span(field: _Field, text: str, span: str) -> list[int]:
    match = _PART.fullmatch(span)
    if match is None:
        raise _wrong(field, text, f"{span!r} is neither *, a value nor a range of two values")
    if match["all"]:
        # cron's Sunday is one day with two numbers; `*` counts it once, from 0.
        return list(range(field.low, (6 if field.wraps else field.high) + 1))
    first = _number(field, text, match["first"])
    if match["last"] is None:
        return [first]
    last = _number(field, text, match["last"])
    if first <= last:
        return list(range(first, last + 1))
    if not field.wraps:
        raise _wrong(field, text, f"{span!r} runs backwards; write it as two ranges, as in 22-23,0-2")
    return [*range(first, 7), *range(last + 1)]


def _number(field: _Field, text: str, value: str) -> int:
    if value in field.names:
        return field.names.index(value) + (1 if field.name == "month" else 0)
    if value.isdecimal() and field.low <= int(value) <= field.high:
        return int(value)
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    raise _wrong(field, text, f"{value!r} is not {field.low} to {field.high}{names}")


def _wrong(field: _Field, text: str, why: str) -> UsageError:
    return UsageError(f"{field.name} field {text!r}: {why}; {_EXAMPLE}")


def _listed(values: set[int]) -> str:
    return ",".join(str(value) for value in sorted(values))
