"""评价模板: what is found in one shop within days, what is left alone, and how pairs are judged."""

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.detect.kit.corpus import Corpus, Review
from crawler.detect.kit.finding import Finding
from crawler.detect.templates import Templates
from crawler.detect.text.similarity import PairScorer, contained, likeness, shared_run
from crawler.errors import UsageError
from tests.detect.things import CorpusOf, listing, post, review

FIRST = date(2026, 3, 1)
TEMPLATE = "这款水壶烧水特别快，壶身摸着一点都不烫手，打开完全没有异味"
WORDS = [
    "壶盖",
    "把手",
    "底座",
    "电线",
    "刻度",
    "声音",
    "水温",
    "壶嘴",
    "颜色",
    "说明书",
    "发票",
    "快递员",
    "纸箱",
    "内胆",
    "滤网",
    "按钮",
    "灯光",
    "水垢",
    "容量",
    "手感",
]
SAID = [
    "松了一点",
    "比旧的强",
    "有划痕",
    "挺顺滑",
    "看不清楚",
    "没想到这么小",
    "和图上不同",
    "用着顺手",
    "换过一次",
    "等了三天才来",
]


def ordinary(count: int, product: str = "l1", *, seed: int = 1, prefix: str = "o") -> list[Review]:
    """Reviews by different accounts over most of a year that say something of their own."""
    dice = random.Random(seed)
    made = []
    for number in range(count):
        text = "，".join(f"{dice.choice(WORDS)}{dice.choice(SAID)}" for _ in range(3)) + str(number)
        day = (FIRST + timedelta(days=dice.randrange(300))).isoformat()
        name = f"{prefix}{number:04}"
        made.append(review(name, text, item_reviewed=product, author=name, stars=5, day=day))
    return made


def templated(
    texts: list[str],
    product: str = "l1",
    *,
    days: int = 1,
    start: int = 100,
    prefix: str = "t",
    **fields: Any,
) -> list[Review]:
    """Reviews of these texts, one every `days` days."""
    made = []
    for number, text in enumerate(texts):
        name = f"{prefix}{number:04}"
        day = (FIRST + timedelta(days=start + days * number)).isoformat()
        said: dict[str, Any] = {"author": name, "stars": 5, "day": day, **fields}
        if "published_at" in fields:
            del said["day"]
        made.append(review(name, text, item_reviewed=product, **said))
    return made


def edited(count: int = 6, core: str = TEMPLATE) -> list[str]:
    return [f"{WORDS[number]}{SAID[number]}。{core}！{SAID[number]}" for number in range(count)]


def found_in(reviews: list[Review], **others: Any) -> list[Finding]:
    ordered = sorted(
        reviews, key=lambda each: (each.item_reviewed or "", each.published_at or "", each.identifier)
    )
    others.setdefault("listings", [listing("l1", "水壶一号"), listing("l2", "水壶二号")])
    return list(Templates().detect(CorpusOf(reviews=ordered, **others)))


def test_a_lightly_edited_text_within_days_is_found_and_explained() -> None:
    findings = found_in([*ordinary(200), *templated(edited())])
    assert len(findings) == 1
    finding = findings[0]
    assert finding.conduct == "fake_review"
    assert finding.grade == "medium"
    assert "6条评价、6个账号" in finding.claim
    assert finding.subjects == ("listing:shop.example/l1",)
    assert {quote.identifier for quote in finding.quotes} == {f"t{number:04}" for number in range(6)}
    texts = {each.identifier: each.review_body for each in templated(edited())}
    for quote in finding.quotes:
        assert texts[quote.identifier][quote.start : quote.end] == quote.text
        assert quote.text in TEMPLATE
    assert finding.facts[0].text.startswith("本")
    assert "其他时间196条中有0条" in finding.facts[0].text
    assert len(finding.innocent) == 5
    assert not any(each.remains for each in finding.innocent)
    assert [row[4] for row in finding.tables[0].rows] == edited()
    assert sum(finding.plots[0].bars) == 6


def test_a_run_without_a_mark_is_found_by_itself() -> None:
    core = "这款水壶烧水特别快壶身摸着一点都不烫手打开完全没有异味"
    texts = [f"{WORDS[number] * 9}{core}{SAID[number]}" for number in range(5)]
    findings = found_in([*ordinary(200), *templated(texts)])
    assert [core in finding.claim for finding in findings] == [True]


def test_points_shorter_than_a_run_are_found_together() -> None:
    texts = [
        f"{WORDS[number]}{SAID[number]}，烧水快，{mark}，不烫手，{number}号"
        for number, mark in enumerate("甲乙丙丁戊己")
    ]
    findings = found_in([*ordinary(200), *templated(texts)])
    assert len(findings) == 1
    assert "“不烫手”“烧水快”" in findings[0].claim


