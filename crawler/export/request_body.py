"""The body of a request as viewers of web archives write it into an address, so that they find the answer to a POST.

Two calls to one address with different bodies get different answers. Viewers that follow Webrecorder's "Request Body
Canonicalization" (wabac.js in ReplayWeb.page, pywb) add ``__wb_method=POST&<body>`` to the address of such a request,
and look for the same in the index: CDXJ names the method in ``method``, and the body in this form in ``requestBody``.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, unquote_to_bytes

from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.warc import Record

MOST = 4096  # bytes; viewers cut there as well
_RAW = 256 << 10  # bytes of a body that are looked at
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_RESERVED = ";/?:@&=+$,#"  # what JavaScript's decodeURI leaves escaped (ECMA-262, 19.2.6.2)
_PART = re.compile(r'name="([^"]+)"\r\n\r\n(.*)', re.IGNORECASE)


def request_body(request: Record) -> str:
    """The canonical form of the body of a ``request`` record; "" where it has none."""
    try:
        head, body = http.parse_head(request.block), http.payload(request.block)[:_RAW]
    except FormatError:
        return ""
    kinds = head.values(b"content-type")
    kind = kinds[-1].decode("latin-1") if kinds else ""
    return _decoded(_canonical(kind, body)[:MOST])


def _canonical(kind: str, body: bytes) -> str:
    media_type = kind.split(";")[0]
    if media_type == "application/x-www-form-urlencoded":
        return body.decode("utf-8", "replace")
    if media_type in ("application/json", "text/plain"):
        try:
            return _written(_named(json.loads(body)))
        except (ValueError, RecursionError):
            return "" if media_type == "application/json" else _binary(body)
    if media_type == "multipart/form-data":
        return _written(_parts(kind, body.decode("utf-8", "replace")).items())
    return _binary(body)


def _binary(body: bytes) -> str:
    return "__wb_post_data=" + base64.b64encode(body).decode("ascii")


def _named(content: Any) -> Iterator[tuple[str, str]]:
    """Each plain value under its own name, wherever it lies; the second of one name is called ``name.2_``."""
    counted: dict[str, int] = {}
    for name, value in _values(content, ""):
        if name and value:
            counted[name] = counted.get(name, 0) + 1
            yield (name if counted[name] == 1 else f"{name}.{counted[name]}_"), value


def _values(content: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _values(value, key)
    elif isinstance(content, list):
        for value in content:
            yield from _values(value, name)
    else:  # null, true and false as JavaScript writes them
        yield name, content if isinstance(content, str) else json.dumps(content)


def _parts(kind: str, body: str) -> dict[str, str]:
    _, found, boundary = kind.partition("boundary=")
    if not found:
        return {}
    pieces = re.split(f"-*{re.escape(boundary)}-*", body)
    return {match[1]: match[2] for piece in pieces if (match := _PART.search(piece.strip()))}


def _written(named: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in named)


def _quoted(text: str) -> str:
    """As URLSearchParams writes it (WHATWG URL, application/x-www-form-urlencoded)."""
    return quote_plus(text.encode("utf-8", "replace"), safe="*").replace("~", "%7E")


def _decoded(text: str) -> str:
    """JavaScript's decodeURI: escapes are undone, but for those of reserved characters. "" if they are no UTF-8."""
    try:
        return _ESCAPED.sub(_undone, text)
    except UnicodeDecodeError:
        return ""


def _undone(escaped: re.Match[str]) -> str:
    characters = unquote_to_bytes(escaped[0]).decode("utf-8")
    kept = (quote(one, safe="") if one in _RESERVED else one for one in characters)
    return "".join(kept)
