"""A page's text in blocks: what the page itself says, and body text that was pasted on from elsewhere.

Paragraphs (lines) are of four kinds that anybody can check by reading: `places` (half of it names of places),
`service` (a hotline number, or two words of repair and service), `prose` (sentences of running text), `short`. Prose
that stands beside a page's own lines and shares none of their topic words is pasted: words of two characters that
the own lines repeat and the prose never uses. One judges each block by itself: a doorway page is not what the article
says that it copied, and an article is not what the doorway says. Linear in the text.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from crawler.detect.places.coverage import masked, places
from crawler.detect.text.numbers import HOTLINES, numbers

Kind = Literal["places", "service", "prose", "short"]
SERVICE = re.compile(
    r"维修|售后|报修|客服|客户服务|上门服务|服务中心|服务热线|服务电话|服务网点|故障|人工坐席|联保|安装服务"
)
_PLACES = 0.5  # share of names that makes a paragraph a list of places
_SERVICE_WORDS = 2
_SHORTEST = 3  # characters that can hold a name or a number
_PROSE = 40  # characters of a paragraph of running text
_SENTENCE = re.compile(r"[。！？!?；]|[\"”]$")
_PASTED_PROSE = 120  # characters of prose that make a pasted body: three sentences of an article
_TOPIC_TIMES = 3  # a word of the topic stands so often in the own lines
_TOPIC_WORDS = 40  # so many of them are compared: the most frequent
_SHARED = 0.25  # share of the topic words up to which the prose has another topic
_HAN = re.compile(r"[\u3400-\u9fff]{2,}")
_COMMON = frozenset(
    (
        "我们",
        "可以",
        "一个",
        "进行",
        "使用",
        "以及",
        "提供",
        "问题",
        "时间",
        "公司",
        "需要",
        "相关",
        "消费",
        "费者",
    )
)
LONGEST = 1_000_000  # characters of one text that are read


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One line at [start, end) of the text."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of one origin at [start, end). `pasted`: running text of another topic than the page's own lines."""

    pasted: bool
    start: int
    end: int


@dataclass(frozen=True)
class Blocks:
    """The blocks of one text, in order, which cover all its lines. `topic`: words that the own lines repeat."""

    text: str
    blocks: tuple[Block, ...]
    topic: tuple[str, ...]

    @cached_property
    def own(self) -> tuple[Block, ...]:
        """What the page itself says."""
        return tuple(block for block in self.blocks if not block.pasted)

    @cached_property
    def pasted(self) -> tuple[Block, ...]:
        """What was pasted on."""
        return tuple(block for block in self.blocks if block.pasted)


def blocks(text: str) -> Blocks:
    """Split a page's text; a page of one topic is one block."""
    text = text[:LONGEST]
    paragraphs = list(_paragraphs(text))
    runs = list(_runs(paragraphs))
    own = [each for is_prose, run in runs if not is_prose for each in run]
    topic = _topic(text, own)
    found: list[Block] = []
    for is_prose, run in runs:
        pasted = is_prose and bool(topic) and _is_pasted(text, run, topic)
        start, end = run[0].start, run[-1].end
        if found and found[-1].pasted == pasted:
            start = found.pop().start
        found.append(Block(pasted, start, end))
    return Blocks(text, tuple(found), topic)


def _paragraphs(text: str) -> Iterator[Paragraph]:
    start = 0
    for line in text.splitlines(keepends=True):
        content = line.strip()
        if content:
            begin = start + line.index(content)
            yield Paragraph(_kind(content), begin, begin + len(content))
        start += len(line)


def _kind(line: str) -> Kind:
    if len(line) < _SHORTEST:
        return "short"
    if places(line).coverage >= _PLACES:
        return "places"
    words = len(set(SERVICE.findall(line)))
    if words >= _SERVICE_WORDS or any(number.kind in HOTLINES for number in numbers(line)):
        return "service"
    return "prose" if len(line) >= _PROSE and _SENTENCE.search(line) else "short"


def _runs(paragraphs: Sequence[Paragraph]) -> Iterator[tuple[bool, list[Paragraph]]]:
    """Prose with the short lines among it, and everything else; each with whether it is prose."""
    run: list[Paragraph] = []
    waiting: list[Paragraph] = []  # short lines after prose: they belong to whichever comes next
    is_prose = False
    for each in paragraphs:
        if each.kind == "short" and is_prose:
            waiting.append(each)
            continue
        prose = each.kind == "prose"
        if run and prose != is_prose:
            yield is_prose, run
            run = []
        run += [*waiting, each]
        waiting, is_prose = [], prose
    if run or waiting:
        yield is_prose, run + waiting


def _topic(text: str, own: Sequence[Paragraph]) -> tuple[str, ...]:
    """Words of two characters that most lines of service repeat; the page's brand and thing are among them."""
    counted: Counter[str] = Counter()
    for each in own:
        if each.kind != "places":
            line = text[each.start : each.end]
            counted.update(set(_pairs(masked(line, places(line).found))))
    often = [
        (-times, word) for word, times in counted.items() if times >= _TOPIC_TIMES and word not in _COMMON
    ]
    return tuple(word for _, word in sorted(often)[:_TOPIC_WORDS])


def _pairs(text: str) -> Iterator[str]:
    for match in _HAN.finditer(text):
        run = match[0]
        yield from (run[at : at + 2] for at in range(len(run) - 1))


def _is_pasted(text: str, run: Sequence[Paragraph], topic: Sequence[str]) -> bool:
    length = sum(each.end - each.start for each in run if each.kind == "prose")
    said = text[run[0].start : run[-1].end]
    shared = sum(word in said for word in topic)
    return length >= _PASTED_PROSE and shared <= _SHARED * len(topic)
