"""Which shops, brands and products a text names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.kit.corpus import Corpus
from crawler.detect.kit.names import Named, flattened
from crawler.detect.kit.subject import plain
from tests.detect.things import CorpusOf, listing

KETTLE = listing(
    "1", "云岚 烧水壶 304不锈钢 白色 1.5L", seller="云岚家居旗舰店", brand="云岚", domain="yunlan.example",
    url="http://yunlan.example/item/1.html",
)  # fmt: skip
BOX = listing(
    "2", "云岚 收纳箱 加厚 大号3个装", seller="云岚家居旗舰店", brand="云岚", domain="yunlan.example",
    url="http://yunlan.example/item/2.html",
)  # fmt: skip
COOLER = listing("3", "美的 空调 变频", seller="美的官方旗舰店", brand="美的", domain="mall.example")
SELF_RUN = listing("4", "数据线", seller="京东自营", brand="京东", domain="jd.com")
SHOP, BRAND = "shop:yunlan.example/云岚家居旗舰店", "brand:云岚"


@pytest.fixture(scope="module")
def named() -> Named:
    return Named(CorpusOf(listings=[KETTLE, BOX, COOLER, SELF_RUN]))


def said(named: Named, text: str) -> list[tuple[str, str]]:
    return [(text[each.start : each.end], each.subject) for each in named.mentions(text)]


@pytest.mark.parametrize(
    "text",
    ["帮云岚家居招30位体验官", "店是云岚家居旗舰店。", "【云 岚·家居】内部名额", "云岚家居", "《云岚家居》"],
)
def test_a_shop_is_named_with_or_without_its_kind(named: Named, text: str) -> None:
    assert SHOP in named.subjects(text)


def test_spans_are_of_the_original_text(named: Named) -> None:
    assert ("云 岚·家居", SHOP) in said(named, "找【云 岚·家居】体验官")
    assert ("云岚家居", SHOP) in said(named, "\ud800ａ云岚家居")


def test_the_longest_name_counts(named: Named) -> None:
    assert BRAND not in named.subjects("店是云岚家居旗舰店")
    assert ("云岚家居旗舰店", SHOP) in said(named, "店是云岚家居旗舰店")


def test_of_two_names_that_overlap_the_longer_counts() -> None:
    shops = [
        listing("1", "茶", seller="老茶客", domain="a.example"),
        listing("2", "茶", seller="茶客之家铺", domain="b.example"),
    ]
    assert [each.subject for each in Named(CorpusOf(listings=shops)).mentions("老茶客之家铺招人")] == [
        "brand:茶客之家铺",
        "shop:b.example/茶客之家铺",
    ]


def test_a_short_brand_needs_support(named: Named) -> None:
    assert BRAND in named.subjects("云岚烧水壶免费领")
    assert BRAND in named.subjects("云岚家的东西")
    assert SHOP in named.subjects("“云岚”招人")
    assert named.subjects("云岚山下下雨了") == ()
    assert named.subjects("云。岚烧水壶") == ()


def test_a_particle_is_no_brand(named: Named) -> None:
    assert named.subjects("完美的家居生活从空调开始") == ()
    assert "brand:美的" in named.subjects("买了美的 空调") or "brand:美的" in named.subjects("，美的空调")


def test_platforms_join_nothing(named: Named) -> None:
    assert named.subjects("京东自营的数据线，京东店铺") == ()


def test_an_address_names_its_listing(named: Named) -> None:
    assert named.subjects("链接 http://www.yunlan.example/item/2.html?from=bbs ，快") == (
        "listing:yunlan.example/2",
        SHOP,
    )
    assert named.subjects("http://yunlan.example/item/9.html") == ()
    assert named.subjects("http://[云岚 http://[::1") == ()


OTHER_KETTLE = listing(
    "5", "云岚 养生壶 玻璃 墨绿 1.7L", seller="云岚家居旗舰店", brand="云岚", domain="yunlan.example"
)


def test_two_words_of_a_product_name_it_where_its_shop_is_named(named: Named) -> None:
    assert ("烧水壶", "listing:yunlan.example/1") in said(named, "云岚家居的烧水壶，拍白色那款")
    assert ("白色", "listing:yunlan.example/1") in said(named, "云岚家居的烧水壶，拍白色那款")
    assert named.subjects("烧水壶，拍白色那款") == ()


def test_one_word_names_no_product() -> None:
    """A shop has more than one kettle."""
    kettles = Named(CorpusOf(listings=[KETTLE, OTHER_KETTLE]))
    assert kettles.subjects("云岚家居 免费领烧水壶") == ("brand:云岚家居", SHOP)


def test_words_that_fit_two_products_name_neither() -> None:
    boxes = [
        listing(str(n), "云岚 收纳箱 加厚", seller="云岚家居旗舰店", domain="yunlan.example") for n in (1, 2)
    ]
    assert Named(CorpusOf(listings=boxes)).subjects("云岚家居的加厚收纳箱") == ("brand:云岚家居", SHOP)


def test_words_that_all_goods_share_name_none() -> None:
    same = [
        listing(str(n), "云岚 收纳箱 加厚", seller="云岚家居旗舰店", domain="yunlan.example")
        for n in range(60)
    ]
    assert Named(CorpusOf(listings=same)).subjects("云岚家居的加厚收纳箱") == ("brand:云岚家居", SHOP)


def test_a_name_that_many_shops_bear_names_no_shop() -> None:
    def of(shops: int) -> Corpus:
        return CorpusOf(
            listings=[
                listing(str(n), "茶", seller="老茶客专营店", domain=f"s{n}.example") for n in range(shops)
            ]
        )

    assert len([s for s in Named(of(3)).subjects("老茶客专营店") if s.startswith("shop:")]) == 3
    assert Named(of(4)).subjects("老茶客专营店") == ("brand:老茶客专营店",)


def test_a_brand_sold_by_two_shops_names_no_shop() -> None:
    shops = [
        listing("1", "云岚 烧水壶", seller="云岚家居旗舰店", brand="云岚", domain="a.example"),
        listing("2", "云岚 烧水壶", seller="大卖场", brand="云岚", domain="b.example"),
    ]
    assert Named(CorpusOf(listings=shops)).subjects("云岚烧水壶") == (BRAND,)


def test_an_empty_archive_names_nothing() -> None:
    assert Named(CorpusOf()).subjects("云岚家居 http://yunlan.example/item/1.html") == ()


@given(st.text(max_size=60))
def test_flattened_is_plain_with_places(text: str) -> None:
    flat, places = flattened(text)
    assert len(flat) == len(places)
    assert places == sorted(places)
    assert all(plain(text[place]) for place in places)


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_long_name_is_found_in_any_surroundings(named: Named, before: str, after: str) -> None:
    if any(each.isalnum() for each in before[-1:] + after[:1]):
        before, after = before + "。", "。" + after
    text = f"{before}云岚家居旗舰店{after}"
    found = [m for m in named.mentions(text) if m.subject == SHOP]
    assert any(text[m.start : m.end].startswith("云岚家居") for m in found)


@pytest.mark.parametrize(
    "text", ["云岚" * 200_000, "http://" * 100_000, "（" * 500_000, "云岚家居 收纳箱" * 50_000]
)
def test_hostile_text_is_read_in_bounded_time(named: Named, text: str) -> None:
    assert len(named.mentions(text)) <= 100_000  # what is read is bounded, see names._LONGEST_TEXT
