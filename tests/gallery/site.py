"""The gallery's server: traps and trouble on loopback, under two origins, with a log of what was asked."""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.gallery import (
    growing_pages,
    layered_pages,
    lazy_pages,
    nested_pages,
    network_pages,
    trouble,
    window_pages,
)
from tests.gallery.answers import PNG, Answer, Route, Visit
from tests.gallery.pictures import picture

ROOMS = (growing_pages, layered_pages, lazy_pages, network_pages, nested_pages, trouble, window_pages)
ROUTES: dict[str, Route] = {path: route for room in ROOMS for path, route in room.ROUTES.items()}
# Every page has its own pictures, so that the log says which page asked.
_PICTURE = re.compile(r"/[a-z-]+/picture-(\d+)\.png")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came. `path` with its query, `host` without the port."""

    method: str
    host: str
    path: str
    fields: dict[str, str]


class GallerySite:
    """See the module. A context manager: at its end no thread and no connection is left."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.over = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="gallery")
        self.port: int = self._server.server_address[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.other = f"http://localhost:{self.port}"  # another origin, and another site, for the browser

    def url(self, path: str) -> str:
        """The address of a page; ``other:`` before the path means the second origin."""
        return self.other + path.removeprefix("other:") if path.startswith("other:") else self.origin + path

    def asked(self, beginning: str) -> list[Asked]:
        """The requests so far whose path begins like this."""
        return [asked for asked in tuple(self.requests) if asked.path.startswith(beginning)]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()  # waits for the threads of all connections


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that the end waits for them
    request_queue_size = 128

    def __init__(self, site: GallerySite) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.site = site
        self._open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self._open.discard(request)

    def hang_up(self) -> None:
        """Cut the connections that browsers hold open."""
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):  # it was closed in this moment
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Log the request, find its route and send the answer."""
        site, parts = self.server.site, urlsplit(self.path)
        fields = {name.lower(): value for name, value in self.headers.items()}
        self.rfile.read(int(fields.get("content-length", 0)))
        host = fields.get("host", "").partition(":")[0]
        site.requests.append(Asked(self.command, host, self.path, fields))
        visit = Visit(
            path=parts.path,
            query=dict(parse_qsl(parts.query)),
            fields=fields,
            site=site.origin,
            other=site.other,
            over=site.over,
            reading=self.rfile,
            writing=self.wfile,
        )
        self.close_connection = True  # unless the answer was sent to its end
        with contextlib.suppress(ConnectionError):
            answer = answer_to(visit)
            if answer is not None:
                self._send(answer)

    def do_POST(self) -> None:
        """The same: no route tells them apart."""
        self.do_GET()

    def log_message(self, *_args: Any) -> None:
        """Say nothing: `requests` is the log."""

    def _send(self, answer: Answer) -> None:
        length = len(answer.body) if isinstance(answer.body, bytes) else answer.length
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Cache-Control", "no-store")
        coding = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))
        self.send_header(*coding)
        for name, value in answer.fields.items():
            self.send_header(name, value)
        self.end_headers()
        sent = 0
        for piece in _pieces(answer):
            self.wfile.write(piece if length is not None else b"%x\r\n%s\r\n" % (len(piece), piece))
            sent += len(piece)
        if length is None:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = length is not None and sent < length


def _pieces(answer: Answer) -> Iterator[bytes]:
    yield from [answer.body] if isinstance(answer.body, bytes) else answer.body


def answer_to(visit: Visit) -> Answer | None:
    """What the gallery answers; 404 where it has no such page."""
    if route := ROUTES.get(visit.path):
        return route(visit)
    if drawn := _PICTURE.fullmatch(visit.path):
        return Answer(picture(int(drawn[1])), PNG)
    return Answer("没有这个页面".encode(), status=404)
