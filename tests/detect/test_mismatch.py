"""评分与文本: what does not fit is counted per shop and told only where other shops have less."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.kit.corpus import Listing, Review
from crawler.detect.kit.finding import Finding
from crawler.detect.mismatch import Mismatch
from crawler.detect.text.misfit import (
    Typical,
    before_launch,
    before_purchase,
    names_no_fact,
    other_product,
    pairs,
    stars_disagree,
    typical,
)
from tests.detect.things import CorpusOf, listing, review

BLAME = "质量太差，完全不能用，垃圾，退货"
PRAISE = "非常满意，强烈推荐，好评"
SHOPS = ("s1", "s2", "s3")
FACTS = {"s1": "烧水快壶身不烫", "s2": "坚果酥脆开口大", "s3": "面霜滋润不油腻"}


def listings(**fields: object) -> list[Listing]:
    return [
        listing(f"l{shop}", f"商品{shop}", seller_identifier=shop, seller=f"店铺{shop}", **fields)
        for shop in SHOPS
    ]


def ordinary(number: int = 60) -> list[Review]:
    """Each shop's buyers name a fact; one in sixty has stars and words that disagree."""
    return [
        review(
            f"{shop}-{place:03}",
            BLAME if place == 7 else f"{FACTS[shop]}，很好{place}",
            stars=5,
            item_reviewed=f"l{shop}",
            day=f"2026-05-{1 + place % 28:02}",
        )
        for shop in SHOPS
        for place in range(number)
    ]


def odd(shop: str, number: int, body: str, **fields: object) -> list[Review]:
    fields = {"stars": 5, "day": "2026-06-02", "item_reviewed": f"l{shop}", **fields}
    return [review(f"{shop}-x{place:03}", body, **fields) for place in range(number)]


def found(reviews: list[Review], things: list[Listing] | None = None) -> list[Finding]:
    ordered = sorted(reviews, key=lambda each: (each.item_reviewed or "", each.identifier))
    return list(Mismatch().detect(CorpusOf(reviews=ordered, listings=things or listings())))


def test_ordinary_shops_are_silent() -> None:
    assert found(ordinary()) == []


def test_one_kind_is_weak_and_told_with_its_numbers() -> None:
    (finding,) = found(ordinary() + odd("s1", 12, BLAME))
    assert finding.grade == "weak"
    assert "星级与文字相反13条" in finding.claim
    assert finding.tables[0].rows[0][:3] == ("星级与文字相反", "13", "72")
    assert finding.key == "shop:shop.example/s1"
    assert finding.quotes[0].text == BLAME
    assert len(finding.captures) == 13
    assert all(each.remains for each in finding.innocent)


def test_the_same_everywhere_is_no_finding() -> None:
    assert found(ordinary() + [each for shop in SHOPS for each in odd(shop, 12, BLAME)]) == []


def test_few_cases_are_no_finding() -> None:
    assert found(ordinary() + odd("s1", 3, BLAME)) == []


def test_two_kinds_in_one_shop_are_medium() -> None:
    (finding,) = found(ordinary() + odd("s1", 14, BLAME, purchased_at="2026-06-09T04:00:00Z"))
    assert finding.grade == "medium"
    assert "评价早于所显示的购买日期14条" in finding.claim


def test_reviews_before_the_launch() -> None:
    things = listings(published_at="2026-04-01T00:00:00Z")
    (finding,) = found(ordinary() + odd("s2", 8, "坚果酥脆开口大", day="2026-03-01"), things)
    assert "评价早于商品上架8条" in finding.claim
    assert "上架2026-04-01" in finding.quotes[0].label


def test_praise_without_a_fact() -> None:
    (finding,) = found(ordinary() + odd("s3", 30, "非常满意非常喜欢强烈推荐大家放心购买"))
    assert "五星好评不提任何商品事实30条" in finding.claim


