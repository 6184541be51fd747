"""Bursts: found where they are planted, silent where an innocent reason explains them."""

import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from crawler.detect.bursts import Bursts
from crawler.detect.kit.corpus import Review
from crawler.detect.kit.finding import Finding
from crawler.law.articles import articles_for, conducts
from tests.detect.jd_bursts import FILE, Market, products, repeats
from tests.detect.things import CorpusOf, listing, review

FIRST, DAYS = date(2026, 2, 1), 280  # until 2026-11-07
BURST = date(2026, 8, 1)  # in no sale
TALK = "鞋底厚薄轻重软硬宽窄长短新旧冷暖干湿快慢高低大小深浅明暗甜咸酸辣"


def ordinary(product: str, rate: float = 0.3) -> list[Review]:
    """A product's honest reviews: as they come, each in its own words, four and a half stars on average."""
    seed = sum(map(ord, product))
    counts, dice = np.random.default_rng(seed).poisson(rate, DAYS), random.Random(seed)
    found = []
    for day in range(DAYS):
        for number in range(int(counts[day])):
            name = f"{product}-{day}-{number}"
            body = "，".join("".join(dice.sample(TALK, 4)) for _ in range(3))
            found.append(
                _review(product, name, FIRST + timedelta(day), body, stars=dice.choice((3, 4, 5, 5)))
            )
    return found


def _review(product: str, name: str, day: date, body: str, **fields: object) -> Review:
    known = {"author": f"buyer {name}", "stars": 5, "captured_at": "2026-11-07T12:00:00Z", **fields}
    return review(name, body, item_reviewed=product, day=day.isoformat(), **known)


def burst(
    day: date = BURST, product: str = "p3", body: str = "{}底子软得像踩棉花，颜色比图上还正", **fields: object
) -> list[Review]:
    """Twelve reviews within three days."""
    return [
        _review(
            product, f"more-{number}", day + timedelta(number % 3), body.format(f"{TALK[number:number + 3]}，"),
            **{"author": f"paid {number}", **fields},
        )
        for number in range(12)
    ]  # fmt: skip


def plain(rows: list[Review], body: str = "第{}个人说的") -> list[Review]:
    """The same number of reviews, with honest ratings, each in its own words."""
    stars = ("3", "4", "5", "5")
    return [
        replace(row, review_body=body.format(place), rating_number=stars[place % 4])
        for place, row in enumerate(rows)
    ]


def corpus(more: list[Review], *, shops: int = 9, whole: bool = True) -> CorpusOf:
    """Nine products of nine shops, and what is added."""
    rows = [row for number in range(shops) for row in ordinary(f"p{number}")] + more
    counts = {f"p{number}": sum(row.item_reviewed == f"p{number}" for row in rows) for number in range(shops)}
    things = [
        listing(
            name, f"商品{name}", seller=f"店铺{name}", review_number=count if whole else 50 * count,
            captured_at="2026-11-07T12:00:00Z",
        )
        for name, count in counts.items()
    ]  # fmt: skip
    return CorpusOf(reviews=rows, listings=things)


def found(more: list[Review], **fields: bool) -> list[Finding]:
    return list(Bursts().detect(corpus(more, **fields)))


def test_a_planted_campaign_is_found_and_told() -> None:
    [finding] = found(burst())
    assert (finding.grade, finding.conduct, finding.link) == ("strong", "fake_review", "review")
    assert finding.subjects == ("listing:shop.example/p3", "shop:shop.example/店铺p3")
    assert "2026-08-01" <= finding.conduct_from <= finding.conduct_until <= "2026-08-10"  # type: ignore[operator]
    assert "条评价，预期约" in finding.claim
    assert finding.claim.startswith("疑似")
    assert {f"c-more-{number}" for number in range(12)} <= set(finding.captures)
    assert any("底子软得像踩棉花" in quote.text for quote in finding.quotes)
    assert {each.explanation for each in finding.innocent} >= {
        "平台大促期间集中评价", "平台提醒评价、集中催评", "同一买家多次下单、重复提交", "列表截断使近日评价显得偏多",
    }  # fmt: skip
    assert "个窗口，校正后的误报率不到" in (finding.chance or "")


def test_its_plot_shows_the_window() -> None:
    [plot] = found(burst())[0].plots
    assert len(plot.x) == len(plot.bars) == len(plot.band)
    assert set(plot.marks) <= set(plot.x)
    assert max(plot.bars) >= 4
    assert plot.x[int(np.argmax(plot.bars))] >= "2026-08-01"


def test_without_anything_planted_it_is_silent() -> None:
    assert found([]) == []


def test_volume_alone_is_weak() -> None:
    [finding] = found(plain(burst()))
    assert (finding.grade, finding.conduct) == ("weak", "inflated_listing")


