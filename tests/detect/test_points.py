"""Selling points, the briefs that ask for them, and what chance gives."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.text.brief import demands, in_order, met
from crawler.detect.text.chance import odds, of_many, poisson_tail
from crawler.detect.text.normalise import normalised
from crawler.detect.text.points import MOST_POINTS, Points, clauses, said, shared_points


def told(rows: list[tuple[int, int, str]]) -> list[Points]:
    """Groups among reviews (account, day, text)."""
    return shared_points(
        [said(number, account, day, normalised(text)) for number, (account, day, text) in enumerate(rows)], 7
    )


def test_clauses_end_at_marks_blanks_and_emoji() -> None:
    text = normalised("真心喜欢！烧水 很快👍不烫手，a")
    assert [clause.text for clause in clauses(text)] == ["真心喜欢", "烧水", "很快", "不烫手"]
    for clause in clauses(text):
        assert text.text[clause.start : clause.end] == clause.text


POINTS = ("烧水特别快", "壶身不烫手", "打开没异味")


def test_two_of_the_same_points_within_days() -> None:
    rows = [
        (1, 10, f"推荐！{POINTS[0]}，{POINTS[1]}，好"),
        (2, 12, f"{POINTS[0]}，{POINTS[1]}，{POINTS[2]}，回购了"),
        (3, 13, f"总算到了，{POINTS[0]}，{POINTS[2]}"),
        (4, 13, f"第一次买，{POINTS[0]}，{POINTS[1]}，{POINTS[2]}"),
        (5, 13, f"一般，{POINTS[0]}"),
        (6, 60, f"{POINTS[0]}，{POINTS[1]}"),
        (7, -1, f"{POINTS[0]}，{POINTS[1]}"),
    ]
    rows += [(100 + number, 9 * number, f"第{number}次说{number}句话") for number in range(40)]
    (group,) = told(rows)
    assert set(group.points) <= set(POINTS)
    assert {3} <= set(group.members) <= {0, 1, 2, 3}
    for number in group.members:
        assert sum(point in rows[number][2] for point in group.points) >= 2


def test_one_account_is_not_three() -> None:
    text = f"{POINTS[0]}，{POINTS[1]}"
    assert not told([(1, 10, text), (1, 11, text), (1, 12, text), (2, 12, text)])
    assert len(told([(1, 10, text), (2, 11, text), (3, 12, text)])) == 1
    assert len(told([(1, 10, "烧水快不烫手"), (2, 11, "烧水快，不烫手"), (3, 12, "烧水快不烫手！")])) == 1


def test_a_review_is_in_one_group_and_groups_have_few_points() -> None:
    many = "，".join(f"第{number}个卖点说{number}遍" for number in range(20))
    groups = told([(account, 10 + account % 3, many) for account in range(9)])
    numbers = [number for group in groups for number in group.members]
    assert len(numbers) == len(set(numbers))
    assert all(len(group.points) <= MOST_POINTS + 2 for group in groups)


def test_what_everybody_says_all_year_is_no_group() -> None:
    rows = [(account, 5 * account, "物流很快，包装完好无损") for account in range(100)]
    assert not told(rows)


def test_many_reviews_of_one_product_take_no_long_time() -> None:
    rows = [
        (account, account // 40, "，".join(f"说法{(account * step) % 50}号" for step in range(1, 12)))
        for account in range(8000)
    ]
    start = time.perf_counter()
    told(rows)
    assert time.perf_counter() - start < 20


def test_a_brief_is_a_list_that_somebody_asks_for() -> None:
    body = "五星好评，不少于30字，要提到烧水快、不烫手、没异味；评价截图发我"
    (demand,) = demands(body)
    assert demand.items == ("烧水快", "不烫手", "没异味")
    assert body[demand.start : demand.end] == "提到烧水快、不烫手、没异味"
    review = clauses(normalised("真的推荐！烧水特别快，样子耐看，打开没异味，姐妹们冲"))
    assert {item: clause.text for item, clause in met(demand, review).items()} == {
        "烧水快": "烧水特别快",
        "没异味": "打开没异味",
    }
    assert not demands("他提到昨天的事")
    assert not met(demand, clauses(normalised("快递员很热情，颜色好看")))


def test_items_are_met_in_order() -> None:
    assert in_order("不烫手", "壶身不怎么烫手")
    assert not in_order("不烫手", "手不烫")


def test_hostile_posts_are_read_in_time() -> None:
    start = time.perf_counter()
    for text in ("提到" * 500_000, "文案：" + "、" * 1_000_000, "要点" + "a、b" * 300_000, "(" * 100_000):
        demands(text)
    assert time.perf_counter() - start < 5


@given(st.integers(0, 40), st.floats(0.001, 60))
def test_the_poisson_tail_is_the_sum_of_its_terms(count: int, expected: float) -> None:
    below = sum(
        math.exp(number * math.log(expected) - expected - math.lgamma(number + 1)) for number in range(count)
    )
    assert poisson_tail(count, expected) == pytest.approx(1 - below, abs=1e-9)


def test_small_probabilities_are_exact_and_read_in_words() -> None:
    assert poisson_tail(10, 0.01) == pytest.approx(1e-20 / math.factorial(10), rel=0.02)
    assert poisson_tail(3, 0) == 0
    assert poisson_tail(0, 0) == 1
    assert of_many(1e-12, 50) == pytest.approx(5e-11)
    assert of_many(1.0, 3) == 1
    assert [odds(p) for p in (1e-12, 1e-7, 5e-5, 5e-3, 0.2)] == [
        "不到十亿分之一",
        "不到百万分之一",
        "不到万分之一",
        "不到百分之一",
        "约20%",
    ]
    with pytest.raises(ValueError, match="expectation"):
        poisson_tail(1, -1)
