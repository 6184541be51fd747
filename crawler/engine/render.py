"""The second look: a page that was fetched by plain HTTP is opened in the browser as well (`--render`).

A downloader middleware above redirects: what comes here is a page, recorded wire-exact by the recorder. The browser
looks at the same address; what it saw is one batch of captures, which names the plain look. Only then does the
spider get the page: the DOM as it stood in the browser. Record first, parse later; fail closed.
"""

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.engine.frontier import KEY, frontier_of
from crawler.engine.hosts import HostStopped, require_open, stop_hosts
from crawler.engine.record import PageBlocked, PageUnreadable, read_with, stop_crawl
from crawler.engine.rendering.look import Look, Viewing
from crawler.engine.rendering.page_drafts import Place, page_drafts
from crawler.engine.rendering.two_looks import judge
from crawler.engine.replay import CAPTURE, dom_response
from crawler.engine.site import Site
from crawler.engine.viewing import viewing_of
from crawler.engine.walls import wall
from crawler.engine.way import is_rendered
from crawler.errors import EvidenceError, FormatError
from crawler.evidence.manifest import DOM, Capture, new_capture_id
from crawler.store.session import Session, session_of

if TYPE_CHECKING:
    from crawler.engine.browser import Browser

logger = logging.getLogger(__name__)
_CHECKED = ("finished", "page-cap")  # ends of a run after which there is time to replay its pages


