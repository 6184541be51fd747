"""The log event ``environment-checked``: what was found at one moment of a run, in at most 64 KiB."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import rfc8785

from crawler.engine.environment.result import Json, Result
from crawler.evidence.digest import digest

ACT = "environment-checked"
Moment = Literal["before", "after"]
_LIMIT = 56_000  # bytes of the details; a leaf holds some more beside them
_CONTENT = 45_000  # bytes that `fitted` gives the results
_SMALL = 400  # bytes: below it, a digest would save nothing
_LONGEST = 2000  # bytes of one value of a difference
_MOST_DIFFERENCES = 60


def details(run: str, moment: Moment, results: Sequence[Result], changed: Sequence[Json]) -> Json:
    """The details of the event. Counts and names of failures come first for those who only skim."""
    counts = Counter(result.outcome for result in results)
    found = [{key: _kept(value) for key, value in change.items()} for change in changed[:_MOST_DIFFERENCES]]
    return {
        "run": run,
        "moment": moment,
        "counts": {outcome: counts[outcome] for outcome in ("passed", "failed", "skipped")},
        "failed": sorted({result.name for result in results if result.outcome == "failed"}),
        "changed": len(changed),
        "results": fitted([result.to_log() for result in results], _CONTENT),
        "differences": fitted(found, _LIMIT - _CONTENT),
    }


def _kept(value: object) -> object:
    return value if len(_bytes(value)) <= _LONGEST else _named(value)


def _named(value: object) -> Json:
    """What stands for a value that is too long: it can be checked by whoever has it."""
    content = _bytes(value)
    return {"sha256": digest(content), "bytes": len(content)}


def fitted(entries: Sequence[Json], limit: int) -> list[Json]:
    """The entries in at most `limit` bytes: the largest values give way to their digests, then the last go."""
    kept = [dict(entry) for entry in entries]
    sizes = [len(_bytes(entry)) + 1 for entry in kept]
    for at in sorted(range(len(kept)), key=sizes.__getitem__, reverse=True):
        if sum(sizes) <= limit or sizes[at] <= _SMALL:
            break
        if "value" in kept[at]:
            kept[at]["left_out"] = _named(kept[at].pop("value"))
            sizes[at] = len(_bytes(kept[at])) + 1
    while sum(sizes) > limit:
        kept.pop()
        sizes.pop()
    return kept


def _bytes(value: object) -> bytes:
    """RFC 8785 bytes, of any length."""
    return rfc8785.dumps(value)  # type: ignore[arg-type]
