"""Who is named on a page, and what is looked for of a person."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from crawler.errors import ConfigError
from crawler.redaction.folding import fold

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
# Shorter ones stand in other words by chance: of one Chinese character, of four letters, of six digits (a count, a
# price, a date without its century).
_LEAST_HAN, _LEAST_LETTERS, _LEAST_DIGITS = 2, 4, 6
_MASKED = re.compile(r"(.)[*•＊]{1,8}(.?)")  # a name that the site prints with stars
_STARS = "*＊•"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a parser named. `identifier`: the account; `alias`: 评价人-… (pipelines/pseudonymize.py)."""

    name: str | None
    identifier: str | None
    alias: str | None
    role: str | None = None  # review, post: what the person wrote


@dataclass(frozen=True, slots=True)
class Value:
    """One text that stands for a person. `everywhere`: looked for within texts; else only where it is all of one."""

    text: str
    kind: str  # person, account
    alias: str | None
    everywhere: bool


def values(person: Person) -> tuple[Value, ...]:
    """What is looked for: the name, the account, and the name as sites mask it (j***珂).

    Nothing of those who have no name (匿名用户).
    """
    found = []
    for text, kind in ((person.name, "person"), (person.identifier, "account")):
        plain = (text or "").strip()
        if plain and not is_nobody(plain):
            found.append(Value(plain, kind, person.alias, is_telling(plain)))
    return tuple(found)


def masked_forms(name: str) -> tuple[str, ...]:
    """How a site would print a full name: its first and last character with one to six stars between."""
    plain = name.strip()
    if len(plain) < 2 or any(star in plain for star in _STARS) or is_nobody(plain):
        return ()
    return tuple(f"{plain[0]}{'*' * stars}{plain[-1]}" for stars in range(1, 7))


def is_telling(text: str) -> bool:
    """Whether a name or account is looked for within other texts: not if it is short, or a word that pages use."""
    plain = fold(text, blanks=False).text
    if plain in _common() or is_nobody(text):
        return False
    if _MASKED.fullmatch(text.strip()):
        return True  # stars between two characters are no word
    if plain.isdecimal():
        return len(plain) >= _LEAST_DIGITS
    if _HAN.search(plain):
        return sum(each.isalnum() for each in plain) >= _LEAST_HAN
    return sum(each.isalnum() for each in plain) >= _LEAST_LETTERS


def is_nobody(text: str) -> bool:
    """Whether it is what sites print for those who want no name."""
    return fold(text, blanks=False).text in _nobody()


@cache
def table() -> dict[str, Any]:
    """people.toml. Raises ConfigError for a file that does not read as it should: the installation is damaged."""
    text = resources.files("crawler.redaction").joinpath("people.toml").read_text("utf-8")
    try:
        content = tomllib.loads(text)
        for section in ("common", "nobody"):
            for entry in content[section]:
                if not entry["names"] or not entry["reason"]:
                    raise ValueError(f"{section} needs names and a reason")
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"people.toml is damaged: {error}; install the package again") from error
    return content


@cache
def _common() -> frozenset[str]:
    return _folded("common")


@cache
def _nobody() -> frozenset[str]:
    return _folded("nobody")


def _folded(section: str) -> frozenset[str]:
    return frozenset(fold(name, blanks=False).text for entry in table()[section] for name in entry["names"])
