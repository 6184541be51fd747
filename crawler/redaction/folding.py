"""Text as it is searched: one spelling for each character, and the way back to where it stood.

Full-width, circled and mathematical forms, capitals and accents fold to the plain character; what has no width falls
out. One character becomes at most one, so the way back is a list of places. Linear, whatever the text.
"""

import unicodedata
from dataclasses import dataclass

_NO_WIDTH = ("Cf", "Mn", "Me", "Cc", "Cs")
_KEPT = "\n\t"
_DIGITS = {first + digit: str(digit) for first in (0x2775, 0x277F, 0x2789) for digit in range(1, 10)}  # ❶ ➀ ➊


class _Table(dict[int, str]):
    """Code point → what it folds to, filled as it is asked for."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _DIGITS.get(code) or _folded(chr(code))
        return folded


def _folded(character: str) -> str:
    if character in _KEPT:
        return character
    if unicodedata.category(character) in _NO_WIDTH:
        return ""
    plain = unicodedata.normalize("NFKC", character).casefold()
    plain = plain if len(plain) == 1 else character
    parts = unicodedata.normalize("NFKD", plain)
    return parts[0] if len(parts) > 1 and all(map(unicodedata.combining, parts[1:])) else plain


class _WithoutBlanks(_Table):
    """The same without blanks."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = "" if chr(code).isspace() else _TABLE[code]
        return folded


_TABLE = _Table()
_BLANKS_OUT = _WithoutBlanks()


@dataclass(frozen=True, slots=True)
class Folded:
    """`places[i]`: where character i of `text` stands in the original; None if each stands where it stood."""

    text: str
    places: list[int] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original of `text[start:end]`, which must not be empty."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def fold(text: str, *, blanks: bool = True) -> Folded:
    """The text folded; without its blanks if they are not wanted."""
    table = _TABLE if blanks else _BLANKS_OUT
    folded = text.translate(table)
    if len(folded) == len(text):
        return Folded(folded, None)
    return Folded(folded, [at for at, character in enumerate(text) if table[ord(character)]])
