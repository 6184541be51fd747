"""The page list of a WACZ: which captures are pages, and what their titles are."""

import json
import re
import uuid
import zlib
from collections.abc import Iterable

from parsel import Selector
from w3lib.encoding import html_to_unicode

from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.manifest import Capture
from crawler.evidence.warc import Record

HTML = "text/html"
PICTURE = "screenshot"  # the artefact that is listed beside its page
_TITLE_BYTES = 512 << 10  # a title stands in the first half megabyte, or nowhere
_ZLIB_WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
_DECLARED_BYTES = 4096  # in which w3lib, as browsers do, looks for a <meta charset>
_TITLE_ENDS = re.compile(rb"</title\s*>", re.IGNORECASE)
_BLANKS = re.compile(r"\s+")
_WEB = ("http://", "https://")


def page_entry(record: Record, capture: Capture | None = None) -> dict[str, str] | None:
    """The line for pages.jsonl if this record of a capture is a page, else None.

    A page is what a person would open: the document of a rendered page (whatever its answer, for it was looked at),
    an answer of status 200 and type text/html, or an imported HTML file. So is the screenshot of a rendered page:
    what no viewer can play again (a WebSocket, a service worker) is there to be seen all the same. The exchanges
    that a rendered page made (``page``) are none, and neither are its other artefacts.
    """
    if record.target_uri is None or (capture is not None and (capture.page is not None or capture.withheld)):
        return None
    head = http_head(record)
    if head is not None:
        title = _title(record, head, capture)
    else:
        title = _picture_title(record, capture) or _imported_title(record, capture)
    if title is None:
        return None
    page_id = str(uuid.uuid5(uuid.NAMESPACE_URL, record.id))
    return {"id": page_id, "url": record.target_uri, "ts": record.date, "title": title or record.target_uri}


def _title(record: Record, head: http.Head, capture: Capture | None) -> str | None:
    """Of an answer: what the browser or the importer said, else what stands in it; None if it is no page."""
    look = None if capture is None else capture.look
    if look is None and (media_type(head) != HTML or head.status != 200):
        return None
    return _short((look or {}).get("title")) or _claimed(capture) or page_title(record, head)


def _picture_title(record: Record, capture: Capture | None) -> str | None:
    """Of the screenshot of a rendered page; None if it is none."""
    picture = capture.artefact(PICTURE) if capture is not None else None
    if capture is None or picture is None or picture.id != record.id:
        return None
    return f"{_short((capture.look or {}).get('title')) or capture.url}（固定时的画面）"


def _imported_title(record: Record, capture: Capture | None) -> str | None:
    """Of an HTML file that was imported without an answer around it; None if it is no page."""
    uri, kind = record.target_uri or "", record.content_type.split(";")[0].strip().lower()
    imported = capture is not None and capture.imported is not None
    if not imported or record.type != "resource" or kind != HTML or not uri.startswith(_WEB):
        return None
    return _claimed(capture) or _title_in(record.block, record.content_type)


def _claimed(capture: Capture | None) -> str:
    claims = (capture.imported or {}).get("claimed") if capture is not None else None
    return _short(claims.get("title")) if isinstance(claims, dict) else ""


def pages_jsonl(pages: Iterable[dict[str, str]], title: str) -> bytes:
    """pages/pages.jsonl: a format line, then one line per page."""
    first = {"format": "json-pages-1.0", "id": "pages", "title": title}
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in (first, *pages))


def http_head(record: Record) -> http.Head | None:
    """The head of an HTTP response record; None if it is none or has no status."""
    try:
        head = http.parse_head(record.block) if record.type == "response" else None
        return head if head is not None and head.status else None
    except FormatError:
        return None


def media_type(head: http.Head) -> str:
    """The media type in lower case without parameters, "" if none is given."""
    values = head.values(b"content-type")
    return values[-1].split(b";")[0].strip().lower().decode("latin-1") if values else ""


def page_title(record: Record, head: http.Head) -> str:
    """The text of <title>, decoded as a browser would (header, BOM, <meta>, else detection); "" if none."""
    try:
        body = _decoded(http.payload(record.block), head)
    except (FormatError, zlib.error):
        return ""
    content_types = head.values(b"content-type")
    return _title_in(body, content_types[-1].decode("latin-1") if content_types else None)


def _title_in(body: bytes, declared: str | None) -> str:
    ends = _TITLE_ENDS.search(body, 0, _TITLE_BYTES)
    if ends is not None:  # what follows the first title cannot change it, and parsing it takes long
        title = _title_of(body[: max(ends.end(), _DECLARED_BYTES)], declared)
        if title:
            return title
    return _title_of(body[:_TITLE_BYTES], declared)


def _title_of(body: bytes, declared: str | None) -> str:
    _, text = html_to_unicode(declared, body, auto_detect_fun=_detect, default_encoding="gb18030")
    return _short(Selector(text=text.replace("\0", ""), type="html").css("title::text").get())


def _short(title: object) -> str:
    return _BLANKS.sub(" ", title).strip()[:300] if isinstance(title, str) else ""


def _decoded(payload: bytes, head: http.Head) -> bytes:
    """The first part of the content, content coding removed; b"" for codings that we do not know."""
    codings = b",".join(head.values(b"content-encoding")).decode("latin-1").lower().split(",")
    for coding in reversed([coding.strip() for coding in codings if coding.strip() not in ("", "identity")]):
        payload = _inflate(payload, _ZLIB_WINDOWS.get(coding, ()))
    return payload[:_TITLE_BYTES]


def _inflate(content: bytes, windows: tuple[int, ...]) -> bytes:
    for window in windows:
        try:
            return zlib.decompressobj(window).decompress(content, _TITLE_BYTES)
        except zlib.error:
            continue
    return b""


def _detect(body: bytes) -> str | None:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8" if error.start > len(body) - 4 else None  # the text may be cut inside a character
    return "utf-8"
