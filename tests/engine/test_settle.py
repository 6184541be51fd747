"""When a page's request is acknowledged: only when all that its callback yielded is stored."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse

from crawler.engine.replay import CAPTURE
from crawler.engine.settle import Settle
from crawler.engine.single import SinglePage
from crawler.errors import DiskFull, ExtractionError
from crawler.items import Review
from crawler.store.session import Session
from tests.archives import drafted, make, page


class Queue:
    """A frontier that notes what it is told."""

    def __init__(self) -> None:
        self.finished: list[tuple[str, str | None]] = []
        self.stored: list[str] = []
        self.full = False

    def store(self, request: Request, _parent: str, _ordinal: int) -> bool:
        if self.full:
            raise DiskFull("the disk is full")
        self.stored.append(request.url)
        return True

    def finish(self, _request: Request, state: str, reason: str | None = None) -> None:
        self.finished.append((state, reason))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A session with an empty archive."""
    with Session.open(make(tmp_path / "a")) as session:
        yield session


@pytest.fixture
def queue() -> Queue:
    """The frontier."""
    return Queue()


@pytest.fixture
def settle(session: Session, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Settle:
    """The middleware over a crawl that does not run."""
    monkeypatch.setattr(Settle, "_frontier", lambda _self: queue)
    crawler: Any = SimpleNamespace(spider=SinglePage(), stats=None, engine=None)
    return Settle(crawler, session)


@pytest.fixture
def response(session: Session) -> HtmlResponse:
    """A recorded page."""
    request = Request("http://shop.invalid/1", callback=SinglePage().parse_page)
    request.meta[CAPTURE] = session.record(drafted(page())).result()
    return HtmlResponse(request.url, request=request, body=b"<p>x</p>")


async def outputs(*values: Any) -> AsyncIterator[Any]:
    for value in values:
        if isinstance(value, Exception):
            raise value
        yield value


def a_review(number: int) -> Review:
    return Review(identifier=str(number), review_body="好")


def test_a_page_is_done_when_its_last_item_is_stored(
    settle: Settle, queue: Queue, response: HtmlResponse
) -> None:
    async def run() -> None:
        taken = [o async for o in settle.process_spider_output(response, outputs(a_review(1), a_review(2)))]
        assert [item.provenance.ordinal for item in taken] == [0, 1]
        assert queue.finished == [], "both items are still on their way"
        await settle._scraped(response)
        assert queue.finished == []
        await settle._dropped(taken[1], response, ExtractionError("no"))

    asyncio.run(run())
    assert queue.finished == [("failed", None)]  # one was not understood


def test_an_empty_page_is_done_at_once(settle: Settle, queue: Queue, response: HtmlResponse) -> None:
    async def run() -> None:
        assert [o async for o in settle.process_spider_output(response, outputs())] == []

    asyncio.run(run())
    assert queue.finished == [("done", None)]


def test_a_callback_that_raises_is_noted(settle: Settle, queue: Queue, response: HtmlResponse) -> None:
    async def run() -> None:
        async for _ in settle.process_spider_output(response, outputs(a_review(1), ExtractionError("odd"))):
            await settle._scraped(response)

    with pytest.raises(ExtractionError):
        asyncio.run(run())
    assert queue.finished == [("failed", "ExtractionError: odd")]


def test_a_page_whose_output_nobody_takes_keeps_its_lease(
    settle: Settle, queue: Queue, response: HtmlResponse
) -> None:
    async def run() -> None:
        stream = settle.process_spider_output(response, outputs(a_review(1), a_review(2)))
        await anext(stream)
        await stream.aclose()  # as when the event loop ends
        await settle._scraped(response)

    asyncio.run(run())
    assert queue.finished == []


def test_a_page_whose_links_cannot_be_kept_keeps_its_lease(
    settle: Settle, queue: Queue, response: HtmlResponse
) -> None:
    queue.full = True

    async def run() -> None:
        links = outputs(Request("http://shop.invalid/2"), a_review(1))
        assert len([o async for o in settle.process_spider_output(response, links)]) == 1
        await settle._scraped(response)

    asyncio.run(run())
    assert queue.finished == []


def test_a_callback_that_raises_at_once_is_noted(
    settle: Settle, queue: Queue, response: HtmlResponse, session: Session
) -> None:
    async def run() -> None:
        answer = settle.process_spider_exception(response, ExtractionError("no generator"))
        assert answer is not None
        assert [o async for o in answer] == []

    asyncio.run(run())
    assert queue.finished == [("failed", "ExtractionError: no generator")]
    (row,) = session.index.query("select reason from unread")
    assert row["reason"] == "ExtractionError: no generator"


def test_a_settled_page_lets_go_of_its_selector(settle: Settle, response: HtmlResponse) -> None:
    """Pins a private name of Scrapy: where it is gone, pages stay in memory until the next full collection."""
    assert response.selector is response._cached_selector

    async def run() -> None:
        async for _ in settle.process_spider_output(response, outputs()):
            raise AssertionError

    asyncio.run(run())
    assert response._cached_selector is None
