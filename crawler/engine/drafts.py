"""From an exchange to a draft capture: WARC records and the manifest that names them."""

import base64
import json
import re
import uuid
from dataclasses import dataclass
from typing import Any

from crawler.engine.wire import Exchange
from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.archive import Draft
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Capture
from crawler.evidence.warc import DEFLATED, STORED, Encoded, Record, concurrent_to, encode, new_record_id

REQUEST_TYPE = "application/http;msgtype=request"
RESPONSE_TYPE = "application/http;msgtype=response"
MEDIA_TYPE_LIMIT = 200  # characters

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-9][0-9]{2}(?: |$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a request ended, and where it belongs."""

    run: str
    site: str
    url: str
    method: str
    state: str  # complete, partial, blocked, failed
    reason: str | None = None
    request_key: str | None = None
    follows: str | None = None
    read_with: dict[str, Any] | None = None


def draft(outcome: Outcome, exchange: Exchange, capture_id: str) -> Draft:
    """Build the records of one exchange: response, request, and what else is known of it.

    A message that was cut before its head was complete is kept as a `resource` record of its raw bytes.
    """
    received, sent = bytes(exchange.received), bytes(exchange.sent)
    interim = http.split_interim(received)
    head = final_head(exchange)
    records: list[Encoded] = []
    if head is not None:
        records.append(_response_record(outcome, exchange, head, received[interim:]))
    elif received:
        records.append(_raw_record(exchange, received))
    first = records[0].record.id if records else None
    if sent:
        records.append(_request_record(outcome, exchange, sent, first))
    facts = _facts(outcome, exchange, received[:interim])
    if facts or not records:
        records.append(_metadata_record(outcome, exchange, facts, first))
    return Draft(_manifest(outcome, exchange, capture_id, head), tuple(records))


def refusal(outcome: Outcome, at: str, capture_id: str) -> Draft:
    """A capture of something that was not fetched (robots.txt forbids it): a metadata record only."""
    exchange = Exchange(at, ended=at)
    return draft(outcome, exchange, capture_id)


def final_head(exchange: Exchange) -> http.Head | None:
    """The head of the site's answer; None if it was cut, is no HTTP, or is a proxy's refusal of a tunnel."""
    received = bytes(exchange.received)
    if exchange.sent.startswith(b"CONNECT "):
        return None
    try:
        head = http.parse_head(received[http.split_interim(received) :])
    except FormatError:
        return None
    return head if _STATUS_LINE.match(head.start_line) else None


def _response_record(outcome: Outcome, exchange: Exchange, head: http.Head, message: bytes) -> Encoded:
    payload, exact = _payload(head, message)
    fields = [*_network_fields(exchange, head)]
    if exchange.truncated is not None:
        fields.append(("WARC-Truncated", exchange.truncated))
    coded = bool(head.values(b"content-encoding"))
    return encode(
        Record(
            type="response",
            id=new_record_id(),
            date=exchange.started,
            content_type=RESPONSE_TYPE,
            block=message,
            target_uri=outcome.url,
            payload=payload,
            declare_payload=exact,
            fields=tuple(fields),
        ),
        STORED if coded else DEFLATED,
    )


def _payload(head: http.Head, message: bytes) -> tuple[bytes | None, bool]:
    """The entity body, and whether it stands in the message as it is (then the record may declare its digest)."""
    try:
        payload = http.payload(message)
    except FormatError:
        return None, False
    return payload, not head.chunked and len(message) == head.length + len(payload)


def _request_record(outcome: Outcome, exchange: Exchange, sent: bytes, concurrent: str | None) -> Encoded:
    head = _request_head(sent)
    body = sent[head.length :] if head is not None else b""
    return encode(
        Record(
            type="request",
            id=new_record_id(),
            date=exchange.started,
            content_type=REQUEST_TYPE,
            block=sent,
            target_uri=outcome.url,
            payload=body or None,
            fields=concurrent_to(concurrent),
        )
    )


def _request_head(sent: bytes) -> http.Head | None:
    try:
        return http.parse_head(sent)
    except FormatError:
        return None


def _raw_record(exchange: Exchange, received: bytes) -> Encoded:
    return encode(
        Record(
            type="resource",
            id=new_record_id(),
            date=exchange.started,
            content_type="application/octet-stream",
            block=received,
            target_uri=f"urn:evidence:received:{uuid.uuid4()}",
            payload=received,
            fields=(("WARC-Truncated", exchange.truncated or "unspecified"),),
        )
    )


def _metadata_record(
    outcome: Outcome, exchange: Exchange, facts: dict[str, Any], concurrent: str | None
) -> Encoded:
    block = json.dumps(
        {"outcome": outcome.state, "reason": outcome.reason, **facts}, ensure_ascii=False, indent=1
    )
    return encode(
        Record(
            type="metadata",
            id=new_record_id(),
            date=exchange.started,
            content_type="application/json",
            block=block.encode(),
            target_uri=outcome.url,
            fields=concurrent_to(concurrent),
        )
    )


def _facts(outcome: Outcome, exchange: Exchange, interim: bytes) -> dict[str, Any]:
    """What has no place in the other records: certificates, interim answers, and failures."""
    facts: dict[str, Any] = {}
    if exchange.tls is not None:
        facts["certificates"] = [base64.b64encode(der).decode() for der in exchange.tls["chain"]]
    if interim:
        facts["interim"] = base64.b64encode(interim).decode()
    if outcome.state in ("failed", "partial"):
        facts["bytes_sent"], facts["bytes_received"] = len(exchange.sent), len(exchange.received)
    return facts


def _network_fields(exchange: Exchange, head: http.Head) -> list[tuple[str, str]]:
    version = head.start_line.split(b" ", 1)[0].decode("latin-1").lower()
    fields = [("WARC-Protocol", version)]
    if exchange.tls is not None and exchange.tls["version"]:
        fields.append(("WARC-Protocol", exchange.tls["version"].lower().replace("tlsv", "tls/")))
    if exchange.peer is not None and exchange.proxy is None:
        fields.append(("WARC-IP-Address", exchange.peer.rpartition(":")[0].strip("[]")))
    return fields


def _manifest(outcome: Outcome, exchange: Exchange, capture_id: str, head: http.Head | None) -> Capture:
    media_type = head.values(b"content-type") if head is not None else []
    return Capture(
        id=capture_id,
        run=outcome.run,
        site=outcome.site,
        url=outcome.url,
        method=outcome.method,
        state=outcome.state,
        reason=outcome.reason,
        fidelity="wire-exact"
        if exchange.sent or exchange.received
        else "derived",  # a statement of ours only
        started=exchange.started,
        ended=exchange.ended or exchange.started,
        records=(),
        status=head.status if head is not None else None,
        # Cut: a leaf holds 64 KiB at most, and one absurd header must not stop a crawl. The record has all of it.
        media_type=media_type[-1].decode("latin-1")[:MEDIA_TYPE_LIMIT] if media_type else None,
        request_key=outcome.request_key,
        follows=outcome.follows,
        network=_network(exchange),
        read_with=outcome.read_with,
    )


def _network(exchange: Exchange) -> dict[str, Any]:
    observed: dict[str, Any] = {"peer": exchange.peer, "proxy": exchange.proxy, "dns": exchange.dns}
    if exchange.tls is not None:
        chain = [digest(der) for der in exchange.tls["chain"]]
        observed["tls"] = {**exchange.tls, "chain": chain}
    return {name: value for name, value in observed.items() if value is not None}
