"""Alarms on real reviews: `python -m tests.detect.jd_bursts [--injected 200] [--seed 1]`.

Reads ../shared/detect/jd_comment_xyf in place (products with at least 100 reviews that have a time) and prints no
text and no name. There are no ratings and no counters, names are masked, so that accounts are masks.
`--injected N` is a simulation: N times fifteen reviews by fifteen accounts within three days are added to a real
timeline, at a random place among the days that are judged, one at a time; it is found where an alarm touches it.
"""

import argparse
import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from crawler.detect.kit.corpus import Review
from crawler.detect.series.calendar import calendar
from crawler.detect.series.counts import Series, printed, series
from crawler.detect.series.expected import GAP, LEAST_WEEKS, WEEK
from crawler.detect.series.histories import EDGE
from crawler.detect.series.judging import Judged, decided, judged, volume_threshold
from crawler.detect.series.people import Told, told
from crawler.detect.series.scan import Scan, candidates, scanned
from tests.detect.things import review

FILE = Path(__file__).parents[3] / "shared" / "detect" / "jd_comment_xyf" / "jdComment_DataSet.csv"
LEAST = 100
BURST, DAYS = 15, 3
HISTORY = GAP + LEAST_WEEKS * WEEK
Products = dict[str, list[Review]]


def products(path: Path = FILE) -> Products:
    """Product (a number, in the order of names) → its reviews."""
    by_name: dict[str, list[dict[str, str]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if _moment(row) is not None:
                by_name[row["referenceName"]].append(row)
    large = [rows for _, rows in sorted(by_name.items()) if len(rows) >= LEAST]
    return {f"p{number:02}": list(_reviews(f"p{number:02}", rows)) for number, rows in enumerate(large)}


def repeats(found: Products) -> dict[str, str]:
    """Products that hold the very reviews of an earlier one (two names of one list): product → the earlier one."""
    first: dict[tuple[tuple[str, str | None], ...], str] = {}
    twice = {}
    for key, rows in found.items():
        content = tuple(sorted((row.review_body, row.published_at) for row in rows))
        if first.setdefault(content, key) != key:
            twice[key] = first[content]
    return twice


def _moment(row: dict[str, str]) -> datetime | None:
    try:
        return datetime.strptime(row["creationTime"] + " +0800", "%Y/%m/%d %H:%M %z")
    except ValueError:
        return None


def _reviews(product: str, rows: Sequence[dict[str, str]]) -> Iterator[Review]:
    for number, row in enumerate(rows):
        moment = _moment(row)
        assert moment is not None
        yield review(
            f"{product}-{number}", row["content"], author=row["user"], item_reviewed=product,
            published_at=f"{moment:%Y-%m-%dT%H:%M}:00+08:00", published_precision="minute",
        )  # fmt: skip


class Market:
    """The real products; looked at once as they are, or with something added."""

    def __init__(self, found: Products) -> None:
        words = calendar()
        written = Counter(each.author_alias for rows in found.values() for each in rows)
        self.words = words
        self.rows = {
            # Masks are no accounts: that one occurs once says nothing.
            key: [replace(row, once=None) for each in rows if (row := told(each, dict(written), words))]
            for key, rows in found.items()
        }
        self.last = max(row.day for rows in self.rows.values() for row in rows)

    def series(self, key: str, rows: Sequence[Told]) -> Series:
        days = (row.day for row in rows)
        return series(key, key, days, last=self.last, judged_until=self.last - EDGE)

    def scan(self, changed: dict[str, list[Told]]) -> Scan:
        rows = self.rows | changed
        return scanned([self.series(key, rows[key]) for key in rows], dict.fromkeys(rows, "jd"))

    def judged(self, changed: dict[str, list[Told]], only: str | None = None) -> list[Judged]:
        rows, scan = self.rows | changed, self.scan(changed)
        limit = volume_threshold(scan)
        found = []
        for key, windows in candidates(scan).items():
            if only in (None, key):
                found += judged(windows, rows[key], self.words, limit)
        return decided(found, scan.tests)

    def _days(self, rows: Sequence[Told]) -> range:
        """First days of a burst that is judged: after four weeks of history and the gap, before the edge."""
        return range(min(row.day for row in rows) + HISTORY, self.last - EDGE - DAYS + 1)

    def injected(self, dice: random.Random, *, brief: bool) -> tuple[str, int, list[Told]]:
        """A product, a first day, and its reviews with a burst. `brief`: the texts share two points."""
        key = dice.choice(sorted(key for key, rows in self.rows.items() if rows and self._days(rows)))
        rows = self.rows[key]
        day = dice.choice(self._days(rows))
        like = dice.choice(rows)
        more = [
            replace(
                like, day=day + number * DAYS // BURST, account=f"added {number}", once=None, default=False,
                promotion=False, earlier=False,
                review=replace(like.review, identifier=f"added-{number}", review_body=_words(number, brief)),
            )
            for number in range(BURST)
        ]  # fmt: skip
        return key, day, [*rows, *more]


def _words(number: int, brief: bool) -> str:
    own = f"第{number}个人写的，{number * 7}天"
    return f"{own}，底子软得像踩棉花，颜色比图上还正" if brief else own


def shown(each: Judged) -> str:
    """One window in a line of English, without texts."""
    window = each.window
    reasons = ", ".join(reason.name for reason in each.explained) or "-"
    clear = ", ".join(share.name for share in each.made_up.shares if share.clear) or "-"
    return (
        f"{window.key} {printed(window.first)} {window.days:2}d {window.observed:3} seen"
        f" {window.expected:6.2f} expected  q {window.q:.1e}  own q {each.q_volume:.1e}  joint q {each.q_joint:.1e}"
        f"  otherwise: {clear}  explained: {reasons}"
    )


def main() -> None:
    """Print the windows that are alarms, those that were explained away, and the simulation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--injected", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = products()
    for key, earlier in repeats(found).items():
        print(f"{key} holds the reviews of {earlier} again (one list, two names); read once")
        del found[key]
    market = Market(found)
    rows = market.judged({})
    alarms = [each for each in rows if each.called]
    print(f"{len(market.rows)} products, {sum(map(len, market.rows.values()))} reviews with a time")
    print(f"alarms: {len(alarms)}")
    print(*map(shown, alarms), sep="\n")
    print("unusual in volume, and explained:")
    print(*(shown(each) for each in rows if each.by_volume and not each.called), sep="\n")
    if given.injected:
        for brief in (False, True):
            simulate(market, given.injected, given.seed, brief=brief)


def simulate(market: Market, times: int, seed: int, *, brief: bool) -> None:
    """Add a burst, look, and again; print how many were found, by the calendar and by the product's own rate."""
    dice = random.Random(seed)
    tally: dict[str, list[bool]] = defaultdict(list)
    for _ in range(times):
        key, day, rows = market.injected(dice, brief=brief)
        sale = bool(market.words.between(date.fromordinal(day), date.fromordinal(day + DAYS - 1)))
        alarms = [each.window for each in market.judged({key: rows}, only=key) if each.called]
        hit = any(window.first <= day + DAYS - 1 and day <= window.last for window in alarms)
        usual = sum(abs(row.day - day) <= 28 for row in market.rows[key]) / 57
        for name in (
            "all",
            "in a sale" if sale else "no sale",
            "below 2 a day" if usual < 2 else "2 a day or more",
        ):
            tally[name].append(hit)
    parts = (
        f"{name}: {sum(hits)} of {len(hits)} ({sum(hits) / len(hits):.1%})"
        for name, hits in sorted(tally.items())
    )
    kind = "texts that share two points" if brief else "volume only"
    print(f"simulation, {BURST} more in {DAYS} days, {kind}: " + "; ".join(parts))


if __name__ == "__main__":
    main()
