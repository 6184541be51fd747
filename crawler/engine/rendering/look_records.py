"""The WARC records of a look: answer and request of each exchange, artefacts, and what the browser told beside.

A browser gives bodies with their codings undone; `stored_head` makes the heads fit. A head that is none is kept raw.
"""

import json
import uuid
from typing import Any

from crawler.engine.drafts import MEDIA_TYPE_LIMIT, REQUEST_TYPE, RESPONSE_TYPE
from crawler.engine.rendering.leaf_limits import address, one_line
from crawler.engine.rendering.look import Artefact, Seen
from crawler.engine.rendering.stored_head import StoredHead, stored_head
from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.warc import DEFLATED, STORED, Encoded, Record, concurrent_to, encode, new_record_id

Json = dict[str, Any]

METHOD_LIMIT = 40  # bytes; a page may invent methods
_ADDRESS = 100  # bytes of a peer's address

_COMPRESSED = ("image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "application/pdf",
               "application/zip", "video/", "audio/", "font/woff")  # fmt: skip


def artefact_uri(page: str, name: str) -> str:
    """The address of an artefact's record."""
    return f"urn:evidence:look:{page}:{name}"


def odd_head(seen: Seen) -> str | None:
    """Why the answer's head is none; None where it is one, or where there was no answer."""
    if seen.head is None:
        return None
    made = _stored_head(seen)
    return made if isinstance(made, str) else None


def _stored_head(seen: Seen) -> StoredHead | str:
    """The head before the stored body, or why it cannot be one."""
    try:
        return stored_head(seen.head or b"", len(seen.body or b""))
    except FormatError as error:
        return f"the answer's head is malformed: {error}"


def messages(seen: Seen, date: str) -> list[Encoded]:
    """What passed: the answer, then the request, as far as the browser told."""
    records = []
    if seen.head is not None:
        records.append(_response(seen, date))
    if seen.request_head:
        records.append(_request(seen, date, records[0].record.id if records else None))
    return records


def _response(seen: Seen, date: str) -> Encoded:
    made = _stored_head(seen)
    if isinstance(made, str):
        return _received(seen, date)
    body = seen.body or b""
    fields = [("WARC-Protocol", name) for name in _protocols(seen)]
    if seen.peer is not None:
        fields.append(("WARC-IP-Address", one_line(seen.peer.rpartition(":")[0].strip("[]"), _ADDRESS)))
    record = Record(
        type="response",
        id=new_record_id(),
        date=date,
        content_type=RESPONSE_TYPE,
        block=made.head + body,
        target_uri=address(seen.url),
        payload=body,
        fields=(*fields, *_truncated(seen)),
    )
    return encode(record, _level(media_type_of(seen)))


def _received(seen: Seen, date: str) -> Encoded:
    """An answer whose head cannot be one: the raw bytes, as `crawler.engine.drafts` keeps them."""
    block = (seen.head or b"") + (seen.body or b"")
    return encode(
        Record(
            type="resource",
            id=new_record_id(),
            date=date,
            content_type="application/octet-stream",
            block=block,
            target_uri=f"urn:evidence:received:{uuid.uuid4()}",
            payload=block,
            fields=_truncated(seen),
        )
    )


def _truncated(seen: Seen) -> tuple[tuple[str, str], ...]:
    if seen.truncated is None and seen.body is not None:
        return ()
    return (("WARC-Truncated", seen.truncated or "unspecified"),)


def _request(seen: Seen, date: str, concurrent: str | None) -> Encoded:
    block = seen.request_head + (seen.request_body or b"")
    record = Record(
        type="request",
        id=new_record_id(),
        date=date,
        content_type=REQUEST_TYPE,
        block=block,
        target_uri=address(seen.url),
        payload=_request_payload(block, seen.request_body or b""),
        fields=concurrent_to(concurrent),
    )
    return encode(record)


def _request_payload(block: bytes, body: bytes) -> bytes | None:
    """The body, where the request's own head says the same: what the browser tells of the two need not fit."""
    try:
        return body if body and http.payload(block) == body else None
    except FormatError:
        return None


def artefact_record(artefact: Artefact, page: str, date: str, concurrent: str | None) -> Encoded:
    """One artefact as a resource of its own, in the batch of the page whose first record is `concurrent`."""
    record = Record(
        type="resource",
        id=new_record_id(),
        date=date,
        content_type=one_line(artefact.media_type, MEDIA_TYPE_LIMIT),
        block=artefact.content,
        target_uri=artefact_uri(page, artefact.name),
        payload=artefact.content,
        fields=concurrent_to(concurrent),
    )
    return encode(record, _level(artefact.media_type))


def metadata(facts: Json, url: str, date: str, concurrent: str | None) -> Encoded:
    """What has no place elsewhere, as JSON; what is not known is left out."""
    kept = {name: value for name, value in facts.items() if value not in (None, {}, [])}
    record = Record(
        type="metadata",
        id=new_record_id(),
        date=date,
        content_type="application/json",
        block=json.dumps(kept, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace"),
        target_uri=url,
        fields=concurrent_to(concurrent),
    )
    return encode(record)


def facts_of(seen: Seen) -> Json:
    """What the browser told of an exchange, and where our records of it are not what went over the wire."""
    made = _stored_head(seen) if seen.head is not None else None
    renamed = list(made.renamed) if isinstance(made, StoredHead) else None
    return {
        "address": seen.url if address(seen.url) != seen.url else None,
        "method": seen.method if len(seen.method) > METHOD_LIMIT else None,
        "kind": seen.kind,
        "frame": seen.frame,
        "initiator": seen.initiator,
        "cache": seen.cache or None,
        "service_worker": seen.worker,
        "redirected_to": seen.redirected_to,
        "failed": seen.failed,
        "truncated": seen.truncated,
        "head": None if seen.head is None else "as it came" if seen.head_exact else "put together",
        "request_head": "put together from the fields that the browser told; their order is not known",
        "renamed": renamed,
        "tls": seen.tls,
    }


def _protocols(seen: Seen) -> list[str]:
    """Values of WARC-Protocol (warc-specifications#42)."""
    spoken = [seen.protocol] if seen.protocol else []
    if seen.tls is not None and seen.tls.get("protocol"):
        spoken.append(str(seen.tls["protocol"]).lower().replace("tls ", "tls/"))
    return [one_line(name, METHOD_LIMIT) for name in spoken]


def media_type_of(seen: Seen) -> str | None:
    """The media type that the answer states, on one line."""
    try:
        values = http.parse_head(seen.head).values(b"content-type") if seen.head else []
    except FormatError:
        return None
    return one_line(values[-1].decode("latin-1"), MEDIA_TYPE_LIMIT) if values else None


def _level(media_type: str | None) -> int:
    return STORED if (media_type or "").lower().startswith(_COMPRESSED) else DEFLATED
