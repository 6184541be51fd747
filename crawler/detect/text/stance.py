"""Who speaks, and what for: press report, warning, complaint, rule that forbids, product test, public body, job …

A paragraph whose speaker does not recruit gives nothing. Cues are words; one sure cue or several plain ones decide.
Linear time: one automaton over all cues.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from crawler.detect.text.criteria import settings
from crawler.detect.text.phrases import Phrases, Read

STANCES = (
    "report", "warning", "complaint", "account", "prohibition", "product_test", "public_body", "job", "other_trade",
)  # fmt: skip
ENOUGH = 3  # plain cues that decide alone: one or two occur in adverts too
LONG = 400  # characters; a longer paragraph needs as many times more different cues


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue of a stance at folded offsets."""

    stance: str
    text: str
    sure: bool
    start: int
    end: int


def title(stance: str) -> str:
    """The stance in Chinese."""
    return str(settings()["stances"][stance]["title"])


def sure_cues(stance: str) -> list[str]:
    """Cues of which one decides; phrases that are not joined, for naming in a finding."""
    return [cue for cue in settings()["stances"][stance]["sure"] if "…" not in cue and "”" not in cue]


def cues(source: Read) -> list[Cue]:
    """Every cue, by its end."""
    found = []
    for match in _phrases().find(source.text, heard=source.swaps):
        stance, sure = match.name.split(":")
        found.append(Cue(stance, match.phrase, sure == "sure", *source.folded_span(match.start, match.end)))
    return found


def stances(told: Iterable[Cue], length: int = 0) -> dict[str, list[str]]:
    """Stances that these cues decide in a paragraph of `length` characters → the words that did."""
    own: dict[str, dict[str, bool]] = {}
    for cue in told:
        own.setdefault(cue.stance, {})[cue.text] = cue.sure
    times = 1 + length // LONG
    decided = {}
    for stance in (stance for stance in STANCES if stance in own):
        words = own[stance]
        if sum(words.values()) >= times or len(words) >= ENOUGH * times:
            decided[stance] = list(words)
    return decided


@cache
def _phrases() -> Phrases:
    named: dict[str, list[str]] = {}
    for stance, rules in settings()["stances"].items():
        sure = set(rules["sure"])
        named[f"{stance}:sure"] = list(rules["sure"])
        named[f"{stance}:plain"] = [cue for cue in rules["cues"] if cue not in sure]
    return Phrases(named)
