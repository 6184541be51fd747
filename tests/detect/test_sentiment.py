"""The list of judging words: what it hears, how it is denied, and that no text hurts it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.text.sentiment import mood, weights
from tests.detect.amazon_lockstep import auc
from tests.detect.sentiment_table import by_words, read


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("质量很好，非常满意，会回购", 1),
        ("太差了，垃圾，退货", -1),
        ("不好吃，再也不会买", -1),
        ("没有异味，做工精细", 1),
        ("不太好", -1),
        ("没什么毛病", 1),
        ("包装精美，但是味道很差，难吃", -1),
        ("", 0),
        ("今天星期三", 0),
    ],
)
def test_praise_and_blame(text: str, sign: int) -> None:
    assert np.sign(mood(text).score) == sign


def test_denied_praise_is_milder_than_blame() -> None:
    assert mood("太差").score < mood("不太舒服").score < 0


def test_after_but_counts_more() -> None:
    assert mood("难吃，但是便宜").score > mood("便宜，但是难吃").score
    assert mood("便宜，但是难吃").score < mood("便宜，难吃").score


def test_the_longest_word_counts_once() -> None:
    (heard,) = mood("非常满意").heard
    assert (heard.start, heard.end, heard.weight) == (0, 4, 3.0)


@given(st.text(alphabet="好差不很但是满意垃圾没有，。 \ud800x", max_size=60))
def test_the_score_is_what_the_words_say(text: str) -> None:
    found = mood(text)
    assert -1 < found.score < 1
    total = found.praise + found.blame
    assert found.score == pytest.approx((found.praise - found.blame) / (total + 2))
    ends = [0] + [each.end for each in found.heard]
    assert all(each.start >= end for each, end in zip(found.heard, ends, strict=False))
    assert all(text[each.start : each.end] in weights() for each in found.heard)


def test_hostile_texts_end() -> None:
    for text in ("好" * 1_000_000, "(" * 1_000_000, "不" * 1_000_000, "\ud800" * 1_000_000):
        assert -1 < mood(text).score < 1


def test_words_written_by_hand_reach_the_trained_model(detect_data: Path) -> None:
    """detection.md §4.5: a model trained on 52,773 reviews has .916 on waimai and .894 on hotels."""
    for name, least in (("waimai_10k.csv", 0.91), ("ChnSentiCorp_htl_all.csv", 0.91)):
        texts, labels = read(detect_data / "chnlpcorpus" / name)
        assert auc(np.array(labels) == 1, by_words(texts)) >= least
