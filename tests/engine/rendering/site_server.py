"""A server on loopback with everything that makes it hard to record a page: see `ROUTES`."""

import asyncio
import base64
import gzip
import hashlib
import os
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress

GBK = (
    "<html><head><meta charset=gbk><title>刷单返利</title></head><body>体验官，五星好评</body></html>".encode(
        "gbk"
    )
)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
NOISE = os.urandom(20_000)
SCRIPT = "window.ready = '评论';".encode()
POSTED = b"\x00\xff\xfe \x80"
WORKER = b"""
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', e => e.waitUntil(clients.claim()));
self.addEventListener('fetch', e => {
  if (e.request.url.endsWith('/by-worker'))
    e.respondWith(fetch('/asked-by-worker').then(r => r.text()).then(t => new Response('worker:' + t)));
});
"""


class Request:
    """One request, read whole."""

    def __init__(self, head: bytes, body: bytes) -> None:
        self.head, self.body = head, body
        self.method, self.path, _ = head.split(b"\r\n")[0].decode().split(" ", 2)

    def field(self, name: str) -> str | None:
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


Route = Callable[[Request, "Site", asyncio.StreamWriter], Awaitable[bool | None]]
Fields = tuple[tuple[str, object], ...]


def head(status: str, fields: Fields) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer(body: bytes, media_type: str, *more: tuple[str, object], status: str = "200 OK") -> Route:
    """A plain route."""

    async def route(request: Request, site: "Site", writer: asyncio.StreamWriter) -> None:
        fields = (("Content-Type", media_type), *more, ("Content-Length", len(body)))
        writer.write(head(status, fields) + (b"" if request.method == "HEAD" else body))

    return route


def page(html: str, *more: tuple[str, object]) -> Route:
    return answer(
        f"<!doctype html><html><body>{html}</body></html>".encode(), "text/html; charset=utf-8", *more
    )


def chunked(body: bytes, media_type: str, size: int = 20) -> Route:
    async def route(request: Request, site: "Site", writer: asyncio.StreamWriter) -> None:
        writer.write(head("200 OK", (("Content-Type", media_type), ("Transfer-Encoding", "chunked"))))
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        writer.write(b"0\r\n\r\n")

    return route


def endless(media_type: str, piece: bytes, pause: float) -> Route:
    async def route(request: Request, site: "Site", writer: asyncio.StreamWriter) -> bool:
        writer.write(head("200 OK", (("Content-Type", media_type), ("Connection", "close"))))
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return False

    return route


def bare(status: str, *fields: tuple[str, object], then: bytes = b"", wait: float = 0) -> Route:
    """A head, some bytes, a wait, and the connection is closed."""

    async def route(request: Request, site: "Site", writer: asyncio.StreamWriter) -> bool:
        writer.write(head(status, fields) + then)
        await writer.drain()
        await asyncio.sleep(wait)
        return False

    return route


async def socket(request: Request, site: "Site", writer: asyncio.StreamWriter) -> bool:
    """RFC 6455: answer the handshake, send a text and a binary frame, wait for one of theirs."""
    key = (request.field("Sec-WebSocket-Key") or "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest()).decode()
    fields = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept))
    writer.write(head("101 Switching Protocols", fields))
    for opcode, payload in ((1, "好评".encode()), (2, b"\x00\xff")):
        writer.write(struct.pack("!BB", 0x80 | opcode, len(payload)) + payload)
    await writer.drain()
    await asyncio.sleep(0.4)
    return False


async def silent(request: Request, site: "Site", writer: asyncio.StreamWriter) -> bool:
    """No answer at all."""
    await asyncio.sleep(60)
    return False


async def big(request: Request, site: "Site", writer: asyncio.StreamWriter) -> bool:
    """Says it has 60 MB. Counts what it could send of them."""
    writer.write(head("200 OK", (("Content-Type", "image/png"), ("Content-Length", 60 << 20))))
    for _ in range(60):
        writer.write(bytes(1 << 20))
        await writer.drain()
        site.big_sent += 1 << 20
    return False


async def preflight(request: Request, site: "Site", writer: asyncio.StreamWriter) -> None:
    allow: Fields = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Headers", "x-own, content-type"),
                     ("Access-Control-Allow-Methods", "PUT"))  # fmt: skip
    if request.method == "OPTIONS":
        writer.write(head("204 No Content", allow))
    else:
        writer.write(head("200 OK", (*allow, ("Content-Type", "text/plain"), ("Content-Length", 3))) + b"put")


