"""Whether a content still holds a value, with its escapes undone: as crawler.withholding does, for many values.

A case has thousands of people: all of them are looked for in one pass over each view of the content, and only those
that may be there are then looked for one by one.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import ahocorasick

from crawler.withholding.search import Search, Secret
from crawler.withholding.spelling import spellings
from crawler.withholding.views import ROUNDS, one_round, views

# What is made here is UTF-8: in it two characters of another charset stand by chance.
_OTHER_CHARSETS = ("utf-16-le", "utf-16-be", "gb18030")


class Remaining:
    """Looks for these values in contents."""

    def __init__(self, values: Sequence[str]) -> None:
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_ANY) if values else None
        if self._automaton is None:
            return
        holders: dict[str, list[str]] = {}
        for value in values:
            for key in set(_keys(value)):
                holders.setdefault(key.decode("latin-1"), []).append(value)
        for spelled, held in holders.items():
            self._automaton.add_word(spelled, held)
        self._automaton.make_automaton()

    def search(self, content: bytes) -> Search | None:
        """A search for those values that may be in the content; None if there are none."""
        if self._automaton is None:
            return None
        found: set[str] = set()
        for _, view in views(content):
            for _, held in self._automaton.iter(view.decode("latin-1")):
                found.update(held)
        return Search(Secret(value, "value", "") for value in sorted(found)) if found else None

    def left(self, content: bytes) -> set[str]:
        """The values that the content holds."""
        search = self.search(content)
        if search is None:
            return set()
        spelled = {span.value for span in search.spans(content) if span.spelling not in _OTHER_CHARSETS}
        return spelled | {secret.value for secret in search.left(content)}


@lru_cache(maxsize=4)  # the people of a case, for each of its captures
def remaining(values: tuple[str, ...]) -> Remaining:
    """One for these values."""
    return Remaining(values)


def _keys(value: str) -> Iterator[bytes]:
    """What `left` may find of a value."""
    undone = value.encode("utf-8", "surrogatepass")
    yield undone
    for _ in range(ROUNDS):
        undone = one_round(undone)
        if undone:
            yield undone
    yield from (spelled for spelled, name in spellings(value).items() if name not in _OTHER_CHARSETS)
