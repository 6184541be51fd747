"""Articles of the newspaper, and the doorway pages with one false hotline."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Any

from crawler.demo import text
from crawler.demo.clock import now_on
from crawler.demo.dice import Dice


@cache
def lines() -> dict[str, Any]:
    """The texts in `news.toml`."""
    return loads(Path(__file__).with_name("news.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Article:
    """One article."""

    id: int
    lookalike: str | None
    title: str
    source: str
    author: str
    editor: str
    moment: datetime
    body: tuple[str, ...]

    @property
    def url(self) -> str:
        """Its page."""
        return f"http://news.example/a/{self.id}.html"


@dataclass(frozen=True, slots=True)
class Doorway:
    """One doorway page."""

    page: int
    title: str
    brand: str
    thing: str
    body: tuple[str, ...]

    @property
    def url(self) -> str:
        """Its page."""
        return f"http://weixiu.example/brand-{self.page}.html"


def articles(today: date) -> list[Article]:
    """All articles, newest first; `today` is the world's first day."""
    return [
        Article(
            row["id"], row.get("lookalike"), row["title"], row["source"], row["author"], row["editor"],
            now_on(today) - timedelta(days=row["ago"], minutes=row["id"] % 97), tuple(row["body"]),
        )
        for row in lines()["article"]
    ]  # fmt: skip


def doorways(seed: int) -> list[Doorway]:
    """The doorway pages: brand and thing change, the number does not."""
    return [
        Doorway(row["page"], row["title"], row["brand"], row["thing"], tuple(_doorway_body(row, seed)))
        for row in lines()["doorway"]
    ]


def _doorway_body(row: dict[str, Any], seed: int) -> list[str]:
    dice, words = Dice(seed, "doorway", row["page"]), lines()["doorway_text"]
    slots = {"brand": row["brand"], "thing": row["thing"], "hotline": words["hotline"]}
    body = [line.format(**slots) for line in words["head"]]
    for place in dice.sample(text.words()["places"]["names"], 14):
        towns = "、".join(dice.sample(words["towns"], 7))
        body.append(words["district"].format(place=place, towns=towns, **slots))
    return body
