"""One small HTTP question outside the crawl: for a Date header, or for our own address. Nothing of it is evidence."""

import contextlib
import http.client
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from crawler.engine.environment.setting import Setting, StatedTime

_SILENCE = 2.0  # seconds without a byte


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers, the beginning of the body; our clock before and after, in milliseconds since 1970."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    began: int
    ended: int


def ask(url: str, setting: Setting, *, method: str = "HEAD", most: int = 0) -> Answer:
    """One request through the archive's proxy, redirects not followed, at most `most` bytes read.

    Raises OSError if there is no answer in HTTP.
    """
    with _connection(url, setting.proxy) as (connection, target):
        began = time.time_ns() // 1_000_000
        try:
            connection.request(method, target, headers={"User-Agent": setting.user_agent})
            reply = connection.getresponse()
            ended = time.time_ns() // 1_000_000
            return Answer(reply.status, reply.headers, reply.read(most) if most else b"", began, ended)
        except http.client.HTTPException as error:
            raise OSError(f"no answer in HTTP: {error!r}") from error


@contextlib.contextmanager
def _connection(url: str, proxy: str) -> Iterator[tuple[http.client.HTTPConnection, str]]:
    parts, through = urlsplit(url), urlsplit(proxy)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    at = (through.hostname or "", through.port or 80) if proxy else (host, port)
    if secure:
        context = ssl.create_default_context()
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            *at, timeout=_SILENCE, context=context
        )
    else:
        connection = http.client.HTTPConnection(*at, timeout=_SILENCE)
    if proxy and secure:
        connection.set_tunnel(host, port)
    try:
        yield connection, (url if proxy and not secure else path)
    finally:
        connection.close()


def stated_time(source: str, date: str | None, age: str | None, began: int, ended: int) -> StatedTime | None:
    """What a Date header says (RFC 9110 section 6.6.1), None if nothing that can be read.

    An answer from a cache is as old as its Age says (RFC 9111 section 5.1).
    """
    try:
        moment = parsedate_to_datetime(date or "")
        seconds = min(int(age or 0), 1 << 31)
        if moment.tzinfo is None:  # "-0000", or no zone at all: HTTP knows GMT only
            moment = moment.replace(tzinfo=UTC)
        stated = int(moment.timestamp()) + max(seconds, 0)
    except (ValueError, TypeError, OverflowError):
        return None
    return StatedTime(source, stated * 1000, began, ended)
