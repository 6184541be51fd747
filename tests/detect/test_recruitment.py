"""Recruitment: what is found and how it is explained, what stays quiet. Texts are synthetic but for `detect_data`."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from tomllib import loads
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.demo.forum import lines
from crawler.detect.kit.detector import Example
from crawler.detect.kit.finding import Finding
from crawler.detect.recruiting.labelled import RuleScorer, unmasked
from crawler.detect.recruiting.readings import CHINESE, other_meanings
from crawler.detect.recruitment import Recruitment
from crawler.detect.text.contact import contacts
from crawler.detect.text.folding import fold
from crawler.detect.text.slots import best_reading, readings
from crawler.errors import UsageError
from crawler.law.lexicon import lexicon
from tests.detect.things import CorpusOf, listing, post

POST = (
    "小家电招30位体验官，垫付59.9，五星好评配3张图，截图发我，本金+8元佣金当天返。\n"
    "报名加V信 demo-ab-01，淘气值600以上。"
)


ACTS = ("recruitment", "agency", "live_barrage", "reverse_brushing", "task_scam")


def _found(*posts: Any, **things: Any) -> list[Finding]:
    return list(Recruitment().detect(CorpusOf(posts=posts, **things)))


def _written(row: dict[str, Any]) -> str:
    """A thread of the market's forum: of each choice the first."""
    text = "\n".join([row["title"], *row["body"]])
    while "{" in text:
        start, end = text.index("{"), text.index("}")
        text = text[:start] + text[start + 1 : end].split("|")[0] + text[end + 1 :]
    return text


def test_a_finding_explains_itself() -> None:
    [finding] = _found(post("p1", POST, author="a1", day="2026-11-10"))
    assert finding.conduct == "recruitment"
    assert finding.grade == "strong"
    assert finding.link == "recruit"
    assert finding.conduct_from == "2026-11-10T04:00:00Z"
    by_label: dict[str, list[str]] = {}
    for quote in finding.quotes:
        assert POST[quote.start : quote.end] == quote.text
        by_label.setdefault(quote.label, []).append(quote.text)
    assert "垫付" in by_label["任务步骤"]
    assert "淘气值" in by_label["对账号的要求"]
    assert "V信 demo-ab-01" in " ".join(by_label["联系方式"])
    assert any("加V信→加微信" in (quote.restored or "") for quote in finding.quotes)
    assert any("加V信→加微信" in fact.text for fact in finding.facts)


def test_every_other_reading_is_listed_as_tested() -> None:
    [finding] = _found(post("p1", POST))
    told = [each.explanation for each in finding.innocent]
    assert len(told) == 10
    for word in ("新闻", "提醒", "投诉", "禁止", "众测", "志愿者", "招聘", "广告"):
        assert any(word in each for each in told), word
    assert not any(each.remains for each in finding.innocent)


def test_the_lexicons_innocent_readings_are_told_in_chinese() -> None:
    used = {reading for term in lexicon().terms for reading in term.innocent_readings}
    assert used == set(CHINESE)
    assert other_meanings("本金") == "投资本金"
    assert other_meanings("返…元") == "—"


def test_verdicts_of_the_page_are_not_repeated() -> None:
    [finding] = _found(post("p1", f"{POST}放心，不是骗子。"))
    assert any("仅见" in each.result or "相关用语" in each.result for each in finding.innocent)
    report = "民警提示谨防被骗，骗子常用此套路，犯罪分子已抓获，受害人多。"
    [finding] = _found(post("p2", f"{report}\n{POST}"))
    assert [each.explanation for each in finding.innocent if each.remains] == ["警方、平台或他人的提醒、揭露"]


def test_subjects_join_contact_account_thread_and_shop() -> None:
    shop = listing("610", "电热水壶 1.5L", seller="云岚家居旗舰店", brand="云岚家居")
    [finding] = _found(post("p1", f"云岚家居{POST}", author="a1", is_part_of="t1"), listings=[shop])
    assert {"contact:weixin/demoab01", "account:shop/a1", "post:shop.example/t1", "brand:云岚家居"} <= set(
        finding.subjects
    )
    assert "shop:shop.example/云岚家居旗舰店" in finding.subjects


