"""A watched page alone: its own list is turned, page by page, so many times; where else it leads is not followed."""

from collections.abc import AsyncIterator
from typing import Any, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Response

from crawler.engine.tracing import callback_name

TURNED = "watch_turned"  # request.meta: how many pages of its list come before


class OnlyTurning:
    """Spider middleware of runs that watch: EVIDENCE_WATCH is the number of pages of one list, 0 in other runs.

    A request that the same callback reads is the next page of the same list (the convention of our spiders: a list
    follows its own pages with its own callback).
    """

    def __init__(self, pages: int) -> None:
        self._pages = pages

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raises NotConfigured in runs that do not watch."""
        pages = crawler.settings.getint("EVIDENCE_WATCH")
        if not pages:
            raise NotConfigured
        return cls(pages)

    async def process_spider_output(
        self, response: Response, result: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        """Items, and the request for the next page."""
        asked = response.request
        turned = 1 + (asked.meta.get(TURNED, 0) if asked is not None else 0)
        own = callback_name(asked) if asked is not None else None
        async for output in result:
            if isinstance(output, Request):
                if callback_name(output) != own or turned >= self._pages:
                    continue
                output.meta[TURNED] = turned
            yield output
