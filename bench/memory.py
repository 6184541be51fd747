"""Memory: the peak of our crawl over few pages and over many."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.runs import Run, load_area, run_ours

FLAT = 1.15
_PARTS = 10


def measure(folder: Path, sizes: tuple[int, int], say: Callable[[str], None]) -> dict[str, Any]:
    """Crawl both sizes with everything on; compare the peaks of resident memory."""
    runs = []
    for pages in sizes:
        with load_area(pages, folder) as load:
            runs.append(run_ours(load))
        say(f"memory, {pages} pages: {runs[-1].seconds:.1f} s, peak {runs[-1].peak_bytes / 1e6:.0f} MB")
    return {
        "flat": FLAT,
        "ratio": runs[1].peak_bytes / runs[0].peak_bytes,
        "runs": [
            {"pages": run.pages, "peak_mb": run.peak_bytes / 1e6, "resident_mb": course(run)} for run in runs
        ],
    }


def course(run: Run) -> list[float]:
    """The greatest resident memory in each tenth of the run, in MB: shows a slope that a peak would hide."""
    greatest = [0] * _PARTS
    for second, resident in run.resident:
        part = min(_PARTS - 1, int(_PARTS * second / run.wall_seconds))
        greatest[part] = max(greatest[part], resident)
    return [resident / 1e6 for resident in greatest]


def table(found: dict[str, Any]) -> str:
    """The result for the terminal and for docs/bench.md."""
    verdict = "flat" if found["ratio"] <= found["flat"] else "NOT flat"
    lines = [
        "Memory: our crawl, peak resident MB, and the greatest in each tenth of the run",
        "",
        "| pages | peak | over time |",
        "|---|---|---|",
    ]
    for run in found["runs"]:
        over_time = " ".join(f"{value:.0f}" for value in run["resident_mb"])
        lines.append(f"| {run['pages']} | {run['peak_mb']:.0f} | {over_time} |")
    ratio = f"Ratio of the peaks {found['ratio']:.2f}: {verdict} (flat is {found['flat']:.2f} or less)."
    return "\n".join([*lines, "", ratio])
