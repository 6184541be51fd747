"""Who asked for what, and what came back: the events of CDP's Network domain put in order.

One `Hop` per exchange. The hops of a redirect share one request id; ``…ExtraInfo`` events, one per hop, come before
or after their partner, so they are paired in order. What a partner does not announce (``hasExtraInfo``) is not
waited for.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from crawler import clock
from crawler.engine.rendering import heads
from crawler.engine.rendering.look import Seen

Json = dict[str, Any]

MAX_EXCHANGES = 20_000  # of one page; what comes after is counted, not kept
LONG_POLL = 4.0  # seconds after which a script's request no longer keeps the page from being at rest
_ENDLESS_KINDS = {"EventSource", "WebSocket", "Media", "Ping"}
_POLLS = {"XHR", "Fetch", "Other"}
_CUT = ("CONTENT_LENGTH_MISMATCH", "INCOMPLETE_CHUNKED", "CONNECTION_", "HTTP2_", "QUIC_", "EMPTY_RESPONSE")


@dataclass(slots=True, kw_only=True, eq=False)
class Hop:
    """One exchange under way, around its `Seen`."""

    seen: Seen
    clock_start: float = 0.0  # the browser's monotonic clock, seconds
    wall_start: float = 0.0  # seconds since 1970
    since: float = field(default_factory=time.monotonic)
    open: bool = True
    endless: bool = False  # does not keep the page from being at rest
    asked: bool = False  # its request's extra info has come
    answered: bool = False  # its answer's extra info has come
    alone: bool = False  # has no extra info
    received: int = 0  # bytes of body that reached the page
    taken: bool = False  # its body is known, or somebody is at it
    whole: bool = False  # its body is known to its end, whatever the page does with it
    refused: str | None = None  # why we cut it off

    def under_way(self, now: float) -> bool:
        """Whether the page may still be waiting for it."""
        old = now - self.since > LONG_POLL and self.seen.kind in _POLLS
        return self.open and not self.endless and not self.whole and not old


class Ledger:
    """All exchanges of one page in order of their start."""

    def __init__(self, note: Callable[[Json], None]) -> None:
        self.main_frame: str | None = None
        self.hops: list[Hop] = []
        self.note = note
        self.left_out = 0
        self.changed = time.monotonic()
        self._open: set[Hop] = set()
        self._by_id: dict[str, list[Hop]] = {}
        self._early: dict[tuple[str, str], deque[Json]] = {}
        self._skipped: set[str] = set()

    def busy(self) -> bool:
        """Whether a request is under way that the page may be waiting for."""
        now = time.monotonic()
        return any(hop.under_way(now) for hop in self._open)

    def last(self, request: str) -> Hop | None:
        """The newest hop of a request id."""
        hops = self._by_id.get(request)
        return hops[-1] if hops else None

    def open_hops(self) -> list[Hop]:
        """What is still under way, oldest first."""
        return [hop for hop in self.hops if hop.open]

    def earlier_body(self, url: str) -> bytes | None:
        """The body of the first whole answer at an address, for hits of the memory cache."""
        return next(
            (h.seen.body for h in self.hops if h.seen.url == url and h.seen.body and not h.seen.truncated),
            None,
        )

    def skips(self, request: str) -> bool:
        """Whether a request is none of the network's: data:, blob:, or beyond `MAX_EXCHANGES`."""
        return request in self._skipped

    # Requests

    def request(self, event: Json) -> Hop | None:
        """``requestWillBeSent``. None: nothing that goes over a network."""
        request, url = event["requestId"], event["request"]["url"]
        previous = self.last(request)
        if previous is not None and event.get("redirectResponse"):
            self._redirected(previous, event)
        if not self._counts(request, url):
            return None
        if previous is not None and not event.get("redirectResponse") and previous.open:
            return previous  # announced twice, e.g. for a preflight's partner
        hop = Hop(
            seen=_begun(event, self.main_frame), clock_start=event["timestamp"], wall_start=event["wallTime"]
        )
        hop.endless = hop.seen.kind in _ENDLESS_KINDS
        return self._enter(hop)

    def add(self, hop: Hop) -> Hop:
        """An exchange that another domain of CDP told of (WebSocket, Fetch)."""
        return self._enter(hop)

    def request_extra(self, event: Json) -> None:
        """``requestWillBeSentExtraInfo``: the fields that were really sent."""
        hop = next((h for h in self._by_id.get(event["requestId"], ()) if not h.asked and not h.alone), None)
        if hop is None:
            self._keep("request", event)
            return
        hop.asked = True
        hop.seen.request_head = heads.request_head(hop.seen.method, hop.seen.url, event["headers"])

    # Answers

    def answer(self, event: Json) -> Hop | None:
        """``responseReceived``."""
        hop = self.last(event["requestId"])
        if hop is not None:
            hop.alone = hop.alone or not event.get("hasExtraInfo", True)
            hop.seen.kind = event.get("type") or hop.seen.kind
            self._answered(hop, event["response"])
        return hop

    def answer_extra(self, event: Json) -> None:
        """``responseReceivedExtraInfo``: the head as it came (HTTP/1.1), with its cookies."""
        hop = next(
            (h for h in self._by_id.get(event["requestId"], ()) if not h.answered and not h.alone), None
        )
        if hop is None:
            self._keep("answer", event)
            return
        hop.answered = True
        if event["statusCode"] == 304 and hop.seen.status not in (None, 304):
            self._revalidated(hop, event)
            return
        if hop.seen.status is None:
            hop.seen.status = event["statusCode"]
        self._extra_head(hop, event)

    def paused(self, hop: Hop, event: Json) -> None:
        """What ``Fetch.requestPaused`` knows of the answer: counts until better is told, e.g. if we refuse it."""
        seen = hop.seen
        seen.status = seen.status or event.get("responseStatusCode")
        if seen.head is None and seen.status is not None:
            reason, fields = event.get("responseStatusText", ""), event.get("responseHeaders", [])
            seen.head = heads.answer_head(seen.protocol, seen.status, reason, fields)

    def received(self, event: Json) -> Hop | None:
        """``dataReceived``."""
        hop = self.last(event["requestId"])
        if hop is not None:
            hop.received += event["dataLength"]
            if not hop.endless:
                self.changed = time.monotonic()
        return hop

    # Ends

    def finished(self, event: Json) -> Hop | None:
        """``loadingFinished``."""
        hop = self.last(event["requestId"])
        if hop is not None:
            self.close(hop, event["timestamp"])
        return hop

    def failed(self, event: Json) -> Hop | None:
        """``loadingFailed``: by the network, by a policy of page or browser, or by us."""
        hop = self.last(event["requestId"])
        if hop is None:
            return None
        seen, reason = hop.seen, event.get("blockedReason")
        if (
            hop.whole and hop.refused is None and _how_cut(event["errorText"]) != "disconnect"
        ):  # the exchange is complete; only the page did not use it
            self.note({"what": "answer not used", "url": seen.url[:2000], "why": reason or _failure(event)})
            self.close(hop, event["timestamp"])
            return hop
        seen.failed = hop.refused or reason or _failure(event)
        seen.blocked = bool(reason) and hop.refused is None and seen.status is None
        if seen.status is not None and seen.truncated is None and not reason:
            seen.truncated = _how_cut(event["errorText"])
        self.close(hop, event["timestamp"])
        return hop

    def whole(self, hop: Hop) -> None:
        """The body of an answer is known to its end."""
        hop.taken = hop.whole = True
        self.changed = time.monotonic()

    def close(self, hop: Hop, timestamp: float | None = None) -> None:
        """An exchange is over, at a time of the browser's clock."""
        if hop.open:
            hop.open = False
            self._open.discard(hop)
            self.changed = time.monotonic()
            hop.seen.ended = _moment(hop, timestamp)

    def _counts(self, request: str, url: str) -> bool:
        if not url.startswith(("http:", "https:", "ws:", "wss:")):
            self._skipped.add(request)
            if url.startswith("blob:"):
                self.note({"what": "blob", "url": url[:500]})
            return False
        if len(self.hops) >= MAX_EXCHANGES:
            self._skipped.add(request)
            self.left_out += 1
            return False
        return True

    def _enter(self, hop: Hop) -> Hop:
        request = hop.seen.id
        self.hops.append(hop)
        self._open.add(hop)
        self._by_id.setdefault(request, []).append(hop)
        self.changed = time.monotonic()
        for kind, take in (("request", self.request_extra), ("answer", self.answer_extra)):
            early = self._early.get((kind, request))
            if early:
                take(early.popleft())
        return hop

    def _keep(self, kind: str, event: Json) -> None:
        request = event["requestId"]
        if request not in self._skipped and len(self._early) < MAX_EXCHANGES:
            self._early.setdefault((kind, request), deque(maxlen=40)).append(event)

    def _redirected(self, hop: Hop, event: Json) -> None:
        hop.alone = hop.alone or not event.get("redirectHasExtraInfo", True)
        self._answered(hop, event["redirectResponse"])
        hop.seen.redirected_to = event["request"]["url"]
        hop.seen.body = b""  # the browser does not give the body of a redirect
        self.whole(hop)
        self.close(hop, event["timestamp"])

    def _answered(self, hop: Hop, answer: Json) -> None:
        seen = hop.seen
        seen.protocol = answer.get("protocol")
        seen.cache = seen.cache or bool(answer.get("fromDiskCache") or answer.get("fromPrefetchCache"))
        seen.worker = "answered" if answer.get("fromServiceWorker") else seen.worker
        if answer.get("remoteIPAddress"):
            seen.peer = f"{answer['remoteIPAddress']}:{answer.get('remotePort', 0)}"
        seen.tls = answer.get("securityDetails")
        seen.origin = _origin(seen.url) if seen.tls else None
        changed = seen.status not in (None, answer["status"])
        if changed and seen.status == 304:
            seen.cache = True
            self.note({"what": "revalidated", "url": seen.url[:2000], "head": _text(seen.head)})
        if changed or not seen.head_exact:
            seen.status, seen.head_exact = answer["status"], False
            if changed or not hop.answered:
                seen.head = heads.answer_head(
                    seen.protocol, seen.status or 0, answer.get("statusText", ""), answer["headers"]
                )
            elif seen.head is not None:
                seen.head = _with_protocol(seen.head, seen.protocol)

    def _extra_head(self, hop: Hop, event: Json) -> None:
        seen = hop.seen
        if event.get("headersText"):
            seen.head, seen.head_exact = heads.exact_head(event["headersText"]), True
        else:
            protocol = seen.protocol or ("h2" if seen.url.startswith("https:") else None)
            reason = _reason(seen.head) if protocol not in ("h2", "h3") else ""
            seen.head = heads.answer_head(protocol, event["statusCode"], reason, event["headers"])

    def _revalidated(self, hop: Hop, event: Json) -> None:
        hop.seen.cache = True
        self.note({"what": "revalidated", "url": hop.seen.url[:2000], "head": event.get("headersText")})


