"""A runner: our rendered captures of the same pages, with everything on, into an archive that exists.

    python -m bench.our_browser ARCHIVE http://127.0.0.1:PORT PAGES

The whole way of `evidence crawl --render`: the plain look at each page (wire-exact), the rendered one with all its
exchanges and artefacts, WARC, log and index, the item read off the DOM, the seal at the end.
"""

import argparse
import json
from pathlib import Path

from bench.ours import OVERRIDES
from bench.stopwatch import Stopwatch
from crawler.engine.run import Order, crawl
from crawler.store.index import FILE, Index


def main() -> None:
    """Crawl, then print one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m bench.our_browser")
    parser.add_argument("archive", type=Path)
    parser.add_argument("site")
    parser.add_argument("pages", type=int)
    given = parser.parse_args()
    order = Order("rich", f"{given.site}/list-0.html", render=True)
    (run,) = crawl(
        given.archive,
        [order],
        **{**OVERRIDES, "EVIDENCE_REPLAY_CHECK": False, "SPIDER_MODULES": ["bench.rich_site"]},
    )
    with Index(given.archive / FILE, writable=False) as index:
        looks = index.query("select state from capture where look is not null and url like '%/page/%'")
        pictures = index.query(
            "select count(*) from capture where page is not null and state = 'complete' and url like '%/picture/%'"
        )
    found = {
        "seconds": Stopwatch.seconds,
        "pictures": pictures[0][0],
        "complete": sum(row["state"] == "complete" for row in looks),
        "items": run.items.get("listing", 0),
        "bytes": sum(path.stat().st_size for path in (given.archive / "warc").iterdir()),
    }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
