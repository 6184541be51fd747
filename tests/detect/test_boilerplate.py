"""Innocent words: platform texts, tags, page furniture, points-hunting copypasta; and culture, which is learned."""

import numpy as np
import pytest

from crawler.detect.text.boilerplate import (
    MASKS,
    Spread,
    densest,
    is_culture,
    is_hunting,
    kind_of,
    masked,
    names_no_fact,
    stretches,
)
from crawler.detect.text.normalise import normalised


def plain(text: str) -> str:
    return normalised(text).text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("评价方未及时做出评价，系统默认好评！", "default"),
        ("此用户没有填写评价。", "default"),
        ("免费注册 网站导航 服务说明 关于我们 诚聘英才 广告业务 联系我们 Copyright 2008", "furniture"),
        ("据说15个字才给积分，懒得打字，东西挺好的", "hunting"),
        ("烧水特别快，外壳不烫手，打开没异味，送长辈也拿得出手", None),
        ("系统默认好评我可不会给，这个壶烧水时间太长而且底座漏电", None),
        ("关于这个壶，联系我们客服吧，烧水真的快而且不漏", None),
    ],
)
def test_kinds(text: str, kind: str | None) -> None:
    assert kind_of(plain(text)) == kind


def test_a_run_inside_points_hunting_texts_is_points_hunting() -> None:
    run = plain("从今天到以后这段话走到哪里就贴到哪里")
    hunters = [plain(f"凑字数凑字数，15字才有积分，{run}")] * 2
    assert kind_of(run, hunters) == "hunting"
    assert kind_of(run, [*hunters, *[run] * 3]) is None


def test_one_word_about_points_is_not_points_hunting() -> None:
    assert not is_hunting(plain("为了积分来评价一下，烧水快不烫手"))


def test_tags_are_masked_and_what_the_buyer_wrote_is_not() -> None:
    text = plain("商品质量：内胆没有焊缝 物流服务：两天到 外形外观：墨绿色耐看")
    hidden = masked(text, MASKS[0])
    assert len(hidden) == len(text)
    assert hidden.replace(MASKS[0], "") == plain("内胆没有焊缝两天到墨绿色耐看")
    assert [each.kind for each in stretches(text)] == ["prefix"]


def test_one_tag_is_an_ordinary_word() -> None:
    assert not stretches(plain("使用效果挺好，三天就不卡粉了"))


def test_praise_that_fits_any_goods_is_told_from_product_facts() -> None:
    assert names_no_fact(plain("宝贝收到了，质量很好，物流很快，卖家态度不错"))
    assert not names_no_fact(plain("烧水特别快，外壳不烫手，打开没异味"))


def spread(rows: list[tuple[int, int]]) -> Spread:
    return Spread(np.array([row[0] for row in rows]), np.array([row[1] for row in rows]))


def test_culture_is_on_many_products_over_a_long_time_and_nowhere_dense() -> None:
    wide = [(product, 1000 + 17 * product) for product in range(12)]
    assert is_culture(spread(wide))
    assert not is_culture(spread([(product, 1000 + product) for product in range(12)]))  # within days
    assert not is_culture(spread([(product % 3, day) for product, day in wide]))  # three products
    assert not is_culture(spread([*wide, *[(99, 1100 + day) for day in range(9)]]))  # dense at one


def test_without_times_only_many_products_are_culture() -> None:
    assert is_culture(spread([(product, -1) for product in range(12)]))
    assert not is_culture(spread([(product, -1) for product in range(6)]))
    assert not is_culture(spread([*[(product, -1) for product in range(12)], *[(50, -1)] * 9]))


def test_the_densest_days_are_those_of_one_product() -> None:
    rows = [(1, 100), (1, 105), (1, 113), (1, 114), (2, 101), (2, 102), (3, -1), (3, -1), (3, -1), (3, -1)]
    assert densest(spread(rows)) == 3
    assert densest(spread([(1, -1)])) == 0


def test_hostile_texts_are_looked_through_in_time() -> None:
    for text in ("凑字数" * 6000, "商品质量" * 5000, "关于" * 10000):
        assert len(masked(text, MASKS[1])) == len(text)
        kind_of(text)
