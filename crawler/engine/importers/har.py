"""HAR 1.2: the list of exchanges that a browser's developer tools save.

A HAR holds no messages but a description of them: text that was decoded to Unicode, fields without their exact
spelling, HTTP/2 as names and values. What is landed is put together from that and says so; a body that is not in the
file makes the capture partial (http://www.softwareishard.com/blog/har-12-spec/).
"""

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crawler.engine.importers.found import (
    Exchange,
    Found,
    Json,
    Refused,
    Step,
    Terms,
    claims_of,
    require_url,
)
from crawler.engine.importers.messages import ORIGINAL, message_of
from crawler.errors import FormatError, UsageError
from crawler.evidence.checks.reading import read_small

FILE_LIMIT = 256 << 20  # bytes: all of it is read at once
MOST_VALUES = 4_000_000  # parsed, each takes far more memory than its bytes

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_MISFIT = ("content-encoding", "transfer-encoding", "content-length")
_PREFIX = ORIGINAL.decode("ascii")
_BODILESS = (204, 304)


class HarSource:
    """A HAR file. Raises UsageError or FormatError on making it, when it is none."""

    format = "har"

    def __init__(self, path: Path, terms: Terms) -> None:
        self.path = path
        self._limit = terms.body_limit
        log = _parsed(read_small(path, FILE_LIMIT)).get("log")
        if not isinstance(log, dict) or not isinstance(log.get("entries"), list):
            raise UsageError("it is JSON but no HAR: there is no log with entries in it; nothing was kept")
        self._entries: list[Any] = log["entries"]
        self._titles = _titles(log.get("pages"))
        creator, browser = _object(log.get("creator")), _object(log.get("browser"))
        self.claims: Json = claims_of(
            software=_named(creator), browser=_named(browser), version=log.get("version")
        )
        self.counts: dict[str, int] = {}

    def found(self, *, bodies: bool, step: Step) -> Iterator[Found]:
        """Every entry, in the order of the file."""
        counts: Counter[str] = Counter()
        mains = self._mains()
        for number, entry in enumerate(self._entries, 1):
            counts["entry"] += 1
            try:
                yield self._exchange(number, _object(entry), mains, bodies=bodies)
            except FormatError as error:
                yield Refused(f"entry {number}", str(error))
            step(0)
        self.counts = dict(counts)

    def _mains(self) -> dict[str, int]:
        """The first entry of each page that is a document: the page itself."""
        mains: dict[str, int] = {}
        for number, entry in enumerate(self._entries, 1):
            told = _object(entry)
            page, response = told.get("pageref"), _object(told.get("response"))
            kind = str(_object(response.get("content")).get("mimeType", ""))
            document = kind.startswith("text/html") and response.get("status") == 200
            if isinstance(page, str) and document and _url(told) is not None:
                mains.setdefault(page, number)
        return mains

    def _exchange(self, number: int, entry: Json, mains: dict[str, int], *, bodies: bool) -> Exchange:
        request, response = _object(entry.get("request")), _object(entry.get("response"))
        url = require_url(_address(entry))
        main = mains.get(str(entry.get("pageref")))
        title = self._titles.get(str(entry.get("pageref"))) if main == number else None
        method = str(request.get("method", "GET"))
        if not _TOKEN.fullmatch(method):
            raise FormatError(f"its method is none: {method[:40]!r}")
        status = response.get("status")
        told: Json = {
            "key": f"#{number}",
            "url": url,
            "method": method,
            "page": None if main in (None, number) else f"#{main}",
            "claimed": claims_of(
                date=entry.get("startedDateTime"),
                record=f"entry {number}",
                software=self.claims.get("software"),
                ip=entry.get("serverIPAddress"),
                title=title,
            ),
            "facts": {"made_from": "a description in a HAR file, not a message"},
        }
        if bodies:
            told["request"] = _request(request, method, url)
        if type(status) is not int or not 100 <= status <= 599:
            failed = str(response.get("_error") or entry.get("_error") or "no answer is in the file")
            return Exchange(**told, answered=False, reason=failed[:300])
        if not bodies:
            return Exchange(**told)
        return self._answered(told, response, status, method)

    def _answered(self, told: Json, response: Json, status: int, method: str) -> Exchange:
        body, text, reason = _body(_object(response.get("content")), status, method)
        cut = len(body) > self._limit
        if cut:
            reason = f"its body has {len(body)} bytes; it was cut after {self._limit}"
            body = body[: self._limit]
        fields, renamed = _fields(_headers(response), body, text=text, media=_media(response))
        line = f"HTTP/1.1 {status} {str(response.get('statusText', ''))[:200]}"
        told["facts"] |= {"renamed": renamed, "protocol": str(response.get("httpVersion", ""))[:40]}
        return Exchange(**told, response=message_of(line, fields, body), truncated=cut, reason=reason)