def test_the_same_short_text_is_found_where_it_is_dense() -> None:
    assert len(found_in([*ordinary(200), *templated(["烧水特别快还不烫手"] * 6)])) == 1


@pytest.mark.parametrize(
    "reviews",
    [
        templated(edited(), days=40, start=0),  # over most of a year
        templated(edited(), author="one"),  # one person
        templated(edited(2)),  # two people
        templated(edited(6, "评价方未及时做出评价，系统默认好评！"), days=0),
        templated(edited(6, "据说15个字才给积分，懒得打字，这段话到处复制粘贴，东西还行吧"), days=0),
        templated(edited(), published_at=None),  # nothing is known of days
    ],
    ids=["a year", "one account", "two accounts", "default", "points hunting", "no times"],
)
def test_what_is_left_alone(reviews: list[Review]) -> None:
    assert not found_in([*ordinary(200), *reviews])


def test_culture_is_learned_and_listed_and_no_finding() -> None:
    rows = ordinary(200)
    for place in range(12):
        product = f"p{place:02}"
        rows += ordinary(20, product, seed=place, prefix=product)
        rows += templated([edited()[place % 6]], product, start=20 * place, prefix=f"c{place}")
    # Three of them stand in one product within days: still what everybody says.
    rows += templated(edited(3), "p00", start=0, prefix="d")
    detector = Templates()
    rows.sort(key=lambda each: (each.item_reviewed or "", each.published_at or "", each.identifier))
    assert not list(detector.detect(CorpusOf(reviews=rows)))
    assert any(
        each.why == "culture" and each.products == 12 and each.reviews == 15 for each in detector.learned
    )


def test_many_reviews_on_the_same_days_expect_more() -> None:
    crowd = [replaced(each, start=100 + place % 6) for place, each in enumerate(ordinary(400, prefix="x"))]
    common = "烧水特别快壶身摸着一点都不烫手打开没异味"
    everywhere = templated([f"{n}号，{common}" for n in range(60)], days=5, start=0, prefix="e")
    few = templated([f"{n}号，{common}" for n in range(4)], prefix="f")
    assert not found_in([*crowd, *everywhere, *few])


def replaced(each: Review, start: int) -> Review:
    day = (FIRST + timedelta(days=start)).isoformat()
    return review(
        each.identifier, each.review_body, item_reviewed="l1", author=each.author_alias, day=day, stars=5
    )


def test_a_captured_brief_carries_it_and_is_quoted() -> None:
    body = "找体验官，五星好评30字，要提到烧水快、不烫手、没有异味，截图返款"
    asking = post("f1", body, is_part_of="t1", domain="bbs.example")
    thread = post("t1", headline="招募 水壶体验官", domain="bbs.example")
    (finding,) = found_in([*ordinary(200), *templated(edited())], posts=[thread, asking])
    assert finding.grade == "strong"
    assert "post:bbs.example/f1" in finding.subjects
    quote = next(each for each in finding.quotes if each.kind == "post")
    assert quote.text == body[quote.start : quote.end] == "提到烧水快、不烫手、没有异味，截图返款"
    assert any("招募 水壶体验官" in fact.text and "6条与之相符" in fact.text for fact in finding.facts)


def test_a_post_that_asks_for_something_else_does_not() -> None:
    asking = post("f1", "要提到面包松软、奶香浓、独立包装", domain="bbs.example")
    (finding,) = found_in([*ordinary(200), *templated(edited())], posts=[asking])
    assert finding.grade == "medium"


def test_the_products_own_wording_remains_as_an_explanation() -> None:
    shop = [listing("l1", f"新款 {TEMPLATE} 官方正品")]
    (plain,) = found_in([*ordinary(200), *templated(edited())])
    wording = found_in([*ordinary(200), *templated(edited())], listings=shop)
    assert [each.grade for each in wording] == ["weak"]
    assert plain.grade == "medium"
    assert [each.explanation for each in wording[0].innocent if each.remains] == ["商品名称自带的用语"]


def test_bad_reviews_by_template_are_reverse_brushing() -> None:
    (finding,) = found_in([*ordinary(200), *templated(edited(), stars=1)])
    assert finding.conduct == "reverse_brushing"
    assert "差评" in finding.claim


def test_words_of_a_page_are_never_our_judgement() -> None:
    core = "这家就是刷单的骗子，烧水特别慢，壶身烫手，打开一股胶味道"
    (finding,) = found_in(
        [*ordinary(200), *templated(edited(6, core), stars=1)],
        posts=[post("f1", f"差评这样写：{core}", headline="都是骗子")],
    )
    assert "骗子" not in finding.claim
    assert any("骗子" in quote.text for quote in finding.quotes)


