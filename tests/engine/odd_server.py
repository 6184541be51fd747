"""A server on loopback that sends exactly the bytes it is told to, and remembers exactly what passed.

A path is answered by a script: pieces of bytes, pauses, and how the connection ends. Nothing is added, so an
answer may be legal and odd, or no HTTP at all. A second script for a path answers its second request, and so on;
the last one answers all further ones.
"""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CRLF = b"\r\n"
NO_ROBOTS = b"HTTP/1.1 404 Nicht da\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Pause:
    """Send nothing for so many seconds, or until the client hangs up."""

    seconds: float


class Close:
    """End the connection in order."""


class Reset:
    """End the connection with a TCP reset."""


Step = bytes | Pause | type[Close] | type[Reset]


@dataclass
class Heard:
    """One request as it came, and what was sent in return."""

    path: str
    received: bytes
    connection: int
    at: float
    sent: bytes = b""


@dataclass
class OddServer:
    """See the module. `heard` lists every request in the order of arrival.

    `tls` is spoken from the first byte on; `tunnel` inside a tunnel, for which a client asks with CONNECT.
    """

    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    tunnel: ssl.SSLContext | None = None
    scripts: dict[str, list[tuple[Step, ...]]] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server((self.host, 0))
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._closing = False
        self.port: int = self._listener.getsockname()[1]
        self.answer("/robots.txt", NO_ROBOTS)

    def answer(self, path: str, *steps: Step) -> None:
        """Answer the next request for `path` (and all later ones, until told otherwise) with these steps."""
        self.scripts.setdefault(path, []).append(steps)

    def robots(self, *steps: Step) -> None:
        """Answer robots.txt with these steps, from the first request on."""
        self.scripts["/robots.txt"] = [steps]

    def url(self, path: str, host: str | None = None) -> str:
        """The address of a path on this server."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{host or self.host}:{self.port}{path}"

    def requests(self, path: str) -> list[Heard]:
        """What was heard for one path."""
        return [heard for heard in self.heard if heard.path == path]

    def start(self) -> None:
        """Begin to accept connections."""
        self._spawn(self._accept)

    def stop(self) -> None:
        """Close everything; waits for the threads."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _spawn(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        number = 0
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.append(connection)
            number += 1
            self._spawn(self._serve, connection, number)

    def _serve(self, plain: socket.socket, number: int) -> None:
        connection = plain
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(plain, server_side=True)
                self._connections.append(connection)
            while self._exchange(connection, number):
                if self.tunnel is not None and self.heard[-1].received.startswith(b"CONNECT "):
                    connection = self.tunnel.wrap_socket(connection, server_side=True)
                    self._connections.append(connection)
        except OSError:  # the client hung up, or refused our certificate: part of some tests
            pass
        finally:
            connection.close()

    def _exchange(self, connection: socket.socket, number: int) -> bool:
        received = _read_request(connection)
        if not received:
            return False
        target = received.split(b" ", 2)[1].decode("latin-1")
        path = urlsplit(target).path if "://" in target else target
        heard = Heard(path, received, number, time.monotonic())
        script = self.scripts.get(path)
        steps = script.pop(0) if script and len(script) > 1 else script[0] if script else (NO_ROBOTS,)
        self.heard.append(heard)
        for step in steps:
            if isinstance(step, bytes):
                heard.sent += step  # before sending: the test may look as soon as the client has it
                connection.sendall(step)
            elif isinstance(step, Pause):
                _wait(connection, step.seconds)
            elif step is Reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            else:
                return False
        return True


@contextlib.contextmanager
def odd_server(
    host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, tunnel: ssl.SSLContext | None = None
) -> Iterator[OddServer]:
    """A running server."""
    server = OddServer(host, tls, tunnel)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def reply(
    body: bytes = b"", status: bytes = b"200 OK", headers: Sequence[bytes] = (b"Content-Type: text/html",)
) -> bytes:
    """A plain answer with Content-Length."""
    lines = [b"HTTP/1.1 " + status, *headers, b"Content-Length: %d" % len(body)]
    return CRLF.join([*lines, b"", b""]) + body


def chunks(*pieces: bytes, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    """A chunked body, with a chunk extension and trailer fields where given."""
    sent = b"".join(b"%X%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces)
    return sent + b"0" + extension + CRLF + trailer + CRLF


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [
        line.split(b":")[1] for line in head.lower().split(CRLF) if line.startswith(b"content-length:")
    ]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        piece = connection.recv(missing)
        received += piece
        missing -= len(piece)
    return received


def _wait(connection: socket.socket, seconds: float) -> None:
    connection.settimeout(seconds)
    with contextlib.suppress(TimeoutError):
        connection.recv(1, 0 if isinstance(connection, ssl.SSLSocket) else socket.MSG_PEEK)
    connection.settimeout(None)
