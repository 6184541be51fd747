"""Quotes of one text, each marked where it stands, with some of what stands around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
AROUND = 60  # characters of context before and after a quote
CUT = "……"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some characters of the text; `labels` of the quotes that mark them, none for what stands around."""

    text: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Quotes from one field of one thing, in the order of the text."""

    quotes: tuple[Json, ...]
    pieces: tuple[Piece, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """What the quotes show, each once."""
        return tuple(dict.fromkeys(quote["label"] for quote in self.quotes))


def passage(quotes: Sequence[Json], whole: str | None) -> Passage:
    """Quotes of one field within it; without the field (its page may have been removed) the quotes alone.

    Quotes that overlap are one mark with both labels.
    """
    ordered = sorted(quotes, key=lambda quote: (quote["start"], -quote["end"], quote["label"]))
    if whole is None:
        alone = [
            Piece(text=words, labels=labels)
            for quote in ordered
            for words, labels in ((quote["text"], (quote["label"],)), (CUT, ()))
        ]
        return Passage(quotes=tuple(ordered), pieces=tuple(alone[:-1]))
    pieces, end = [], 0
    for start, until, labels in _marks(ordered):
        pieces.append(Piece(text=_between(whole, end, start)))
        pieces.append(Piece(text=whole[start:until], labels=labels))
        end = until
    rest = whole[end : end + AROUND].rstrip() + (CUT if len(whole) > end + AROUND else "")
    kept = [piece for piece in [*pieces, Piece(text=rest)] if piece.text]
    return Passage(quotes=tuple(ordered), pieces=tuple(kept))


def _marks(ordered: Sequence[Json]) -> list[tuple[int, int, tuple[str, ...]]]:
    marks: list[tuple[int, int, tuple[str, ...]]] = []
    for quote in ordered:
        start, end, label = quote["start"], quote["end"], quote["label"]
        if marks and start < marks[-1][1]:
            first, last, labels = marks[-1]
            marks[-1] = (first, max(last, end), tuple(dict.fromkeys((*labels, label))))
        else:
            marks.append((start, end, (label,)))
    return marks


def _between(whole: str, end: int, start: int) -> str:
    """What stands between two marks, or before the first: all of it, or what is near them."""
    if end == 0:
        near = whole[max(0, start - AROUND) : start].lstrip()
        return (CUT if start > AROUND else "") + near
    if start - end <= 2 * AROUND:
        return whole[end:start]
    return whole[end : end + AROUND] + CUT + whole[start - AROUND : start]
