"""Words that many buyers share for innocent reasons: platform texts, tags, page furniture, points-hunting copypasta.

The table is `boilerplate.toml`. Beside it stands one learned rule: a run that is found on many products over a long
time, without a place and time where it is dense, is culture and not a campaign (`is_culture`).
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import ahocorasick
import numpy as np

from crawler.detect.text.normalise import Places, normalised

_COUNTED = re.compile("[0-9]{1,3}个?字")  # "15个字": what a platform's points ask for
# Two texts that are masked differently can share nothing of what was masked (private use area, never normalised).
MASKS = "\ue000\ue001"
LEAST_PRODUCTS = 5  # a run on fewer products may be one seller's campaign
LEAST_DAYS = 90  # longer than any promotion and its reminders
MOST_DENSE = 0.3  # share of a run's reviews that one product may hold within WINDOW days
WINDOW = 14  # days


@dataclass(frozen=True, slots=True)
class Stretch:
    """Boilerplate in a normalised text: [start, end), and of which kind."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Where and when a run is found: one row of numbers for each review. `days` −1: the time is not known."""

    products: Places
    days: Places

    @property
    def dated(self) -> Places:
        return self.days[self.days >= 0]


def stretches(text: str) -> list[Stretch]:
    """Platform texts, rows of app tags and page furniture in a normalised text, by their place."""
    table, automaton = _table(), _automaton()
    hits = _longest([(end + 1 - len(word), end + 1, kind) for end, (kind, word) in automaton.iter(text)])
    found = [Stretch("default", start, end) for start, end, kind in hits if kind == "default"]
    for kind in ("prefix", "furniture"):
        rows = [(start, end) for start, end, each in hits if each == kind]
        found += [Stretch(kind, *span) for span in _rows(rows, table[kind]["least"], table[kind]["apart"])]
    return sorted(found, key=lambda each: (each.start, each.end, each.kind))


def masked(text: str, mask: str) -> str:
    """A normalised text with each character of its boilerplate replaced by `mask` (one of MASKS)."""
    characters = list(text)
    for stretch in stretches(text):
        # A tag's own words are masked, not what the buyer wrote between two tags.
        for place in _own_places(stretch, text):
            characters[place] = mask
    return "".join(characters)


def kind_of(run: str, inside: Sequence[str] = ()) -> str | None:
    """Why a run is boilerplate, as a kind of the table; None: it is not. `inside`: normalised texts that hold it."""
    covered: dict[str, int] = {}
    for stretch in stretches(run):
        size = len([*_own_places(stretch, run)])
        covered[stretch.kind] = covered.get(stretch.kind, 0) + size
    # What remains beside the phrase must not be a run by itself.
    if covered and len(run) - sum(covered.values()) < max(8, len(run) // 3):
        return max(sorted(covered), key=covered.__getitem__)
    hunters = sum(map(is_hunting, inside))
    return "hunting" if is_hunting(run) or (inside and hunters * 2 > len(inside)) else None


def is_hunting(text: str) -> bool:
    """Whether a normalised text says of itself, twice, that it is written for points or used for everything."""
    words = {word for _, (kind, word) in _automaton().iter(text) if kind == "hunting"}
    # "凑字数" within "为了凑字数" is one mark, not two.
    marks = [word for word in words if not any(word != other and word in other for other in words)]
    marks += [] if (counted := _COUNTED.search(text)) is None else [counted[0]]
    return len(marks) >= int(_table()["hunting"]["least"])


def names_no_fact(run: str) -> bool:
    """Whether a run is mostly talk that fits any goods."""
    hits = [(end + 1 - len(word), end + 1, kind) for end, (kind, word) in _automaton().iter(run)]
    covered = {place for start, end, kind in hits if kind == "anygoods" for place in range(start, end)}
    return bool(run) and len(covered) >= float(_table()["anygoods"]["share"]) * len(run)


def is_culture(spread: Spread) -> bool:
    """Learned from the archive: on many products, over a long time, nowhere dense. Where most times are not known:
    on so many products that no one of them matters."""
    count = len(spread.products)
    products = len(np.unique(spread.products))
    if products < LEAST_PRODUCTS:
        return False
    dated = spread.dated
    if len(dated) * 2 < count:
        largest = int(np.bincount(np.unique(spread.products, return_inverse=True)[1]).max())
        return products >= 2 * LEAST_PRODUCTS and largest <= MOST_DENSE * count
    if int(dated.max() - dated.min()) < LEAST_DAYS:
        return False
    return densest(spread) <= max(2, MOST_DENSE * count)


def densest(spread: Spread, window: int = WINDOW) -> int:
    """The most reviews that one product holds within `window` days."""
    known = spread.days >= 0
    order = np.lexsort((spread.days[known], spread.products[known]))
    products, days = spread.products[known][order], spread.days[known][order]
    if not len(days):
        return 0
    # One number line: products so far apart that no window reaches from one to the next.
    line = np.unique(products, return_inverse=True)[1] * (int(days.max()) + 2 * window) + days
    return int((np.searchsorted(line, line + window, "left") - np.arange(len(line))).max())


def _longest(hits: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Hits that no longer hit of the same kind contains."""
    found: list[tuple[int, int, str]] = []
    reach: dict[str, int] = {}
    for start, end, kind in sorted(hits, key=lambda hit: (hit[0], -hit[1], hit[2])):
        if end > reach.get(kind, 0):
            reach[kind] = end
            found.append((start, end, kind))
    return found


def _rows(spans: list[tuple[int, int]], least: int, apart: int) -> list[tuple[int, int]]:
    """Stretches of at least `least` spans with at most `apart` characters between neighbours."""
    rows: list[list[tuple[int, int]]] = []
    for span in spans:
        if rows and span[0] - rows[-1][-1][1] <= apart:
            rows[-1].append(span)
        else:
            rows.append([span])
    return [(row[0][0], row[-1][1]) for row in rows if len(row) >= least]


def _own_places(stretch: Stretch, text: str) -> set[int]:
    """Places of the phrases themselves for tags; of everything in between for page furniture and defaults."""
    if stretch.kind != "prefix":
        return set(range(stretch.start, stretch.end))
    part = text[stretch.start : stretch.end]
    return {
        stretch.start + place
        for end, (kind, word) in _automaton().iter(part)
        if kind == "prefix"
        for place in range(end + 1 - len(word), end + 1)
    }


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("boilerplate.toml").read_text("utf-8"))


@cache
def _automaton() -> Any:
    automaton = ahocorasick.Automaton()
    for kind, rows in _table().items():
        for phrase in rows["phrases"]:
            word = normalised(phrase).text
            automaton.add_word(word, (kind, word))
    automaton.make_automaton()
    return automaton
