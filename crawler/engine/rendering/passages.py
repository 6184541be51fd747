"""Which parts of one text do not stand in another: by shingles, in linear time on any input.

A character counts as found if some run of SHINGLE characters around it occurs anywhere in the other text. So a
moved block and another division into lines cost nothing, a changed word costs that word, and hostile text cannot
make it slow, as it could an alignment (difflib).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHINGLE = 8  # characters; two Chinese texts hardly share so many by chance
LEAST = 6  # characters: a shorter stretch that is not found is a changed word, no passage

# What differs between two looks at one page without any meaning.
_VOLATILE = re.compile(
    r"(?:\d{1,6}|[一二两三四五六七八九十半几]{1,4})\s?(?:秒钟?|分钟|个?小时|天|周|个?月|年)[之以]?前"
    r"|刚刚|刚才|[今昨前]天|(?:早上|上午|中午|下午|晚上)好|凌晨|清晨|早上|上午|中午|下午|傍晚|晚上"
    r"|(?:an?|\d{1,6})\s(?:second|minute|hour|day|week|month|year)s?\sago|yesterday|just now"
    r"|good (?:morning|afternoon|evening)"
    r"|(?:正在)?(?:加载|载入)中?[.…。]*|loading[.…]*|请稍[候等后][.…。]*|please wait[.…]*"
    r"|[^。！!？?;；]{0,40}(?:javascript|浏览器版本|浏览器不支持)[^。！!？?;；]{0,40}"
)
_TOKEN = re.compile(r"(?=[a-z_-]{0,40}\d)[0-9a-z_-]{12,}")  # session ids, CSRF tokens, digests
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NO_LETTER = re.compile(r"[\W_]+")


def comparable(line: str) -> str:
    """A line with what changes from look to look made equal: times ago, counters, tokens; only letters are left.

    Numbers become ``0``: those that matter (prices, ratings) are compared by themselves (page_facts).
    """
    plain = unicodedata.normalize("NFKC", line).lower()
    for pattern, instead in ((_VOLATILE, ""), (_TOKEN, "0"), (_NUMBER, "0"), (_NO_LETTER, "")):
        plain = pattern.sub(instead, plain)
    return plain


def width(text: str) -> int:
    """Length in half-widths: a Chinese character says about as much as two Latin letters."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


class Known:
    """A text in which others are looked for. Holds at most one shingle per character."""

    def __init__(self, lines: Iterable[str]) -> None:
        made = [comparable(line) for line in lines]
        whole = "".join(made)
        self._lines = set(made)
        self._shingles = {whole[at : at + SHINGLE] for at in range(len(whole) - SHINGLE + 1)}

    def found(self, made: Sequence[str]) -> list[bytearray]:
        """For each comparable line a flag per character: 1 where it stands in this text."""
        whole = "".join(made)
        flags = bytearray(len(whole))
        reach = 0  # flags before this are set
        for at in range(len(whole) - SHINGLE + 1):
            if whole[at : at + SHINGLE] in self._shingles:
                begin = max(at, reach)
                reach = at + SHINGLE
                flags[begin:reach] = b"\1" * (reach - begin)
        marked, at = [], 0
        for line in made:
            own = flags[at : at + len(line)]
            marked.append(bytearray(b"\1" * len(line)) if line in self._lines else own)
            at += len(line)
        return marked


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a text stands in another. Widths in half-widths; `missing` are the lines with what does not."""

    whole: int
    found: int
    missing: tuple[str, ...]

    @property
    def lost(self) -> int:
        """The width of the passages that are missing."""
        return self.whole - self.found


def share(lines: Sequence[str], known: Known) -> Share:
    """Look for each line in a text. Stretches shorter than LEAST pass as found, unless they are a whole line."""
    made = [comparable(line) for line in lines]
    whole = found = 0
    missing = []
    for line, text, flags in zip(lines, made, known.found(made), strict=True):
        lost = sum(
            width(text[begin:end])
            for begin, end in _gaps(flags)
            if end - begin >= LEAST or end - begin == len(text)
        )
        whole += width(text)
        found += width(text) - lost
        if lost:
            missing.append(line)
    return Share(whole, found, tuple(missing))


def _gaps(flags: bytearray) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(rb"\0+", bytes(flags))]
