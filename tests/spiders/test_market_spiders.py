"""The demo market's spiders crawl the market over loopback; what they read is compared with its ground truth."""

import gzip
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest
from scrapy.http import HtmlResponse, Request

from crawler.demo.market import Market
from crawler.demo.plan import World
from crawler.demo.truth import truth
from crawler.engine.site import Site
from crawler.items import Item, Listing, Post, Review
from crawler.printed import number
from spiders.market_bbs import MarketBbs
from spiders.market_doorway import MarketDoorway
from spiders.market_news import MarketNews
from spiders.market_shop import MarketShop

FIRST_DAY = date(2026, 11, 20)
SITES: tuple[type[Site], ...] = (MarketShop, MarketBbs, MarketNews, MarketDoorway)
MOST_PAGES = 2000


class Crawl(NamedTuple):
    """What one mini crawl saw: items with the page they stood on, asked addresses, other answers than 200."""

    items: list[tuple[str, Item]]
    asked: list[str]
    refused: dict[str, int]

    def of(self, kind: type[Item]) -> dict[str, Any]:
        """The items of a kind by identifier; the last reading wins."""
        return {item.identifier: item for _, item in self.items if isinstance(item, kind)}


class Fetcher:
    """GET through the market's proxy; redirects are followed as Scrapy does."""

    def __init__(self, proxy: str) -> None:
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))

    def get(self, url: str) -> HtmlResponse:
        try:
            answer = self._opener.open(url, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            body = answer.read()
        if answer.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        headers = {"Content-Type": answer.headers.get("Content-Type", "")}
        return HtmlResponse(answer.url, status=answer.status, headers=headers, body=body)


def crawl(site: type[Site], fetcher: Fetcher) -> Crawl:
    """Breadth first from the start pages; what robots.txt forbids is not asked, walls and logins are not read."""
    spider, seen, items, refused = site(), set[str](), list[tuple[str, Item]](), dict[str, int]()
    queue = [spider.request(url, getattr(spider, str(site.reads(url)))) for url in spider.first_urls()]
    while queue and len(seen) < MOST_PAGES:
        request = queue.pop(0)
        if request.url in seen or "/cart/" in request.url:
            continue
        seen.add(request.url)
        response = fetcher.get(request.url)
        if response.status != 200 or response.css("#login, #captcha"):
            refused[request.url] = response.status
            continue
        assert request.callback is not None
        for output in request.callback(response, **request.cb_kwargs):
            if isinstance(output, Request):
                queue.append(output)
            else:
                items.append((response.url, output))
    return Crawl(items, sorted(seen), refused)


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=7, reviews=300, today=FIRST_DAY)


@pytest.fixture(scope="module")
def market(world: World) -> Iterator[Market]:
    with Market(world) as running:
        yield running


@pytest.fixture(scope="module")
def crawls(market: Market) -> dict[str, Crawl]:
    """Every site on the first day."""
    fetcher = Fetcher(market.proxy)
    return {site.name: crawl(site, fetcher) for site in SITES}


@pytest.mark.parametrize("site", SITES)
def test_a_whole_crawl_yields_what_the_spider_expects(site: type[Site], crawls: dict[str, Crawl]) -> None:
    found = crawls[site.name]
    assert len(found.asked) < MOST_PAGES
    counts = {kind: sum(item.kind == kind for _, item in found.items) for kind in site.expect}
    assert all(least <= counts[kind] <= most for kind, (least, most) in site.expect.items()), counts


def test_every_visible_review_is_read_once_with_its_text(crawls: dict[str, Crawl], world: World) -> None:
    found = crawls["market_shop"]
    reviews = {name: item for name, item in found.of(Review).items() if "#" not in name}
    visible = {
        str(stub.id): world.review(stub)
        for listing in world.listings
        for stub in world.visible(listing, FIRST_DAY)
    }
    assert set(reviews) == set(visible)
    for name, review in visible.items():
        read = reviews[name]
        assert read.review_body.split() == review.body.split()  # pages fold white space, the API keeps it
        assert (read.rating_value, read.author_identifier) == (str(review.stars), review.uid)
        assert (read.location, read.image_count) == (review.region, len(review.pictures))
    names = [item.identifier for _, item in found.items if isinstance(item, Review)]
    assert len(names) == len(set(names))


