"""The download handler that keeps what was really sent and received.

Scrapy's aiohttp handler, with a tap on the protocol object that aiohttp reads from and writes to: above TLS,
below HTTP parsing. Bytes are kept as they passed, chunk framing and content coding included, so the record
can honestly be called `wire-exact`. What is not observed is absent, never invented.

Private names used, pinned by version in pyproject.toml and named by tests/engine/test_wire.py:
`scrapy.core.downloader.handlers._aiohttp` with `_ClientResponse` and `AiohttpDownloadHandler._make_request` and
`._extract_headers`, `aiohttp.connector.TCPConnector._factory`, `._resolver` and `._loop`,
`aiohttp.ClientSession._max_line_size`, `._max_field_size`, `._max_headers` and `._retry_connection`, and
`ssl.SSLObject._sslobj` with its `get_unverified_chain` (public only from Python 3.13).
"""

import asyncio
import functools
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.resolver import ThreadedResolver
from scrapy import Request
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler, _ClientResponse
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError, DownloadTimeoutError, ResponseDataLossError
from scrapy.http import Headers, Response
from scrapy.utils.httpobj import urlparse_cached

from crawler import clock
from crawler.engine.hosts import ENDS_HOST, require_open, stopped_hosts

META = "exchange"  # request.meta key of the Exchange
HEADER_LIMIT = 1 << 20  # aiohttp's own limit of 8,190 bytes refuses headers that browsers accept
CONNECTIONS_WITHOUT_LIMIT = 100  # per host, where the settings name no limit
HEADER_LINES = 10_000  # likewise its limit of 128 lines


@dataclass(slots=True)
class Exchange:
    """What passed between us and the server for one request; filled while it passes."""

    started: str
    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)
    ended: str | None = None
    peer: str | None = None  # address:port of the other end of the connection: the proxy's, if there is one
    proxy: str | None = None
    dns: list[str] | None = None  # what the system's resolver answered for the host
    tls: dict[str, Any] | None = None  # version, cipher, verified; chain: DER certificates, leaf first
    truncated: str | None = None  # a WARC-Truncated reason


_current: ContextVar[Exchange] = ContextVar("current exchange")


class WireProtocol(ResponseHandler):
    """aiohttp's client protocol with a tap on both directions.

    aiohttp calls `set_response_params` once for each request on a connection, before it sends it, in the task
    that asked for it: that is where the next exchange begins on a connection that is kept alive.
    """

    def __init__(self, loop: Any) -> None:
        super().__init__(loop=loop)
        self.sent = bytearray()
        self.received = bytearray()
        self._parsing = False

    def set_response_params(self, **params: Any) -> None:
        """Begin the next exchange."""
        # A tunnel is asked for before this is called, and nothing else passes on its connection in the clear.
        if not self.sent.startswith(b"CONNECT "):
            self.sent, self.received = bytearray(), bytearray()
        exchange = _current.get(None)
        if exchange is not None and self.transport is not None:
            exchange.sent, exchange.received = self.sent, self.received
            exchange.peer = _address(self.transport.get_extra_info("peername"))
            exchange.tls = _tls(self.transport.get_extra_info("ssl_object"))
        super().set_response_params(**params)

    def connection_made(self, transport: Any) -> None:
        """Tap the transport's own methods, which aiohttp's writer calls directly."""
        write, writelines = transport.write, transport.writelines

        def tapped_write(piece: bytes) -> None:
            self.sent += piece
            write(piece)

        def tapped_writelines(pieces: Any) -> None:
            kept = list(pieces)
            self.sent += b"".join(kept)
            writelines(kept)

        transport.write, transport.writelines = tapped_write, tapped_writelines
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Keep the bytes, then let aiohttp parse them."""
        if self._parsing:  # what follows an upgrade (101) is handed in a second time, from within
            super().data_received(data)
            return
        self.received += data
        self._parsing = True
        try:
            super().data_received(data)
        finally:
            self._parsing = False


class RecordingResolver(AbstractResolver):
    """The system's resolver; keeps the last answer for each host."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()
        self.answers: dict[str, list[str]] = {}

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        """As `socket.getaddrinfo`."""
        self.answers.pop(host, None)  # if it fails now, an earlier answer does not count
        found = await self._resolver.resolve(host, port, family)
        self.answers[host] = [entry["host"] for entry in found]
        return found

    async def close(self) -> None:
        """Close the resolver."""
        await self._resolver.close()


