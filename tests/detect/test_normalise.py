"""Normalising for comparison: one spelling, and the way back to the original."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.text.normalise import LONGEST, normalised, normalised_texts

ANY = st.text(alphabet=st.characters(), max_size=60)  # lone surrogates too


def test_marks_blanks_and_emoji_fall_out_and_letters_get_one_spelling() -> None:
    assert normalised("ＡＢc，é é👍。ßﬁ㎏①\ud800好").text == "abceeßﬁ1好"


@given(ANY)
def test_every_character_knows_its_place(original: str) -> None:
    text = normalised(original)
    assert len(text.text) == len(text.places)
    assert list(text.places) == sorted(set(text.places))
    for character, place in zip(text.text, text.places, strict=True):
        assert normalised(original[place]).text == character
    left = set(range(len(original))) - set(text.places)
    assert not any(original[place].isalnum() for place in left)


@given(ANY)
def test_a_normalised_text_is_its_own_normalised_text(original: str) -> None:
    once = normalised(original).text
    assert normalised(once).text == once


@given(st.lists(ANY, max_size=8))
def test_many_at_once_are_the_same_as_one_by_one(originals: list[str]) -> None:
    texts = normalised_texts(originals)
    assert len(texts) == len(originals)
    for number, original in enumerate(originals):
        found = texts.text(int(texts.starts[number]), int(texts.starts[number + 1]))
        assert found == normalised(original).text


def test_a_stretch_has_its_marks_in_the_original() -> None:
    text = normalised("真的，很 好！")
    assert text.original(1, 4) == (1, 6)
    for start, end in ((0, 0), (2, 1), (0, 5), (-1, 2)):
        with pytest.raises(ValueError, match="normalised characters"):
            text.original(start, end)


def test_a_hostile_text_is_cut_and_quick() -> None:
    start = time.perf_counter()
    for character in ("(", "好", "\ud800", "a\u0301"):
        assert len(normalised(character * 1_000_000).text) <= LONGEST
    assert time.perf_counter() - start < 5