ZIPPED = gzip.compress(GBK)
ROUTES: dict[str, Route] = {
    "/gbk": answer(GBK, "text/html"),
    "/gbk-chunked": chunked(GBK, "text/html; charset=gbk"),
    "/redirect": bare("302 Found", ("Location", "/redirect2"), ("Set-Cookie", "a=1; Path=/"),
                      ("Set-Cookie", "b=2; Path=/"), ("X-Odd", "kept  twice"), ("Content-Length", 2), then=b"to"),
    "/redirect2": bare("301 Moved For Good", ("Location", "/gbk"), ("Set-Cookie", "c=3"), ("Content-Length", 0)),
    "/gzip": answer(ZIPPED, "text/html; charset=gbk", ("Content-Encoding", "gzip")),
    "/gzip-unknown": page("<script src=/zipped.js></script>"),
    "/zipped.js": bare("200 OK", ("Content-Type", "text/javascript"), ("Content-Encoding", "gzip"),
                       ("Connection", "close"), then=gzip.compress(SCRIPT)),
    "/bomb": page("<script src=/bomb.js></script>"),
    "/bomb.js": answer(gzip.compress(bytes(300 << 20), 9), "text/javascript", ("Content-Encoding", "gzip")),
    "/statuses": page("""<script>
        fetch('/none'); fetch('/gbk', {method: 'HEAD'}); fetch('/missing').then(r => r.text());
        fetch('/post', {method: 'POST', body: new Uint8Array([0, 255, 254, 32, 128])});
        fetch('/post', {method: 'POST', body: new URLSearchParams({name: '刷单'})});
        </script><img src=/broken.png><img src=data:image/png;base64,AA==>"""),
    "/none": bare("204 No Content", ("X-None", "1")),
    "/post": answer(b"taken", "text/plain"),
    "/broken.png": answer(b"no picture", "image/png"),
    "/preflight": page("""<script>fetch(location.origin.replace('127.0.0.1', 'localhost') + '/put',
        {method: 'PUT', headers: {'x-own': '1'}, body: 'x'})</script>"""),
    "/put": preflight,
    "/refused": page("<img src=http://127.0.0.1:9/x.png><img src=http://nowhere.invalid/y.png>"
                     "<img src=http://127.0.0.1:4/z.png>"),
    "/policy": page("<img src=/pixel.png>", ("Content-Security-Policy", "img-src 'none'")),
    "/pixel.png": answer(PNG, "image/png", ("Cache-Control", "max-age=600")),
    "/frames": page("<script>document.write('<iframe src=' + location.origin.replace('127.0.0.1', 'localhost')"
                    " + '/inner></iframe>')</script>"),
    "/inner": page("<img src=/pixel.png><p>里面</p>"),
    "/streams": page("""<script>new EventSource('/events')</script><img src=/mixed><video src=/film autoplay muted>
        </video>"""),
    "/events": endless("text/event-stream", b"data: hello\n\n", 0.05),
    "/mixed": endless("multipart/x-mixed-replace; boundary=b", b"--b\r\nContent-Type: image/png\r\n\r\n" + PNG, 0.05),
    "/film": endless("video/mp4", bytes(1000), 0.05),
    "/large": page("<img src=/big><img src=/pixel.png>"),
    "/big": big,
    "/endless": page("<iframe src=/endless-html></iframe>"),
    "/endless-html": endless("text/html", b"more ", 0.02),
    "/flood": page("<iframe src=/flood-html></iframe>"),
    "/flood-html": endless("text/html", bytes(1 << 20), 0),
    "/unbounded": page("<script>fetch('/mb').then(r => r.text())</script>"),
    "/mb": chunked(bytes(2 << 20), "text/plain", 1 << 16),
    "/worker": page("""<script>navigator.serviceWorker.register('/worker.js');
        navigator.serviceWorker.addEventListener('controllerchange', () =>
          fetch('/by-worker').then(r => r.text()).then(t => document.title = t))</script>"""),
    "/worker.js": answer(WORKER, "text/javascript"),
    "/asked-by-worker": answer("评".encode(), "text/plain; charset=utf-8"),
    "/socket": page("""<script>const s = new WebSocket(location.origin.replace('http', 'ws') + '/ws');
        s.onopen = () => s.send('ours')</script>"""),
    "/ws": socket,
    "/locked": answer(b"<p>locked</p>", "text/html", ("WWW-Authenticate", 'Basic realm="x"'),
                      status="401 Unauthorized"),
    "/never": page("<script>fetch('/head-only')</script>"),
    "/head-only": bare("200 OK", ("Content-Type", "text/plain"), ("Content-Length", 100), wait=60),
    "/no-answer": page("<script>fetch('/silent')</script>"),
    "/silent": silent,
    "/cut": page("<script>fetch('/half').then(r => r.text()).catch(() => 0)</script>"),
    "/half": bare("200 OK", ("Content-Type", "text/plain"), ("Content-Length", 1000), then=b"half"),
    "/twice": page("<script>fetch('/counted').then(() => fetch('/counted'))</script>"),
    "/cached": page("<img src=/pixel.png onload='document.body.append(f)'><script>const f ="
                    " document.createElement('iframe'); f.src = '/inner'</script>"),
    "/revalidated": page("<script>fetch('/tagged').then(r => r.text()).then(() => fetch('/tagged',"
                         " {cache: 'no-cache'})).then(r => r.text())</script>"),
    "/blob": page("<script>fetch(URL.createObjectURL(new Blob(['x'])))</script>"),
    "/many": page("".join(f"<img src=/noise{number}.png>" for number in range(200))),
    "/favicon.ico": answer(PNG, "image/png"),
}  # fmt: skip


class Site:
    """The server. `asked`: every request in order; `counted`: how often that one was asked for."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.counted = 0
        self.big_sent = 0
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await asyncio.sleep(0.05)  # transports close in the loop's next rounds

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._connection(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._answer(reader, writer):
                    await writer.drain()
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = Request(await reader.readuntil(b"\r\n\r\n"), b"")
        request.body = await reader.readexactly(int(request.field("Content-Length") or 0))
        self.asked.append(request)
        path = request.path.partition("?")[0]
        return await self._route(path, request)(request, self, writer) is not False

    def _route(self, path: str, request: Request) -> Route:
        if path == "/counted":
            self.counted += 1
            return answer(b"number %d" % self.counted, "text/plain", ("Cache-Control", "no-store"))
        if path == "/tagged" and request.field("If-None-Match"):
            return bare("304 Not Modified", ("ETag", '"1"'))
        if path == "/tagged":
            return answer(b"tagged", "text/plain", ("ETag", '"1"'))
        if path.startswith("/noise"):
            return answer(NOISE, "image/png")
        return ROUTES.get(path, answer(b"not here", "text/plain", status="404 Not Found"))
