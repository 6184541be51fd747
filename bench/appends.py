"""The log alone: cost of an entry in a short and in a long log, and the opening of a very long one.

    python -m bench.appends [--few 10000] [--many 100000] [--entries 1000000] [--folder build/]

Each figure comes from a process of its own, so that its peak of resident memory is its own too.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crawler.evidence.log import Log, create_log
from crawler.evidence.note import parse_vkey, vkey
from crawler.evidence.signing_key import load_key, make_key, save_key

LINEAR = 1.25
OPEN_SECONDS = 1.0
GROUP = 16  # entries of one append: one fsync
BULK = 20_000  # entries of one append where only the result counts
LEAF = 300  # bytes
_ORIGIN = "bench.example/log"
_ROUNDS = 3


def measure(folder: Path, sizes: tuple[int, int], entries: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Append `sizes` entries to new logs, side by side; then build a log of `entries`, open it and prove."""
    runs: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
    for number in range(_ROUNDS):
        for size in sizes:
            found = _run(_new_log(folder / f"{size}-{number}"), "append", size, GROUP)
            runs[size].append({name: value / size for name, value in found.items()})
            say(f"appends, {size} entries: {found['seconds']:.1f} s")
    few, many = (
        {name: min(run[name] for run in runs[size]) for name in ("seconds", "cpu")} for size in sizes
    )
    long = _new_log(folder / "long")
    built = _run(long, "append", entries, BULK)
    say(f"appends, a log of {entries} entries was built in {built['seconds']:.0f} s")
    _run(long, "sign", 0, 0)
    short = _new_log(folder / "short")
    _run(short, "append", 300, 300)
    return {
        "linear": LINEAR,
        "open_limit": OPEN_SECONDS,
        "few": sizes[0],
        "many": sizes[1],
        "few_cost": few,
        "many_cost": many,
        "ratio": many["cpu"] / few["cpu"],
        "ratio_seconds": many["seconds"] / few["seconds"],
        "entries": entries,
        "opened": _run(long, "open", 0, 0),
        "opened_short": _run(short, "open", 0, 0),
    }


def table(found: dict[str, Any]) -> str:
    """The result for the terminal and for docs/bench.md."""
    long, short = found["opened"], found["opened_short"]
    linear = "linear" if found["ratio"] <= found["linear"] else "NOT linear"
    quick = "reached" if long["open_seconds"] < found["open_limit"] else "MISSED"
    rows = [(300, short), (found["entries"], long)]
    lines = [
        f"Log: {LEAF} bytes an entry, {GROUP} entries an append (one fsync), best of {_ROUNDS}",
        "",
        "| entries appended | entries/s | CPU µs/entry |",
        "|---|---|---|",
        *(_cost(found[size], found[f"{size}_cost"]) for size in ("few", "many")),
        "",
        f"CPU of an entry, long to short: {found['ratio']:.2f}: {linear} (linear is {found['linear']:.2f} or less);"
        f" seconds: {found['ratio_seconds']:.2f}, which the disk decides.",
        "",
        "| log of | open, ms | inclusion proof, ms | read a leaf, ms | MB after opening |",
        "|---|---|---|---|---|",
    ]
    for entries, row in rows:
        lines.append(
            f"| {entries} | {row['open_seconds'] * 1e3:.0f} | {row['prove_seconds'] * 1e3:.2f}"
            f" | {row['leaf_seconds'] * 1e3:.2f} | {row['resident_mb']:.1f} |"
        )
    more = long["resident_mb"] - short["resident_mb"]
    verdict = (
        f"Opening in less than {found['open_limit']:.0f} s: {quick}; memory for the long log: {more:+.1f} MB."
    )
    return "\n".join([*lines, "", verdict])


def _cost(entries: int, cost: dict[str, float]) -> str:
    return f"| {entries} | {1 / cost['seconds']:.0f} | {cost['cpu'] * 1e6:.1f} |"


def _new_log(folder: Path) -> Path:
    (folder / "quarantine").mkdir(parents=True)
    key = make_key()
    save_key(folder / "key", key)
    create_log(folder / "log", _ORIGIN, key)
    return folder


def _run(folder: Path, act: str, entries: int, group: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.appends", "--act", act, str(folder), str(entries), str(group)]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(finished.stdout)
    return found


def _open(folder: Path, *, writable: bool) -> Log:
    verifier = parse_vkey(vkey(_ORIGIN, load_key(folder / "key").public_key()))
    return Log.open(folder / "log", [verifier], writable=writable, quarantine=folder / "quarantine")


def _append(folder: Path, entries: int, group: int) -> dict[str, float]:
    log, began, spent = _open(folder, writable=True), time.perf_counter(), time.process_time()
    for start in range(0, entries, group):
        log.append([b"%020d" % i + b"x" * (LEAF - 20) for i in range(start, min(start + group, entries))])
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - spent}


def _sign(folder: Path, _entries: int, _group: int) -> dict[str, float]:
    _open(folder, writable=True).sign_checkpoint(load_key(folder / "key"))
    return {}


def _read(folder: Path, _entries: int, _group: int) -> dict[str, float]:
    began = time.perf_counter()
    log = _open(folder, writable=True)
    opened = time.perf_counter() - began
    resident = _resident_mb()
    indices = [number * 7919 % log.size for number in range(100)]  # all over the log
    proved = _mean(log.prove, indices)
    return {
        "open_seconds": opened,
        "resident_mb": resident,
        "prove_seconds": proved,
        "leaf_seconds": _mean(log.leaf, indices),
        "peak_mb": _resident_mb(),
    }


def _mean(act: Callable[[int], object], indices: list[int]) -> float:
    began = time.perf_counter()
    for index in indices:
        act(index)
    return (time.perf_counter() - began) / len(indices)


def _resident_mb() -> float:
    """The peak of resident memory so far, in MB."""
    status = Path("/proc/self/status").read_text("ascii")
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak) * 1024 / 1e6


def main() -> None:
    """Measure and print the tables; with ``--act`` be one of the processes that are measured."""
    if sys.argv[1:2] == ["--act"]:
        act, folder, entries, group = sys.argv[2:6]
        acts = {"append": _append, "sign": _sign, "open": _read}
        print(json.dumps(acts[act](Path(folder), int(entries), int(group))))
        return
    parser = argparse.ArgumentParser(prog="python -m bench.appends", description="The log alone.")
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("build"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as name:
        found = measure(Path(name), (options.few, options.many), options.entries, _say)
    print(table(found))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
