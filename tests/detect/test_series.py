"""Counts, expectation, windows and the tests of composition: pure functions."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.detect.series.calendar import calendar
from crawler.detect.series.chances import (
    benjamini_hochberg,
    both,
    fisher_greater,
    negative_binomial_tail,
)
from crawler.detect.series.composition import in_common
from crawler.detect.series.counters import jumps, rating_leaps, readings, steps_back
from crawler.detect.series.counts import beijing_day, dated, series, summed
from crawler.detect.series.expected import around, level, range_of, spread
from crawler.detect.series.people import told
from crawler.detect.series.printed_counts import counted
from crawler.detect.series.scan import scanned
from crawler.errors import UsageError
from crawler.store.timeline import Point
from tests.detect.things import review

DAY0 = date(2026, 1, 5).toordinal()


# chances


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 8), st.integers(0, 8))
def test_fisher_is_the_exact_sum(inside: int, more: int, outside: int, others: int) -> None:
    of_inside, of_outside = inside + more, outside + others
    marked, whole = inside + outside, comb(of_inside + of_outside, of_inside)
    exact = sum(
        Fraction(comb(marked, number) * comb(of_inside + of_outside - marked, of_inside - number), whole)
        for number in range(inside, min(marked, of_inside) + 1)
    )
    assert fisher_greater(inside, of_inside, outside, of_outside) == pytest.approx(float(exact), rel=1e-9)


@given(st.integers(1, 60), st.floats(0.01, 30), st.floats(0.2, 50))
def test_the_tail_of_the_negative_binomial_sums_to_one(count: int, mean: float, size: float) -> None:
    step = mean / (mean + size)
    term, below = (1 - step) ** size, 0.0
    for number in range(count):
        below += term
        term *= step * (number + size) / (number + 1)
    assert negative_binomial_tail(count, mean, size) == pytest.approx(1 - below, abs=1e-9)


def test_a_wide_negative_binomial_expects_more_than_poisson() -> None:
    assert negative_binomial_tail(15, 3, 5) > 100 * negative_binomial_tail(15, 3, 1e9)


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="inside"):
        fisher_greater(3, 2, 0, 5)
    with pytest.raises(ValueError, match="mean"):
        negative_binomial_tail(3, -1, 2)
    with pytest.raises(ValueError, match="tests"):
        benjamini_hochberg([0.1, 0.2], 1)


@given(st.lists(st.floats(1e-9, 1), min_size=1, max_size=30), st.integers(0, 100))
def test_q_values_keep_the_order_and_are_never_below_p(chances: list[float], more: int) -> None:
    found = benjamini_hochberg(chances, len(chances) + more)
    assert all(q >= p * (1 - 1e-12) for q, p in zip(found, chances, strict=True) if q < 1)
    order = np.argsort(chances, kind="stable")
    assert (np.diff(found[order]) >= 0).all()


def test_q_values_of_the_textbook() -> None:
    found = benjamini_hochberg([0.01, 0.04, 0.03, 0.005], 4)
    assert found == pytest.approx([0.02, 0.04, 0.04, 0.02])


def test_two_tests_together() -> None:
    assert both(1.0, 1.0) == 1.0
    assert both(0.05, 0.05) == pytest.approx(
        0.0174787, rel=1e-5
    )  # chi-squared with 4 degrees of freedom at −2 ln 0.0025


# counts


def test_a_day_is_a_day_of_beijing() -> None:
    assert beijing_day("2026-11-19T16:00:00Z") == date(2026, 11, 20).toordinal()
    assert beijing_day("2026-11-19T15:59:59.5Z") == date(2026, 11, 19).toordinal()
    assert beijing_day("2026-11-20") == date(2026, 11, 20).toordinal()
    assert beijing_day("2026-11-20T00:30:00+08:00") == date(2026, 11, 20).toordinal()


def test_what_names_no_day_is_not_counted() -> None:
    assert dated("2026-11-20T00:00:00Z", "month") is None
    assert dated("2026-11", None) is None
    assert dated(None, "day") is None


def test_a_shop_is_the_sum_of_its_products() -> None:
    one = series("a", "s", [DAY0, DAY0 + 2], last=DAY0 + 3)
    other = series("b", "s", [DAY0 + 1, DAY0 + 2], last=DAY0 + 9, judged_until=DAY0 + 5)
    whole = summed("s", "s", [one, other])
    assert whole.counts.tolist() == [1, 1, 2, 0, 0, 0, 0, 0, 0, 0]
    assert (whole.first, whole.judged_until) == (DAY0, DAY0 + 3)


# expectation


def test_a_burst_does_not_expect_itself() -> None:
    counts = np.ones(200)
    counts[100:103] = 40
    rate = level(counts, 3).rate
    assert rate[100] == pytest.approx(1.0)
    assert rate[60] < 1.5  # and an earlier or later one hardly moves the level of another day
    assert rate[140] < 1.5


def test_growth_is_no_burst() -> None:
    counts = np.concatenate([np.full(100, 0.2), np.full(100, 4.0)])
    assert level(counts, 1).rate[101] > 2.5


def test_without_four_weeks_there_is_no_level() -> None:
    assert np.isnan(level(np.ones(30), 1).rate).all()


def test_the_edge_of_a_cut_list_is_no_history() -> None:
    counts = np.concatenate([np.full(150, 1.0), np.full(50, 9.0)])
    assert level(counts, 1, known=150).rate[130] == pytest.approx(1.0)


def test_dispersion_is_measured() -> None:
    dice = np.random.default_rng(7)
    expected = np.full(4000, 3.0)
    steady, unsteady = dice.poisson(expected), dice.negative_binomial(2.5, 2.5 / 5.5, 4000)
    assert spread(steady.astype(float), expected) == pytest.approx(0.05)
    assert 0.2 < spread(unsteady.astype(float), expected) < 0.5  # α is .4, less what the cut takes


def test_the_band_holds_nineteen_of_twenty() -> None:
    low, high = range_of(4.0, 8.0)
    tail = negative_binomial_tail
    assert tail(int(low), 4.0, 8.0) - tail(int(high) + 1, 4.0, 8.0) >= 0.95
    assert tail(int(high), 4.0, 8.0) > 0.025


# windows


def steady(key: str, days: int = 300, *, seed: int = 1, rate: float = 0.5, more: int = 0) -> list[int]:
    """Days of reviews at a rate; with `more`, so many on day 150."""
    counts = np.random.default_rng(seed + sum(map(ord, key))).poisson(rate, days)
    counts[150] += more
    return [DAY0 + day for day, count in enumerate(counts) for _ in range(count)]


def scan_of(rows: dict[str, list[int]]) -> dict[str, tuple[int, int]]:
    parts = [series(key, key, days, last=DAY0 + 299) for key, days in rows.items()]
    found = scanned(parts, dict.fromkeys(rows, "site"))
    best = sorted((window for window in found.windows if window.q <= 0.05), key=lambda window: -window.p)
    return {window.key: (window.first - DAY0, window.observed) for window in best}


def test_a_burst_is_found_where_it_is() -> None:
    rows = {f"p{number}": steady(f"p{number}") for number in range(8)}
    rows["p3"] = steady("p3", more=15)
    found = scan_of(rows)
    assert set(found) == {"p3"}
    assert found["p3"][0] in range(137, 151)
    assert found["p3"][1] >= 15


def test_a_day_of_all_is_nobodys_burst() -> None:
    rows = {f"p{number}": steady(f"p{number}", more=15) for number in range(8)}
    assert scan_of(rows) == {}


def test_a_burst_does_not_excuse_itself() -> None:
    parts = [series(key, key, steady(key, more=40 * (key == "p0")), last=DAY0 + 299) for key in ("p0", "p1")]
    whole = around(parts, [level(part.counts, 1) for part in parts])
    others = whole.without(around(parts[:1], [level(parts[0].counts, 1)]))
    assert others.between(DAY0 + 150, 1)[0] == parts[1].counts[DAY0 + 150 - parts[1].first]
    assert others.index(DAY0 + 150, 1)[0] < 1.5 < whole.index(DAY0 + 150, 1)[0]


def test_the_order_of_the_series_does_not_matter() -> None:
    rows = {f"p{number}": steady(f"p{number}", more=9 * (number == 2)) for number in range(5)}
    assert scan_of(rows) == scan_of(dict(reversed(rows.items())))


def test_days_after_the_edge_are_not_judged() -> None:
    rows = {f"p{number}": steady(f"p{number}") for number in range(6)}
    rows["p1"] = steady("p1", more=15)
    parts = [series(key, key, days, last=DAY0 + 299, judged_until=DAY0 + 140) for key, days in rows.items()]
    assert all(window.last <= DAY0 + 140 for window in scanned(parts, dict.fromkeys(rows, "site")).windows)


# calendar


def test_a_users_own_days_are_added(tmp_path: Path) -> None:
    (tmp_path / "days.toml").write_text(
        '[[promotion]]\nname = "店庆"\nfrom = "12-30"\nuntil = "01-02"\nwords = ["店庆"]\n', "utf-8"
    )
    own = calendar(tmp_path)
    assert [sale.name for sale in own.between(date(2026, 1, 1), date(2026, 1, 1))] == ["店庆"]
    assert own.names_earlier("店庆买的", date(2026, 3, 1))
    assert not own.names_earlier("店庆买的", date(2026, 1, 1))
    assert [sale.name for sale in own.between(date(2026, 6, 18), date(2026, 6, 18))] == ["618"]


@pytest.mark.parametrize(
    "text", ['[[promotion]]\nname = "x"\nfrom = "13-01"\nuntil = "01-02"\n', "promotion = 3", "="]
)
def test_a_file_that_is_no_calendar_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "days.toml").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"days\.toml"):
        calendar(tmp_path)


# what reviews have in common


def test_two_accounts_that_say_the_same_two_points_share_them() -> None:
    bodies = {
        "a": "很快。底子软得像踩棉花，颜色比图上还正",
        "b": "颜色比图上还正！底子软得像踩棉花！推荐",
        "c": "尺码偏大，换了一次",
        "d": "此用户未填写评价内容",
        "e": "此用户未填写评价内容",
    }
    rows = [
        told(review(name, body, author=name, day="2026-05-01"), {}, calendar())
        for name, body in bodies.items()
    ]
    assert in_common([row for row in rows if row]).shared == {"a", "b"}


@settings(deadline=None)  # the first text loads the tables
@given(st.text(max_size=300))
def test_any_text_can_be_compared(body: str) -> None:
    row = told(review("a", body, author="x", day="2026-05-01"), {"x": 1}, calendar())
    assert row is not None
    in_common([row, row])


# printed counters


@pytest.mark.parametrize(
    ("printed", "low", "high", "over"),
    [
        ("月销356", 356, 356, "month"),
        ("月销1.2万+", 12_000, 24_000, "month"),
        ("1000+人付款", 1_000, 10_000, "month"),
        ("已售 3.8万", 37_000, 39_000, "ever"),
        ("２.３万＋条评价", 23_000, 46_000, "ever"),
        ("1,234条评价", 1_234, 1_234, "ever"),
        ("近30天售出500", 500, 500, "month"),
    ],
)
def test_what_is_printed_is_read_with_its_bounds(printed: str, low: int, high: int, over: str) -> None:
    found = counted(printed)
    assert found is not None
    assert (found.low, found.high, found.over) == (low, high, over)


@given(st.text(max_size=200))
def test_any_print_is_read_or_left(printed: str) -> None:
    found = counted(printed)
    assert found is None or 0 <= found.low <= found.high


@given(st.integers(1, 10_000_000), st.sampled_from([1, 10, 100, 1_000, 10_000]))
def test_bounds_hold_the_true_number(true: int, step: int) -> None:
    shown = true // step * step
    found = counted(f"已售{shown}+") if shown and step > 1 else counted(f"已售{true}")
    assert found is not None
    assert found.low <= true
    if len(str(shown).strip("0")) > 1 or step == 1:
        assert true <= found.high


def points(*printed: str, hours: int = 24) -> list[Point]:
    """One point every `hours`."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    return [
        Point(time=(start + timedelta(hours=place * hours)).isoformat(), printed=text, capture=f"c{place}")
        for place, text in enumerate(printed)
    ]


