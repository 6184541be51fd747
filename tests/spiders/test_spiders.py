"""Every spider on a page: saved real pages against the facts of their index, and the demo market's spiders.

A spider without a case fails here. A case says which facts of `expected` the items must show.
"""

import importlib
import inspect
import json
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from scrapy.http import HtmlResponse, Request, TextResponse

import spiders
from crawler.engine.reading import Oddity
from crawler.engine.site import Site, check_site
from crawler.items import Item, Listing, Post, Review

Facts = dict[str, Any]
Kind = TypeVar("Kind", bound=Item)


class Case(NamedTuple):
    """A saved page, how it is read, and the facts that its items show."""

    spider: str
    callback: str
    file: str
    url: str
    facts: Callable[[list[Item]], Facts]
    media_type: str = "text/html; charset=utf-8"


def of(kind: type[Kind], items: Iterable[Item]) -> list[Kind]:
    return [item for item in items if isinstance(item, kind)]


def tieba_thread(items: list[Item]) -> Facts:
    thread, *floors = of(Post, items)
    assert {floor.is_part_of for floor in floors} == {thread.identifier}
    return {
        "title": thread.headline,
        "bar": thread.publisher,
        "replies": int(thread.comment_count or 0),
        "posts": len({floor.identifier for floor in floors}),
        "op": floors[0].author,
        "first_text": floors[0].article_body,
        "first_date": floors[0].date_published,
        "first_post_id": int(floors[0].identifier.rpartition("#")[2]),
        "op_ip": floors[0].location,
    }


def tieba_bar(items: list[Item]) -> Facts:
    threads = of(Post, items)
    return {
        "bar": threads[0].publisher,
        "threads": len({thread.identifier for thread in threads}),
        "first_title": threads[0].headline,
        "first_replies": int(threads[0].comment_count or 0),
        "first_tid": threads[0].identifier,
    }


def douban_group(items: list[Item]) -> Facts:
    first, second, *_ = topics = of(Post, items)
    assert not any(str(topic.headline).endswith("...") for topic in topics)  # whole, not as cut off on screen
    return {
        "group": first.publisher,
        "topics": len({topic.identifier for topic in topics}),
        "first_title": first.headline,
        "first_author": first.author,
        "first_replies": int(first.comment_count or 0),
        "first_last_reply": first.date_last_reply,
        "first_url": first.url,
        "second_author": second.author,
        "second_replies": int(second.comment_count or 0),
    }


def vbulletin_forum(items: list[Item]) -> Facts:
    threads = of(Post, items)
    return {
        "title": threads[0].publisher,
        "threads": len({thread.identifier for thread in threads}),
        "first_title": threads[0].headline,
        "first_author": threads[0].author,
    }


def json_ld(items: list[Item]) -> Facts:
    (thing,), reviews = of(Listing, items), of(Review, items)
    assert {review.item_reviewed for review in reviews} == {thing.identifier}
    return {
        "name": thing.name,
        "rating": thing.rating_value,
        "review_count": int(thing.review_count or 0),
        "reviews": len({review.identifier for review in reviews}),
        "first_reviewer": reviews[0].author,
        "first_date": reviews[0].date_published,
        "first_rating": reviews[0].rating_value,
        "first_body": reviews[0].review_body,
    }


def jd_reviews(items: list[Item]) -> Facts:
    reviews = [review for review in of(Review, items) if "#" not in review.identifier]
    dates = sorted(str(review.date_published) for review in reviews)
    return {
        "reviews": len(reviews),
        "distinct_ids": len({review.identifier for review in reviews}),
        "first_reviewer": reviews[0].author,
        "first_date": reviews[0].date_published,
        "first_score": int(reviews[0].rating_value or 0),
        "first_id": int(reviews[0].identifier),
        "first_location": reviews[0].location,
        "scores": dict(Counter(review.rating_value for review in reviews)),
        "oldest": dates[0],
        "newest": dates[-1],
        "last_reviewer": reviews[-1].author,
    }


