"""The frontier: a request is leased, acknowledged once, and never lost or asked for twice."""

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.utils.test import get_crawler

from crawler.engine import frontier as module
from crawler.engine.frontier import KEY, STORED, Frontier, FrontierQueue, decode_request, encode_request
from crawler.engine.site import Output, Page, Site
from crawler.errors import UsageError


class Board(Site):
    """A small forum."""

    name = "board"
    domains = ("a.test", "b.test")
    pages = (Page("post", ".", "parse_page"),)

    def parse_page(self, _response: object, **_arguments: Any) -> Output:
        yield from ()

    def gone(self, _failure: object) -> None:
        """An errback."""


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[FrontierQueue]:
    made = FrontierQueue(tmp_path / "frontier.db", "run-1")
    yield made
    made.close()


@pytest.fixture
def spider() -> Board:
    return make_spider()


def make_spider() -> Board:
    crawler = get_crawler(Board, {"RETRY_TIMES": 2, "CONCURRENT_REQUESTS_PER_DOMAIN": 1})
    crawler.spider = Board.from_crawler(crawler, url="http://a.test/")
    return crawler.spider


@pytest.fixture
def frontier(spider: Board, queue: FrontierQueue) -> Frontier:
    made = Frontier(spider.crawler, queue, resumed=False)
    made.open(spider)
    return made


def fill(queue: FrontierQueue, *rows: tuple[str, str, int]) -> None:
    for key, host, priority in rows:
        assert queue.add(key, host, priority, "{}")


def claimed(queue: FrontierQueue, *busy: str) -> list[str]:
    keys = []
    while (row := queue.claim(list(busy))) is not None:
        keys.append(row[0])
    return keys


def asked(frontier: Frontier, *urls: str, **fields: Any) -> None:
    for url in urls:
        assert frontier.enqueue_request(Request(url, **fields))


# The queue


def test_first_in_first_out_within_a_priority(queue: FrontierQueue) -> None:
    fill(queue, ("1", "a", 0), ("2", "a", 0), ("3", "a", -5), ("4", "a", 7), ("5", "a", 0))
    assert claimed(queue) == ["3", "1", "2", "5", "4"]


def test_a_request_is_taken_once(queue: FrontierQueue) -> None:
    assert queue.add("1", "a", 0, "{}")
    assert not queue.add("1", "a", 0, "{}")
    assert claimed(queue) == ["1"]
    assert not queue.add("1", "a", 0, "{}")  # neither while it is leased
    queue.finish("1", "done")
    assert not queue.add("1", "a", 0, "{}")  # nor afterwards
    assert queue.counts() == {"done": 1}


def test_busy_hosts_are_passed_over(queue: FrontierQueue) -> None:
    fill(queue, ("1", "a", -9), ("2", "b", 0), ("3", "a", 0))
    assert claimed(queue, "a") == ["2"]
    assert claimed(queue) == ["1", "3"]


def test_a_lease_that_has_run_out_is_handed_out_again(
    queue: FrontierQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(queue, ("1", "a", 0))
    assert queue.claim([]) == ("1", "a", "{}", 1)
    assert queue.expire() == 0
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + module.LEASE_SECONDS + 1)
    assert queue.expire() == 1
    assert queue.claim([]) == ("1", "a", "{}", 2)  # with the number of attempts


def test_what_a_dead_process_had_leased_is_new_again(tmp_path: Path) -> None:
    before = FrontierQueue(tmp_path / "frontier.db", "run-1")
    fill(before, ("1", "a", 0), ("2", "a", 0), ("3", "a", 0))
    before.claim([])
    before.finish("1", "done")
    before.claim([])
    # No close: this is what a kill leaves.
    after = FrontierQueue(tmp_path / "frontier.db", "run-1")
    assert after.release_all() == 1
    assert claimed(after) == ["2", "3"]
    before.close()
    after.close()


def test_runs_do_not_mix(queue: FrontierQueue, tmp_path: Path) -> None:
    other = FrontierQueue(tmp_path / "frontier.db", "run-2")
    fill(queue, ("1", "a", 0))
    fill(other, ("1", "a", 0), ("2", "a", 0))
    assert claimed(queue) == ["1"]
    queue.finish("1", "failed", "why")
    assert (queue.waiting(), other.waiting()) == (False, True)
    assert other.counts() == {"new": 2}
    assert queue.release_all() == 0
    assert (queue.reasons(), other.reasons()) == ({"why": 1}, {})
    other.close()


