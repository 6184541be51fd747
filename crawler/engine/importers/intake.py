"""Importing files, one after the other: keep, recognise, look through, log, land, read.

A file that is broken somewhere is refused as a whole before anything of it is landed; the copy goes to quarantine/.
Whatever happens to one file, the others given with it are imported, unless the archive itself can take no more.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawler.engine.addon import new_run
from crawler.engine.extractor import Extractor
from crawler.engine.importers.drafting import Origin
from crawler.engine.importers.found import Exchange, Refused, Source, Terms, claim
from crawler.engine.importers.har import HarSource
from crawler.engine.importers.html import HtmlSource, JsonSource
from crawler.engine.importers.kept import Kept, drop, keep, set_aside, settle
from crawler.engine.importers.landing import NAMED_REFUSALS, Landing
from crawler.engine.importers.mhtml import MhtmlSource
from crawler.engine.importers.notes import NAMES, Note, note_for, read_notes
from crawler.engine.importers.pictures import PictureSource
from crawler.engine.importers.recognise import recognise
from crawler.engine.importers.report import FileReport, Statement
from crawler.engine.importers.wacz import WaczSource
from crawler.engine.importers.warc import WarcSource
from crawler.engine.reader import Sites
from crawler.engine.run import project_settings
from crawler.errors import DiskFull, FormatError, UsageError
from crawler.evidence.checks.wacz_signature import Anchors
from crawler.evidence.imported import IMPORTED, REFUSED
from crawler.evidence.manifest import Capture
from crawler.items import ITEM_TYPES
from crawler.store.session import Session

_SOURCES: dict[str, Callable[[Path, Terms], Source]] = {
    "warc": WarcSource,
    "wacz": WaczSource,
    "har": HarSource,
    "mhtml": MhtmlSource,
    "html": HtmlSource,
    "json": JsonSource,
}
_REASON_LIMIT = 1000  # characters of a refusal's reason in the log
_MOST_FILES = 20_000  # in one folder

Progress = Callable[[int, int], None]  # bytes of the file under way that were copied or read, and in all


@dataclass(slots=True)
class _Seen:
    """What looking through a file without landing it found."""

    pages: int = 0
    first: str | None = None
    refused: int = 0
    refusals: list[Refused] = field(default_factory=list)


class Intake:
    """Imports files into an open archive. `progress` hears what is going on."""

    def __init__(self, session: Session, statement: Statement, progress: Progress) -> None:
        self._session = session
        self._statement = statement
        self._progress = progress
        settings = project_settings(session.archive.path)
        self._sites = Sites(settings)
        self._extractor = Extractor(session, settings)
        limit = int(session.archive.config.max_page_megabytes * (1 << 20))
        trust = statement.trust or session.archive.path / "trust"
        try:
            Anchors.read(trust)
        except FormatError as error:  # no fault of the files, which would be refused for it otherwise
            raise UsageError(str(error)) from error
        self._terms = Terms(limit, statement.url, trust)

    def take(self, path: Path) -> list[FileReport]:
        """Import a file, or every file of a folder. Raises DiskFull, RecordError: nothing more can be kept."""
        if not path.is_dir():
            return [self._take_file(path, new_run(), {})]
        return self._take_folder(path)

    def _take_folder(self, folder: Path) -> list[FileReport]:
        files = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
        if not files:
            return [FileReport(folder.name, refused="the folder holds no file")]
        if len(files) > _MOST_FILES:
            return [FileReport(folder.name, refused=f"the folder holds more than {_MOST_FILES} files")]
        noted = next((folder / name for name in NAMES if (folder / name).is_file()), None)
        run, reports, notes = new_run(), [], dict[str, Note]()
        if noted is not None:
            try:
                notes = read_notes(noted)
                reports.append(self._keep_notes(noted, run))
            except FormatError as error:
                reports.append(FileReport(noted.name, refused=str(error)))
        for path in files:
            if path != noted:
                reports.append(self._take_file(path, run, note_for(notes, path.name), in_folder=True))
        unknown = sorted(set(notes) - {path.name for path in files} - {""})
        reports += [
            FileReport(name[:200], refused="the notes name it, but it is not in the folder")
            for name in unknown[:NAMED_REFUSALS]
        ]
        return reports

    def _keep_notes(self, path: Path, run: str) -> FileReport:
        """The notes themselves: kept beside what they are about, no capture."""
        report = FileReport(path.name, format="notes", run=run)
        kept = keep(self._session.archive.path, path, self._progress)
        self._log(kept, report, _Seen())
        return report

    def _take_file(self, path: Path, run: str, note: Note, *, in_folder: bool = False) -> FileReport:
        report = FileReport(path.name or str(path), run=run)
        try:
            if in_folder and path.is_symlink():
                raise FormatError("a link in a folder is not followed: give the file itself")
            kept = keep(self._session.archive.path, path, self._progress)
        except (FormatError, UsageError) as error:
            report.refused = str(error)
            return report
        report.sha256, report.again = f"sha256:{kept.sha256}", kept.known
        try:
            report.format = recognise(kept.path)
            source = self._open(kept, report, note)
        except UsageError as error:
            drop(kept)
            report.refused = str(error)
            return report
        except FormatError as error:
            self._refuse(kept, report, str(error))
            return report
        try:
            seen = self._look_through(source, kept)
        except FormatError as error:
            self._refuse(kept, report, str(error))
            return report
        report.claims, report.records, report.first = source.claims, source.counts, seen.first
        self._log(kept, report, seen)
        self._land(source, kept, report)
        return report

    def _open(self, kept: Kept, report: FileReport, note: Note) -> Source:
        known = _SOURCES.get(report.format or "")
        if known is not None:
            return known(kept.path, self._terms)
        media, report.format = report.format or "", PictureSource.format
        return PictureSource(kept.path, self._terms, media, kept.sha256, note)

    def _look_through(self, source: Source, kept: Kept) -> _Seen:
        seen, step = _Seen(), self._stepping(kept.size)
        for found in source.found(bodies=False, step=step):
            if isinstance(found, Exchange):
                seen.pages += 1
                seen.first = seen.first or found.url
            else:
                seen.refused += 1
                seen.refusals += [found] if len(seen.refusals) < NAMED_REFUSALS else []
        if not seen.pages and not seen.refused:
            raise FormatError("it holds nothing that could be captured")
        return seen

    def _log(self, kept: Kept, report: FileReport, seen: _Seen) -> None:
        """Let the log tell of the file, then put it in its place."""
        details: dict[str, Any] = {
            "file": kept.target,
            "sha256": f"sha256:{kept.sha256}",
            "sm3": f"sm3:{kept.sm3}",
            "bytes": kept.size,
            "name": kept.name,
            "format": report.format,
            "origin": claim(self._statement.origin, 1000),
            "by": claim(self._statement.by, 1000),
            "claims": report.claims,
            "records": report.records,
            "pages": seen.pages,
            "refused": seen.refused,
            "refusals": [f"{one.record}: {one.reason}"[:300] for one in seen.refusals[:20]],
            "again": kept.known or None,
            "run": report.run,
        }
        self._session.record_event(IMPORTED, {name: v for name, v in details.items() if v is not None})
        settle(self._session.archive.path, kept)
        report.file, report.sha256, report.again = kept.target, f"sha256:{kept.sha256}", kept.known

    def _refuse(self, kept: Kept, report: FileReport, reason: str) -> None:
        """Set a broken file aside, with its event; nothing else in the archive is touched."""
        report.refused = reason
        if kept.known:  # taken before: its place is in imports/, whatever this version thinks of it
            return
        details = {
            "kept": kept.refuge,
            "digest": f"sha256:{kept.sha256}",
            "sm3": f"sm3:{kept.sm3}",
            "length": kept.size,
            "name": kept.name,
            "format": report.format,
            "origin": claim(self._statement.origin, 1000),
            "by": claim(self._statement.by, 1000),
            "reason": claim(reason, _REASON_LIMIT),
        }
        self._session.record_event(REFUSED, {name: v for name, v in details.items() if v is not None})
        set_aside(self._session.archive.path, kept)
        report.quarantined = f"quarantine/{kept.refuge}"

    def _land(self, source: Source, kept: Kept, report: FileReport) -> None:
        """Make captures of all that is in the file, and run today's parsers over them, as on a live crawl."""

        def read(capture: Capture) -> None:
            if self._extractor.read(capture):
                report.items += _items(self._session, capture.id)

        origin = Origin(kept.sha256, source.format, report.run or "")
        landing = Landing(self._session, origin, self._sites, self._terms.body_limit, read)
        step = self._stepping(kept.size)
        source.path = self._session.archive.path / kept.target
        landed = landing.land(source.found(bodies=True, step=step))
        report.captures, report.known = dict(sorted(landed.states.items())), landed.known
        report.problem_count = landed.refused
        report.problems = [f"{one.record}: {one.reason}" for one in landed.refusals]

    def _stepping(self, size: int) -> Callable[[int], None]:
        done = 0

        def step(count: int) -> None:
            nonlocal done
            done += count
            self._progress(min(done, size), size)

        return step


def import_files(
    session: Session,
    paths: Sequence[Path],
    statement: Statement,
    progress: Progress = lambda _done, _total: None,
) -> Iterable[FileReport]:
    """Import each of these files and folders in turn; yields what became of each file.

    Raises DiskFull, RecordError and ArchiveError when the archive can take no more; what was reported until then is
    in the archive, and importing the same files again goes on where this ended.
    """
    intake = Intake(session, statement, progress)
    for path in paths:
        try:
            yield from intake.take(path)
        except DiskFull as error:
            told = str(error).partition("; make room")[0]
            raise DiskFull(
                f"{told}; make room, then import the same files again: that goes on where this ended"
            ) from error


def _items(session: Session, capture: str) -> int:
    return sum(
        int(session.index.query(f"select count(*) from {kind}_newest where capture = ?", (capture,))[0][0])  # noqa: S608
        for kind in ITEM_TYPES
    )
