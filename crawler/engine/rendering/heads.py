"""Heads of requests and answers, put together from what the browser tells of them.

On HTTP/1.1 the browser gives an answer's head as it came (``headersText``). On HTTP/2 and 3 there is none: names are
in lower case and repeated values come in one string, joined by a line feed. Such heads are written the HTTP/1.1 way,
and their `Seen` says that they are not exact (evidence-formats.md §3, §4).
"""

import re
from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]

_BREAKS = re.compile(r"[\r\n\x00]+")
_LINES = {"http/0.9": "HTTP/0.9", "http/1.0": "HTTP/1.0", "h2": "HTTP/2", "h3": "HTTP/3"}


def request_head(method: str, url: str, headers: Json) -> bytes:
    """``GET /path?query HTTP/1.1`` with the fields of an extra-info event; pseudo-fields (``:path``) are left out.

    Never exact: CDP loses the order of the fields.
    """
    host, target = split(url)
    fields = list(_fields(headers))
    if not any(name.lower() == "host" for name, _ in fields):
        fields.insert(0, ("Host", host))
    return _head(f"{_one_line(method)} {_one_line(target)} HTTP/1.1", fields)


def split(url: str) -> tuple[str, str]:
    """Host with port, and what is asked of it. Never fails, whatever a page made of the address."""
    _, _, rest = url.partition("#")[0].partition("://")
    end = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    target = rest[end:]
    return rest[:end].rpartition("@")[2], target if target.startswith("/") else f"/{target}"


def answer_head(protocol: str | None, status: int, reason: str, headers: "Json | list[Json]") -> bytes:
    """A head from `headers`, a mapping or a list of ``{"name", "value"}``, with a blank line at its end."""
    version = _LINES.get(protocol or "", "HTTP/1.1")
    return _head(f"{version} {status} {_one_line(reason)}".rstrip(), _fields(headers))


def exact_head(text: str) -> bytes:
    """``headersText`` as bytes. The browser maps bytes to the first 256 characters; others come as UTF-8."""
    try:
        head = text.encode("latin-1")
    except UnicodeEncodeError:
        head = text.encode("utf-8", "surrogatepass")
    return head if head.endswith(b"\r\n\r\n") else head.rstrip(b"\r\n") + b"\r\n\r\n"


def field(headers: "Json | list[Json]", wanted: str) -> str | None:
    """The first value of a field, whatever the case of its name."""
    return next((value for name, value in _fields(headers) if name.lower() == wanted), None)


def reason_of(head: bytes | None) -> str:
    """The reason phrase of a head."""
    first = (head or b"").partition(b"\r\n")[0].split(b" ", 2)
    return first[2].decode("utf-8", "replace") if len(first) == 3 else ""


def with_protocol(head: bytes, protocol: str | None) -> bytes:
    """A head that was put together before the protocol was known."""
    line, _, rest = head.partition(b"\r\n")
    status = int(line.split(b" ")[1])
    made = answer_head(protocol, status, reason_of(head), {})
    return made.partition(b"\r\n")[0] + b"\r\n" + rest


def _fields(headers: "Json | list[Json]") -> Iterable[tuple[str, str]]:
    if isinstance(headers, list):
        pairs = [(str(entry.get("name", "")), str(entry.get("value", ""))) for entry in headers]
    else:
        pairs = [(name, str(value)) for name, value in headers.items()]
    for name, value in pairs:
        if name and not name.startswith(":"):
            yield from ((name, one) for one in value.split("\n"))


def _head(first: str, fields: Iterable[tuple[str, str]]) -> bytes:
    lines = [first, *(f"{_one_line(name)}: {_one_line(value)}" for name, value in fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogatepass")


def _one_line(text: str) -> str:
    return _BREAKS.sub(" ", text)
