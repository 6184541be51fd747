"""The dates that a page states of itself, held against the time of capture and against each other.

In a case about a 微信小程序 the picture of a page said 更新于"两周前", and the other side asked how that fits the
dates claimed. So each statement is quoted, resolved to the time it means, and judged when it is captured.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from parsel import Selector

from crawler import clock
from crawler.engine.rendering.date_judgement import judge
from crawler.engine.rendering.main_text import Line, lines, parsed
from crawler.engine.rendering.structured import metas, objects, types
from crawler.engine.rendering.time_span import Span, span

Json = dict[str, Any]

PUBLISHED, MODIFIED, SHOWN, SERVED = "published", "modified", "shown", "served"
MOST = 100  # statements of one page
MOST_TIMES = 3  # more of one sort on a page are those of a list or of comments, not the page's own
LONGEST_LINE = 200  # characters of a line that is looked at
QUOTE = 120

_META = {
    **dict.fromkeys(
        (
            "article:published_time",
            "og:published_time",
            "datepublished",
            "pubdate",
            "publishdate",
            "publish_time",
        ),
        PUBLISHED,
    ),
    **dict.fromkeys(("og:release_date", "uploaddate", "date", "dc.date", "dc.date.issued"), PUBLISHED),
    **dict.fromkeys(
        ("article:modified_time", "og:updated_time", "datemodified", "lastmod", "last-modified"), MODIFIED
    ),
}
_LINKED = {
    "datePublished": PUBLISHED,
    "uploadDate": PUBLISHED,
    "dateCreated": PUBLISHED,
    "dateModified": MODIFIED,
}
_PARTS = frozenset(
    ("Review", "Comment", "Answer", "UserComments", "Rating", "Person", "Event", "ImageObject")
)
_PART_OF = re.compile(
    r"/(?:reviews?|comments?|suggestedAnswer|acceptedAnswer|itemListElement|hasPart|isPartOf"
    r"|video|image|associatedMedia|author|publisher)(?:/|$)"
)

_CLOCK = r"(?:[T\s,]{0,3}(?:凌晨|早上|上午|中午|下午|傍晚|晚上)?\d{1,2}[:：时]\d{2}(?:[:：分]\d{2}秒?|分)?)?"
_DATE = (
    rf"(?:\d{{4}}[-/.年]\s?\d{{1,2}}[-/.月]\s?\d{{1,2}}日?{_CLOCK}"
    rf"|\d{{1,2}}月\d{{1,2}}日{_CLOCK}|\d{{2}}-\d{{2}}{_CLOCK}"
    r"|(?:\d{1,4}|[一二两三四五六七八九十]{1,3}|半)\s?个?(?:秒钟?|分钟?|小时|天|周|星期|月|年)前"
    rf"|(?:刚刚|大?前天|昨天|今天|上周|上个月|去年){_CLOCK}"
    r"|(?:an?|\d{1,4}) (?:second|minute|hour|day|week|month|year)s? ago|yesterday|just now)"
)
_SAYS_PUBLISHED = r"(?:发表|发布|发帖|首发|上传|创建|刊登|posted|published)(?:时间|日期|于|on)?"
_SAYS_MODIFIED = r"(?:最后|最近|last\s)?(?:更新|修改|编辑|修订|updated|modified|edited)(?:时间|日期|于|on)?"
_QUOTED = r"""[\s:：于"'“”‘’「」]{0,4}"""
_LABELLED = (
    (MODIFIED, re.compile(rf"{_SAYS_MODIFIED}{_QUOTED}(?P<date>{_DATE})", re.IGNORECASE)),
    (PUBLISHED, re.compile(rf"{_SAYS_PUBLISHED}{_QUOTED}(?P<date>{_DATE})", re.IGNORECASE)),
    (MODIFIED, re.compile(rf"(?<!\d)(?P<date>{_DATE})\s?(?:更新|修改|编辑)(?!于|时间)", re.IGNORECASE)),
    (PUBLISHED, re.compile(rf"(?<!\d)(?P<date>{_DATE})\s?(?:发表|发布)(?!于|时间)", re.IGNORECASE)),
)
_BARE = re.compile(rf"(?P<date>{_DATE})(?=$|[\s来|·,，(（])", re.IGNORECASE)


_YEARLESS = re.compile(r"\d{1,2}[-月]\s?\d{1,2}(?!\d*[-/.年]\d)")
_GLUED = re.compile(r"(\d{2}-\d{2})(\d{2}:)")  # "10-0812:00": two boxes side by side


class _Hit(NamedTuple):
    what: str
    quote: str
    date: str
    source: str
    main: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One date that a page states. `own`: of the page itself, not of a comment or of an entry of a list."""

    what: str  # PUBLISHED, MODIFIED, SHOWN (which of the two is not said) or SERVED (of the answer)
    quote: str
    source: str
    says: Span
    own: bool = True


def page_dates(html: str, captured: str, headers: Sequence[tuple[str, str]] = ()) -> list[Json]:
    """Every date that a page states, judged.

    `captured`: when the exchange began, UTC as manifests have it; `headers`: those of its answer. Each is
    ``{"what", "quote", "source", "says": {"since", "until"}, "judgement", "reason"}``; `source` is a selector, a
    place in JSON-LD (structured.objects), ``line N`` of the page's text or ``header NAME``; `judgement` and `reason`
    as in `date_judgement`. Never raises for what a page holds; at most MOST statements.
    """
    at = clock.parse(captured)
    page = parsed(html)
    found = [*_of_head(page, at), *_of_objects(page, at), *_of_times(page, at), *_of_lines(lines(page), at)]
    statements = list(dict.fromkeys([*_of_headers(headers, at), *found]))[:MOST]
    return [
        {
            "what": statement.what,
            "quote": statement.quote[:QUOTE],
            "source": statement.source,
            "says": statement.says.to_json(),
            "judgement": verdict.word,
            "reason": verdict.reason,
        }
        for statement, verdict in zip(statements, judge(statements, at, _age(headers)), strict=True)
    ]


def _stated(what: str, quote: str, source: str, at: datetime, own: bool = True) -> Iterator[Statement]:
    says = span(quote, at)
    if says is not None:
        yield Statement(what, quote, source, says, own)


def _of_headers(headers: Sequence[tuple[str, str]], at: datetime) -> Iterator[Statement]:
    for name, value in headers[:500]:
        what = {"date": SERVED, "last-modified": MODIFIED}.get(name.lower())
        if what is not None:
            # A file's time of change, not the article's: it is not held against what the page says.
            yield from _stated(what, value[:100], f"header {name}", at, own=what == SERVED)


def _age(headers: Sequence[tuple[str, str]]) -> int:
    """Seconds that the answer lay in a cache (RFC 9111 §5.1)."""
    values = [value.strip() for name, value in headers if name.lower() == "age"]
    return int(values[0]) if values and re.fullmatch(r"\d{1,9}", values[0]) else 0


def _of_head(page: Selector, at: datetime) -> Iterator[Statement]:
    for name, content, place in metas(page):
        if name in _META:
            yield from _stated(_META[name], content, place, at, own=not place.startswith("meta[itemprop"))


def _of_objects(page: Selector, at: datetime) -> Iterator[Statement]:
    for place, found in objects(page):
        part = bool(_PARTS.intersection(types(found))) or _PART_OF.search(place) is not None
        for name, what in _LINKED.items():
            if isinstance(found.get(name), str):
                yield from _stated(what, found[name], f"{place}/{name}", at, own=not part)


def _of_times(page: Selector, at: datetime) -> Iterator[Statement]:
    elements = page.xpath("//time[@datetime]")
    for number, element in enumerate(elements[:MOST], 1):
        named = element.attrib.get("itemprop", "") + element.attrib.get("class", "")
        what = MODIFIED if re.search("modified|update", named) else SHOWN
        if re.search("publish", named):
            what = PUBLISHED
        written = element.attrib["datetime"]
        yield from _stated(what, written, f"(//time[@datetime])[{number}]", at, len(elements) <= MOST_TIMES)


def _of_lines(read: Sequence[Line], at: datetime) -> Iterator[Statement]:
    """Statements in the text. A bare date is the page's own only where it is the first in its main text."""
    found = [hit for number, line in enumerate(read, 1) if not line.hidden for hit in _in_line(line, number)]
    counts = Counter(hit.what for hit in found)
    first = next((hit for hit in found if hit.what == SHOWN and hit.main), None)
    for hit in found[:MOST]:
        says = span(_GLUED.sub(r"\1 \2", hit.date), at)
        own = hit is first if hit.what == SHOWN else counts[hit.what] <= MOST_TIMES
        if says is not None:
            # Without its year a date has been guessed: nothing is to contradict it.
            own = own and _YEARLESS.match(hit.date) is None
            yield Statement(hit.what, hit.quote, hit.source, says, own)


def _in_line(line: Line, number: int) -> Iterator[_Hit]:
    """What a line says. A bare date counts at its beginning only."""
    text, source = line.text[:LONGEST_LINE], f"line {number}"
    labelled: dict[int, _Hit] = {}
    for what, pattern in _LABELLED:
        for match in pattern.finditer(text):
            labelled.setdefault(match.start("date"), _Hit(what, match[0], match["date"], source, line.main))
    yield from labelled.values()
    bare = None if labelled else _BARE.match(text)
    if bare is not None:
        yield _Hit(SHOWN, bare[0], bare["date"], source, line.main)
