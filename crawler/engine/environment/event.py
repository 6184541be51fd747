"""The log event ``environment-checked``: what was found at one moment of a run, in at most 64 KiB."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from crawler.engine.environment.result import Json, Result
from crawler.evidence.digest import digest
from crawler.evidence.manifest import canonical

ACT = "environment-checked"
Moment = Literal["before", "after"]
_LIMIT = 56_000  # bytes of the details; a leaf holds some more beside them
_CONTENT = 45_000  # bytes that `fitted` gives the results
_SMALL = 200  # bytes: below it, a digest would save nothing
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
    size = len(canonical({"v": value}))
    return value if size <= 2000 else {"sha256": digest(canonical({"v": value})), "bytes": size}


def fitted(entries: Sequence[Json], limit: int) -> list[Json]:
    """The entries in at most `limit` bytes: the largest values give way to their digests, then the last go."""
    kept = [dict(entry) for entry in entries]
    sizes = [_size(entry) for entry in kept]
    while sum(sizes) > limit:
        largest = max(range(len(kept)), key=sizes.__getitem__)
        if "value" not in kept[largest] or sizes[largest] <= _SMALL or "left_out" in kept[largest]:
            break
        value = kept[largest].pop("value")
        kept[largest]["left_out"] = {"sha256": digest(canonical(value)), "bytes": len(canonical(value))}
        sizes[largest] = _size(kept[largest])
    while kept and sum(map(_size, kept)) > limit:
        kept.pop()
    return kept


def _size(entry: Json) -> int:
    return len(canonical(entry)) + 1
