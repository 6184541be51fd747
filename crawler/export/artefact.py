"""One artefact of a rendered page, out of the archive and checked."""

from typing import NamedTuple

from crawler.errors import ArchiveError, FormatError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.checks.leaves import read_leaf
from crawler.evidence.checks.records import check_record
from crawler.evidence.manifest import Capture, StoredRecord
from crawler.evidence.warc import Record


class Taken(NamedTuple):
    """An artefact's bytes as they were made, and the manifest and record they come from."""

    capture: Capture
    record: StoredRecord
    content: bytes


def take_artefact(archive: Archive, entry: int, name: str) -> Taken:
    """The artefact `name` (docs/formats.md) of the capture at this leaf index.

    Raises UsageError (no rendered page, no such artefact, a sealed original, removed under retention) and
    ArchiveError (the stored bytes are not those that the log names).
    """
    leaf = read_leaf(archive.log.leaf(entry))
    capture = leaf.capture
    if capture is None or capture.look is None:
        what = "is not a capture" if capture is None else f"is capture {capture.id}, which was not rendered"
        raise UsageError(
            f"log entry {entry} {what}: only a rendered page has pictures, see `evidence captures`"
        )
    if capture.withheld:
        raise UsageError(
            f"capture {capture.id} is a sealed original and stays in the archive: take the capture made from it"
        )
    record = capture.artefact(name)
    if record is None:
        raise UsageError(_absent(capture, name))
    try:
        content = check_record(archive.stored(record.locator), record, leaf).block
    except FormatError as error:
        raise ArchiveError(f"{record.locator}: {error}; run `evidence verify`") from error
    return Taken(capture, record, content)


def _absent(capture: Capture, name: str) -> str:
    look = capture.look or {}
    reason = look.get("missing", {}).get(name)
    there = ", ".join(sorted(look.get("artefacts", {}))) or "none"
    return f"capture {capture.id} has no {name!r}" + (f" ({reason})" if reason else "") + f"; it has: {there}"


def take_response(archive: Archive, entry: int) -> Record | None:
    """The answer of the capture at this leaf index, checked; None where there was none.

    Raises UsageError for a sealed original, ArchiveError if the stored bytes are not those that the log names.
    """
    leaf = read_leaf(archive.log.leaf(entry))
    capture = leaf.capture
    if capture is None or capture.response is None:
        return None
    if capture.withheld:
        raise UsageError(f"capture {capture.id} is a sealed original and stays in the archive")
    try:
        return check_record(archive.stored(capture.response.locator), capture.response, leaf)
    except FormatError as error:
        raise ArchiveError(f"{capture.response.locator}: {error}; run `evidence verify`") from error
