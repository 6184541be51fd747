"""Printed values that know where on their page they stood.

A place is written so that other people's tools find it again: an XPath (``/html/body/div[3]/ul/li[5]/p``, with
``/@title`` for an attribute), or a JSON pointer as a URI fragment (``#/comments/0/content``, RFC 6901 §6). What
stands within something else is reached step by step, with `STEP` between: JSON in a script is
``/html/head/script[2] > #/review/0/author``. A value put together from several places names them all, with `ALSO`
between, which is XPath's union.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Self, SupportsIndex

STEP, ALSO = " > ", " | "
_ATTRIBUTE = re.compile(r"/(@[^/]+|text\(\))$")


class Quoted(str):
    """A text from a page; its pieces and plain changes of it keep the place. `place` is found when asked for."""

    __slots__ = ("_place",)
    _place: str | Callable[[], str]

    def __new__(cls, text: str, place: str | Callable[[], str]) -> Self:
        quoted = super().__new__(cls, text)
        quoted._place = place
        return quoted

    @property
    def place(self) -> str:
        """Where it stood; see the module."""
        if not isinstance(self._place, str):
            self._place = self._place()
        return self._place

    def _like(self, text: str) -> "Quoted":
        return Quoted(text, self._place)

    def __str__(self) -> str:
        return self

    def __getitem__(self, key: SupportsIndex | slice) -> "Quoted":
        return self._like(super().__getitem__(key))

    def __reduce__(self) -> Any:
        return Quoted, (plain(self), self.place)

    def strip(self, chars: str | None = None, /) -> "Quoted":
        return self._like(super().strip(chars))

    def lstrip(self, chars: str | None = None, /) -> "Quoted":
        return self._like(super().lstrip(chars))

    def rstrip(self, chars: str | None = None, /) -> "Quoted":
        return self._like(super().rstrip(chars))

    def removeprefix(self, prefix: str, /) -> "Quoted":
        return self._like(super().removeprefix(prefix))

    def removesuffix(self, suffix: str, /) -> "Quoted":
        return self._like(super().removesuffix(suffix))

    def replace(self, old: str, new: str, count: SupportsIndex = -1, /) -> "Quoted":
        return self._like(super().replace(old, new, count))

    def partition(self, sep: str, /) -> tuple["Quoted", "Quoted", "Quoted"]:
        before, found, after = super().partition(sep)
        return self._like(before), self._like(found), self._like(after)

    def rpartition(self, sep: str, /) -> tuple["Quoted", "Quoted", "Quoted"]:
        before, found, after = super().rpartition(sep)
        return self._like(before), self._like(found), self._like(after)

    def split(self, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list[str]:
        return [self._like(piece) for piece in super().split(sep, maxsplit)]

    def splitlines(self, keepends: bool = False) -> list[str]:
        return [self._like(line) for line in super().splitlines(keepends)]


def plain(text: str) -> str:
    """The same text as a string and no more."""
    return "".join((text,)) if type(text) is str else str.__str__(text)


def place_of(value: object) -> str | None:
    """Where a value stood; None for one that was not read off a page as it is."""
    return value.place if isinstance(value, Quoted) else None


def quoted(text: str, *sources: object) -> str:
    """A text made of values of the page, with their places: a number cut out of it, its stars counted, ….

    The plain text if none of the sources has a place.
    """
    places = dict.fromkeys(place for place in map(place_of, sources) if place)
    return Quoted(text, ALSO.join(places)) if places else text


def shown_at(place: str, runs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the runs of a rendered page (artefact ``text``, docs/formats.md), those in which a value is shown.

    For a value in an attribute or in a script they are those of the element, often none.
    """
    paths = [_ATTRIBUTE.sub("", one.partition(STEP)[0]) for one in place.split(ALSO)]
    within = tuple(f"{path}/" for path in paths)
    return [
        run
        for run in runs
        if run.get("frame") == 0 and ((path := run.get("path", "")) in paths or path.startswith(within))
    ]


def joined(separator: str, values: Iterable[str | None]) -> str | None:
    """What is there of several values, in one text with all their places; None if there is nothing."""
    there = [value for value in values if value]
    return quoted(separator.join(there), *there) if there else None
