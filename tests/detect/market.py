"""The demo market crawled into an archive, for tests and tables of the detectors.

`python -m tests.detect.market FOLDER [--reviews 2000] [--days 2]` keeps one for development; the fixture
`market_archive` (conftest.py) uses the folder that EVIDENCE_TEST_MARKET names, or makes its own.
"""

import argparse
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawler.demo.market import DetachedMarket
from crawler.demo.plan import World

SEED = 20261122
# Yesterday, at ten o’clock of the market: relative times on its pages ("3天前") then agree with the capture.
FIRST_DAY = (datetime.now(UTC) - timedelta(hours=2)).date() - timedelta(days=1)
SITES = ("market_shop", "market_bbs", "market_news", "market_doorway")
WHO = ("--organisation", "某消委会", "--operator", "张三", "--contact", "wq@example.org", "--delay", "0")
WHOLE = ("-s", "EVIDENCE_PAGES=100000")  # what was cut off says nothing of what vanished
NOT_STAMPED = 3  # the archive has no authority: nothing here is about time stamps


def world(reviews: int) -> World:
    """The world that such an archive shows."""
    return World(SEED, reviews, today=FIRST_DAY)


def crawl_market(archive: Path, *, reviews: int, days: int = 2) -> None:
    """Make an archive and crawl the whole market into it, once on each day."""
    market = DetachedMarket(seed=SEED, reviews=reviews, first_day=FIRST_DAY, robots_delay=None)
    with market:
        _run(archive, "init", *WHO, "--environment", "none", "--proxy", market.proxy)
        for day in range(days):
            market.set_day(FIRST_DAY + timedelta(days=day))
            # A wall ends one shop's crawl, as planted: exit 1.
            _run(archive, "crawl", *SITES, *WHOLE, allowed=(0, 1, NOT_STAMPED))


def _run(archive: Path, *words: str, allowed: tuple[int, ...] = (0,)) -> None:
    command = [sys.executable, "-m", "crawler", "--archive", str(archive), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in allowed:
        raise RuntimeError(f"{' '.join(words[:2])} ended with {done.returncode}: {done.stderr[-2000:]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reviews", type=int, default=2000)
    parser.add_argument("--days", type=int, default=2)
    given = parser.parse_args()
    crawl_market(given.folder, reviews=given.reviews, days=given.days)
