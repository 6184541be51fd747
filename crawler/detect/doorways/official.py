"""The table of official hotlines: the one that comes with the project, and the user's own in the archive's folder."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawler.detect.kit.subject import plain
from crawler.detect.text.numbers import numbers
from crawler.errors import UsageError

FILE = "official_numbers.toml"
_OURS = Path(__file__).parents[1] / FILE


@dataclass(frozen=True, slots=True)
class Official:
    """Numbers by brand (names without their spelling)."""

    of: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def is_official(self, number: str, brand: str) -> bool:
        """Whether the table gives this number (digits only) to this brand."""
        return number in self.of.get(plain(brand), frozenset())

    def known(self, brand: str) -> frozenset[str]:
        """The brand's numbers, digits only; empty where the table says nothing."""
        return self.of.get(plain(brand), frozenset())


def official(folder: Path | None) -> Official:
    """Both tables as one. Raises UsageError for a file that is not of the form its comments give."""
    found: dict[str, set[str]] = {}
    for path in (_OURS, *((folder / FILE,) if folder is not None else ())):
        if path.is_file():
            _add(path, found)
    return Official({brand: frozenset(known) for brand, known in found.items()})


def _add(path: Path, found: dict[str, set[str]]) -> None:
    try:
        rows = tomllib.loads(path.read_text("utf-8")).get("hotline", [])
        for row in rows:
            brands = [row["brand"]] if isinstance(row["brand"], str) else list(row["brand"])
            digits = {digits for written in row["numbers"] for digits in _digits(path, written)}
            for brand in brands:
                found.setdefault(plain(brand), set()).update(digits)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path}: not a table of hotlines ({error}); see the comments in {_OURS.name}"
        ) from error


def _digits(path: Path, written: Any) -> list[str]:
    """The digits of one entry; a short number needs no word beside it here."""
    read = [number.digits for number in numbers(f"电话{written}")]
    if not read:
        raise UsageError(f"{path}: {written!r} is no telephone number of China")
    return read
