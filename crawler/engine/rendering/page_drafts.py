"""From one look at a page to drafts: the page capture, and one capture for every other exchange that it made.

The page capture holds the page's own document (response, request), then the artefacts as ``resource`` records that
name it in ``WARC-Concurrent-To`` (WARC 1.1 §5.8), then one ``metadata`` record with everything that has no place
elsewhere. A browser gives bodies with their codings undone, so header fields that no longer fit the stored body are
renamed ``X-Archive-Orig-…`` and Content-Length is what is stored (evidence-formats.md §4, way (a)); every record that
was changed so says it in its metadata record. Such captures are `browser-decoded`, never `wire-exact`.
"""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from crawler.engine.drafts import MEDIA_TYPE_LIMIT, REQUEST_TYPE, RESPONSE_TYPE, new_capture_id
from crawler.engine.rendering.date_judgement import FITS
from crawler.engine.rendering.look import Artefact, Look, Seen
from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.archive import Draft
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Capture
from crawler.evidence.warc import DEFLATED, STORED, Encoded, Record, encode, new_record_id

Json = dict[str, Any]

ORIGINAL = b"X-Archive-Orig-"
_CODED = (b"content-encoding", b"transfer-encoding")
_LENGTH = b"content-length"
_COMPRESSED = ("image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "application/pdf",
               "application/zip", "video/", "audio/", "font/woff")  # fmt: skip
ADDRESS_LIMIT = (
    16_000  # characters of an address in a manifest; a longer one is cut, the metadata has all of it
)
_MOST_DATES = 20  # in a manifest
_WORDS = 300  # characters of a title or of one reason in a manifest; the records have all of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a look belongs: its run and site, the request that asked for it, and who reads it."""

    run: str
    site: str
    request_key: str | None = None
    follows: str | None = None
    plain: str | None = None  # capture id of the plain HTTP look at the same address
    read_with: Json | None = None
    beside: Json | None = None  # how the two looks compare: goes into the manifest
    dates: list[Json] | None = (
        None  # what the page says of its own dates: those that do not fit go into the manifest
    )
    network: Json | None = None  # proxy: what is the same for every exchange of the run


def artefact_uri(page: str, name: str) -> str:
    """The address of an artefact's record."""
    return f"urn:evidence:look:{page}:{name}"


def page_drafts(look: Look, place: Place, page: str) -> list[Draft]:
    """The drafts of one look, the page capture (its id is `page`) first."""
    main = next((seen for seen in reversed(look.exchanges) if seen.main and seen.redirected_to is None), None)
    others = [seen for seen in look.exchanges if seen is not main]
    return [_page(look, main, place, page), *(_exchange(seen, look, place, page) for seen in others)]


def _page(look: Look, main: Seen | None, place: Place, page: str) -> Draft:
    records = _messages(main, look.started) if main is not None else []
    first = records[0].record.id if records else None
    made = [_artefact(artefact, page, look.started, first) for artefact in look.artefacts]
    url = _address(main.url if main is not None else look.url)
    facts = {
        "outcome": look.state,
        "reason": look.reason,
        "asked": look.url,
        "final_url": look.final_url,
        "notes": look.notes,
        "settled": look.settled,
        "missing": look.missing,
        "dates": place.dates,
        "artefacts": {artefact.name: artefact.about for artefact in look.artefacts if artefact.about},
        "certificates": {
            origin: [base64.b64encode(der).decode() for der in chain]
            for origin, chain in look.certificates.items()
        },
        **(_facts(main) if main is not None else {}),
    }
    records += [*made, _metadata(facts, url, look.started, first)]
    capture = Capture(
        id=page,
        run=place.run,
        site=place.site,
        url=url,
        method="GET",
        state=look.state,
        reason=_short(look.reason),
        fidelity="browser-decoded",
        started=look.started,
        ended=look.ended,
        records=(),
        status=main.status if main is not None else None,
        media_type=_media_type(main) if main is not None else None,
        request_key=place.request_key,
        follows=place.follows,
        network=_network(main, look, place) if main is not None else {},
        read_with=place.read_with,
        look=_manifest_look(look, place, made),
    )
    return Draft(capture, tuple(records))


