"""Findings joined along 招募—消费—评价—返款, and what must not join them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.kit.finding import Finding, Innocent, Quote
from crawler.detect.kit.joining import kind_of
from crawler.detect.kit.storyline import Storyline, shown, storylines

SHOP_A, SHOP_B, SHOP_C = "shop:a.example/甲", "shop:b.example/乙", "shop:c.example/丙"
KETTLE, CONTACT = "listing:a.example/1", "contact:weixin/demo01"
BOSS = "account:bbs/发帖人-1"


def finding(key: str, *subjects: str, link: Any = "review", **fields: Any) -> Finding:
    quote = Quote(
        capture=f"c-{key}", kind="post", site="s", identifier=key, field="article_body", start=0, end=1, text="字",
        label=fields.pop("label", "原文"), captured_at="2026-11-20T00:00:00Z", url="http://s.example/",
    )  # fmt: skip
    known = {
        "detector": "d", "version": 1, "key": key, "grade": "medium", "link": link, "conduct": "fake_review",
        "claim": f"疑似{key}", "why": "属于评价环节", "quotes": (quote,), "subjects": subjects,
        "innocent": (Innocent(explanation="巧合", result="未见", remains=False),),
        "conduct_from": "2026-11-10T00:00:00Z", "conduct_until": "2026-11-12T00:00:00Z",
    }  # fmt: skip
    return Finding(**{**known, **fields})


def one(*findings: Finding) -> Storyline:
    found = storylines(findings)
    assert len(found) == 1, [(story.centre, story.findings) for story in found]
    return found[0]


def test_a_scheme_becomes_one_storyline_in_order_of_the_links() -> None:
    rebate = finding("rebate", SHOP_A, link="rebate", grade="strong")
    review = finding("review", SHOP_A, KETTLE)
    recruit = finding("recruit", SHOP_A, CONTACT, link="recruit", conduct="recruitment")
    story = one(rebate, review, recruit)
    assert story.centre == SHOP_A
    assert story.grade == "strong"
    assert story.findings == (recruit.id, review.id, rebate.id)
    assert story.links == ("recruit", "review", "rebate")
    assert story.conducts == ("fake_review", "recruitment")
    assert (story.conduct_from, story.conduct_until) == ("2026-11-10T00:00:00Z", "2026-11-12T00:00:00Z")
    assert story.title == "围绕店铺甲（a.example）的疑似线索：招募、评价、返款"


def test_gaps_are_named_with_what_to_capture() -> None:
    story = one(finding("one", SHOP_A), finding("two", SHOP_A))
    assert [gap[:2] for gap in story.gaps] == ["招募", "消费", "返款"]
    assert all("环节尚无材料：" in gap and "建议固定" in gap for gap in story.gaps)
    assert "返现卡片" in story.gaps[-1]


def test_a_post_that_describes_buying_is_said_beside_the_gap() -> None:
    recruit = finding("recruit", SHOP_A, link="recruit", label="任务流程")
    gap = next(gap for gap in one(recruit, finding("review", SHOP_A)).gaps if gap.startswith("消费"))
    assert "招募材料已写明下单流程" in gap


def test_one_finding_is_no_story() -> None:
    assert storylines([finding("one", SHOP_A)]) == []
    assert storylines([finding("one", SHOP_A), finding("other", SHOP_B)]) == []
    assert storylines([]) == []


def test_a_product_belongs_to_its_shop() -> None:
    story = one(finding("both", SHOP_A, KETTLE), finding("product", KETTLE, link="rebate"))
    assert story.centre == SHOP_A
    members = [member for stage in story.stages for member in stage.members]
    assert [member.because for member in members] == ["同一店铺", "同一商品（属于该店铺）"]


def test_a_product_that_two_shops_sell_belongs_to_neither() -> None:
    found = storylines(
        [
            finding("a", SHOP_A, KETTLE),
            finding("b", SHOP_B, KETTLE),
            finding("p", KETTLE),
            finding("q", KETTLE),
        ]
    )
    assert [(story.centre, len(story.findings)) for story in found] == [(KETTLE, 2)]


def test_nothing_is_joined_through_a_third() -> None:
    """a—bridge—b: the bridge names both shops; what names only one never meets what names only the other."""
    a, b, bridge = (
        finding("a", SHOP_A),
        finding("b", SHOP_B),
        finding("bridge", SHOP_A, SHOP_B, link="recruit"),
    )
    found = {story.centre: set(story.findings) for story in storylines([a, b, bridge])}
    assert found == {SHOP_A: {a.id, bridge.id}, SHOP_B: {b.id, bridge.id}}


def test_an_organiser_of_several_shops_is_a_centre_of_its_own() -> None:
    posts = [finding(f"post-{shop[-1]}", shop, CONTACT, link="recruit") for shop in (SHOP_A, SHOP_B, SHOP_C)]
    story = one(*posts)
    assert story.centre == CONTACT
    inside = [
        finding("post-1", SHOP_A, CONTACT, link="recruit"),
        finding("post-2", SHOP_A, CONTACT, link="recruit"),
    ]
    assert one(*inside, finding("review", SHOP_A)).centre == SHOP_A  # the contact adds nothing to the shop


def test_shops_with_just_the_same_findings_are_one_story() -> None:
    story = one(finding("a", SHOP_A, SHOP_B), finding("b", SHOP_A, SHOP_B))
    assert story.centre == SHOP_A
    assert SHOP_B in story.subjects


def test_platforms_join_nothing() -> None:
    for hub in ("shop:jd.com/京东自营", "brand:淘宝", "brand:京东"):
        assert storylines([finding("one", hub), finding("two", hub)]) == []


def test_who_is_harmed_is_not_joined_with_who_acts() -> None:
    attack = [finding(f"attack-{n}", SHOP_A, conduct="reverse_brushing") for n in (1, 2)]
    paid = [finding(f"paid-{n}", SHOP_A) for n in (1, 2)]
    found = {story.side: story for story in storylines([*attack, *paid])}
    assert set(found["harmed"].findings) == {each.id for each in attack}
    assert set(found["acts"].findings) == {each.id for each in paid}
    assert found["harmed"].id != found["acts"].id
    assert found["harmed"].title.startswith("针对")
    assert any("不是行为人" in remark for remark in found["harmed"].remarks)


def test_a_false_hotline_is_not_joined_with_the_brand_it_abuses() -> None:
    doorways = [
        finding(f"door-{n}", SHOP_A, "brand:甲", "hotline:4000000000", conduct="doorway_hotline")
        for n in (1, 2)
    ]
    found = storylines([*doorways, finding("review", SHOP_A), finding("rebate", SHOP_A, link="rebate")])
    assert {story.centre: len(story.findings) for story in found} == {SHOP_A: 2, "hotline:4000000000": 2}


def test_an_account_alone_joins_weakly() -> None:
    story = one(finding("a", BOSS, grade="strong"), finding("b", BOSS, grade="strong", link="recruit"))
    assert story.grade == "weak"
    assert any("仅有共同账号" in remark for remark in story.remarks)
    beside = storylines([finding("a", SHOP_A, BOSS), finding("b", SHOP_A, BOSS), finding("c", SHOP_B, BOSS)])
    assert [story.centre for story in beside] == [SHOP_A]


def test_a_house_account_is_a_hub() -> None:
    assert storylines([finding(str(n), BOSS) for n in range(21)]) == []


def test_the_newest_of_a_key_counts() -> None:
    old, new = finding("k", SHOP_A, grade="weak"), finding("k", SHOP_A, grade="strong", version=2)
    other = finding("other", SHOP_A)
    assert set(one(new, old, other).findings) == {new.id, other.id}
    grown = finding("k", SHOP_A, grade="strong")
    assert set(one(old, other, grown).findings) == {grown.id, other.id}


@pytest.mark.parametrize(
    ("grades", "links", "grade"),
    [
        (("strong", "medium", "medium"), ("recruit", "review", "rebate"), "strong"),
        (("medium", "medium", "medium"), ("recruit", "review", "rebate"), "medium"),
        (("strong", "weak", "weak"), ("recruit", "review", "rebate"), "medium"),
        (("medium", "medium"), ("review", "review"), "weak"),
        (("weak", "weak", "weak"), ("recruit", "review", "rebate"), "weak"),
    ],
)
def test_grades(grades: tuple[Any, ...], links: tuple[Any, ...], grade: str) -> None:
    made = [
        finding(str(n), SHOP_A, grade=each, link=link)
        for n, (each, link) in enumerate(zip(grades, links, strict=True))
    ]
    assert one(*made).grade == grade


def test_recruiting_after_all_reviews_is_remarked() -> None:
    late = finding("post", SHOP_A, link="recruit", conduct_from="2026-11-20T00:00:00Z", conduct_until=None)
    assert any("先后关系存疑" in remark for remark in one(late, finding("review", SHOP_A)).remarks)
    early = finding("post", SHOP_A, link="recruit")
    assert one(early, finding("review", SHOP_A)).remarks == ()


def test_the_id_stays_while_a_storyline_grows() -> None:
    first = one(finding("one", SHOP_A), finding("two", SHOP_A))
    assert one(finding("one", SHOP_A), finding("two", SHOP_A), finding("three", SHOP_A)).id == first.id


SUBJECTS = st.sampled_from(
    [SHOP_A, SHOP_B, KETTLE, "listing:b.example/2", CONTACT, "brand:甲", BOSS, "post:x/1", "brand:京东"]
)
MADE = st.builds(
    lambda key, subjects, link, conduct: finding(key, *sorted(subjects), link=link, conduct=conduct),
    st.sampled_from("abcdefghij"), st.sets(SUBJECTS, max_size=4), st.sampled_from(["recruit", "review", "rebate"]),
    st.sampled_from(["fake_review", "reverse_brushing", "doorway_hotline"]),
)  # fmt: skip


@given(st.lists(MADE, max_size=9, unique_by=lambda each: each.key), st.randoms())
def test_every_member_names_its_centre_and_order_does_not_matter(made: list[Finding], random: Any) -> None:
    stories = storylines(made)
    by_id = {each.id: each for each in made}
    for story in stories:
        assert len(story.findings) == len(set(story.findings)) >= 2
        for name in story.findings:
            named = by_id[name].subjects
            home = kind_of(story.centre) == "shop" and any(
                kind_of(each) in ("listing", "brand") for each in named
            )
            assert story.centre in named or home
    shuffled = list(made)
    random.shuffle(shuffled)
    assert storylines(shuffled) == stories


@pytest.mark.parametrize("subject", [SHOP_A, KETTLE, CONTACT, BOSS, "hotline:400", "brand:甲", "post:x/1"])
def test_subjects_are_shown_in_chinese(subject: str) -> None:
    assert shown(subject)[:2] in ("店铺", "商品", "联系", "账号", "热线", "品牌", "帖子")


def test_a_subject_of_an_unknown_kind_joins_nothing() -> None:
    assert storylines([finding("a", "person:x"), finding("b", "person:x")]) == []
