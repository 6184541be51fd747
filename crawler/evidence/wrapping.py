"""Breaking lines of mixed Chinese and Latin text for a terminal, where a Chinese character takes two columns."""

import re
import unicodedata

# What is never torn apart: a command in backticks, a word or digest, one Chinese character with what must not be
# parted from it (an opening bracket before, punctuation behind).
_PIECE = re.compile(r"[（“《]*(?:`[^`\n]{1,80}`|[^\s\u2e80-\uffff]+|[\u2e80-\uffff])[，。；：、）”》]*\s*")


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def wrapped(text: str, width: int, indent: str) -> list[str]:
    """`text` in lines of at most `width` columns, the second and later ones behind `indent`.

    A single word that is longer (a digest, an address) stays whole. Nothing is lost but blanks at line ends.
    """
    if columns(text) <= width:
        return [text]
    lines, line = [], ""
    for piece in _pieces(text):
        if line.strip() and columns(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = indent
        line += piece
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """The text in pieces that stay whole; what no piece matches (blanks in front, a lone bracket) goes along."""
    starts = [found.start() for found in _PIECE.finditer(text)]
    ends = [*starts[1:], len(text)]
    lead = text[: starts[0]] if starts else text
    pieces = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    return [lead, *pieces] if lead else pieces