def test_counts_and_reasons(queue: FrontierQueue) -> None:
    fill(queue, *((str(number), "a", 0) for number in range(5)))
    for _ in range(4):
        queue.claim([])
    queue.finish("0", "done")
    queue.finish("1", "skipped", "robots")
    queue.finish("2", "skipped", "robots")
    assert queue.counts() == {"done": 1, "skipped": 2, "leased": 1, "new": 1}
    assert queue.reasons() == {"robots": 2}


def test_a_claim_costs_the_same_with_many_waiting(queue: FrontierQueue) -> None:
    queue._db.executemany(
        "insert into request (run, key, host, state, priority, request) values ('run-1', ?, 'a', 'new', 0, '{}')",
        ((str(number),) for number in range(20_000)),
    )
    plan = queue._db.execute(
        "explain query plan select id from request where run = 'run-1' and state = 'new'"
        " order by priority, id limit 1"
    ).fetchall()
    assert "request_next" in plan[0][3]
    assert not any("TEMP B-TREE" in row[3] for row in plan)


# The scheduler


def test_a_request_goes_through_storage(frontier: Frontier) -> None:
    asked(frontier, "http://a.test/1", cb_kwargs={"board": "甲", "page": [1, None]}, priority=3)
    assert frontier.has_pending_requests()
    request = frontier.next_request()
    assert request is not None
    assert (request.url, request.cb_kwargs, request.priority) == (
        "http://a.test/1",
        {"board": "甲", "page": [1, None]},
        3,
    )
    assert not frontier.has_pending_requests()
    frontier.finish(request, "done")
    frontier.finish(request, "failed", "too late: it is acknowledged once")
    assert frontier.queue.counts() == {"done": 1}
    assert frontier.queue.reasons() == {}


def test_higher_priority_comes_first(frontier: Frontier) -> None:
    asked(frontier, "http://a.test/low", priority=-1)
    asked(frontier, "http://b.test/1", "http://b.test/2")
    asked(frontier, "http://a.test/high", priority=10)
    urls = [request.url for _ in range(4) if (request := frontier.next_request())]
    assert [url.rsplit("/", 1)[1] for url in urls] == ["high", "1", "2", "low"]


def test_a_host_gets_no_more_than_its_slot_can_use(frontier: Frontier) -> None:
    asked(frontier, *(f"http://a.test/{number}" for number in range(5)), "http://b.test/")
    given = [frontier.next_request() for _ in range(4)]
    assert [request.url for request in given if request] == [
        "http://a.test/0",
        "http://a.test/1",
        "http://b.test/",
    ]
    assert given[3] is None
    assert frontier.has_pending_requests()
    assert given[0] is not None
    frontier.finish(given[0], "done")
    following = frontier.next_request()
    assert following is not None
    assert following.url == "http://a.test/2"