JD = "http://club.jd.com/comment/productPageComments.action?productId=0&score=0&sortType=5&page=0"
PIEROGI = "http://polishfoodies.com/polish-pierogi-ruskie-recipe/"
SHAKSHUKA = "http://www.madamecuisine.de/shakshuka-schakschuka/"
MUG_CAKE = "http://bakewithzoha.com/molten-lava-chocolate-mug-cake/"
MINDFACTORY = "http://forum.mindfactory.de/f42-bestellungen"
DOUBAN = "http://www.douban.com/group/shanghaizufang/"
BAR = "http://tieba.baidu.com/f?kw=%E7%9B%97%E5%A2%93%E7%AC%94%E8%AE%B0"
SAVED = (
    Case("tieba", "parse_thread", "tieba/thread-2.html", "http://tieba.baidu.com/p/9119688421", tieba_thread),
    Case("tieba", "parse_bar", "tieba/listing-1.html", BAR, tieba_bar),
    Case("douban_group", "parse_group", "douban/listing-1.html", DOUBAN, douban_group),
    Case(
        "mindfactory",
        "parse_forum",
        "forum-vbulletin/listing-1.html",
        MINDFACTORY,
        vbulletin_forum,
        "text/html; charset=ISO-8859-15",
    ),
    Case("polishfoodies", "parse_thing", "jsonld/reviews-1.html", PIEROGI, json_ld),
    Case("madamecuisine", "parse_thing", "jsonld/reviews-3.html", SHAKSHUKA, json_ld),
    Case("bakewithzoha", "parse_thing", "jsonld/reviews-4.html", MUG_CAKE, json_ld),
    Case("jd_reviews", "parse_reviews", "jd/reviews-1.json", JD, jd_reviews, "application/json"),
)
MARKET = ("market_shop", "market_bbs", "market_news", "market_doorway")  # cases in test_market_spiders.py


def spider_files() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(spiders.__path__)]


def spider(name: str) -> type[Site]:
    """The one spider class that a file defines."""
    module = importlib.import_module(f"spiders.{name}")
    (site,) = (
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Site) and found.__module__ == module.__name__
    )
    return site


def test_every_spider_has_a_case() -> None:
    assert sorted({*MARKET, *(case.spider for case in SAVED)}) == spider_files()


@pytest.mark.parametrize("name", spider_files())
def test_every_spider_is_named_like_its_file_and_well_formed(name: str) -> None:
    site = spider(name)
    assert site.name == name
    assert site.__name__.lower() == name.replace("_", "")
    assert site.__doc__ != site.__base__.__doc__
    assert check_site(site) == []
    assert set(site.kinds) <= {"listing", "review", "post"}
    assert site.expect


