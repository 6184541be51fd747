"""When is a page finished? When everything its callback yielded is stored: then its request is acknowledged.

"The callback's generator is exhausted" would be too early: Scrapy queues the output then, and a kill loses it
(ecosystem.md §2, measured). So each yielded item is counted until Scrapy reports it scraped, dropped or failed,
and each yielded request is in the frontier before Scrapy hears of it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import Response, TextResponse

from crawler.engine.frontier import KEY, STORED, Frontier, frontier_of
from crawler.engine.reading import Oddity
from crawler.engine.record import failure_reason, stop_crawl
from crawler.engine.replay import CAPTURE
from crawler.engine.site import Site
from crawler.engine.tracing import PageTrace, callback_name
from crawler.errors import ArchiveError, EvidenceError
from crawler.items import Item
from crawler.store.session import Session, session_of

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _OpenPage:
    request: Request
    trace: PageTrace
    unsettled: int = 1  # the generator itself, and each item on its way
    reason: str | None = None
    interrupted: bool = False  # not all of its output is kept: the request keeps its lease


class Settle:
    """Spider middleware at order 10: the last to see a page's output, the nearest to the engine."""

    def __init__(self, crawler: Crawler, session: Session) -> None:
        self._crawler = crawler
        self._session = session
        self._open: dict[str, _OpenPage] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Listens for the end of each item."""
        settle = cls(crawler, session_of(crawler, crawler.settings["EVIDENCE_ARCHIVE"]))
        crawler.signals.connect(settle._scraped, signal=signals.item_scraped)
        crawler.signals.connect(settle._dropped, signal=signals.item_dropped)
        crawler.signals.connect(settle._failed, signal=signals.item_error)
        return settle

    async def process_spider_output(
        self, response: Response, result: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        """Store requests, trace items, and settle the page when all of them are done."""
        page = self._begin(response)
        try:
            ordinal = 0
            async for output in result:
                if isinstance(output, Item):
                    page.unsettled += 1
                    yield page.trace.attach(output)
                elif isinstance(output, Oddity):
                    page.trace.odd(output)
                elif isinstance(output, Request):
                    ordinal += 1
                    if self._store(output, page, ordinal):
                        yield output
        except Exception as error:
            # Anything may go wrong in a site's parser; it is noted with the page and goes on to Scrapy's log.
            page.reason = failure_reason(error)
            page.trace.failed(error)
            raise
        except BaseException:
            page.interrupted = True  # nobody takes the rest of the output: the crawl is being torn down
            raise
        finally:
            # Response and selector hold each other; cut, the page is freed now and not at the next full collection
            # (119 MB instead of 270 MB at the peak of a fast crawl, measured). Private; pinned in its test.
            if isinstance(response, TextResponse):  # others have no such attribute
                response._cached_selector = None
            await self._settled(page)

    def process_spider_exception(self, response: Response, exception: Exception) -> AsyncIterator[Any] | None:
        """Settle a page whose callback, not being a generator, raised at once; others are settled above."""
        if response.meta[CAPTURE].id in self._open:
            return None
        return self._failed_at_once(response, exception)

    async def _failed_at_once(self, response: Response, error: Exception) -> AsyncIterator[Any]:
        page = self._begin(response)
        page.reason = failure_reason(error)
        page.trace.failed(error)
        logger.error("%s could not be read", response.url, exc_info=error)
        await self._settled(page)
        nothing: tuple[Any, ...] = ()
        for output in nothing:
            yield output

    def _begin(self, response: Response) -> _OpenPage:
        request, spider = response.request, self._crawler.spider
        if request is None or not isinstance(spider, Site):
            raise EvidenceError("only spiders that derive from crawler.engine.site.Site can be recorded")
        callback = callback_name(request)
        capture = response.meta[CAPTURE]
        page = _OpenPage(request, PageTrace(capture, spider, callback, self._session.reading(capture.id)))
        if not 200 <= response.status < 300:
            page.reason = f"http-{response.status}"
        self._open[page.trace.capture.id] = page
        return page

    def _store(self, request: Request, page: _OpenPage, ordinal: int) -> bool:
        for name in (KEY, CAPTURE, "frontier_host"):
            request.meta.pop(name, None)
        try:
            new = self._frontier().store(request, page.trace.capture.id, ordinal)
        except ArchiveError as error:
            page.interrupted = True
            stop_crawl(self._crawler, error)
            return False
        if not new:
            return False
        request.meta[STORED] = True
        return True

    async def _scraped(self, response: Response) -> None:
        await self._settled(self._open[response.meta[CAPTURE].id])

    async def _dropped(self, item: Item, response: Response, exception: BaseException) -> None:
        await self._not_stored(item, response, exception)

    async def _failed(self, item: Item, response: Response, failure: Any) -> None:
        await self._not_stored(item, response, failure.value)

    async def _not_stored(self, item: Item, response: Response, error: BaseException) -> None:
        page = self._open[response.meta[CAPTURE].id]
        page.trace.failed(error, item)
        await self._settled(page)

    async def _settled(self, page: _OpenPage) -> None:
        page.unsettled -= 1
        if page.unsettled:
            return
        try:
            await asyncio.wrap_future(self._session.store(page.trace.capture.id))
        except EvidenceError as error:
            stop_crawl(self._crawler, error)  # the request keeps its lease: it is read again on resume
            return
        del self._open[page.trace.capture.id]
        if page.interrupted:
            return
        unread = any(found.lost for found in page.trace.reading.unread)
        self._frontier().finish(page.request, "failed" if unread else "done", page.reason)

    def _frontier(self) -> Frontier:
        frontier = frontier_of(self._crawler)
        if frontier is None:
            raise EvidenceError("SCHEDULER must be crawler.engine.frontier.Frontier")
        return frontier
