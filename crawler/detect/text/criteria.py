"""The criteria of lexicon.toml over folded text: R recruiting, T task (F: account filter), V required praise,
M reward, P platform or shop, X contact; A names the act itself. A term behind a negation is void, unless the sentence
forbids only to mention it: that is an instruction to conceal, and part of the task.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Any

from crawler.detect.text.folding import Folded, Restoration, fold
from crawler.detect.text.phrases import Match, Phrases, Read, read
from crawler.law.lexicon import Strength, Term, lexicon

WEIGHTS: dict[Strength, float] = {"strong": 1.0, "medium": 0.6, "weak": 0.3}
LETTERS = "ARTFVMPX"
NEAR = 40  # characters: criteria this close speak of one thing (detection.md §6a)
CONCEAL = "隐瞒要求"
_VOIDABLE = "AVM"  # a negated platform or contact is still named
_EXCEPTION = "exception"
_FROM_LEXICON = {
    "recruiting": "R", "task_path": "T", "account_filter": "F", "deliverable": "V", "money": "M", "rebate_card": "M",
    "acts": "A",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """A term of a criterion at original offsets `start:end`; `at` is its folded offset."""

    criterion: str
    term: str
    weight: float
    start: int
    end: int
    at: int
    until: int
    void: bool  # behind a negation
    restored: tuple[Restoration, ...]


def hits(text: str, source: Read | None = None) -> list[Hit]:
    """Every term of a criterion in `text`, in order; of terms within each other only the longest."""
    source = source or read(text)
    found = []
    matches = sorted(
        _phrases().find(source.text, heard=source.swaps), key=lambda each: (each.end, each.start)
    )
    other = [(match.start, match.end) for match in matches if match.name == _EXCEPTION]
    for match in matches:
        if match.name == _EXCEPTION or _within(match, other):
            continue
        criterion, strength = match.name.split(":")
        void, conceals = _negated(source.text, match.start) if criterion in _VOIDABLE else (False, False)
        at, until = _trimmed(source.folded.text, *source.folded_span(match.start, match.end))
        start, end = source.folded.span(at, until)
        spellings = source.folded.restored_in(at, until)
        restored = tuple(each for each in spellings if each.core)
        if match.sounding:
            restored = (_heard(source.folded, match.phrase, at, until),)
        if conceals:
            found.append(Hit("T", CONCEAL, 1.0, start, end, at, until, False, restored))
        weight = WEIGHTS[strength]  # type: ignore[index]
        if criterion == "A" and len(restored) < len(spellings) and not source.swaps:
            weight = min(weight, WEIGHTS["medium"])  # one word, all of it by sound: 控保 need not be 空包
        found.append(
            Hit(criterion, match.phrase, weight, start, end, at, until, void and not conceals, restored)
        )
    return _outermost(found)


def criteria_features(text: str) -> dict[str, float]:
    """What the rules see, as numbers for a model that ranks: the same keys for every text, all finite.

    `n_X` distinct terms of criterion X; `w_X` weight of its strongest; `p_XY` 1 where X and Y stand within 40
    characters; `void` terms behind a negation; `evasive` restored spellings; `s_NAME`, `sure_NAME` cues of a stance.
    """
    from crawler.detect.text.stance import STANCES, cues  # it reads `settings` of this module

    source = read(text)
    found = hits(text, source)
    live = [hit for hit in found if not hit.void]
    features: dict[str, float] = {}
    for letter in LETTERS:
        own = [hit for hit in live if hit.criterion == letter]
        features[f"n_{letter}"] = float(len({hit.term for hit in own}))
        features[f"w_{letter}"] = max((hit.weight for hit in own), default=0.0)
    pairs = near_pairs(live)
    for place, first in enumerate(LETTERS):
        for second in LETTERS[place + 1 :]:
            features[f"p_{first}{second}"] = float((first, second) in pairs)
    features["void"] = float(len(found) - len(live))
    features["evasive"] = float(sum(each.core for each in source.folded.restorations))
    told = cues(source)
    for name in STANCES:
        features[f"s_{name}"] = float(len({cue.text for cue in told if cue.stance == name}))
        features[f"sure_{name}"] = float(any(cue.sure for cue in told if cue.stance == name))
    return features


def near_pairs(found: Iterable[Hit]) -> set[tuple[str, str]]:
    """Pairs of criteria (in the order of LETTERS) of which two terms stand within NEAR characters."""
    last: dict[str, int] = {}
    pairs = set()
    for hit in sorted(found, key=lambda each: (each.at, each.until)):
        for other, until in last.items():
            if other != hit.criterion and hit.at - until <= NEAR:
                pairs.add(_ordered(other, hit.criterion))
        last[hit.criterion] = max(hit.until, last.get(hit.criterion, 0))
    return pairs


def _ordered(first: str, second: str) -> tuple[str, str]:
    return (first, second) if LETTERS.index(first) < LETTERS.index(second) else (second, first)


@cache
def settings() -> Mapping[str, Any]:
    """criteria.toml of this package."""
    return loads(Path(__file__).with_name("criteria.toml").read_text("utf-8"))


@cache
def _phrases() -> Phrases:
    named: dict[str, list[str]] = {_EXCEPTION: list(settings()["exceptions"]["words"])}
    known: set[tuple[str, str]] = set()
    for letter, strengths in settings()["criteria"].items():
        for strength, phrases in strengths.items():
            named.setdefault(f"{letter}:{strength}", []).extend(phrases)
            known |= {(letter, fold(phrase).text) for phrase in phrases}
    for term in lexicon().terms:
        letter = _FROM_LEXICON.get(term.group, "")
        phrase = "…".join(term.parts)
        folded = fold(phrase)
        # A disguised term is found through its plain word, and counted as evasive: 仁武 must not make 任务 an act.
        if letter and not folded.restorations and (letter, folded.text) not in known:
            named.setdefault(f"{letter}:{term.strength}", []).append(phrase)
    return Phrases(named)


def _within(match: Match, other: list[tuple[int, int]]) -> bool:
    """Does the match begin within a word that means something else? `other` is in order of ends."""
    place = bisect_right(other, match.start, key=lambda span: span[1])
    if place == len(other):
        return False
    start, end = other[place]
    return start < match.start or (start == match.start and match.end <= end)


def _heard(folded: Folded, phrase: str, at: int, until: int) -> Restoration:
    """A phrase that is there by sound."""
    written = folded.original[slice(*folded.span(at, until))]
    return Restoration(at, until, written, phrase, "同音", core=True)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the blanks that a number's sign covers."""
    while text[start] == " " and start + 1 < end:
        start += 1
    while text[end - 1] == " " and start + 1 < end:
        end -= 1
    return start, end


