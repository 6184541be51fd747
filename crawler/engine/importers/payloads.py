"""Where the payloads that were landed lie, so that a revisit record gets the one that it stands for."""

from dataclasses import replace

from crawler.engine.importers.found import Exchange, Revisit
from crawler.errors import FormatError, UsageError
from crawler.evidence import http, warc
from crawler.evidence.checks.warc_digest import parse_label
from crawler.evidence.manifest import Locator
from crawler.store.session import Session

MOST_PAYLOADS = 200_000  # landed payloads that revisits can be resolved from


class Payloads:
    """Where the payloads that were landed lie, by what revisit records call them."""

    def __init__(self, session: Session, limit: int) -> None:
        self._session = session
        self._limit = limit
        self._places: dict[object, tuple[Locator, str | None]] = {}

    def add(self, exchange: Exchange, place: Locator) -> None:
        """Note one that is whole, under its record's id, its address and date, and its digest."""
        if len(self._places) > 3 * MOST_PAYLOADS or exchange.reason or exchange.revisit:
            return
        for name in _names(exchange):
            self._places.setdefault(name, (place, exchange.payload))

    def is_waiting(self, revisit: Revisit, exchanges: list[Exchange]) -> bool:
        """Whether one of these, which are not committed yet, may hold the payload."""
        wanted = set(_wanted(revisit))
        return any(wanted & set(_names(exchange)) for exchange in exchanges)

    def resolve(self, exchange: Exchange, revisit: Revisit) -> Exchange | None:
        """The exchange with the payload in it; None if none is known, or it is another one."""
        for name in _wanted(revisit):
            if name not in self._places:
                continue
            place, digest = self._places[name]
            if revisit.payload and digest and not _same(revisit.payload, digest):
                continue
            try:
                stored = warc.decode(self._session.archive.stored(place), limit=2 * self._limit + (2 << 20))
                body = http.payload(stored.block) if stored.type == "response" else stored.block
            except (FormatError, UsageError):
                continue
            return _joined(exchange, stored.block, body, str(place))
        return None


def _joined(exchange: Exchange, original: bytes, body: bytes, place: str) -> Exchange:
    """A revisit's own head, or where it has none that of the original, over the payload it stands for."""
    message = exchange.response or b""
    own = message[: http.parse_head(message).length] if message.strip() else b""
    head = own or original[: http.parse_head(original).length]
    facts = {**exchange.facts, "payload_taken_from": place, "head_taken_from": None if own else place}
    return replace(exchange, response=head + body, facts=facts)


def _names(exchange: Exchange) -> list[object]:
    names: list[object] = [("uri", exchange.url, exchange.claimed.get("date"))]
    if exchange.claimed.get("record"):
        names.append(("id", exchange.claimed["record"]))
    if exchange.payload:
        names.append(("payload", _digest(exchange.payload)))
    return names


def _wanted(revisit: Revisit) -> list[object]:
    names: list[object] = []
    if revisit.record:
        names.append(("id", revisit.record))
    if revisit.uri and revisit.date:
        names.append(("uri", revisit.uri, revisit.date))
    if revisit.payload:
        names.append(("payload", _digest(revisit.payload)))
    return names


def _digest(label: str) -> object:
    try:
        return parse_label(label)
    except FormatError:
        return label


def _same(one: str, other: str) -> bool:
    """Whether two labels are the same digest; of two algorithms nobody can tell, and the name decides."""
    first, second = _digest(one), _digest(other)
    comparable = isinstance(first, tuple) and isinstance(second, tuple) and first[0] == second[0]
    return first == second or not comparable
