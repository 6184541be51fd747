"""What a check found. `Judged` is what the code of a check says; `Result` adds the words of rules.toml."""

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict without words: `because` is a code of rules.toml, `facts` fill the gaps in its text.

    `subject` tells the results of one check apart where there are several: a host, a time server.
    """

    outcome: Outcome
    value: Json = field(default_factory=dict)
    because: str | None = None
    facts: dict[str, object] = field(default_factory=dict)
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the environment check. `value` is small, plain JSON; `reason` and `remedy` are Chinese."""

    name: str
    title_zh: str
    outcome: Outcome
    value: Json
    reason: str = ""
    remedy: str = ""
    subject: str = ""
    because: str = ""

    def to_json(self) -> Json:
        """All of it, for `evidence doctor --json`."""
        return {name: getattr(self, name) for name in self.__slots__}

    def to_log(self) -> Json:
        """What the log keeps: no remedy, which is advice and not a fact, and nothing that is empty."""
        kept = {
            "name": self.name,
            "title": self.title_zh,
            "outcome": self.outcome,
            "subject": self.subject,
            "because": self.because,
            "reason": self.reason,
            "value": self.value,
        }
        return {name: content for name, content in kept.items() if content not in ("", {})}


def passed(value: Json, because: str | None = None, subject: str = "", **facts: object) -> Judged:
    """All is well; `because` may add a remark."""
    return Judged("passed", value, because, facts, subject)


def failed(value: Json, because: str, subject: str = "", **facts: object) -> Judged:
    """Not as it should be."""
    return Judged("failed", value, because, facts, subject)


def skipped(because: str, value: Json | None = None, subject: str = "", **facts: object) -> Judged:
    """Could not, or need not, be checked."""
    return Judged("skipped", value or {}, because, facts, subject)
