"""rules.toml: which checks there are, what each is for, its limits, and the words for every outcome."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from crawler.engine.environment.result import Judged, Result

SECONDS = 3.0  # a check may take, unless its rule says otherwise


@dataclass(frozen=True, slots=True)
class Words:
    """Why, and what to do about it, in Chinese; facts stand in braces."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One check, as rules.toml describes it."""

    name: str
    family: str
    title: str
    purpose: str
    law: str  # the row of law.md §2.3 that asks for it
    because: Mapping[str, Words]
    limits: Mapping[str, Any]
    compared: tuple[str, ...]  # fields of the value that `differences` compares; dots lead into objects
    seconds: float
    only_doctor: bool

    def result(self, judged: Judged) -> Result:
        """The verdict with its words. Raises KeyError for a code that rules.toml does not have."""
        words = self.because[judged.because] if judged.because else Words("")
        return Result(
            name=self.name,
            title_zh=self.title,
            outcome=judged.outcome,
            value=judged.value,
            reason=words.reason.format(**judged.facts),
            remedy="" if judged.outcome == "passed" else words.remedy.format(**judged.facts),
            subject=judged.subject,
            because=judged.because or "",
        )


@functools.cache
def rules() -> Mapping[str, Rule]:
    """Every check by its name, in the order in which they are shown."""
    content = _content()
    common = {code: Words(**words) for code, words in content["common"].items()}
    return {name: _rule(name, table, common) for name, table in content["checks"].items()}


@functools.cache
def families() -> Mapping[str, str]:
    """The Chinese title of each family, in order."""
    return dict(_content()["families"])


@functools.cache
def _content() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("rules.toml").read_text("utf-8"))


def _rule(name: str, table: dict[str, Any], common: dict[str, Words]) -> Rule:
    return Rule(
        name=name,
        family=table["family"],
        title=table["title"],
        purpose=table["purpose"],
        law=table["law"],
        because={**common, **{code: Words(**words) for code, words in table.get("because", {}).items()}},
        limits=table.get("limits", {}),
        compared=tuple(table.get("compared", ())),
        seconds=float(table.get("seconds", SECONDS)),
        only_doctor=bool(table.get("only_doctor", False)),
    )
