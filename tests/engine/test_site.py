"""The base class of spiders: addresses, callbacks, first requests, refusals."""

import asyncio
import json

import pytest
from scrapy.http import HtmlResponse, Request, TextResponse
from scrapy.utils.request import request_from_dict
from scrapy.utils.test import get_crawler

from crawler.engine.site import Output, Page, Site, check_site
from crawler.errors import ExtractionError, UsageError
from crawler.items import Post


class Board(Site):
    """A small forum."""

    name = "board"
    domains = ("bbs.example",)
    pages = (
        Page("post", r"^/t/\d+$", "parse_thread"),
        Page("post", r"^/f\?", "parse_forum"),
        Page("listing", r"^/$", "parse_front"),
    )
    start_pages = {"post": ("http://bbs.example/f?id=1",), "listing": ("http://bbs.example/",)}
    expect = {"post": (1, 10)}

    def parse_thread(self, response: TextResponse, board: str = "") -> Output:
        yield Post(identifier="1", url=response.url, publisher=board)

    def parse_forum(self, response: TextResponse) -> Output:
        yield self.follow(response, response.css("a")[0], self.parse_thread, board="甲")

    def parse_front(self, response: TextResponse) -> Output:
        yield from self.follow_known(response)


class Closed(Board):
    """A forum behind a login."""

    name = "closed"
    access = "assisted"


def first_requests(site: Site) -> list[tuple[str, str]]:
    async def collect() -> list[Request]:
        return [request async for request in site.start()]

    return [(request.url, request.callback.__name__) for request in asyncio.run(collect())]


def page(body: str, url: str = "http://bbs.example/f?id=1") -> HtmlResponse:
    return HtmlResponse(url, body=body.encode(), encoding="utf-8")


def test_kinds_follow_from_pages() -> None:
    assert Board.kinds == ("post", "listing")
    assert check_site(Board) == []


def test_the_first_requests_name_the_callback_that_reads_them() -> None:
    assert first_requests(Board()) == [
        ("http://bbs.example/f?id=1", "parse_forum"),
        ("http://bbs.example/", "parse_front"),
    ]
    assert first_requests(Board(kind="listing")) == [("http://bbs.example/", "parse_front")]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_address_replaces_the_start_pages(scheme: str) -> None:
    url = f"{scheme}://m.bbs.example/t/7"
    assert first_requests(Board(url=url)) == [(url, "parse_thread")]


def test_an_address_of_no_known_sort_is_read_as_the_first_sort_of_its_kind() -> None:
    assert first_requests(Board(url="http://bbs.example/x")) == [("http://bbs.example/x", "parse_thread")]
    assert first_requests(Board(url="http://bbs.example/x", kind="listing")) == [
        ("http://bbs.example/x", "parse_front")
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"url": "http://other.example/t/7"}, "not a page of board, which covers bbs.example"),
        ({"url": "http://bbs.example.evil.example/"}, "not a page of board"),
        ({"url": "http://notbbs.example/"}, "not a page of board"),
        ({"url": "ftp://bbs.example/"}, "not a page of board"),
        ({"kind": "review"}, "has no review pages; choose from post, listing"),
    ],
)
def test_a_wrong_argument_is_refused_at_once(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Board(**arguments)


def test_a_site_without_start_page_asks_for_an_address_before_the_crawl() -> None:
    class Empty(Board):
        name = "empty"
        start_pages = {}

    with pytest.raises(UsageError, match="no start page for post or listing; give one with --url"):
        Empty.from_crawler(get_crawler(Empty))
    assert Empty.from_crawler(get_crawler(Empty), url="http://bbs.example/").url == "http://bbs.example/"


def test_an_assisted_site_refuses_an_automatic_crawl_but_reads_recorded_pages() -> None:
    with pytest.raises(UsageError, match="closed is not crawled automatically"):
        Closed.from_crawler(get_crawler(Closed))
    assert len(list(Closed().parse_thread(page("")))) == 1


def test_reads_finds_the_callback_of_an_address() -> None:
    assert Board.reads("https://bbs.example/t/7") == "parse_thread"
    assert Board.reads("http://bbs.example/f?id=2") == "parse_forum"
    assert Board.reads("http://bbs.example") == "parse_front"
    assert Board.reads("http://bbs.example/t/x") is None
    assert Board.reads("http://other.example/t/7") is None
    assert Board.reads("http://bbs.example/t/7", kind="listing") is None


def test_reader_is_the_first_callback_of_a_kind() -> None:
    assert Board.reader("post") == "parse_thread"
    assert Board.reader("listing") == "parse_front"
    with pytest.raises(UsageError, match="no review pages"):
        Board.reader("review")


def test_follow_resolves_links_and_keeps_plain_arguments() -> None:
    site = Board()
    (request,) = site.parse_forum(page('<a href=" /t/3 ">x</a>'))
    assert isinstance(request, Request)
    assert (request.url, request.cb_kwargs) == ("http://bbs.example/t/3", {"board": "甲"})
    stored = request.to_dict(spider=site)
    assert stored["callback"] == "parse_thread"
    assert json.loads(json.dumps(stored["cb_kwargs"])) == stored["cb_kwargs"]
    assert request_from_dict(stored, spider=site).callback == site.parse_thread


def test_follow_refuses_a_link_without_address() -> None:
    site, response = Board(), page("<a>x</a>")
    with pytest.raises(ExtractionError, match=r"has no address on http://bbs\.example/f"):
        site.follow(response, response.css("a")[0], site.parse_thread)


@pytest.mark.parametrize("argument", [{1, 2}, (1, 2), object()])
def test_arguments_that_json_would_change_are_refused(argument: object) -> None:
    site = Board()
    with pytest.raises(TypeError):
        site.request("http://bbs.example/t/1", site.parse_thread, board=argument)


def test_follow_known_takes_each_link_to_a_known_sort_of_page_once() -> None:
    links = "".join(
        f'<a href="{target}">x</a>' for target in ("/t/1", "/t/1", "/about", "//bbs.example/f?id=3")
    )
    site = Board()
    found = [
        (request.url, request.callback) for request in site.parse_front(page(links, "http://bbs.example/"))
    ]
    assert found == [
        ("http://bbs.example/t/1", site.parse_thread),
        ("http://bbs.example/f?id=3", site.parse_forum),
    ]


def test_check_site_names_every_mistake() -> None:
    class Wrong(Board):
        name = "wrong"
        pages = (Page("rumour", "^/r/", "parse_rumour"),)
        start_pages = {"post": ("http://bbs.example/",)}
        expect = {"rumour": (1, 2)}
        access = "maybe"

    assert check_site(Wrong) == [
        "unknown kind rumour",
        "no method parse_rumour",
        "post in start_pages but not in pages",
        "rumour in expect but not an item",
        "nothing reads start page http://bbs.example/",
        "access 'maybe' is neither open nor assisted",
    ]
