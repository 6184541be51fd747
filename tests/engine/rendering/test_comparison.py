"""Two looks at one page: innocent differences pass, another page for crawlers does not."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.engine.rendering.comparison import QUOTE, compare
from crawler.evidence.manifest import canonical

ARTICLE = """<!doctype html><html><head><title>{title}</title>
<link rel="canonical" href="https://shop.invalid/item/7"><meta name="csrf" content="{token}">
<script type="application/ld+json">{{"@type": "Product", "name": "茶壶",
 "offers": {{"price": "{price}"}}, "aggregateRating": {{"ratingValue": "{rating}", "reviewCount": "{reviews}"}}}}
</script></head><body class="nav-open"><nav><a href="/">首页</a> <a href="/cart">购物车（{count}）</a></nav>
<article><h1>宜兴紫砂茶壶</h1><p>发表于 {ago}　阅读 {count}　会话 {token}</p>
<p>这把茶壶由本店师傅手工制作，容量二百四十毫升，泥料为黄龙山原矿紫泥，壶身素面无刻绘。</p>
<p>{body}</p><p class="price">售价 ¥{price}</p></article>
<div class="ads">{ad}</div><aside><p>{ad}</p></aside><ul class="list"><li><a href="/9">{ad}</a></li></ul>
<footer>© 2026 本店　现在时间 {clock}</footer></body></html>"""
PLAIN = {
    "title": "宜兴紫砂茶壶 - 某店",
    "token": "9f86d081884c7d659a2feaa0c55ad015",
    "price": "59.90",
    "rating": "4.8",
    "reviews": "1200",
    "ago": "3分钟前",
    "count": "1234",
    "body": "收到后请先用清水浸泡，再以茶汤养护。如有破损，请在四十八小时以内联系本店客服，我们负责更换。",
    "ad": "双十一全场五折，满三百减五十，前一百名下单的顾客还可以获得精美礼品一份，点击立即抢购",
    "clock": "12:00:01",
}
LONG = "本店从不刷单，所有评价都来自真实的顾客，欢迎各位到店品尝，一切以实物为准，谢绝还价与代购。"
RECRUIT = "招募体验官：到店用餐后写五星好评并附三张图片，截图发给客服即可全额返现，名额有限，先到先得。"


def page(**changes: str) -> str:
    return ARTICLE.format(**{**PLAIN, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ago": "刚刚"},
        {"ago": "3 minutes ago"},
        {"count": "1239"},
        {"token": "60303ae22b998861bce3b28f33eec1be"},
        {"ad": "冬季新品上市，羽绒服三折起，会员专享价再减一百元，限时三天，错过再等一年，手慢无"},
        {"clock": "23:59:59"},
        {"reviews": "1203"},
        {"price": "59.9"},
        {"title": "(2) 宜兴紫砂茶壶 - 某店"},
        {"title": "宜兴紫砂茶壶"},
        {"body": PLAIN["body"].replace("，", ",").replace("四十八", "48")},
    ],
)
def test_innocent_differences_are_alike(changes: dict[str, str]) -> None:
    found = compare(page(), page(**changes))
    assert (found.verdict, found.contradictions, found.gone) == ("alike", (), ())
    assert found.equality >= 950


def test_what_scripts_take_away_or_bring_is_innocent() -> None:
    plain = page(
        body=PLAIN["body"] + "<span>正在加载中…</span><p>您的浏览器不支持 JavaScript，请开启后重试</p>"
    )
    assert compare(plain, page()).verdict == "alike"
    assert compare(page(body=f"{PLAIN['body']}<noscript>{LONG}</noscript>"), page()).verdict == "alike"
    grown = compare(page(), page(body=f"{PLAIN['body']}<p>{LONG}</p>"))
    assert (grown.verdict, grown.added) == ("grown", (LONG,))


def test_placeholders_on_lines_of_their_own_are_innocent() -> None:
    waiting = "".join(
        f"<p>{words}</p>" for words in ("正在加载中……", "请稍候", "Loading...", "3 minutes ago") * 8
    )
    assert compare(f"<p>{LONG}</p>{waiting}", f"<p>{LONG}</p>").verdict == "alike"


def test_two_english_texts_share_little() -> None:
    one = (
        "The teapot was made by hand in our workshop and holds a quarter of a litre of water when it is full."
    )
    other = "Our reviewers are asked to write five stars and attach a photo, and the money will be paid back then."
    found = compare(f"<p>{one}</p>", f"<p>{other}</p>")
    assert found.verdict == "differs"
    assert found.equality < 100


def test_a_folded_part_of_a_page_that_grows_is_innocent() -> None:
    plain = f"<h1>茶壶</h1><p>{LONG}</p><p>{PLAIN['body']}</p><p id=fold>{RECRUIT}</p>"
    dom = f"{plain}<p>{PLAIN['ad']}</p>"
    found = compare(plain, dom, ["茶壶", LONG, PLAIN["body"], PLAIN["ad"]])
    assert (found.verdict, found.hidden, found.added) == ("grown", (RECRUIT,), (PLAIN["ad"],))


def test_another_order_and_other_lines_are_alike() -> None:
    one = f"<p>{PLAIN['body']}</p><p>{LONG}</p><p>{RECRUIT}</p>"
    body = PLAIN["body"]
    other = f"<p>{RECRUIT}</p><i>{LONG[:20]}</i><b>{LONG[20:]}</b><p>{body[:30]}<br>{body[30:]}</p>"
    assert compare(one, other).verdict == "alike"


def test_an_empty_shell_is_said_to_be_one() -> None:
    shell = (
        '<title>某商城</title><link rel="canonical" href="https://shop.invalid/"><div id="app">加载中…</div>'
    )
    found = compare(shell, page())
    assert (found.verdict, found.contradictions, found.equality) == ("empty-plain", (), 0)
    assert compare("", "").verdict == "alike"


def test_other_text_for_the_browser_is_suspected_and_quoted() -> None:
    found = compare(page(body=LONG), page(body=RECRUIT))
    assert (found.verdict, found.gone, found.added) == ("differs", (LONG,), (RECRUIT,))
    said = found.to_json()
    assert said["reason"].startswith("疑似")
    canonical(said)  # fits a leaf: no floats
    assert 400 < said["equality"] < 900


def test_a_short_post_that_is_exchanged_is_suspected() -> None:
    found = compare(
        "<h1>通知</h1><p>本周六照常营业，欢迎光临。</p>", "<h1>通知</h1><p>五星好评返现十元，联系客服。</p>"
    )
    assert found.verdict == "differs"


def test_a_sentence_that_is_taken_away_is_suspected() -> None:
    assert compare(page(body=PLAIN["body"] + RECRUIT), page()).verdict == "differs"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"title": "今日天气预报"}, "title"),
        ({"price": "9.9"}, "price"),
        ({"rating": "3.1"}, "rating"),
        ({"reviews": "15"}, "reviews"),
    ],
)
def test_facts_that_contradict_are_named(changes: dict[str, str], what: str) -> None:
    found = compare(page(), page(**changes))
    assert found.verdict == "differs"
    assert {objection["what"] for objection in found.contradictions} == {what}


def test_a_printed_price_that_contradicts_is_named() -> None:
    found = compare(f"<p>{LONG}</p><p>到手价 ¥59.90 起</p>", f"<p>{LONG}</p><p>到手价 ¥99 起</p>")
    assert found.contradictions == ({"what": "price", "plain": ["59.9"], "rendered": ["99"]},)


def test_prices_of_a_list_are_not_held_against_each_other() -> None:
    one = "".join(f"<p>¥{price}</p>" for price in (10, 20, 30))
    other = "".join(f"<p>¥{price}</p>" for price in (40, 50, 60))
    assert compare(one + f"<p>{LONG}</p>", other + f"<p>{LONG}</p>").verdict == "alike"


def test_another_canonical_address_is_named() -> None:
    other = page().replace("shop.invalid/item/7", "other.invalid/item/7")
    assert [objection["what"] for objection in compare(page(), other).contradictions] == ["canonical"]
    same = page().replace("https://shop.invalid/item/7", "http://www.shop.invalid/item/7/?from=app")
    assert compare(page(), same).verdict == "alike"


def test_text_swapped_by_hiding_is_suspected() -> None:
    dom = f'<h1>茶壶</h1><div style="display: none">{LONG}</div><p>{RECRUIT}</p>'
    found = compare(f"<h1>茶壶</h1><div>{LONG}</div>", dom)
    assert (found.verdict, found.hidden, found.gone) == ("differs", (LONG,), ())
    by_sheet = dom.replace(' style="display: none"', ' class="x"')
    assert compare(f"<h1>茶壶</h1><div>{LONG}</div>", by_sheet, ["茶壶", RECRUIT]).verdict == "differs"


def test_tabs_and_folded_text_are_innocent() -> None:
    tabs = f"<h1>茶壶</h1><div>{LONG}</div><div>{RECRUIT}</div><div>{PLAIN['body']}</div>"
    found = compare(tabs, tabs, ["茶壶", LONG])
    assert (found.verdict, set(found.hidden)) == ("alike", {RECRUIT, PLAIN["body"]})


def test_quotes_are_few_and_short() -> None:
    lines = "".join(f"<p>{chr(0x4E00 + i) * 300}</p>" for i in range(40))
    found = compare(lines, "<p>无</p>")
    assert len(found.gone) == 10
    assert {len(quote) for quote in found.gone} == {QUOTE + 1}
    assert len(canonical(found.to_json())) < 20_000


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p>a</p>" * 20_000, "<p>b</p>" * 20_000),
        ("<p>" + "a" * 300_000, "<p>" + "1" * 300_000),
        ("<p>" + "十" * 300_000, "<p>" + "评价" * 100_000),
        ("<div>" * 100_000 + "x", "<p>javascript " * 30_000),
        ("<title>" * 50_000, '<script type="application/ld+json">' + "[" * 500_000),
        ("\0", "<!-- -->"),
    ],
)
def test_hostile_pages_take_linear_time(one: str, other: str) -> None:
    began = time.process_time()
    compare(one, other)
    assert time.process_time() - began < 10


TEXT = st.text(alphabet="这是一个测试文本好评返现店铺ab1 ", min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, max_size=12))
def test_a_page_is_alike_itself(texts: list[str]) -> None:
    html = "".join(f"<p>{text}</p>" for text in texts)
    found = compare(html, html, texts)
    assert (found.verdict, found.equality, found.gone, found.hidden) == ("alike", 1000, (), ())


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.text(max_size=400))
def test_nothing_a_page_holds_raises(one: str, other: str) -> None:
    found = compare(one, other)
    assert 0 <= found.equality <= 1000


def _read(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("gb18030", "replace")


@pytest.mark.saved_pages
def test_real_pages_are_alike_themselves_and_unlike_others(pages: Path) -> None:
    names = ("163", "people", "thepaper", "wechat", "baijiahao", "csdn", "hexun")
    texts = {name: _read(pages / name / "article-1.html") for name in names}
    for name, text in texts.items():
        assert compare(text, text).equality == 1000
        assert compare(text, texts["people" if name != "people" else "163"]).verdict == "differs"
