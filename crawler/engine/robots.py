"""robots.txt (RFC 9309), always obeyed. There is no switch.

What a refusal leaves behind is a capture: the recorder sees `RobotsRefused` and writes it down. A Crawl-delay
longer than ours is applied. A robots.txt that cannot be had (server error, no answer) forbids everything
(RFC 9309 §2.3.1.4); one that does not exist (4xx) forbids nothing (§2.3.1.3).
"""

from typing import Any

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached

from crawler.errors import ConfigError

_FORBID_ALL = b"User-agent: *\nDisallow: /\n"


class RobotsRefused(IgnoreRequest):
    """robots.txt does not allow this page."""


class RobotsGate(RobotsTxtMiddleware):
    """Scrapy's robots middleware without its switches."""

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise ConfigError(
                "ROBOTSTXT_OBEY cannot be switched off: robots.txt is always obeyed (DESIGN §1)"
            )
        super().__init__(crawler)
        crawler.signals.connect(self._apply_crawl_delay, signal=signals.robots_parsed)

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:  # noqa: ARG002
        """Wait for the host's robots.txt; raises RobotsRefused if it forbids the page."""
        if urlparse_cached(request).path == "/robots.txt":
            return
        parser = await self.robot_parser(request)
        try:
            self.process_request_2(parser, request)
        except IgnoreRequest as error:
            raise RobotsRefused("robots.txt does not allow this page") from error

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500:
            response = response.replace(body=_FORBID_ALL)
        elif response.status >= 400:
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        forbidding = self._parserimpl.from_crawler(self.crawler, _FORBID_ALL)
        waiting: Any = self._parsers[netloc]
        self._parsers[netloc] = forbidding
        waiting.callback(forbidding)
        self._stats.inc_value(f"robotstxt/exception_count/{type(exc).__name__}")

    def _apply_crawl_delay(self, robotparser: RobotParser, request: Request) -> None:
        wanted = robotparser.crawl_delay(self._default_useragent)
        if wanted is None or self.crawler.engine is None:
            return
        _, slot = self.crawler.engine.downloader._get_slot(request)
        # Jitter shortens a delay by up to its share; the host's wish is a minimum.
        slot.delay = max(slot.delay, float(wanted) / (1 - min(slot.jitter, 0.9)))
