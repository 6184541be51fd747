"""A receipt: one capture with all that proves it, as a small folder, without handing over the crawl.

The form is in crawler.evidence.bundle. It is written beside the target and appears under its name only when whole.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crawler.errors import ArchiveError, FormatError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import RECEIPT_PAGE, RECEIPT_RECORDS, RECEIPT_SHEET, RECEIPT_SUMS, SIGNATURE
from crawler.evidence.bundle_signature import sign_bundle
from crawler.evidence.checks.records import check_record
from crawler.evidence.digest import digest, digest_file
from crawler.evidence.signing_key import LOG_KEY, load_key
from crawler.export.log_part import write_log_part
from crawler.export.receipt_sheet import receipt_sheet
from crawler.export.selection import Selected, select


@dataclass(frozen=True, slots=True)
class ReceiptSummary:
    """What was written. `digest` is that of sha256sums.txt, and so stands for every byte of the receipt."""

    path: Path
    digest: str
    capture: str
    not_before: datetime | None
    not_after: datetime | None


def export_receipt(
    archive: Archive, capture: str, to: Path, *, passphrase: bytes | None = None
) -> ReceiptSummary:
    """Write the receipt of a capture (its whole id) to the new folder `to`.

    Raises UsageError (target not empty, capture unknown or not signed yet, removed under retention) and
    ArchiveError (the archive is damaged: nothing is written).
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageError(f"{to} is not empty: choose a new folder for the receipt")
    selection = select(archive, {capture}, with_files=False)
    selected = selection.captures()[capture]
    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished = to.with_name(f".{to.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir()
        write_log_part(archive, selection, unfinished)
        (unfinished / RECEIPT_RECORDS).write_bytes(_records(archive, selected))
        text, page = receipt_sheet(archive, selection, selected, unfinished)
        (unfinished / RECEIPT_SHEET).write_text(text, "utf-8")
        (unfinished / RECEIPT_PAGE).write_text(page, "utf-8")
        sums = listed_sums(unfinished)
        (unfinished / RECEIPT_SUMS).write_bytes(sums)
        key = load_key(archive.path / LOG_KEY, passphrase)
        (unfinished / (RECEIPT_SUMS + SIGNATURE)).write_bytes(sign_bundle(sums, key))
        unfinished.replace(to)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return ReceiptSummary(to, digest(sums), capture, selected.not_before, selected.not_after)


def _records(archive: Archive, selected: Selected) -> bytes:
    """The stored bytes of the capture's records, each checked against the leaf on the way."""
    capture = selected.leaf.capture
    stored = b""
    for record in capture.records if capture is not None else ():
        try:
            content = archive.stored(record.locator)
            check_record(content, record, selected.leaf)
        except FormatError as error:
            raise ArchiveError(f"{record.locator}: {error}; run `evidence verify`") from error
        stored += content
    return stored


def listed_sums(folder: Path) -> bytes:
    """Every file in a folder, as `sha256sum -c` reads it."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return "".join(
        f"{digest_file(folder / name).removeprefix('sha256:')}  {name}\n" for name in names
    ).encode()