class Render:
    """See the module. The browser starts with the first page that wants it, and ends with the spider."""

    def __init__(self, crawler: Crawler, session: Session) -> None:
        self._crawler = crawler
        self._session = session
        self._rooms = contextlib.AsyncExitStack()
        self._starting = asyncio.Lock()
        self._turns = asyncio.Semaphore(session.archive.config.pages_at_once)
        self._started: Browser | None = None
        self._looks: list[str] = []  # capture ids

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Takes the session of this crawl."""
        render = cls(crawler, session_of(crawler, crawler.settings["EVIDENCE_ARCHIVE"]))
        render._session.on_closing.append(render._end)  # before the seal of the run
        crawler.signals.connect(render._close, signal=signals.engine_stopped)
        return render

    async def process_response(self, request: Request, response: Response) -> Response:
        """The page as it stood in the browser. Raises PageBlocked, PageUnreadable, RecordError, BrowserMissing."""
        plain: Capture | None = request.meta.get(CAPTURE)
        if plain is None or plain.look is not None or not is_rendered(self._crawler, request, response):
            return response
        async with self._turns:
            return await self._rendered(request, response, plain)

    async def _rendered(self, request: Request, response: Response, plain: Capture) -> Response:
        self._require_open(request)
        try:
            look = await (await self._browser()).look(response.url)
            page, capture = await self._record(request, response, plain, look)
        except EvidenceError as error:
            stop_crawl(self._crawler, error)
            raise
        request.meta[CAPTURE] = capture
        if capture.state == "blocked":
            reason = capture.reason or ""
            stop_hosts(self._crawler, self._session, [request.url, capture.url], reason, capture)
            self._finish(request, "failed", reason)
            raise PageBlocked(f"{request.url}: {reason}; recorded as {capture.id}, the host is left alone")
        if page is None or not capture.readable:
            self._finish(request, "failed", f"not rendered: {capture.reason}")
            raise PageUnreadable(f"{request.url}: {capture.reason}; recorded as {capture.id}")
        if capture.state == "partial":
            logger.warning("%s: %s; recorded as %s", request.url, capture.reason, capture.id)
        return page

    def _require_open(self, request: Request) -> None:
        """Its host may have been stopped while the page waited for its turn.

        An error of `process_response` passes by every `process_exception`, so it is acknowledged here.
        """
        try:
            require_open(self._crawler, request)
        except HostStopped as error:
            self._finish(request, "skipped", str(error))
            raise

    async def _record(
        self, request: Request, response: Response, plain: Capture, look: Look
    ) -> tuple[Response | None, Capture]:
        page = dom_page(look)
        blocked = wall(page, rendered=True) if page is not None else None
        if blocked is not None:
            look.state, look.reason = "blocked", blocked
        compared = None if blocked else page  # a wall says nothing about the page
        judged = await asyncio.to_thread(judge, response, compared, look)
        place = Place(
            run=plain.run,
            site=plain.site,
            request_key=request.meta.get(KEY),
            plain=plain.id,
            read_with=read_with(request, self._crawler.spider),
            beside=judged.beside,
            dates=judged.dates,
            network={"proxy": proxy} if (proxy := self._crawler.settings["EVIDENCE_PROXY"]) else None,
        )
        identity = new_capture_id()
        captures = await asyncio.wrap_future(
            self._session.record_all(lambda: page_drafts(look, place, identity))
        )
        if captures[0].readable:
            self._looks.append(captures[0].id)
        return page, captures[0]

    async def _browser(self) -> "Browser":
        from crawler.engine.browser import Browser  # only a run that renders needs Playwright

        async with self._starting:
            if self._started is None:
                config = self._session.archive.config
                browser = Browser(
                    self._viewing(),
                    pages_at_once=config.pages_at_once,
                    proxy=self._crawler.settings["EVIDENCE_PROXY"],
                )
                self._started = await self._rooms.enter_async_context(browser)
            return self._started

    def _viewing(self) -> Viewing:
        settings, site = self._crawler.settings, self._crawler.spider
        return replace(
            viewing_of(self._session.archive.config, user_agent_suffix=settings["USER_AGENT"]),
            max_body=settings.getint("DOWNLOAD_MAXSIZE"),
            more=site.more if isinstance(site, Site) else None,
            more_clicks=site.more_clicks if isinstance(site, Site) else 0,
            screencast=settings.getbool("EVIDENCE_SCREENCAST"),
        )

    def _finish(self, request: Request, state: str, reason: str) -> None:
        frontier = frontier_of(self._crawler)
        if frontier is not None:
            frontier.finish(request, state, reason)

    async def _end(self) -> None:
        """Replay what this run rendered, if it is to be checked; then the browser is no longer needed."""
        if self._started is not None and self._is_checked():
            await self._replay(self._started)
        await self._close()

    def _is_checked(self) -> bool:
        """Not where somebody waits for the run to stop, or nothing can be kept: `evidence replay` does it later."""
        stats = self._crawler.stats
        ended = stats.get_value("evidence/reason") if stats is not None else None
        stopped = stats is not None and stats.get_value("evidence/stopped_by")
        return ended in _CHECKED and not stopped and self._crawler.settings.getbool("EVIDENCE_REPLAY_CHECK")

    async def _replay(self, browser: "Browser") -> None:
        from crawler.engine.browser import BrowserMissing
        from crawler.engine.replay_check import check_replay

        for capture in self._looks:
            try:
                score = await check_replay(self._session, browser, capture)
            except (BrowserMissing, FormatError) as error:  # the run must be sealed all the same
                logger.error("%s could not be replayed: %s", capture, error)
                continue
            if not score.good:
                logger.warning(
                    "%s does not replay as it was captured: text %s, pixels %s of 1000, %d request(s) unanswered",
                    capture,
                    score.text,
                    score.pixels,
                    len(score.refused),
                )

    async def _close(self) -> None:
        await self._rooms.aclose()


def dom_page(look: Look) -> Response | None:
    """The page that parsers read: the DOM artefact, at the address of the page's own document."""
    dom = next((artefact for artefact in look.artefacts if artefact.name == DOM), None)
    main = next((seen for seen in reversed(look.exchanges) if seen.main and seen.redirected_to is None), None)
    if dom is None or main is None:
        return None
    return dom_response(main.url, dom.content, dom.media_type, main.status or 200)
