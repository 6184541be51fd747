"""What buyers write: a small grammar over `words.toml`, with personas, moods, typos and emoji.

A pattern such as "{快|慢}，{两|三}天" is parsed once; expanding it draws one option per brace from the dice.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from crawler.demo.dice import Dice

Pattern = tuple[tuple[str, ...], ...]  # literal text is a choice of one
_BRACE = re.compile(r"\{([^{}]*)\}")
MOODS = ("pos", "mid", "neg")


@cache
def words() -> dict[str, Any]:
    """The vocabulary in `words.toml`."""
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


@cache
def parsed(pattern: str) -> Pattern:
    """A pattern as a row of choices."""
    pieces = _BRACE.split(pattern)
    return tuple(
        tuple(piece.split("|")) if place % 2 else (piece,)
        for place, piece in enumerate(pieces)
        if piece or place % 2
    )


def expand(pattern: str, dice: Dice) -> str:
    """The pattern with one option drawn for every brace."""
    if "{" not in pattern:
        return pattern
    return "".join(choice[0] if len(choice) == 1 else dice.pick(choice) for choice in parsed(pattern))


def one_of(patterns: Sequence[str], dice: Dice) -> str:
    """One of the patterns, expanded."""
    return expand(dice.pick(patterns), dice)


@dataclass(frozen=True, slots=True)
class Persona:
    """How one kind of buyer writes."""

    name: str
    clauses: tuple[int, int]
    openings: tuple[str, ...]
    closings: tuple[str, ...]
    joins: tuple[str, ...]
    emoji: float
    typo: float


@cache
def personas() -> tuple[tuple[Persona, float], ...]:
    """All personas with their weights."""
    return tuple(
        (
            Persona(
                name,
                (row["clauses"][0], row["clauses"][1]),
                tuple(row["openings"]),
                tuple(row["closings"]),
                tuple(row["joins"]),
                row["emoji"],
                row["typo"],
            ),
            float(row["weight"]),
        )
        for name, row in words()["persona"].items()
    )


@cache
def _clauses(category: str, mood: str) -> tuple[tuple[str, ...], ...]:
    """Groups of clause patterns of one mood: every product fact is its own group, so none is said twice."""
    product = words()["category"][category]
    groups = [(pattern,) for pattern in product[mood]]
    groups += [tuple(aspect[mood]) for aspect in words()["common"].values()]
    return tuple(groups)


def _moods(stars: int, count: int, dice: Dice) -> list[str]:
    """The mood of each clause: mostly what the stars say, with a grain of the other side."""
    main = "pos" if stars >= 4 else "neg" if stars <= 2 else "mid"
    other = {5: "mid", 4: "mid", 3: dice.pick(("pos", "neg")), 2: "mid", 1: "pos"}[stars]
    share = {5: 0.08, 4: 0.35, 3: 0.5, 2: 0.3, 1: 0.12}[stars]
    return [main] + [other if dice.chance(share) else main for _ in range(count - 1)]


def _spoil(text: str, dice: Dice) -> str:
    """One typing error, where the text has a place for it."""
    right, wrong = dice.pick(words()["typos"]["pairs"])
    return text.replace(right, wrong, 1)


def written(category: str, stars: int, dice: Dice) -> str:
    """A review that somebody took the trouble to write; 4 to about 300 characters."""
    persona = dice.weighted(personas())
    count = dice.between(*persona.clauses)
    parts: list[str] = []
    used: set[int] = set()
    for mood in _moods(stars, count, dice):
        groups = _clauses(category, mood)
        place = dice.below(len(groups))
        if (key := _place_key(mood, place)) in used:
            continue
        used.add(key)
        parts.append(one_of(groups[place], dice))
    if dice.chance(0.3):
        parts.insert(dice.below(len(parts) + 1), one_of(words()["category"][category]["use"], dice))
    return _dressed(persona, stars, parts, dice)


def _place_key(mood: str, place: int) -> int:
    return MOODS.index(mood) * 1000 + place


def _dressed(persona: Persona, stars: int, parts: list[str], dice: Dice) -> str:
    text = one_of(persona.openings, dice)
    for place, part in enumerate(parts):
        text += (dice.pick(persona.joins) if place else "") + part
    if stars >= 4 and (closing := one_of(persona.closings, dice)):
        text += dice.pick(persona.joins) + closing
    if dice.chance(persona.typo):
        text = _spoil(text, dice)
    tail = words()["tail"]
    if persona.name != "nopunct":
        text += dice.pick(tail["marks"])
    if dice.chance(persona.emoji):
        text += dice.pick(tail["emoji_bad" if stars <= 2 else "emoji"]) * dice.weighted(
            [(1, 6.0), (2, 2.0), (3, 1.0)]
        )
    return text


def review(category: str, stars: int, dice: Dice) -> tuple[str, str]:
    """(style, text) of one honest review; style is written, short, default or hunter."""
    share = dice.unit()
    if stars >= 4 and share < 0.05:
        return "default", dice.pick(words()["short"]["default"])
    if share < 0.14:
        return "short", dice.pick(words()["short"]["good" if stars >= 4 else "bad"])
    if stars == 5 and share < 0.155:
        return "hunter", one_of(words()["hunter"]["texts"], dice)
    return "written", written(category, stars, dice)


def nickname(dice: Dice) -> str:
    """An invented nickname."""
    nick = words()["nick"]
    return str(dice.pick(nick["first"]) + dice.pick(nick["middle"]) + dice.pick(nick["last"]))