def _negated(text: str, start: int) -> tuple[bool, bool]:
    """Is the term behind a negation of its clause, and does that only forbid to mention it?"""
    rules = settings()["negation"]
    before = text[max(0, start - rules["distance"] - 2) : start]
    for border in "。!?;\n,":
        before = before.rpartition(border)[2]
    places = [before.rfind(word) for word in rules["words"] if word in before]
    if not places:
        return False, False
    behind = before[max(places) :]
    return True, any(word in behind for word in rules["conceals"])


def _outermost(found: list[Hit]) -> list[Hit]:
    """Without terms that lie within another of the same criterion; the outer one keeps the greater weight."""
    kept: list[Hit] = []
    outer: dict[str, int] = {}
    for hit in sorted(found, key=lambda each: (each.at, -each.until, -each.weight)):
        place = outer.get(hit.criterion)
        if place is None or hit.until > kept[place].until:
            outer[hit.criterion] = len(kept)
            kept.append(hit)
        elif hit.weight > kept[place].weight:
            kept[place] = replace(kept[place], weight=hit.weight)
    return kept


def innocent_readings(term: str) -> tuple[str, ...]:
    """What else a lexicon term may mean; empty for phrases that are not in it."""
    known = _terms().get(term)
    return known.innocent_readings if known else ()


@cache
def _terms() -> dict[str, Term]:
    return {each.term: each for each in lexicon().terms}
