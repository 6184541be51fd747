"""Who speaks: reports, warnings, complaints, rules, tests, public bodies and jobs are left alone. Synthetic texts."""

import pytest

from crawler.detect.text.phrases import read
from crawler.detect.text.slots import best_reading, readings
from crawler.detect.text.stance import STANCES, cues, stances, sure_cues, title

SPEAKERS = {
    "report": "记者调查发现，一些商家招募刷手刷单，五星好评后返现5元，应募者加微信领任务，被告人王某获利。",
    "warning": "警方提醒：招募兼职刷单、垫付返佣金、加微信接任务的都是诈骗，谨防上当。",
    "complaint": "说好评返现5元，加了微信截图也发了，根本不返，全是刷单的吧，大家不要买。",
    "account": "对方拉我进群，让我先垫付做任务，给我的支付宝转了5元佣金，后来说要五星好评才返本金。",
    "prohibition": "版规：禁止发布刷单、好评返现信息，禁止留微信引流招募写手，一经发现永久禁言。",
    "product_test": "众测招募：押金199，写试用报告后退押金，优缺点都要写，好坏照写，不要求好评。",
    "public_body": "市场监管局招募营商环境体验官20名，颁发聘书，公益性质，不发放报酬，报名请到窗口。",
    "job": "诚聘客服兼职，岗位职责：处理好评和差评，任职要求：大专以上，五险一金，加微信投简历。",
    "other_trade": "城南鱼塘放单尾大青鱼，周末补单饵料，招募钓友，报名加微信，空军返现。",
}


@pytest.mark.parametrize("stance", STANCES)
def test_each_speaker_is_known_and_gives_nothing(stance: str) -> None:
    reading = best_reading(SPEAKERS[stance])
    assert stance in stances(cues(read(SPEAKERS[stance])))
    assert not reading.found


def test_the_same_words_without_the_speaker_are_found() -> None:
    assert best_reading("招募刷手刷单，五星好评后返现5元，加微信领任务。").found


def test_one_cue_in_an_advert_does_not_silence_it() -> None:
    assert best_reading(
        "诚聘淘宝刷单兼职，不收押金，小心假冒，日结100元，五星好评返本金，加微信 ab12345"
    ).found


def test_a_block_put_into_a_report_is_judged_alone() -> None:
    report = "记者从法院获悉，被告人组织刷单，非法获利十万元。\n"
    with_contact = "诚招刷单兼职，好评返现，日结100元，加微信 ab12345\n"
    without = "招刷单兼职，五星好评返现，日结100元\n"
    assert [each.found for each in readings(report + with_contact + report)] == [False, True, False]
    assert not any(each.found for each in readings(report + without))


def test_quoted_words_of_a_report_are_void() -> None:
    text = "据介绍，中介称“招募刷单兼职，发布五星好评即返现5元，加微信领任务”，不少人信以为真。"
    assert not best_reading(text).found
    assert best_reading(text).criteria == ()


def test_long_paragraphs_need_more_cues() -> None:
    advert = "招刷单兼职，日结100元，五星好评返本金，加微信 ab12345。" + "我们的单子多，随时都有得做，" * 40
    assert best_reading(advert + "谨防假冒。").found
    assert not best_reading("招刷单兼职，日结100元，五星好评返本金，加微信 ab12345。谨防假冒。").found


def test_every_stance_has_a_title_and_sure_cues() -> None:
    assert all(title(stance) and sure_cues(stance) for stance in STANCES)
