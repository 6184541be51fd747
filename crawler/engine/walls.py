"""Walls: pages that stand where the wanted page should be (verification, login, visitor system).

A wall is stored as a `blocked` capture and stops its host; it is never solved and never parsed. The rules are
data (walls.toml); a later issue widens them.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from scrapy.http import Response, TextResponse

_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_LOOKED_AT = 64 << 10


@dataclass(frozen=True, slots=True)
class WallRule:
    """One rule: every non-empty condition must hold; within a condition one value is enough.

    An empty string among the titles stands for a page without title.
    """

    name: str
    title: tuple[str, ...]
    body: tuple[str, ...]
    url: tuple[str, ...]

    def matches(self, title: str, body: str, url: str) -> bool:
        """Whether the page is such a wall."""
        return (
            (not self.title or any(_in_title(value, title) for value in self.title))
            and (not self.body or any(value in body for value in self.body))
            and (not self.url or any(value in url for value in self.url))
        )


def wall(response: Response) -> str | None:
    """``wall-NAME`` if this page is a wall, else None. The body must be decoded (content coding removed)."""
    title = body = ""
    if response.status >= 300:
        return None
    if isinstance(response, TextResponse):
        body = response.text[:_LOOKED_AT]
        found = _TITLE.search(body)
        title = found[1].strip() if found else ""
    name = next((rule.name for rule in rules() if rule.matches(title, body, response.url)), None)
    return f"wall-{name}" if name else None


@cache
def rules() -> tuple[WallRule, ...]:
    """The rules of walls.toml, in order."""
    content = tomllib.loads(resources.files(__package__).joinpath("walls.toml").read_text("utf-8"))
    return tuple(
        WallRule(rule["name"], *(tuple(rule.get(part, ())) for part in ("title", "body", "url")))
        for rule in content["wall"]
    )


def _in_title(value: str, title: str) -> bool:
    return value in title if value else not title
