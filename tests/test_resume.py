"""Interrupted crawls: nothing is lost, nothing is stored twice, and what was recorded is not fetched again.

EVIDENCE_KILL_CRAWLS=10 makes the long test run ten times; EVIDENCE_KILL_SEED=N repeats one from a report.
`python tests/kill_crawls.py --times 10` does the same without pytest and prints a table.
"""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crawler import settings
from crawler.config import Config
from crawler.demo.market import DetachedMarket, Market
from crawler.demo.plan import World
from crawler.engine.extract import rebuild
from crawler.engine.run import Order, RunReport, crawl, resumable
from crawler.errors import ArchiveMissing, UsageError
from crawler.evidence.archive import Archive
from crawler.store.index import FILE
from tests.archives import nothing_failed
from tests.kill_crawls import (
    REVIEWS,
    crawl_arguments,
    evidence,
    finish,
    killed_crawl,
    make_archive,
    requests,
    run_of,
    wait_for_requests,
)

PAGES = 120
LISTS = 2
FAST = {"CONCURRENT_REQUESTS_PER_DOMAIN": 8, "DOWNLOAD_DELAY": 0, "LOG_LEVEL": "CRITICAL"}
SEED = os.environ.get("EVIDENCE_KILL_SEED")
TIMES = int(os.environ.get("EVIDENCE_KILL_CRAWLS", "1"))


@pytest.mark.parametrize("number", range(TIMES))
def test_a_crawl_killed_three_times_loses_and_doubles_nothing(tmp_path: Path, number: int) -> None:
    seed = int(SEED) if SEED else random.SystemRandom().randrange(1_000_000)
    outcome = killed_crawl(tmp_path, seed, pages=800, kills=3)
    again = f"again with EVIDENCE_KILL_SEED={seed}\n{outcome.HEAD}\n{outcome.row()}\n"
    assert not outcome.troubles, again + "\n".join(outcome.troubles)
    assert outcome.kills == 3, again


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    """The market's load area, served by this process."""
    with Market(World(seed=7, reviews=200), robots_delay=None, load_pages=PAGES) as market:
        yield market


