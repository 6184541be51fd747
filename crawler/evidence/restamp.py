"""`evidence seal --renew`: name the tokens whose certificates end soon in the log, and stamp it again before they do.

The event ``stamps-renewed`` is a leaf like any other; the seal over it is what renews (crawler.evidence.renewal).
"""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crawler.errors import FormatError
from crawler.evidence.archive import Archive
from crawler.evidence.checks.stamps import Anchors, Stamp, check_stamps
from crawler.evidence.renewal import ACT, good_until, renewal_events, tokens_named
from crawler.evidence.report import Faults
from crawler.evidence.seal import Seal, seal
from crawler.evidence.timestamp import Send

Record = Callable[[str, dict[str, Any]], int]
"""Appends an event to the log, as `Session.record_event` does."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a renewal found and did.

    `until` says for each authority how long its newest token holds, `holds_until` how long every checkpoint has
    at least one token that holds; None where there is no token. `lapsed` names checkpoints that nobody renewed in
    time, `damaged` tokens that do not verify.
    """

    horizon: datetime
    renewed: tuple[str, ...]
    seal: Seal | None
    until: dict[str, datetime]
    holds_until: datetime | None
    lapsed: tuple[int, ...]
    damaged: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every checkpoint that was ever stamped holds beyond the horizon."""
        safe = self.holds_until is not None and self.holds_until >= self.horizon
        return safe and not self.lapsed and not self.damaged


def renew(
    archive: Archive, send: Send, record: Record, *, days: float = 90.0, passphrase: bytes | None = None
) -> Renewal:
    """Renew the tokens that do not hold for `days` more. With none such, nothing is written and nobody asked.

    Raises DiskFull, RecordError, LogError; an authority that fails is in the seal's `missing`.
    """
    now = datetime.now(UTC)
    horizon = now + timedelta(days=days)
    before = _Survey(archive)
    due = before.due(now, horizon)
    done = None
    if due:
        for details in renewal_events(due):
            record(ACT, details)
        done = seal(archive, send, passphrase=passphrase)
        before = _Survey(archive)
    ends = before.ends()
    lapsed = tuple(size for size, end in sorted(ends.items()) if end < now)
    alive = [end for end in ends.values() if end >= now]
    return Renewal(
        horizon,
        tuple(due),
        done,
        before.newest(),
        min(alive, default=None),
        lapsed,
        tuple(before.faults.named),
    )


class _Survey:
    """All tokens of an archive, verified, and until when each holds."""

    def __init__(self, archive: Archive) -> None:
        self.faults = Faults("timestamps")
        notes = {size: archive.log.checkpoint_at(size)[1] for size in archive.log.checkpoint_sizes}
        anchors = Anchors(archive.path / "trust")
        self._stamps = check_stamps(archive.path / "log/stamps", notes, anchors, self.faults).verified
        self._until = good_until(self._stamps, _named(archive))

    def ends(self) -> dict[int, datetime]:
        """Until when each stamped checkpoint holds: as long as its best token."""
        ends: dict[int, datetime] = {}
        for stamp in self._stamps:
            end = self._until[stamp.digest]
            ends[stamp.size] = max(end, ends.get(stamp.size, end))
        return ends

    def due(self, now: datetime, horizon: datetime) -> list[str]:
        """Digests of the tokens to renew, in the order of their checkpoints; what has ended is beyond renewal.

        Only if some checkpoint needs it: an authority whose certificates are short has tokens that end soon on
        every new checkpoint, and as long as another authority's token holds there, nothing is lost.
        """
        if not any(now <= end < horizon for end in self.ends().values()):
            return []
        return [
            stamp.digest
            for stamp in sorted(self._stamps, key=lambda stamp: (stamp.size, stamp.authority))
            if now <= self._until[stamp.digest] < horizon
        ]

    def newest(self) -> dict[str, datetime]:
        """For each authority until when its newest token holds."""
        by_authority: dict[str, list[Stamp]] = defaultdict(list)
        for stamp in self._stamps:
            by_authority[stamp.authority].append(stamp)
        return {
            name: self._until[max(stamps, key=lambda stamp: stamp.size).digest]
            for name, stamps in sorted(by_authority.items())
        }


def _named(archive: Archive) -> dict[str, int]:
    """The smallest index of a leaf that names each token."""
    named: dict[str, int] = {}
    for entry in archive.entries():
        try:
            tokens = tokens_named(json.loads(entry.leaf))
        except (FormatError, ValueError, RecursionError):
            continue  # a damaged leaf names nothing; `evidence verify` tells of it
        for token in tokens:
            named.setdefault(token, entry.index)
    return named