def test_reviews_of_another_product() -> None:
    told = ("面霜滋润", "润不油腻", "坚果酥脆", "脆开口大")
    strangers = [replace(each, review_body=told[n % 4]) for n, each in enumerate(odd("s1", 8, ""))]
    (finding,) = found(ordinary() + strangers)
    assert "像是另一件商品" in finding.claim


def test_rebate_texts_are_left_to_their_own_detector() -> None:
    assert found(ordinary() + odd("s1", 20, f"{BLAME}，说好的好评返现也没给")) == []


def test_follow_ups_are_left_alone() -> None:
    assert found(ordinary() + odd("s1", 20, BLAME, is_part_of="s1-001")) == []


@pytest.mark.parametrize(
    ("text", "stars", "expected"),
    [
        (BLAME, 5, True), (BLAME, 4, True), (BLAME, 3, False), (BLAME, 1, False), (BLAME, None, False),
        (PRAISE, 1, True), (PRAISE, 5, False),
        ("质量太差，不过客服很满意", 5, False),  # both sides
        ("有点小，客服慢", 5, False),  # mild
        ("", 5, False),
    ],
)  # fmt: skip
def test_stars_against_words(text: str, stars: float | None, expected: bool) -> None:
    assert stars_disagree(text, stars) is expected


def test_short_praise_names_no_fact_and_is_ordinary() -> None:
    assert not names_no_fact("非常满意，好评", 5, [], "水壶")
    assert names_no_fact("非常满意非常喜欢强烈推荐给大家", 5, [], "水壶")
    assert not names_no_fact("水壶非常满意非常喜欢强烈推荐", 5, [], "304水壶")
    assert not names_no_fact("用了3天非常满意非常喜欢强烈推荐", 5, [], "")
    assert not names_no_fact("非常满意烧水快非常喜欢强烈推荐", 5, ["烧水"], "")
    assert not names_no_fact("非常满意非常喜欢强烈推荐给大家", 4, [], "水壶")


def test_typical_pairs_are_frequent_here_and_rare_elsewhere() -> None:
    own = Counter({"烧水": 20, "很好": 30, "壶嘴": 2})
    everywhere = Counter({"烧水": 22, "很好": 900, "壶嘴": 2})
    assert typical(own, 40, everywhere, 2000) == {"烧水"}


def test_a_review_that_names_its_own_product_is_no_stranger() -> None:
    known = Typical.learnt(
        {"kettle": frozenset(("烧水", "壶身")), "cream": frozenset(("滋润", "油腻", "面霜"))}
    )
    said = pairs("面霜滋润不油腻")
    assert other_product(said, "kettle", Counter(said), 40, known) == "cream"
    assert other_product(said | {"烧水"}, "kettle", Counter(said), 40, known) is None
    assert other_product(said, "kettle", Counter(dict.fromkeys(said, 2)), 40, known) is None
    assert other_product(said, "cream", Counter(said), 40, known) is None


def test_days_are_days_of_beijing() -> None:
    assert not before_purchase("2026-05-01T15:00:00Z", "2026-05-01T02:00:00Z")
    assert before_purchase("2026-05-01T15:00:00Z", "2026-05-01T16:00:00Z")  # the next day in Beijing
    assert not before_launch(None, "2026-05-01T16:00:00Z")
    assert not before_launch("2026-05-01T15:00:00Z", None)


@given(st.text(alphabet="好水a，\ud800 1", max_size=40))
def test_pairs_are_neighbours_and_han(text: str) -> None:
    for pair in pairs(text):
        assert pair in text
        assert all("一" <= character <= "鿿" for character in pair)


def test_hostile_texts_end() -> None:
    reviews = odd("s1", 40, "好" * 200_000) + odd("s2", 40, "(" * 200_000) + odd("s3", 40, "\ud800差" * 1000)
    for finding in found(reviews):
        assert finding.grade == "weak"


def test_findings_are_the_same_each_time() -> None:
    reviews = ordinary() + odd("s1", 12, BLAME)
    assert [each.id for each in found(reviews)] == [each.id for each in found(reviews[::-1])]
