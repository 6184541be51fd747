"""Articles: pages of ours, in the forms of schema.org/Article and of the Open Graph protocol."""

import json
from typing import Any

import pytest
from parsel import Selector
from scrapy import Request
from scrapy.http import HtmlResponse

from crawler.engine.platforms.article import Article, identifier, prose, running_text
from crawler.engine.reading import Oddity
from crawler.engine.rows import Rows
from crawler.errors import ExtractionError
from crawler.items import Post
from crawler.quoted import place_of

URL = "https://gazette.example/news/31-kettles.html"
HEAD = '<meta property="og:type" content="article"><meta property="og:site_name" content="The Gazette">'
LINKED = {
    "@type": "NewsArticle",
    "headline": "Kettles &amp; stars",
    "author": [{"@type": "Person", "name": "Ann"}, {"@type": "Person", "name": "Ben"}],
    "datePublished": "2026-11-01T08:00:00+08:00",
    "publisher": {"@type": "Organization", "name": "Gazette Ltd"},
    "articleBody": "Five stars were for sale.",
}


class Plain(Article):
    """A site that shows nothing by elements of its own."""

    name = "plain"
    domains = ("gazette.example",)


class Gazette(Article):
    """A site with a table."""

    name = "gazette"
    domains = ("gazette.example",)
    pages = (*Article.pages,)
    numbered = r"/news/(\d+)(?:-p(\d+))?"
    further = ".pages a"
    shown = Rows(
        Post,
        "/html",
        headline="h1",
        article_body=prose("#text", without=".share, .more"),
        author=".by?",
        date_published=".date?",
    )


def page(body: str = "", head: str = "", linked: Any = None, url: str = URL) -> HtmlResponse:
    script = f'<script type="application/ld+json">{json.dumps(linked)}</script>' if linked else ""
    html = f"<html><head>{head}{script}</head><body>{body}</body></html>"
    return HtmlResponse(url, headers={"Content-Type": "text/html; charset=utf-8"}, body=html.encode())


def read(site: type[Article], response: HtmlResponse) -> tuple[Post, list[Request], list[Oddity]]:
    post, *others = site().parse_article(response)
    assert isinstance(post, Post)
    requests = [found for found in others if isinstance(found, Request)]
    return post, requests, [found for found in others if isinstance(found, Oddity)]


def test_json_ld_alone_makes_an_article() -> None:
    post, requests, odd = read(Plain, page(linked={"@graph": [{"@type": "WebSite", "name": "No"}, LINKED]}))
    assert (post.headline, post.author, post.publisher) == ("Kettles & stars", "Ann", "Gazette Ltd")
    assert (post.date_published, post.article_body) == (LINKED["datePublished"], LINKED["articleBody"])
    assert (post.identifier, post.url, requests, odd) == (URL, URL, [], [])
    assert place_of(post.author) == "/html/head/script/text() > #/@graph/1/author/0/name"
    assert place_of(post.article_body) is not None


def test_open_graph_gives_what_json_ld_leaves_out_and_the_missing_text_is_told() -> None:
    head = HEAD + '<meta property="og:title" content="Of stars"><meta name="author" content="Ann">'
    post, _, (odd,) = read(Plain, page(head=head, linked={"@type": "BlogPosting", "name": "Of kettles"}))
    assert (post.headline, post.author, post.publisher) == ("Of kettles", "Ann", "The Gazette")
    assert (post.article_body, odd.lost) == (None, False)
    assert place_of(post.publisher) == "/html/head/meta[2]/@content"


def test_the_address_of_an_authors_page_is_no_name() -> None:
    head = (
        HEAD
        + '<meta property="og:title" content="T"><meta property="article:author" content="https://f.example/ann">'
    )
    assert read(Plain, page(head=head))[0].author is None


@pytest.mark.parametrize("head", ["", '<meta property="og:title" content="Sign in">', HEAD])
def test_a_page_that_is_no_article_is_refused(head: str) -> None:
    with pytest.raises(ExtractionError, match="no article"):
        list(Plain().parse_article(page("<h1>Sign in</h1>", head=head)))


def test_a_page_without_the_elements_of_its_site_is_refused() -> None:
    with pytest.raises(ExtractionError, match="h1"):
        list(Gazette().parse_article(page("<p>Are you human?</p>", linked=LINKED)))


def test_what_is_shown_goes_before_what_is_described_and_unnamed_fields_are_filled() -> None:
    body = '<h1>Shown</h1><b class="date">昨天</b><div id="text">Text</div>'
    post, _, odd = read(Gazette, page(body, linked=LINKED))
    assert (post.headline, post.date_published, post.article_body) == ("Shown", "昨天", "Text")
    assert (post.author, post.publisher, odd) == ("Ann", "Gazette Ltd", [])
    closed = type("Closed", (Gazette,), {"filled": ()})
    assert read(closed, page(body, linked=LINKED))[0].author is None


def test_a_broken_block_costs_nothing() -> None:
    head = '<script type="application/ld+json">{"@type": "NewsArticle", </script>'
    post, _, odd = read(Gazette, page('<h1>Shown</h1><div id="text">Text</div>', head=head))
    assert (post.headline, odd) == ("Shown", [])


def test_the_running_text_leaves_out_scripts_share_bars_and_links_to_more() -> None:
    body = (
        '<h1>H</h1><div id="text">One <b>two</b>,<script>x()</script> three.<p>Four<br>five</p>'
        '<div class="share">Share <b>me</b></div>six<!-- seven --><style>p {}</style>'
        '<ul class="more"><li>Read on</li></ul></div>eight'
    )
    post = read(Gazette, page(body))[0]
    assert post.article_body == "One two, three.\nFour\nfive\nsix"
    assert place_of(post.article_body) == "/html/body/div"


def test_running_text_of_a_page_nested_deeply_does_not_break_down() -> None:
    body = Selector(f"{'<div>' * 20_000}deep{'</div>' * 20_000}")
    assert running_text(body) in ("deep", "")  # the parser may cut it off


def test_the_other_pages_of_a_long_article_are_followed_once_and_hostile_links_are_told() -> None:
    body = (
        '<h1>H</h1><div id="text">Text</div><p class="pages"><a href="/news/31-kettles.html">1</a>'
        '<a href="/news/31-p2">2</a><a href="http://[">3</a><a>4</a><a href="//other.example/news/9">5</a></p>'
    )
    post, requests, odd = read(Gazette, page(body))
    assert [request.url for request in requests] == ["https://gazette.example/news/31-p2"]
    assert (post.identifier, len(odd)) == ("31", 2)
    assert identifier(requests[0].url, Gazette.numbered) == "31/2"


def test_an_address_without_a_number_is_refused() -> None:
    with pytest.raises(ExtractionError, match="no number of an article"):
        identifier("https://gazette.example/about", Gazette.numbered)
