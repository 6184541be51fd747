"""robots.txt is obeyed, whatever anybody sets; what it forbids, and that it could not be had, is written down."""

import random
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.test import get_crawler

from crawler.engine.robots import RobotsGate
from crawler.errors import ConfigError, RecordError
from crawler.store.session import Session
from tests.engine.odd_server import Close, OddServer, Pause, odd_server, reply
from tests.engine.recorded import Crawled, Pages, crawl_pages, make_archive

TEXT = (b"Content-Type: text/plain",)
PAGE = reply(b"<title>page</title>")
RULES = b"User-agent: *\nDisallow: /private\n\nUser-agent: web-evidence\nDisallow: /ours\nCrawl-delay: 0.4\n"


def rules(text: bytes) -> bytes:
    return reply(text, headers=TEXT)


@pytest.fixture
def server() -> Iterator[OddServer]:
    with odd_server() as running:
        for path in ("/ours", "/private", "/a", "/b", "/c"):
            running.answer(path, PAGE)
        yield running


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_archive(tmp_path / "archive")


def crawl(server: OddServer, archive: Path, *paths: str, **options: Any) -> Crawled:
    return crawl_pages(archive, [server.url(path) for path in paths], **options)


def test_a_forbidden_page_is_refused_and_the_refusal_recorded(server: OddServer, archive: Path) -> None:
    server.robots(rules(RULES.replace(b"0.4", b"0")))
    crawled = crawl(server, archive, "/ours", "/private")
    assert server.requests("/ours") == []
    refused = crawled.only(server.url("/ours"))
    assert (refused.state, refused.reason, refused.status) == ("blocked", "robots", None)
    assert crawled.kinds(refused) == ["metadata"]
    assert '"reason": "robots"' in crawled.record(refused, "metadata").block.decode()
    assert crawled.requests[server.url("/ours")] == ("skipped", "robots")
    # Our own group counts, not the one for all.
    assert [page.url for page in crawled.seen] == [server.url("/private")]


def test_robots_txt_itself_is_a_capture(server: OddServer, archive: Path) -> None:
    server.robots(rules(RULES))
    crawled = crawl(server, archive, "/a")
    capture = crawled.only(server.url("/robots.txt"))
    (heard,) = server.requests("/robots.txt")
    assert (capture.state, capture.status, capture.read_with) == ("complete", 200, None)
    assert crawled.record(capture, "response").block == heard.sent
    assert crawled.record(capture, "request").block == heard.received
    assert crawled.captures[0] == capture  # before any page
    assert server.url("/robots.txt") not in crawled.requests


@pytest.mark.parametrize("status", [b"404 Not Found", b"410 Gone"])
def test_no_robots_txt_forbids_nothing(server: OddServer, archive: Path, status: bytes) -> None:
    server.robots(reply(b"User-agent: *\nDisallow: /\n", status, TEXT))
    assert len(crawl(server, archive, "/a").seen) == 1


@pytest.mark.parametrize(
    "steps",
    [
        (reply(b"", b"500 Oops"),),
        (reply(b"", b"503 Busy"),),
        (Pause(9),),
        (Close,),
        (b"no HTTP\r\n\r\n", Close),
    ],
    ids=["500", "503", "timeout", "closed", "garbage"],
)
def test_a_robots_txt_that_cannot_be_had_forbids_everything(
    server: OddServer, archive: Path, steps: Any
) -> None:
    server.robots(*steps)
    crawled = crawl(server, archive, "/a", "/b", DOWNLOAD_TIMEOUT=0.2)
    assert [heard.path for heard in server.heard] == ["/robots.txt", "/robots.txt"]  # with one retry
    assert len(crawled.of(server.url("/robots.txt"))) == 2
    for path in ("/a", "/b"):
        refused = crawled.only(server.url(path))
        assert (refused.state, refused.reason) == ("blocked", "robots-unreachable")
    assert set(crawled.requests.values()) == {("skipped", "robots-unreachable")}


def test_a_refused_robots_txt_ends_the_host(server: OddServer, archive: Path) -> None:
    server.robots(reply(b"", b"403 Forbidden"))
    crawled = crawl(server, archive, "/a")
    assert server.requests("/a") == []
    assert [event["reason"] for event in crawled.acts("host-stopped")] == ["http-403"]
    assert crawled.requests[server.url("/a")] == ("skipped", "robots-unreachable")


def test_a_moved_robots_txt_is_followed(server: OddServer, archive: Path) -> None:
    """It asks for no robots.txt in turn: that would wait for itself."""
    server.robots(reply(b"", b"301 Moved", (b"Location: /static/r.txt",)))
    server.answer("/static/r.txt", rules(b"User-agent: *\nDisallow: /static\nDisallow: /a\n"))
    crawled = crawl(server, archive, "/a", "/b", "/static/r.txt")
    hop, moved = crawled.only(server.url("/robots.txt")), crawled.of(server.url("/static/r.txt"))
    assert (hop.status, moved[0].status, moved[0].follows) == (301, 200, hop.id)
    # The rules themselves are read there; as a page it is as forbidden as they say.
    assert [capture.state for capture in moved] == ["complete", "blocked"]
    assert [page.url for page in crawled.seen] == [server.url("/b")]


