"""The beginning and the end of a run, as entries in the log; the end also seals and closes the archive."""

import asyncio
import gc
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scrapy import Spider, signals
from scrapy.crawler import Crawler

from crawler import __version__
from crawler.engine.browser_arguments import ARGUMENTS
from crawler.engine.extractor import read_waiting
from crawler.engine.frontier import Frontier, frontier_of
from crawler.engine.hosts import stopped_hosts
from crawler.engine.passphrase import passphrase
from crawler.engine.post import post_query
from crawler.engine.sealing import ask_others
from crawler.engine.site import Site
from crawler.errors import EvidenceError
from crawler.store.session import Session, end_session, session_of

if TYPE_CHECKING:
    from crawler.engine.environment.run_check import RunEnvironment

logger = logging.getLogger(__name__)
PAGE_CAP = "page-cap"  # reason of a run that ended at its page cap with requests left
_LOGGED_SETTINGS = (
    "USER_AGENT",
    "ROBOTSTXT_OBEY",
    "DOWNLOAD_DELAY",
    "DOWNLOAD_DELAY_JITTER",
    "CONCURRENT_REQUESTS",
    "CONCURRENT_REQUESTS_PER_DOMAIN",
    "DOWNLOAD_TIMEOUT",
    "DOWNLOAD_MAXSIZE",
    "DOWNLOAD_VERIFY_CERTIFICATES",
    "EVIDENCE_PAGES",
    "RETRY_TIMES",
    "COOKIES_ENABLED",
    "EVIDENCE_PROXY",
    "EVIDENCE_RENDER",
    "EVIDENCE_WATCH",
    "EVIDENCE_ENVIRONMENT",
)


class RunLog:
    """Extension: writes run-started or run-resumed, and run-closed with what was and was not done."""

    def __init__(self, crawler: Crawler, session: Session) -> None:
        self._crawler = crawler
        self._session = session
        self._run: str = crawler.settings["EVIDENCE_RUN"]
        self._environment: RunEnvironment | None = None  # None: not checked

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Opens the session of this crawl if no other part has done so."""
        # First of all: with a wrong passphrase nothing is fetched that could not be sealed.
        secret = passphrase(Path(crawler.settings["EVIDENCE_ARCHIVE"]))
        log = cls(crawler, session_of(crawler, crawler.settings["EVIDENCE_ARCHIVE"]))
        log._session.sender, log._session.passphrase = post_query, secret
        log._session.after_seal = lambda archive: ask_others(archive).warnings
        crawler.signals.connect(log._opened, signal=signals.spider_opened)
        crawler.signals.connect(log._closed, signal=signals.spider_closed)
        return log

    def _opened(self, spider: Spider) -> None:
        # What start-up made stays until the end: not looking at it again at every collection saves 6 % of the work.
        gc.collect()
        gc.freeze()
        settings = self._crawler.settings
        resumed = settings.getbool("EVIDENCE_RESUME")
        details: dict[str, Any] = {
            "run": self._run,
            "site": spider.name,
            "software": f"web-evidence/{__version__}",
        }
        order = {"url": getattr(spider, "url", None), "kind": getattr(spider, "kind", None)}
        details["settings"] = {**order, **{name: _plain(settings[name]) for name in _LOGGED_SETTINGS}}
        self._session.record_event("run-resumed" if resumed else "run-started", details)
        if settings.getbool("EVIDENCE_ENVIRONMENT"):
            self._check_environment(spider)
        waiting = read_waiting(self._session, settings)
        if waiting:
            logger.warning("%d recorded page(s) were not in the index yet: read now", waiting)

    def _check_environment(self, spider: Spider) -> None:
        """Nothing is fetched before the machine was looked at: this holds up the loop, some seconds at most."""
        # Imported here: runs without it need not wait for its libraries.
        from crawler.engine.environment.run_check import RunEnvironment

        urls = spider.first_urls() if isinstance(spider, Site) else ()
        rendering = self._crawler.settings.getbool("EVIDENCE_RENDER")
        self._environment = RunEnvironment.of_run(
            self._session, self._run, urls, rendering=rendering, flags=ARGUMENTS if rendering else None
        )
        self._environment.before()

    async def _closed(self, reason: str) -> None:
        gc.unfreeze()  # a process may do several runs: what this one leaves must not stay for ever
        frontier = frontier_of(self._crawler)
        self._set_stat("evidence/reason", reason)
        try:
            if frontier is not None:
                await self._write_end(reason, frontier)
        except EvidenceError as error:
            # The run keeps no end in the log then, which is the truth: it was interrupted.
            self._could_not("the run could not be closed", error)
        try:
            await asyncio.to_thread(end_session, self._crawler)
        except EvidenceError as error:
            self._could_not("the archive could not be closed", error)

    async def _write_end(self, reason: str, frontier: Frontier) -> None:
        try:
            if frontier.cut_short and reason == "finished":
                reason = PAGE_CAP
            self._set_stat("evidence/reason", reason)
            if self._environment is not None:
                await asyncio.to_thread(self._environment.after)
            counts = self._counts(frontier)
            self._set_stat("evidence/counts", counts)
            self._session.record_event("run-closed", {"run": self._run, "reason": reason, "counts": counts})
            await self._session.closing()
        finally:
            frontier.queue.close()

    def _could_not(self, what: str, error: EvidenceError) -> None:
        if self._crawler.stats is not None and not self._crawler.stats.get_value("evidence/stopped_by"):
            self._set_stat("evidence/stopped_by", f"{type(error).__name__}: {error}")
        logger.error("%s: %s", what, error)

    def _counts(self, frontier: Frontier) -> dict[str, Any]:
        states = {
            row["state"]: row["n"]
            for row in self._session.index.query(
                "select state, count(*) n from capture where run = ? and page is null group by state",
                (self._run,),
            )
        }
        return {
            "captures": states,
            "requests": frontier.queue.counts(),
            "reasons": frontier.queue.reasons(),
            "stopped_hosts": dict(stopped_hosts(self._crawler)),
        }

    def _set_stat(self, name: str, value: Any) -> None:
        if self._crawler.stats is not None:
            self._crawler.stats.set_value(name, value)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else json.dumps(value)