@pytest.fixture(scope="session")
def index(pages: Path) -> dict[str, Facts]:
    lines = (pages / "INDEX.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["file"]: row for row in map(json.loads, lines)}


def saved_response(case: Case, pages: Path, scheme: str = "http") -> HtmlResponse:
    return HtmlResponse(
        case.url.replace("http://", f"{scheme}://"),
        headers={"Content-Type": case.media_type},
        body=(pages / case.file).read_bytes(),
    )


def read_all(
    name: str, callback: str, response: TextResponse
) -> tuple[list[Item], list[Request], list[Oddity]]:
    outputs = list(getattr(spider(name)(), callback)(response))
    return (
        [output for output in outputs if isinstance(output, Item)],
        [output for output in outputs if isinstance(output, Request)],
        [output for output in outputs if isinstance(output, Oddity)],
    )


def read(name: str, callback: str, response: TextResponse) -> tuple[list[Item], list[Request]]:
    items, requests, _ = read_all(name, callback, response)
    return items, requests


@pytest.mark.parametrize("case", SAVED, ids=lambda case: case.file)
def test_a_saved_page_shows_the_facts_of_its_index(case: Case, pages: Path, index: dict[str, Facts]) -> None:
    expected = index[case.file]["expected"]
    items, requests, odd = read_all(case.spider, case.callback, saved_response(case, pages))
    facts = {name: value for name, value in case.facts(items).items() if name in expected}
    assert len(facts) >= 4
    assert facts == {name: expected[name] for name in facts}
    assert odd == []  # no field left unread, no block passed over
    site = spider(case.spider)
    assert all(site.owns(request.url) and site.reads(request.url) for request in requests)


@pytest.mark.parametrize("case", SAVED, ids=lambda case: case.file)
def test_a_saved_page_is_found_by_its_address_on_http_and_https(case: Case, pages: Path) -> None:
    site = spider(case.spider)
    assert site.reads(case.url) == case.callback
    assert site.reads(case.url.replace("http://", "https://")) == case.callback
    items, _ = read(case.spider, case.callback, saved_response(case, pages, "https"))
    assert len(items) > 10


@pytest.mark.parametrize("case", SAVED, ids=lambda case: case.file)
def test_items_leave_site_and_provenance_to_the_engine_and_derived_fields_to_pipelines(
    case: Case, pages: Path
) -> None:
    items, _ = read(case.spider, case.callback, saved_response(case, pages))
    derived = ("published_at", "rating_number", "author_alias", "comment_number", "price_amount")
    for item in items:
        assert (item.site, item.provenance) == ("", None)
        assert [name for name in derived if getattr(item, name, None) is not None] == []
    assert len({(item.kind, item.identifier) for item in items}) == len(items)


def jd_answer(content: str) -> TextResponse:
    return TextResponse(JD, headers={"Content-Type": "text/html;charset=GBK"}, body=content.encode("gbk"))


JD_REVIEW = {
    "id": 7,
    "referenceId": "100",
    "referenceName": "养生壶",
    "nickname": "小***明",
    "content": "好用",
    "score": 5,
    "creationTime": "2026-11-03 21:14:05",
    "referenceTime": "2026-10-28 10:00:00",
    "productColor": "白色",
    "productSize": "1L",
    "afterUserComment": {"id": 8, "content": "坏了", "created": "2026-11-09 10:00:00", "location": "江苏"},
    "replies": [{"id": 9, "content": "抱歉", "nickname": "店", "venderShopInfo": {"title": "旗舰店"}}],
}


def test_jd_live_answer_in_gbk_jsonp_with_counters_and_a_next_page() -> None:
    content = {
        "comments": [JD_REVIEW],
        "productCommentSummary": {"skuId": 100, "commentCountStr": "1万+", "averageScore": 5},
        "maxPage": 3,
    }
    response = jd_answer(f"fetchJSON_comment98({json.dumps(content, ensure_ascii=False)});")
    items, requests = read("jd_reviews", "parse_reviews", response)
    listing, review, later, reply = items
    assert isinstance(listing, Listing)
    assert (listing.identifier, listing.name, listing.review_count) == ("100", "养生壶", "1万+")
    assert isinstance(review, Review)
    assert (review.identifier, review.variant, review.image_count) == ("7", "白色 1L", 0)
    assert isinstance(later, Review)
    assert (later.identifier, later.review_body, later.rating_value) == ("7#8", "坏了", None)
    assert isinstance(reply, Post)
    assert (reply.identifier, reply.is_part_of, reply.publisher) == ("7#9", "7", "旗舰店")
    assert [request.url for request in requests] == [JD.replace("page=0", "page=1")]


def test_jd_last_page_and_empty_answer_ask_for_nothing_more() -> None:
    for content in ({"comments": [JD_REVIEW], "maxPage": 1}, {"comments": [], "maxPage": 9}):
        _, requests = read("jd_reviews", "parse_reviews", jd_answer(json.dumps(content)))
        assert requests == []


def test_jd_unknown_field_is_reported() -> None:
    answer = jd_answer(json.dumps([{**JD_REVIEW, "rebate": "5元"}]))
    _, _, (odd,) = read_all("jd_reviews", "parse_reviews", answer)
    assert "['rebate']" in odd.reason