def _manifest_look(look: Look, place: Place, made: list[Encoded]) -> Json:
    """What the leaf says of the look; the metadata record says more."""
    viewing = look.viewing
    about: Json = {
        "artefacts": {a.name: e.record.id for a, e in zip(look.artefacts, made, strict=True)},
        "missing": {name: _short(reason) for name, reason in look.missing.items()},
        "title": look.title[:_WORDS],
        "asked": look.url,
        "final_url": look.final_url,
        "browser": look.browser,
        "viewport": f"{viewing.width}x{viewing.height}@{viewing.device_scale}",
        "exchanges": len(look.exchanges),
        "failed": sum(seen.failed is not None for seen in look.exchanges),
        "plain": place.plain,
        "beside": place.beside,
        "dates": [date for date in place.dates or [] if date["judgement"] != FITS][:_MOST_DATES] or None,
    }
    return {name: value for name, value in about.items() if value is not None}


def _exchange(seen: Seen, look: Look, place: Place, page: str) -> Draft:
    records = _messages(seen, seen.started)
    first = records[0].record.id if records else None
    state, reason = _state(seen)
    facts = {"outcome": state, "reason": reason, **_facts(seen)}
    records.append(_metadata(facts, _address(seen.url), seen.started, first))
    capture = Capture(
        id=new_capture_id(),
        run=place.run,
        site=place.site,
        url=_address(seen.url),
        method=seen.method,
        state=state,
        reason=_short(reason),
        fidelity="browser-decoded" if seen.head is not None else "derived",
        started=seen.started,
        ended=seen.ended or look.ended,
        records=(),
        status=seen.status,
        media_type=_media_type(seen),
        network=_network(seen, look, place),
        page=page,
    )
    return Draft(capture, tuple(records))


def _state(seen: Seen) -> tuple[str, str | None]:
    """State and reason of one exchange, from what the browser said."""
    if seen.blocked:
        return "blocked", seen.failed or "blocked by the browser"
    if seen.failed is not None:
        return ("partial" if seen.head is not None else "failed"), seen.failed
    if seen.truncated is not None:
        return "partial", f"cut: {seen.truncated}"
    if seen.head is None:
        return "failed", "from the browser's cache, nothing was fetched" if seen.cache else "no answer"
    if seen.body is None:
        return "partial", "the browser did not give the body"
    return "complete", None


def _messages(seen: Seen, date: str) -> list[Encoded]:
    records = []
    if seen.head is not None:
        records.append(_response(seen, date))
    if seen.request_head:
        records.append(_request(seen, date, records[0].record.id if records else None))
    return records


def _response(seen: Seen, date: str) -> Encoded:
    body = seen.body or b""
    head = fitting_head(seen.head or b"", len(body))
    fields = [("WARC-Protocol", name) for name in _protocols(seen)]
    if seen.peer is not None:
        fields.append(("WARC-IP-Address", seen.peer.rpartition(":")[0].strip("[]")))
    if seen.truncated is not None or seen.body is None:
        fields.append(("WARC-Truncated", seen.truncated or "unspecified"))
    record = Record(
        type="response",
        id=new_record_id(),
        date=date,
        content_type=RESPONSE_TYPE,
        block=head + body,
        target_uri=_address(seen.url),
        payload=body,
        fields=tuple(fields),
    )
    return encode(record, _level(_media_type(seen)))


def fitting_head(head: bytes, length: int) -> bytes:
    """The head with every field that the stored body does not fit renamed, and the length that it has."""
    parsed = http.parse_head(head)
    lines, fits = [_status_line(parsed.start_line)], False
    for name, value in parsed.fields:
        low = name.lower()
        same = low == _LENGTH and value == str(length).encode()
        if low in _CODED or (low == _LENGTH and not same):
            name = ORIGINAL + name
        fits = fits or same
        lines.append(name + b": " + value)
    if not fits:
        lines.append(b"Content-Length: %d" % length)
    return b"\r\n".join((*lines, b"", b""))


