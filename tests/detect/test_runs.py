"""The shared-run index against brute force, and against digests that collide."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.detect.text import runs as index
from crawler.detect.text.normalise import normalised_texts
from crawler.detect.text.runs import K, Runs, gram_digests, longest_shared, place_bits, shared_runs

# A few stretches in any order: texts then share runs of many lengths, repeat themselves, and end within runs.
PARTS = (
    "甲乙丙丁戊己庚辛壬癸",
    "子丑寅卯辰巳午未申酉戌亥",
    "aaaaaaaaaaaaaaaaaaaa",
    "东南西北中",
    "x",
    "春夏秋冬春夏秋冬春夏秋冬春夏秋冬",
)
TEXTS = st.lists(st.lists(st.sampled_from(PARTS), max_size=6).map("".join), max_size=7)


def check(texts: list[str], runs: Runs) -> None:
    """Every run is in all its texts, where it says, and as long as they agree; every shared gram is in a run."""
    found = list(runs)
    holders: dict[str, set[int]] = {}
    for number, text in enumerate(texts):
        for start in range(len(text) - K + 1):
            holders.setdefault(text[start : start + K], set()).add(number)
    shared = {gram: numbers for gram, numbers in holders.items() if len(numbers) > 1}
    covered: dict[str, set[frozenset[int]]] = {}
    for run in found:
        members = [occurrence.text for occurrence in run.occurrences]
        assert len(run.text) >= K
        assert members == sorted(set(members))
        assert set(members) == {number for number, text in enumerate(texts) if run.text in text}
        assert len(members) > 1
        for each in run.occurrences:
            assert texts[each.text][each.start : each.end] == run.text
        around = {
            (texts[each.text][max(0, each.start - 1) : each.start], texts[each.text][each.end : each.end + 1])
            for each in run.occurrences
        }
        assert len({before for before, _ in around} - {""}) != 1 or "" in {before for before, _ in around}
        assert len({after for _, after in around} - {""}) != 1 or "" in {after for _, after in around}
        for start in range(len(run.text) - K + 1):
            covered.setdefault(run.text[start : start + K], set()).add(frozenset(members))
    assert len({run.text for run in found}) == len(found)
    for gram, numbers in shared.items():
        assert frozenset(numbers) in covered[gram]
    assert set(covered) <= set(shared)


@given(TEXTS)
@settings(max_examples=150, deadline=None)
def test_runs_are_exactly_what_texts_share(texts: list[str]) -> None:
    check(texts, shared_runs(normalised_texts(texts)))


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_colliding_digests_make_no_run_and_hide_none(texts: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "gram_digests", lambda codes: gram_digests(codes) & np.uint64(1 << 63))
        check(texts, shared_runs(normalised_texts(texts)))


def test_a_run_does_not_cross_the_border_of_two_texts() -> None:
    half, other = "甲乙丙丁戊己庚", "子丑寅卯辰巳午未申酉"
    assert not list(shared_runs(normalised_texts([half, other, half + other])))


def test_clusters_are_keyed_by_the_run_and_never_chained() -> None:
    one, two = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰", "东南西北中春夏秋冬金木水火土风"
    found = {run.text: len(run.occurrences) for run in shared_runs(normalised_texts([one, one + two, two]))}
    assert found == {one: 2, two: 2}


def test_a_digest_depends_on_its_fifteen_characters_alone() -> None:
    texts = normalised_texts(["春甲乙丙丁戊己庚辛壬癸子丑寅卯辰", "甲乙丙丁戊己庚辛壬癸子丑寅卯辰夏"])
    digests = gram_digests(texts.codes)
    assert digests[1] == digests[16]
    assert len(set(digests.tolist())) == len(digests) - 1


def test_one_character_a_million_times_is_one_short_work() -> None:
    runs = list(shared_runs(normalised_texts(["a" * 1_000_000, "a" * 1_000_000, "b" * 20])))
    assert len(runs) == 1
    assert [each.text for each in runs[0].occurrences] == [0, 1]


@given(st.text("ab", max_size=30), st.text("ab", max_size=30))
def test_the_longest_shared_stretch(first: str, second: str) -> None:
    size, one, other = longest_shared(first, second)
    assert first[one : one + size] == second[other : other + size]
    longer = {first[start : start + size + 1] for start in range(len(first) - size)}
    assert not any(second[start : start + size + 1] in longer for start in range(len(second) - size))


def test_too_many_characters_are_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        place_bits(1 << 41)


def test_two_runs_that_follow_one_another_are_not_one() -> None:
    whole = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥东南西北中春夏秋冬金木水火土风雨雷电"
    texts = [whole, whole[:20], whole[6:]]
    check(texts, shared_runs(normalised_texts(texts)))


BASE = "".join(PARTS)
SLICES = st.tuples(st.integers(0, len(BASE)), st.integers(0, len(BASE))).map(
    lambda ends: BASE[min(ends) : max(ends)]
)


@given(st.lists(SLICES, max_size=6))
@settings(max_examples=100, deadline=None)
def test_slices_of_one_text(texts: list[str]) -> None:
    check(texts, shared_runs(normalised_texts(texts)))
