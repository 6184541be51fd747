"""The demo market on the wire: every odd answer that docs/demo-market.md promises, read from raw sockets."""

import gzip
import json
import re
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from parsel import Selector

from crawler.demo.market import DetachedMarket, Market
from crawler.demo.plan import World
from crawler.demo.truth import truth

FIRST = date(2026, 11, 20)
NEXT = FIRST + timedelta(days=1)


@dataclass
class Raw:
    """One answer as it stood on the wire."""

    status: int
    lines: list[str]  # header lines in order
    body: bytes  # as sent

    def values(self, name: str) -> list[str]:
        return [line.partition(": ")[2] for line in self.lines if line.lower().startswith(name.lower() + ":")]

    def value(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)

    @property
    def content(self) -> bytes:
        body = dechunked(self.body) if self.value("Transfer-Encoding") == "chunked" else self.body
        return gzip.decompress(body) if self.value("Content-Encoding") == "gzip" else body

    @property
    def page(self) -> Selector:
        return Selector(
            self.content.decode("gbk" if "gbk" in (self.value("Content-Type") or "") else "utf-8")
        )


def dechunked(body: bytes) -> bytes:
    out = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            assert body == b"\r\n"
            return out
        out += body[:length]
        assert body[length : length + 2] == b"\r\n"
        body = body[length + 2 :]


def fetch(port: int, url: str, *extra: str, absolute: bool = True, method: str = "GET") -> Raw:
    host, _, path = url.removeprefix("http://").partition("/")
    target = url if absolute else f"/{path}"
    request = "\r\n".join(
        [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *extra, "", ""]
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return Raw(int(status.split()[1]), lines, body)


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=7, reviews=400, today=FIRST)


@pytest.fixture(scope="module")
def running(world: World) -> Iterator[Market]:
    with Market(world, load_pages=250) as market:
        yield market


@pytest.fixture
def market(running: Market) -> Iterator[Market]:
    yield running
    running.set_day(FIRST)


def test_proxy_and_virtual_host_answer_alike(market: Market) -> None:
    url = "http://yunlan.example/item/610001.html"
    assert fetch(market.port, url).content == fetch(market.port, url, absolute=False).content


def test_same_seed_same_bytes(market: Market) -> None:
    urls = ["http://qiaowei.example/item/620002/reviews-1.html", "http://bbs.example/forum-2-1.html"]
    with Market(World(seed=7, reviews=400, today=FIRST)) as other:
        for url in urls:
            assert fetch(market.port, url).body == fetch(other.port, url).body


def test_gzip_only_for_those_who_take_it(market: Market) -> None:
    url = "http://yunlan.example/list-1.html"
    packed, plain = fetch(market.port, url, "Accept-Encoding: gzip"), fetch(market.port, url)
    assert packed.value("Content-Encoding") == "gzip"
    assert packed.body.startswith(b"\x1f\x8b")
    assert int(packed.value("Content-Length") or 0) == len(packed.body)
    assert plain.value("Content-Encoding") is None
    assert packed.content == plain.body


def test_chunked_and_chunked_gzip(market: Market) -> None:
    chunked = fetch(market.port, "http://qiaowei.example/item/620001.html")
    assert chunked.value("Transfer-Encoding") == "chunked"
    assert chunked.value("Content-Length") is None
    assert chunked.body.startswith(b"1\r\n<\r\n12c\r\n")
    both = fetch(
        market.port, "http://api.manfu.example/v2/reviews?item=630001&page=1", "Accept-Encoding: gzip"
    )
    assert (both.value("Transfer-Encoding"), both.value("Content-Encoding")) == ("chunked", "gzip")
    assert json.loads(both.content)["data"]["item"] == 630001


def test_two_set_cookie_lines_on_home(market: Market) -> None:
    cookies = fetch(market.port, "http://yunlan.example/").values("Set-Cookie")
    assert len(cookies) == 2
    assert cookies[0].startswith("sid=")


def test_redirect_chain(market: Market) -> None:
    first = fetch(market.port, "http://yunlan.example/go/610001")
    assert (first.status, first.value("Location")) == (301, "http://yunlan.example/product.php?id=610001")
    second = fetch(market.port, "http://yunlan.example/product.php?id=610001")
    assert (second.status, second.value("Location")) == (302, "/item/610001.html")
    www = fetch(market.port, "http://www.yunlan.example/list-1.html")
    assert (www.status, www.value("Location")) == (301, "http://yunlan.example/list-1.html")