def _status_line(line: bytes) -> bytes:
    """As it came; an HTTP/2 answer has none, and is written as HTTP/1.1 (warc-specifications#15)."""
    return re.sub(rb"^HTTP/[23](?:\.\d)? ", b"HTTP/1.1 ", line)


def _request(seen: Seen, date: str, concurrent: str | None) -> Encoded:
    body = seen.request_body or b""
    record = Record(
        type="request",
        id=new_record_id(),
        date=date,
        content_type=REQUEST_TYPE,
        block=seen.request_head + body,
        target_uri=_address(seen.url),
        payload=body or None,
        fields=_concurrent(concurrent),
    )
    return encode(record)


def _artefact(artefact: Artefact, page: str, date: str, concurrent: str | None) -> Encoded:
    record = Record(
        type="resource",
        id=new_record_id(),
        date=date,
        content_type=artefact.media_type,
        block=artefact.content,
        target_uri=artefact_uri(page, artefact.name),
        payload=artefact.content,
        fields=_concurrent(concurrent),
    )
    return encode(record, _level(artefact.media_type))


def _metadata(facts: Json, url: str, date: str, concurrent: str | None) -> Encoded:
    kept = {name: value for name, value in facts.items() if value not in (None, {}, [])}
    record = Record(
        type="metadata",
        id=new_record_id(),
        date=date,
        content_type="application/json",
        block=json.dumps(kept, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace"),
        target_uri=url,
        fields=_concurrent(concurrent),
    )
    return encode(record)


def _facts(seen: Seen) -> Json:
    """What the browser told of an exchange, and where our records of it are not what went over the wire."""
    return {
        "address": seen.url if len(seen.url) > ADDRESS_LIMIT else None,
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
        "renamed": _renamed(seen),
        "tls": seen.tls,
    }


def _renamed(seen: Seen) -> list[str]:
    if seen.head is None:
        return []
    changed = fitting_head(seen.head, len(seen.body or b""))
    return [
        name.removeprefix(ORIGINAL).decode("latin-1")
        for name, _ in http.parse_head(changed).fields
        if name.startswith(ORIGINAL)
    ]


def _network(seen: Seen, look: Look, place: Place) -> Json:
    observed: Json = {"peer": seen.peer, "protocol": seen.protocol, **(place.network or {})}
    if seen.tls is not None:
        chain = [digest(der) for der in look.certificates.get(seen.origin or "", [])]
        observed["tls"] = {
            "version": seen.tls.get("protocol"),
            "cipher": seen.tls.get("cipher"),
            "chain": chain,
        }
    return {name: value for name, value in observed.items() if value is not None}


def _protocols(seen: Seen) -> list[str]:
    """Values of WARC-Protocol (warc-specifications#42)."""
    names = [seen.protocol] if seen.protocol else []
    if seen.tls is not None and seen.tls.get("protocol"):
        names.append(str(seen.tls["protocol"]).lower().replace("tls ", "tls/"))
    return names


def _media_type(seen: Seen) -> str | None:
    try:
        values = http.parse_head(seen.head).values(b"content-type") if seen.head else []
    except FormatError:
        return None
    return values[-1].decode("latin-1")[:MEDIA_TYPE_LIMIT] if values else None


def _level(media_type: str | None) -> int:
    return STORED if (media_type or "").lower().startswith(_COMPRESSED) else DEFLATED


def _address(url: str) -> str:
    return url[:ADDRESS_LIMIT]


def _concurrent(record_id: str | None) -> tuple[tuple[str, str], ...]:
    return (("WARC-Concurrent-To", record_id),) if record_id is not None else ()


def _short(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split())[:_WORDS]
