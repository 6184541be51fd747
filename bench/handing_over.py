"""Handing over: the WACZ and bag part of an export beside `wacz create` on the same WARC files.

    python -m bench export [--handed 184] [--rounds 3]

A case of about 2,000 pages with their requests (184 MB of WARC, made by bench.verify). Ours is a process that opens
the archive, selects the captures, writes captures.wacz and the log's part, and lists everything as a bag; theirs is
`wacz create -f warc/*.warc.gz`. Each from its start to its end, in turn; median of the rounds; peak resident memory.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.hand_over import named
from bench.verify import make_archive
from crawler.evidence.archive import Archive

WANTED = 8.0  # times the speed of `wacz create`: issue 7


def measure(folder: Path, megabytes: int, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Make an archive of that many MB of WARC, and hand it over by either."""
    archive = make_archive(folder / "handed", megabytes << 20, say)
    with Archive.open(archive) as opened:
        (folder / "captures").write_text("\n".join(sorted(named(opened))))
    files = [str(path) for path in sorted((archive / "warc").iterdir())]
    wacz = str(Path(sys.executable).with_name("wacz"))
    runners: dict[str, Callable[[Path], list[str]]] = {
        "wacz create": lambda to: [wacz, "create", "-o", str(to / "theirs.wacz"), "-f", *files],
        "export": lambda to: [
            sys.executable,
            "-m",
            "bench.hand_over",
            str(archive),
            str(to / "ours"),
            str(folder / "captures"),
        ],
    }
    taken: dict[str, list[float]] = {name: [] for name in runners}
    peaks = dict.fromkeys(runners, 0)
    for number in range(rounds):
        for name, command in runners.items():
            to = folder / f"{number}-{len(name)}"
            to.mkdir()
            began = time.perf_counter()
            peaks[name] = max(peaks[name], _peak_of(command(to)))
            taken[name].append(time.perf_counter() - began)
            say(f"round {number + 1}: {name}: {taken[name][-1]:.2f} s")
    seconds = {name: statistics.median(times) for name, times in taken.items()}
    ratios = [theirs / ours for theirs, ours in zip(taken["wacz create"], taken["export"], strict=True)]
    return {
        "megabytes": sum(Path(file).stat().st_size for file in files) / 1e6,
        "captures": _captures(archive),
        "seconds": seconds,
        "peak_mb": {name: peak / 1e6 for name, peak in peaks.items()},
        "ratio": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)},
    }


def table(found: dict[str, Any]) -> str:
    """The result for the terminal and for docs/bench.md."""
    ratio = found["ratio"]
    met = "met" if ratio["median"] >= WANTED else "NOT met"
    lines = [
        f"WACZ and bag of {found['captures']} captures, {found['megabytes']:.0f} MB of WARC",
        "",
        "| | seconds (median) | peak MB |",
        "|---|---|---|",
        *(
            f"| {name} | {took:.2f} | {found['peak_mb'][name]:.0f} |"
            for name, took in found["seconds"].items()
        ),
        "",
        f"The export runs at {ratio['median']:.1f} times the speed of `wacz create`"
        f" ({ratio['min']:.1f}–{ratio['max']:.1f}; wanted {WANTED:.0f}: {met}).",
    ]
    return "\n".join(lines)


def _captures(path: Path) -> int:
    with Archive.open(path) as archive:
        return len(named(archive))


def _peak_of(command: list[str]) -> int:
    """Run it; peak resident memory in bytes. Raises RuntimeError if it fails.

    Between it and us stands a small process: a child's peak begins with the memory of whoever forked it.
    """
    between = [sys.executable, "-S", "-c", _BETWEEN, *command]
    done = subprocess.run(between, stdout=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} ended with {done.returncode}")
    return int(done.stdout.split()[-1]) * 1024


_BETWEEN = """
import os, sys
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, used = os.wait4(child, 0)
print(used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