def test_low_ratings_are_an_attack_and_not_the_shops_doing() -> None:
    [finding] = found(burst(stars=1))
    assert finding.conduct == "reverse_brushing"
    assert "差评" in finding.claim
    assert finding.subjects == ("listing:shop.example/p3",)


@pytest.mark.parametrize(
    "more",
    [
        burst(author="one buyer"),
        plain(burst(), "618买的第{}双"),
        plain(burst(), "店里打折时的第{}双"),
        burst(body="此用户未填写评价内容"),
        plain(burst(date(2026, 6, 18))),
    ],
    ids=["one buyer", "reminder", "the shop's own sale", "default texts", "sale"],
)
def test_innocent_reasons_explain_the_volume(more: list[Review]) -> None:
    assert found(more) == []


def test_purchases_that_lie_far_back_are_a_reminder() -> None:
    late = [replace(row, purchased_at="2026-06-20") for row in plain(burst())]
    usual = [replace(row, purchased_at=row.published_at) for row in ordinary("p3")]
    rows = [row for number in range(9) for row in ordinary(f"p{number}") if number != 3]
    things = list(corpus([]).listings())
    assert list(Bursts().detect(CorpusOf(reviews=[*rows, *usual, *late], listings=things))) == []


def test_a_campaign_in_a_sale_is_found_by_its_words() -> None:
    [finding] = found(burst(date(2026, 6, 18)))
    assert finding.grade == "medium"
    assert any(each.remains for each in finding.innocent if "大促" in each.explanation)


def test_the_newest_days_of_a_cut_list_are_not_judged() -> None:
    late = date(2026, 11, 1)
    assert len(found(burst(late))) == 1
    assert found(burst(late), whole=False) == []


def test_a_campaign_over_many_products_of_a_shop_is_found() -> None:
    rows = corpus([])
    again = [replace(row, identifier=f"{row.identifier}b", author_alias=None) for row in burst()]
    spread_out = [
        replace(row, item_reviewed=f"s{place % 6}", review_body=f"第{place}个人")
        for place, row in enumerate([*burst(), *again])
    ]  # fmt: skip
    small = [row for number in range(6) for row in ordinary(f"s{number}", rate=0.1)]
    things = [listing(f"s{number}", "小件", seller="同一家店", review_number=1) for number in range(6)]
    both = CorpusOf(reviews=[*rows.reviews(), *small, *spread_out], listings=[*rows.listings(), *things])
    assert "shop:shop.example/同一家店" in {
        subject for each in Bursts().detect(both) for subject in each.subjects
    }


def test_the_order_of_the_rows_does_not_matter() -> None:
    own = corpus(burst())
    rows = list(own.reviews())
    random.Random(5).shuffle(rows)
    other = CorpusOf(reviews=rows, listings=list(own.listings()))
    assert [each.id for each in Bursts().detect(own)] == [each.id for each in Bursts().detect(other)]


def test_a_verdict_in_a_name_is_not_ours() -> None:
    things = [listing("p3", "专治骗子必然有效", seller="店铺p3", review_number=1)]
    own = corpus(burst())
    rows = [each for each in own.listings() if each.identifier != "p3"]
    [finding] = Bursts().detect(CorpusOf(reviews=list(own.reviews()), listings=[*rows, *things]))
    assert "骗子" not in finding.claim


def test_hostile_texts_do_no_harm() -> None:
    texts = ["啊" * 300_000, "（" * 100_000, "\ud800" * 50, "，a" * 100_000, ""]
    more = [replace(row, review_body=texts[place % len(texts)]) for place, row in enumerate(burst())]
    assert all(each.id for each in found(more))


@pytest.mark.parametrize("fields", [{}, {"stars": 1}])
def test_its_conduct_has_its_law(fields: dict[str, int]) -> None:
    [finding] = found(burst(**fields))
    assert finding.link in conducts()[finding.conduct].links
    assert articles_for(finding.conduct, finding.conduct_from or "", finding.conduct_until)


@pytest.mark.skipif(not FILE.is_file(), reason="real reviews not found: detect should lie in ../shared")
def test_real_products_raise_at_most_three_alarms() -> None:
    real = products(Path(FILE))
    for twice in repeats(real):
        del real[twice]
    rows = Market(real).judged({})
    assert sum(each.called for each in rows) <= 3
    # Each was read: a platform's reminder, the shop's price cut, one buyer twenty times, 618.
    explained = {(each.window.key, each.window.first): each for each in rows if not each.called}
    for key, day in (
        ("p11", date(2018, 7, 27)),
        ("p11", date(2019, 4, 13)),
        ("p12", date(2019, 12, 14)),
        ("p15", date(2018, 6, 3)),
    ):
        assert explained[key, day.toordinal()].explained