def test_conditional_requests(market: Market) -> None:
    for url in ("http://news.example/a/4021.html", "http://yunlan.example/item/610001.html"):
        page = fetch(market.port, url)
        same = fetch(market.port, url, f"If-None-Match: {page.value('ETag')}")
        assert (same.status, same.body, same.value("Content-Length")) == (304, b"", None)
        assert fetch(market.port, url, f"If-Modified-Since: {page.value('Last-Modified')}").status == 304
        assert fetch(market.port, url, 'If-None-Match: "other"').status == 200
    tag = fetch(market.port, "http://yunlan.example/item/610001/reviews-1.html").value("ETag")
    market.set_day(NEXT)
    assert (
        fetch(market.port, "http://yunlan.example/item/610001/reviews-1.html", f"If-None-Match: {tag}").status
        == 200
    )


def test_robots_forbid_what_pages_link(market: Market) -> None:
    robots = fetch(market.port, "http://yunlan.example/robots.txt").content.decode()
    assert "Disallow: /cart/" in robots
    assert "Crawl-delay: 0.2" in robots
    links = fetch(market.port, "http://yunlan.example/item/610001.html").page.css("a::attr(href)").getall()
    assert any(link.startswith("/cart/") for link in links)
    assert "Crawl-delay" not in fetch(market.port, "http://load.example/robots.txt").content.decode()
    forum = fetch(market.port, "http://bbs.example/forum-2-1.html").page.css("a::attr(href)").getall()
    assert any(link.startswith("forum.php") for link in forum)


def test_limit_login_and_refusal_each_on_a_host_of_its_own(market: Market) -> None:
    assert fetch(market.port, "http://limit.example/list-1.html").status == 200
    limited = fetch(market.port, "http://limit.example/list-2.html")
    assert (limited.status, limited.value("Retry-After")) == (429, "120")
    asked = fetch(market.port, "http://member.example/item/660001.html")
    assert (asked.status, asked.value("Location")) == (302, "/login?back=%2Fitem%2F660001.html")
    assert fetch(market.port, "http://member.example/login?back=%2F").page.css("form#login")
    assert fetch(market.port, "http://member.example/vip/1.html").status == 403


def test_second_day_brings_404_410_and_walls(market: Market, world: World) -> None:
    odd = world.odd
    urls = {
        f"http://yunlan.example/item/{odd.gone_404}.html": 404,
        f"http://yunlan.example/item/{odd.gone_404}/reviews-1.html": 404,
        f"http://qiaowei.example/item/{odd.gone_410}.html": 410,
        f"http://trial.example/item/{odd.wall_page}.html": 200,
        f"http://trial.example/item/{odd.wall_redirect}.html": 302,
    }
    assert {fetch(market.port, url).status for url in urls} == {200}
    market.set_day(NEXT)
    assert {url: fetch(market.port, url).status for url in urls} == urls
    wall = fetch(market.port, f"http://trial.example/item/{odd.wall_page}.html")
    assert wall.page.css("#captcha")
    assert "请完成安全验证" in wall.content.decode()
    assert (
        fetch(market.port, "http://trial.example/verify?back=%2F").page.css("title::text").get() == "安全验证"
    )
    cards = (
        fetch(market.port, "http://yunlan.example/list-1.html")
        .page.css(".goods-card::attr(data-id)")
        .getall()
    )
    assert str(odd.gone_404) in cards


def test_recruiting_thread_is_taken_down_on_the_second_day(market: Market, world: World) -> None:
    url = next(row["url"] for row in truth(world) if row["until_day"] and row["host"] == "bbs.example")
    assert fetch(market.port, url).status == 200
    market.set_day(NEXT)
    gone = fetch(market.port, url)
    assert gone.status == 404
    assert "指定的主题不存在" in gone.content.decode("gbk")


