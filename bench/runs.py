"""Start a runner in a process of its own and measure it from outside; what all measurements stand on."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.demo.market import DetachedMarket
from crawler.demo.tsa import DemoAuthority

ROOT = Path(__file__).parents[1]
LINKS = 100  # item pages per list page of the load area
SAMPLE_SECONDS = 0.1
_TAILS = 64  # crawler/demo/load_pages.py makes so many bodies on first use
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SECONDS = 3600


class RunnerFailed(SystemExit):
    """A runner did not do all of its work, so its time means nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run of one runner. Seconds, bytes."""

    runner: str
    pages: int
    seconds: float  # first request → engine stopped, measured within
    scrapy_seconds: float  # Scrapy's elapsed_time_seconds
    wall_seconds: float  # the whole process, start of Python included
    cpu_seconds: float  # user and system time of the process and its children
    peak_bytes: int  # peak resident memory of the process
    resident: tuple[tuple[float, int], ...]  # (second, resident bytes), sampled

    @property
    def pages_per_second(self) -> float:
        """Item pages per second; a side information, it depends on the machine."""
        return self.pages / self.seconds


@dataclass(frozen=True, slots=True)
class Load:
    """Where the runners crawl and write: the market's load area, the authorities, the folder."""

    pages: int
    proxy: str
    authorities: tuple[DemoAuthority, ...]
    folder: Path

    @property
    def requests(self) -> int:
        """Item pages, list pages and robots.txt."""
        return self.pages + (self.pages + LINKS - 1) // LINKS + 1

    def warm_up(self) -> None:
        """Let the market make what it caches, so that the first runner does not wait for it."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": self.proxy}))
        for number in range(min(self.pages, _TAILS)):
            with opener.open(f"http://load.example/page/{number}.html") as answer:
                answer.read()


@contextmanager
def load_area(pages: int, folder: Path) -> Iterator[Load]:
    """A market with `pages` load pages in its own process, and two TSAs."""
    with ExitStack() as stack:
        market = stack.enter_context(DetachedMarket(reviews=200, robots_delay=None, load_pages=pages))
        keys = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))
        authorities = [
            DemoAuthority(keys / "one", "one"),
            DemoAuthority(keys / "two", "two", intermediate=True),
        ]
        started = tuple(stack.enter_context(authority) for authority in authorities)
        load = Load(pages, market.proxy, started, folder)
        load.warm_up()
        yield load


def run_plain(load: Load) -> Run:
    """Plain Scrapy with its default handler."""
    return _measured("plain", load, ["bench.plain"])


def run_warcio(load: Load) -> Run:
    """Plain Scrapy with a bare warcio middleware that syncs each page."""
    with tempfile.TemporaryDirectory(dir=load.folder) as folder:
        return _measured("warcio", load, ["bench.plain", "--warc", str(Path(folder, "pages.warc.gz"))])


def run_ours(load: Load) -> Run:
    """Our crawl into a new archive. Making the archive is not part of the measured time."""
    with tempfile.TemporaryDirectory(dir=load.folder) as folder:
        archive = Path(folder, "archive")
        _make_archive(archive, load)
        return _measured("ours", load, ["bench.ours", str(archive)])


def _make_archive(archive: Path, load: Load) -> None:
    command = [
        sys.executable,
        "-m",
        "crawler",
        "init",
        str(archive),
        "--organisation=bench",
        "--origin=bench.example/log",
        "--environment=none",
    ]
    command += ["--operator=bench", "--contact=bench@example.org", "--delay=0", f"--proxy={load.proxy}"]
    for authority in load.authorities:
        command.append(f"--tsa={authority.name}={authority.url}={authority.folder / 'trust.pem'}")
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def _measured(runner: str, load: Load, module: Sequence[str]) -> Run:
    os.sync()  # what the runner before has left in the page cache is not to be paid for by this one
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    # Ours takes its proxy from evidence.toml and ignores this.
    environment["http_proxy"] = load.proxy
    command = [sys.executable, "-m", *module]
    began = time.perf_counter()
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    resident: list[tuple[float, int]] = []
    sampler = threading.Thread(target=_sample, args=(child.pid, began, resident), daemon=True)
    sampler.start()
    assert child.stdout is not None
    lines = child.stdout.read().splitlines()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdout.close()
    sampler.join()
    found = _checked(runner, load, child.returncode, lines)
    return Run(
        runner=runner,
        pages=load.pages,
        seconds=found["seconds"],
        scrapy_seconds=found["scrapy_seconds"],
        wall_seconds=wall,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=found["peak_bytes"],
        resident=tuple(resident),
    )


def _sample(pid: int, began: float, resident: list[tuple[float, int]]) -> None:
    """Note the resident memory of a process until it ends (its /proc entry is then empty or gone)."""
    while True:
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
        except (FileNotFoundError, ProcessLookupError):
            return
        if not pages:
            return
        resident.append((time.perf_counter() - began, pages * _PAGE))
        time.sleep(SAMPLE_SECONDS)


def _checked(runner: str, load: Load, code: int, lines: list[str]) -> dict[str, Any]:
    """What the runner says. Raises RunnerFailed if it did not fetch and read every page exactly once."""
    if code or not lines:
        raise RunnerFailed(f"the runner {runner} ended with exit code {code}; see its messages above")
    found: dict[str, Any] = json.loads(lines[-1])
    if (found["requests"], found["items"]) != (load.requests, load.pages):
        raise RunnerFailed(
            f"the runner {runner} made {found['requests']} requests and {found['items']} items, expected"
            f" {load.requests} and {load.pages}: its time cannot be compared"
        )
    if found.get("incomplete"):
        raise RunnerFailed(f"the runner {runner} did not do all it should: {found['incomplete']}")
    return found


def sync_latency(folder: Path, times: int = 200) -> dict[str, float]:
    """Milliseconds for fsync after appending 8 KiB to a file of `folder`: median and 90th percentile."""
    taken = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(times):
            file.write(os.urandom(8 << 10))
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(1000 * (time.perf_counter() - began))
    taken.sort()
    return {"median": statistics.median(taken), "p90": taken[int(0.9 * (len(taken) - 1))]}
