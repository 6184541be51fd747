"""What every runner measures in the same way, from inside its own process. Imports Scrapy and nothing of ours."""

import json
import time
from pathlib import Path
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler


class Stopwatch:
    """Extension: seconds from the first request until the engine has stopped.

    The engine stops only after every ``spider_closed`` handler is done. For our crawl that includes the last
    commit, the last seal and the closing of the archive; for plain Scrapy there is nothing left to do then.
    """

    seconds: float | None = None  # of the crawl of this process; there is one crawl in each
    scrapy_seconds: float | None = (
        None  # Scrapy's own elapsed_time_seconds, from opening to closing the spider
    )

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._began: float | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's constructor."""
        watch = cls(crawler)
        crawler.signals.connect(watch._begin, signal=signals.request_reached_downloader)
        crawler.signals.connect(watch._end, signal=signals.engine_stopped)
        return watch

    def _begin(self) -> None:
        if self._began is None:
            self._began = time.perf_counter()

    def _end(self) -> None:
        if self._began is not None and self._crawler.stats is not None:
            Stopwatch.seconds = time.perf_counter() - self._began
            Stopwatch.scrapy_seconds = self._crawler.stats.get_value("elapsed_time_seconds")


def report(requests: int, items: int, **more: Any) -> None:
    """Print one JSON line for the parent: what was done, how long it took, the peak of resident memory."""
    if Stopwatch.seconds is None:
        raise SystemExit("the crawl sent no request; see the messages above")
    line = {
        "seconds": Stopwatch.seconds,
        "scrapy_seconds": Stopwatch.scrapy_seconds,
        "requests": requests,
        "items": items,
        "peak_bytes": peak_bytes(),
        **more,
    }
    print(json.dumps(line), flush=True)


def peak_bytes() -> int:
    """Peak resident memory of this process. From /proc: getrusage also counts the parent that forked us."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("this system's /proc/self/status has no VmHWM: the benchmark needs Linux")
