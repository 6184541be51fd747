"""robots.txt (RFC 9309), always obeyed. There is no switch.

What a refusal leaves behind is a capture: the recorder sees `RobotsRefused` and writes it down. A Crawl-delay
longer than ours is applied. A robots.txt that cannot be had (server error, no answer) forbids everything
(RFC 9309 §2.3.1.4); one that does not exist (404, 410) forbids nothing (§2.3.1.3). 401, 403 and 429 do not come
this far: they end the host, as for any other page.
"""

from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached

from crawler.engine.addon import require_robots
from crawler.engine.frontier import KEY
from crawler.engine.hosts import require_open
from crawler.errors import EvidenceError

_FORBID_ALL = b"User-agent: *\nDisallow: /\n"


class RobotsRefused(IgnoreRequest):
    """robots.txt does not allow this page. `reason`: ``robots``, or ``robots-unreachable`` if it could not be had."""

    def __init__(self, reason: str) -> None:
        super().__init__("robots.txt does not allow this page")
        self.reason = reason


class RobotsGate(RobotsTxtMiddleware):
    """Scrapy's robots middleware without its switches."""

    def __init__(self, crawler: Crawler) -> None:
        require_robots(crawler.settings)
        super().__init__(crawler)
        self._unreachable: set[str] = set()
        self._unrecorded: dict[str, EvidenceError] = {}
        self._delays: dict[str, float] = {}
        crawler.signals.connect(self._keep_crawl_delay, signal=signals.robots_parsed)

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:  # noqa: ARG002
        """Wait for the host's robots.txt; raises RobotsRefused if it forbids the page.

        Raises HostStopped for a host that is left alone: its robots.txt is not asked for, so nothing is said of it.
        """
        if _is_for_robots(request):
            return
        require_open(self.crawler, request)
        parser = await self.robot_parser(request)
        netloc = urlparse_cached(request).netloc
        # Our fault and not the host's: the page keeps its lease and is fetched when the run is resumed.
        if netloc in self._unrecorded:
            raise self._unrecorded[netloc]
        self._apply_crawl_delay(request, self._delays.get(netloc))
        try:
            self.process_request_2(parser, request)
        except IgnoreRequest as error:
            raise RobotsRefused("robots-unreachable" if netloc in self._unreachable else "robots") from error

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500:
            self._unreachable.add(netloc)
            response = response.replace(body=_FORBID_ALL)
        elif response.status >= 400:
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        forbidding = self._parserimpl.from_crawler(self.crawler, _FORBID_ALL)
        self._unreachable.add(netloc)
        if isinstance(exc, EvidenceError):
            self._unrecorded[netloc] = exc
        waiting: Any = self._parsers[netloc]
        self._parsers[netloc] = forbidding
        waiting.callback(forbidding)
        self._stats.inc_value(f"robotstxt/exception_count/{type(exc).__name__}")

    def _keep_crawl_delay(self, robotparser: RobotParser, request: Request) -> None:
        wanted = robotparser.crawl_delay(self._robotstxt_useragent or self._default_useragent)
        if wanted is not None:
            self._delays[urlparse_cached(request).netloc] = float(wanted)

    def _apply_crawl_delay(self, request: Request, wanted: float | None) -> None:
        """For each request again: Scrapy forgets the slot of a host that was idle for a minute."""
        if wanted is None or self.crawler.engine is None:
            return
        _, slot = self.crawler.engine.downloader._get_slot(request)
        # Jitter shortens a delay by up to its share; the host's wish is a minimum.
        slot.delay = max(slot.delay, wanted / (1 - min(slot.jitter, 0.9)))


def _is_for_robots(request: Request) -> bool:
    """Whether this fetches a robots.txt, or what the one that the gate asked for was moved to."""
    first: str = request.meta.get("redirect_urls", [request.url])[0]
    return urlparse_cached(request).path == "/robots.txt" or (
        KEY not in request.meta and urlsplit(first).path == "/robots.txt"
    )
