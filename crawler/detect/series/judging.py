"""Which windows become findings: unusual in volume without an innocent reason, or in volume and composition."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from crawler.detect.series.calendar import Calendar
from crawler.detect.series.chances import benjamini_hochberg
from crawler.detect.series.composition import Common, Composition, composition, in_common
from crawler.detect.series.expected import GAP
from crawler.detect.series.innocent import Surroundings, Tested, tested
from crawler.detect.series.people import Told, apart, inside, people
from crawler.detect.series.scan import MODEST, Scan, Window, name, touch

# Share of false alarms among windows called by volume alone, and by volume and composition together: the second may
# be stricter because a window that is made up otherwise is so by far.
BY_VOLUME, TOGETHER = 0.05, 0.05
# Chance of a composition that stands although the volume is explained: an archive has tens of such windows, not
# thousands.
_FAR_OTHERWISE = 1e-3
_KEPT = 0.01  # joint chance above which a window cannot be called, whatever the others are
_SAME_ONE = 0.6  # of a shop's window in one product: then the product's own window says it


@dataclass(frozen=True, slots=True)
class Judged:
    """A window with everything that was tested. `joint`: chance of volume and composition, `q_joint` with all
    windows accounted for. `before`, `after`: compared with the time before and after only. `lengths`: the most
    unusual window of each length at this place."""

    window: Window
    rows: tuple[Told, ...]
    made_up: Composition
    before: Composition
    after: Composition
    innocent: tuple[Tested, ...]
    joint: float
    lengths: tuple[Window, ...] = ()
    q_joint: float = 1.0
    q_volume: float = 1.0

    @property
    def explained(self) -> tuple[Tested, ...]:
        """Explanations that suffice for the volume."""
        return tuple(each for each in self.innocent if each.explains)

    @property
    def by_volume(self) -> bool:
        """Whether it is unusual in volume among all windows, explained or not."""
        return self.window.q <= BY_VOLUME

    @property
    def otherwise(self) -> bool:
        """Whether it is called by volume and composition together; each must say something by itself."""
        if not any(share.clear for share in self.made_up.shares):
            return False
        return self.q_joint <= TOGETHER and (not self.explained or self.made_up.p <= _FAR_OTHERWISE)

    @property
    def called(self) -> bool:
        """Whether it becomes a finding."""
        return self.otherwise or (self.q_volume <= BY_VOLUME and not self.explained)


def volume_threshold(scan: Scan) -> float:
    """The highest chance that is still called by volume; where none is, what the first would need."""
    called = [window.p for window in scan.windows if window.q <= BY_VOLUME]
    return max(called, default=BY_VOLUME / max(1, scan.tests))


def judged(
    windows: Sequence[Window], rows: Sequence[Told], words: Calendar, threshold: float
) -> list[Judged]:
    """The windows of one series with its reviews. Those that can become nothing are left out."""
    ordered = sorted(rows, key=lambda row: (row.day, row.review.identifier))
    common: Common | None = None
    found = []
    for window in windows:
        common = in_common(ordered) if common is None else common
        made = _one(window, ordered, common, words, threshold)
        if made.by_volume or made.joint <= _KEPT:
            found.append(made)
    return [replace(each, lengths=_lengths(each.window, windows)) for each in _apart(found)]


def _apart(found: Iterable[Judged]) -> list[Judged]:
    """Of windows that show the same rise the least probable one, by volume or together with composition."""
    kept: list[Judged] = []
    for each in sorted(found, key=lambda each: (min(each.joint, each.window.p), *name(each.window))):
        if not any(touch(each.window, other.window) for other in kept):
            kept.append(each)
    return kept


def _lengths(window: Window, windows: Iterable[Window]) -> tuple[Window, ...]:
    best: dict[int, Window] = {}
    for each in windows:
        if touch(each, window) and (each.days not in best or each.p < best[each.days].p):
            best[each.days] = each
    return tuple(best[days] for days in sorted(best))


def _one(window: Window, rows: Sequence[Told], common: Common, words: Calendar, threshold: float) -> Judged:
    own = inside(rows, window.first, window.last)
    rest = apart(rows, window.first, window.last, GAP)
    each = people(own)
    made_up = composition(each, rest, common)
    limit = threshold if window.q <= BY_VOLUME else MODEST
    before = [row for row in rest if row.day < window.first]
    after = [row for row in rest if row.day > window.last]
    return Judged(
        window=window, rows=tuple(own), made_up=made_up,
        before=composition(each, before, common), after=composition(each, after, common),
        innocent=tested(Surroundings(window, own, rest, words, limit)),
        joint=made_up.together_with(window.p),
    )  # fmt: skip


def decided(all_judged: Iterable[Judged], tests: int) -> list[Judged]:
    """The chances of each with all windows accounted for, in order of place and time.

    One window counts for each place, and by volume only what is not explained: forty windows over one sale shall not
    lower the bar for the rest.
    """
    rows = sorted(all_judged, key=lambda each: name(each.window))
    joint = benjamini_hochberg([each.joint for each in rows], tests)
    open_ones = [place for place, each in enumerate(rows) if not each.explained]
    volume = dict(
        zip(open_ones, benjamini_hochberg([rows[place].window.p for place in open_ones], tests), strict=True)
    )
    return [
        replace(each, q_joint=float(joint[place]), q_volume=float(volume.get(place, 1.0)))
        for place, each in enumerate(rows)
    ]


def not_of_one_product(of_shops: Iterable[Judged], product_of: Mapping[str, str]) -> list[Judged]:
    """Shops' windows that no single product makes up. `product_of`: review → product."""
    found = []
    for each in of_shops:
        counts: dict[str, int] = {}
        for row in each.rows:
            product = product_of[row.review.identifier]
            counts[product] = counts.get(product, 0) + 1
        if max(counts.values(), default=0) < _SAME_ONE * len(each.rows):
            found.append(each)
    return found
