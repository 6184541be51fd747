"""Promotion days of the platforms (days.toml): when a rise of reviews is to be expected, and what buyers call it."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from crawler.errors import UsageError

FILE = "days.toml"  # ours beside this module; a user's own in the archive's folder
_LEAP = 2000  # a year that has every day, to check a month and a day by


@dataclass(frozen=True, slots=True, order=True)
class Promotion:
    """Days, both ends included, and the sale's name."""

    first: date
    last: date
    name: str


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    first: tuple[int, int]  # month, day
    last: tuple[int, int]
    year: int | None
    words: tuple[str, ...]

    def in_year(self, year: int) -> Promotion:
        over = self.last < self.first
        return Promotion(_day(year, self.first), _day(year + over, self.last), self.name)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Promotions of any year, and the words by which buyers name a promotion or an earlier purchase."""

    rows: tuple[_Row, ...]
    promotion_words: tuple[str, ...]
    earlier_words: tuple[str, ...]

    def between(self, first: date, last: date) -> list[Promotion]:
        """Promotions that share a day with [first, last], in order."""
        years = range(first.year - 1, last.year + 1)
        found = (row.in_year(year) for row in self.rows for year in years if row.year in (None, year))
        return sorted(each for each in found if each.first <= last and first <= each.last)

    def names_promotion(self, text: str) -> bool:
        """Whether a buyer's text names a sale or a lowered price."""
        return any(word in text for word in self.promotion_words) or any(self._named(text))

    def names_earlier(self, text: str, day: date) -> bool:
        """Whether a buyer's text of this day says that the purchase lies some time back, or names a sale that is
        not on."""
        if any(word in text for word in self.earlier_words):
            return True
        on = {sale.name for sale in self.between(day, day)}
        return any(row.name not in on for row in self._named(text))

    def _named(self, text: str) -> Iterator[_Row]:
        return (row for row in self.rows if any(word in text for word in row.words))


def calendar(folder: Path | None = None) -> Calendar:
    """Our calendar, and what a user has added in `folder`. Raises UsageError for a file that cannot be read so."""
    own = folder / FILE if folder else None
    if own is None or not own.is_file():
        return _ours()
    ours, more = _ours(), _read(own)
    return Calendar(
        (*ours.rows, *more.rows),
        (*ours.promotion_words, *more.promotion_words),
        (*ours.earlier_words, *more.earlier_words),
    )


@cache
def _ours() -> Calendar:
    return _read(Path(__file__).with_name(FILE))


def _read(path: Path) -> Calendar:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
        words = content.get("words", {})
        rows = tuple(_rows(content.get("promotion", [])))
        return Calendar(rows, tuple(_words(words, "promotion")), tuple(_words(words, "earlier")))
    except (
        tomllib.TOMLDecodeError,
        UnicodeDecodeError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:
        raise UsageError(f"{path.name}: {error}; see crawler/detect/series/days.toml for its form") from error


def _rows(content: Iterable[Mapping[str, Any]]) -> Iterator[_Row]:
    for row in content:
        first, last = (_month_day(str(row[end])) for end in ("from", "until"))
        yield _Row(str(row["name"]), first, last, row.get("year"), tuple(_words(row, "words")))


def _words(words: Mapping[str, Any], kind: str) -> Iterator[str]:
    for word in words.get(kind, []):
        if not isinstance(word, str) or not word:
            raise ValueError(f"{kind} must be texts, not {word!r}")
        yield word


def _month_day(printed: str) -> tuple[int, int]:
    month, day = (int(part) for part in printed.split("-"))
    date(_LEAP, month, day)
    return month, day


def _day(year: int, month_day: tuple[int, int]) -> date:
    month, day = month_day
    if month_day == (2, 29) and not _is_leap(year):
        day = 28
    return date(year, month, day)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
