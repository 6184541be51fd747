"""The captures of a case for a grade that shows no people: each is made anew, recorded and logged like any other.

So they lie under the same Merkle root as the originals, with commitments to what was taken out, and a bundle of that
grade is verified as any bundle is. What was made for a case before, by the same rules and for the same people, is
taken again: two exports of one state of a case are equal.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from crawler import clock
from crawler.engine.authors import Read, authors_of, page_kind
from crawler.engine.extractor import Extractor
from crawler.errors import ArchiveError, FormatError, UsageError
from crawler.evidence.checks.leaves import Leaf, read_leaf
from crawler.evidence.checks.records import check_record
from crawler.evidence.manifest import Capture
from crawler.evidence.warc import Encoded
from crawler.redaction.derive import RULES, Made, Order, Source, is_carried, people_of, redacted
from crawler.redaction.grade import Grade, Kind
from crawler.redaction.person import Person
from crawler.store.session import Session

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class RedactedCase:
    """What was made. `captures`: original → redacted, by id; `made`: how many of them are new in the log."""

    order: Order
    captures: dict[str, str] = field(default_factory=dict)
    made: int = 0
    unread: list[str] = field(default_factory=list)  # captures on which nobody of ours can say who is named


def redact_case(
    session: Session,
    extractor: Extractor,
    captures: Sequence[str],
    order: tuple[str, Grade, bytes],
    progress: Progress = lambda _done, _total: None,
) -> RedactedCase:
    """Make the redacted captures that a case lacks. `order`: case, grade, key (crawler.evidence.alias_key).

    Raises UsageError for a capture whose records were removed, ArchiveError for a damaged one.
    """
    leaves = {name: _leaf(session, name) for name in dict.fromkeys(captures)}
    read = {name: authors_of(extractor, _capture(leaf)) for name, (_, leaf) in leaves.items()}
    found = RedactedCase(_order(order, read))
    found.unread = [name for name, one in read.items() if one is None]
    for done, (name, (entry, leaf)) in enumerate(leaves.items(), 1):
        one = read[name]
        source = _source(session, entry, leaf, None if one is None else page_kind(one.kinds))
        found.captures[name] = _made_before(session, source, found.order) or _make(session, source, found)
        progress(done, len(leaves))
    return found


def openings(
    session: Session, extractor: Extractor, captures: Sequence[str], found: RedactedCase
) -> Iterator[tuple[Source, list[dict[str, Any]]]]:
    """For each capture its records, and what opens the commitments of its redacted form: for the judge alone."""
    for name in captures:
        entry, leaf = _leaf(session, name)
        one = authors_of(extractor, _capture(leaf))
        source = _source(session, entry, leaf, None if one is None else page_kind(one.kinds))
        yield source, redacted(source, found.order, now=clock.now()).opening


def source_of(session: Session, name: str) -> Source:
    """A capture with its records, checked against the log. Raises UsageError if they were removed."""
    return _source(session, *_leaf(session, name), None)


def _order(given: tuple[str, Grade, bytes], read: dict[str, Read | None]) -> Order:
    case, grade, key = given
    people = [
        Person(author.name, author.identifier, author.alias)
        for one in read.values()
        if one is not None
        for author in one.authors
    ]
    return Order(case=case, grade=grade, people=people_of(people), key=key)


def _leaf(session: Session, name: str) -> tuple[int, Leaf]:
    row = session.index.capture_row(name)
    if row["removed"] is not None:
        raise UsageError(
            f"capture {row['id']} was removed on {row['removed'][:10]}, when its retention period ended"
        )
    return row["leaf"], read_leaf(session.archive.log.leaf(row["leaf"]))


def _capture(leaf: Leaf) -> Capture:
    if leaf.capture is None:
        raise UsageError("an event has no pages to redact")
    return leaf.capture


def _source(session: Session, entry: int, leaf: Leaf, kind: Kind | None) -> Source:
    """The capture with its records, each checked against the log."""
    capture, records = _capture(leaf), []
    for expected in capture.records:
        stored = session.archive.stored(expected.locator)
        try:
            record = check_record(stored, expected, leaf)
        except FormatError as error:
            raise ArchiveError(f"{expected.locator}: {error}; run `evidence verify`") from error
        records.append(Encoded(record, stored, expected.block_digest, expected.payload_digest))
    return Source(
        entry=entry,
        leaf=session.archive.log.leaf(entry),
        capture=capture,
        records=tuple(records),
        kind=kind,
    )


def _made_before(session: Session, source: Source, order: Order) -> str | None:
    """The redacted capture that would be made alike today, if there is one whose records are still there."""
    rows = session.index.query(
        "select leaf from capture where original = ? and redacted = ? and removed is null order by leaf",
        (source.capture.id, order.grade.name),
    )
    basis = order.basis(source)
    for row in rows:
        capture = Capture.from_leaf(session.archive.log.leaf(row["leaf"]))
        made = capture.redacted
        if made is not None and (made.case, made.rules, made.basis) == (order.case, RULES, basis):
            return capture.id
    return None


def _make(session: Session, source: Source, found: RedactedCase) -> str:
    """Make and record it, with the style sheets of its page."""
    page = redacted(source, found.order, now=clock.now())
    drafts = [page.draft, *(one.draft for one in _styles(session, source, found.order, page))]
    session.record_all(lambda: drafts).result()
    found.made += len(drafts)
    return page.draft.capture.id


def _styles(session: Session, source: Source, order: Order, page: Made) -> Iterator[Made]:
    if source.capture.look is None:
        return
    rows = session.index.query(
        "select leaf from capture where page = ? and withheld = 0 and redacted is null and removed is null"
        " order by leaf",
        (source.capture.id,),
    )
    for row in rows:
        leaf = read_leaf(session.archive.log.leaf(row["leaf"]))
        if leaf.capture is not None and is_carried(leaf.capture):
            styles = _source(session, row["leaf"], leaf, source.kind)
            yield redacted(styles, order, now=clock.now(), page=page.draft.capture.id)
