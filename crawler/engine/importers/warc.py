"""WARC files of other recorders: responses, revisits, resources and requests become exchanges.

What is no exchange (warcinfo, metadata, conversion) stays in the file and is counted. A continuation of a segmented
record is refused: what it continues is landed as partial.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from crawler.engine.importers.found import (
    Exchange,
    Found,
    Json,
    Refused,
    Revisit,
    Step,
    Terms,
    claim,
    claims_of,
    require_url,
)
from crawler.engine.importers.pairing import Pair, Pairing
from crawler.engine.importers.warc_records import ForeignRecord, records
from crawler.errors import FormatError
from crawler.evidence.checks.reading import open_regular
from crawler.evidence.checks.zip_members import Budget

_PAIRED = ("response", "revisit", "resource", "request")
_LEFT = ("warcinfo", "metadata", "conversion")
_FIELD_LIMIT = 1000  # characters of one field of theirs in our metadata record
_SOFTWARE = re.compile(rb"(?im)^software:[ \t]*([^\r\n]{1,300})")
_METHOD = re.compile(rb"([A-Za-z]{1,20}) ")
_PIECE = 1 << 20


class WarcSource:
    """A WARC file by itself."""

    format = "warc"

    def __init__(self, path: Path, terms: Terms) -> None:
        self.path = path
        self._terms = terms
        self.claims: Json = {}
        self.counts: dict[str, int] = {}

    def found(self, *, bodies: bool, step: Step) -> Iterator[Found]:
        """Every exchange. Raises FormatError for a file that is broken somewhere."""
        size = self.path.stat().st_size
        reading = WarcReading("", self._terms, bodies=bodies)
        with open_regular(self.path) as stream:
            pieces = iter(lambda: stream.read(_PIECE), b"")
            yield from reading.exchanges(_told(pieces, step), Budget(size))
        self.counts = dict(sorted(reading.counts.items()))
        if reading.software is not None:
            self.claims["software"] = reading.software


class WarcReading:
    """One reading of one WARC file, by itself or inside a WACZ (`member` is its name there)."""

    def __init__(self, member: str, terms: Terms, *, bodies: bool) -> None:
        self.counts: Counter[str] = Counter()  # records by type
        self.software: str | None = None  # as the newest warcinfo record names it
        self._member = member
        self._bodies = bodies
        self._limit = terms.body_limit

    def exchanges(self, pieces: Iterator[bytes], budget: Budget) -> Iterator[Found]:
        """Every exchange of a file that comes in pieces."""
        pairing = Pairing(self._limit)
        for record in records(pieces, budget, limit=self._limit, bodies=self._bodies):
            self.counts[record.type if record.type in (*_PAIRED, *_LEFT) else "other"] += 1
            if record.type in _PAIRED:
                for pair in pairing.take(record):
                    yield self._exchange(pair)
            elif record.type == "warcinfo":
                found = _SOFTWARE.search(record.block or b"")
                self.software = claim(found[1].decode("utf-8", "replace")) if found else self.software
            elif record.type not in _LEFT:
                yield Refused(self._name(record), f"a record of type {record.type[:40]!r} is not taken")
        for pair in pairing.rest():
            yield self._exchange(pair)

    def _exchange(self, pair: Pair) -> Found:
        answer, request = pair
        record = answer or request
        if record is None:
            raise FormatError("a pair without records")
        try:
            url = require_url(record.uri)
        except FormatError as error:
            return Refused(self._name(record), str(error))
        told: Json = {
            "key": f"{self._member}#{record.number}",
            "url": url,
            "method": _method(request),
            "request": request.block if request is not None else None,
            "claimed": claims_of(
                date=record.value("WARC-Date"),
                record=record.id,
                software=self.software,
                ip=record.value("WARC-IP-Address"),
                member=self._member,
            ),
            "facts": self._facts(answer, request) if self._bodies else {},
        }
        if answer is None:
            return Exchange(**told, answered=False, reason="the file holds a request without its answer")
        return self._answered(answer, request, told)

    def _answered(self, answer: ForeignRecord, request: ForeignRecord | None, told: Json) -> Exchange:
        reason = self._problem(answer, request)
        if answer.cut:
            reason = f"its record has {answer.length} bytes; it was cut after {self._limit}"
        payload = None if reason else answer.value("WARC-Payload-Digest")
        if not _is_http(answer):
            media = claim(answer.content_type) or "application/octet-stream"
            return Exchange(
                **told,
                resource=answer.block,
                media_type=media,
                truncated=answer.cut,
                reason=reason,
                payload=payload,
            )
        revisit = _revisit(answer) if answer.type == "revisit" else None
        return Exchange(
            **told,
            response=answer.block,
            truncated=answer.cut,
            reason=reason,
            revisit=revisit,
            payload=payload,
        )

    def _problem(self, answer: ForeignRecord, request: ForeignRecord | None) -> str | None:
        """Why what the file holds is not whole."""
        if answer.problem is not None:
            return answer.problem
        if request is not None and request.problem is not None:
            return f"the request: {request.problem}"
        if answer.value("WARC-Segment-Number") is not None:
            return "a segmented record: only its first segment is here"
        cut = claim(answer.value("WARC-Truncated"))
        return f"its recorder cut it (WARC-Truncated: {cut})" if cut and answer.type != "revisit" else None

    def _facts(self, answer: ForeignRecord | None, request: ForeignRecord | None) -> Json:
        """Their heads, as they are, and what could not be judged."""
        facts: Json = {}
        for name, record in (("response", answer), ("request", request)):
            if record is not None:
                facts[f"{name}_record"] = [
                    [claim(field) or "", claim(value, _FIELD_LIMIT) or ""] for field, value in record.fields
                ]
                if record.unjudged:
                    facts[f"{name}_digest_not_judged"] = record.unjudged
        return facts

    def _name(self, record: ForeignRecord) -> str:
        where = f"{self._member} " if self._member else ""
        return f"{where}record {record.number}, {claim(record.id) or 'without an id'}"


def _is_http(record: ForeignRecord) -> bool:
    return record.content_type.lower().startswith("application/http") or record.type == "revisit"


def _method(request: ForeignRecord | None) -> str:
    found = _METHOD.match(request.block or b"") if request is not None else None
    return found[1].decode("ascii").upper() if found else "GET"


def _revisit(record: ForeignRecord) -> Revisit:
    uri = record.value("WARC-Refers-To-Target-URI")
    return Revisit(
        record.value("WARC-Refers-To"),
        None if uri is None else uri.removeprefix("<").removesuffix(">"),
        record.value("WARC-Refers-To-Date"),
        record.value("WARC-Payload-Digest"),
    )


def _told(pieces: Iterator[bytes], step: Step) -> Iterator[bytes]:
    for piece in pieces:
        step(len(piece))
        yield piece
