"""Posts that tell of use and sell: found without a label on the whole page; labelled and ordinary ones are not."""

from typing import Any

import pytest

from crawler.detect.kit.finding import Finding
from crawler.detect.text.disclosure import found as signs
from crawler.detect.text.disclosure import label
from crawler.detect.undisclosed import Undisclosed
from tests.detect.page_corpus import PageCorpusOf, page
from tests.detect.things import listing, post

USED = "上周脸红得像关公，厚涂三晚，第四天早上摸脸真的愣住。质地像化开的酸奶，不闷，上妆不搓泥，姐妹们我又活过来了。"
LINK = "链接放这了 http://manfu.example/item/1.html ，评论区报“小满”店里减20。"
PAID = "作为体验官005号，品牌说样品下周才寄出，我先把稿子发了，到货补图。"


def found(body: str, *, shown: str | None = None, whole: bool = True, **more: Any) -> list[Finding]:
    item = post("20096", body, author="发帖人-1", **more)
    pages = [
        page(
            "http://bbs.example/t",
            shown if shown is not None else f"论坛\n{body}\n回复",
            whole=whole,
            capture=item.capture,
        )
    ]
    goods = listing("1", "曼芙面霜", url="https://manfu.example/item/1.html?from=x", domain="manfu.example")
    return list(Undisclosed().detect(PageCorpusOf(pages=pages, posts=[item], listings=[goods])))


def test_use_praise_and_a_code_are_found() -> None:
    (finding,) = found(USED + LINK)
    assert (finding.grade, finding.conduct) == ("medium", "undisclosed_ad")
    assert "listing:manfu.example/1" in finding.subjects
    labels = {quote.label for quote in finding.quotes}
    assert {"以亲身使用口吻", "推荐用语", "购买方式", "专属口令或优惠码"} <= labels
    assert all((USED + LINK)[quote.start : quote.end] == quote.text for quote in finding.quotes)
    assert "曼芙面霜" in "".join(fact.text for fact in finding.facts)


def test_a_bare_link_is_weak_and_the_innocent_reading_remains() -> None:
    (finding,) = found(USED + "购买链接 http://manfu.example/item/1.html")
    assert finding.grade == "weak"
    assert any("自发分享" in each.explanation and each.remains for each in finding.innocent)


def test_payment_and_a_link_are_strong() -> None:
    (finding,) = found(USED + LINK + "文案是品牌给的。")
    assert finding.grade == "strong"


def test_an_endorsement_before_delivery_is_another_conduct() -> None:
    (finding,) = found("坚持28天的使用报告，干纹淡了，同事都来问，值得。" + PAID)
    assert finding.conduct == "paid_endorsement"
    assert "尚未收到样品" in finding.claim


def test_the_threads_title_and_replies_are_read_beside_the_first_floor() -> None:
    head = post("7", headline="被这罐面霜惊到（真心分享）", article_body=None)
    first = post(
        "7#1",
        "质地像酸奶，上脸三天，评论区见。" + LINK + "先到先得，平时很少推东西，这次不说假话。",
        is_part_of="7",
        day="2026-11-01",
    )
    reply = post("7#2", "LZ: 文案是品牌给的，我改了几个字", is_part_of="7", day="2026-11-02")
    shown = page("http://bbs.example/7", "整页", capture=first.capture)
    (finding,) = Undisclosed().detect(PageCorpusOf(pages=[shown], posts=[head, first, reply]))
    assert {quote.identifier for quote in finding.quotes} == {"7", "7#1", "7#2"}
    assert {"post:shop.example/7", "post:shop.example/7#1"} <= set(finding.subjects)
    assert finding.conduct_from == first.published_at


@pytest.mark.parametrize(
    "mark",
    [
        "【广告】",
        "[推广]",
        "广告",
        "本帖为品牌付费合作，已标注广告。",
        "品牌合作笔记",
        "本文由曼芙赞助",
        "感谢曼芙赞助",
        "#合作#",
    ],
)
def test_a_label_anywhere_on_the_page_silences(mark: str) -> None:
    assert label(f"论坛\n{mark}\n正文") is not None
    assert found(USED + LINK, shown=f"论坛\n{USED}{LINK}\n版权\n{mark}") == []


@pytest.mark.parametrize(
    "words",
    [
        "是广告吧怎么不标",
        "不是广告",
        "真的不含推广",
        "广告服务 商务合作 联系我们",
        "没有广告，放心看",
        "广告太多了",
    ],
)
def test_words_about_advertising_are_no_label(words: str) -> None:
    assert label(f"论坛\n{words}\n正文") is None
    assert len(found(USED + LINK, shown=f"{USED}{LINK}\n{words}")) == 1


def test_a_page_that_is_not_whole_or_not_there_is_not_judged() -> None:
    assert found(USED + LINK, whole=False) == []
    item = post("1", USED + LINK)
    assert list(Undisclosed().detect(PageCorpusOf(pages=[], posts=[item]))) == []


@pytest.mark.parametrize(
    "body",
    [
        USED,  # ordinary sharing
        USED + "新闻在这 http://news.example/a/1.html ，可以看看成分分析。",  # a link to no shop
        LINK * 3,  # a link without experience
        "避雷！" + USED + LINK,
        USED + LINK + "求推荐，有没有人用过？",
        "本店新品上架，" + USED + LINK,
        "招募20位体验官，名额有限，" + USED + LINK,
    ],
)
def test_what_only_looks_like_it_is_left_alone(body: str) -> None:
    assert found(body) == []


def test_an_official_account_speaks_for_itself() -> None:
    assert found(USED + LINK, author_level="品牌官方账号") == []


@pytest.mark.timeout(60)  # linear: seconds
@pytest.mark.parametrize(
    "text", ["我" * 10**6, "链接" * 10**5, "http://" * 10**5, "“" * 10**6, "品牌" * 10**5, "\ud800[" * 10**5]
)
def test_hostile_text_is_read_in_time(text: str) -> None:
    signs(text)
    label(text)
    found(text)


def test_an_address_that_is_none_is_no_shop() -> None:
    assert found(USED + " http://[[[[[[[[ ") == []
