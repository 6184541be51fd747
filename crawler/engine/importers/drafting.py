"""From an exchange of a file to a draft capture: our own records of it, and what the file claims beside them.

A capture of an import has *our* time (when it was imported) in every record, and *their* time as a claim: in the
manifest (``imported.claimed.date``), and with the whole heads of their records in the metadata record.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from crawler import clock
from crawler.engine.drafts import MEDIA_TYPE_LIMIT, REQUEST_TYPE, RESPONSE_TYPE
from crawler.engine.importers.found import Exchange, Json
from crawler.engine.importers.messages import Fitted, fitted, withhold
from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.archive import Draft
from crawler.evidence.manifest import Capture
from crawler.evidence.warc import DEFLATED, STORED, Encoded, Record, concurrent_to, encode, new_record_id

_PACKED = ("image/", "video/", "audio/", "application/pdf", "application/zip", "font/woff")
_FACTS_LIMIT = 256 << 10  # bytes of interim answers that a metadata record repeats
_LEAF_ROOM = 60_000  # bytes of a manifest before its records' places and its seal are known


@dataclass(frozen=True, slots=True)
class Origin:
    """Where exchanges come from: the file's digest (64 hex digits) and format, and the run that imports it."""

    sha256: str
    format: str
    run: str

    def capture_id(self, key: str) -> str:
        """The id of the capture of what `key` names in the file: the same however often it is imported."""
        return hashlib.sha256(f"{self.sha256}\n{self.format}\n{key}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page: the site and the callback, or nobody; and why it is a wall, if it is one."""

    site: str
    callback: str | None = None


@dataclass(slots=True)
class _Making:
    """What has been made of one exchange so far."""

    exchange: Exchange
    started: str
    facts: dict[str, Any]
    records: list[Encoded]
    status: int | None = None
    media_type: str | None = None
    reason: str | None = None

    @property
    def first(self) -> tuple[tuple[str, str], ...]:
        """The field that names the first record."""
        return concurrent_to(self.records[0].record.id if self.records else None)


def draft(exchange: Exchange, origin: Origin, reader: Reader, *, walled: str | None = None) -> Draft:
    """The capture of one exchange. Raises FormatError for one that no manifest can hold."""
    making = _Making(exchange, clock.now(), dict(exchange.facts), [], reason=exchange.reason)
    if exchange.response is not None:
        _add_response(making, exchange.response)
    elif exchange.resource is not None:
        _add_resource(making, exchange.resource, exchange.media_type)
    if exchange.request is not None:
        _add_request(making, exchange.request)
    state, reason = _state(making, walled)
    imported = {"file": f"sha256:{origin.sha256}", "format": origin.format, "claimed": exchange.claimed}
    _add_metadata(making, state, reason, imported)
    capture = Capture(
        id=origin.capture_id(exchange.key),
        run=origin.run,
        site=reader.site,
        url=exchange.url,
        method=exchange.method,
        state=state,
        reason=reason,
        fidelity="imported",
        started=making.started,
        ended=clock.now(),
        records=(),
        status=making.status,
        media_type=making.media_type,
        read_with=None if reader.callback is None else {"callback": reader.callback, "arguments": {}},
        page=None if exchange.page is None else origin.capture_id(exchange.page),
        imported=imported,
    )
    if len(capture.to_leaf()) > _LEAF_ROOM:
        raise FormatError(f"what it claims of itself has more than {_LEAF_ROOM} bytes")
    return Draft(capture, tuple(making.records))


def message_of(exchange: Exchange) -> bytes | None:
    """The final answer as it will be stored: interim ones before it left out, its head made to fit its body."""
    if exchange.response is None:
        return None
    try:
        return _fitted(exchange, exchange.response[http.split_interim(exchange.response) :]).message
    except FormatError:
        return None


def _state(making: _Making, walled: str | None) -> tuple[str, str | None]:
    exchange = making.exchange
    if not exchange.answered:
        return "failed", making.reason
    if making.reason is not None or exchange.truncated:
        return "partial", making.reason or "it is cut"
    if walled is not None:
        return "blocked", walled
    return "complete", None


def _add_response(making: _Making, received: bytes) -> None:
    """A message whose head cannot be read is kept as a resource of its raw bytes."""
    exchange, interim = making.exchange, http.split_interim(received)
    try:
        fitting = _fitted(exchange, received[interim:])
        status = http.parse_head(fitting.message).status
    except FormatError as error:
        making.reason = making.reason or f"what was answered is no HTTP message: {error}"
        kept, _ = withhold(received)  # no head ends in it, so all of it may be head
        _add_resource(making, kept, "application/octet-stream")
        return
    message, withheld = withhold(fitting.message)
    head = http.parse_head(message)
    making.status = status
    making.media_type = _media_type(head)
    making.reason = making.reason or fitting.reason
    _note(making, renamed=list(fitting.renamed), withheld_from_response=withheld)
    if interim:
        making.facts["interim"] = base64.b64encode(withhold(received[:interim])[0][:_FACTS_LIMIT]).decode()
    payload, exact = _payload(head, message)
    packed = bool(head.values(b"content-encoding")) or (making.media_type or "").startswith(_PACKED)
    _add(
        making,
        type="response",
        content_type=RESPONSE_TYPE,
        block=message,
        payload=payload,
        declare=exact,
        fields=_truncated(exchange),
        level=STORED if packed else DEFLATED,
    )


def _fitted(exchange: Exchange, message: bytes) -> Fitted:
    """Whole messages are made to fit; a cut one does not fit its head anyway, and says so."""
    if exchange.truncated or exchange.reason is not None:
        http.parse_head(message)
        return Fitted(message, (), None)
    return fitted(message, method=exchange.method, dechunked=exchange.revisit is not None)


def _payload(head: http.Head, message: bytes) -> tuple[bytes | None, bool]:
    """The entity body, and whether it stands in the message as it is."""
    try:
        payload = http.payload(message)
    except FormatError:
        return None, False
    return payload, not head.chunked and len(message) == head.length + len(payload)


def _add_resource(making: _Making, content: bytes, media_type: str) -> None:
    if media_type.lower().startswith("application/http"):  # these bytes are a part, and no message
        media_type = "application/octet-stream"
    making.media_type = media_type.partition(";")[0][:MEDIA_TYPE_LIMIT]
    _add(
        making,
        type="resource",
        content_type=media_type,
        block=content,
        payload=content,
        fields=_truncated(making.exchange),
        level=STORED if media_type.startswith(_PACKED) else DEFLATED,
    )


def _add_request(making: _Making, sent: bytes) -> None:
    message, withheld = withhold(sent)
    _note(making, withheld_from_request=withheld)
    try:
        body: bytes | None = message[http.parse_head(message).length :] or None
    except FormatError:
        body = None
    is_http = body is not None and not http.parse_head(message).chunked
    _add(
        making,
        type="request",
        content_type=REQUEST_TYPE,
        block=message,
        payload=body if is_http and _is_plain(message) else None,
        fields=making.first,
    )


def _is_plain(message: bytes) -> bool:
    """Whether the payload is all that follows the head: then a reader measures the same."""
    head = http.parse_head(message)
    return head.body_limit is None or head.body_limit >= len(message) - head.length


def _add_metadata(making: _Making, state: str, reason: str | None, imported: Json) -> None:
    block = {"outcome": state, "reason": reason, "imported": imported, **making.facts}
    content = json.dumps(block, ensure_ascii=False, indent=1).encode("utf-8", "replace")
    _add(
        making,
        type="metadata",
        content_type="application/json",
        block=content,
        fields=making.first,
    )


def _add(
    making: _Making,
    *,
    type: str,
    content_type: str,
    block: bytes,
    payload: bytes | None = None,
    declare: bool = True,
    fields: tuple[tuple[str, str], ...] = (),
    level: int = DEFLATED,
) -> None:
    record = Record(
        type=type,
        id=new_record_id(),
        date=making.started,
        content_type=content_type,
        block=block,
        target_uri=making.exchange.url,
        payload=payload,
        declare_payload=declare,
        fields=fields,
    )
    making.records.append(encode(record, level))


def _truncated(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    return (("WARC-Truncated", "length"),) if exchange.truncated else ()


def _note(making: _Making, **facts: list[str]) -> None:
    making.facts |= {name: value for name, value in facts.items() if value}


def _media_type(head: http.Head) -> str | None:
    values = head.values(b"content-type")
    return values[-1].decode("latin-1")[:MEDIA_TYPE_LIMIT] if values else None