def _begun(event: Json, main_frame: str | None) -> Seen:
    request = event["request"]
    kind, frame = event.get("type") or "Other", event.get("frameId")
    return Seen(
        id=event["requestId"],
        url=request["url"],
        method=request["method"],
        kind=kind,
        started=_stamp(event["wallTime"]),
        main=kind == "Document" and frame is not None and frame == main_frame,
        frame=frame,
        initiator=event.get("initiator", {}).get("url") or event.get("initiator", {}).get("type"),
        request_head=heads.request_head(request["method"], request["url"], request["headers"]),
    )


def _moment(hop: Hop, timestamp: float | None) -> str:
    if timestamp is None or not hop.wall_start:
        return clock.now()
    return _stamp(hop.wall_start + max(0.0, timestamp - hop.clock_start))


def _stamp(seconds: float) -> str:
    return clock.stamp(datetime.fromtimestamp(seconds, UTC))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _failure(event: Json) -> str:
    cors = event.get("corsErrorStatus", {}).get("corsError")
    text = str(event.get("errorText") or "unknown")
    return f"{text} (CORS: {cors})" if cors else text


def _how_cut(error: str) -> str:
    if any(part in error for part in _CUT):
        return "disconnect"
    return "time" if "TIMED_OUT" in error else "unspecified"


def _reason(head: bytes | None) -> str:
    first = (head or b"").partition(b"\r\n")[0].split(b" ", 2)
    return first[2].decode("utf-8", "replace") if len(first) == 3 else ""


def _with_protocol(head: bytes, protocol: str | None) -> bytes:
    line, _, rest = head.partition(b"\r\n")
    status = int(line.split(b" ")[1])
    made = heads.answer_head(protocol, status, _reason(head), {})
    return made.partition(b"\r\n")[0] + b"\r\n" + rest


def _text(head: bytes | None) -> str | None:
    return head.decode("latin-1") if head is not None else None