@pytest.fixture
def archive(tmp_path: Path, market: Market, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty archive, with kill_site as the only spider."""
    monkeypatch.setattr(settings, "SPIDER_MODULES", ["tests.kill_site"])
    who = {"origin": "evidence.invalid/test", "organisation": "某消委会", "operator": "张三"}
    path = tmp_path / "a"
    Archive.create(
        path, Config(**who, contact="wq@example.org", delay_seconds=0.0, proxy=market.proxy)
    ).close()
    return path


def go(path: Path, order: Order | None = None, **more: Any) -> RunReport:
    (report,) = crawl(path, [order or Order("kill_site")], log_file=path.parent / "log", **{**FAST, **more})
    return report


def change(path: Path, name: str, sql: str) -> int:
    with closing(sqlite3.connect(path / name)) as database:
        changed = database.execute(sql).rowcount
        database.commit()
    return changed


def items(path: Path) -> tuple[int, int, int]:
    """Listings, reviews, and captures of pages."""
    with closing(sqlite3.connect(path / FILE)) as database:
        counts = [
            database.execute(f"select count(*), count(distinct identifier) from {table}").fetchone()  # noqa: S608
            for table in ("listing", "review")
        ]
        captures = database.execute("select count(*) from capture where read_with is not null").fetchone()[0]
    assert all(rows == distinct for rows, distinct in counts), "nothing twice"
    return counts[0][0], counts[1][0], captures


ALL = (PAGES, PAGES * REVIEWS, PAGES + LISTS)


def asked(market: Market) -> int:
    """Pages asked for so far; robots.txt apart."""
    return sum(number for url, number in market.counts().items() if "robots" not in url)


def test_pages_that_were_stored_but_not_acknowledged_are_read_and_not_fetched(
    archive: Path, market: Market
) -> None:
    report = go(archive)
    assert items(archive) == ALL
    assert change(archive, "frontier.db", "update request set state = 'leased' where id % 3 = 0") > 30
    before = asked(market)
    resumed = go(archive, resumable(archive, report.run))
    assert asked(market) == before
    assert items(archive) == ALL
    assert (resumed.run, resumed.reason, resumed.left) == (report.run, "finished", 0)
    assert rebuild(archive) == []
    nothing_failed(archive)


def test_pages_that_were_recorded_but_not_read_are_read_and_not_fetched(
    archive: Path, market: Market
) -> None:
    report = go(archive)
    change(archive, FILE, "delete from review where rowid % 2 = 0")
    change(archive, FILE, "delete from listing where rowid % 2 = 0")
    change(archive, "frontier.db", "update request set state = 'leased'")
    before = asked(market)
    go(archive, resumable(archive, report.run))
    assert asked(market) == before
    assert items(archive) == ALL
    assert rebuild(archive) == []


def test_a_lost_frontier_is_made_again_from_the_archive(archive: Path, market: Market) -> None:
    report = go(archive, EVIDENCE_PAGES=50)
    for path in archive.glob("frontier.db*"):
        path.unlink()
    before = asked(market)
    go(archive, resumable(archive, report.run), EVIDENCE_PAGES=0)
    assert asked(market) - before <= PAGES + LISTS - 50
    assert items(archive) == ALL


def test_a_lost_database_is_rebuilt_and_the_run_goes_on(archive: Path, market: Market) -> None:
    report = go(archive, EVIDENCE_PAGES=40)
    (archive / FILE).unlink()
    with pytest.raises(ArchiveMissing, match="evidence rebuild"):
        resumable(archive, report.run)
    assert rebuild(archive) == ["there was no database"]
    go(archive, resumable(archive, report.run), EVIDENCE_PAGES=0)
    assert items(archive) == ALL


def test_a_run_at_its_page_cap_goes_on_where_it_was_told_to_begin(archive: Path, market: Market) -> None:
    order = Order("kill_site", "http://load.example/list-1.html", "listing")
    report = go(archive, order, EVIDENCE_PAGES=5)
    again = resumable(archive, report.run)
    assert (again.url, again.kind, again.resume) == (order.url, order.kind, report.run)
    go(archive, again, EVIDENCE_PAGES=0)
    assert items(archive) == (PAGES - 100, (PAGES - 100) * REVIEWS, PAGES - 100 + 1)


def test_a_capture_of_single_pages_can_be_resumed(archive: Path, market: Market) -> None:
    report = go(archive, Order("page", "http://load.example/page/3.html"))
    change(archive, "frontier.db", "update request set state = 'leased'")
    before = asked(market)
    assert go(archive, resumable(archive, report.run)).exit_code == 3
    assert asked(market) == before


def test_an_unknown_run_names_the_interrupted_ones(archive: Path, market: Market) -> None:
    report = go(archive, EVIDENCE_PAGES=5)
    with pytest.raises(UsageError, match=report.run):
        resumable(archive, "20200101T000000-0000")


def test_requests_lost_under_way_are_no_complete_run(archive: Path, market: Market) -> None:
    report = go(archive)
    assert report.complete
    report.counts["requests"]["leased"] = 1
    assert (report.left, report.complete, report.exit_code) == (1, False, 1)


@pytest.fixture(scope="module")
def busy_market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DetachedMarket, Path]]:
    """A market in its own process, and its access log."""
    access_log = tmp_path_factory.mktemp("market") / "access.log"
    with DetachedMarket(reviews=200, robots_delay=None, load_pages=200, access_log=access_log) as market:
        yield market, access_log


@pytest.mark.parametrize(
    ("numbers", "code", "says"),
    [
        ((signal.SIGINT,), 1, "被操作人中止"),
        ((signal.SIGTERM, signal.SIGINT), 130, ""),
    ],
)
def test_a_signal_ends_a_crawl_in_order_and_two_end_it_at_once(
    tmp_path: Path,
    busy_market: tuple[DetachedMarket, Path],
    numbers: tuple[signal.Signals, ...],
    code: int,
    says: str,
) -> None:
    market, access_log = busy_market
    archive = tmp_path / "a"
    make_archive(archive, market.proxy, [])
    before = requests(access_log)
    process = evidence(archive, *crawl_arguments())
    assert wait_for_requests(access_log, before.total() + 60, process)
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.01)
    returned, printed = finish(process)
    run = run_of(archive)
    assert run is not None
    if len(numbers) == 1:  # two may also arrive as one, or when it has just ended
        assert (returned, says in printed, f"--resume {run}" in printed) == (code, True, True), printed
        nothing_failed(archive)
    returned, printed = finish(evidence(archive, *crawl_arguments(run)))
    assert returned == 3, printed  # no authority is configured
    refetched = sum((requests(access_log) - before).values()) - 202
    assert refetched <= (0 if len(numbers) == 1 else 8), "what was under way was finished and stored"
    assert items(archive) == (200, 200 * REVIEWS, 202)
    nothing_failed(archive)
