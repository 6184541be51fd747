"""Capture throughput: ours and a bare warcio middleware, as ratios to plain Scrapy beside them."""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.runs import Load, Run, load_area, run_ours, run_plain, run_warcio, sync_latency

RUNNERS: dict[str, Callable[[Load], Run]] = {"plain": run_plain, "warcio": run_warcio, "ours": run_ours}
BASELINE = "plain"
TARGET = 0.8
QUIET = 1.15
_WARM_UP = 50

Say = Callable[[str], None]


def measure(folder: Path, pages: int, rounds: int, warm_up: bool, say: Say) -> dict[str, Any]:
    """Run the runners in turn, `rounds` times, and compare each with the baseline of its own round."""
    latency = sync_latency(folder)
    if warm_up:  # compiles modules and fills the page cache; not counted
        with load_area(_WARM_UP, folder) as load:
            for runner in RUNNERS.values():
                runner(load)
    measured: list[dict[str, Run]] = []
    with load_area(pages, folder) as load:
        for number in range(1, rounds + 1):
            measured.append({name: runner(load) for name, runner in RUNNERS.items()})
            paces = ", ".join(f"{name} {run.seconds:.1f} s" for name, run in measured[-1].items())
            say(f"capture, round {number} of {rounds}: {paces}")
    return {
        "pages": pages,
        "rounds": rounds,
        "fsync_ms": latency,
        "target": TARGET,
        "baseline_drift": drift(measured),
        "runners": {name: summary(name, measured) for name in RUNNERS},
    }


def summary(name: str, measured: list[dict[str, Run]]) -> dict[str, Any]:
    """One row of the table: ratios are per round, then least, median and greatest of them."""
    runs = [(turn[name], turn[BASELINE]) for turn in measured]
    return {
        "speed": spread([base.seconds / run.seconds for run, base in runs]),
        "speed_whole_process": spread([base.wall_seconds / run.wall_seconds for run, base in runs]),
        "speed_scrapy_elapsed": spread([base.scrapy_seconds / run.scrapy_seconds for run, base in runs]),
        "cpu": spread([run.cpu_seconds / base.cpu_seconds for run, base in runs]),
        "pages_per_second": statistics.median(run.pages_per_second for run, _ in runs),
        "cpu_ms_per_page": statistics.median(1000 * run.cpu_seconds / run.pages for run, _ in runs),
        "peak_mb": max(run.peak_bytes for run, _ in runs) / 1e6,
    }


def drift(measured: list[dict[str, Run]]) -> float:
    """Slowest ÷ fastest run of the baseline: 1 on a quiet machine."""
    seconds = [turn[BASELINE].seconds for turn in measured]
    return max(seconds) / min(seconds)


def spread(values: list[float]) -> dict[str, float]:
    """Least, median and greatest."""
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def table(found: dict[str, Any]) -> str:
    """The result for the terminal and for docs/bench.md."""
    latency = found["fsync_ms"]
    lines = [
        f"Capture: {found['pages']} pages, 16 at once, {found['rounds']} round(s), ratios to plain Scrapy;"
        f" fsync {latency['median']:.2f} ms (p90 {latency['p90']:.2f})",
        "",
        "| runner | speed: median (min–max) | whole process | CPU | peak MB | pages/s | CPU ms/page |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(name, row) for name, row in found["runners"].items()]
    lines += ["", verdict(found)]
    if found["baseline_drift"] > QUIET:
        lines.append(
            f"The machine was busy: plain itself took {found['baseline_drift']:.2f} times as long in one round"
            " as in another. Trust CPU more than speed."
        )
    return "\n".join(lines)


def verdict(found: dict[str, Any]) -> str:
    """Whether ours is fast enough: only if every round says so is it reached, only if none does is it missed."""
    speed, target = found["runners"]["ours"]["speed"], found["target"]
    word = "reached" if speed["min"] >= target else "MISSED" if speed["max"] < target else "UNDECIDED"
    rounds = f"rounds from {speed['min']:.2f} to {speed['max']:.2f}, median {speed['median']:.3f}"
    return f"Target for ours: {target:.2f} or more; {word}: {rounds}."


def _row(name: str, row: dict[str, Any]) -> str:
    speed = row["speed"]
    return (
        f"| {name} | {speed['median']:.2f} ({speed['min']:.2f}–{speed['max']:.2f})"
        f" | {row['speed_whole_process']['median']:.2f} | {row['cpu']['median']:.2f}"
        f" | {row['peak_mb']:.0f} | {row['pages_per_second']:.0f} | {row['cpu_ms_per_page']:.1f} |"
    )
