"""What papers are made from: a case, its captures with their brackets, its findings, the law by date of conduct."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from crawler import clock
from crawler.config import Config
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture
from crawler.export.selection import Selected, Selection
from crawler.law.articles import Article, NoLawForDate, articles_for, notes_for
from crawler.store.casefile import CaseExhibit, CaseFile, LedgerLine, Party

Json = dict[str, Any]
COURT, PLATFORM, PUBLIC = "court", "platform", "public"  # crawler.redaction.grade
EVERY_GRADE = (COURT, PLATFORM, PUBLIC)
TEMPLATES = "templates"  # folder in an archive: the user's own Word files
LINKS = {"recruit": "B", "consume": "C", "review": "D", "rebate": "E"}  # 招募—消费—评价—返款 → groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """An article that a case cites: `cleared` where a person has checked it, so that it prints without 待核."""

    article: Article
    cleared: bool

    @property
    def printed(self) -> str:
        """The citation, with its 待核 mark where it has one and nobody cleared it."""
        return self.article.citation + ("" if self.cleared else self.article.mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """All that a paper may say. `findings`: what they say (crawler.detect), by id."""

    case: CaseFile
    archive: Archive
    selection: Selection
    captures: Mapping[str, Selected]
    findings: Mapping[str, Json]
    grade: str = COURT  # of the bundle: crawler.redaction.grade
    sheet: Callable[[str], bytes] | None = None  # prints a finding, by id: a PDF
    earlier: str = ""  # digest of the bundle that this one supplements

    @property
    def config(self) -> Config:
        """Who runs the archive; in public without the name of a person."""
        config = self.archive.config
        return config if self.grade != PUBLIC else replace(config, operator="", contact="")

    @property
    def collector(self) -> str:
        """Who ran the capture, as papers say it."""
        operator = f"（操作人：{self.config.operator}）" if self.config.operator else ""
        return f"{self.config.organisation}{operator}"

    @property
    def until(self) -> str:
        """The time of the newest entry that is handed over: two exports of one state are equal."""
        return self.selection.until

    @property
    def templates(self) -> Path:
        """Where the user's own Word files are."""
        return self.archive.path / TEMPLATES

    def filed(self) -> list[CaseExhibit]:
        """The exhibits of the catalogue that is handed in, in order."""
        return [exhibit for exhibit in self.case.ordered if exhibit.filed]

    def of(self, exhibit: CaseExhibit) -> list[Selected]:
        """The captures of an exhibit, oldest first."""
        return sorted(
            (self.captures[name] for name in exhibit.captures), key=lambda one: (one.time, one.index)
        )

    def party(self, role: str) -> list[Party]:
        """Everybody with a role."""
        return [party for party in self.case.parties if party.role == role]

    def ledger(self, name: str) -> list[LedgerLine]:
        """A ledger, by day."""
        return sorted(
            (line for line in self.case.ledger if line.ledger == name), key=lambda line: (line.date, line.ref)
        )

    def span(self) -> tuple[str, str]:
        """First and last day of the conduct: as the case says, else as its findings do, else the captures' days."""
        found = [
            self.findings[name]
            for exhibit in self.case.exhibits
            for name in exhibit.findings
            if name in self.findings
        ]
        days = [_day(one.time) for one in self.captures.values() if one.time]
        begins = [str(one["conduct_from"]) for one in found if one.get("conduct_from")]
        ends = [str(one["conduct_until"]) for one in found if one.get("conduct_until")]
        return (
            self.case.conduct_from or min(map(_day, begins), default=min(days, default="")),
            self.case.conduct_until or max(map(_day, ends), default=max(days, default="")),
        )

    def conducts(self) -> list[str]:
        """The kinds of conduct that the findings of filed exhibits are about, each once."""
        named = (
            self.findings[name]["conduct"]
            for each in self.filed()
            for name in each.findings
            if name in self.findings
        )
        return list(dict.fromkeys(named))

    def law(self) -> list[Law]:
        """The articles for these kinds of conduct at that time, each once. Empty without findings."""
        first, last = self.span()
        cited: dict[str, Article] = {}
        for conduct in self.conducts():
            cited |= {article.id: article for article in _articles(conduct, first, last)}
        return [Law(article=one, cleared=name in self.case.cleared) for name, one in cited.items()]

    def law_notes(self) -> list[str]:
        """What must stand beside the articles: a change of the law, a lighter rule, what is not checked."""
        first, last = self.span()
        try:
            notes = [note for conduct in self.conducts() for note in notes_for(conduct, first, last)]
        except NoLawForDate as error:
            return [str(error)]
        return list(dict.fromkeys(notes))


def gathered(
    case: CaseFile,
    archive: Archive,
    selection: Selection,
    findings: Mapping[str, Json],
    *,
    grade: str = COURT,
) -> CaseFacts:
    """The facts of a case. Raises UsageError where an exhibit names a capture that is not handed over."""
    upper = {unseen.entry: unseen.not_after for unseen in selection.originals}
    captures = {name: _as_taken(one, upper) for name, one in selection.captures().items()}
    missing = [
        name
        for exhibit in case.exhibits
        if exhibit.filed
        for name in exhibit.captures
        if name not in captures
    ]
    if missing:
        raise UsageError(f"case {case.id}: capture {missing[0]} is not among those that are handed over")
    return CaseFacts(
        case=case, archive=archive, selection=selection, captures=captures, findings=findings, grade=grade
    )


def _as_taken(one: Selected, upper: Mapping[int, datetime | None]) -> Selected:
    """A redacted capture with the times of its original, which papers are about.

    What the original committed to stands in its leaf, which is not handed over: there is no lower bound without it.
    """
    capture = one.leaf.capture
    redacted = None if capture is None else capture.redacted
    if capture is None or redacted is None:
        return one
    taken = replace(capture, started=redacted.started, ended=redacted.ended)
    leaf = replace(one.leaf, capture=taken)
    return replace(one, leaf=leaf, not_before=None, not_after=upper[redacted.entry])


def capture_of(selected: Selected) -> Capture:
    """The capture of a selected leaf. Raises UsageError for an event."""
    if selected.leaf.capture is None:
        raise UsageError(f"log entry {selected.index} is no capture")
    return selected.leaf.capture


def _articles(conduct: str, first: str, last: str) -> Sequence[Article]:
    try:
        return articles_for(conduct, first, last)
    except NoLawForDate:
        return ()  # `law_notes` says so


def _day(moment: str) -> str:
    """The day in Beijing of a date or a time."""
    if len(moment) == len("2026-11-20"):
        return moment
    return clock.parse(moment).astimezone(clock.BEIJING).date().isoformat()
