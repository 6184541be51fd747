"""What counts as a secret: the rules of withholding.toml, which says how they are read."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from crawler.errors import ConfigError

PARTS = ("cookies", "cookie", "scheme", "all")
LEAST = 8  # characters: a shorter value is cut out where it is named, and looked for nowhere else
_NAME_LIMIT = 80  # characters of a name that is matched: longer ones are none of ours

Pattern = re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """Names, and which of their values are secrets: at least `least` characters; `part` for header fields."""

    pattern: Pattern
    least: int
    part: str

    def names(self, name: str) -> bool:
        """Whether it is about this name."""
        return len(name) <= _NAME_LIMIT and self.pattern.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Rules:
    """All of withholding.toml."""

    headers: tuple[Rule, ...]
    parameters: tuple[Rule, ...]
    keys: tuple[Rule, ...]
    common: Pattern
    session: Pattern
    account: Pattern

    def header(self, name: str) -> Rule | None:
        """The rule for a header field."""
        return next((rule for rule in self.headers if rule.names(name)), None)

    def parameter(self, name: str) -> Rule | None:
        """The rule for a parameter of an address or a field of a form."""
        return next((rule for rule in self.parameters if rule.names(name)), None)

    def key(self, name: str) -> Rule | None:
        """The rule for a key of an object."""
        return next((rule for rule in self.keys if rule.names(name)), None)

    def is_common(self, value: str, name: str = "") -> bool:
        """Whether a value is looked for nowhere else. `name`: that of the cookie which holds it."""
        if self.account.fullmatch(name[:_NAME_LIMIT]):
            return True
        if name and self.session.fullmatch(name[:_NAME_LIMIT]):
            return False
        return self.common.fullmatch(value) is not None


@cache
def rules() -> Rules:
    """The rules. Raises ConfigError for a file that does not read as it should: the installation is damaged."""
    text = resources.files("crawler.withholding").joinpath("withholding.toml").read_text("utf-8")
    try:
        content = tomllib.loads(text)
        return Rules(
            headers=tuple(_rule(entry) for entry in content["header"]),
            parameters=tuple(_rule(entry) for entry in content["parameter"]),
            keys=tuple(_rule(entry) for entry in content["key"]),
            common=_pattern(_names(content["common"]), 0),
            session=_pattern(_names(content["session"]), re.IGNORECASE),
            account=_pattern(_names(content["account"]), re.IGNORECASE),
        )
    except (KeyError, TypeError, ValueError, re.error) as error:
        raise ConfigError(f"withholding.toml is damaged: {error}; install the package again") from error


def _rule(entry: dict[str, object]) -> Rule:
    names, part, least = entry["names"], entry.get("part", "all"), entry.get("least", 0)
    if part not in PARTS or not isinstance(part, str) or not isinstance(least, int) or not entry["reason"]:
        raise ValueError(f"a rule needs a part of {PARTS}, a number and a reason: {entry}")
    if not isinstance(names, list):
        raise TypeError(f"names must be a list: {names!r}")
    return Rule(_pattern(names, re.IGNORECASE), least, part)


def _names(entries: list[dict[str, list[str]]]) -> list[str]:
    return [name for entry in entries for name in entry["names"]]


def _pattern(names: list[str], flags: int) -> Pattern:
    return re.compile("|".join(f"(?:{name})" for name in names), flags)
