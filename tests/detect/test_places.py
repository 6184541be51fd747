"""Names of places in a text: found, counted, and only where they mean a place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.places.coverage import masked, places
from crawler.detect.places.names import names, rows, short_name
from crawler.detect.places.table import NO_NAMES, TABLE, made


def test_the_table_is_what_the_lists_give(detect_data: Path) -> None:
    assert TABLE.read_text("utf-8") == made(detect_data / "admin_divisions")


def test_every_division_of_the_lists_is_a_name(detect_data: Path) -> None:
    known = {name for _, name in rows()}
    lines = (detect_data / "admin_divisions" / "areas.csv").read_text("utf-8").splitlines()[1:]
    wanted = {line.split(",")[1].strip('"') for line in lines}
    assert wanted - NO_NAMES <= known
    assert len(known) > 36_000


@pytest.mark.parametrize(
    ("level", "name", "short"),
    [
        ("province", "新疆维吾尔自治区", "新疆"),
        ("province", "北京市", "北京"),
        ("city", "黔东南苗族侗族自治州", "黔东南"),
        ("city", "阿坝藏族羌族自治州", "阿坝"),
        ("county", "峨边彝族自治县", "峨边"),
        ("county", "东区", "东"),
        ("street", "大茂镇", "大茂"),
    ],
)
def test_short_names(level: str, name: str, short: str) -> None:
    assert short_name(level, name) == short


def test_one_character_is_no_name() -> None:
    known = names()
    assert min(map(len, known.anywhere | known.listed)) >= 2
    assert not known.anywhere & known.listed


def test_the_longest_name_counts_once() -> None:
    found = places("乐山市峨边彝族自治县")
    assert [place.name for place in found.found] == ["乐山市", "峨边彝族自治县"]
    assert found.coverage == 1.0


def test_counties_that_are_words_count_in_lists_only() -> None:
    assert places("公安机关与平台合作，和平解决，资源共享，大方得体").found == ()
    listed = places("覆盖：公安、合作、和平、资源、大方等地")
    assert [place.name for place in listed.longest] == ["公安", "合作", "和平", "资源", "大方"]


def test_a_sure_name_goes_before_a_word_that_overlaps_it() -> None:
    assert [place.name for place in places("新安徽省").found] == ["安徽省"]  # 新安 is a county
    listed = places("和平、公安、合作、资源、大方、新安徽省")
    assert [place.name for place in listed.found] == ["和平", "公安", "合作", "资源", "大方", "安徽省"]


def test_of_two_words_that_overlap_the_first_counts() -> None:
    assert places("和平、公安、合作、资源、平安定").longest[-1].name == "平安"  # 安定 is a county too


def test_a_list_ends_where_words_come_between() -> None:
    found = places("石家庄市、唐山市、保定市，以及我们在邯郸市、邢台市、沧州市、廊坊市")
    assert [len(each) for each in found.lists] == [3, 4]
    assert found.longest[0].name == "邯郸市"


def test_coverage_leaves_blanks_out() -> None:
    assert places("  北京市\n\n\n维修 ").coverage == pytest.approx(3 / 5)
    assert places(" \n ").coverage == 0.0


def test_a_name_cut_by_the_end_is_no_name() -> None:
    assert places("酒店位于深圳").found == (("深圳", 4, 6),)
    assert places("七台").found == ()


def test_two_pages_of_one_template_are_equal_when_masked() -> None:
    one, other = "石家庄市格诺锁维修", "兰州市格诺锁维修"
    assert masked(one, places(one).found) == masked(other, places(other).found)


@given(
    st.text(
        alphabet=st.sampled_from("北京市东城区、，新桥镇公安 a\ud800\n内蒙古自治区阿坝藏族羌族州"),
        max_size=60,
    )
)
def test_places_are_where_they_say(text: str) -> None:
    found = places(text)
    assert 0 <= found.coverage <= 1
    end = 0
    for place in found.found:
        assert place.start >= end
        assert text[place.start : place.end] == place.name
        end = place.end
    assert {place for chain in found.lists for place in chain} <= set(found.found)


@pytest.mark.timeout(60)  # linear: seconds; quadratic would take hours
@pytest.mark.parametrize(
    "text", ["新" * 3 * 10**5, "、" * 10**6, "阿坝藏族羌族" * 10**5, "\ud800北京市" * 10**5]
)
def test_hostile_text_is_read_in_time(text: str) -> None:
    places(text)


def test_a_real_doorway_and_a_real_article(detect_data: Path) -> None:
    doorway = places((detect_data / "real_doorway_page.txt").read_text("utf-8"))
    article = places((detect_data / "real_news_article.txt").read_text("utf-8"))
    assert doorway.coverage > 0.5
    assert len(doorway.distinct) == pytest.approx(233, abs=5)  # detection.md §4.7
    assert article.coverage < 0.02