def test_a_jump_that_reviews_do_not_follow() -> None:
    [found] = jumps(readings(points("月销1100+", "月销3.8万+")), readings(points("162", "171"), "ever"))
    assert found.alone
    assert found.by == pytest.approx(38_000 / 2_200)


@pytest.mark.parametrize(
    "printed",
    [
        ("月销1000+", "月销1万"),  # 1000+ may have been nearly as much
        ("月销1.2万+", "月销2.4万+"),
        ("月销40", "月销300"),  # small numbers multiply easily
        ("月销300", "已售3万"),  # another counter
        ("月销9万", "月销300"),  # last month's may fall
    ],
)
def test_rounding_and_resets_are_no_jump(printed: tuple[str, str]) -> None:
    assert jumps(readings(points(*printed)), []) == []


def test_a_jump_has_time_after_weeks() -> None:
    assert jumps(readings(points("月销300", "月销3万", hours=24 * 20)), []) == []


def test_only_counters_of_all_time_may_not_fall() -> None:
    assert [found.by for found in steps_back(readings(points("已售500", "已售300")))] == [200]
    assert steps_back(readings(points("月销500", "月销300"))) == []
    assert steps_back(readings(points("已售1.2万+", "已售1.1万+"))) == []


def test_a_rating_that_new_reviews_cannot_lift() -> None:
    low, high = readings(points("100", "110"), "ever")
    assert len(rating_leaps([(low, 4.0), (high, 4.6)], [low, high])) == 1
    assert rating_leaps([(low, 4.0), (high, 4.1)], [low, high]) == []
    low, high = readings(points("100", "400"), "ever")
    assert rating_leaps([(low, 4.0), (high, 4.6)], [low, high]) == []
