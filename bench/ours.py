"""A runner: our crawl over the load area with everything on, into an archive that exists.

    python -m bench.ours ARCHIVE

Delay, proxy and authorities come from the archive's evidence.toml; robots.txt is obeyed, as always.
"""

import argparse
from pathlib import Path
from typing import Any

from bench.plain import SETTINGS as PLAIN
from bench.stopwatch import report
from crawler import settings
from crawler.engine.run import Order, RunReport, crawl

OVERRIDES: dict[str, Any] = {
    **{name: PLAIN[name] for name in ("CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN", "LOG_LEVEL")},
    "EVIDENCE_PAGES": 0,  # no cap
    "SPIDER_MODULES": ["bench.site"],
    "EXTENSIONS": {**settings.EXTENSIONS, "bench.stopwatch.Stopwatch": 0},
}


def _why(run: RunReport) -> str:
    return (
        f"ended with {run.reason}, {run.unread} unread, stopped by {run.stopped_by}, unsealed: {run.unsealed}"
    )


def main() -> None:
    """Crawl, then print one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m bench.ours")
    parser.add_argument("archive", type=Path)
    archive = parser.parse_args().archive
    (run,) = crawl(archive, [Order("load")], **OVERRIDES)
    report(
        requests=sum(run.counts["captures"].values()),
        items=run.items.get("listing", 0),
        incomplete=None if run.exit_code == 0 else _why(run),
    )


if __name__ == "__main__":
    main()
