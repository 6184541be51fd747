"""A witness over HTTP, both ends: c2sp.org/tlog-witness, ``POST <prefix>/add-checkpoint``.

The server faces strangers: nothing is read beyond its limits, no connection lives longer than `LIFETIME_SECONDS`
however slowly it talks, and only so many are served at once. The signature on the checkpoint is all the
authentication that the protocol has.
"""

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any

from crawler.errors import ArchiveLocked, EvidenceError
from crawler.evidence.add_checkpoint import MAX_BODY
from crawler.evidence.cosigning import Reply
from crawler.evidence.witness import MEDIA_TEXT, Answer

PATH = "/add-checkpoint"
LIFETIME_SECONDS = 30.0  # of one connection to our server, and of one question to another's
SILENCE_SECONDS = 10.0  # without a byte
MOST_CONNECTIONS = 32
REPLY_LIMIT = 128 << 10  # bytes

Judge = Callable[[bytes], Answer]
Report = Callable[[str], None]


class WitnessServer(ThreadingHTTPServer):
    """Serves `judge` at ``/add-checkpoint``; `report` gets one line for each request that was answered."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], judge: Judge, report: Report) -> None:
        self.judge = judge
        self.report = report
        self.lifetime = LIFETIME_SECONDS
        self.silence = SILENCE_SECONDS
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, _Handler)

    @property
    def url(self) -> str:
        """The submission prefix."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def verify_request(self, _request: Any, _client_address: Any) -> bool:
        """Take a place, or turn the connection away when all are taken."""
        return self._places.acquire(blocking=False)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, ended from outside when its time is over: a slow client holds no place."""
        end = threading.Timer(self.lifetime, _cut, (request,))
        end.daemon = True
        end.start()
        try:
            super().finish_request(request, client_address)
        finally:
            end.cancel()
            self._places.release()

    def handle_error(self, _request: Any, client_address: Any) -> None:
        """A connection that broke is its client's trouble; whatever else went wrong is told."""
        self.report(f"{client_address[0]}: the connection broke off")


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    protocol_version = "HTTP/1.1"
    server_version = "evidence-witness"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.silence)

    def do_POST(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self._refuse(404, f"there is only POST {PATH} here")
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            self._refuse(411, "a Content-Length is needed")
        elif len(length) > 9 or int(length) > MAX_BODY:
            self._refuse(413, f"more than {MAX_BODY} bytes")
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                self._answer(self._judged(body))

    def do_GET(self) -> None:
        self._refuse(405 if self.path == PATH else 404, f"there is only POST {PATH} here")

    def log_message(self, _format: str, *_arguments: object) -> None:
        """What http.server would print; `report` tells it better."""

    def _judged(self, body: bytes) -> Answer:
        try:
            return self.server.judge(body)
        except ArchiveLocked as error:
            return _ours(503, "busy, ask again later", str(error))
        except (EvidenceError, OSError) as error:
            # What is wrong with our own files is for our own eyes.
            return _ours(500, "this witness cannot answer now", str(error))

    def _refuse(self, status: int, reason: str) -> None:
        self.close_connection = True  # a body that was not read must not be taken for the next request
        self._answer(_ours(status, reason, reason))

    def _answer(self, answer: Answer) -> None:
        self.server.report(f"{self.client_address[0]}: {answer.status} {answer.reason}")
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.status == 503:
            self.send_header("Retry-After", "60")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)


def _ours(status: int, said: str, reason: str) -> Answer:
    return Answer(status, f"{said}\n".encode(), MEDIA_TEXT, reason)


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it ended by itself meanwhile


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A witness is asked where the operator said, nowhere else."""

    def redirect_request(
        self,
        _req: urllib.request.Request,
        _fp: IO[bytes],
        _code: int,
        _msg: str,
        _headers: HTTPMessage,
        _newurl: str,
    ) -> None:
        """None: the redirect is the answer."""
        return


def post_checkpoint(url: str, body: bytes) -> Reply:
    """POST an add-checkpoint body to a witness's submission prefix. Raises OSError when no answer comes."""
    address = url.rstrip("/") + PATH
    request = urllib.request.Request(address, data=body, headers={"Content-Type": MEDIA_TEXT})  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
    until = time.monotonic() + LIFETIME_SECONDS
    try:
        with opener.open(request, timeout=SILENCE_SECONDS) as answer:
            return Reply(answer.status, answer.headers.get("Content-Type", ""), _read(answer, until, url))
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.headers.get("Content-Type", ""), _read(error, until, url))
    except HTTPException as error:
        raise OSError(f"{url} did not answer in HTTP: {error!r}") from error


def _read(answer: Any, until: float, url: str) -> bytes:
    """The body, within the limits of bytes and time: a witness may be slow, or no witness at all."""
    body = b""
    while part := answer.read1(16 << 10):
        body += part
        if len(body) > REPLY_LIMIT:
            raise OSError(f"{url} answered with more than {REPLY_LIMIT} bytes: not a witness")
        if time.monotonic() > until:
            raise OSError(f"{url} did not end its answer within {LIFETIME_SECONDS:.0f} seconds")
    return body
