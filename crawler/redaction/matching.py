"""Where known values stand in a text: people's names and accounts, credentials. One pass, however many there are."""

from collections.abc import Iterable
from typing import NamedTuple

import ahocorasick

from crawler.redaction.folding import Folded, fold

_SURE = 8  # characters from which letters with blanks put between them are no chance


class Known(NamedTuple):
    """A value that is looked for. `alias`: that of the person, None if several people go by it."""

    text: str
    kind: str
    alias: str | None


class Match(NamedTuple):
    """Characters [start, end) of the original text."""

    start: int
    end: int
    known: Known


class Matcher:
    """Looks for values within texts (`places`), and tells what a whole text is (`whole`). Compares folded texts."""

    def __init__(self, within: Iterable[Known], whole: Iterable[Known]) -> None:
        self._within: dict[str, Known] = {}
        self._whole: dict[str, Known] = {}
        for known in within:
            self._add(self._within, known)
            self._add(self._whole, known)
        for known in whole:
            self._add(self._whole, known)
        self._automaton = _automaton(self._within)

    def add_whole(self, known: Known) -> None:
        """One more value that is cut out where it is all of a text."""
        self._add(self._whole, known)

    def whole(self, text: str) -> Known | None:
        """The value that this text is, but for blanks and spelling."""
        if not self._whole or len(text) > _LONGEST:
            return None
        return self._whole.get(fold(text, blanks=False).text)

    def places(self, text: str) -> list[Match]:
        """Every place of a value, blanks and marks without width between its characters or not."""
        if self._automaton is None:
            return []
        folded = fold(text, blanks=False)
        found = []
        for last, length in self._automaton.iter(folded.text):
            start, end = folded.original(last + 1 - length, last + 1)
            known = self._within[folded.text[last + 1 - length : last + 1]]
            if self._is_meant(known, text[start:end], folded, length):
                found.append(Match(start, end, known))
        return found

    @staticmethod
    def _is_meant(known: Known, written: str, folded: Folded, length: int) -> bool:
        """Letters and digits of two words beside each other are no name: team arkansas."""
        if not known.text.isascii() or length >= _SURE or folded.places is None:
            return True
        return len(written.split()) <= len(known.text.split())

    @staticmethod
    def _add(table: dict[str, Known], known: Known) -> None:
        plain = fold(known.text, blanks=False).text
        if not plain:
            return
        other = table.get(plain)
        if other is not None and other.alias != known.alias:
            known = known._replace(alias=None)
        table[plain] = known


_LONGEST = 200  # characters of a text that may be all a name


def _automaton(values: dict[str, Known]) -> "ahocorasick.Automaton | None":
    if not values:
        return None
    automaton = ahocorasick.Automaton(ahocorasick.STORE_ANY)
    for plain in values:
        automaton.add_word(plain, len(plain))
    automaton.make_automaton()
    return automaton
