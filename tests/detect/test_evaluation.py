"""The measures and the folds: against definitions, hand-worked figures and scikit-learn."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.kit.detector import Example, Scorer
from crawler.detect.kit.evaluation import by_source, chosen_threshold, evaluate, folds, leave_out
from crawler.detect.kit.masking import MASK, masked
from crawler.detect.kit.measures import (
    Scored,
    average_precision,
    best_threshold,
    figures,
    interval,
    recall_at,
)
from crawler.errors import UsageError

PAIRS = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=60)


def row(number: int, truth: bool, *, group: str | None = None, source: str = "a", word: str = "") -> Example:
    return Example(
        identifier=f"r{number}", truth=truth, group=group or f"g{number}", source=source,
        content={"word": word}, shown=word,
    )  # fmt: skip


class Rule(Scorer):
    """Scores are in the rows."""

    def examples(self, rows: Iterable[Mapping[str, Any]]) -> list[Example]:
        raise NotImplementedError

    def scores(self, examples: Sequence[Example]) -> list[float]:
        return [float(example.content["word"]) for example in examples]


class Memory(Scorer):
    """Knows the words of the positive rows that it was trained on, and nothing else."""

    learns: ClassVar[bool] = True

    def __init__(self, words: Iterable[str] = (), trainings: list[list[Example]] | None = None) -> None:
        self.words = set(words)
        self.trainings = [] if trainings is None else trainings

    def examples(self, rows: Iterable[Mapping[str, Any]]) -> list[Example]:
        raise NotImplementedError

    def train(self, examples: Sequence[Example]) -> "Memory":
        self.trainings.append(list(examples))
        return Memory((each.content["word"] for each in examples if each.truth), self.trainings)

    def scores(self, examples: Sequence[Example]) -> list[float]:
        return [float(each.content["word"] in self.words) for each in examples]


def test_average_precision_by_hand() -> None:
    # found in order: right, wrong, right → 1/1 × 1/2 + 2/3 × 1/2
    assert average_precision([0.9, 0.8, 0.7], [True, False, True]) == pytest.approx(0.5 + 1 / 3)
    assert average_precision([0.5, 0.5], [True, False]) == 0.5  # a tie is no order
    assert average_precision([0.5], [False]) == 0.0


def test_average_precision_is_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics")

    @given(PAIRS)
    def compare(pairs: list[tuple[int, bool]]) -> None:
        scores, truths = [score / 9 for score, _ in pairs], [truth for _, truth in pairs]
        if any(truths):
            theirs = metrics.average_precision_score(truths, scores)
            assert average_precision(scores, truths) == pytest.approx(theirs)

    compare()


@given(PAIRS)
def test_no_threshold_is_much_better_than_the_chosen_one(pairs: list[tuple[int, bool]]) -> None:
    scored = [(score / 9, truth) for score, truth in pairs]

    def f1(cut: float) -> float:
        rows = [Scored(row(0, truth), score, cut) for score, truth in scored]
        return figures(rows).f1

    best = f1(best_threshold(scored, 0.5))
    assert all(best >= f1(score) - 0.01 - 1e-9 for score, _ in scored)


def test_figures_by_hand() -> None:
    scored = [
        Scored(row(number, truth), score, 0.5)
        for number, (score, truth) in enumerate(
            [(0.9, True), (0.5, True), (0.6, False), (0.4, True), (0.1, False)]
        )
    ]
    told = figures(scored)
    assert (told.found_rightly, told.found_wrongly, told.missed) == (2, 1, 1)
    assert (told.precision, told.recall, told.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    nothing = figures([Scored(row(0, False), 0.0, 0.5)])
    assert (nothing.precision, nothing.recall, nothing.f1) == (0, 0, 0)


def test_interval_draws_whole_groups() -> None:
    # One group of copies that are all found, one that is all missed: a sample is one, the other, or both.
    copies = [Scored(row(each, True, group="found"), 0.9, 0.5) for each in range(20)]
    missed = [Scored(row(20 + each, True, group="missed"), 0.1, 0.5) for each in range(20)]
    others = [Scored(row(40 + each, False), 0.5, 0.5) for each in range(20)]
    low, high = interval(copies + missed + others, resamples=200)
    assert low < 0.6 < high == 1.0
    assert interval(copies + missed + others, resamples=200) == (low, high)
    assert interval(others) == (0.0, 0.0)


def test_recall_at_a_share_of_false_positives() -> None:
    scores = [0.9, 0.8, 0.7, 0.6] + [0.75] + [0.1] * 99
    truths = [True] * 4 + [False] * 100
    assert recall_at(0.01, scores, truths) == 1.0  # one of a hundred may pass
    assert recall_at(0.0, scores, truths) == 0.5


@given(
    st.lists(st.tuples(st.integers(0, 15), st.booleans()), min_size=10, max_size=80),
    st.integers(2, 5),
    st.integers(0, 3),
)
def test_folds_keep_groups_together_and_cover_everything(
    rows: list[tuple[int, bool]], count: int, seed: int
) -> None:
    examples = [row(number, truth, group=f"g{group}") for number, (group, truth) in enumerate(rows)]
    if len({example.group for example in examples}) < count:
        with pytest.raises(UsageError, match="groups"):
            folds(examples, count, seed)
        return
    made = folds(examples, count, seed)
    assert sorted(number for fold in made for number in fold) == list(range(len(rows)))
    homes = {examples[number].group: place for place, fold in enumerate(made) for number in fold}
    assert all(homes[examples[number].group] == place for place, fold in enumerate(made) for number in fold)
    assert made == folds(examples, count, seed)


def test_folds_are_even_in_rows_and_positives() -> None:
    examples = [row(number, number < 10) for number in range(103)]
    made = folds(examples, 5, 0)
    assert {sum(examples[each].truth for each in fold) for fold in made} == {2}
    assert {len(fold) for fold in made} <= {20, 21}
    assert folds(examples, 5, 1) != made


def test_a_rule_is_judged_plainly_and_its_errors_listed_surest_first() -> None:
    words = [(True, 0.9), (True, 0.2), (True, 0.45), (False, 0.1), (False, 0.99)]
    told = evaluate(Rule(), [row(each, truth, word=str(score)) for each, (truth, score) in enumerate(words)])
    assert (told.rows, told.positives, len(told.shuffles)) == (5, 3, 1)
    assert [one.example.identifier for one, _ in told.errors] == ["r4", "r1", "r2"]
    with pytest.raises(UsageError, match="both"):
        evaluate(Rule(), [row(0, True, word="1")])


def test_what_is_only_remembered_does_not_help() -> None:
    # Each positive template has a word of its own, five times: random folds would find it, grouped ones cannot.
    examples = [row(each, True, group=f"t{each // 5}", word=f"own{each // 5}") for each in range(40)]
    examples += [row(100 + each, False, word="none") for each in range(40)]
    scorer = Memory()
    told = evaluate(scorer, examples, count=4, shuffles=2)
    assert told.mean("recall") == 0 or told.mean("precision") == pytest.approx(0.5)
    assert told.mean("average_precision") == pytest.approx(0.5)
    for training in scorer.trainings:
        assert 0 < len({each.group for each in training}) < 48


def test_the_threshold_is_chosen_without_the_held_out_rows() -> None:
    examples = [row(each, each % 2 == 0, word="yes" if each % 2 == 0 else "no") for each in range(40)]
    scorer = Memory()
    told = evaluate(scorer, examples, count=4, shuffles=1)
    assert told.mean("f1") == 1.0
    largest = max(len(training) for training in scorer.trainings)
    assert largest == 30  # never more than what is outside the fold
    assert 0 < chosen_threshold(Memory(), examples) <= 1


def test_a_source_is_left_out_with_its_groups() -> None:
    examples = [
        row(each, each % 2 == 0, source="a", word="yes" if each % 2 == 0 else "no") for each in range(20)
    ]
    examples += [
        row(20 + each, each % 2 == 0, source="b", group=f"b{each}", word="new" if each % 2 == 0 else "no")
        for each in range(20)
    ]
    examples += [
        row(40, True, source="a", group="b0", word="new")
    ]  # a copy of b's template in the other source
    told = leave_out(Memory(), examples, "b")
    assert (told.rows, told.positives) == (20, 10)
    assert told.mean("average_precision") == pytest.approx(0.5)  # nobody told it of "new"
    assert set(by_source(Memory(), examples)) == {"a", "b"}
    assert by_source(Memory(), [each for each in examples if each.source == "b"]) == {}
    with pytest.raises(UsageError, match="the file has: a, b"):
        leave_out(Memory(), examples, "c")


@pytest.mark.parametrize(
    "text",
    ["13800138000", "138-0013-8000", "138 0013 8000", "１３８００１３８０００", "①③⑧⓪⓪①", "一三八零零一三八零零零",
     "QQ123456", "wx_ab12cd", "someone@example.org", "12345"],
)  # fmt: skip
def test_numbers_and_accounts_are_masked(text: str) -> None:
    told = masked(f"加我{text}报名")
    assert MASK in told
    assert not any(character.isdigit() for character in told)
    assert told.startswith("加我")
    assert told.endswith("报名")


def test_prices_and_words_stay() -> None:
    assert masked("返现10元，五星好评，Excel 2010") == "返现10元,五星好评,Excel 2010"
