"""The lexicon of brushing and paid reviews (lexicon.toml), read once. No term alone flags a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Any, Literal

Strength = Literal["strong", "medium", "weak"]


@dataclass(frozen=True, slots=True)
class Term:
    """One term: `parts` are matched in order, a few characters apart."""

    group: str
    term: str
    gloss: str
    strength: Strength
    innocent_readings: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """A term with + or a comma is a joined phrase; +v is not."""
        joined = (
            self.term.replace("，", ",").replace("+", ",") if not self.term.startswith("+") else self.term
        )
        return tuple(part for part in joined.split(",") if part)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All terms, which groups feed which criterion, and how many criteria make a lead."""

    terms: tuple[Term, ...]
    criteria: Mapping[str, str]  # letter → what it is
    criteria_groups: Mapping[str, tuple[str, ...]]
    min_criteria: int
    lookalikes: tuple[Mapping[str, Any], ...]

    def of(self, group: str) -> tuple[Term, ...]:
        """Terms of a group."""
        return tuple(term for term in self.terms if term.group == group)


@cache
def lexicon() -> Lexicon:
    """lexicon.toml of this package."""
    read = loads(Path(__file__).with_name("lexicon.toml").read_text("utf-8"))
    decision = read["decision"]
    return Lexicon(
        terms=tuple(_term(group, row) for group, rows in read["groups"].items() for row in rows),
        criteria=decision["criteria"],
        criteria_groups={letter: tuple(groups) for letter, groups in decision["criteria_groups"].items()},
        min_criteria=decision["min_criteria"],
        lookalikes=tuple(read["lookalike"]),
    )


def _term(group: str, row: Mapping[str, Any]) -> Term:
    return Term(group, row["term"], row["gloss"], row["strength"], tuple(row.get("innocent_readings", ())))
