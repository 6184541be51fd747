"""The demo market as a server: in a thread (`Market`), in its own process (`DetachedMarket`), or by command line.

    python -m crawler.demo.market --reviews 2000 --seed 7 --day 2026-11-20 --pages ../shared/pages

prints one JSON line when it listens; see docs/demo-market.md.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import date
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self, TextIO

from crawler.demo.clock import FIRST_DAY
from crawler.demo.plan import World
from crawler.demo.site import Site
from crawler.demo.wire import Connection, Request
from crawler.errors import UsageError

ROBOTS_DELAY = 0.2
_START_SECONDS = 60


class Market:
    """The market in a thread of this process; `with Market(world) as market:` or `start()` and `stop()`."""

    def __init__(
        self,
        world: World,
        *,
        day: date | None = None,
        port: int = 0,
        robots_delay: float | None = ROBOTS_DELAY,
        pages: Path | None = None,
        load_pages: int = 0,
        access_log: Path | None = None,
    ) -> None:
        self.world = world
        self.port = port
        self._site = Site(
            world, day or world.today, robots_delay=robots_delay, pages=pages, load_pages=load_pages
        )
        self._log_path = access_log
        self._log: TextIO | None = None
        self._counts: Counter[str] = Counter()
        self._open: set[Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def proxy(self) -> str:
        """The address to set as HTTP proxy."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def hosts(self) -> list[str]:
        """Every host that is answered."""
        return self._site.hosts

    @property
    def day(self) -> date:
        """The shown day."""
        return self._site.day

    def set_day(self, day: date) -> None:
        """Show another day from the next request on."""
        self._site.day = day

    def counts(self) -> dict[str, int]:
        """Requests per URL since the start."""
        return dict(self._counts)

    def start(self) -> Self:
        """Listen on 127.0.0.1. Raises OSError if the port is taken."""
        if self._log_path:
            self._log = self._log_path.open("a", encoding="utf-8")
        loop = self._loop = asyncio.new_event_loop()
        try:
            server = loop.run_until_complete(loop.create_server(self._connection, "127.0.0.1", self.port))
        except OSError:
            self._close_loop()
            raise
        self.port = server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(
            target=self._run, args=(loop, server), name="demo-market", daemon=True
        )
        self._thread.start()
        return self

    def _connection(self) -> Connection:
        return Connection(self._site.answer, self._note, self._open)

    def _note(self, request: Request, status: int) -> None:
        self._counts[request.url] += 1
        if self._log:
            self._log.write(f"{time.time():.6f} {request.method} {request.url} {status}\n")
            self._log.flush()

    def _run(self, loop: asyncio.AbstractEventLoop, server: asyncio.Server) -> None:
        loop.run_forever()
        server.close()
        for connection in list(self._open):
            connection.close()
        loop.run_until_complete(asyncio.sleep(0))

    def stop(self) -> None:
        """Stop listening and drop open connections."""
        if self._loop and self._thread:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._thread = None
        self._close_loop()

    def _close_loop(self) -> None:
        if self._loop:
            self._loop.close()
        if self._log:
            self._log.close()
        self._loop = self._log = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class DetachedMarket:
    """The market in a process of its own, with the same names as `Market`. Options are those of the command line."""

    def __init__(
        self,
        *,
        seed: int = 1,
        reviews: int = 2000,
        first_day: date = FIRST_DAY,
        day: date | None = None,
        robots_delay: float | None = ROBOTS_DELAY,
        pages: Path | None = None,
        load_pages: int = 0,
        access_log: Path | None = None,
    ) -> None:
        self._arguments = [f"--seed={seed}", f"--reviews={reviews}", f"--first-day={first_day}"]
        self._arguments += [f"--day={day or first_day}", f"--load-pages={load_pages}"]
        self._arguments.append(
            "--no-robots-delay" if robots_delay is None else f"--robots-delay={robots_delay}"
        )
        self._arguments += [f"--pages={pages.resolve()}"] if pages else []
        self._arguments += [f"--access-log={access_log.resolve()}"] if access_log else []
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self.hosts: list[str] = []

    @property
    def proxy(self) -> str:
        """The address to set as HTTP proxy."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process's id."""
        if self._process is None:
            raise UsageError("the demo market is not running; call start() first")
        return self._process.pid

    def start(self) -> Self:
        """Start the process and wait until it listens."""
        command = [sys.executable, "-m", "crawler.demo.market", *self._arguments]
        root = Path(__file__).parents[2]  # so that `crawler` is found from any working folder
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=root
        )
        ready = self._answer()
        self.port, self.hosts = ready["port"], ready["hosts"]
        return self

    def _answer(self) -> dict[str, Any]:
        """The next JSON line. Raises UsageError if the process ended instead."""
        if self._process is None or self._process.stdout is None:
            raise UsageError("the demo market is not running; call start() first")
        line = self._process.stdout.readline()
        if not line:
            raise UsageError(
                f"the demo market ended with exit code {self._process.wait(_START_SECONDS)}; see its messages above"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _ask(self, line: str) -> dict[str, Any]:
        if self._process is None or self._process.stdin is None:
            raise UsageError("the demo market is not running; call start() first")
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._answer()

    def set_day(self, day: date) -> None:
        """Show another day from the next request on."""
        self._ask(f"day {day.isoformat()}")

    def counts(self) -> dict[str, int]:
        """Requests per URL since the start."""
        counts: dict[str, int] = self._ask("counts")["counts"]
        return counts

    def stop(self) -> None:
        """End the process: it stops when its standard input closes."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m crawler.demo.market", description="The demo market on loopback."
    )
    parser.add_argument("--reviews", type=int, default=2000, help="reviews on the first day, 200 to 200000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0, help="0 = any free port")
    parser.add_argument(
        "--first-day", type=date.fromisoformat, default=FIRST_DAY, help="the world's first day"
    )
    parser.add_argument("--day", type=date.fromisoformat, help="the shown day (default: the first)")
    parser.add_argument("--pages", type=Path, help="folder of saved pages with INDEX.jsonl")
    parser.add_argument("--load-pages", type=int, default=0, help="pages on load.example")
    parser.add_argument("--access-log", type=Path, help="append one line per request")
    delay = parser.add_mutually_exclusive_group()
    delay.add_argument("--robots-delay", type=float, default=ROBOTS_DELAY, help="Crawl-delay in seconds")
    delay.add_argument("--no-robots-delay", action="store_const", const=None, dest="robots_delay")
    return parser


def _say(**fields: Any) -> None:
    print(json.dumps(fields, ensure_ascii=False), flush=True)


def _obey(market: Market, line: str) -> None:
    """One line of the control channel."""
    word, _, value = line.strip().partition(" ")
    if word == "counts":
        _say(counts=market.counts())
    elif word == "day":
        try:
            market.set_day(date.fromisoformat(value))
        except ValueError:
            _say(error=f"not a date: {value!r}; write day 2026-11-21")
        else:
            _say(day=value)
    else:
        _say(error=f"unknown word {word!r}; known: day, counts")


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or until standard input closes. Returns the exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        world = World(options.seed, options.reviews, options.first_day)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    market = Market(
        world,
        day=options.day,
        port=options.port,
        robots_delay=options.robots_delay,
        pages=options.pages,
        load_pages=options.load_pages,
        access_log=options.access_log,
    )
    try:
        with market:
            _say(port=market.port, day=market.day.isoformat(), hosts=market.hosts)
            for line in sys.stdin:
                _obey(market, line)
    except OSError as error:
        print(f"cannot listen on 127.0.0.1:{options.port} ({error}); choose another --port", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass  # SIGTERM or Ctrl-C is how this server ends
    return 0


if __name__ == "__main__":
    sys.exit(main())
