"""好评返现 by shop and by who says it. Texts were written for this test."""

import csv
from pathlib import Path
from typing import Any

import pytest

from crawler.detect.kit.finding import Finding
from crawler.detect.rebate import Rebate
from crawler.detect.text.reward import offer_in
from tests.detect.things import CorpusOf, listing, post, review

KETTLE = listing("l1", "云岚 烧水壶 白色", seller="云岚家居旗舰店", brand="云岚")
SHOP = "shop:shop.example/云岚家居旗舰店"
CARD = "包裹里塞了张小卡，五星好评+3图，加客服返现{}元"


def told(identifier: str, body: str, **fields: Any) -> Any:
    return review(
        identifier,
        body,
        **{"item_reviewed": "l1", "author": f"a-{identifier}", "day": "2026-11-10", **fields},
    )


def reply(to: str, body: str) -> Any:
    return post(f"{to}#reply", body, is_part_of=to)


def findings(**things: Any) -> dict[str, Finding]:
    corpus = CorpusOf(listings=things.pop("listings", [KETTLE]), **things)
    return {finding.key.removeprefix(SHOP + "/"): finding for finding in Rebate().detect(corpus)}


def test_buyers_who_tell_of_a_card_are_witnesses() -> None:
    card = findings(reviews=[told("1", CARD.format(5), stars=2), told("2", CARD.format("8.8"), stars=3)])[
        "card"
    ]
    assert card.claim.startswith("买家陈述")
    assert card.grade == "medium"
    assert (card.link, card.conduct) == ("rebate", "rebate_card")
    assert card.subjects == ("listing:shop.example/l1", SHOP)
    assert any("2名" in fact.text for fact in card.facts)
    assert any("5元" in fact.text and "8.8元" in fact.text for fact in card.facts)
    assert any("单方陈述" in limit for limit in card.limits)
    assert not any(subject.startswith("account:") for subject in card.subjects)


def test_one_buyer_alone_is_weak_and_the_error_remains() -> None:
    card = findings(reviews=[told("1", CARD.format(5))])["card"]
    assert card.grade == "weak"
    assert any(each.remains for each in card.innocent if "误记" in each.explanation)


def test_neither_one_author_nor_one_wording_counts_twice() -> None:
    same_author = [told("1", CARD.format(5)), told("2", CARD.format(8), author="a-1")]
    same_words = [told("1", CARD.format(5)), told("2", CARD.format(5))]
    assert findings(reviews=same_author)["card"].grade == "weak"
    assert findings(reviews=same_words)["card"].grade == "weak"


def test_the_sellers_own_words_make_it_strong() -> None:
    found = findings(
        reviews=[told("1", CARD.format(5)), told("2", CARD.format(8)), told("3", "一般", stars=2)],
        posts=[reply("3", "您好，改成五星可以返10元，麻烦联系我们")],
    )
    assert found["card"].grade == "strong"
    own = found["reply"]
    assert own.grade == "strong"
    assert "云岚家居旗舰店" in own.claim
    assert own.quotes[0].text == "改成五星可以返10元"
    assert own.conduct_from == "2026-11-10T04:00:00Z"  # not before the review that it answers
    assert own.conduct_until == "2026-11-20T02:00:00Z"  # not after its first capture


def test_one_buyer_beside_the_sellers_own_words_is_medium() -> None:
    found = findings(reviews=[told("1", CARD.format(5))], posts=[reply("1", "改成五星可以返10元")])
    assert found["card"].grade == "medium"


def test_one_reply_alone_is_medium_and_thanks_alone_weak() -> None:
    bad = told("3", "一般", stars=2)
    assert findings(reviews=[bad], posts=[reply("3", "改成五星可以返10元")])["reply"].grade == "medium"
    thanks = findings(reviews=[bad], posts=[reply("3", "感谢五星支持，截图领取红包")])["reply"]
    assert thanks.grade == "weak"


def test_a_payment_to_the_author_belongs_to_recruitment() -> None:
    paid = findings(
        reviews=[told("3", "好用", stars=5)], posts=[reply("3", "感谢体验官，货款已退回您的支付宝，下期再约")]
    )
    assert paid["payment"].conduct == "recruitment"
    refund = findings(
        reviews=[told("3", "坏的", stars=1)], posts=[reply("3", "退货的货款已退回您的支付宝，感谢配合")]
    )
    assert refund == {}


def test_a_reply_counts_only_under_a_review() -> None:
    assert findings(posts=[reply("nowhere", "改成五星可以返10元")]) == {}


