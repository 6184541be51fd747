"""From a case to what a grade shows of it: captures made anew and logged, words without people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler import show
from crawler.engine.extractor import Extractor
from crawler.engine.redacting import RedactedCase, openings, redact_case, source_of
from crawler.engine.run import project_settings
from crawler.evidence.alias_key import redaction_key
from crawler.export.model import Case, Exhibit
from crawler.export.published import published_case, published_finding
from crawler.export.sealed import Original
from crawler.redaction.grade import grade_named
from crawler.redaction.masker import Masker
from crawler.redaction.seal import Seal
from crawler.store.session import Session

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A case as a grade shows it. `unread`: captures of which no page is shown, since nobody can say who is on it."""

    case: Case
    findings: Mapping[str, Json]
    redacted: RedactedCase
    extractor: Extractor

    @property
    def exhibits(self) -> list[Exhibit]:
        """The exhibits, all of them filed."""
        return list(self.case.exhibits)


def publish(
    session: Session, archive: Path, case: Case, findings: Mapping[str, Json], grade: str
) -> Published:
    """Redact the captures of the filed exhibits, and the words of the case. Raises what `redact_case` raises."""
    extractor = Extractor(session, project_settings(archive))
    key, shown = redaction_key(archive), grade_named(grade)
    with show.progress("脱敏") as advance:
        redacted = redact_case(session, extractor, captures_of(case), (case.id, shown, key), advance)
    words = Masker(shown, redacted.order.people, (), Seal(key, case.id, grade), kind=None)
    return Published(
        case=published_case(case, redacted.captures, grade, words.text),
        findings={
            name: published_finding(content, redacted.captures, words.text)
            for name, content in findings.items()
        },
        redacted=redacted,
        extractor=extractor,
    )


def captures_of(case: Case) -> list[str]:
    """The captures of the filed exhibits, each once, in the order of the exhibits."""
    return list(dict.fromkeys(name for one in case.ordered if one.filed for name in one.captures))


def originals(session: Session, published: Published) -> Iterator[Original]:
    """What the redacted captures were made from, with what opens their commitments."""
    names: Sequence[str] = list(published.redacted.captures)
    for source, opening in openings(session, published.extractor, names, published.redacted):
        stored = b"".join(encoded.stored for encoded in source.records)
        yield Original(source.entry, source.leaf, stored, opening)


def withheld_originals(session: Session, captures: Sequence[str]) -> Iterator[Original]:
    """The originals of captures out of which credentials were cut when a person's own browser recorded them."""
    for name in dict.fromkeys(captures):
        rows = session.index.query(
            "select id from capture where withheld and removed is null and id in"
            " (select original from capture where id = ? or page = ?) order by leaf",
            (name, name),
        )
        for row in rows:
            source = source_of(session, row["id"])
            stored = b"".join(encoded.stored for encoded in source.records)
            yield Original(source.entry, source.leaf, stored, [])
