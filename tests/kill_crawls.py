"""Crawls that are killed with SIGKILL at random moments and resumed; then everything is counted.

    python tests/kill_crawls.py --times 10 [--seed 1] [--pages 800] [--kills 3]

prints one line for each crawl: pages and items missing, items stored twice, pages fetched again, verdicts. Exit
code 0 only if nothing is missing or double, re-fetches are within what was in flight, `evidence verify` passes
and `evidence rebuild` finds the database equal.
"""

import argparse
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from crawler.config import AuthorityConfig, Config  # noqa: E402
from crawler.demo.market import DetachedMarket  # noqa: E402
from crawler.demo.tsa import DemoAuthority  # noqa: E402
from crawler.evidence.archive import Archive  # noqa: E402
from crawler.evidence.verify import verify  # noqa: E402
from crawler.store.check import check_index  # noqa: E402
from crawler.store.session import Session  # noqa: E402

REVIEWS = 3  # what kill_site reads off each page
IN_FLIGHT = 8
FAST = (
    f"CONCURRENT_REQUESTS={IN_FLIGHT}",
    f"CONCURRENT_REQUESTS_PER_DOMAIN={IN_FLIGHT}",
    "DOWNLOAD_DELAY=0",
)
SECONDS = 120  # no step of a crawl may take longer


@dataclass(slots=True)
class Outcome:
    """What one crawl with its kills came to. `troubles` is empty when all is as it must be."""

    seed: int
    kills: int
    seconds: float = 0.0
    missing_pages: int = 0
    missing_items: int = 0
    double_items: int = 0
    refetched: int = 0
    captures: int = 0
    quarantined: int = 0
    verify: int = -1
    rebuild: int = -1
    troubles: list[str] = field(default_factory=list)

    HEAD = (
        "seed  kills  s     missing pages  missing items  doubles  refetched  captures  quarantined"
        "  verify  rebuild"
    )

    def row(self) -> str:
        """The line of the table."""
        return (
            f"{self.seed:<5} {self.kills:<6} {self.seconds:<5.1f} {self.missing_pages:<14} {self.missing_items:<14}"
            f" {self.double_items:<8} {self.refetched:<10} {self.captures:<9} {self.quarantined:<12}"
            f" {self.verify:<7} {self.rebuild}"
        )


