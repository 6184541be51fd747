"""What a leaf says of its own time, against the trusted times around it.

A capture names the tokens that were there when it began, and a later checkpoint covers it. Its clock proves
nothing, but it must not contradict these: that is how a capture that was dated back, or forward, is seen.

Whoever dates back may leave out the tokens, or name old ones. But the log has an order: what stands behind a leaf
that names a token was put there after that token's time, and everything is logged as soon as it has ended (`Order`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crawler.evidence.bracket import Bound, Bracket
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.manifest import Capture, Event

TOLERANCE = timedelta(minutes=10)  # by which the clock of a collecting machine may be wrong


def contradiction(subject: Capture | Event, bracket: Bracket) -> str | None:
    """Why the times that a capture or an event states cannot be true; None if they can."""
    began, done = (subject.time,) * 2 if isinstance(subject, Event) else (subject.started, subject.ended)
    try:
        started, ended = datetime.fromisoformat(began), datetime.fromisoformat(done)
    except ValueError:
        return f"its times are none: {began[:40]!r}, {done[:40]!r}"
    if started.tzinfo is None or ended.tzinfo is None:
        return f"its times have no zone: {began[:40]!r}, {done[:40]!r}"
    lower, upper = bracket.not_before, bracket.not_after
    if lower is not None and started < lower.time - TOLERANCE:
        return f"says it began at {began}, but names a token of {lower.time:%Y-%m-%dT%H:%M:%SZ}"
    if upper is not None and max(started, ended) > upper.time + TOLERANCE:
        return (
            f"says it began at {began} and ended at {done}, but was stamped at"
            f" {upper.time:%Y-%m-%dT%H:%M:%SZ}"
        )
    return None


@dataclass(slots=True)
class Order:
    """The latest lower bound of the leaves so far, which what follows must not deny. Takes leaves in log order."""

    floor: datetime | None = None
    oldest: tuple[datetime, str] | None = (
        None  # the oldest time of its own that a leaf states, and the words for it
    )

    def take(self, index: int, leaf: Leaf, bound: Bound | None) -> str | None:
        """The next leaf, and its own lower bound; what is wrong with it, or None."""
        said, name = _ended(leaf), f"entry {index}, {leaf}"
        wrong = None if said is None else _denied(said, name, self.floor)
        if said is not None and wrong is None and (self.oldest is None or said < self.oldest[0]):
            self.oldest = said, name
        if bound is not None:
            self.floor = bound.time if self.floor is None else max(self.floor, bound.time)
        return wrong

    def follow(self, later: "Order") -> str | None:
        """The leaves after these, which were taken on their own; what is wrong with the oldest of them, or None."""
        wrong = None if later.oldest is None else _denied(*later.oldest, self.floor)
        floors = [floor for floor in (self.floor, later.floor) if floor is not None]
        self.floor = max(floors, default=None)
        return wrong


def _ended(leaf: Leaf) -> datetime | None:
    """When a leaf says that it was done; None for what is no such time (`contradiction` names it)."""
    text = (
        leaf.capture.ended if leaf.capture is not None else leaf.event.time if leaf.event is not None else ""
    )
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if said.tzinfo is None else said.astimezone(UTC)


def _denied(said: datetime, name: str, floor: datetime | None) -> str | None:
    if floor is None or said >= floor - TOLERANCE:
        return None
    return (
        f"{name}: says that it ended at {said:%Y-%m-%dT%H:%M:%SZ}, but stands in the log behind an entry that names a"
        f" token of {floor:%Y-%m-%dT%H:%M:%SZ}"
    )