class WireHandler(AiohttpDownloadHandler):
    """Download handler for http and https; leaves an `Exchange` in ``request.meta["exchange"]``.

    The exchange is there also when the download fails, with whatever had passed by then.
    """

    experimental = False  # the warning is about Scrapy's handler; ours is pinned and tested

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        connector: Any = cast("TCPConnector", self._session.connector)
        self._proxy: str | None = crawler.settings.get("EVIDENCE_PROXY") or None
        self._resolver = RecordingResolver()
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(self._pool_size_per_host or CONNECTIONS_WITHOUT_LIMIT)
        )
        connector._factory = functools.partial(WireProtocol, loop=connector._loop)
        connector._resolver = self._resolver
        self._session._max_line_size = self._session._max_field_size = HEADER_LIMIT
        self._session._max_headers = HEADER_LINES
        # aiohttp would ask again at once and unseen; Scrapy's retry waits its turn and is a capture of its own.
        self._session._retry_connection = False

    async def download_request(self, request: Request) -> Response:
        """Fetch one page. Raises HostStopped if its host was stopped while the request waited its turn."""
        host = urlparse_cached(request).hostname or ""
        if self._proxy is not None:
            request.meta["proxy"] = self._proxy
        # Without a delay Scrapy lets the whole queue of a host go at once, to wait for a connection: its timeouts
        # would run out there, and it would be too late to stop it.
        async with self._turns[host]:
            require_open(self.crawler, request)
            response = await super().download_request(request)
            if response.status in ENDS_HOST:
                stopped_hosts(self.crawler)[host] = ENDS_HOST[response.status]
        return response

    @asynccontextmanager
    async def _make_request(self, request: Request, timeout: float) -> AsyncIterator[_ClientResponse]:
        exchange = Exchange(clock.now(), proxy=request.meta.get("proxy"))
        request.meta[META] = exchange
        # aiohttp would rewrite escapes: the request would name another address than the record.
        request.meta["verbatim_url"] = True
        _current.set(exchange)
        try:
            async with super()._make_request(request, timeout) as response:
                yield response
        except (DownloadTimeoutError, DownloadCancelledError, ResponseDataLossError) as error:
            exchange.truncated = _TRUNCATED[type(error)]
            raise
        finally:
            request.meta.pop("verbatim_url", None)
            exchange.ended = clock.now()
            exchange.dns = self._resolver.answers.get(urlparse_cached(request).hostname or "")

    @staticmethod
    def _extract_headers(response: _ClientResponse) -> Headers:
        # From the raw bytes: the decoded ones cannot be encoded again where a value holds 8-bit characters.
        return Headers(list(response.raw_headers))


_TRUNCATED: dict[type[Exception], str] = {
    DownloadTimeoutError: "time",
    DownloadCancelledError: "length",
    ResponseDataLossError: "disconnect",
}


def _address(peer: Any) -> str | None:
    if not peer:
        return None
    host, port = peer[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _tls(connection: ssl.SSLObject | None) -> dict[str, Any] | None:
    """What was negotiated. A connection exists only if its certificate was valid: checking is always on."""
    if connection is None:
        return None
    cipher = connection.cipher()
    chain = cast("Any", connection)._sslobj.get_unverified_chain() or []
    return {
        "version": connection.version(),
        "cipher": cipher[0] if cipher else None,
        "verified": connection.context.verify_mode == ssl.CERT_REQUIRED,
        "chain": [certificate.public_bytes(_DER) for certificate in chain],
    }


_DER = 2  # _ssl.ENCODING_DER
