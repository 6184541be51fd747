"""Start crawls, one site after another, and say how each ended. What `evidence crawl` calls."""

import asyncio
import json
import logging
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader

from crawler.engine.addon import new_run
from crawler.engine.lifecycle import PAGE_CAP
from crawler.engine.log_lines import direct
from crawler.engine.single import SinglePage
from crawler.engine.yield_report import Yield, items_of, yields
from crawler.errors import EvidenceError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.seal import unsealed
from crawler.store.index import FILE as INDEX_FILE
from crawler.store.index import Index
from crawler.store.oddities import OddReason, odd_of_run
from crawler.store.session import end_session

FINISHED = "finished"
SINGLE = SinglePage.name


_DIFFERING = (
    "select count(*) from capture where run = ? and not withheld"
    " and json_extract(look, '$.beside.verdict') = 'differs'"
)


@dataclass(frozen=True, slots=True)
class Order:
    """What to crawl: a site, optionally one address or kind, the run to go on with, and whether in a browser too.

    `watch`: only the address, and so many pages of its own list; 0: all that the site's pages lead to.
    """

    site: str
    url: str | None = None
    kind: str | None = None
    resume: str | None = None
    render: bool = False
    watch: int = 0


@dataclass(frozen=True, slots=True)
class RunReport:
    """How one run ended. `counts` is what the log's run-closed entry holds; `items` counts stored items by kind."""

    run: str
    site: str
    reason: str
    counts: dict[str, Any]
    items: dict[str, int]
    unread: int
    seconds: float
    differing: int = 0  # rendered pages that suggest to show a browser something else than plain HTTP
    stopped_by: str | None = None
    errors: int = 0  # error lines in the log
    unsealed: list[str] = field(default_factory=list)
    yields: list[Yield] = field(default_factory=list)  # beside what is expected, and the last run
    odd: list[OddReason] = field(default_factory=list)  # what was not understood, by reason

    @property
    def complete(self) -> bool:
        """Whether the run did all that was ordered (the page cap is part of the order) and understood all of it."""
        done = self.reason in (FINISHED, PAGE_CAP) and self.stopped_by is None
        understood = self.unread == 0 and not self.missed
        return done and understood and self.left == 0 and bool(self.counts["requests"].get("done"))

    @property
    def missed(self) -> list[Yield]:
        """The kinds of which a run that ended by itself yielded other numbers than its site is expected to."""
        whole = self.reason == FINISHED and self.stopped_by is None
        return [one for one in self.yields if one.missed] if whole else []

    @property
    def left(self) -> int:
        """How many requests got lost under way: neither acknowledged nor, below a page cap, still waiting."""
        requests = self.counts.get("requests", {})
        waiting = requests.get("new", 0) if self.reason == FINISHED else 0
        return int(requests.get("leased", 0) + waiting)

    @property
    def exit_code(self) -> int:
        """0 all is well; 1 something was not done or not understood; 3 all done, but not sealed."""
        return 1 if not self.complete else 3 if self.unsealed else 0


@dataclass(slots=True)
class Live:
    """What a running crawl has done so far, for the screen."""

    run: str
    site: str
    captures: int = 0
    items: int = 0


Watch = Callable[[Live], None]


def project_settings(archive: Path, **overrides: Any) -> Settings:
    """Our settings for one archive; overrides win over everything."""
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    for name, value in {"EVIDENCE_ARCHIVE": str(archive), **overrides}.items():
        settings.set(name, value, "cmdline")
    return settings


def known_sites(settings: Settings | None = None) -> list[str]:
    """Names of all sites, from `spiders/` or where the settings say."""
    return sorted(SpiderLoader.from_settings(settings or project_settings(Path())).list())


def resumable(archive: Path, run: str) -> Order:
    """The order to go on with an interrupted run. Raises UsageError if the archive has no such run."""
    with Index(archive / INDEX_FILE, writable=False) as index:
        rows = index.query("select site, settings from run where id = ?", (run,))
        others = index.query("select id from run where ended is null or reason != ? order by id", (FINISHED,))
    if not rows:
        open_runs = ", ".join(row["id"] for row in others) or "none"
        raise UsageError(f"this archive has no run {run!r}; interrupted runs: {open_runs}")
    settings = json.loads(rows[0]["settings"])
    # The start pages are asked for again; the frontier knows which of them it has.
    render = bool(settings.get("EVIDENCE_RENDER"))
    watch = int(settings.get("EVIDENCE_WATCH") or 0)
    site, url, kind = rows[0]["site"], settings.get("url"), settings.get("kind")
    return Order(site, url, kind, resume=run, render=render, watch=watch)