def test_a_page_that_happens_to_be_robots_txt_leads_nowhere_forbidden(
    server: OddServer, archive: Path
) -> None:
    server.scripts["/robots.txt"] = [
        (rules(RULES.replace(b"0.4", b"0")),),
        (reply(b"", b"302 Found", (b"Location: /ours",)),),
    ]
    crawl(server, archive, "/a", "/robots.txt")
    assert len(server.requests("/robots.txt")) == 2
    assert server.requests("/ours") == []


def test_crawl_delay_is_kept(server: OddServer, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the worst throw of the dice too: jitter makes our own delay shorter, never the host's."""
    monkeypatch.setattr(random, "uniform", lambda low, _high: low)
    server.robots(rules(RULES))
    crawled = crawl(server, archive, "/a", "/b", "/c")
    times = [heard.at for heard in server.heard]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(crawled.seen) == len(gaps) == 3
    assert min(gaps) >= 0.3  # a busy machine hears late; half of it would be 0.2
    assert max(gaps) < 1


def test_crawl_delay_never_shortens_ours(server: OddServer, archive: Path) -> None:
    server.robots(rules(b"User-agent: *\nCrawl-delay: 0.01\n"))
    crawl(server, archive, "/a", "/b", DOWNLOAD_DELAY=0.3, DOWNLOAD_DELAY_JITTER=0)
    times = [heard.at for heard in server.heard]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.2


class Forgetful(Pages):
    """Forgets the host's slot after its first page, as Scrapy does when a host was idle for a minute."""

    def parse_page(self, response: Any) -> Any:
        yield from super().parse_page(response)
        assert self.crawler.engine is not None
        self.crawler.engine.downloader.slots.clear()
        yield self.follow(response, "/b", self.parse_last)
        yield self.follow(response, "/c", self.parse_last)

    def parse_last(self, response: Any) -> Any:
        yield from super().parse_page(response)


def test_crawl_delay_outlives_an_idle_host(server: OddServer, archive: Path) -> None:
    server.robots(rules(RULES))
    crawled = crawl(server, archive, "/a", site=Forgetful)
    times = {heard.path: heard.at for heard in server.heard}
    assert len(crawled.seen) == 3
    assert abs(times["/c"] - times["/b"]) >= 0.3


class Disobedient(Pages):
    """A spider that asks for an exception."""

    custom_settings = {"ROBOTSTXT_USER_AGENT": "web-evidence"}

    async def start(self) -> AsyncIterator[Request]:
        for url in self.first_urls():
            yield Request(url, self.parse_page, meta={"dont_obey_robotstxt": True}, dont_filter=True)


def test_a_spider_cannot_ask_for_an_exception(server: OddServer, archive: Path) -> None:
    server.robots(rules(RULES))
    crawled = crawl(server, archive, "/ours", site=Disobedient)
    assert (crawled.seen, server.requests("/ours")) == ([], [])
    assert crawled.only(server.url("/ours")).reason == "robots"


class Sidestepping(Pages):
    """A spider that goes to the downloader directly."""

    answers: list[Any] = []

    async def start(self) -> AsyncIterator[Request]:
        assert self.crawler.engine is not None
        for url in self.first_urls():
            request = Request(url, meta={"dont_obey_robotstxt": True})
            try:
                self.answers.append(await self.crawler.engine.download_async(request))
            except IgnoreRequest as error:
                self.answers.append(error)
        return
        yield


def test_nor_past_the_frontier(server: OddServer, archive: Path) -> None:
    server.robots(rules(RULES))
    Sidestepping.answers.clear()
    crawled = crawl(server, archive, "/ours", site=Sidestepping)
    assert server.requests("/ours") == []
    assert crawled.only(server.url("/ours")).reason == "robots"
    assert [type(answer).__name__ for answer in Sidestepping.answers] == ["RobotsRefused"]


def test_there_is_no_switch(server: OddServer, archive: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be switched off"):
        crawl(server, archive, "/a", ROBOTSTXT_OBEY=False)
    assert server.heard == []
    with pytest.raises(ConfigError, match="ROBOTSTXT_OBEY"):
        RobotsGate(get_crawler(settings_dict={"ROBOTSTXT_OBEY": False}))


def test_a_robots_txt_that_we_could_not_record_is_no_refusal(
    server: OddServer, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is our fault: the page stays in the frontier and is fetched when the run is resumed."""
    record, calls = Session.record, []

    def failing_once(self: Session, draft: Any) -> Any:
        calls.append(draft)
        if len(calls) == 1:
            raise RecordError("the disk hiccups")
        return record(self, draft)

    monkeypatch.setattr(Session, "record", failing_once)
    crawled = crawl(server, archive, "/a")
    assert crawled.report.reason == "cannot-record"
    assert crawled.captures == []
    assert crawled.requests == {server.url("/a"): ("leased", None)}
    resumed = crawl(server, archive, "/a", resume=crawled.report.run)
    assert [page.url for page in resumed.seen] == [server.url("/a")]