def test_follow_ups_and_replies_are_read(crawls: dict[str, Crawl], world: World) -> None:
    found = crawls["market_shop"]
    written = [world.review(stub) for number in world.listings for stub in world.visible(number, FIRST_DAY)]
    later = {f"{review.stub.id}#append" for review in written if review.append}
    replies = {f"{review.stub.id}#reply" for review in written if review.reply}
    assert {name for name in found.of(Review) if name.endswith("#append")} == later
    assert {name for name in found.of(Post) if name.endswith("#reply")} == replies
    assert later
    assert replies


def test_every_planted_item_is_read_as_the_truth_has_it(crawls: dict[str, Crawl], world: World) -> None:
    site_of = {"bbs.example": "market_bbs", "news.example": "market_news", "weixiu.example": "market_doorway"}
    kinds: dict[str, type[Item]] = {"listing": Listing, "review": Review, "post": Post}
    rows = truth(world)
    for row in rows:
        found = crawls[site_of.get(row["host"], "market_shop")].of(kinds[row["kind"]])
        name = f"{row['thread']}#{row['item']}" if "thread" in row else row["item"]
        if row["url"] is None and name not in found:
            continue  # not shown yet on the first day
        assert name in found, row
    assert len(rows) > 40


def test_listings_are_the_same_in_the_list_and_on_their_page(crawls: dict[str, Crawl]) -> None:
    found = crawls["market_shop"]
    listings = [(url, item) for url, item in found.items if isinstance(item, Listing)]
    cards = {item.identifier: item for url, item in listings if "/list-" in url}
    products = {item.identifier: item for url, item in listings if "/item/" in url}
    assert products
    for name, product in products.items():
        card = cards[name]
        assert (card.name, card.price, card.sales) == (product.name, product.price, product.sales)
        assert card.url == product.url
    assert any(card.promoted for card in cards.values())


def test_the_forum_is_read_from_gbk(crawls: dict[str, Crawl]) -> None:
    posts = crawls["market_bbs"].of(Post)
    threads = {name: post for name, post in posts.items() if "#" not in name}
    assert {thread.publisher for thread in threads.values()} == {"同城兼职", "吃喝玩乐", "网购交流"}
    for name, thread in threads.items():
        floors = [post for post in posts.values() if post.is_part_of == name]
        assert len(floors) == int(thread.comment_count) + 1
        assert all(floor.article_body and floor.author and floor.author_identifier for floor in floors)
    assert not any("\ufffd" in (post.headline or "") + (post.article_body or "") for post in posts.values())


def test_the_hosts_that_refuse_are_asked(crawls: dict[str, Crawl]) -> None:
    refused = crawls["market_shop"].refused
    assert refused["http://limit.example/list-2.html"] == 429
    assert any(url.startswith("http://member.example/") for url in refused)


def test_the_home_page_leads_to_a_forbidden_area_so_that_the_refusal_is_recorded(market: Market) -> None:
    home = Fetcher(market.proxy).get("http://yunlan.example/")
    requests = [output for output in MarketShop().parse_home(home) if isinstance(output, Request)]
    assert [request.url for request in requests if "/cart/" in request.url] == [
        "http://yunlan.example/cart/show"
    ]


def test_the_next_day_counters_have_moved_and_a_review_has_vanished(
    crawls: dict[str, Crawl], market: Market, world: World
) -> None:
    before = crawls["market_shop"]
    market.set_day(FIRST_DAY + timedelta(days=1))
    after = crawl(MarketShop, Fetcher(market.proxy))
    market.set_day(FIRST_DAY)
    assert set(before.of(Review)) - set(after.of(Review))
    assert set(after.of(Review)) - set(before.of(Review))
    assert {404, 410} <= set(after.refused.values())
    before_jump, after_jump = (
        number(found.of(Listing)[str(world.odd.jump)].sales) for found in (before, after)
    )
    assert before_jump is not None
    assert after_jump is not None
    assert after_jump[0] > 10 * before_jump[0]
