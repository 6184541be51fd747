"""What the 证据目录 says of captures is what the log says: it is the page that a court reads.

The words of a person in it (titles, purposes, names) are that person's. But each
"采集 …；不早于 …；不晚于 …；日志序号 …" must be of a capture of this bundle, with its time and with bounds
that the tokens bear out; the addresses must be those of the captures of their row; and the Word document must say
the same as the CSV file.
"""

import csv
import html
import io
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from crawler import clock
from crawler.errors import FormatError
from crawler.evidence.bracket import Bracket
from crawler.evidence.bundle import CATALOGUE_CSV, CATALOGUE_DOCX
from crawler.evidence.checks.reading import read_small
from crawler.evidence.manifest import Capture
from crawler.evidence.report import Faults

_SOURCE, _TIMES = 2, 4  # columns of the CSV file
_LIMIT = 64 << 20  # bytes of the document's text, inflated
_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
_CLAIM = re.compile(
    rf"采集 ({_MOMENT})[；\n](?:不早于 ({_MOMENT})|此前尚无时间戳，无下限)[；\n]"
    rf"(?:不晚于 ({_MOMENT})|尚未加盖时间戳，无上限)[；\n]日志序号 (0|[1-9][0-9]{{0,17}})(?![0-9])"
)
_WORD = re.compile(r"(?:采集|不早于|不晚于) *[0-9]|日志序号 *[0-9]")
# What zipfile raises on a file that is none, is damaged, encrypted, or compressed in a strange way.
_UNREADABLE = (OSError, EOFError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
_TEXT = re.compile(r"<w:t(?: [^>]*)?>([^<]*)</w:t>")


class Known(NamedTuple):
    """A capture of the bundle, and between which times the tokens put it."""

    capture: Capture
    bracket: Bracket


class _Claim(NamedTuple):
    """What the catalogue says of one capture; times in 北京时间, None where it says that there is no bound."""

    began: str
    lower: str | None
    upper: str | None
    entry: int


def check_catalogue(bag: Path, known: Mapping[int, Known], faults: Faults) -> None:
    """Compare both files with the captures, given by leaf index. Faults name the row; nothing is raised."""
    try:
        rows = _rows(read_small(bag / CATALOGUE_CSV))
        claims, addresses = _check_rows(rows, known, faults)
        text = _document(bag / CATALOGUE_DOCX)
    except (FormatError, UnicodeDecodeError, csv.Error) as error:
        faults.add(f"the catalogue cannot be read: {error}")
        return
    if _claims(text) != claims:
        faults.add(
            f"{CATALOGUE_DOCX} does not state the same times and entries of the log as {CATALOGUE_CSV}"
        )
    lines = set(text.split("\n"))
    for address in addresses:
        if address not in lines:
            faults.add(f"{CATALOGUE_DOCX} lacks the address {address[:200]}, which {CATALOGUE_CSV} has")


def _rows(content: bytes) -> list[list[str]]:
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    usual = csv.field_size_limit(len(content))  # an exhibit of many captures has a long cell
    try:
        rows = list(csv.reader(text, strict=True))[1:]
    finally:
        csv.field_size_limit(usual)
    if not rows or any(len(row) <= _TIMES for row in rows):
        raise FormatError(f"{CATALOGUE_CSV} has no rows, or one without its columns")
    return rows


def _check_rows(
    rows: Sequence[Sequence[str]], known: Mapping[int, Known], faults: Faults
) -> tuple[list[_Claim], list[str]]:
    """All claims and addresses in their order."""
    claims: list[_Claim] = []
    addresses: list[str] = []
    for number, row in enumerate(rows, 1):
        where = f"{CATALOGUE_CSV} row {number}"
        found = _claims(row[_TIMES])
        if not found or _WORD.search(_CLAIM.sub("", row[_TIMES])):
            faults.add(f"{where}: names no capture, or a time or an entry outside of the usual form")
        for claim in found:
            if problem := _untrue(claim, known.get(claim.entry)):
                faults.add(f"{where}: {problem}")
        urls = {known[claim.entry].capture.url for claim in found if claim.entry in known}
        named = [line for line in row[_SOURCE].split("\n") if line.startswith(("http://", "https://"))]
        for address in named:
            if address not in urls:
                faults.add(f"{where}: {address[:200]} is not the address of a capture that the row names")
        claims += found
        addresses += named
    return claims, addresses


def _claims(text: str) -> list[_Claim]:
    return [_Claim(match[1], match[2], match[3], int(match[4])) for match in _CLAIM.finditer(text)]


def _untrue(claim: _Claim, known: Known | None) -> str | None:
    """What is not so; None if the log and the tokens bear the claim out."""
    if known is None:
        return f"entry {claim.entry} of the log is no capture of this bundle"
    capture, (lower, upper) = known.capture, (known.bracket.not_before, known.bracket.not_after)
    if claim.began != _began(capture):
        return f"says 采集 {claim.began}, capture {capture.id} began at {capture.started}"
    if claim.lower is not None and (capture.after is None or (lower and claim.lower > _shown(lower.time))):
        return f"says 不早于 {claim.lower}, which no token that capture {capture.id} names bears out"
    if claim.upper is not None and upper is not None and claim.upper < _shown(upper.time):
        return f"says 不晚于 {claim.upper}, which no token over capture {capture.id} bears out"
    return None


def _began(capture: Capture) -> str | None:
    try:
        return _shown(datetime.fromisoformat(capture.started))
    except (ValueError, OverflowError):
        return None  # no time: named by the check `bracket`


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(clock.BEIJING):%Y-%m-%d %H:%M:%S}"


def _document(path: Path) -> str:
    """The runs of text in the Word document, a line each. Raises FormatError."""
    try:
        with zipfile.ZipFile(path) as package, package.open("word/document.xml") as stream:
            content = stream.read(_LIMIT + 1)
    except _UNREADABLE as error:
        raise FormatError(f"{CATALOGUE_DOCX} is not a Word document: {error}") from error
    if len(content) > _LIMIT:
        raise FormatError(f"{CATALOGUE_DOCX} inflates to more than {_LIMIT} bytes: refused")
    return "\n".join(html.unescape(run) for run in _TEXT.findall(content.decode("utf-8", "replace")))
