"""Bodies of answers, byte for byte as they were after transfer and content coding were undone.

``Network.getResponseBody`` gives *text* for text (the bytes of a GBK page are lost), and the browser's durable
messages lose images under load (both measured with Chromium 156). So every answer is held at its head
(``Fetch.requestPaused``) and its body is read before the page gets it:

* **whole** (``Fetch.getResponseBody``): what is bounded. By its Content-Length; by deflate's ratio, for short bodies
  with gzip; else by `RATE` times `PATIENCE`, which is why the page's traffic is throttled. An endless body that is
  read so without a throttle takes the whole browser down in seconds (measured).
* **piecewise** (``Fetch.takeResponseBodyAsStream``): other coded bodies, which unpack to any size. The page is then
  given the same bytes by ``Fetch.fulfillRequest``; the browser forgets peer and certificate of such an answer.
* **passed** at once: what has no body, and what may never end. What there is of it is asked for in the end.

What is larger than the limits is refused before it is sent; the head stays.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import Any, Protocol

from crawler.engine.rendering import heads
from crawler.engine.rendering.hop import Hop
from crawler.engine.rendering.ledger import Ledger
from crawler.engine.rendering.look import Viewing

Json = dict[str, Any]

# Bytes per second that a page may receive (160 Mbit/s): RATE * MAIN_PATIENCE, 900 MB, bounds what it holds.
RATE = 20_000_000
MAIN_PATIENCE = 45.0  # the same for the page's own document
PATIENCE = 15.0  # seconds for a body of unknown length; one of known length has a second more for each PACE
PACE = 1 << 20
_ZIPPED = 256 << 10  # a gzip body of this many bytes unpacks to no more than 264 MB (deflate: 1032 to 1)
_PIECE = 1 << 20
_REDIRECTS = (301, 302, 303, 307, 308)
_BODILESS = (*range(100, 200), 204, 205, 304)
_ENDLESS = ("text/event-stream", "multipart/x-mixed-replace", "audio/", "video/")
_ENDLESS_KINDS = ("EventSource", "Media")


class Send(Protocol):
    """A call of CDP that gives None when it was refused, came too late, or the page is gone."""

    async def __call__(self, method: str, params: Json, limit: float = ...) -> Json | None: ...


class Budget:
    """Bytes of bodies that one page may still have."""

    def __init__(self, viewing: Viewing) -> None:
        self.body = viewing.max_body
        self.left = viewing.max_total

    def fits(self, length: int) -> bool:
        return length <= self.body and length <= self.left

    def cut(self, body: bytes) -> bytes:
        """What of a body may be kept; it is spent."""
        kept = body[: max(0, min(self.body, self.left))] if not self.fits(len(body)) else body
        self.left -= len(kept)
        return kept


class Bodies:
    """Answers `Fetch.requestPaused`; every answer is released, refused or replaced exactly once."""

    def __init__(self, send: Send, ledger: Ledger, viewing: Viewing, note: Callable[[Json], None]) -> None:
        self.budget = Budget(viewing)
        self._seconds = viewing.seconds
        self._send = send
        self._ledger = ledger
        self._note = note

    def refill(self, viewing: Viewing) -> None:
        """Begin to count anew: the pages before were let go of."""
        self.budget = Budget(viewing)

    async def paused(self, event: Json, hop: Hop | None) -> None:
        """One answer is held at its head: read its body, then let the page have it."""
        fields = event.get("responseHeaders") or []
        if (
            hop is None or "responseStatusCode" not in event
        ):  # not ours, or it failed: the page shall see that
            await self._release(event)
            return
        if _bodiless(event, hop):
            hop.seen.body = b""
            self._ledger.whole(hop)
            await self._release(event)
        elif (media_type := _endless(event, fields)) is not None:
            hop.endless = True
            hop.seen.truncated = (
                "unspecified" if media_type.startswith("multipart/") else None
            )  # its last part
            await self._release(event)
        else:
            hop.taken = True
            await self._take(event, hop, fields)

    async def _take(self, event: Json, hop: Hop, fields: list[Json]) -> None:
        length, coding = (
            _length(fields),
            (heads.field(fields, "content-encoding") or "identity").strip().lower(),
        )
        if not self.budget.fits(length or 0):
            await self._refuse(event, hop, "length", f"larger than the limits allow: {length} bytes")
        elif coding == "identity":
            await self._whole(event, hop, self._patience(hop) + (length or 0) / PACE, length or 0)
        elif coding in ("gzip", "x-gzip", "deflate") and 0 < (length or 0) <= _ZIPPED:
            await self._whole(event, hop, self._patience(hop), 0)
        else:
            await self._piecewise(event, hop, fields)

    def _patience(self, hop: Hop) -> float:
        """Slow sites send their page for longer than a picture; without it there is nothing to look at."""
        return max(PATIENCE, min(MAIN_PATIENCE, self._seconds / 2)) if hop.seen.main else PATIENCE

    async def _whole(self, event: Json, hop: Hop, patience: float, least: int) -> None:
        held = {"requestId": event["requestId"]}
        given = await self._within(patience, "Fetch.getResponseBody", held)
        if given is TOO_LATE:
            await self._refuse(event, hop, "time", f"no end within {patience:.0f} seconds")
            return
        if given is None:  # the connection broke: the page is told, and loadingFailed tells us how
            hop.taken = False
            hop.seen.truncated = hop.seen.truncated or "disconnect"
        else:
            body = content(given)
            hop.seen.truncated = "disconnect" if len(body) < least else None  # what came before it broke
            self._keep(hop, body)
        await self._release(event)

    async def _within(self, patience: float, method: str, params: Json) -> Json | None:
        """What the call gave; None if it was refused; `TOO_LATE`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        given = await self._send(method, params, patience)
        return TOO_LATE if given is None and loop.time() >= until else given

    async def _piecewise(self, event: Json, hop: Hop, fields: list[Json]) -> None:
        held = {"requestId": event["requestId"]}
        opened = await self._send("Fetch.takeResponseBodyAsStream", held)
        if opened is None:
            hop.taken = False
            await self._release(event)
            return
        body, cut = await self._read(opened["stream"])
        hop.seen.truncated = cut
        self._keep(hop, body)
        await self._send("IO.close", {"handle": opened["stream"]})
        if cut is not None:
            await self._refuse(event, hop, cut, f"cut after {len(body)} bytes")
            return
        self._note({"what": "replaced", "url": hop.seen.url[:2000],
                    "why": "content coding: read piecewise, peer and certificate are not told"})  # fmt: skip
        answer = {"responseCode": event["responseStatusCode"], "responseHeaders": fields, **held}
        if event.get("responseStatusText"):
            answer["responsePhrase"] = event["responseStatusText"]
        await self._send("Fetch.fulfillRequest", {**answer, "body": base64.b64encode(body).decode()})

    async def _read(self, stream: str) -> tuple[bytes, str | None]:
        """A stream's bytes, and why they end before it does."""
        body = bytearray()
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while self.budget.fits(len(body)):
            left = until - loop.time()
            piece = await self._send("IO.read", {"handle": stream, "size": _PIECE}, max(0.1, left))
            if piece is None:
                return bytes(body), "time" if loop.time() >= until else "disconnect"
            body += content({"body": piece["data"], "base64Encoded": piece.get("base64Encoded")})
            if piece["eof"]:
                return bytes(body), None if self.budget.fits(len(body)) else "length"
        return bytes(body), "length"

    async def late(self, hop: Hop) -> None:
        """The body of an answer that was passed: whole or as far as the browser kept it, exact if it says so."""
        hop.taken = True
        seen = hop.seen
        if seen.cache and (earlier := self._ledger.earlier_body(seen.url)) is not None:
            seen.body = earlier
            return
        if not self.budget.fits(hop.received):
            seen.truncated = "length"
            return
        given = await self._send("Network.getResponseBody", {"requestId": seen.id})
        if given is None:
            seen.truncated = seen.truncated or "unspecified"
            self._note({"what": "no body", "url": seen.url[:2000], "why": "the browser does not give it"})
            return
        body = content(given)
        self._keep(hop, body)
        if not given.get("base64Encoded") and len(body) != hop.received:
            self._note({"what": "text body", "url": seen.url[:2000],
                        "why": "the browser gave decoded text; its bytes may have been others"})  # fmt: skip

    async def partial(self, hop: Hop) -> None:
        """What has come so far of an answer that does not end."""
        hop.taken = True
        hop.seen.truncated = "time"
        given = await self._send("Network.streamResourceContent", {"requestId": hop.seen.id}, 1.0)
        if given is not None:
            self._keep(hop, content({"body": given["bufferedData"], "base64Encoded": True}))

    def _keep(self, hop: Hop, body: bytes) -> None:
        hop.seen.body = self.budget.cut(body)
        if len(hop.seen.body) < len(body):
            hop.seen.truncated = "length"
        if hop.seen.truncated is None:
            self._ledger.whole(hop)

    async def _release(self, event: Json) -> None:
        await self._send("Fetch.continueResponse", {"requestId": event["requestId"]})

    async def _refuse(self, event: Json, hop: Hop, truncated: str, why: str) -> None:
        hop.seen.truncated, hop.refused = truncated, f"refused by the recorder: {why}"
        hop.seen.failed = hop.refused
        reason = "TimedOut" if truncated == "time" else "BlockedByClient"
        await self._send("Fetch.failRequest", {"requestId": event["requestId"], "errorReason": reason})


TOO_LATE: Json = {}


def content(given: Json) -> bytes:
    """The bytes of a CDP body; broken base64 gives none."""
    text = given.get("body") or ""
    if not given.get("base64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""


def _bodiless(event: Json, hop: Hop) -> bool:
    status = event["responseStatusCode"]
    redirect = (
        status in _REDIRECTS and heads.field(event.get("responseHeaders") or [], "location") is not None
    )
    return redirect or status in _BODILESS or hop.seen.method == "HEAD"


def _endless(event: Json, fields: list[Json]) -> str | None:
    """The media type of an answer that may never end."""
    media_type = (heads.field(fields, "content-type") or "").strip().lower()
    endless = event.get("resourceType") in _ENDLESS_KINDS or media_type.startswith(_ENDLESS)
    return media_type if endless else None


def _length(fields: list[Json]) -> int | None:
    text = (heads.field(fields, "content-length") or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
