"""`python -m bench [PART]`: measure, print tables of ratios; docs/bench.md says how, PARTS which there are."""

import argparse
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import appends, capture, extraction, handing_over, many_looks, memory, rendered, templates, verify
from bench.runs import ROOT

FOLDER = ROOT / "build"
PARTS = {
    "capture": capture,
    "rendered": rendered,
    "looks": many_looks,
    "memory": memory,
    "log": appends,
    "verify": verify,
    "extraction": extraction,
    "templates": templates,
    "export": handing_over,
}


def main(arguments: list[str] | None = None) -> int:
    """Measure what was chosen (everything when nothing was). Returns the exit code: 0 however fast it was."""
    options = _options(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine()}
    print(found["machine"])
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as name:
        for part in PARTS if options.choice is None else (options.choice,):
            found[part] = _measure(part, Path(name), options)
    for part in PARTS:
        if part in found:
            print(f"\n{PARTS[part].table(found[part])}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


def _measure(part: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    if part == "capture":
        return capture.measure(folder, options.pages, options.rounds, not options.no_warm_up, _say)
    if part == "rendered":
        return rendered.measure(folder, options.rich, options.rounds, _say)
    if part == "looks":
        return many_looks.measure(folder, options.looks, _say)
    if part == "memory":
        return memory.measure(folder, (options.few, options.many), _say)
    if part == "extraction":
        return extraction.measure(options.read, options.rounds, _say)
    if part == "templates":
        return templates.measure(folder, options.rounds, options.compared, options.reviews, _say)
    if part == "export":
        return handing_over.measure(folder, options.handed, options.rounds, _say)
    if part == "log":
        return appends.measure(folder, (options.entries // 10, options.entries), 10 * options.entries, _say)
    return verify.measure(folder, options.megabytes, options.rounds, _say)


def machine() -> str:
    """The class of the machine: what a reader needs to compare, and no name of it."""
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()},"
        f" Scrapy {version('scrapy')}, load average at the start {load:.1f}"
    )


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Ratios measured side by side.")
    parser.add_argument("choice", nargs="?", choices=PARTS, help="default: all")
    parser.add_argument("--quick", action="store_true", help="smaller sizes; a first impression only")
    parser.add_argument("--pages", type=_positive, help="pages of each capture run (2000; quick 300)")
    parser.add_argument("--rounds", type=_positive, help="rounds of the capture runs (3; quick 1)")
    parser.add_argument("--rich", type=_positive, help="pages of each rendered run (24; quick 6)")
    parser.add_argument("--looks", type=_positive, help="pages of the rendered memory run (500; quick 60)")
    parser.add_argument("--few", type=_positive, help="pages of the small memory run (1000; quick 300)")
    parser.add_argument("--many", type=_positive, help="pages of the large memory run (20000; quick 2000)")
    parser.add_argument("--read", type=_positive, help="pages of each extraction run (200; quick 40)")
    parser.add_argument("--compared", type=_positive, help="reviews beside datasketch (400000; quick 20000)")
    parser.add_argument(
        "--reviews", type=_positive, help="of the large run of templates (5000000; quick 500000)"
    )
    parser.add_argument(
        "--entries", type=_positive, help="entries of the log; a tenth and ten times as many (100000)"
    )
    parser.add_argument("--megabytes", type=_positive, help="WARC that is verified (2000; quick 100)")
    parser.add_argument("--handed", type=_positive, help="MB of WARC that is handed over (184; quick 20)")
    parser.add_argument("--no-warm-up", action="store_true", help="leave out the uncounted first round")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where archives are written (build/)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all numbers to this file")
    options = parser.parse_args(arguments)
    defaults = {
        "pages": (2000, 300),
        "rounds": (3, 1),
        "rich": (24, 6),
        "looks": (500, 60),
        "read": (200, 40),
        "compared": (400_000, 20_000),
        "reviews": (5_000_000, 500_000),
        "few": (1000, 300),
        "many": (20000, 2000),
        "entries": (100_000, 20_000),
        "megabytes": (2000, 100),
        "handed": (184, 20),
    }
    for name, values in defaults.items():
        setattr(options, name, getattr(options, name) or values[options.quick])
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
