"""Verify a receipt: one capture in a small folder (the form is in crawler.evidence.bundle)."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.bundle import (
    RECEIPT_PAGE,
    RECEIPT_RECORDS,
    RECEIPT_SHEET,
    RECEIPT_SUMS,
    SIGNATURE,
)
from crawler.evidence.checks.inclusion import Part
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.checks.log_part import ASK, LogPart, check_bundle_signature
from crawler.evidence.checks.reading import SMALL, walk
from crawler.evidence.checks.streaming import check_bounded
from crawler.evidence.checks.sums import read_sums
from crawler.evidence.checks.wacz import RECORD_LIMIT
from crawler.evidence.digest import digest_file
from crawler.evidence.report import Check, Faults, Progress, Report, Words

_NO_BLANKS = re.compile(r"\S+")
_NAMES = re.compile(r"(log|stamps|trust)/[\x21-\x7e]+")
_OWN = (RECEIPT_SUMS, RECEIPT_SUMS + SIGNATURE)


def verify_receipt(
    path: Path,
    *,
    trust: Path | None = None,
    vkey: str | None = None,
    at: datetime | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check a receipt in full. The arguments are those of `verify_bundle`; never raises for what is in it."""
    sums = _check_sums(path)
    part = LogPart(Part(path, ""), trust, vkey)
    checks, keys = part.checks(at)
    ordered = (
        sums,
        check_bundle_signature(RECEIPT_SUMS, path, part.newest_key),
        *checks,
        _check_records(path, part, progress),
        part.sealed(),
        part.bracket(at),
        part.anchor(),
    )
    return Report(str(path), ordered, "receipt", keys, part.times(at), at.isoformat() if at else None)


def _check_sums(folder: Path) -> Check:
    """Every file is listed once with its digest, and nothing else is there."""
    faults, found = Faults("files"), set()
    for name, regular in walk(folder):
        if not regular:
            faults.add(f"{name} is not a regular file: links and devices are refused")
        elif name not in _OWN:
            found.add(name)
    listed: dict[str, str] = {}
    try:
        listed = read_sums(folder / RECEIPT_SUMS, _NO_BLANKS, SMALL, faults)
    except FormatError as error:
        faults.add(str(error))
    known = (RECEIPT_RECORDS, RECEIPT_SHEET, RECEIPT_PAGE)
    for name in sorted(found):
        if name not in known and not _NAMES.fullmatch(name):
            faults.add(f"{name} does not belong into a receipt")
        if name not in listed:
            faults.add(f"{name} is not listed in {RECEIPT_SUMS}")
        elif (actual := digest_file(folder / name).removeprefix("sha256:")) != listed[name]:
            faults.add(f"{name} has SHA-256 {actual}, {RECEIPT_SUMS} says {listed[name]}")
    for name in sorted(set(listed) - found):
        faults.add(f"{name} is listed in {RECEIPT_SUMS} but is not there")
    count = len(found)
    return faults.check(Words(f"{count} 个文件，各列出一次", f"{count} files, each listed once"), ASK)


def _check_records(folder: Path, part: LogPart, progress: Progress | None) -> Check:
    """The records of the one capture, one after the other, and not a byte more."""
    faults, count = Faults("records"), 0
    captures = [included.leaf for included in part.leaves.values() if included.leaf.capture is not None]
    if len(captures) != 1:
        faults.add(f"a receipt is of one capture; there are {len(captures)}")
    try:
        for error in _walk_records(folder / RECEIPT_RECORDS, captures[:1]):
            if error:
                faults.add(error)
            count += 1
            if progress is not None:
                progress(count, len(captures[0].records))
    except OSError as error:
        faults.add(f"{RECEIPT_RECORDS} cannot be read: {error.strerror}")
    good = Words(f"{count} 条记录与采集清单一致", f"{count} record(s) agree with the capture's manifest")
    return faults.check(good, ASK)


def _walk_records(path: Path, leaves: list[Leaf]) -> Iterator[str]:
    """What is wrong with each record, "" if nothing; one more item if bytes are left."""
    with path.open("rb") as stream:
        for leaf in leaves:
            for record in leaf.records:
                # The log names the length; a file that is shorter gives fewer bytes, whose digest is another.
                stored = stream.read(min(record.locator.length, RECORD_LIMIT))
                try:
                    check_bounded(stored, record, leaf, limit=RECORD_LIMIT)
                except FormatError as error:
                    yield f"{RECEIPT_RECORDS}: record {record.id}, {leaf}: {error}"
                else:
                    yield ""
        if stream.read(1):
            yield f"{RECEIPT_RECORDS}: bytes after its last record, which no leaf names"
