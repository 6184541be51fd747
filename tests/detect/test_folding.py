"""Folding: evasive spelling restored, ordinary words left alone, every character leads back to the original."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.text import tables
from crawler.detect.text.folding import INSERTED, Folded, fold

_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates too
_EVASIVE = st.text(st.sampled_from("刷单薇信五⭐星加Vv微返*现 ,。好评🔥ab1２\n\u200b㊣5"), max_size=40)


@pytest.mark.parametrize(
    ("written", "plain", "how"),
    [
        ("加薇信聊", "加微信聊", "同音或形近"),
        ("五腥", "五星", "同音或形近"),
        ("惘店", "网店", "同音或形近"),
        ("shua单", "刷单", "拼音"),
        ("兼zhi", "兼职", "拼音"),
        ("好讠平", "好评", "拆字"),
        ("徽信", "微信", "同音或形近"),
        ("刷扇", "刷单", "同音"),  # 单 has another reading
        ("5⭐晒图", "五星晒图", "图形"),
        ("天🐱", "天猫", "图形"),
        ("绿泡泡", "微信", "暗语"),
        ("仁武", "任务", "暗语"),
        ("返本米", "返本金", "暗语"),
    ],
)
def test_restores(written: str, plain: str, how: str) -> None:
    folded = fold(written)
    assert folded.text == plain
    assert [each.how for each in folded.restorations] == [how]


@pytest.mark.parametrize("written", ["刷*单", "刷.单", "刷 单", "刷🔥单", "刷|单", "刷，单"])
def test_marks_put_into_a_word_are_dropped_and_told(written: str) -> None:
    folded = fold(written)
    assert folded.text == "刷单"
    restored = folded.restored_in(0, 2)
    assert [(each.written, each.plain, each.how) for each in restored] == [(written, "刷单", INSERTED)]


@pytest.mark.parametrize(
    "text",
    [
        "人物简直体现了往往的收获",
        "卫星发射成功",
        "不但没有消耗",
        "建立网点",
        "他买好了宝马",
        "酒店服务人无完人",
        "科技体验馆",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert fold(text).text == text
    assert fold(text).restorations == ()


@pytest.mark.parametrize(
    ("text", "restored"),
    [("加卫星", True), ("卫星：abc123", True), ("卫星电视", False), ("V领连衣裙", False)],
)
def test_short_forms_need_a_contact_beside_them(text: str, restored: bool) -> None:
    assert ("微信" in fold(text).text) is restored


@pytest.mark.parametrize("text", ["刷当", "刷******单", "刷\n单"])
def test_a_likeness_is_not_enough(text: str) -> None:
    """A far sound, a row of marks as a border, a new line."""
    assert "刷单" not in fold(text).text


def test_plain_forms_are_no_disguise() -> None:
    assert fold("5星好评 ＱＱ 返現").text == "五星好评 qq 返现"
    assert fold("5星好评 ＱＱ 返現").restorations == ()


def test_spans_lead_back() -> None:
    folded = fold("加 V信 demo-yl-01，5⭐好*评")
    for plain, written in (("微信", "V信"), ("五星", "5⭐"), ("好评", "好*评"), ("demo", "demo")):
        start = folded.text.index(plain)
        first, last = folded.span(start, start + len(plain))
        assert folded.original[first:last] == written


def test_a_span_must_exist() -> None:
    with pytest.raises(ValueError, match="no folded characters 0:3 in 2"):
        fold("好评").span(0, 3)


def test_homophones_sound_alike() -> None:
    assert fold("店信").homophones == fold("电心").homophones
    assert fold("店a").homophones != fold("刷a").homophones
    assert len(fold("加🔥薇信ab").homophones) == len(fold("加🔥薇信ab").text)


@given(_TEXT | _EVASIVE)
def test_offsets_are_in_order_and_within(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends) == len(folded.homophones)
    _check_order(folded)
    for each in folded.restorations:
        assert folded.text[each.start : each.end] == each.plain
        assert folded.original[slice(*folded.span(each.start, each.end))] == each.written


def _check_order(folded: Folded) -> None:
    assert list(folded.starts) == sorted(folded.starts)
    assert list(folded.ends) == sorted(folded.ends)
    for place in range(len(folded.text)):
        start, end = folded.span(place, place + 1)
        assert 0 <= start < end <= len(folded.original)


@given(st.text(st.sampled_from("我们今天去公园散步很开心"), max_size=60))
def test_harmless_text_is_its_own_fold(text: str) -> None:
    assert fold(text).text == text


@pytest.mark.parametrize("unit", ["刷", "[", "\ud800", "刷.", "v", "加V", "返\n", " ", "五⭐"])
def test_hostile_text_is_folded(unit: str) -> None:
    folded = fold(unit * 20_000)
    folded.restored_in(0, len(folded.text))
    assert len(folded.starts) == len(folded.text)


def test_tables_are_made_from_the_published_lists(detect_data: Path) -> None:
    for name, text in tables.build(detect_data / "charvariants").items():
        assert (tables.HERE / name).read_text("utf-8") == text, name
