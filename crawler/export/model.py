"""What an exporter is given: a case and its exhibits, and what they must be like to be handed over."""

import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import TypeAlias

from crawler.errors import UsageError
from crawler.store.casefile import CaseExhibit, CaseFile

_NUMBER = re.compile(r"[1-9][0-9]{0,3}-[1-9][0-9]{0,3}")


# What the store folds from the log.
Case: TypeAlias = CaseFile
Exhibit: TypeAlias = CaseExhibit


def group_names() -> dict[str, str]:
    """The groups of a 证据目录, e.g. ``{"A": "主体", …}``, from the law table."""
    table = tomllib.loads((files("crawler.law") / "law.toml").read_text("utf-8"))
    groups: dict[str, str] = table["meta"]["groups"]
    return groups


def require_exhibits(exhibits: Sequence[Exhibit]) -> None:
    """Raise UsageError unless numbers are unique, groups exist and every exhibit has captures."""
    groups = group_names()
    numbers = [exhibit.number for exhibit in exhibits]
    if not exhibits:
        raise UsageError("the case has no exhibits: add captures to it with `evidence case add`")
    for exhibit in exhibits:
        if not _NUMBER.fullmatch(exhibit.number) or numbers.count(exhibit.number) > 1:
            raise UsageError(f"exhibit number {exhibit.number!r}: use each of 1-1, 1-2, 2-1 … once")
        if exhibit.group not in groups:
            raise UsageError(
                f"exhibit {exhibit.number}: group {exhibit.group!r} is not one of {', '.join(groups)}"
            )
        if not exhibit.captures:
            raise UsageError(f"exhibit {exhibit.number} has no captures: add some, or remove it")


def in_order(exhibits: Sequence[Exhibit]) -> list[Exhibit]:
    """By group, then by number as people count (1-2 before 1-10)."""
    return sorted(exhibits, key=lambda e: (e.group, *(int(part) for part in e.number.split("-"))))
