"""MHTML (RFC 2557): a page as a browser saved it in one file, each part with its own address.

The parts are split at the boundary here, not by the standard library's mail parser: a stranger can nest parts so
deep that it recurses without end. The root part is the page; every other part belongs to it.
"""

import base64
import binascii
import email.policy
import re
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path
from urllib.parse import urljoin

from crawler.engine.importers.found import (
    Exchange,
    Found,
    Json,
    Refused,
    Step,
    Terms,
    claim,
    claims_of,
    require_url,
)
from crawler.errors import FormatError
from crawler.evidence.checks.reading import read_small

FILE_LIMIT = 256 << 20  # bytes: all of it is read at once
MOST_PARTS = 10_000

_HEAD_LIMIT = 64 << 10
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{1,200}")
_MEDIA = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,100}", re.ASCII)
_CHARSET = re.compile(r"[\w.:-]{1,40}", re.ASCII)
_PARSER = BytesHeaderParser(policy=email.policy.compat32)


class MhtmlSource:
    """An MHTML file. Raises FormatError on making it, when it is none."""

    format = "mhtml"

    def __init__(self, path: Path, terms: Terms) -> None:
        self.path = path
        self._limit = terms.body_limit
        self._content = read_small(path, FILE_LIMIT)
        head, begin = _head(self._content, 0, len(self._content))
        boundary = head.get_boundary()
        if head.get_content_maintype() != "multipart" or not boundary or not _BOUNDARY.fullmatch(boundary):
            raise FormatError("no MHTML file: it is not multipart, or its boundary cannot be read")
        self._parts = _spans(self._content, boundary.rstrip().encode("ascii"), begin)
        self._page = _text(head, "Snapshot-Content-Location") or _text(head, "Content-Location")
        self._date = _text(head, "Date")
        self._rooted = True
        self.claims: Json = claims_of(
            software=_text(head, "X-MimeOLE") or _text(head, "From"),
            title=_text(head, "Subject"),
            date=self._date,
        )
        self.counts: dict[str, int] = {}
        self._rooted = self._has_root()

    def found(self, *, bodies: bool, step: Step) -> Iterator[Found]:
        """Every part; the first one is the page."""
        counts: Counter[str] = Counter()
        for number, (begin, end) in enumerate(self._parts, 1):
            counts["part"] += 1
            try:
                yield self._exchange(number, begin, end, bodies=bodies)
            except FormatError as error:
                yield Refused(f"part {number}", str(error))
            step(end - begin)
        self.counts = dict(counts)

    def _exchange(self, number: int, begin: int, end: int, *, bodies: bool) -> Exchange:
        head, begin = _head(self._content, begin, end)
        media = head.get_content_type()
        if head.get_content_maintype() == "multipart" or not _MEDIA.fullmatch(media):
            raise FormatError(f"a part of type {media[:60]} is not taken")
        url = self._address(head, number)
        content, reason = _decoded(self._content[begin:end], head) if bodies else (None, None)
        cut = content is not None and len(content) > self._limit
        if content is not None and cut:
            reason = f"it has {len(content)} bytes; it was cut after {self._limit}"
            content = content[: self._limit]
        charset = _charset(head)
        return Exchange(
            key=f"#{number}",
            url=url,
            resource=content,
            media_type=f"{media}; charset={charset}" if charset else media,
            truncated=cut,
            reason=reason,
            page="#1" if number > 1 and self._rooted else None,
            claimed=claims_of(
                date=self._date, record=_text(head, "Content-ID") or f"part {number}", **self._whole(number)
            ),
            facts={
                "part": [[claim(name) or "", claim(str(value), 1000) or ""] for name, value in head.items()]
            },
        )

    def _has_root(self) -> bool:
        """Whether the first part can be landed: else nothing is there for the others to belong to."""
        try:
            self._exchange(1, *self._parts[0], bodies=False)
        except FormatError:
            return False
        return True

    def _whole(self, number: int) -> Json:
        names = ("software", "title") if number == 1 else ("software",)
        return {name: self.claims.get(name) for name in names}

    def _address(self, head: EmailMessage, number: int) -> str:
        location = _text(head, "Content-Location")
        if number == 1 and self._page is not None:
            return require_url(self._page)
        if location is None:
            named = _text(head, "Content-ID")
            if named is None:
                raise FormatError("it has neither Content-Location nor Content-ID: nothing names it")
            return require_url("cid:" + named.strip("<>"))
        try:
            return require_url(urljoin(self._page or "", location))
        except ValueError as error:
            raise FormatError(f"its address is none: {location[:80]!r}") from error


def _spans(content: bytes, boundary: bytes, begin: int) -> list[tuple[int, int]]:
    """Where the parts lie. Raises FormatError where none is, or where the last boundary is missing."""
    pattern = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    spans: list[tuple[int, int]] = []
    start: int | None = None
    for found in pattern.finditer(content, max(begin - 2, 0)):
        if start is not None:
            spans.append((start, found.start()))
        start = found.end()
        if found[1]:
            break
        if len(spans) > MOST_PARTS:
            raise FormatError(f"it has more than {MOST_PARTS} parts: refused")
    else:
        raise FormatError(f"it is cut: its closing boundary is missing behind {len(spans)} whole part(s)")
    if not spans:
        raise FormatError("it has no parts")
    return spans


def _head(content: bytes, begin: int, end: int) -> tuple[EmailMessage, int]:
    """The head that begins there, and where its body begins."""
    while content[begin : begin + 1] in (b"\r", b"\n"):
        begin += 1
    found = _HEAD_END.search(content, begin, min(end, begin + _HEAD_LIMIT))
    if found is None:
        raise FormatError(f"the head at byte {begin} does not end within {_HEAD_LIMIT} bytes")
    return _PARSER.parsebytes(content[begin : found.end()]), found.end()  # type: ignore[return-value]


def _decoded(body: bytes, head: EmailMessage) -> tuple[bytes, str | None]:
    """The content of a part, and why it is not whole."""
    coding = (_text(head, "Content-Transfer-Encoding") or "").lower()
    if coding == "quoted-printable":
        return binascii.a2b_qp(body), None
    if coding != "base64":
        return body, None
    try:
        return base64.b64decode(b"".join(body.split()), validate=True), None
    except (binascii.Error, ValueError) as error:
        return b"", f"its base64 is broken: {error}"


def _charset(head: EmailMessage) -> str | None:
    try:
        named = head.get_param("charset")
    except (ValueError, LookupError):  # RFC 2231 parts that contradict each other
        return None
    return named if isinstance(named, str) and _CHARSET.fullmatch(named) else None


def _text(head: EmailMessage, name: str) -> str | None:
    """A field as text, unfolded: a folded address has no blanks in it."""
    value = head.get(name)
    if value is None:
        return None
    joiner = "" if name.lower().endswith("location") else " "
    return joiner.join(line.strip() for line in str(value).splitlines()) or None
