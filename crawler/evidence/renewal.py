"""How long timestamp tokens hold: a certificate path ends, unless the token was stamped again before that.

A token is *renewed* when a leaf names the digest of its .tsr (every leaf does, of the tokens that it commits to;
and ``stamps-renewed`` events do) and a later checkpoint that covers this leaf has a token whose genTime lies
before the end of the old one's path: then the old token was already there while its path still held. The idea is
that of RFC 4998 (evidence records) and RFC 3161 section 4, with our log in the place of the hash tree.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from crawler.errors import FormatError
from crawler.evidence.checks.stamps import Stamp
from crawler.evidence.digest import parse_digest
from crawler.evidence.manifest import Json

ACT = "stamps-renewed"
TOKENS_PER_EVENT = 500  # 74 bytes each: an event stays far below the 64 KiB of a leaf


def tokens_named(leaf: Json) -> tuple[str, ...]:
    """Digests of the tokens (.tsr) that a parsed leaf names. Raises FormatError if they are not such digests."""
    after, details = leaf.get("after"), leaf.get("details")
    named: list[object] = []
    if isinstance(after, dict):
        named += _listed(after.get("tokens", []))
    if leaf.get("act") == ACT:
        named += _listed(details.get("tokens") if isinstance(details, dict) else None)
    for label in named:
        if not isinstance(label, str) or parse_digest(label)[0] != "sha256":
            raise FormatError(f"expected the sha256 digest of a token, found {label!r}")
    return tuple(label for label in named if isinstance(label, str))


def renewal_events(tokens: Sequence[str]) -> Iterator[Json]:
    """The details of the ``stamps-renewed`` events that name these digests, each within the size of a leaf."""
    for start in range(0, len(tokens), TOKENS_PER_EVENT):
        yield {"tokens": list(tokens[start : start + TOKENS_PER_EVENT])}


def good_until(stamps: Sequence[Stamp], named: Mapping[str, int]) -> dict[str, datetime]:
    """Until when each token holds, by the digest of its .tsr: the end of its path, or of its best renewal's.

    `named` maps such digests to the smallest index of a leaf that names them. Takes n log n.
    """
    until: dict[str, datetime] = {}
    ends = _LatestEnds(stamp.gen_time for stamp in stamps)
    events: list[tuple[int, int, Stamp]] = []
    for stamp in stamps:
        events.append((stamp.size, 0, stamp))
        index = named.get(stamp.digest, -1)
        if index >= stamp.size:  # a leaf cannot name a token over a log that contains this leaf
            events.append((index, 1, stamp))
    # From the end of the log backwards: when a leaf is reached, all checkpoints that cover it (larger sizes)
    # are known, and what is said of them is final.
    for _, naming, stamp in sorted(events, key=lambda event: event[:2], reverse=True):
        best = max(until.get(stamp.digest, stamp.path_until), stamp.path_until)
        if naming:
            renewed = ends.latest_before(stamp.path_until)
            until[stamp.digest] = best if renewed is None else max(best, renewed)
        else:
            until[stamp.digest] = best
            ends.add(stamp.gen_time, best)
    return until


def good_at(stamps: Sequence[Stamp], named: Mapping[str, int], at: datetime) -> list[Stamp]:
    """The tokens that hold at that date, by themselves or renewed in time."""
    until = good_until(stamps, named)
    return [stamp for stamp in stamps if until[stamp.digest] >= at]


class _LatestEnds:
    """The latest end among tokens stamped before a moment: a Fenwick tree of maxima over their genTimes."""

    def __init__(self, times: Iterable[datetime]) -> None:
        self._times = sorted(set(times))
        self._best: list[datetime | None] = [None] * (len(self._times) + 1)

    def add(self, time: datetime, end: datetime) -> None:
        place = bisect_left(self._times, time) + 1
        while place < len(self._best):
            known = self._best[place]
            self._best[place] = end if known is None else max(known, end)
            place += place & -place

    def latest_before(self, moment: datetime) -> datetime | None:
        place, latest = bisect_left(self._times, moment), None
        while place:
            known = self._best[place]
            if known is not None:
                latest = known if latest is None else max(latest, known)
            place -= place & -place
        return latest


def _listed(tokens: object) -> list[object]:
    if not isinstance(tokens, list):
        raise FormatError(f"a leaf should list the digests of tokens, found {tokens!r:.200}")
    return tokens
