"""Text as it is compared: letters and numbers only, one spelling each, every one with its place in the original.

A character becomes at most one character (NFKC, case folded, accents off) and everything else falls out, so the
offset map is the list of places that stayed, and a million texts are normalised by one table look-up. A character
whose NFKC form is several letters (ß, ﬁ) stays itself for the same reason. Time and memory are linear in the text,
whatever it holds; lone surrogates fall out.
"""

import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
Places = NDArray[np.int64]
LONGEST = (
    20_000  # characters of one text that are compared; the longest review field of the saved pages has 2,000
)
_BLOCK = 10_000  # texts that are looked up at once: tens of megabytes at most for ordinary ones


@dataclass(frozen=True, slots=True)
class Normalised:
    """One text for comparison. `places[i]` is the offset in the original of the i-th character that stayed."""

    text: str
    places: tuple[int, ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The offsets in the original of the characters [start, end) of `text`; marks in between belong to them.

        Raises ValueError for an empty or impossible stretch.
        """
        if not 0 <= start < end <= len(self.places):
            raise ValueError(f"[{start}:{end}] of {len(self.places)} normalised characters")
        return self.places[start], self.places[end - 1] + 1


@dataclass(frozen=True, slots=True)
class Texts:
    """Many normalised texts end to end: `codes` are code points; text i is codes[starts[i]:starts[i + 1]]."""

    codes: Codes
    starts: Places

    def __len__(self) -> int:
        return len(self.starts) - 1

    def text(self, start: int, end: int) -> str:
        """The characters [start, end) of `codes`."""
        return as_text(self.codes[start:end])


def normalised(original: str) -> Normalised:
    """A text for comparison, with its offset map."""
    mapped = _table()[_code_points(original[:LONGEST])]
    places = np.flatnonzero(mapped)
    return Normalised(as_text(mapped[places]), tuple(places.tolist()))


def normalised_texts(originals: Iterable[str]) -> Texts:
    """Many texts at once, taken block by block; the same characters as `normalised` gives for each."""
    codes: list[Codes] = []
    counts: list[Places] = [np.zeros(1, np.int64)]
    for block_codes, block_counts in normalised_blocks(originals):
        codes.append(block_codes)
        counts.append(block_counts)
    whole = np.concatenate(codes) if codes else np.zeros(0, np.uint32)
    return Texts(whole, np.cumsum(np.concatenate(counts)))


def normalised_blocks(originals: Iterable[str]) -> Iterator[tuple[Codes, Places]]:
    """For some texts at a time: what stays of them, end to end, and how many characters of each."""
    for block in batched(originals, _BLOCK):
        yield _block(block)


def _block(originals: Sequence[str]) -> tuple[Codes, Places]:
    cut = [original[:LONGEST] for original in originals]
    ends = np.cumsum(np.fromiter(map(len, cut), np.int64, len(cut)))
    mapped = _table()[_code_points("".join(cut))]
    stayed = np.zeros(len(mapped) + 1, np.int64)
    np.cumsum(mapped != 0, out=stayed[1:])
    return mapped[mapped != 0], np.diff(stayed[ends], prepend=0)


def batched(originals: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of `size`, the last one shorter (itertools has it from Python 3.12 on)."""
    iterator = iter(originals)
    while block := list(islice(iterator, size)):
        yield block


def as_text(codes: Codes) -> str:
    """Code points as a string."""
    return codes.astype("<u4", copy=False).tobytes().decode("utf-32-le")


def _code_points(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32, copy=False)


@cache
def _table() -> Codes:
    """Code point → the one it is compared as; 0: falls out."""
    table = np.zeros(sys.maxunicode + 1, np.uint32)
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if character.isalnum():
            table[code] = ord(_one_spelling(character))
    return table


def _one_spelling(character: str) -> str:
    letters = [each for each in unicodedata.normalize("NFKC", character).casefold() if each.isalnum()]
    folded = letters[0] if len(letters) == 1 else character
    parts = unicodedata.normalize("NFKD", folded)
    accented = len(parts) > 1 and parts[0].isascii() and all(map(unicodedata.combining, parts[1:]))
    return parts[0] if accented else folded
