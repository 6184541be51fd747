"""What a page of the gallery is asked, and what it answers."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import Any

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
PNG = "image/png"

STYLE = """
body{margin:0;background:#fff;color:#222;font:16px/1.8 "Noto Sans CJK SC",sans-serif}
h1{font-size:24px;margin:0;padding:16px 24px}
p,li,.card{margin:0;padding:8px 24px;box-sizing:border-box}
img,canvas,iframe,video{border:0;vertical-align:top}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request. `site` and `other` are two origins of the same server: 127.0.0.1 and localhost.

    `over` is set when the server ends: whoever waits, waits on it. `reading` and `writing` are the two directions
    of the connection, for an answer that is no plain HTTP answer.
    """

    path: str
    query: dict[str, str]
    fields: dict[str, str]
    site: str
    other: str
    over: threading.Event
    reading: BufferedIOBase
    writing: BufferedIOBase


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. A body in pieces is sent chunked, unless `length` promises a number of bytes (true or not)."""

    body: bytes | Iterator[bytes] = b""
    kind: str = HTML
    status: int = 200
    fields: dict[str, str] = field(default_factory=dict)
    length: int | None = None


# None: the route has said all there was to say over the connection itself, which then ends.
Route = Callable[[Visit], Answer | None]


def html(title: str, body: str, *, style: str = "", fields: dict[str, str] | None = None) -> Answer:
    """A page with our plain style; `body` is HTML."""
    text = (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}{style}</style></head><body><h1>{title}</h1>\n{body}\n</body></html>"
    )
    return Answer(text.encode(), fields=fields or {})


def page(title: str, body: str, *, style: str = "", fields: dict[str, str] | None = None) -> Route:
    """The same page for every visit."""
    return lambda _visit: html(title, body, style=style, fields=fields)


def fixed(body: str | bytes, kind: str, **answer: Any) -> Route:
    """The same answer for every visit."""
    content = body.encode() if isinstance(body, str) else body
    return lambda _visit: Answer(content, kind, **answer)