def test_list_pages_lead_to_every_listing(market: Market, world: World) -> None:
    found: list[str] = []
    for host in ("yunlan.example", "qiaowei.example", "manfu.example", "trial.example"):
        path: str | None = "/list-1.html"
        while path:
            page = fetch(market.port, f"http://{host}{path}").page
            found += page.css("ul.goods-list > li.goods-card::attr(data-id)").getall()
            assert page.css(".goods-card .price::text").re(r"\d")
            assert page.css(".goods-card .sales::text").re(r"月销\d")
            path = page.css(".pager a.next::attr(href)").get()
    assert sorted(map(int, found)) == sorted(world.listings)
    assert fetch(market.port, "http://yunlan.example/list-99.html").status == 404


def test_markup_a_and_b_show_every_review_once(market: Market, world: World) -> None:
    for host, listing, css, prefix in (
        ("yunlan.example", 610001, "ol.review-list > li.review::attr(id)", "r-"),
        ("qiaowei.example", 620001, "section.comments > article.comment::attr(data-comment-id)", ""),
    ):
        path: str | None = f"/item/{listing}/reviews-1.html"
        ids: list[str] = []
        while path:
            page = fetch(market.port, f"http://{host}{path}").page
            ids += [value.removeprefix(prefix) for value in page.css(css).getall()]
            path = page.css(".pager a.next::attr(href)").get()
        assert ids == [str(stub.id) for stub in world.visible(listing, FIRST)]


def test_markup_a_fields(market: Market) -> None:
    page = fetch(market.port, "http://yunlan.example/item/610001/reviews-1.html").page
    first = page.css("li.review")[0]
    assert re.fullmatch(r"u\d+", first.attrib["data-uid"])
    assert re.fullmatch(r".\*\*\*.", first.css(".nick::text").get(""))
    assert re.search(r"star-[1-5]\b", first.css(".rating").attrib["class"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", first.css("time.when::text").get(""))
    assert page.css(".review-head b::text").re(r"^\d+")
    assert page.css(".seller-reply p::text").getall()
    assert page.css(".shots img::attr(src)").re(r"^/shot/\d+\.svg$")


def test_markup_b_has_relative_times_and_json_ld(market: Market) -> None:
    page = fetch(market.port, "http://qiaowei.example/item/620002/reviews-1.html").page
    times = page.css("article.comment .time::text").getall()
    assert any(re.fullmatch(r"昨天 \d\d:\d\d|[1-7]天前", time) for time in times)
    product = fetch(market.port, "http://qiaowei.example/item/620002.html").page
    ld = json.loads(product.css('script[type="application/ld+json"]::text').get(""))
    assert (ld["@type"], ld["sku"], len(ld["review"])) == ("Product", "620002", 5)
    assert product.css("h1.product-title::text").get() == ld["name"]


def test_json_api_pages_until_empty(market: Market, world: World) -> None:
    ids: list[int] = []
    number = 1
    while True:
        url = f"http://api.manfu.example/v2/reviews?item=630002&page={number}"
        answer = json.loads(fetch(market.port, url).content)["data"]
        if not answer["list"]:
            break
        ids += [row["id"] for row in answer["list"]]
        number += 1
    assert ids == [stub.id for stub in world.visible(630002, FIRST)]
    assert number - 1 == answer["pages"]
    assert fetch(market.port, "http://api.manfu.example/v2/reviews?item=1&page=1").status == 404


def test_forum_is_discuz_in_gbk(market: Market) -> None:
    raw = fetch(market.port, "http://bbs.example/forum-2-1.html")
    assert raw.value("Content-Type") == "text/html; charset=gbk"
    assert "Discuz! X3.4" in raw.content.decode("gbk")
    with pytest.raises(UnicodeDecodeError):
        raw.content.decode("utf-8")
    rows = raw.page.css('tbody[id^="normalthread_"], tbody[id^="stickthread_"]')
    assert len(rows) == 20
    assert all(row.css("a.xst::text").get() and row.css("td.num a::text").re(r"^\d+$") for row in rows)
    assert any(row.css("td.by em span::attr(title)").get() for row in rows)
    link = next(href for href in rows.css("a.xst::attr(href)").getall())
    thread = fetch(market.port, f"http://bbs.example/{link}").page
    assert thread.css("#thread_subject::text").get()
    floors = thread.css('#postlist > div[id^="post_"]')
    assert floors[0].css('a[id^="postnum"] em::text').get() == "1"
    assert floors[0].css('td[id^="postmessage_"]::text').get("").strip()
    assert floors[0].css('em[id^="authorposton"]').re("发表于")


def test_every_truth_row_stands_on_the_page_it_names(market: Market, world: World) -> None:
    for row in truth(world):
        raw = fetch(market.port, row["url"])
        assert raw.status == 200, row["url"]
        page = raw.content.decode("gbk" if row["host"] == "bbs.example" else "utf-8")
        if row["kind"] != "post" or row["host"] == "bbs.example":
            assert row["item"] in page, row
        if row["kind"] == "review" and row["host"] != "manfu.example":
            shown = " ".join(Selector(page).css("p.body::text, div.text::text").getall())
            assert row["text"] in shown


def test_the_market_never_serves_the_truth(market: Market) -> None:
    for path in ("/truth", "/truth.jsonl", "/ground-truth", "/__"):
        assert fetch(market.port, f"http://yunlan.example{path}").status == 404
    assert b"S01" not in fetch(market.port, "http://yunlan.example/item/610001/reviews-1.html").body


def test_unknown_hosts_connect_and_other_methods_are_refused(market: Market) -> None:
    assert fetch(market.port, "http://nowhere.example/").status == 502
    assert fetch(market.port, "http://yunlan.example/nothing").status == 404
    assert fetch(market.port, "http://yunlan.example/", method="POST").status == 405
    assert fetch(market.port, "http://yunlan.example/", method="CONNECT").status == 501
    head = fetch(market.port, "http://yunlan.example/", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.value("Content-Length") or 0) > 1000


def test_requests_on_one_connection_are_answered_in_order(market: Market) -> None:
    one = b"GET /robots.txt HTTP/1.1\r\nHost: yunlan.example\r\n\r\n"
    last = b"GET /license.html HTTP/1.1\r\nHost: yunlan.example\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", market.port), timeout=10) as connection:
        connection.sendall(one + one[:20])
        connection.sendall(one[20:] + last)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.index(b"Disallow") < answer.index("营业执照".encode())


