"""A case and its findings as a grade shows them: words without people, captures by their redacted form."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from crawler.store.casefile import CaseExhibit, CaseFile, Party

Json = dict[str, Any]
Text = Callable[[str], str]

# Who is named in a grade, and who also with identifier and address; the others are there by their part alone.
_NAMED = {
    "platform": {"association", "operator", "platform", "recruiter"},
    "public": {"association", "operator", "platform"},
}
_WITH_IDENTIFIER = {"platform": {"operator", "platform", "recruiter"}, "public": set[str]()}
_NAMELESS = "（已隐去）"


def published_case(case: CaseFile, captures: Mapping[str, str], grade: str, text: Text) -> CaseFile:
    """The case with its filed exhibits; ledgers, costs and notes stay with whoever runs it.

    `captures`: original → redacted, by id. `text` takes people out of a text.
    """
    return replace(
        case,
        title=text(case.title),
        cause=text(case.cause),
        requests=(),
        parties=tuple(_party(party, captures, grade, text) for party in case.parties),
        exhibits=tuple(_exhibit(one, captures, text) for one in case.exhibits if one.filed),
        ledger=(),
    )


def published_finding(content: Json, captures: Mapping[str, str], text: Text) -> Json:
    """What a finding says, without people. Captures that were not redacted for the case are not named."""
    changed: Json = _tree(content, captures, text)
    return changed


def _party(party: Party, captures: Mapping[str, str], grade: str, text: Text) -> Party:
    named, identified = party.role in _NAMED[grade], party.role in _WITH_IDENTIFIER[grade]
    return replace(
        party,
        name=text(party.name) if named else _NAMELESS,
        identifier=party.identifier if identified else "",
        address=party.address if identified else "",
        contact="",
        captures=tuple(captures[name] for name in party.captures if name in captures),
    )


def _exhibit(one: CaseExhibit, captures: Mapping[str, str], text: Text) -> CaseExhibit:
    regions = (region.partition(" ") for region in one.regions)
    return replace(
        one,
        title=text(one.title),
        purpose=text(one.purpose),
        source=text(one.source),
        original=text(one.original),
        captures=tuple(captures[name] for name in one.captures),
        regions=tuple(f"{captures[name]} {place}" for name, _, place in regions if name in captures),
    )


def _tree(value: Any, captures: Mapping[str, str], text: Text) -> Any:
    if isinstance(value, str):
        return captures.get(value) or text(value)
    if isinstance(value, dict):
        return {name: _tree(inner, captures, text) for name, inner in value.items()}
    return [_tree(inner, captures, text) for inner in value] if isinstance(value, list | tuple) else value
