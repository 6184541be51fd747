"""Doorway pages: found by number across brands and hosts; lists of real service points, news and adverts are not."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from crawler.detect.doorway import Doorway
from crawler.detect.doorways.official import official
from crawler.detect.kit.finding import Finding
from crawler.detect.kit.pages import Page
from crawler.errors import UsageError
from tests.detect.doorway_pages import ARTICLE, CITIES, doorway_page
from tests.detect.page_corpus import PageCorpusOf, page
from tests.detect.things import listing, post

NUMBER = "400-000-0001"


def found(*pages: Page, **things: object) -> list[Finding]:
    return list(Doorway().detect(PageCorpusOf(pages=pages, **things)))


def doorway(url: str, brand: str = "格诺", thing: str = "智能锁", number: str = NUMBER, **more: str) -> Page:
    return page(url, doorway_page(brand, thing, number, **more))


def test_one_number_under_two_brands_is_strong() -> None:
    (finding,) = found(
        doorway("http://a.example/1"),
        doorway("http://a.example/2", "安恒", "热水器", "４００－０００－０００１"),
    )
    assert (finding.grade, finding.conduct, finding.key) == (
        "strong",
        "doorway_hotline",
        "hotline:4000000001",
    )
    assert "2个页面以“安恒”、“格诺”2个品牌的售后名义" in finding.claim
    assert {"hotline:4000000001", "brand:格诺", "brand:安恒"} <= set(finding.subjects)
    assert len(finding.captures) == 2


def test_one_number_on_two_hosts_is_strong_and_names_them() -> None:
    (finding,) = found(doorway("http://a.example/1"), doorway("http://b.test/1"))
    assert finding.grade == "strong"
    assert any("2个站点：a.example、b.test" in fact.text for fact in finding.facts)


def test_a_page_alone_is_weak_and_with_a_pasted_article_medium() -> None:
    (alone,) = found(doorway("http://a.example/1"))
    (pasted,) = found(doorway("http://a.example/1", article=ARTICLE))
    assert (alone.grade, pasted.grade) == ("weak", "medium")
    filler = [quote.text for quote in pasted.quotes if "填充" in quote.label]
    assert filler == [ARTICLE[:40]]


def test_what_is_counted_can_be_counted_again() -> None:
    shown = doorway("http://a.example/1")
    (finding,) = found(shown)
    names = [name for line in CITIES for name in line.split("、")]
    share = sum(map(len, names)) / len("".join(shown.text.split()))
    (fact,) = [fact.text for fact in finding.facts if "正文" in fact.text]
    assert f"正文{share:.1%}为地名，{len(names)}个不同地名，热线{NUMBER}出现4次" in fact
    for quote in finding.quotes:
        assert shown.text[quote.start : quote.end] == quote.text


def test_quotes_come_from_the_item_where_the_words_stand_there() -> None:
    text = doorway_page("格诺", "智能锁", NUMBER, article=ARTICLE)
    shown = page("http://a.example/1", f"维修网\n{text}")
    head, _, body = text.partition("\n")
    item = post("7", body.partition("\n本报讯")[0], headline=head, capture=shown.capture, domain="a.example")
    (finding,) = found(shown, posts=[item])
    assert {(quote.kind, quote.field) for quote in finding.quotes} >= {("post", "headline"), ("page", "text")}
    assert "post:a.example/7" in finding.subjects


def test_without_pages_the_posts_are_read() -> None:
    item = post("7", doorway_page("格诺", "智能锁", NUMBER), headline="格诺智能锁官方售后电话")
    (finding,) = found(posts=[item])
    assert finding.quotes[0].kind == "post"


@pytest.mark.parametrize(
    "text",
    [
        ARTICLE,
        doorway_page("格诺", "智能锁", "13800138000"),  # somebody's own mobile
        doorway_page("格诺", "智能锁", NUMBER, places=CITIES[:1]),  # a region
        doorway_page("格诺", "智能锁", NUMBER).replace(NUMBER, "见包装", 2),  # given twice only
        doorway_page("格诺", "智能锁", NUMBER)
        .replace("官方", "")
        .replace("全国统一", "")
        .replace("唯一指定", ""),
        doorway_page("格诺", "智能锁", NUMBER) + "\n版权所有 格诺智能科技有限公司",
        "招聘网点经理：\n" + "\n".join(CITIES) + f"\n电话{NUMBER}、{NUMBER}、{NUMBER}",
        "酒店在" + "、".join(CITIES) + f"都有分店，订房电话{NUMBER}，{NUMBER}，{NUMBER}。",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert found(page("http://a.example/1", text)) == []


def test_a_list_of_real_service_points_is_left_alone() -> None:
    points = [
        f"{city}：{city}中山路{number}号，电话 0311-8888{number:04d}"
        for number, city in enumerate("、".join(CITIES).split("、"), 12)
    ]
    text = "\n".join(["格诺智能锁官方售后服务网点", *points, *[f"格诺智能锁官方售后服务电话{NUMBER}"] * 4])
    assert found(page("http://a.example/1", text)) == []
    bare = "\n".join(line.partition("：")[0] for line in text.split("\n"))
    assert len(found(page("http://a.example/1", bare))) == 1  # the same names without their addresses


def test_a_page_that_says_it_is_not_the_brands_is_left_alone_until_it_does_so_for_two() -> None:
    pages = [
        page(f"http://a.example/{brand}", doorway_page(brand, "智能锁", NUMBER) + "\n本站为第三方维修平台")
        for brand in ("格诺", "安恒")
    ]
    assert found(pages[0]) == []
    (finding,) = found(*pages)
    assert finding.grade == "weak"
    assert any(each.remains and "社会维修" in each.explanation for each in finding.innocent)


def test_the_brands_own_shop_and_number_are_left_alone(tmp_path: Path) -> None:
    shop = listing("l1", "格诺智能锁 X1", brand="格诺", domain="genuo.example")
    assert found(doorway("http://genuo.example/service"), listings=[shop]) == []
    contact = page("http://genuo.example/contact", f"联系我们 {NUMBER}")
    assert found(doorway("http://a.example/1"), contact, listings=[shop]) == []
    assert len(found(doorway("http://a.example/1"), listings=[shop])) == 1


def test_the_users_own_table_is_read(tmp_path: Path) -> None:
    (tmp_path / "official_numbers.toml").write_text(
        '[[hotline]]\nbrand = ["格诺", "GENUO"]\nnumbers = ["400 000 0001", "95533"]\nsource = "http://x.example"\n',
        "utf-8",
    )
    table = official(tmp_path)
    assert table.is_official("4000000001", "genuo")
    assert table.known("格诺") == {"4000000001", "95533"}
    assert not table.is_official("4000000001", "安恒")
    corpus = PageCorpusOf(pages=[doorway("http://a.example/1")])
    corpus.archive = SimpleNamespace(path=tmp_path)
    assert list(Doorway().detect(corpus)) == []
    corpus = PageCorpusOf(pages=[doorway("http://a.example/1", number="400-000-0009")])
    corpus.archive = SimpleNamespace(path=tmp_path)
    (finding,) = Doorway().detect(corpus)
    assert finding.grade == "strong"  # the table has other numbers for this brand
    assert any("官方号码表所列" in fact.text for fact in finding.facts)


@pytest.mark.parametrize(
    "content",
    ["[[hotline]]\nbrand = '格诺'\n", "hotline = 3", "[[", "[[hotline]]\nbrand='a'\nnumbers=['no']"],
)
def test_a_table_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "official_numbers.toml").write_text(content, "utf-8")
    with pytest.raises(UsageError, match=r"official_numbers\.toml"):
        official(tmp_path)


def test_the_same_pages_in_another_order_give_the_same_finding() -> None:
    pages = [
        doorway(f"http://{host}.example/1", brand)
        for host, brand in (("a", "格诺"), ("b", "安恒"), ("c", "云岚"))
    ]
    assert found(*pages)[0].id == found(*reversed(pages))[0].id


def test_the_real_page_is_found_and_the_real_article_is_not(detect_data: Path) -> None:
    text = (detect_data / "real_doorway_page.txt").read_text("utf-8")
    article = (detect_data / "real_news_article.txt").read_text("utf-8")
    assert found(page("http://n.example/1", article)) == []
    (alone,) = found(page("http://d.example/1", text))
    assert "出现4次" in alone.facts[0].text
    (joined,) = found(page("http://d.example/1", f"{text}\n{article}"))
    assert joined.grade == "medium"
    (filler,) = [quote for quote in joined.quotes if "填充" in quote.label]
    assert filler.start > len(text)
