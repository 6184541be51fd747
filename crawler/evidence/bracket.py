"""Between which trusted times a leaf came into being, as the tokens of time-stamping authorities tell.

*Not before*: a leaf names the tokens that it commits to, so it came after them. Of those that verify the
earliest counts. *Not after*: a checkpoint covers the leaf, so the leaf was there when it was stamped. Of the
tokens over one checkpoint the latest counts, and of the checkpoints the one with the earliest such time.
Both hold as long as *one* of the authorities whose tokens are listed is honest.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from crawler import clock
from crawler.evidence.checks.stamps import Stamp
from crawler.evidence.manifest import Capture, SealedTime
from crawler.evidence.report import BoundFacts, CaptureTime, TokenFacts


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of a bracket: the trusted time (UTC), the checkpoint's size, and the tokens that give it."""

    time: datetime
    size: int
    stamps: tuple[Stamp, ...]

    def to_facts(self) -> BoundFacts:
        """As a report states it."""
        tokens = tuple(
            TokenFacts(
                stamp.authority,
                clock.stamp(stamp.gen_time),
                stamp.policy,
                str(stamp.serial),
                stamp.verified_by,
                stamp.subject,
            )
            for stamp in self.stamps
        )
        return BoundFacts(clock.stamp(self.time), self.size, tokens)


@dataclass(frozen=True, slots=True)
class Bracket:
    """Both sides; None where no valid token gives one."""

    not_before: Bound | None
    not_after: Bound | None

    def to_facts(self, capture: Capture, index: int) -> CaptureTime:
        """As a report states it for a capture and its leaf's index."""
        lower = None if self.not_before is None else self.not_before.to_facts()
        upper = None if self.not_after is None else self.not_after.to_facts()
        return CaptureTime(capture.id, index, capture.url, capture.state, lower, upper)


class Brackets:
    """The brackets of any number of leaves, each found in logarithmic time.

    `stamps` are the tokens that count: verified and, for a later date, still valid (`renewal.good_at`).
    """

    def __init__(self, stamps: Iterable[Stamp]) -> None:
        by_size: dict[int, list[Stamp]] = defaultdict(list)
        for stamp in stamps:
            by_size[stamp.size].append(stamp)
        self._by_size = by_size
        self._sizes = sorted(by_size)
        # For each size the best bound among it and all larger ones; on equal times the smaller checkpoint.
        self._best: list[Bound] = []
        for size in reversed(self._sizes):
            own = Bound(max(stamp.gen_time for stamp in by_size[size]), size, _ordered(by_size[size]))
            later = self._best[-1] if self._best else own
            self._best.append(later if later.time < own.time else own)
        self._best.reverse()

    def of(self, index: int, after: SealedTime | None) -> Bracket:
        """The bracket of leaf `index`, which commits to `after`."""
        return Bracket(self.not_before(after), self.not_after(index))

    def not_before(self, after: SealedTime | None) -> Bound | None:
        """The lower bound of what commits to `after`: only tokens that it names, never later ones."""
        if after is None:
            return None
        named = [stamp for stamp in self._by_size.get(after.size, ()) if stamp.digest in after.tokens]
        if not named:
            return None
        return Bound(min(stamp.gen_time for stamp in named), after.size, _ordered(named))

    def not_after(self, index: int) -> Bound | None:
        """The upper bound of leaf `index`."""
        place = bisect_right(self._sizes, index)
        return self._best[place] if place < len(self._best) else None


def _ordered(stamps: Iterable[Stamp]) -> tuple[Stamp, ...]:
    return tuple(sorted(stamps, key=lambda stamp: (stamp.gen_time, stamp.authority)))
