"""Breaking lines of mixed Chinese and Latin text for a terminal, where a Chinese character takes two columns."""

import re
import unicodedata

# What is never torn apart: a time as `clock.beijing` writes it, a command in backticks, a word or digest, one Chinese
# character with what must not be parted from it (an opening bracket before, punctuation behind).
_PIECE = re.compile(
    r"[（“《]*"
    r"(?:\d{4}年\d\d月\d\d日 \d\d:\d\d:\d\d（北京时间 UTC\+8）|`[^`\n]{1,80}`|[^\s\u2e80-\uffff]+|[\u2e80-\uffff])"
    r"[，。；：、）”》]*\s*"
)
_PAUSE = re.compile(r"[，。；：,;]\s*$")
_LATE = 0.6  # a pause behind this share of the width is where a line is best broken


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def wrapped(text: str, width: int, indent: str) -> list[str]:
    """`text` in lines of at most `width` columns, the second and later ones behind `indent`.

    Broken behind a pause near the end of the line if there is one, else anywhere between words or Chinese
    characters. A single word that is longer (a digest, an address) stays whole. Nothing is lost but blanks at the
    ends of lines.
    """
    if columns(text) <= width:
        return [text]
    lines: list[str] = []
    line: list[str] = []
    for piece in _pieces(text):
        if "".join(line).strip() and columns("".join(line) + piece.rstrip()) > width:
            kept = _cut(line, width)
            lines.append("".join(line[:kept]).rstrip())
            line = [indent, *line[kept:]]
        line.append(piece)
    return [*lines, "".join(line).rstrip()]


def _cut(line: list[str], width: int) -> int:
    """How many pieces of a full line stay on it."""
    for count in range(len(line), 0, -1):
        if columns("".join(line[:count])) < width * _LATE:
            break
        if _PAUSE.search(line[count - 1]):
            return count
    return len(line)


def _pieces(text: str) -> list[str]:
    """The text in pieces that stay whole; what no piece matches (blanks in front, a lone bracket) goes along."""
    starts = [found.start() for found in _PIECE.finditer(text)]
    ends = [*starts[1:], len(text)]
    lead = text[: starts[0]] if starts else text
    pieces = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    return [lead, *pieces] if lead else pieces
