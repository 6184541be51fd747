"""What changed between two moments: outcomes, and the fields that rules.toml says to compare."""

from collections.abc import Iterable, Sequence
from typing import Any

from crawler.engine.environment.result import Json, Result
from crawler.engine.environment.rules import rules

_MOST = 20  # entries of a list that appeared, or are gone
_ABSENT = None


def differences(before: Sequence[Result], after: Sequence[Result]) -> list[Json]:
    """One entry for each change: the check, its subject, the field, and what it was and is.

    A list is compared as a set: what appeared and what is gone. Results of one moment only (a host that was not
    known before) are no change.
    """
    earlier = {(result.name, result.subject): result for result in before}
    found: list[Json] = []
    for result in after:
        was = earlier.get((result.name, result.subject))
        if was is not None:
            found += _changes(was, result)
    return found


def _changes(before: Result, after: Result) -> Iterable[Json]:
    which: Json = {"check": after.name, **({"subject": after.subject} if after.subject else {})}
    if before.outcome != after.outcome:
        yield {**which, "field": "outcome", "before": before.outcome, "after": after.outcome}
    if "skipped" in (before.outcome, after.outcome):
        return  # one of the two was not looked at: its value says nothing
    for field in rules()[after.name].compared:
        was, now = _at(before.value, field), _at(after.value, field)
        if was != now:
            yield {**which, "field": field, **_change(was, now)}


def _at(value: Any, field: str) -> Any:
    for part in field.split("."):
        value = value.get(part, _ABSENT) if isinstance(value, dict) else _ABSENT
    return value


def _change(was: Any, now: Any) -> Json:
    if isinstance(was, list) and isinstance(now, list):
        appeared, gone = _lacking(now, was), _lacking(was, now)
        return {"appeared": appeared[:_MOST], "gone": gone[:_MOST]}
    return {"before": was, "after": now}


def _lacking(some: list[Any], others: list[Any]) -> list[Any]:
    return [entry for entry in some if entry not in others]