def test_again_and_in_another_order_of_posts_it_is_the_same() -> None:
    rows = [*ordinary(200), *templated(edited()), *ordinary(40, "l2", seed=3, prefix="z")]
    posts = [post(f"f{number}", "要提到烧水快、不烫手、没有异味") for number in range(3)]
    first = [each.id for each in found_in(rows, posts=posts)]
    assert first == [each.id for each in found_in(rows[::-1], posts=posts)]
    assert Finding.from_json(found_in(rows)[0].to_json()).id == found_in(rows)[0].id


def test_hostile_reviews_do_no_harm() -> None:
    bodies = ["a" * 200_000, "(" * 100_000, "好，" * 50_000, "\ud800" * 1000, "", "烧水快，" * 9000]
    rows = [*templated([body for body in bodies for _ in range(4)]), *ordinary(30)]
    for finding in found_in(rows):
        assert len(finding.claim) < 2000


def test_an_empty_archive_has_no_finding() -> None:
    assert not list(Templates().detect(CorpusOf()))


def test_the_demo_markets_groups_are_found_and_its_look_alikes_are_not(
    market_corpus: Corpus, market_truth: list[dict[str, Any]]
) -> None:
    planted = {
        row["item"]: row["scheme"] for row in market_truth if row["kind"] == "review" and row["suspicious"]
    }
    by_text: dict[tuple[str | None, str], str] = {}
    for each in market_corpus.reviews():
        by_text[each.author_alias, each.review_body] = each.identifier
    caught: Counter[str] = Counter()
    for finding in Templates().detect(market_corpus):
        members = [by_text[row[0], row[4]] for row in finding.tables[0].rows]
        schemes = Counter(planted[member] for member in members if member in planted)
        assert sum(schemes.values()) >= 0.8 * len(members), finding.claim
        caught += schemes
    wanted = Counter(planted.values())
    assert set(caught) == set(wanted)
    assert sum(caught.values()) >= 0.8 * sum(wanted.values())


def test_pairs_are_judged_by_run_and_short_ones_by_containment() -> None:
    first, second = edited(2)
    assert shared_run(first, second) == "这款水壶烧水特别快壶身摸着一点都不烫手打开完全没有异味"
    assert likeness(first, second) > 0.5
    assert likeness("颜色不错，和图片差距不大，可以买", "大小合适，做工精细，给个好评") < 0.5
    short, changed = "鞋子很合脚走路特别轻便不磨脚", "鞋子很合脚走路特别轻巧不磨脚"
    assert len(shared_run(short, changed)) < 15
    assert contained(short, changed) < 0.8 > likeness(short, changed)
    assert likeness("鞋子很合脚走路特别轻便", "这鞋子很合脚走路特别轻便呀") >= 0.5
    footer = "免费注册 网站导航 服务说明 关于我们 诚聘英才 广告业务 联系我们 Copyright"
    assert likeness(f"房间很大 {footer}", f"早餐一般 {footer}") < 0.5


def test_rows_of_another_format_are_refused_and_doubtful_ones_left_out() -> None:
    scorer = PairScorer()
    with pytest.raises(UsageError, match="review pairs"):
        scorer.examples([{"text": "x", "label": "recruit"}])
    assert not scorer.examples([{"same_template": "ambiguous"}])


def test_labelled_pairs(detect_data: Path) -> None:
    lines = (detect_data / "eval_neardup_dev.jsonl").read_text("utf-8").splitlines()
    scorer = PairScorer()
    examples = scorer.examples(json.loads(line) for line in lines)
    assert len(examples) == 157
    said = [score >= scorer.threshold for score in scorer.scores(examples)]
    right = sum(one and each.truth for one, each in zip(said, examples, strict=True))
    wrong = sum(one and not each.truth for one, each in zip(said, examples, strict=True))
    missed = sum(not one and each.truth for one, each in zip(said, examples, strict=True))
    assert wrong == 0
    assert 2 * right / (2 * right + wrong + missed) >= 0.98


def test_all_within_the_hour_may_be_one_person() -> None:
    texts = edited()
    close = [
        replace(each, published_at=f"2026-06-09T04:0{number}:00Z", published_precision="minute")
        for number, each in enumerate(templated(texts))
    ]
    findings = found_in([*ordinary(200), *close])
    assert [each.grade for each in findings] == ["weak"]
    assert [each.explanation for each in findings[0].innocent if each.remains] == ["同一人的多笔订单"]


def test_keys_are_not_used_twice() -> None:
    twice = [*templated(edited(), start=20), *templated(edited(), start=200, prefix="u")]
    findings = found_in([*ordinary(400), *twice])
    assert len({each.key for each in findings}) == len(findings)
