"""A reward and its condition in one text. All texts were written for this test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.text.reward import Offer, offer_in


def kinds(text: str) -> tuple[str, str] | None:
    offer = offer_in(text)
    return (offer.kind, offer.stance) if offer else None


def found(text: str) -> Offer:
    offer = offer_in(text)
    assert offer is not None, text
    return offer


@pytest.mark.parametrize(
    "text",
    [
        "盒子里有张小卡，五星好评+3图+15字，加客服微信返现5元",
        "客服说好评返8块，评完就不理人了",
        "卖家让我给个五星，截图发过去领5元红包",
        "说好的好评反我十块钱",
        "为了两块钱让我给好评，不至于吧",
        "要不是卡片上说返6元，谁会打五星",
        "恭喜您获得5~8元现金红包！领取方法：①确认收货②五星好评带图③截图发客服。包裹里的卡",
        "好 评 返*现 3元，客服讲的",
        "卡片写5⭐图文截图领🧧",
        "店家写着全好评晒图可返3元",
    ],
)
def test_a_condition_and_its_reward_are_told(text: str) -> None:
    assert kinds(text) == ("good", "told")


@pytest.mark.parametrize(
    "text",
    [
        "五星好评！还送了小礼物",
        "送的小样也收到了，物流快，好评",
        "退货返修用了两周，给不了五星",
        "住的是五星级酒店，返程打车30元",
        "信用卡消费返现50到账了",
        "好评率很高，满300元减30",
        "打不了五分，等了十五分钟，退了15元",
        "质量好，好评。下次搞活动有优惠券再来",
        "已经返修三次，好评是不可能的",
        "返现联系客服没人理，让人怎么给好评",
        "好评。店里返现50元的活动没赶上",
        "给他五星好评，冒着大雨把一大箱东西扛上六楼又帮着拆开检查，态度特别热情，隔天发现平台活动返现3元",
        "好评",
        "",
    ],
)
def test_praise_and_money_apart_are_no_offer(text: str) -> None:
    assert kinds(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "绝对不是因为返现才好评的",
        "没有好评返现也要夸",
        "连个好评返现都不给",
        "给不了好评，返现5元也不给",
        "本版禁止好评返现信息",
    ],
)
def test_denials_are_not_told(text: str) -> None:
    assert kinds(text) == ("good", "denied")


@pytest.mark.parametrize("text", ["估计好评都是返现的吧", "好评这么多，原来都是返现的", "怀疑他们五星返现"])
def test_suppositions_about_others_are_not_told(text: str) -> None:
    assert kinds(text) == ("good", "guessed")


@pytest.mark.parametrize(
    "text",
    [
        "店家说晒图就送小样，好评差评都送",
        "客服讲写评价就送贴纸，没要求打几星",
        "晒单就领3元红包，不管几星",
        "店家说好评返3元，其实不管几星都给",
    ],
)
def test_a_reward_for_any_review_is_told_apart(text: str) -> None:
    offer = found(text)
    assert (offer.kind, offer.open) == ("any", True)


def test_a_paid_task_and_a_payment() -> None:
    assert kinds("体验官群里接的单，本金和佣金昨天到账了，评价是按要求写的") == ("task", "told")
    assert found("亲亲收到，返款今晚打给您，感谢配合").kind == "payment"
    assert found("亲亲收到，体验金24小时内到账，记得再追评一条").kind == "payment"
    assert found("感谢体验官，本单已退回您的账户，下期再约").kind == "payment"
    assert offer_in("您好，本单已退回您的账户，感谢配合") is None
    assert offer_in("亲，退货的货款已退回您的账户，感谢配合") is None
    assert offer_in("差价红包已经发给您，记得追评") is None


def test_spans_lead_back_to_the_original() -> None:
    text = "😀 拆开掉出张小卡：五 ⭐ 好*评 截图，返 现 5 元 ，快"
    offer = found(text)
    assert offer.condition is not None
    assert offer.card is not None
    assert text[offer.reward.start : offer.reward.end] == "返 现 5 元"
    assert text[offer.card.start : offer.card.end].endswith("小卡")
    assert offer.whole.start <= offer.condition.start < offer.reward.end <= offer.whole.end
    assert [label for label, _ in offer.spans] == ["卡片", "条件", "回报"]


def test_evasive_spelling_is_restored_and_told() -> None:
    offer = found("客服说5🌟好坪可以fanxian5元")
    assert offer.kind == "good"
    assert any("好评" in each for each in offer.restored)


def test_amounts_are_read() -> None:
    assert found("客服说好评返8块").amounts == ("8元",)
    assert found("卡片上写五星好评领5.8元红包").amounts == ("5.8元",)


def test_thanks_for_stars_are_not_a_demand() -> None:
    assert found("感谢亲的五星支持，截图联系客服领取体验金").thanks
    assert not found("您好，改成五星可以返10元").thanks


PARTS = st.sampled_from(
    [
        "好评",
        "五星",
        "返现",
        "返5元",
        "红包",
        "领取",
        "截图",
        "卡片",
        "，",
        "。",
        "不是因为",
        "客服",
        "\n",
        "😀",
        "\ud800",
        "晒图",
        "5⭐",
        " ",
    ]
)


@given(st.lists(PARTS, max_size=25).map("".join))
def test_spans_lie_within_the_text(text: str) -> None:
    offer = offer_in(text)
    if offer:
        for _, span in offer.spans:
            assert 0 <= offer.whole.start <= len(text)
            assert 0 <= span.start < span.end <= len(text)


@pytest.mark.parametrize(
    "unit", ["好评", "返现", "好评返", "返现才", "卡", "张", "晒图", "体验官", "领取", "（", "返5", "1", "谢"]
)
def test_hostile_text_ends(unit: str) -> None:
    offer_in(unit * (1_000_000 // len(unit)))
    offer_in("返" + unit * 20_000 + "好评")
