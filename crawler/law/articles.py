"""Articles of law by date of conduct, from the table law.toml.

Old law governs old conduct: a review of August 2025 stands under the 2019 text of the 反不正当竞争法, one of November
2025 under the 2025 text, and a conduct that went on through 15 October 2025 under both, each for its part. The table
says so by ranges; this module reads it. What the table has not checked is marked 待核 and stays marked in print.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from crawler.clock import BEIJING
from crawler.errors import UsageError
from crawler.law.citation import citation

Status = Literal["full", "excerpt", "unverified"]
AppliesBy = Literal["conduct", "capture", "filing", "proceeding"]
UNCHECKED = "待核"
_DOUBTS = {"excerpt": "条文只见摘录", "unverified": "条文未核对"}


class NoLawForDate(UsageError):
    """The conduct lies before the first day that the table covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article as the table has it. `valid_to` includes the day; None: still in force as far as is known."""

    id: str
    instrument: str
    doc_no: str
    article: str
    paragraph: str | None = None
    item: str | None = None
    valid_from: date
    valid_to: date | None = None
    date_status: Status
    applies_by: AppliesBy
    tags: tuple[str, ...]
    gist: str
    quote: str | None = None  # words of the article, where they were copied
    verified: Status
    text_as_of: date | None = None
    doc_no_verified: bool = True
    note: str | None = None

    @property
    def citation(self) -> str:
        """For print: 《中华人民共和国反不正当竞争法》（2019年修正）第八条第二款."""
        return citation(self.instrument, self.doc_no, self.article, self.paragraph, self.item)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What nobody checked yet, in Chinese; empty where text, date and number were read in full."""
        found = [_DOUBTS[self.verified]] if self.verified != "full" else []
        if self.date_status != "full":
            found.append("施行日期未核对")
        if not self.doc_no_verified:
            found.append("文号未核对")
        return tuple(found)

    @property
    def mark(self) -> str:
        """What stands behind the citation in print: "" or "〔待核：条文只见摘录〕"."""
        return f"〔{UNCHECKED}：{'、'.join(self.doubts)}〕" if self.doubts else ""

    def in_force(self, start: date, end: date) -> bool:
        """Whether it was in force on some day from `start` to `end`."""
        return self.valid_from <= end and (self.valid_to is None or self.valid_to >= start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The articles for a conduct from `start` to `end` (both included; None: to this day)."""

    start: date
    end: date | None
    articles: tuple[Article, ...]

    def meets(self, start: date, end: date) -> bool:
        """Whether it shares a day with the given span."""
        return self.start <= end and (self.end is None or self.end >= start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """A kind of conduct: what to collect for it (`facts`), its links and groups, and the law by date."""

    id: str
    name: str
    links: tuple[str, ...]
    groups: tuple[str, ...]
    facts: tuple[str, ...]
    related: tuple[Article, ...]  # apply by a date of their own, see Article.applies_by
    caution: str | None
    ranges: tuple[Range, ...]


def articles() -> Mapping[str, Article]:
    """Every article of the table by id."""
    return _table()[0]


def conducts() -> Mapping[str, Conduct]:
    """Every kind of conduct by id."""
    return _table()[1]


def articles_for(conduct: str, start: str | date, until: str | date | None = None) -> list[Article]:
    """The articles for a conduct that began at `start` and ended at `until` (default: the same day).

    Days are days in Beijing; a time in RFC 3339 is converted. A conduct that ran through a change of law gets the
    articles of every version, older first, each once. Empty where the table has no article for that conduct and
    time. Raises UsageError for an unknown conduct or an end before the start, NoLawForDate for a start before the
    first day of the table.
    """
    first, last = _span(start, until)
    met = [each for each in _conduct(conduct).ranges if each.meets(first, last)]
    return list(dict.fromkeys(article for each in met for article in each.articles))


def notes_for(conduct: str, start: str | date, until: str | date | None = None) -> list[str]:
    """What must stand beside the articles, in Chinese: change of law, lighter rule, gaps, caution, 待核.

    Raises as `articles_for`.
    """
    first, last = _span(start, until)
    known = _conduct(conduct)
    met = [each for each in known.ranges if each.meets(first, last)]
    cited = [article for each in met for article in each.articles]
    return [
        *_crossings(met, last),
        *_lighter(known, met),
        *_gap(known, first),
        *_later_text(cited, first),
        *([known.caution] if known.caution else []),
        *_unchecked(cited),
    ]


def related_to(conduct: str, when: Mapping[AppliesBy, str | date]) -> list[Article]:
    """Related articles in force on the day by which each applies, e.g. ``{"filing": "2026-12-01"}``.

    An article whose kind of day is not given is left out. Raises UsageError for an unknown conduct.
    """
    days = {kind: _day(day) for kind, day in when.items()}
    return [
        article
        for article in _conduct(conduct).related
        if article.applies_by in days and article.in_force(days[article.applies_by], days[article.applies_by])
    ]


def lighter_rule() -> Article:
    """The article by which a later, lighter rule applies to older conduct."""
    return articles()[_table()[2]["lighter_rule"]]


def link_names() -> Mapping[str, str]:
    """The four links of the chain as the court names them, in order: recruit → 招募."""
    names: Mapping[str, str] = _table()[2]["links"]
    return names


def earliest_conduct() -> date:
    """The first day that the table covers."""
    day: date = _table()[2]["earliest_conduct"]
    return day


def _crossings(met: list[Range], last: date) -> list[str]:
    later = [each for each in met[1:] if each.start <= last]
    if not later:
        return []
    days = "、".join(_printed(each.start) for each in later)
    return [
        f"行为持续跨越{days}，其前后适用的条文不同，各版本均列出；各段行为分别对应当时有效的条文，由律师核定。"
    ]


def _lighter(known: Conduct, met: list[Range]) -> list[str]:
    if not met or met[0] is known.ranges[-1]:
        return []
    rule = lighter_rule()
    return [
        "部分或者全部行为发生在现行条文施行之前，所列为行为发生时的条文；"
        f"作出处罚决定时新的规定处罚较轻或者不认为是违法的，适用新的规定（{rule.citation}{rule.mark}）。"
    ]


def _gap(known: Conduct, first: date) -> list[str]:
    begins = known.ranges[0].start
    if first >= begins:
        return []
    return [f"{_printed(begins)}以前的行为，本表没有列出条文，须由律师另行查证。"]


def _later_text(cited: list[Article], first: date) -> list[str]:
    """Articles whose text was read in a form that is younger than the conduct."""
    younger = [each for each in cited if (changed := _changed(each.doc_no)) and changed > first]
    names = dict.fromkeys(
        f"《{each.instrument}》（{each.doc_no}）" for each in younger if each.in_force(first, first)
    )
    if not names:
        return []
    return [f"{'、'.join(names)}的文本晚于行为发生日，行为发生时的文字{UNCHECKED}。"]


def _unchecked(cited: list[Article]) -> list[str]:
    doubtful = list(dict.fromkeys(f"{each.citation}{each.mark}" for each in cited if each.doubts))
    return [f"打印前须核对：{'；'.join(doubtful)}。"] if doubtful else []


def _printed(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _span(start: str | date, until: str | date | None) -> tuple[date, date]:
    first = _day(start)
    last = _day(until) if until is not None else first
    if last < first:
        raise UsageError(f"the conduct ends ({last}) before it begins ({first})")
    if first < earliest_conduct():
        raise NoLawForDate(
            f"conduct of {first}: law.toml covers conduct from {earliest_conduct()} on; "
            "a lawyer must look up the law of that day"
        )
    return first, last


def _day(text: str | date) -> date:
    """The day in Beijing of a date or of a time with zone."""
    if isinstance(text, datetime):
        return text.astimezone(BEIJING).date()
    if isinstance(text, date):
        return text
    try:
        if len(text) <= len("2026-11-22"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no date; write 2026-11-22 or 2026-11-22T08:00:00Z") from error
    if moment.tzinfo is None:
        raise UsageError(f"{text!r} names no time zone; write 2026-11-22T08:00:00Z")
    return moment.astimezone(BEIJING).date()


def _conduct(name: str) -> Conduct:
    known = conducts()
    if name not in known:
        raise UsageError(f"no conduct {name!r} in law.toml; known: {', '.join(known)}")
    return known[name]


def _changed(doc_no: str) -> date | None:
    """The day that a doc_no names: 2019年4月23日修正."""
    match = re.search(r"(\d{4})年(\d+)月(\d+)日", doc_no)
    return date(int(match[1]), int(match[2]), int(match[3])) if match else None


@cache
def _table() -> tuple[dict[str, Article], dict[str, Conduct], dict[str, Any]]:
    content = tomllib.loads((files("crawler.law") / "law.toml").read_text("utf-8"))
    known = {each["id"]: Article(**{**each, "tags": tuple(each["tags"])}) for each in content["article"]}
    acts = {each["id"]: _conduct_from(each, known) for each in content["conduct"]}
    return known, acts, content["meta"]


def _conduct_from(row: dict[str, Any], known: dict[str, Article]) -> Conduct:
    return Conduct(
        id=row["id"], name=row["name"], links=tuple(row["links"]), groups=tuple(row["groups"]),
        facts=tuple(row["facts"]), caution=row.get("caution"),
        related=tuple(known[each] for each in row["related"]),
        ranges=tuple(
            Range(start=each["from"], end=each.get("to"), articles=tuple(known[name] for name in each["articles"]))
            for each in row["range"]
        ),
    )  # fmt: skip
