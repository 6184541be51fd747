"""How each host sends its pages: gzip, chunks, cookies, validators; and conditional answers."""

import zlib
from datetime import date
from hashlib import sha256

from crawler.demo import clock
from crawler.demo.shops import API_HOST
from crawler.demo.wire import Reply, Request, plain

HTML = "text/html; charset=utf-8"
_GZIP = {"yunlan.example", "manfu.example", API_HOST, "bbs.example"}
_CHUNKED = {"qiaowei.example", "manfu.example", API_HOST}
_CHUNKS = (1, 300, 4096)


def dressed(
    request: Request, body: bytes, media: str, day: date, *, status: int = 200, cookies: bool = False
) -> Reply:
    """The body with the host's own way of sending it."""
    headers = [("Content-Type", media)]
    if cookies:
        session = sha256(request.host.encode()).hexdigest()[:16]
        headers += [("Set-Cookie", f"sid={session}; Path=/; HttpOnly")]
        headers += [("Set-Cookie", f"first_visit={day.isoformat()}; Path=/; Max-Age=86400")]
    if request.host in _GZIP:
        headers.append(("Vary", "Accept-Encoding"))
        if accepts_gzip(request):
            headers.append(("Content-Encoding", "gzip"))
            body = _gzip(body)
    reply = Reply(status, tuple(headers), body, _CHUNKS if request.host in _CHUNKED else None)
    return tagged(reply, clock.http_date(clock.now_on(day))) if status == 200 else reply


def accepts_gzip(request: Request) -> bool:
    """Whether the client takes gzip."""
    return "gzip" in request.headers.get("accept-encoding", "")


def _gzip(body: bytes) -> bytes:
    """One gzip member without a time, so that equal bodies are equal."""
    squeeze = zlib.compressobj(5, zlib.DEFLATED, 31)
    return squeeze.compress(body) + squeeze.flush()


def tagged(reply: Reply, modified: str) -> Reply:
    """The reply with validators (RFC 9110 8.8)."""
    tag = f'"{sha256(reply.body).hexdigest()[:20]}"'
    return Reply(
        reply.status, (*reply.headers, ("ETag", tag), ("Last-Modified", modified)), reply.body, reply.chunks
    )


def conditional(request: Request, reply: Reply) -> Reply:
    """304 where the client has the page already (RFC 9110 13.2.2: the tag first, then the date)."""
    validators = dict(reply.headers)
    if "ETag" not in validators:
        return reply
    known = request.headers.get("if-none-match")
    since = request.headers.get("if-modified-since")
    same = validators["ETag"] in known if known is not None else since == validators["Last-Modified"]
    if not same:
        return reply
    return Reply(304, (("ETag", validators["ETag"]), ("Last-Modified", validators["Last-Modified"])))


def not_found(request: Request) -> Reply:
    """404 with a clear body."""
    return plain(404, f"页面不存在: {request.url}")


def moved(status: int, location: str) -> Reply:
    """A redirect."""
    body = f'<a href="{location}">moved</a>\n'.encode()
    return Reply(status, (("Content-Type", HTML), ("Location", location)), body)