def test_title_and_first_floor_are_one_text() -> None:
    title = post("t1", None, headline="急招好评体验官，免单")  # type: ignore[arg-type]
    floor = post("t1#1", "收货后五星带图，返本金。加微信 ab12345", is_part_of="t1", position="1")
    later = post("t1#2", "收货后五星带图，返本金，在哪看", is_part_of="t1", position="2")
    [finding] = _found(title, floor, later)
    assert {(quote.identifier, quote.field) for quote in finding.quotes} == {
        ("t1", "headline"),
        ("t1#1", "article_body"),
    }


def test_a_title_alone_is_read_too() -> None:
    [finding] = _found(post("t1", None, headline="招刷单兼职，五星返本金，加微信 ab12345"))  # type: ignore[arg-type]
    assert {quote.field for quote in finding.quotes} == {"headline"}


def test_press_pages_need_a_contact_in_the_block() -> None:
    text = "招刷单兼职，日结100元，五星好评返本金"
    assert _found(post("p1", text, publisher="同城论坛"))
    assert not _found(post("p1", text, publisher="临江日报"))
    assert _found(post("p1", f"{text}，加微信 ab12345", publisher="临江日报"))


def test_words_alone_make_no_finding() -> None:
    assert not _found(post("p1", "刷单"), post("p2", "好评返现"), post("p3", "招募体验官，报名加微信"))
    assert not _found(post("p4", "五星好评返现5元，截图给客服"))  # left to `rebate`


def test_one_strong_word_among_common_ones_is_a_mention() -> None:
    reading = best_reading("兼职刷单，也有别的任务")
    assert len(reading.criteria) >= 3
    assert not reading.found


def test_praise_within_the_name_of_an_act_is_not_told_twice() -> None:
    assert best_reading("他想刷好评").criteria == ("A",)


def test_of_two_blocks_the_one_that_says_more_is_told() -> None:
    less, more = (
        "招刷单兼职，日结，加微信 ab12345",
        f"淘宝店铺诚聘刷手，{POST.partition(chr(10))[0]}加微信 ab12345",
    )
    report = "记者从法院获悉，被告人非法获利十万元。"
    [finding] = _found(post("p1", "\n".join([less, report, more])))
    assert "刷手" in [quote.text for quote in finding.quotes]
    assert [each.explanation for each in finding.innocent if each.remains] == ["新闻报道、裁判文书、行业分析"]


@pytest.mark.parametrize("row", lines()["planted"], ids=lambda row: str(row["key"]))
def test_planted_threads(row: dict[str, Any]) -> None:
    found = _found(post("p1", _written(row)))
    assert [finding.conduct for finding in found] == ([row["conduct"]] if row["conduct"] in ACTS else [])


@pytest.mark.parametrize("row", lines()["lookalike"], ids=lambda row: str(row["key"]))
def test_lookalike_threads_stay_quiet(row: dict[str, Any]) -> None:
    assert not _found(post("p1", _written(row)))


def _synthetic(part: str, label: str) -> list[str]:
    return list(loads(Path(__file__).with_name("synthetic_recruitment.toml").read_text("utf-8"))[part][label])


@pytest.mark.parametrize("text", _synthetic("known", "recruit"))
def test_recruiting_in_the_style_of_notes(text: str) -> None:
    assert best_reading(text).found


@pytest.mark.parametrize("text", _synthetic("known", "other") + _synthetic("unseen", "other"))
def test_innocent_texts_of_the_same_trades(text: str) -> None:
    assert not _found(post("p1", text))


def test_wordings_that_the_rules_were_not_made_for() -> None:
    texts = _synthetic("unseen", "recruit")
    assert sum(best_reading(text).found for text in texts) >= 0.8 * len(texts)


