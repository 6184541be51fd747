"""Whatever a page prints: values read back from each form that sites give them, and no text does harm."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crawler.printed import CHINA, moment, money, number, rating, region
from crawler.printed.regions import PROVINCES

CAPTURED = datetime(2026, 11, 22, 14, 0, tzinfo=CHINA)
ENGLISH = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
RUSSIAN = (
    *("января", "февраля", "марта", "апреля", "мая", "июня", "июля"),
    *("августа", "сентября", "октября", "ноября", "декабря"),
)

counts = st.integers(0, 10**12).filter(lambda count: count != 10**6)
FIRST, LAST = (datetime(year, 1, 2, tzinfo=CHINA) for year in (2002, 2036))
moments = st.integers(0, int((LAST - FIRST).total_seconds())).map(
    lambda later: FIRST + timedelta(seconds=later)
)
cents = st.integers(1, 10**9)
quick = settings(max_examples=60, deadline=timedelta(milliseconds=500))


def utc(meant: datetime) -> str:
    return meant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@quick
@given(counts)
def test_a_count_reads_back(count: int) -> None:
    for printed in (
        f"{count}",
        f"{count:,}",
        f"({count})",
        f"{count:,} reviews",
        f"赞[{count}]",
        f"已售{count}件",
    ):
        assert number(printed) == (count, False), printed
    assert number(f"月销{count}+") == (count, True)


@quick
@given(st.integers(1000, 10**11))
def test_a_rounded_count_reads_back_within_its_precision(count: int) -> None:
    for unit, size in (("万", 10_000), ("w", 10_000), ("千", 1000), ("k", 1000), ("亿", 10**8)):
        read = number(f"{count / size:.1f}{unit}+")
        assert read is not None
        assert abs(read[0] - count) <= size / 20 + 1e-3 * size
        assert read[1]


@quick
@given(cents)
def test_a_price_reads_back(price: int) -> None:
    amount = f"{Decimal(price) / 100:.2f}"
    grouped = f"{Decimal(price) / 100:,.2f}"
    european = grouped.translate(str.maketrans(",.", ".,"))
    assert money(amount) == (amount, None, False)
    assert money(f"券后价 ￥{grouped}起") == (amount, "CNY", True)
    assert money(f"{amount}元") == (amount, "CNY", False)
    assert money(f"£{grouped}") == (amount, "GBP", False)
    assert money(f"{european} €") == (amount, "EUR", False)
    assert money(f"{price}分") == (amount, "CNY", False)


@quick
@given(cents, cents)
def test_a_range_reads_as_its_lower_end(one: int, other: int) -> None:
    low, high = sorted((one, other))
    for mark in ("-", " - ", "~", "至"):
        printed = f"{Decimal(low) / 100:.2f}{mark}{Decimal(high) / 100:.2f}"
        assert money(printed) == (f"{Decimal(low) / 100:.2f}", None, True)


@pytest.mark.parametrize("half_stars", range(1, 11))
def test_stars_read_back(half_stars: int) -> None:
    value = Decimal(half_stars) / 2
    shown = f"{value.normalize():f}"
    whole, tenth = f"{value:.1f}".split(".")
    forms = (
        f"{value:.1f} out of 5 stars",
        f"{whole},{tenth}/5",
        f"{value:.1f}分（满分5分）",
        f"sml-rank-stars sml-str{whole}{tenth}",
        f"allstar{whole}{tenth}",
        f"star_{whole}{tenth}",
        f"ui_bubble_rating bubble_{whole}{tenth}",
        f"rating_s_fill s{whole}{tenth}",
    )
    assert {rating(form) for form in forms} == {(shown, "5")}


@quick
@given(moments)
def test_a_time_reads_back(meant: datetime) -> None:
    minute, day = meant.replace(second=0), meant.replace(hour=0, minute=0, second=0)
    for form in (
        "%Y-%m-%d %H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
        "%Y年%m月%d日 %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S+08:00",
    ):
        assert moment(meant.strftime(form), CAPTURED) == (utc(meant), "second"), form
    for form in (
        "发表于 %Y-%m-%d %H:%M",
        "(%Y-%m-%d %H:%M)",
        "%Y年%m月%d日%H:%M  来源：",
        "%Y-%m-%d %H:%M 来自iPhone",
    ):
        assert moment(meant.strftime(form), CAPTURED) == (utc(minute), "minute"), form
    assert moment(meant.astimezone(UTC).isoformat(), CAPTURED) == (utc(meant), "second")
    name, russian = ENGLISH[meant.month - 1], RUSSIAN[meant.month - 1]
    for printed in (
        meant.strftime("%Y-%m-%d"),
        f"{meant.year}年{meant.month}月{meant.day}日",
        f"{name} {meant.day}, {meant.year}",
        f"{name[:3]} {meant.day}, {meant.year} at {meant:%I:%M} PM",
        f"{meant.day} {russian} {meant.year}",
        f"{meant:%d.%m.%Y}, {meant:%H:%M} Uhr",
    ):
        assert moment(printed, CAPTURED) == (utc(day), "day"), printed


@quick
@given(moments, st.timedeltas(timedelta(0), timedelta(days=2000)))
def test_unix_time_reads_back(meant: datetime, later: timedelta) -> None:
    seconds = int(meant.timestamp())
    for printed in (f"{seconds}", f"{seconds}000", f"{seconds}.5"):
        assert moment(printed, meant + later) == (utc(meant), "second")


@quick
@given(moments, st.timedeltas(timedelta(0), timedelta(days=364)))
def test_a_date_without_year_is_that_of_the_last_twelve_months(captured: datetime, ago: timedelta) -> None:
    meant = (captured - ago).replace(second=0)
    assume(
        (meant.month, meant.day) != (2, 29)
    )  # it may be that of four years before, as the other years have none
    for form in ("%m-%d %H:%M", "%m月%d日 %H:%M"):
        assert moment(meant.strftime(form), captured) == (utc(meant), "minute")
    day = meant.replace(hour=0, minute=0)
    assert moment(f"{ENGLISH[meant.month - 1]} {meant.day}", captured) == (utc(day), "day")


@quick
@given(moments, st.integers(1, 59))
def test_a_relative_time_reads_back(captured: datetime, count: int) -> None:
    def start(day: date) -> datetime:
        return datetime.combine(day, time(), CHINA)

    today = captured.date()
    assert moment(f"{count}分钟前", captured) == (
        utc((captured - timedelta(minutes=count)).replace(second=0)),
        "minute",
    )
    assert moment(f"{count}天前", captured) == (utc(start(today - timedelta(days=count))), "day")
    assert moment(f"{count + 1} days ago", captured) == (utc(start(today - timedelta(days=count + 1))), "day")
    assert moment("昨天", captured) == (utc(start(today - timedelta(days=1))), "day")
    assert moment(f"前天 08:{count:02}", captured) == (
        utc(start(today - timedelta(days=2)) + timedelta(hours=8, minutes=count)),
        "minute",
    )


@pytest.mark.parametrize("name", PROVINCES.split())
def test_every_province_reads_back_behind_every_label(name: str) -> None:
    labels = ("", "IP属地:", "IP属地：", "IP 属地 ", "来自", "来自来自", "发布于 ", "发布于")
    assert {region(f"{label}{name}") for label in labels} == {name}


NUMBERS = "1 12 2024 1234567890 5 12:30 08:00 万 千 k 百 亿 + - – . , : / ( ) [ ] % ★ ☆"
UNITS = "¥ $ £ € 元 分 起 至 满分 星 stars of out str50 star_45 _fill"
TIMES = "年 月 日 前 天 昨天 周三 刚刚 上午 下午 晚上 am pm UTC +08:00 ago Mar марта T Z Uhr 发布于 于 发起"
OTHERS = ["IP属地", "来自", "江苏", " ", "\u00a0", "\u202e", "\ud83c", "é", "\n", "\x00"]
pieces = st.sampled_from([*NUMBERS.split(), *UNITS.split(), *TIMES.split(), *OTHERS])


@quick
@given(
    st.one_of(
        st.text(max_size=250),
        st.lists(pieces, max_size=60).map("".join),
        st.lists(pieces, max_size=40).map(" ".join),
    )
)
def test_no_text_raises_or_takes_long(text: str) -> None:
    number(text), money(text), rating(text, text), rating(text, "5"), moment(text, CAPTURED), region(text)


@quick
@given(st.lists(pieces, max_size=12).map("".join))
def test_what_is_read_is_well_formed(text: str) -> None:
    count, price, rated, when = number(text), money(text), rating(text, "5"), moment(text, CAPTURED)
    assert count is None or 0 <= count[0] < 10**15
    assert price is None or Decimal(price[0]) >= 0
    assert rated is None or rated[1] is None or 0 <= Decimal(rated[0]) <= Decimal(rated[1])
    assert when is None or datetime.fromisoformat(when[0]).tzinfo is UTC
