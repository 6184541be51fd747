"""The recorder: a downloader middleware next to the wire. Record first, parse later; fail closed.

Every answer, redirect hop, error, wall, refusal and failure becomes a capture before anything above this
middleware hears of it. If a capture cannot be made durable the crawl stops: the page never reaches a spider.
"""

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any, Self
from urllib.parse import urlsplit

from aiohttp import ClientConnectionError, ClientResponseError, ServerDisconnectedError
from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawler import clock
from crawler.engine.decoding import decoded
from crawler.engine.drafts import Outcome, draft, final_head, refusal
from crawler.engine.frontier import KEY, frontier_of
from crawler.engine.hosts import (
    ENDS_HOST,
    HOST_STOPPED,
    HostStopped,
    require_open,
    stop_hosts,
    stopped_hosts,
)
from crawler.engine.replay import CAPTURE, REPLAYED
from crawler.engine.robots import RobotsRefused
from crawler.engine.site import Site
from crawler.engine.tracing import PageTrace, callback_name
from crawler.engine.walls import wall
from crawler.engine.way import is_rendered
from crawler.engine.wire import META, Exchange
from crawler.errors import DiskFull, EvidenceError, FormatError, RecordError
from crawler.evidence import http
from crawler.evidence.manifest import Capture, new_capture_id
from crawler.store.session import Session, session_of

logger = logging.getLogger(__name__)


class PageBlocked(IgnoreRequest):
    """The answer is a wall or a refusal: recorded, and not for any spider."""


class PageUnreadable(IgnoreRequest):
    """The answer is malformed, or its content coding is broken: recorded as it came, and not for any spider."""


class Recorder:
    """See the module. Order 950: every redirect hop, the body still content-coded."""

    def __init__(self, crawler: Crawler, session: Session) -> None:
        self._crawler = crawler
        self._session = session
        self._run: str = crawler.settings["EVIDENCE_RUN"]
        self._stopped = stopped_hosts(crawler)
        self._limit = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._restore_stopped_hosts()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The session of this crawl is opened here if no other part has done so."""
        return cls(crawler, session_of(crawler, crawler.settings["EVIDENCE_ARCHIVE"]))

    def process_request(self, request: Request) -> None:
        """Refuse stopped hosts."""
        require_open(self._crawler, request)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Make the exchange durable; only then let the response pass. Raises PageBlocked, RecordError."""
        page, broken = self._decoded(response)
        if request.meta.pop(REPLAYED, False):
            capture: Capture = request.meta[CAPTURE]
        else:
            exchange = self._exchange(request, response)
            blocked = ENDS_HOST.get(page.status) or wall(page)
            otherwise = None if blocked else differently_read(exchange, response)
            state = "blocked" if blocked else "partial" if otherwise else "complete"
            capture = await self._record(request, exchange, state, blocked or otherwise or broken, page)
            request.meta[CAPTURE] = capture
            if blocked:
                self._stop_hosts(request, blocked, capture)
                self._finish(request, "failed", blocked)
                raise PageBlocked(
                    f"{request.url}: {blocked}; recorded as {capture.id}, the host is left alone"
                )
            if otherwise:
                self._finish(request, "failed", otherwise)
                raise PageUnreadable(f"{otherwise}; recorded as {capture.id}")
        if broken:
            await self._unreadable(request, capture, broken)
        return page

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """Record what could not be fetched, with what had passed by then."""
        if isinstance(exception, EvidenceError | HostStopped):
            return
        if isinstance(exception, RobotsRefused):
            outcome = self._outcome(request, "blocked", exception.reason)
            await self._commit(lambda: refusal(outcome, clock.now(), new_capture_id()))
            return
        exchange = request.meta.pop(META, None)
        if exchange is None or isinstance(exception, IgnoreRequest):
            return
        state = "partial" if final_head(exchange) is not None else "failed"
        if exchange.truncated is None:  # anything else ended by our own refusal to read on
            cut = isinstance(exception.__cause__, ClientConnectionError)
            exchange.truncated = "disconnect" if cut else "unspecified"
        request.meta[CAPTURE] = await self._record(request, exchange, state, failure_reason(exception))

    def _exchange(self, request: Request, response: Response) -> Exchange:
        """What passed for this response. Raises RecordError, and ends the crawl, if nobody kept it."""
        exchange = request.meta.pop(META, None)
        if isinstance(exchange, Exchange) and "cached" not in response.flags:
            return exchange
        error = RecordError(
            f"{request.url} was not fetched now by crawler.engine.wire.WireHandler, so it is no evidence:"
            " DOWNLOAD_HANDLERS must name it, and no cache may stand before it"
        )
        stop_crawl(self._crawler, error)
        raise error

    async def _record(
        self,
        request: Request,
        exchange: Exchange,
        state: str,
        reason: str | None,
        page: Response | None = None,
    ) -> Capture:
        outcome = self._outcome(request, state, reason)
        if page is not None and is_rendered(self._crawler, request, page):
            outcome = replace(outcome, read_with=None)  # the rendered page is what will be read
        capture_id = new_capture_id()
        return await self._commit(lambda: draft(outcome, exchange, capture_id))

    async def _commit(self, make: Any) -> Capture:
        try:
            return await commit(self._session, make)
        except EvidenceError as error:
            stop_crawl(self._crawler, error)
            raise

    def _outcome(self, request: Request, state: str, reason: str | None) -> Outcome:
        earlier = request.meta.get(CAPTURE)
        return Outcome(
            run=self._run,
            site=self._crawler.spider.name if self._crawler.spider is not None else "",
            url=request.url,
            method=request.method,
            state=state,
            reason=reason,
            request_key=request.meta.get(KEY),
            follows=earlier.id if earlier is not None else None,
            read_with=read_with(request, self._crawler.spider),
        )

    def _decoded(self, response: Response) -> tuple[Response, str | None]:
        """The page with its content coding undone, or as it came and why that cannot be done."""
        try:
            return decoded(response, self._limit), None
        except FormatError as error:
            return response, str(error)

    async def _unreadable(self, request: Request, capture: Capture, reason: str) -> None:
        spider = self._crawler.spider
        if isinstance(spider, Site) and capture.read_with is not None:
            trace = PageTrace(capture, spider, callback_name(request), self._session.reading(capture.id))
            trace.failed(FormatError(reason))
            await asyncio.wrap_future(self._session.store(capture.id))
        self._finish(request, "failed", reason)
        raise PageUnreadable(f"{reason}; recorded as {capture.id}")

    def _stop_hosts(self, request: Request, reason: str, capture: Capture) -> None:
        """Stop the host that refused; before a wall also the hosts that sent us there instead of their page."""
        sent_from = request.meta.get("redirect_urls", ()) if reason.startswith("wall-") else ()
        stop_hosts(self._crawler, self._session, [request.url, *sent_from], reason, capture)

    def _restore_stopped_hosts(self) -> None:
        """A resumed run leaves alone what it was told to leave alone before.

        The captures tell too: a crash may come between a refusal and its event.
        """
        refused = self._session.index.query(
            "select url, reason from capture where run = ? and state = 'blocked' and reason not like 'robots%'"
            " and page is null",  # what the browser refused to send on behalf of a page stops nobody
            (self._run,),
        )
        for row in refused:
            self._stopped[urlsplit(row["url"]).hostname or ""] = row["reason"]
        for row in self._session.index.query("select details from event where act = ?", (HOST_STOPPED,)):
            details = json.loads(row["details"])
            if details["run"] == self._run:
                self._stopped[details["host"]] = details["reason"]

    def _finish(self, request: Request, state: str, reason: str) -> None:
        frontier = frontier_of(self._crawler)
        if frontier is not None:
            frontier.finish(request, state, reason)