def _address(entry: Json) -> str:
    return str(_object(entry.get("request")).get("url", "")).partition("#")[0]


def _url(entry: Json) -> str | None:
    try:
        return require_url(_address(entry))
    except FormatError:
        return None


def _request(request: Json, method: str, url: str) -> bytes:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    posted = _object(request.get("postData")).get("text")
    body = posted.encode("utf-8", "replace") if isinstance(posted, str) else b""
    return message_of(f"{method} {target} HTTP/1.1", _headers(request), body)


def _body(content: Json, status: int, method: str) -> tuple[bytes, bool, str | None]:
    """The body; whether it was Unicode text; why it is not whole."""
    text, size = content.get("text"), content.get("size")
    if not isinstance(text, str):
        empty = size in (0, -1, None) and (method == "HEAD" or status in _BODILESS or 300 <= status < 400)
        return b"", False, None if empty or size == 0 else "the HAR holds no body for it"
    if content.get("encoding") != "base64":
        return text.encode("utf-8", "replace"), True, None
    try:
        return base64.b64decode(text, validate=True), False, None
    except (binascii.Error, ValueError):
        return b"", False, "its body is not base64, as the HAR says"


def _fields(
    headers: list[tuple[str, str]], body: bytes, *, text: bool, media: str
) -> tuple[list[tuple[str, str]], list[str]]:
    """The fields as they fit the body: without its codings, and text as UTF-8."""
    misfit = (*_MISFIT, "content-type") if text else _MISFIT
    renamed = [name for name, _ in headers if name.lower() in misfit]
    fields = [(_PREFIX + name if name.lower() in misfit else name, value) for name, value in headers]
    if text:
        fields.append(("Content-Type", f"{media}; charset=utf-8"))
    elif media and not any(name.lower() == "content-type" for name, _ in headers):
        fields.append(("Content-Type", media))
    return [*fields, ("Content-Length", str(len(body)))], renamed


def _headers(message: Json) -> list[tuple[str, str]]:
    """Names and values in order, without HTTP/2's pseudo-fields; what is no field name is left out."""
    listed = message.get("headers")
    found = []
    for header in listed[:1000] if isinstance(listed, list) else ():
        name, value = _object(header).get("name"), _object(header).get("value")
        if isinstance(name, str) and isinstance(value, str) and _TOKEN.fullmatch(name):
            found.append((name, value))
    return found


def _media(response: Json) -> str:
    kind = str(_object(response.get("content")).get("mimeType", "")).partition(";")[0].strip()
    return kind if re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,100}", kind, re.ASCII) else "text/plain"


def _titles(pages: Any) -> dict[str, str]:
    found = [_object(page) for page in pages] if isinstance(pages, list) else []
    return {str(page.get("id")): str(page.get("title", "")) for page in found}


def _named(software: Json) -> str:
    return " ".join(str(software[key]) for key in ("name", "version") if key in software)


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _parsed(content: bytes) -> Json:
    """The JSON object. Raises FormatError: none, or one with more values than fit into memory."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    bare = _STRING.sub(b"", content)
    if sum(bare.count(sign) for sign in (b",", b"{", b"[")) > MOST_VALUES:
        raise FormatError(f"it has more than {MOST_VALUES} values: refused")
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"it is not JSON: {str(error)[:200]}") from error
    return _object(parsed)