def test_a_reward_for_any_review_is_no_finding_and_is_shown_beside_one() -> None:
    gift = told("9", "店家说晒图就送小样，好评差评都送", stars=3)
    assert findings(reviews=[gift]) == {}
    both = findings(reviews=[gift, told("1", CARD.format(5)), told("2", CARD.format(8))])["card"]
    any_review = next(each for each in both.innocent if "任何评价" in each.explanation)
    assert any_review.remains
    assert "1条称不限好评" in any_review.result


@pytest.mark.parametrize(
    "text", ["绝对不是因为返现才好评的", "估计好评都是返现的吧", "好用，五星好评！送了小礼物"]
)
def test_denials_and_suppositions_make_no_finding(text: str) -> None:
    assert findings(reviews=[told("1", text)]) == {}


def test_a_listing_name_is_the_sellers_own() -> None:
    named = listing("l1", "烧水壶 五星好评返5元", seller="云岚家居旗舰店")
    assert findings(listings=[named])["listing"].grade == "medium"


TYPED_OFF = (
    "昨天收的烧水壶，白色那款，盒子里夹着一张卡：“五星好评+3张图，截图发客服领8元红包”。店是云岚家居。"
)


def test_a_post_counts_where_it_names_the_shop() -> None:
    card = findings(
        posts=[post("t#1", TYPED_OFF, is_part_of="t", author="u1", site="bbs", domain="bbs.example")]
    )["card"]
    assert "post:bbs.example/t" in card.subjects
    assert "listing:shop.example/l1" in card.subjects
    assert findings(posts=[post("t#1", TYPED_OFF.replace("云岚家居", "一家店"))]) == {}


def test_a_post_that_names_many_shops_tells_of_none() -> None:
    shops = [
        listing(str(n), "壶", seller=f"{name}家居旗舰店")
        for n, name in enumerate(("云岚", "山海", "青禾", "北辰"))
    ]
    text = "盒子里夹着一张卡：“五星好评截图领8元红包”。山海家居、青禾家居、北辰家居"
    three = findings(listings=shops, posts=[post("t#1", text)])
    assert len(three) == 3
    assert findings(listings=shops, posts=[post("t#1", text + "、云岚家居")]) == {}


def test_a_floor_under_such_a_title_counts_only_with_a_card() -> None:
    title = post("t", "", headline="举报好评返现三个月，链接还挂着")
    assert findings(posts=[title, post("t#2", "云岚家居也不处理", is_part_of="t")]) == {}


def test_a_report_under_a_title_quotes_the_title() -> None:
    title = post("t", "", headline="举报好评返现三个月，链接还挂着", site="bbs", domain="bbs.example")
    floor = post(
        "t#1",
        "向平台举报云岚家居那款烧水壶夹返现卡，没有下文",
        is_part_of="t",
        site="bbs",
        domain="bbs.example",
    )
    card = findings(posts=[title, floor])["card"]
    assert card.quotes[0].field == "headline"
    assert card.quotes[0].text == "好评返现"


@pytest.mark.parametrize(
    "text",
    [
        "本报讯 云岚家居的包裹里有小卡片，“五星好评返现5元”，法院判决停止。",
        "民警提醒：云岚家居的卡片写五星好评返现5元，不要相信",
        "招募云岚家居体验官，收到卡片后五星好评返5元，名额30",
    ],
)
def test_news_warnings_and_recruiting_posts_are_left_alone(text: str) -> None:
    assert findings(posts=[post("t#1", text, is_part_of="t")]) == {}


def test_a_hostile_shop_name_does_not_stop_the_detector() -> None:
    judge = listing("l1", "壶", seller="必然认定骗子旗舰店")
    found = list(Rebate().detect(CorpusOf(listings=[judge], reviews=[told("1", CARD.format(5))])))
    assert "该商品的商家" in found[0].claim


def test_the_order_of_things_does_not_matter() -> None:
    reviews = [told(str(n), CARD.format(n), stars=n) for n in range(1, 6)]
    posts = [reply(str(n), f"改成五星可以返{n}元") for n in range(1, 6)]
    one = [f.id for f in Rebate().detect(CorpusOf(listings=[KETTLE], reviews=reviews, posts=posts))]
    other = [
        f.id for f in Rebate().detect(CorpusOf(listings=[KETTLE], reviews=reviews[::-1], posts=posts[::-1]))
    ]
    assert one == other


def test_real_reviews_that_tell_of_it(detect_data: Path) -> None:
    """Of 62,773 real reviews a handful tells of it, and those who tell of it complain."""
    path = detect_data / "chnlpcorpus" / "online_shopping_10_cats.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    taken = [row for row in rows if (o := offer_in(row["review"])) and (o.kind, o.stance) == ("good", "told")]
    assert 5 <= len(taken) <= 10
    assert all(row["label"] == "0" for row in taken)
