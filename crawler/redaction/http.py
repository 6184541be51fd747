"""Answers of servers made anew: a status line, a few fields, and a body that may be shown or is withheld."""

from dataclasses import dataclass
from http import HTTPStatus

from w3lib.encoding import (
    html_body_declared_encoding,
    html_to_unicode,
    http_content_type_encoding,
    resolve_encoding,
)

from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.coding import undone
from crawler.evidence.digest import digest
from crawler.redaction.addresses import WITHHELD
from crawler.redaction.masker import Masker
from crawler.redaction.pages import rewritten_html
from crawler.redaction.structures import rewritten_json
from crawler.redaction.styles import rewritten_css

LIMIT = 64 << 20  # bytes of a body with its coding undone; longer ones are withheld as a whole
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")  # byte order marks
_DATES = (b"date", b"last-modified")
_DATE_LENGTH = 40  # an HTTP date (RFC 9110 §5.6.7) has 29 to 33 characters
_PAGES = ("text/html", "application/xhtml+xml")
_OBJECTS = ("application/json", "text/json")
_SCRIPTS = ("javascript", "ecmascript")


@dataclass(frozen=True, slots=True)
class RedactedResponse:
    """`block`: of the response record; `payload`: its body; `whole`: the body only says that it is withheld."""

    block: bytes
    payload: bytes
    media_type: str
    whole: bool


def redacted_response(block: bytes, masker: Masker, *, known: bool = True) -> RedactedResponse:
    """The answer as the masker's grade shows it. `known`: False withholds the body whatever it is.

    Never fails: what cannot be read is withheld as a whole, with a commitment to the digest of its payload.
    """
    try:
        head = http.parse_head(block[(start := http.split_interim(block)) :])
        status = head.status
        payload = http.payload(block[start:])
    except FormatError:
        head, status, payload = None, HTTPStatus.OK.value, block
    types = head.values(b"content-type") if head is not None else []
    declared = types[-1].decode("latin-1") if types else ""
    made = _body(payload, head, declared, masker) if known and head is not None else None
    whole = made is None
    content, media_type = made or _statement(payload, masker)
    fields = [] if head is None else list(_fields(head, masker))
    lines = [
        b"HTTP/1.1 %d " % status,
        *fields,
        b"Content-Type: " + media_type.encode(),
        b"Content-Length: %d" % len(content),
    ]
    return RedactedResponse(b"\r\n".join((*lines, b"", b"")) + content, content, media_type, whole)


def _body(payload: bytes, head: http.Head, declared: str, masker: Masker) -> tuple[bytes, str] | None:
    """Body and media type; None if it goes as a whole."""
    try:
        content = undone(payload, head.values(b"content-encoding"), LIMIT)
    except FormatError:
        return None
    kind = declared.split(";")[0].strip().lower()
    if not content:
        return b"", "text/plain; charset=utf-8"
    text = _decoded(content, declared)
    made, kind = _made(text, kind, masker)
    if made is None or masker.left(made):
        return None
    return made, f"{kind}; charset=utf-8"


def _made(text: str, kind: str, masker: Masker) -> tuple[bytes | None, str]:
    if kind in _PAGES or (not kind and text.lstrip()[:1] == "<"):
        return rewritten_html(text, masker), "text/html"
    if kind in _OBJECTS or kind.endswith("+json") or any(word in kind for word in _SCRIPTS):
        return rewritten_json(text, masker), "application/json"
    if kind == "text/css":
        return rewritten_css(text, masker).encode("utf-8", "replace"), kind
    if kind == "text/plain":
        made = rewritten_json(text, masker) if text.lstrip()[:1] in ("{", "[") else None
        return made or masker.text(text).encode("utf-8", "replace"), kind
    return None, kind


def _decoded(content: bytes, declared: str) -> str:
    """What reads as UTF-8 is UTF-8, whatever the page declares: read in another charset, it would hide its names."""
    if not content.startswith(_MARKS):
        for charset in ("utf-8", resolve_encoding(_declared(content, declared) or "gb18030"), "gb18030"):
            try:
                return content.decode(charset or "gb18030")
            except UnicodeDecodeError:
                continue
    _, text = html_to_unicode(declared or None, content, default_encoding="gb18030")
    return text


def _declared(content: bytes, declared: str) -> str | None:
    return http_content_type_encoding(declared) or html_body_declared_encoding(content)


def _statement(payload: bytes, masker: Masker) -> tuple[bytes, str]:
    mark = masker.withheld(digest(payload), "body")
    return f"本内容整体不予展示 {mark}\n".encode(), "text/plain; charset=utf-8"


def _fields(head: http.Head, masker: Masker) -> list[bytes]:
    """The fields that are kept, one line each."""
    found = []
    for name, value in head.fields:
        low = name.lower()
        if low in _DATES and len(value) <= _DATE_LENGTH and value.isascii() and b":" in value:
            found.append(name + b": " + value)
        elif low == b"location" and masker.shows_addresses:
            url = masker.url(value.decode("utf-8", "replace"))
            if not url.startswith(WITHHELD):
                found.append(b"Location: " + url.encode("ascii", "ignore"))
    return found