def crawl(
    archive: Path,
    orders: Sequence[Order],
    *,
    watch: Watch | None = None,
    log_file: Path | None = None,
    **overrides: Any,
) -> list[RunReport]:
    """Run the orders one after another; returns one report for each that was begun.

    Ctrl-C once ends the current run in order (what is under way is finished and stored), twice at once.
    Raises UsageError for an unknown site, and what opening the archive raises.
    """
    settings = project_settings(archive, TWISTED_REACTOR_ENABLED=False, **overrides)
    known = known_sites(settings)
    unknown = [order.site for order in orders if order.site not in (*known, SINGLE)]
    if unknown:
        raise UsageError(f"unknown site {', '.join(unknown)}; known: {', '.join(known)}")
    direct(log_file, settings["LOG_LEVEL"])
    return asyncio.run(_crawl_all(archive, settings, orders, watch))


async def _crawl_all(
    archive: Path, settings: Settings, orders: Sequence[Order], watch: Watch | None
) -> list[RunReport]:
    reports: list[RunReport] = []
    for order in orders:
        run_settings = settings.copy()
        run_settings.set("EVIDENCE_RUN", order.resume or new_run(), "cmdline")
        run_settings.set("EVIDENCE_RESUME", order.resume is not None, "cmdline")
        run_settings.set("EVIDENCE_RENDER", order.render, "cmdline")
        run_settings.set("EVIDENCE_WATCH", order.watch, "cmdline")
        report = await _crawl_one(archive, run_settings, order, watch)
        reports.append(report)
        if report.stopped_by is not None or report.reason == "shutdown":
            break
    return reports


async def _crawl_one(archive: Path, settings: Settings, order: Order, watch: Watch | None) -> RunReport:
    runner = AsyncCrawlerRunner(settings)
    crawler = runner.create_crawler(_spider(order.site))
    arguments = {
        name: value for name, value in (("url", order.url), ("kind", order.kind)) if value is not None
    }
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, runner, loop)
    started = loop.time()
    watcher = asyncio.create_task(_watch(crawler, order.site, watch)) if watch else None
    try:
        await runner.crawl(crawler, **arguments)
    finally:
        if watcher is not None:
            watcher.cancel()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        end_session(crawler)  # does nothing after a normal end; lets go of the archive after an early error
    return _report(archive, crawler, order.site, loop.time() - started)


def _spider(site: str) -> Any:
    if site == SINGLE:
        return SinglePage
    return site


def _stop(runner: AsyncCrawlerRunner, loop: asyncio.AbstractEventLoop) -> None:
    logging.getLogger(__name__).warning(
        "stopping: what is under way is finished first; again to stop at once"
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, os._exit, 130)  # as a kill: `--resume` goes on from the frontier
    loop.create_task(runner.stop())


async def _watch(crawler: Crawler, site: str, watch: Watch) -> None:
    live = Live("", site)
    while True:
        await asyncio.sleep(0.5)
        if crawler.stats is None:
            continue
        live.run = crawler.settings.get("EVIDENCE_RUN") or ""
        live.captures = crawler.stats.get_value("downloader/response_count", 0)
        live.items = crawler.stats.get_value("item_scraped_count", 0)
        watch(live)


def _report(archive: Path, crawler: Crawler, site: str, seconds: float) -> RunReport:
    stats = crawler.stats
    if stats is None:
        raise EvidenceError(f"the crawl of {site} did not start; see the messages above")
    run = crawler.settings["EVIDENCE_RUN"]
    with Index(archive / INDEX_FILE, writable=False) as index:
        items = items_of(index, run)
        yielded = yields(index, run, getattr(crawler.spidercls, "expect", {}))
        odd = odd_of_run(index, run)
        unread = sum(one.count for one in odd if one.lost)
        differing = int(index.query(_DIFFERING, (run,))[0][0])
    with Archive.open(archive) as opened:
        reasons = unsealed(opened)
    return RunReport(
        run=run,
        site=site,
        reason=stats.get_value("evidence/reason", "not started"),
        counts=stats.get_value("evidence/counts", {}),
        items=items,
        unread=unread,
        seconds=seconds,
        differing=differing,
        stopped_by=stats.get_value("evidence/stopped_by"),
        errors=stats.get_value("log_count/ERROR", 0),
        unsealed=reasons,
        yields=yielded,
        odd=odd,
    )
