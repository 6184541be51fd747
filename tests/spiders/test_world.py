"""Shops, review sites, search and news of the world, where the saved pages do not show it: pages made by us."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import HtmlResponse

from crawler.engine.reading import Oddity
from crawler.errors import ExtractionError
from crawler.items import Item, Listing, Post, Review
from tests.spiders.case import Case, all_cases, of, read, read_all, spider

OURS = (
    *("amazon", "ebay", "tripadvisor", "michaelkors", "thinkgeek", "debijenkorf", "baidu", "netease"),
    *("baijiahao", "csdn", "hexun", "people", "thepaper", "wechat", "xinhuanet"),
)
CASES = [(name, case) for name, case in all_cases() if name in OURS]
EACH = pytest.mark.parametrize(("name", "case"), CASES, ids=[case.file for _, case in CASES])
AMAZON = "https://www.amazon.com/Kettle/product-reviews/B000000001/"
BAIDU = "https://www.baidu.com/s?wd=x"
PEOPLE = "http://culture.people.com.cn/n1/2019/0615/c1013-31153719-2.html"
TRIP = "https://www.tripadvisor.com/Restaurant_Review-g1-d2-Reviews-Kettle.html"


def page(url: str, body: str, head: str = "") -> HtmlResponse:
    html = f"<html><head>{head}</head><body>{body}</body></html>"
    return HtmlResponse(url, headers={"Content-Type": "text/html; charset=utf-8"}, body=html.encode())


def read_page(name: str, response: HtmlResponse) -> list[Item]:
    """Items by the callback that the address leads to, with nothing odd."""
    callback = spider(name).reads(response.url)
    assert callback is not None
    items, _, odd = read_all(name, callback, response)
    assert odd == []
    return items


@EACH
@pytest.mark.parametrize("broken", ["empty", "half", "wall"])
def test_a_page_that_is_not_whole_is_refused_or_told(name: str, case: Case, broken: str, pages: Path) -> None:
    whole = case.response(pages)
    wall = b"<html><head><title>Robot Check</title></head><body><h1>Enter the characters</h1></body></html>"
    body = {"empty": b"", "half": whole.body[: len(whole.body) // 2], "wall": wall}[broken]
    response = HtmlResponse(whole.url, headers=dict(whole.headers), body=body)
    found: list[Any] = []
    with contextlib.suppress(ExtractionError):
        found.extend(getattr(spider(name)(), case.callback)(response))
    if broken != "half":
        assert [one for one in found if not isinstance(one, Oddity)] == []


# ---- Amazon


def amazon(identifier: str, badge: str = "", votes: str = "") -> str:
    return (
        f'<div id="{identifier}" class="review"><i class="review-rating"><span class="a-icon-alt">1.0 out of 5 stars'
        f'</span></i><a class="review-title">Leaks</a><span class="review-byline">By <a class="author" '
        f'href="/gp/pdp/profile/A1/ref=x">Ann</a></span><span class="review-date">on May 1, 2016</span>'
        f'<div class="review-data"><a class="a-color-secondary">Color: Red</a>{badge}</div>'
        f'<span class="review-text">Wet.</span><span class="review-votes">{votes}</span></div>'
    )


TOP = (
    '<div class="view-point-review"><div id="viewpoint-R1"><h4 class="view-point-title">Top critical review</h4>'
    '<span class="review-votes">3 of 4 people found this helpful</span><i class="review-rating">'
    '<span class="a-icon-alt">1.0 out of 5 stars</span></i><span class="review-title">Leaks</span><div>'
    '<span class="review-byline">By Ann</span><span class="review-date">on May 1, 2016</span></div>'
    "<div>Wet.</div></div></div>"
)
PRODUCT = '<div class="product-title"><a>Kettle</a></div><span class="totalReviewCount">2</span>'
CANONICAL = f'<link rel="canonical" href="{AMAZON}">'


def test_amazon_gives_a_top_review_that_the_list_holds_once() -> None:
    verified = "<span>Verified Purchase</span>"
    rows = amazon("R1", verified, "One person found this helpful") + amazon(
        "R2", votes="1,204 people found this"
    )
    body = f'{PRODUCT}{TOP}<div id="cm_cr-review_list">{rows}</div>'
    first, second = of(Review, read_page("amazon", page(AMAZON, body, CANONICAL)))
    assert (first.identifier, first.query, first.badges, first.useful_count) == (
        "R1",
        None,
        "Verified Purchase",
        "One",
    )
    assert (second.badges, second.useful_count, second.variant) == (None, "1,204", "Red")


def test_amazon_reports_a_review_without_its_rating_and_keeps_the_others() -> None:
    rows = amazon("R1").replace("a-icon-alt", "gone") + amazon("R2")
    response = page(AMAZON, f'{PRODUCT}<div id="cm_cr-review_list">{rows}</div>', CANONICAL)
    items, _, odd = read_all("amazon", "parse_reviews", response)
    assert [review.identifier for review in of(Review, items)] == ["R2"]
    assert len(odd) == 1


def test_amazon_follows_the_reviews_of_the_product_and_of_no_other() -> None:
    body = (
        '<input id="ASIN" value="B000000001"><span id="productTitle">Kettle</span>'
        '<a href="/Pot/product-reviews/B000000002/">9</a><a href="/Kettle/product-reviews/B000000001/">2</a>'
    )
    _, requests = read("amazon", "parse_product", page("https://www.amazon.com/dp/B000000001", body))
    assert [request.url for request in requests] == [AMAZON]


# ---- TripAdvisor


def test_tripadvisor_reports_how_many_reviews_are_not_in_the_page() -> None:
    body = '<h1 class="header">Kettle</h1><div class="reviewSelector" id="review_1"></div>'
    items, _, (odd,) = read_all("tripadvisor", "parse_place", page(TRIP, body))
    assert [type(item) for item in items] == [Listing]
    assert odd.lost
    assert odd.reason.startswith("1 reviews are named")


# ---- Baidu


def test_baidu_marks_an_advertisement_and_reads_a_box_it_does_not_know() -> None:
    row = '<div class="c-container"><h3><a href="http://{0}.example/">{0}</a></h3>{1}</div>'
    ad = row.format("ad", '<span class="m">广告</span>')
    box = row.format("box", "").replace("c-container", "c-container c-group-middle")
    body = f'<div id="content_left">{row.format("plain", "")}{ad}{box}</div>'
    found = of(Post, read_page("baidu", page(BAIDU, body)))
    assert [(post.headline, post.promoted) for post in found] == [
        ("plain", False),
        ("ad", True),
        ("box", False),
    ]


def test_baidu_does_not_take_the_word_advertisement_in_a_headline_for_the_mark() -> None:
    row = '<div><h3><a href="http://a.example/">广告法全文</a></h3></div>'
    (post,) = of(Post, read_page("baidu", page(BAIDU, f'<div id="content_left">{row}</div>')))
    assert not post.promoted


# ---- Shops


def test_ebay_reads_what_stands_in_a_second_document() -> None:
    rest = (
        '<div id="descItemNumber">7</div><h1 id="itemTitle"><span>Details about</span>Sofa</h1><b itemprop="price">'
        'US $3</b><a id="mbgLink" href="/usr/ann?x=1"><span class="mbg-nw">ann</span></a>'
    )
    body = f"<!DOCTYPE html><html><body></body></html><!-- --><html><body>{rest}</body></html>"
    response = HtmlResponse("https://www.ebay.com/itm/7", body=body.encode(), encoding="utf-8")
    (listing,) = of(Listing, read_page("ebay", response))
    assert (listing.name, listing.price, listing.seller_identifier) == ("Sofa", "US $3", "ann")


def test_michaelkors_and_thinkgeek_without_a_sale_have_no_price_struck_out() -> None:
    head = '<link rel="canonical" href="https://www.michaelkors.com/bag/_/R-US_1A">'
    bag = page(
        "https://www.michaelkors.com/bag/_/R-US_1A",
        '<h1 class="prod_name">Bag</h1><b class="now_price">$9</b>',
        head,
    )
    (listing,) = of(Listing, read_page("michaelkors", bag))
    assert (listing.identifier, listing.price, listing.list_price) == ("1A", "$9", None)
    form = (
        '<h1 itemprop="name">Cards</h1><form id="buy"><input name="pid" value="c">'
        '<h3 itemprop="price">$5</h3></form>'
    )
    (listing,) = of(Listing, read_page("thinkgeek", page("https://www.thinkgeek.com/product/c/", form)))
    assert (listing.price, listing.list_price) == ("$5", None)


def test_debijenkorf_follows_the_next_page_which_a_script_would_ask_for() -> None:
    card = (
        '<li class="dbk-productlist-thumbnail"><h3 itemprop="name"><a href="/jas-12"><i>Ann </i>Jas</a></h3>'
        '<b itemprop="price">9,95</b></li><a rel="next" data-href="/action/ViewParametricSearch-Browse?p=2">2</a>'
    )
    items, requests = read("debijenkorf", "parse_category", page("https://www.debijenkorf.nl/a/b", card))
    assert [(item.identifier, item.url) for item in items] == [("12", "https://www.debijenkorf.nl/jas-12")]
    assert [request.url for request in requests] == [
        "https://www.debijenkorf.nl/action/ViewParametricSearch-Browse?p=2"
    ]


# ---- News


def test_a_further_page_of_people_is_a_post_of_its_own() -> None:
    body = (
        '<div class="text_title"><h1>T</h1><div class="box01"><div class="fl">2019年06月15日</div></div></div>'
        '<div id="rwb_zw">Text</div>'
    )
    (post,) = of(Post, read_page("people", page(PEOPLE, body)))
    assert (post.identifier, post.date_published, post.publisher) == ("31153719/2", "2019年06月15日", None)


def test_wechat_names_the_person_who_wrote_and_the_account_that_published() -> None:
    body = (
        '<h2 id="activity-name">T</h2><span id="js_author_name">小芳</span><a id="js_name">爱否</a>'
        '<em id="publish_time">昨天</em><div id="js_content">Text</div>'
    )
    (post,) = of(Post, read_page("wechat", page("https://mp.weixin.qq.com/s/abcdefghij-_1", body)))
    assert (post.author, post.publisher, post.date_published) == ("小芳", "爱否", "昨天")
    assert post.identifier == "abcdefghij-_1"


def test_a_row_of_the_netease_list_without_a_number_is_told() -> None:
    row = '<li><span>(1)</span><a href="/x">[x]</a><a href="{}">T</a></li>'
    rows = row.format("http://news.163.com/20/0816/22/FK6F0U6D0001899O.html") + row.format("http://[")
    body = f'<div id="instantPanel"><ul class="list_txt">{rows}</ul></div>'
    response = page("http://news.163.com/special/0001220O/lastest.html", body)
    outputs = list(spider("netease")().parse_list(response))  # type: ignore[attr-defined]
    assert len([one for one in outputs if isinstance(one, Post)]) == 1
    assert len([one for one in outputs if isinstance(one, Oddity)]) == 2
