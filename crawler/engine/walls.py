"""Walls: pages that stand where the wanted page should be (verification, login, visitor system).

A wall is stored as a `blocked` capture and stops its host; it is never solved and never parsed. The rules are
data (walls.toml, which says how they are read); a later issue widens them.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from html import unescape
from importlib import resources

from scrapy.http import Response, TextResponse

_TITLE, _TITLE_END = re.compile("<title", re.IGNORECASE), re.compile("</title", re.IGNORECASE)
_LOOKED_AT = 64 << 10
Patterns = tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class WallRule:
    """One rule: every non-empty condition must hold; within a condition one value is enough."""

    name: str
    title: Patterns
    body: tuple[str, ...]
    url: Patterns

    def matches(self, title: str, body: str, url: str) -> bool:
        """Whether the page is such a wall; `url` without its scheme."""
        return (
            (not self.title or any(pattern.fullmatch(title) for pattern in self.title))
            and (not self.body or any(text in body for text in self.body))
            and (not self.url or any(pattern.search(url) for pattern in self.url))
        )


def wall(response: Response) -> str | None:
    """``wall-NAME`` if this page is a wall, else None. The body must be decoded (content coding removed)."""
    if 300 <= response.status < 400:
        return None
    title = body = ""
    if isinstance(response, TextResponse):
        body = response.text[:_LOOKED_AT]
        title = _title(body)
    url = response.url.partition("://")[2]
    # An error page is no login because of its address.
    chosen = (rule for rule in rules() if response.status < 300 or rule.title)
    name = next((rule.name for rule in chosen if rule.matches(title, body, url)), None)
    return f"wall-{name}" if name else None


@cache
def rules() -> tuple[WallRule, ...]:
    """The rules of walls.toml, in order."""
    content = tomllib.loads(resources.files(__package__).joinpath("walls.toml").read_text("utf-8"))
    return tuple(
        WallRule(
            rule["name"],
            _patterns(rule.get("title", [])),
            tuple(rule.get("body", [])),
            _patterns(rule.get("url", [])),
        )
        for rule in content["wall"]
    )


def _title(body: str) -> str:
    # In three steps, each of which goes through the page once: one expression would take seconds on a hostile page.
    tag = _TITLE.search(body)
    begin = body.find(">", tag.end()) + 1 if tag else 0
    end = _TITLE_END.search(body, begin) if begin else None
    return " ".join(unescape(body[begin : end.start()]).split()) if end else ""


def _patterns(expressions: list[str]) -> Patterns:
    return tuple(re.compile(expression, re.IGNORECASE) for expression in expressions)
