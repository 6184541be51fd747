"""Blocks: a text cut by who speaks. What one speaker says is judged by itself."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from crawler.detect.text.criteria import Hit
from crawler.detect.text.phrases import Read
from crawler.detect.text.stance import Cue, stances

TELLING = ("report", "complaint", "account", "warning", "prohibition")  # who speaks of others


@dataclass(frozen=True, slots=True)
class Block:
    """Paragraphs of one speaker; offsets in the original text."""

    start: int
    end: int
    hits: tuple[Hit, ...]
    stances: dict[str, list[str]]  # decided against it → the cues

    @property
    def live(self) -> list[Hit]:
        """Terms that are not void."""
        return [hit for hit in self.hits if not hit.void]


def blocks(source: Read, found: Sequence[Hit], told: Sequence[Cue]) -> list[Block]:
    """Paragraphs whose speaker is another are blocks of their own; the others between them are one block."""
    found = _without_quotations(source, found, told)
    found_blocks: list[Block] = []
    pending: list[tuple[int, int]] = []
    for start, end in _paragraphs(source.folded.text):
        against = stances(between(told, start, end), end - start)
        if against:
            found_blocks += _joined(source, pending, found)
            found_blocks.append(_block(source, start, end, found, against))
            pending = []
        else:
            pending.append((start, end))
    found_blocks += _joined(source, pending, found)
    return found_blocks or [Block(0, len(source.folded.original), (), {})]


def _without_quotations(source: Read, found: Sequence[Hit], told: Sequence[Cue]) -> list[Hit]:
    """Terms between quotation marks are void in a paragraph that tells of others: 记者… “发布五星好评即可返现”."""
    telling = [cue.start for cue in told if cue.stance in TELLING]
    kept: list[Hit] = []
    for start, end in _paragraphs(source.folded.text):
        first = bisect_left(telling, start)
        tells = first < len(telling) and telling[first] < end
        quoted = _quotations(source.folded.text, start, end) if tells else []
        own = found[bisect_left(found, start, key=_at) : bisect_left(found, end, key=_at)]
        kept += [replace(hit, void=True) if _inside(hit, quoted) else hit for hit in own]
    return kept


def _at(hit: Hit) -> int:
    return hit.at


def begin(cue: Cue) -> int:
    """For sorting: where a cue begins."""
    return cue.start


def between(told: Sequence[Cue], start: int, end: int) -> Sequence[Cue]:
    """Cues that begin within folded characters `start:end`."""
    return told[bisect_left(told, start, key=begin) : bisect_left(told, end, key=begin)]


def _quotations(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Ranges between “ and ” in `text[start:end]`, in order."""
    ranges = []
    opened = text.find("“", start, end)
    while opened != -1:
        closed = text.find("”", opened, end)
        if closed == -1:
            break
        ranges.append((opened, closed))
        opened = text.find("“", closed, end)
    return ranges


def _inside(hit: Hit, ranges: list[tuple[int, int]]) -> bool:
    """Does one of these ranges, which are in order, hold the term?"""
    place = bisect_left(ranges, hit.until, key=lambda each: each[1])
    return place < len(ranges) and ranges[place][0] <= hit.at


def _joined(source: Read, paragraphs: list[tuple[int, int]], found: Sequence[Hit]) -> list[Block]:
    if not paragraphs:
        return []
    return [_block(source, paragraphs[0][0], paragraphs[-1][1], found, {})]


def _block(source: Read, start: int, end: int, found: Sequence[Hit], against: dict[str, list[str]]) -> Block:
    own = tuple(found[bisect_left(found, start, key=_at) : bisect_left(found, end, key=_at)])
    first, last = source.folded.span(start, end)
    return Block(first, last, own, against)


def _paragraphs(text: str) -> list[tuple[int, int]]:
    """Half-open ranges of the lines that hold something."""
    ranges, start = [], 0
    for line in text.split("\n"):
        if line.strip():
            ranges.append((start, start + len(line)))
        start += len(line) + 1
    return ranges
