"""A runner: plain Scrapy over the load area, with `--warc FILE` also a bare warcio middleware.

    http_proxy=http://127.0.0.1:PORT python -m bench.plain [--warc FILE]

The settings are Scrapy's own except those below; nothing of ours is imported but the stopwatch.
"""

import argparse
import os
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import scrapy
from scrapy.crawler import Crawler, CrawlerProcess
from scrapy.http import Request, Response
from scrapy.utils.httpobj import urlparse_cached
from warcio import StatusAndHeaders, WARCWriter  # type: ignore[import-untyped]

from bench.stopwatch import report

SETTINGS: dict[str, Any] = {
    "CONCURRENT_REQUESTS": 16,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
    "ROBOTSTXT_OBEY": True,
    "COOKIES_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "LOG_LEVEL": "WARNING",
    "EXTENSIONS": {"bench.stopwatch.Stopwatch": 0},
}


class LoadSpider(scrapy.Spider):
    """The callbacks of bench/site.py in plain Scrapy: one query per page, one item per item page."""

    name = "load"
    start_urls = ["http://load.example/list-0.html"]  # noqa: RUF012 - declared so by Scrapy

    def parse(self, response: Any) -> Iterator[Request]:
        """Follow each item, then the next list."""
        for link in response.css("a.goods-link"):
            yield response.follow(link, self.parse_item)
        for link in response.css("a.next"):
            yield response.follow(link, self.parse)

    def parse_item(self, response: Any) -> Iterator[dict[str, str | None]]:
        """The title."""
        identifier = re.findall(r"/(\d+)\.html", response.url)[0]
        yield {
            "identifier": identifier,
            "url": response.url,
            "name": response.css("h1.product-title::text").get(),
        }


class WarcMiddleware:
    """Two WARC records per page, and one fsync: the shortest way to record in Scrapy that keeps the page.

    Scrapy has parsed the message by then, so heads are rebuilt, not what passed; nothing else is kept.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._writer = WARCWriter(self._file, gzip=True, warc_version="1.1")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor."""
        return cls(Path(crawler.settings["BENCH_WARC"]))

    def process_response(self, request: Request, response: Response) -> Response:
        """Write the response and its request; sync before anybody sees the response."""
        page = self._record(request, "response", f"{response.status} OK", response.headers, response.body)
        line = f"{request.method} {urlparse_cached(request).path} HTTP/1.1"
        self._writer.write_request_response_pair(
            self._record(request, "request", line, request.headers, request.body), page
        )
        self._file.flush()
        os.fsync(self._file.fileno())
        return response

    def _record(self, request: Request, kind: str, line: str, headers: Any, body: bytes) -> Any:
        fields = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in headers.items()
            for value in values
        ]
        head = StatusAndHeaders(line, fields, protocol="HTTP/1.1" if kind == "response" else "")
        return self._writer.create_warc_record(
            request.url, kind, payload=BytesIO(body), length=len(body), http_headers=head
        )


def main() -> None:
    """Crawl, then print one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m bench.plain")
    parser.add_argument("--warc", help="write records to this file")
    warc = parser.parse_args().warc
    settings = dict(SETTINGS)
    if warc:
        settings["BENCH_WARC"] = warc
        settings["DOWNLOADER_MIDDLEWARES"] = {"bench.plain.WarcMiddleware": 950}
    runner = CrawlerProcess(settings)
    crawler = runner.create_crawler(LoadSpider)
    runner.crawl(crawler)
    runner.start()
    count = crawler.stats.get_value
    report(count("downloader/response_count", 0), count("item_scraped_count", 0))


if __name__ == "__main__":
    main()
