"""Rendered captures: pages per minute and bytes per page, beside a bare Playwright script that records nothing."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.capture import QUIET, spread
from bench.rich_pages import PICTURES
from bench.runs import ROOT, RunnerFailed

TARGET = 0.9
Say = Callable[[str], None]


def measure(folder: Path, pages: int, rounds: int, say: Say) -> dict[str, Any]:
    """Run both in turn, `rounds` times; the ratio is per round."""
    turns = []
    with site_of(pages) as site:
        for number in range(1, rounds + 1):
            bare = _run("bare", ["bench.bare_browser", site, str(pages)])
            ours = _ours(folder, site, pages)
            say(
                f"rendered, round {number} of {rounds}: bare {bare['seconds']:.1f} s, ours {ours['seconds']:.1f} s"
            )
            turns.append((bare, ours))
    return {
        "pages": pages,
        "rounds": rounds,
        "target": TARGET,
        "speed": spread([bare["seconds"] / ours["seconds"] for bare, ours in turns]),
        "pages_per_minute": statistics.median(60 * pages / ours["seconds"] for _, ours in turns),
        "bare_pages_per_minute": statistics.median(60 * pages / bare["seconds"] for bare, _ in turns),
        "bytes_per_page": statistics.median(ours["bytes"] / pages for _, ours in turns),
        "pictures": min(ours["pictures"] for _, ours in turns),
        "pictures_expected": PICTURES * pages,
        "baseline_drift": max(b["seconds"] for b, _ in turns) / min(b["seconds"] for b, _ in turns),
    }


def table(found: dict[str, Any]) -> str:
    """The result for the terminal and for docs/bench.md."""
    speed = found["speed"]
    lines = [
        f"Rendered: {found['pages']} pages with {PICTURES} lazy pictures, two at once, {found['rounds']} round(s)",
        "",
        "| runner | speed: median (min–max) | pages/min | MB/page | pictures in the archive |",
        "|---|---|---|---|---|",
        f"| bare script | 1 | {found['bare_pages_per_minute']:.1f} | – | – |",
        f"| ours | {speed['median']:.2f} ({speed['min']:.2f}–{speed['max']:.2f}) | {found['pages_per_minute']:.1f}"
        f" | {found['bytes_per_page'] / 1e6:.2f} | {found['pictures']} of {found['pictures_expected']} |",
        "",
        f"Target: {found['target']:.2f}; {'reached' if speed['median'] >= found['target'] else 'MISSED'}.",
    ]
    if found["baseline_drift"] > QUIET:
        lines.append(f"The machine was busy: the script itself varied by {found['baseline_drift']:.2f}.")
    return "\n".join(lines)


def _ours(folder: Path, site: str, pages: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        archive = Path(name, "archive")
        command = [sys.executable, "-m", "crawler", "init", str(archive), "--organisation=bench"]
        command += [
            "--origin=bench.example/log",
            "--operator=bench",
            "--contact=bench@example.org",
            "--delay=0",
        ]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        found = _run("ours", ["bench.our_browser", str(archive), site, str(pages)])
    if found["items"] != pages or found["complete"] != pages:
        raise RunnerFailed(f"ours did not do all of its work: {found}")
    return found


def _run(name: str, module: list[str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", *module], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode or not done.stdout.strip():
        raise RunnerFailed(
            f"the runner {name} ended with exit code {done.returncode}; see its messages above"
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def site_of(pages: int) -> Iterator[str]:
    """The rich pages, served by a process of their own, which ends with the context."""
    command = [sys.executable, "-m", "bench.rich_pages", str(pages)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.stdin.close()
            server.wait(10)
