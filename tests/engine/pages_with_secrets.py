"""Drafts of a page as a person's own browser recorded it, made by hand. For tests only."""

import uuid
from dataclasses import replace

from crawler import clock
from crawler.evidence.archive import Draft
from crawler.evidence.manifest import Capture
from crawler.evidence.warc import Encoded, Record, encode, new_record_id

SITE = "https://shop.example"


def exchange(
    url: str = SITE + "/item/1",
    *,
    asked: str = "",
    sent: bytes = b"",
    method: str = "GET",
    answered: str = "Content-Type: text/html\r\n",
    body: bytes = b"<p>ok</p>",
    page: str | None = None,
) -> Draft:
    """One exchange: response and request. `asked` and `answered`: header lines, each with its line end."""
    started = clock.now()
    head = f"HTTP/1.1 200 OK\r\n{answered}Content-Length: {len(body)}\r\n\r\n".encode()
    response = record(
        "response", url, "application/http;msgtype=response", head + body, started, payload=body
    )
    path = "/" + url.split("/", 3)[3]
    line = f"{method} {path} HTTP/1.1\r\nHost: shop.example\r\n{asked}\r\n".encode()
    fields = (("WARC-Concurrent-To", response.record.id),)
    request = record(
        "request", url, "application/http;msgtype=request", line + sent, started, payload=sent or None
    )
    request = encode(replace(request.record, fields=fields))
    capture = Capture(
        id=uuid.uuid4().hex,
        run="r1",
        site="shop",
        url=url,
        method=method,
        state="complete",
        fidelity="browser-decoded",
        started=started,
        ended=started,
        records=(),
        status=200,
        media_type="text/html",
        page=page,
    )
    return Draft(capture, (response, request))


def rendered(draft: Draft, artefacts: dict[str, tuple[str, bytes]], **look: object) -> Draft:
    """The same as a page capture with these artefacts."""
    made = {
        name: record(
            "resource", f"urn:evidence:look:{draft.capture.id}:{name}", kind, content, draft.capture.started
        )
        for name, (kind, content) in artefacts.items()
    }
    about = {"artefacts": {name: e.record.id for name, e in made.items()}, "missing": {}, **look}
    return Draft(replace(draft.capture, look=about), (*draft.records, *made.values()))


def record(
    kind: str, uri: str, content_type: str, block: bytes, date: str, payload: bytes | None = None
) -> Encoded:
    """One encoded record; the payload of a resource is its block."""
    return encode(
        Record(
            type=kind,
            id=new_record_id(),
            date=date,
            content_type=content_type,
            block=block,
            target_uri=uri,
            payload=block if kind == "resource" else payload,
        )
    )
