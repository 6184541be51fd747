"""Criteria over folded text: what is hit where, negation, concealment, features. All texts are synthetic."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.text.criteria import CONCEAL, LETTERS, Hit, criteria_features, hits, near_pairs
from crawler.law.lexicon import lexicon


def _terms(text: str, criterion: str) -> set[str]:
    return {text[hit.start : hit.end] for hit in hits(text) if hit.criterion == criterion and not hit.void}


def test_every_criterion_has_its_words() -> None:
    text = "诚邀宝妈来兼职刷*单，淘宝店铺，先垫付，淘气值600，五星好评带图，日结100元/天，加薇信 ab1234"
    assert _terms(text, "R") >= {"诚邀"}
    assert _terms(text, "A") == {"刷*单"}
    assert _terms(text, "P") >= {"淘宝", "店铺"}
    assert _terms(text, "T") >= {"先垫付"}
    assert _terms(text, "F") >= {"淘气值"}
    assert "五星好评带图" in _terms(text, "V")
    assert "100元/天" in _terms(text, "M")
    assert "薇信" in _terms(text, "X")


def test_a_hit_tells_what_was_restored() -> None:
    [hit] = [hit for hit in hits("来shua单") if hit.criterion == "A"]
    assert [str(each) for each in hit.restored] == ["shua单→刷单（拼音）"]


def test_disguised_lexicon_terms_do_not_turn_plain_words_into_acts() -> None:
    assert _terms("完成任务", "A") == set()  # 仁武 of the lexicon folds to 任务


@pytest.mark.parametrize(
    "text", ["禁止刷单", "没有好评返现", "不要求五星好评", "拒绝刷单炒信", "打击刷单行为"]
)
def test_a_negation_voids(text: str) -> None:
    assert [hit for hit in hits(text) if hit.criterion in "AV"]
    assert not [hit for hit in hits(text) if hit.criterion in "AV" and not hit.void]


def test_a_negation_ends_with_its_clause() -> None:
    assert _terms("没有要求。好评返现5元", "V") == {"好评返现"}


def test_an_instruction_to_conceal_is_a_task_and_voids_nothing() -> None:
    text = "聊天时禁止出现刷单字眼"
    found = {hit.term: hit for hit in hits(text)}
    assert not found["刷单"].void
    assert any(hit.criterion == "T" for hit in found.values())
    assert CONCEAL in {hit.term for hit in hits("评论里请勿提到刷单两个字")}


@pytest.mark.parametrize("text", ["在超市刷手机支付", "牙刷收到了", "直接差评单独说", "资本金充足"])
def test_words_that_hold_a_term_and_mean_another_thing(text: str) -> None:
    assert _terms(text, "A") == set()
    assert "本金" not in _terms(text, "M")


def test_one_word_all_by_sound_is_no_strong_act() -> None:
    [hit] = [hit for hit in hits("这个监控保密") if hit.criterion == "A"]
    assert hit.term == "空包"
    assert hit.weight < 1


@pytest.mark.parametrize("text", ["20-50一天", "ioo天", "100元/天", "每单8.8元", "一天一百"])
def test_pay_by_the_day_is_read(text: str) -> None:
    assert bool(_terms(text, "M")) is (text != "一天一百")  # written numbers are not read


def test_joined_phrases_stay_in_one_paragraph_and_near() -> None:
    assert _terms("好评后截图", "V") >= {"好评后截图"}
    assert "好评\n截图" not in _terms("好评\n截图", "V")
    assert not {term for term in _terms("好评一二三四五六七八九十截图", "V") if "截图" in term}


def test_swapped_characters_are_heard_where_several_are_swapped() -> None:
    text = "淘搭仁工作之余可参加耍单健职有手机就可以，工资可观按单界算联系QQ"
    assert criteria_features(text)["n_A"] >= 1
    assert criteria_features(text)["n_R"] >= 1


def test_features_have_the_same_names_for_every_text() -> None:
    names = set(criteria_features(""))
    assert names == set(criteria_features("诚聘刷手，加V123456，警方提醒：谨防刷单诈骗"))
    assert {f"n_{letter}" for letter in LETTERS} < names


def test_features_count_pairs_and_stances() -> None:
    near = criteria_features("五星好评返现5元")
    far = criteria_features("五星好评。" + "今天天气很好我们去公园走走" * 5 + "返现5元")
    assert near["p_VM"] == 1.0
    assert far["p_VM"] == 0.0
    assert criteria_features("警方提醒谨防刷单")["sure_warning"] == 1.0


def test_pairs_are_named_in_one_order() -> None:
    def hit(criterion: str, at: int) -> Hit:
        return Hit(criterion, "x", 1.0, at, at + 1, at, at + 1, False, ())

    assert near_pairs([hit("M", 0), hit("V", 5), hit("R", 90)]) == {("V", "M")}


@given(st.text(st.sampled_from("刷单好评返现五星加V微信诚聘#1。\n“”禁止不记者*, "), max_size=120))
def test_hits_lie_within_the_text(text: str) -> None:
    for hit in hits(text):
        assert 0 <= hit.start < hit.end <= len(text)
    assert all(math.isfinite(value) for value in criteria_features(text).values())


def test_the_lexicon_is_read() -> None:
    words = lexicon()
    assert len(words.terms) > 300
    assert words.min_criteria == 3
    joined = next(term for term in words.terms if term.term == "全五星美评+晒图或视频+收藏我公司店铺")
    assert joined.parts == ("全五星美评", "晒图或视频", "收藏我公司店铺")
    assert next(term for term in words.terms if term.term == "+v").parts == ("+v",)
