"""What of the pages was not understood, summed up by reason: how often, and one place to look at."""

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from crawler.store.index import Index

READER = "substr(u.extractor, 1, instr(u.extractor, ':') - 1)"  # the site's name in a row of `unread`
_ADDRESS = re.compile(r"https?://[^\s;,]+")  # the same reason on two pages is one reason


@dataclass(slots=True)
class OddReason:
    """One reason. `site`: whose parser it was; `lost`: it may have been an item, else it is a detail of one."""

    site: str
    reason: str
    lost: bool
    count: int
    capture: str  # of the first page that shows it
    url: str
    place: str | None  # where on that page, as in `crawler.quoted`


def odd_of_run(index: Index, run: str) -> list[OddReason]:
    """What the newest reading of a run's pages did not understand."""
    return summed(
        index.query(
            f"select {READER} site, c.url, u.capture, u.reason, u.lost, u.place from unread_newest u"  # noqa: S608
            " join capture c on c.id = u.capture where c.run = ? order by c.leaf, u.ordinal",
            (run,),
        )
    )


def summed(rows: Iterable[sqlite3.Row]) -> list[OddReason]:
    """Rows of site, url, capture, reason, lost, place: lost ones first, then the most frequent."""
    found: dict[tuple[str, str, bool], OddReason] = {}
    for row in rows:
        reason, lost = _ADDRESS.sub("…", row["reason"]), bool(row["lost"])
        first = OddReason(row["site"], reason, lost, 0, row["capture"], row["url"], row["place"])
        found.setdefault((row["site"], reason, lost), first).count += 1
    return sorted(found.values(), key=lambda odd: (not odd.lost, -odd.count, odd.site, odd.reason))
