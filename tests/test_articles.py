"""Articles of law by date of conduct."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import UsageError
from crawler.law.articles import (
    NoLawForDate,
    articles,
    articles_for,
    conducts,
    earliest_conduct,
    lighter_rule,
    notes_for,
    related_to,
)
from crawler.law.citation import chinese

CHANGE = date(2025, 10, 15)  # the 反不正当竞争法 of 2025 comes into force


def ids(conduct: str, start: str, until: str | None = None) -> list[str]:
    return [article.id for article in articles_for(conduct, start, until)]


def test_old_law_governs_old_conduct_and_new_law_new() -> None:
    assert "aucl2019-8-p1" in ids("rebate_card", "2025-10-14")
    assert "aucl2025-9-p1" not in ids("rebate_card", "2025-10-14")
    assert "aucl2025-9-p1" in ids("rebate_card", "2025-10-15")
    assert "aucl2019-8-p1" not in ids("rebate_card", "2025-10-15")


def test_a_continuing_conduct_gets_both_versions_older_first() -> None:
    found = ids("recruitment", "2025-08-01", "2025-12-01")
    assert found.index("aucl2019-8-p2") < found.index("aucl2025-9-p2")
    assert len(found) == len(set(found))
    assert any(
        "2025年10月15日" in note and "持续" in note
        for note in notes_for("recruitment", "2025-08-01", "2025-12-01")
    )


def test_the_day_is_the_day_in_beijing() -> None:
    assert "aucl2019-8-p1" in ids("rebate_card", "2025-10-14T15:59:59Z")
    assert "aucl2025-9-p1" in ids("rebate_card", "2025-10-14T16:00:00.000000Z")
    with pytest.raises(UsageError, match="time zone"):
        articles_for("rebate_card", "2025-10-14T16:00:00")


def test_what_cannot_be_answered_is_an_error() -> None:
    with pytest.raises(NoLawForDate, match="2018-01-01"):
        articles_for("rebate_card", "2017-12-31", "2026-01-01")
    with pytest.raises(UsageError, match="before it begins"):
        articles_for("rebate_card", "2026-01-02", "2026-01-01")
    with pytest.raises(UsageError, match="no conduct 'brushing'"):
        articles_for("brushing", "2026-01-01")
    with pytest.raises(UsageError, match="no date"):
        articles_for("rebate_card", "gestern")


def test_a_gap_of_the_table_is_named_not_hidden() -> None:
    assert articles_for("undisclosed_ad", "2020-06-01") == []
    assert any("没有列出条文" in note for note in notes_for("undisclosed_ad", "2020-06-01"))
    assert not any("没有列出条文" in note for note in notes_for("undisclosed_ad", "2024-06-01"))


@pytest.mark.parametrize(
    ("name", "citation"),
    [
        ("aucl2019-8-p2", "《中华人民共和国反不正当竞争法》（2019年修正）第八条第二款"),
        ("aucl2025-25", "《中华人民共和国反不正当竞争法》（2025年修订）第二十五条"),
        ("niauc2024-9-i5", "《网络反不正当竞争暂行规定》（国家市场监督管理总局令第91号）第九条第（五）项"),
        ("crim-287-1", "《中华人民共和国刑法》（现行条文）第二百八十七条之一"),
        (
            "cpli2022-106",
            "《最高人民法院关于适用〈中华人民共和国民事诉讼法〉的解释》（2022年修正）第一百零六条",
        ),
        (
            "cper2019-90-i4-5",
            "《最高人民法院关于民事诉讼证据的若干规定》（2019年修正，法释〔2019〕19号）第九十条第（四）项、第（五）项",
        ),
        ("ecl2018-81-p1-i4", "《中华人民共和国电子商务法》（2018年通过）第八十一条第一款第（四）项"),
        (
            "pim2015-6-i4",
            "《侵害消费者权益行为处罚办法》（国家工商行政管理总局令第73号，2020年修订）第六条第（四）项",
        ),
    ],
)
def test_citations_as_lawyers_write_them(name: str, citation: str) -> None:
    assert articles()[name].citation == citation


def test_every_article_can_be_cited_and_bears_its_doubts() -> None:
    for article in articles().values():
        assert article.citation.startswith("《")
        assert article.citation.count("《") == 1
        assert article.citation.endswith(("条", "款", "项")) or "条之" in article.citation
        checked = article.verified == article.date_status == "full" and article.doc_no_verified
        assert bool(article.mark) is not checked
    assert articles()["nts2021-14"].mark == "〔待核：条文未核对、施行日期未核对〕"


def test_doubtful_articles_stand_in_the_notes() -> None:
    notes = notes_for("rebate_card", "2026-11-01")
    assert any("打印前须核对" in note and "网络交易监督管理办法" in note for note in notes)
    assert conducts()["rebate_card"].caution in notes
    assert not any("处罚较轻" in note for note in notes)


def test_the_lighter_rule_stands_beside_old_conduct() -> None:
    assert lighter_rule().id == "apl2021-37"
    assert any("处罚较轻" in note and "第三十七条" in note for note in notes_for("rebate_card", "2025-01-01"))


def test_a_text_younger_than_the_conduct_is_said() -> None:
    assert any("晚于行为发生日" in note for note in notes_for("rebate_card", "2018-06-01"))
    assert not any("晚于行为发生日" in note for note in notes_for("rebate_card", "2020-06-01"))


def test_related_articles_go_by_their_own_day() -> None:
    def found(**when: str) -> list[str]:
        return [article.id for article in related_to("recruitment", when)]  # type: ignore[arg-type]

    assert found() == []
    assert found(proceeding="2026-12-01") != []
    assert found(proceeding="2005-01-01") == []


def test_every_article_of_a_range_is_in_force_throughout_it() -> None:
    for conduct in conducts().values():
        before: date | None = None
        for each in conduct.ranges:
            assert before is None or each.start == before + timedelta(days=1), conduct.id
            before = each.end
            last = each.end or date(2026, 12, 31)
            for article in each.articles:
                assert article.applies_by == "conduct", (conduct.id, article.id)
                assert article.in_force(each.start, each.start), (conduct.id, article.id)
                assert article.in_force(last, last), (conduct.id, article.id)
        assert before is None, conduct.id


@given(st.sampled_from(sorted(conducts())), st.integers(0, 4000), st.integers(0, 1500))
def test_a_span_has_the_articles_of_all_its_days(conduct: str, offset: int, length: int) -> None:
    start = earliest_conduct() + timedelta(days=offset)
    end = start + timedelta(days=length)
    whole = articles_for(conduct, start, end)
    for day in (start, start + (end - start) / 2, end, CHANGE):
        if start <= day <= end:
            assert set(articles_for(conduct, day)) <= set(whole)
    assert whole == articles_for(conduct, start.isoformat(), end.isoformat())


@given(st.integers(1, 999))
def test_chinese_numbers_are_read_back(number: int) -> None:
    digits = {each: place for place, each in enumerate("零一二三四五六七八九")}
    total = digit = 0
    for each in chinese(number):
        if each in "十百":
            total += (digit or 1) * (10 if each == "十" else 100)
            digit = 0
        else:
            digit = digits[each]
    assert total + digit == number


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (8, "八"),
        (10, "十"),
        (20, "二十"),
        (100, "一百"),
        (105, "一百零五"),
        (112, "一百一十二"),
        (230, "二百三十"),
    ],
)
def test_chinese_numbers_are_written_as_in_codes(number: int, written: str) -> None:
    assert chinese(number) == written


@pytest.mark.parametrize("number", [0, -1, 1000])
def test_no_such_article(number: int) -> None:
    with pytest.raises(ValueError, match="no article number"):
        chinese(number)