def test_contacts_are_read_through_their_disguise() -> None:
    text = "加 V信 demo-yl-01，群 000000135；扣扣 000000142，加 demo-zb-09，+薇 qw_0701"
    assert [(each.kind, each.value) for each in contacts(fold(text))] == [
        ("weixin", "demo-yl-01"),
        ("qq", "000000142"),
        ("account", "demo-zb-09"),
        ("weixin", "qw_0701"),
    ]
    assert all(text[each.start : each.end].endswith(each.value) for each in contacts(fold(text)))


@given(st.text(st.sampled_from("刷单好评返现五星加V微信诚聘1元。\n“”禁止记者者不*,淘宝垫付 "), max_size=200))
def test_the_rule_and_the_score_agree(text: str) -> None:
    for reading in readings(text):
        assert 0 <= reading.score <= 1
        assert (reading.score >= 0.5) is reading.found
        assert 0 <= reading.block.start <= reading.block.end <= len(text)


@pytest.mark.parametrize("unit", ["刷单", "“", "加V", "返\n", "禁止", "\ud800", "1", "o", "好评…返", "微信a"])
def test_hostile_text_is_read(unit: str) -> None:
    _found(post("p1", unit * 5_000))


# ---- the labelled set, read in place


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> Iterator[list[dict[str, Any]]]:
    folder: Path = request.getfixturevalue("detect_data")
    with (folder / "eval_recruit_dev.jsonl").open(encoding="utf-8") as lines_:
        yield [row for row in map(json.loads, lines_) if not row["ambiguous"]]


def test_rules_on_the_labelled_set(rows: list[dict[str, Any]]) -> None:
    found = [best_reading(unmasked(row["text"])).found for row in rows]
    truth = [row["label"] == "recruit" for row in rows]
    right = sum(map(all, zip(found, truth, strict=True)))
    precision, recall = right / sum(found), right / sum(truth)
    assert precision >= 0.97
    assert recall >= 0.85


def test_innocent_genres_of_the_labelled_set_stay_quiet(rows: list[dict[str, Any]]) -> None:
    genres = ("news", "police", "job", "体验", "trial", "first-person")
    innocent = [
        row for row in rows if any(genre in row["note"] for genre in genres) and row["label"] == "other"
    ]
    assert len(innocent) > 300
    assert [row["id"] for row in innocent if _found(post("p1", unmasked(row["text"])))] == []


def test_a_real_news_article_stays_quiet(detect_data: Path) -> None:
    article = (detect_data / "real_news_article.txt").read_text("utf-8")
    pieces = [article, article.replace("\n", " "), *article.split("\n")]
    assert not any(reading.found for piece in pieces for reading in readings(piece))


def test_swapped_homophones_cost_little(rows: list[dict[str, Any]], detect_data: Path) -> None:
    table = dict(
        line.split(" ", 1)
        for line in (detect_data / "charvariants" / "contr4l_音近字语料库.txt")
        .read_text("utf-8")
        .splitlines()
        if " " in line
    )
    dice = random.Random(20261123)
    recruit = [unmasked(row["text"]) for row in rows if row["label"] == "recruit"]

    def swapped(text: str) -> str:
        return "".join(dice.choice(table[c]) if table.get(c) and dice.random() < 0.2 else c for c in text)

    clean = sum(best_reading(text).found for text in recruit)
    assert sum(best_reading(swapped(text)).found for text in recruit) >= 0.8 * clean


def test_scorer_reads_the_format() -> None:
    row = {
        "text": "招刷单兼职，五星返本金，加微信ab12345",
        "label": "recruit",
        "source": "github:a/b@1 line 2",
    }
    [example] = RuleScorer().examples([row, {**row, "ambiguous": True}])
    assert isinstance(example, Example)
    assert example.truth
    assert example.source == "github:a/b"
    assert RuleScorer().scores([example])[0] >= RuleScorer.threshold
    with pytest.raises(UsageError, match="label"):
        RuleScorer().examples([{"text": "x"}])