async def commit(session: Session, make: Any) -> Capture:
    """Hand a draft to the writer and wait until the capture is durable and indexed."""
    wrapped: asyncio.Future[Capture] = asyncio.wrap_future(session.record(make))
    return await wrapped


def stop_crawl(crawler: Crawler, error: EvidenceError) -> None:
    """End the crawl because evidence can no longer be kept; the reason goes to the run's end and the exit code."""
    reason = "disk-full" if isinstance(error, DiskFull) else "cannot-record"
    if crawler.stats is not None and not crawler.stats.get_value("evidence/stopped_by"):
        crawler.stats.set_value("evidence/stopped_by", f"{type(error).__name__}: {error}")
        logger.error("the crawl stops: %s", error)
        if crawler.engine is not None:
            crawler.stats.set_value(
                "evidence/stopping", asyncio.ensure_future(crawler.engine.close_spider_async(reason=reason))
            )


def differently_read(exchange: Exchange, response: Response) -> str | None:
    """Why the recorded bytes would be read otherwise than the HTTP client read them; None when they agree.

    Both readers are strict, but not in everything alike. What only one of them takes for a page is none: a spider
    would see live what nobody finds in the record, and `rebuild` would not give the same database.
    """
    received = bytes(exchange.received)
    message = received[http.split_interim(received) :]
    try:
        if final_head(exchange) is None:
            http.parse_head(message)  # says what is wrong with it
            return "the answer's status line is not one of HTTP/1.0 or HTTP/1.1"
        body = http.payload(message)
    except FormatError as error:
        return f"the answer is malformed: {error}"
    if 200 <= response.status < 300 and response.body != body:  # nobody reads other pages
        return f"the answer is ambiguous: read as {len(response.body)} bytes, as recorded it has {len(body)}"
    return None


def failure_reason(error: Exception) -> str:
    """What went wrong, on one line: Scrapy's message, under the name of the error that Scrapy translated."""
    cause = error.__cause__ or error
    text: object = error
    if isinstance(cause, ServerDisconnectedError):
        text = "the connection was closed before an answer"
    elif type(cause) is ClientResponseError:  # its status, 400, is not one that the server sent
        text = cause.message
    line = " ".join(f"{type(cause).__name__}: {text}".split())
    return line.encode("utf-8", "backslashreplace").decode()[:500]


def read_with(request: Request, spider: Spider | None) -> dict[str, Any] | None:
    """Which callback reads the page, with which arguments, as manifests have it; None if none does."""
    if request.callback is NO_CALLBACK or spider is None:
        return None
    return {"callback": callback_name(request), "arguments": request.cb_kwargs}