def evidence(archive: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start the command `evidence` with kill_site as its only spider."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return subprocess.Popen(
        [sys.executable, TESTS / "kill_site.py", "--archive", archive, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a command; returns its exit code and what it printed."""
    try:
        printed, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, printed


def crawl_arguments(resume: str | None = None) -> list[str]:
    """`crawl kill_site` or `crawl --resume RUN`, as fast as it goes."""
    what = ["--resume", resume] if resume else ["kill_site"]
    return ["crawl", *what, *(word for setting in FAST for word in ("-s", setting))]


def make_archive(archive: Path, proxy: str, tsas: Sequence[DemoAuthority]) -> None:
    """As `evidence init`, with the market as proxy and these authorities."""
    config = Config(
        origin="evidence.invalid/killed",
        organisation="某某市消费者委员会",
        operator="张三",
        contact="wq@example.org",
        delay_seconds=0.0,
        proxy=proxy,
        authorities=tuple(AuthorityConfig(tsa.name, tsa.url) for tsa in tsas),
    )
    with Archive.create(archive, config) as made:
        for tsa in tsas:
            (archive / f"trust/{tsa.name}.pem").write_bytes(tsa.trust_pem)
        Session.take(made).close()


def verified(archive: Path) -> tuple[int, str]:
    """What `evidence verify` would exit with and print."""
    report = verify(archive)
    report = replace(report, checks=(*report.checks, check_index(archive)))
    return report.exit_code, report.to_text()


def run_of(archive: Path) -> str | None:
    """The run that the archive knows; None when it was killed before its first entry was indexed."""
    with closing(sqlite3.connect(archive / "evidence.db")) as db:
        row = db.execute("select id from run").fetchone()
    return row[0] if row else None


def requests(access_log: Path) -> Counter[str]:
    """URL → how often it was asked for; robots.txt apart, which every process asks for."""
    lines = access_log.read_text("utf-8").splitlines() if access_log.exists() else []
    return Counter(url for line in lines if not (url := line.split()[2]).endswith("/robots.txt"))


def wait_for_requests(access_log: Path, number: int, process: subprocess.Popen[str]) -> bool:
    """Until the server has answered `number` requests; False if the process ended before."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            return False
        if access_log.exists() and access_log.read_bytes().count(b"\n") >= number:
            return True
        time.sleep(0.005)
    raise TimeoutError(f"{access_log} did not reach {number} lines")


def killed_crawl(folder: Path, seed: int, *, pages: int = 800, kills: int = 3) -> Outcome:
    """One crawl of `pages` pages with its kills, and everything counted."""
    dice = random.Random(seed)
    outcome = Outcome(seed, 0)
    began = time.monotonic()
    access_log, archive = folder / "access.log", folder / "证据 库"
    tsas = [
        DemoAuthority(folder / "tsa-a", "tsa-a"),
        DemoAuthority(folder / "tsa-b", "tsa-b", intermediate=True),
    ]
    market = DetachedMarket(reviews=200, robots_delay=None, load_pages=pages, access_log=access_log)
    with market, tsas[0], tsas[1]:
        make_archive(archive, market.proxy, tsas)
        # Anywhere but in the first and last steps, whatever the speed of the machine.
        moments = sorted(dice.randrange(2, pages - IN_FLIGHT) for _ in range(kills))
        run: str | None = None
        for moment in moments:
            process = evidence(archive, *crawl_arguments(run))
            if wait_for_requests(access_log, moment, process):
                time.sleep(dice.random() * 0.05)
                process.kill()
                outcome.kills += 1
            _, printed = finish(process)
            run = run or run_of(archive)
            if process.returncode >= 0:
                outcome.troubles.append(f"ended by itself with {process.returncode}: {printed[-2000:]}")
                break
        code, printed = finish(evidence(archive, *crawl_arguments(run)))
        if code != 0:
            outcome.troubles.append(f"the last crawl ended with {code}: {printed[-2000:]}")
        _judge(outcome, archive, access_log, pages)
    outcome.seconds = time.monotonic() - began
    return outcome


def _judge(outcome: Outcome, archive: Path, access_log: Path, pages: int) -> None:
    asked = requests(access_log)
    outcome.refetched = sum(times - 1 for times in asked.values())
    _count(outcome, archive, pages)
    outcome.quarantined = len(list((archive / "quarantine").iterdir()))
    outcome.verify, found = verified(archive)
    outcome.rebuild, rebuilt = finish(evidence(archive, "rebuild"))
    again, found_again = verified(archive)
    limit = outcome.kills * IN_FLIGHT
    checks = {
        f"{outcome.missing_pages} pages missing": outcome.missing_pages == 0,
        f"{outcome.missing_items} items missing": outcome.missing_items == 0,
        f"{outcome.double_items} items stored twice": outcome.double_items == 0,
        f"{outcome.refetched} pages fetched again, {limit} were in flight": outcome.refetched <= limit,
        f"verify ended with {outcome.verify}: {found}": outcome.verify == 0,
        f"rebuild ended with {outcome.rebuild}: {rebuilt}": outcome.rebuild == 0,
        f"verify after rebuild ended with {again}: {found_again}": again == 0,
    }
    outcome.troubles += [trouble for trouble, fine in checks.items() if not fine]


def _count(outcome: Outcome, archive: Path, pages: int) -> None:
    with closing(sqlite3.connect(f"{archive.as_uri()}/evidence.db?mode=ro", uri=True)) as db:
        captured = {url for (url,) in db.execute("select url from capture where state = 'complete'")}
        listings = [row[0] for row in db.execute("select identifier from listing")]
        reviews = [row[0] for row in db.execute("select identifier from review")]
        outcome.captures = db.execute("select count(*) from capture").fetchone()[0]
    wanted = {f"http://load.example/page/{number}.html" for number in range(pages)}
    wanted |= {f"http://load.example/list-{number}.html" for number in range((pages + 99) // 100)}
    outcome.missing_pages = len(wanted - captured)
    wanted_reviews = {f"{number}-{place}" for number in range(pages) for place in range(REVIEWS)}
    wanted_listings = {str(number) for number in range(pages)}
    outcome.missing_items = len(wanted_reviews - set(reviews)) + len(wanted_listings - set(listings))
    outcome.double_items = len(listings) - len(set(listings)) + len(reviews) - len(set(reviews))


def main() -> int:
    """Several crawls in a row; the table on standard output."""
    parser = argparse.ArgumentParser(description="Kill crawls at random and count what is lost.")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pages", type=int, default=800)
    parser.add_argument("--kills", type=int, default=3)
    options = parser.parse_args()
    print(Outcome.HEAD)
    troubled = 0
    for seed in range(options.seed, options.seed + options.times):
        with tempfile.TemporaryDirectory() as folder:
            outcome = killed_crawl(Path(folder), seed, pages=options.pages, kills=options.kills)
        print(outcome.row(), flush=True)
        for trouble in outcome.troubles:
            print(re.sub(r"^", "    ", trouble, flags=re.M), flush=True)
        troubled += bool(outcome.troubles)
    print(f"{options.times - troubled} of {options.times} crawls without trouble")
    return 1 if troubled else 0


if __name__ == "__main__":
    sys.exit(main())
