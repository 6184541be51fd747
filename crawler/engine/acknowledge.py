"""Requests that end without a page: every way in which one can end acknowledges it, with the reason."""

from typing import Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware
from scrapy.downloadermiddlewares.redirect import (
    BaseRedirectMiddleware,
    MetaRefreshMiddleware,
    RedirectMiddleware,
)
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached

from crawler.engine.frontier import frontier_of
from crawler.engine.record import failure_reason
from crawler.engine.robots import RobotsRefused
from crawler.errors import EvidenceError

ADDRESS_LIMIT = 16_000  # characters; servers refuse far shorter ones


class Unanswered:
    """Downloader middleware at order 10: the first to see a request, the last to see it fail, after every retry."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Refuse an address that fits in no manifest (a leaf holds 64 KiB); a redirect may lead to one."""
        if len(request.url) > ADDRESS_LIMIT:
            raise IgnoreRequest(f"the address has {len(request.url)} characters: over {ADDRESS_LIMIT}")

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Acknowledge a request that will not be answered, with the reason."""
        frontier = frontier_of(self._crawler)
        if isinstance(exception, EvidenceError) or frontier is None:
            return  # not recorded: the request keeps its lease and is fetched again on resume
        if isinstance(exception, RobotsRefused):
            frontier.finish(request, "skipped", exception.reason)
        elif isinstance(exception, IgnoreRequest):
            frontier.finish(request, "skipped", str(exception) or type(exception).__name__)
        else:
            frontier.finish(request, "failed", failure_reason(exception))


class OnSite(OffsiteMiddleware):
    """Refuse other sites' pages in the downloader only, where the refusal is acknowledged.

    Scrapy drops a redirect to another site when it is scheduled, and tells nobody. Nor is it an exception to
    have been retried, which for Scrapy it is (``dont_filter``).
    """

    def request_scheduled(self, request: Request, spider: Spider) -> None:
        """Nothing."""

    def process_request(self, request: Request, spider: Spider | None = None) -> None:  # noqa: ARG002
        """Raise IgnoreRequest for a page of another site."""
        site = self.crawler.spider
        if site is not None and not self.should_follow(request, site):
            raise IgnoreRequest(f"{urlparse_cached(request).hostname} is not one of the hosts of {site.name}")


class _Hops(BaseRedirectMiddleware):
    """What redirects of both kinds share: a chain that is too long is acknowledged.

    An error of `process_response` passes by every `process_exception`, so that has to happen here.
    """

    def _engine_started(self) -> None:
        """Scrapy would warn here that no Referer is sent along, which is what we want."""
        self._referer_spider_middleware = None

    def process_response(
        self,
        request: Request,
        response: Response,
        spider: Spider | None = None,  # noqa: ARG002
    ) -> Request | Response:
        """The request for the next hop, or the response."""
        try:
            hop: Request | Response = super().process_response(request, response)  # type: ignore[misc]
        except IgnoreRequest as error:
            frontier = frontier_of(self.crawler)
            if frontier is not None:
                frontier.finish(request, "failed", str(error))
            raise
        return hop


class Redirects(_Hops, RedirectMiddleware):
    """Scrapy's redirects by status and Location."""


class Refreshes(_Hops, MetaRefreshMiddleware):
    """Scrapy's redirects that stand in the page."""

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """As for others; a page that leads to what is no address (``http://[x``) is read as it stands."""
        try:
            return super().process_response(request, response, spider)
        except ValueError:
            return response
