"""From an imported file to captures in the archive, each once however often the file is imported.

A capture's id follows from the file's digest and the record's place in it, so what an interrupted import has landed
is found again by its id. A revisit record stands for a payload that was landed before: it is read from our own
archive; where it is not there, the capture is partial.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from crawler.engine.decoding import decoded
from crawler.engine.importers.drafting import Origin, Reader, draft, message_of
from crawler.engine.importers.found import Exchange, Found, Refused
from crawler.engine.importers.payloads import Payloads
from crawler.engine.reader import Sites
from crawler.engine.replay import dom_response
from crawler.engine.single import SinglePage
from crawler.engine.walls import wall
from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.archive import Draft
from crawler.evidence.manifest import Capture, Locator
from crawler.store.session import Session

BATCH, BATCH_BYTES = 64, 32 << 20  # what is committed at once
READ = ("text/html", "application/json")  # what a saved page may be that a parser reads
LARGEST_WALL = 8 << 20  # bytes of a page that is looked at for being a wall
MOST_WAITING = 20_000  # revisits of payloads that may still come
NAMED_REFUSALS = 50


@dataclass(slots=True)
class Landed:
    """What became of a file: new captures by state, how many were there before, refused records."""

    states: Counter[str] = field(default_factory=Counter)
    known: int = 0
    refused: int = 0
    refusals: list[Refused] = field(default_factory=list)  # the first NAMED_REFUSALS

    def refuse(self, refused: Refused) -> None:
        """Note one record that is not taken."""
        self.refused += 1
        if len(self.refusals) < NAMED_REFUSALS:
            self.refusals.append(refused)


class Landing:
    """Lands one file. `read` is called with each capture that is in the archive, new or known, for parsers."""

    def __init__(
        self, session: Session, origin: Origin, sites: Sites, limit: int, read: Callable[[Capture], None]
    ) -> None:
        self.landed = Landed()
        self._session = session
        self._origin = origin
        self._sites = sites
        self._limit = limit
        self._read = read
        self._payloads = Payloads(session, limit)
        self._batch: list[Draft] = []
        self._exchanges: list[Exchange] = []
        self._bytes = 0

    def land(self, found: Iterable[Found]) -> Landed:
        """Make captures of all exchanges. Raises DiskFull, RecordError and what the file's importer raises."""
        waiting: list[Exchange] = []  # revisits of payloads that have not come yet
        for one in found:
            if isinstance(one, Refused):
                self.landed.refuse(one)
            elif not self._known(one) and not self._take(one, last=len(waiting) >= MOST_WAITING):
                waiting.append(one)
        self._commit()
        for one in waiting:
            self._take(one, last=True)
        self._commit()
        return self.landed

    def _known(self, exchange: Exchange) -> bool:
        """Whether it was landed before; its payload then still serves revisits."""
        rows = self._session.index.query(
            "select leaf, state, file, offset, length, read_with from capture where id = ?",
            (self._origin.capture_id(exchange.key),),
        )
        if not rows:
            return False
        self.landed.known += 1
        if rows[0]["file"] is not None and rows[0]["state"] != "partial":
            locator = Locator(rows[0]["file"], rows[0]["offset"], rows[0]["length"])
            self._payloads.add(exchange, locator)
        if rows[0]["read_with"] is not None:
            # Again: what interrupted the import may have come between landing and reading.
            self._read(Capture.from_leaf(self._session.archive.log.leaf(rows[0]["leaf"])))
        return True

    def _take(self, exchange: Exchange, *, last: bool) -> bool:
        """Draft one exchange; False for a revisit whose payload may still come."""
        if exchange.revisit is not None and exchange.reason is None:
            if self._payloads.is_waiting(exchange.revisit, self._exchanges):
                self._commit()
            whole = self._payloads.resolve(exchange, exchange.revisit)
            if whole is None and not last:
                return False
            exchange = whole or replace(
                exchange, reason="a revisit of a payload that is not in the file, or not whole there"
            )
        try:
            made = draft(exchange, self._origin, self._reader(exchange), walled=self._walled(exchange))
        except FormatError as error:
            self.landed.refuse(Refused(exchange.claimed.get("record") or exchange.key, str(error)))
            return True
        self._batch.append(made)
        self._exchanges.append(replace(exchange, request=None, response=None, resource=None, facts={}))
        self._bytes += sum(len(record.stored) + len(record.record.block) for record in made.records)
        if len(self._batch) >= BATCH or self._bytes >= BATCH_BYTES:
            self._commit()
        return True

    def _commit(self) -> None:
        if not self._batch:
            return
        drafts = tuple(self._batch)
        captures = self._session.record_all(lambda: drafts).result()
        for capture, exchange in zip(captures, self._exchanges, strict=True):
            self.landed.states[capture.state] += 1
            if capture.response is not None and capture.state != "partial":
                self._payloads.add(exchange, capture.response.locator)
        self._batch, self._exchanges, self._bytes = [], [], 0
        for capture in captures:
            self._read(capture)

    def _reader(self, exchange: Exchange) -> Reader:
        """The site that reads this page; else it belongs to no site."""
        asked = exchange.method == "GET" and exchange.answered
        found = self._sites.reader(exchange.url) if asked else None
        return Reader(*found) if found else Reader(SinglePage.name)

    def _walled(self, exchange: Exchange) -> str | None:
        """``wall-NAME`` for a page that is a wall, as on a live crawl."""
        if max(len(exchange.response or b""), len(exchange.resource or b"")) > LARGEST_WALL:
            return None
        try:
            message = message_of(exchange)
            if message is not None:
                return wall(decoded(response_in(message, exchange.url), self._limit))
            if exchange.resource is not None and exchange.media_type in READ:
                return wall(dom_response(exchange.url, exchange.resource, exchange.media_type))
        except FormatError:
            return None  # what cannot be read is no wall; readers will say so
        return None


def response_in(message: bytes, url: str) -> Response:
    """A stored HTTP message as Scrapy's response, body still content-coded. Raises FormatError."""
    head = http.parse_head(message)
    headers, body = Headers(list(head.fields)), http.payload(message)
    cls = responsetypes.from_args(headers=headers, url=url, body=body)
    return cls(url=url, status=head.status, headers=headers, body=body)
