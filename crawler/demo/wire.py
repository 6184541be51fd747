"""A small HTTP/1.1 server: origin-form and absolute-form GET and HEAD, kept alive, on loopback.

Not aiohttp.web, because the market promises exact answers (order and repetition of header lines, chunk by
chunk), and because it shares two cores with the crawler that it measures: an answer costs about 40 µs here.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cached_property
from http import HTTPStatus
from urllib.parse import urlsplit

Headers = dict[str, str]
MAX_HEAD = 65_536


@dataclass(frozen=True)
class Reply:
    """One answer. `chunks` are the sizes in which a chunked body is cut; None = Content-Length."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    chunks: tuple[int, ...] | None = None

    @cached_property
    def status_line(self) -> bytes:
        """Status line with the usual reason phrase."""
        return f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\nServer: demo-market\r\n".encode()

    @cached_property
    def head(self) -> bytes:
        """Header lines behind `Date`, with the blank line."""
        lines = list(self.headers)
        if self.chunks:
            lines.append(("Transfer-Encoding", "chunked"))
        elif self.status != HTTPStatus.NOT_MODIFIED:
            lines.append(("Content-Length", str(len(self.body))))
        return "".join(f"{name}: {value}\r\n" for name, value in lines).encode() + b"\r\n"

    @cached_property
    def payload(self) -> bytes:
        """The body as it goes over the wire."""
        return chunked(self.body, self.chunks) if self.chunks else self.body


def chunked(body: bytes, sizes: tuple[int, ...]) -> bytes:
    """The body in chunks of these sizes, the last size repeated (RFC 9112 7.1)."""
    parts, offset, turn = [], 0, 0
    while offset < len(body):
        piece = body[offset : offset + sizes[min(turn, len(sizes) - 1)]]
        parts.append(b"%x\r\n%b\r\n" % (len(piece), piece))
        offset += len(piece)
        turn += 1
    return b"".join(parts) + b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for. `host` has no port; `target` is path and query."""

    method: str
    host: str
    target: str
    headers: Headers = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The URL on the virtual host."""
        return f"http://{self.host}{self.target}"


Answer = Callable[[Request], Reply]
Note = Callable[[Request, int], None]


def parse_request(head: bytes) -> Request | None:
    """The request in a head (without its blank line), or None if it is none."""
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        return None
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    method, target = parts[0], parts[1]
    host = headers.get("host", "")
    if target.startswith("http://"):
        url = urlsplit(target)
        host, target = url.netloc, (url.path or "/") + (f"?{url.query}" if url.query else "")
    return Request(method, host.rpartition("@")[2].partition(":")[0].lower(), target, headers)


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, answer: Answer, note: Note, open_ones: set["Connection"]) -> None:
        self._answer = answer
        self._note = note
        self._open = open_ones
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Called by asyncio."""
        self._open.discard(self)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio: answers every whole request in the buffer, in order."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            self._respond(parse_request(head))
        if len(self._buffer) > MAX_HEAD:
            self._respond(None)

    def _respond(self, request: Request | None) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        reply, close = self._reply(request)
        if request is not None:
            self._note(request, reply.status)
        body = b"" if request is not None and request.method == "HEAD" else reply.payload
        closing = b"Connection: close\r\n" if close else b""
        self._transport.write(reply.status_line + _date_line() + closing + reply.head + body)
        if close:
            self._transport.close()

    def _reply(self, request: Request | None) -> tuple[Reply, bool]:
        """The answer, and whether the connection ends with it."""
        if request is None:
            return plain(400, "This is not an HTTP/1.1 request that the demo market understands."), True
        if request.method not in ("GET", "HEAD"):
            status = 501 if request.method == "CONNECT" else 405
            return plain(
                status, f"The demo market answers GET and HEAD over http only, not {request.method}."
            ), True
        return self._answer(request), request.headers.get("connection", "").lower() == "close"

    def close(self) -> None:
        """Drop the connection with whatever is still unsent."""
        if self._transport is not None:
            self._transport.abort()


def plain(status: int, message: str, *headers: tuple[str, str]) -> Reply:
    """A short answer in plain text."""
    return Reply(status, (("Content-Type", "text/plain; charset=utf-8"), *headers), f"{message}\n".encode())


_date: tuple[int, bytes] = (0, b"")


def _date_line() -> bytes:
    """The `Date` line, made once a second."""
    global _date
    second = int(time.time())
    if second != _date[0]:
        _date = (second, f"Date: {formatdate(second, usegmt=True)}\r\n".encode())
    return _date[1]
