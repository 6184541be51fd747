"""The part of `evidence export` that bench.handing_over measures, as a process of its own: ARCHIVE TO CAPTURES.

CAPTURES is a file with the ids of the case's captures, which in a real export stand in the case.
"""

import sys
from pathlib import Path

from crawler.evidence.archive import Archive
from crawler.evidence.bundle import WACZ
from crawler.evidence.manifest import Capture, parse_leaf
from crawler.export.bag import write_bag
from crawler.export.log_part import write_log_part
from crawler.export.payload import measure
from crawler.export.selection import select
from crawler.export.wacz import write_wacz


def hand_over(path: Path, to: Path, captures: list[str]) -> None:
    """The part of `evidence export` that is measured."""
    (to / "data").mkdir(parents=True)
    with Archive.open(path) as archive:
        selection = select(archive, set(captures))
        created = selection.until
        write_wacz(to / WACZ, archive, selection.leaves, title="bench", created=created, step=lambda _: None)
        write_log_part(archive, selection, to / "data")
    write_bag(to, (("Source-Organization", "bench"),), measure(to, algorithms=("sha256",)))


def named(archive: Archive) -> set[str]:
    """The ids of all captures."""
    leaves = (parse_leaf(leaf) for leaf in archive.log.leaves())
    return {Capture.from_json(leaf).id for leaf in leaves if leaf["kind"] == "capture"}


if __name__ == "__main__":
    hand_over(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]).read_text().split())
