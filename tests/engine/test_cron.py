"""Cron expressions against crontab(5), read a second time and in another way by `falls_due`."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.engine.cron import next_due, read_cron
from crawler.errors import UsageError

SUNDAY = datetime.fromisoformat("2026-11-22T00:00:00+08:00")


def dues(expression: str, count: int, after: datetime = SUNDAY) -> list[str]:
    trigger = read_cron(expression)
    found = []
    for _ in range(count):
        due = next_due(trigger, after)
        assert due is not None
        found.append(due.strftime("%a %m-%d %H:%M"))
        after = due
    return found


def days(expression: str) -> str:
    """The weekdays in the week from Sunday on at which an expression falls due."""
    after = SUNDAY - timedelta(minutes=1)
    trigger = read_cron(expression)
    found = []
    while (due := next_due(trigger, after)) is not None and due < SUNDAY + timedelta(days=7):
        found.append(due.strftime("%a"))
        after = due
    return " ".join(found)


def test_monday_to_friday_is_monday_to_friday() -> None:
    assert dues("30 2 * * 1-5", 6) == [
        "Mon 11-23 02:30",
        "Tue 11-24 02:30",
        "Wed 11-25 02:30",
        "Thu 11-26 02:30",
        "Fri 11-27 02:30",
        "Mon 11-30 02:30",
    ]


@pytest.mark.parametrize(
    ("weekday", "expected"),
    [
        ("0", "Sun"),
        ("7", "Sun"),
        ("0,7", "Sun"),
        ("1", "Mon"),
        ("6", "Sat"),
        ("5-7", "Sun Fri Sat"),
        ("6-1", "Sun Mon Sat"),
        ("fri-mon", "Sun Mon Fri Sat"),
        ("7-2", "Sun Mon Tue"),
        ("MON,Wed", "Mon Wed"),
        ("1-5/2", "Mon Wed Fri"),
        ("*/2", "Sun Tue Thu Sat"),
        ("0-7", "Sun Mon Tue Wed Thu Fri Sat"),
        ("*", "Sun Mon Tue Wed Thu Fri Sat"),
        ("1,3-4,sat", "Mon Wed Thu Sat"),
    ],
)
def test_weekdays_follow_cron(weekday: str, expected: str) -> None:
    assert days(f"0 12 * * {weekday}") == expected


def test_day_of_month_or_weekday_is_enough() -> None:
    assert dues("0 0 1,30 * wed", 3) == ["Wed 11-25 00:00", "Mon 11-30 00:00", "Tue 12-01 00:00"]


def test_a_day_field_with_a_star_does_not_restrict_the_other() -> None:
    assert dues("0 0 */2 * wed", 2) == ["Wed 11-25 00:00", "Wed 12-09 00:00"]


def test_a_time_that_both_day_fields_name_comes_once() -> None:
    assert dues("0 0 25 11 wed", 2) == ["Wed 11-25 00:00", "Wed 11-03 00:00"]


def test_months_have_names() -> None:
    assert dues("0 0 1 jan,mar-apr *", 3) == ["Fri 01-01 00:00", "Mon 03-01 00:00", "Thu 04-01 00:00"]


def test_times_are_beijing_times() -> None:
    due = next_due(read_cron("0 9 * * *"), datetime.fromisoformat("2026-11-22T00:59:59+00:00"))
    assert due is not None
    assert due.isoformat() == "2026-11-22T09:00:00+08:00"


def test_a_due_time_is_after_and_not_at() -> None:
    assert dues("0 0 * * *", 1, SUNDAY) == ["Mon 11-23 00:00"]


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("30 2 * *", "4 fields"),
        ("@daily", "1 fields"),
        ("60 2 * * *", "'60' is not 0 to 59"),
        ("0 24 * * *", "hour field '24'"),
        ("0 0 0 * *", "day of month field '0'"),
        ("0 0 * 13 *", "month field '13'"),
        ("0 0 * * 8", "'8' is not 0 to 7 or sun to sat"),
        ("0 0 * * lun", "weekday field 'lun'"),
        ("0 22-2 * * *", "'22-2' runs backwards"),
        ("0/5 * * * *", "'0/5': a step is"),
        ("*/0 * * * *", "a number from 1 on"),
        ("*/x * * * *", "a number from 1 on"),
        ("1,,2 * * * *", "'' is neither"),
        ("1- * * * *", "'1-' is neither"),
        ("0 0 last * *", "'last' is neither"),
        ("0 0 31 2 *", "never comes"),
    ],
)
def test_a_wrong_expression_is_refused_by_name(expression: str, named: str) -> None:
    with pytest.raises(UsageError) as refusal:
        read_cron(expression)
    assert named in str(refusal.value)


def allows(text: str, value: int, low: int, high: int, turn: int | None = None) -> bool:
    """Whether one field allows a value; `turn` is the number of values after which the field repeats."""
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start, end = (low, high) if span == "*" else (int(first), int(last or first))
        distance, length = value - start, end - start
        if turn:
            distance %= turn
            length = length if length >= 0 else length % turn
        if 0 <= distance <= length and distance % int(step or 1) == 0:
            return True
    return False


def falls_due(expression: str, moment: datetime) -> bool:
    minute, hour, day, month, weekday = expression.split()
    on_day = allows(day, moment.day, 1, 31)
    on_weekday = allows(weekday, moment.isoweekday() % 7, 0, 6, turn=7)
    either = "*" not in (day[0], weekday[0])
    return (
        allows(minute, moment.minute, 0, 59)
        and allows(hour, moment.hour, 0, 23)
        and allows(month, moment.month, 1, 12)
        and ((on_day or on_weekday) if either else (on_day and on_weekday))
    )


def field(low: int, high: int, *, wraps: bool = False) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    ranges = st.tuples(number, number).filter(lambda pair: pair[0] < pair[1] or (wraps and pair[0] > pair[1]))
    span = ranges.filter(lambda pair: (pair[1] - pair[0]) % 7 or not wraps).map(
        lambda pair: f"{pair[0]}-{pair[1]}"
    )
    stepped = st.tuples(st.one_of(st.just("*"), span), st.integers(2, 9)).map(
        lambda pair: f"{pair[0]}/{pair[1]}"
    )
    part = st.one_of(number.map(str), span, stepped)
    return st.one_of(st.just("*"), st.lists(part, min_size=1, max_size=3).map(",".join))


EXPRESSIONS = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7, wraps=True)).map(
    " ".join
)
MINUTES = st.integers(0, 4 * 366 * 24 * 60).map(lambda minutes: SUNDAY + timedelta(minutes=minutes))


@given(EXPRESSIONS, MINUTES)
def test_a_moment_is_due_exactly_if_cron_says_so(expression: str, moment: datetime) -> None:
    due = next_due(read_cron(expression), moment - timedelta(minutes=1))
    assert due is not None
    assert (due == moment) == falls_due(expression, moment)
    assert falls_due(expression, due)
    between = min(int((due - moment).total_seconds() // 60), 600)
    assert not any(falls_due(expression, moment + timedelta(minutes=n)) for n in range(between))