def test_load_pages_have_the_promised_size_and_are_distinct(market: Market) -> None:
    links = fetch(market.port, "http://load.example/list-0.html").page
    assert len(links.css("a.goods-link")) == 100
    assert links.css("a.next::attr(href)").get() == "/list-1.html"
    packed = [
        fetch(market.port, f"http://load.example/page/{i}.html", "Accept-Encoding: gzip") for i in range(70)
    ]
    plain = [raw.content for raw in packed]
    assert len(set(plain)) == 70
    assert 30_000 < sum(map(len, plain)) / 70 < 42_000
    assert 6_500 < sum(len(raw.body) for raw in packed) / 70 < 9_500
    assert fetch(market.port, "http://load.example/page/7.html").body == plain[7]
    assert fetch(market.port, "http://load.example/page/250.html").status == 404


def test_counts_and_access_log_name_every_request(world: World, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    with Market(world, access_log=log) as market:
        fetch(market.port, "http://yunlan.example/robots.txt")
        fetch(market.port, "http://yunlan.example/robots.txt")
        fetch(market.port, "http://limit.example/list-2.html")
        assert market.counts() == {
            "http://yunlan.example/robots.txt": 2,
            "http://limit.example/list-2.html": 1,
        }
        lines = log.read_text("utf-8").splitlines()  # flushed while running
    assert [line.split(" ", 1)[1] for line in lines] == [
        "GET http://yunlan.example/robots.txt 200",
        "GET http://yunlan.example/robots.txt 200",
        "GET http://limit.example/list-2.html 429",
    ]


def test_own_process_serves_the_same_bytes_and_obeys(market: Market) -> None:
    url = "http://yunlan.example/item/610001.html"
    with DetachedMarket(seed=7, reviews=400, first_day=FIRST, robots_delay=None) as other:
        assert fetch(other.port, url).body == fetch(market.port, url).body
        assert "Crawl-delay" not in fetch(other.port, "http://yunlan.example/robots.txt").content.decode()
        other.set_day(NEXT)
        assert fetch(other.port, "http://yunlan.example/item/610004.html").status == 404
        assert other.counts()[url] == 1
        process = other._process
    assert process is not None
    assert process.returncode == 0


def test_own_process_ends_on_sigterm() -> None:
    market = DetachedMarket(seed=7, reviews=200).start()
    process = market._process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    market.stop()