def test_long_waiting_requests_keep_their_lease(frontier: Frontier, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Crawl-delay may be longer than a lease: what is under way must not be handed out a second time."""
    asked(frontier, "http://a.test/1")
    request = frontier.next_request()
    assert request is not None
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + module.LEASE_SECONDS + 1)
    assert frontier.next_request() is None
    assert not frontier.has_pending_requests()
    frontier.finish(request, "done")
    assert frontier.queue.counts() == {"done": 1}


def test_an_address_is_asked_for_once_in_a_run(frontier: Frontier) -> None:
    asked(frontier, "http://a.test/?b=1&a=2")
    assert not frontier.enqueue_request(Request("http://a.test/?a=2&b=1#part"))
    assert frontier.enqueue_request(Request("http://a.test/?a=2&b=1", method="POST", body=b"x"))


def test_dont_filter_means_once_for_each_place_that_asks(frontier: Frontier) -> None:
    again = Request("http://a.test/", dont_filter=True)
    assert frontier.store(again, "capture-1", 1)
    assert not frontier.store(again, "capture-1", 1)  # the same page read again after a crash
    assert frontier.store(again, "capture-1", 2)
    assert frontier.store(again, "capture-2", 1)
    assert frontier.store(again)  # a first request has no page that asks: once in a run
    assert not frontier.store(again)
    assert not frontier.store(Request("http://a.test/"))


def test_what_is_stored_already_is_not_stored_again(frontier: Frontier) -> None:
    request = Request("http://a.test/")
    assert frontier.store(request, "capture-1", 1)
    request.meta[STORED] = True
    assert frontier.enqueue_request(request)
    assert STORED not in request.meta
    assert frontier.queue.counts() == {"new": 1}


def test_redirects_and_retries_keep_their_lease(frontier: Frontier) -> None:
    asked(frontier, "http://a.test/1")
    request = frontier.next_request()
    assert request is not None
    hop = request.replace(url="http://b.test/elsewhere")
    assert frontier.enqueue_request(hop)
    assert frontier.has_pending_requests()
    assert frontier.next_request() is hop
    frontier.finish(hop, "failed", "closed")
    assert frontier.queue.counts() == {"failed": 1}
    assert frontier.queue.reasons() == {"closed": 1}


def test_a_spider_s_own_retries_come_to_an_end(frontier: Frontier, spider: Board) -> None:
    request: Request | None = Request("http://a.test/1", callback=spider.parse_page)
    retries = 0
    while (request := get_retry_request(request, spider=spider, reason="empty")) is not None and retries < 9:
        retries += 1
        assert frontier.store(request, f"capture-{retries}", 1)
        request = frontier.next_request()
        assert request is not None
        request.meta.pop(KEY)
        frontier._active.clear()
    assert retries == 2


def test_used_too_early(spider: Board, queue: FrontierQueue) -> None:
    with pytest.raises(UsageError, match="before the spider was opened"):
        Frontier(spider.crawler, queue, resumed=False).enqueue_request(Request("http://a.test/"))


def test_opening_gives_back_every_lease(frontier: Frontier, spider: Board) -> None:
    asked(frontier, "http://a.test/1")
    assert frontier.next_request() is not None
    again = Frontier(spider.crawler, frontier.queue, resumed=True)
    again.open(spider)
    request = again.next_request()
    assert request is not None
    assert request.url == "http://a.test/1"


# Requests as JSON


def test_every_field_survives(spider: Board) -> None:
    request = Request(
        "http://a.test/?q=%B5%EA",
        method="POST",
        headers={"X-A": [b"1", "\u5e97".encode("gbk")], "Cookie": "a=b"},
        body=bytes(range(256)),
        callback=spider.parse_page,
        errback=spider.gone,
        priority=-4,
        dont_filter=True,
        cb_kwargs={"board": "手工皂", "deep": {"n": [1, 2.5, True, None]}},
        meta={"depth": 3, "retry_times": 1, "capture": object(), "exchange": object()},
    )
    text = encode_request(request, spider)
    json.loads(text)
    again = decode_request(text, spider)
    for name in ("url", "method", "headers", "body", "priority", "dont_filter", "cb_kwargs"):
        assert getattr(again, name) == getattr(request, name), name
    assert again.meta == {"depth": 3, "retry_times": 1}  # what belongs to the exchange does not
    assert (again.callback, again.errback) == (spider.parse_page, spider.gone)
    plain = decode_request(encode_request(Request("http://a.test/"), spider), spider)
    assert (plain.callback, plain.errback, plain.body) == (None, None, b"")


def test_a_callback_that_cannot_be_named_is_refused(spider: Board) -> None:
    def lost(_response: object) -> None:
        pass

    for callback in (lost, lambda _response: None, make_spider().parse_page):
        with pytest.raises(UsageError, match="callbacks must be methods of the spider board"):
            encode_request(Request("http://a.test/", callback=callback), spider)


def test_arguments_that_are_not_json_are_refused(spider: Board) -> None:
    request = Request("http://a.test/", callback=spider.parse_page, cb_kwargs={"when": object()})
    with pytest.raises(UsageError, match="must be plain JSON"):
        encode_request(request, spider)


def test_nothing_is_pickled(frontier: Frontier, tmp_path: Path) -> None:
    asked(frontier, "http://a.test/", cb_kwargs={"board": "甲"})
    database = sqlite3.connect(tmp_path / "frontier.db")
    (text,) = database.execute("select request from request").fetchone()
    database.close()
    assert json.loads(text)["cb_kwargs"] == {"board": "甲"}
