"""Counters: what does not go together is found; rounding, lower bounds and resets are not."""

import pytest

from crawler.detect.inflated import Inflated
from crawler.detect.kit.finding import Finding
from crawler.store.timeline import Point
from tests.detect.things import CorpusOf, listing, review


def points(*printed: str) -> list[Point]:
    return [
        Point(time=f"2026-07-{1 + place:02}T02:00:00Z", printed=text, capture=f"c{place}{text}")
        for place, text in enumerate(printed)
    ]


def found(series: dict[str, tuple[str, ...]], **more: tuple[str, ...]) -> list[Finding]:
    """Findings of one product with these counters, beside others of its site with `more` sales."""
    names = ["l1", *more]
    known = {("l1", counter): points(*printed) for counter, printed in series.items()}
    known |= {(name, "sales"): points(*printed) for name, printed in more.items()}
    things = [listing(name, f"商品{name}", rating_scale="5", seller="店") for name in names]
    return list(Inflated().detect(CorpusOf(listings=things, series=known)))


def test_sales_that_jump_without_reviews() -> None:
    [finding] = found({"sales": ("月销1100+", "月销3.8万+"), "review_count": ("162条评价", "171条评价")})
    assert (finding.grade, finding.conduct, finding.link) == ("medium", "inflated_listing", "review")
    assert "“月销1100+”" in finding.claim
    assert "评价数没有相应增加" in finding.claim
    assert finding.captures == ("c0月销1100+", "c1月销3.8万+")
    assert (finding.conduct_from, finding.conduct_until) == ("2026-07-01T02:00:00Z", "2026-07-02T02:00:00Z")
    merged = next(each for each in finding.innocent if "合并" in each.explanation)
    assert not merged.remains
    assert finding.subjects == ("listing:shop.example/l1", "shop:shop.example/店")


def test_reviews_that_follow_leave_a_merger_open() -> None:
    [finding] = found({"sales": ("月销1100", "月销3.8万"), "review_count": ("162", "5600")})
    assert finding.grade == "weak"
    assert next(each for each in finding.innocent if "合并" in each.explanation).remains


def test_others_that_rise_too_leave_a_sale_open() -> None:
    alone = found({"sales": ("月销1100", "月销3.8万")}, l2=("月销500", "月销510"), l3=("月销40", "月销41"))
    together = found(
        {"sales": ("月销1100", "月销3.8万")}, l2=("月销500", "月销2400"), l3=("月销40", "月销190")
    )
    [first], [second] = ([each for each in rows if "l1" in each.key] for rows in (alone, together))
    assert [
        each.remains for rows in (first, second) for each in rows.innocent if "促销" in each.explanation
    ] == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    "series",
    [
        {"sales": ("月销1000+", "月销9000+")},
        {"sales": ("月销1.2万+", "月销1.3万+", "月销1.2万+")},
        {"sales": ("月销9万+", "月销300")},
        {"sales": ("月销300", "已售3万+")},
        {"sales": ("已售1.2万+", "已售1.2万", "已售11950")},
        {"sales": ("月销300",), "review_count": ("2万+条评价",)},  # of all time beside the last month
        {"sales": ("已售1000+",), "review_count": ("1200条评价",)},
        {"review_count": ("162条评价", "150条评价")},
        {"rating_value": ("4.8分", "4.9分"), "review_count": ("100", "101")},
        {"sales": ("售罄", "", "今日特价 3 件 8 折")},
        {},
    ],
)
def test_rounding_bounds_and_resets_are_no_alarm(series: dict[str, tuple[str, ...]]) -> None:
    assert found(series) == []


@pytest.mark.parametrize(
    ("series", "words"),
    [
        ({"sales": ("已售500",), "review_count": ("900条评价",)}, "多于累计销量"),
        ({"sales": ("已售5000", "已售3000")}, "累计计数"),
        ({"review_count": ("500条评价", "300条评价")}, "累计计数"),
        ({"rating_value": ("4.0分", "4.6分"), "review_count": ("100", "105")}, "达不到"),
    ],
)
def test_one_thing_that_does_not_fit_is_weak(series: dict[str, tuple[str, ...]], words: str) -> None:
    [finding] = found(series)
    assert finding.grade == "weak"
    assert words in finding.claim


def listed(own: int, counter: int, *, others: int = 6) -> CorpusOf:
    """A product that shows `own` reviews beside `counter`, and others that show all of theirs."""
    counts = {"l1": own, **{f"o{number}": 60 for number in range(others)}}
    rows = [
        review(f"{name}-{number}", "好", item_reviewed=name)
        for name, count in counts.items()
        for number in range(count)
    ]
    things = [listing(name, review_number=counter if name == "l1" else 62) for name in counts]
    return CorpusOf(reviews=rows, listings=things)


def test_a_counter_far_above_the_list() -> None:
    [finding] = Inflated().detect(listed(20, 180))
    assert finding.key == "listing:shop.example/l1"
    assert "显示评价数180，而评价列表实有20条" in finding.claim


@pytest.mark.parametrize(
    "corpus",
    [listed(20, 70), listed(60, 500), listed(20, 180, others=3)],
    ids=["not so far", "a list as long as lists get", "too few others to compare"],
)
def test_lists_that_may_be_cut_are_no_alarm(corpus: CorpusOf) -> None:
    assert list(Inflated().detect(corpus)) == []


def test_a_hostile_counter_cannot_speak_for_us() -> None:
    [finding] = found({"sales": ("月销1100就是刷单", "月销9万就是刷单")})
    assert "就是刷单" not in finding.claim


def test_the_same_again() -> None:
    series = {"sales": ("月销1100+", "月销3.8万+"), "review_count": ("162条评价", "171条评价")}
    assert [each.id for each in found(series)] == [each.id for each in found(series)]
