"""One exchange of a page while it is under way, and what single events tell of it."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from crawler import clock
from crawler.engine.rendering import heads
from crawler.engine.rendering.look import Seen

Json = dict[str, Any]

LONG_POLL = 4.0  # seconds after which a script's request no longer keeps the page from being at rest
ENDLESS_KINDS = frozenset({"EventSource", "WebSocket", "Media", "Ping"})  # cut by their nature
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
    unannounced: bool = False  # its answer was held before the page's process told of the request

    def under_way(self, now: float) -> bool:
        """Whether the page may still be waiting for it."""
        polls = self.seen.kind in _POLLS
        old = polls and now - self.since > LONG_POLL
        unread = polls and self.whole  # a script that does not read what it fetched leaves it open for ever
        return self.open and not (self.endless or old or unread)


def begun(event: Json, main_frame: str | None) -> Seen:
    """What an event that announces a request tells of it."""
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


def announce(hop: Hop, event: Json, main_frame: str | None) -> Hop:
    """What ``requestWillBeSent`` tells of an exchange; what is known better stays."""
    told, seen = begun(event, main_frame), hop.seen
    seen.kind, seen.started, seen.main, seen.frame = told.kind, told.started, told.main, told.frame
    seen.initiator = told.initiator
    hop.clock_start, hop.wall_start, hop.unannounced = event["timestamp"], event["wallTime"], False
    hop.endless = hop.endless or seen.kind in ENDLESS_KINDS
    return hop


def moment(hop: Hop, timestamp: float | None) -> str:
    """A time of the browser's clock as UTC text; now, if its start is not known."""
    if timestamp is None or not hop.wall_start:
        return clock.now()
    return _stamp(hop.wall_start + max(0.0, timestamp - hop.clock_start))


def _stamp(seconds: float) -> str:
    return clock.stamp(datetime.fromtimestamp(seconds, UTC))


def origin(url: str) -> str:
    """``https://host:port`` of an address."""
    return f"{url.partition('://')[0]}://{heads.split(url)[0]}"


def failure(event: Json) -> str:
    """Why a request failed, as the browser says it."""
    cors = event.get("corsErrorStatus", {}).get("corsError")
    text = str(event.get("errorText") or "unknown")
    return f"{text} (CORS: {cors})" if cors else text


def how_cut(error: str) -> str:
    """WARC-Truncated for an answer that ended with a network error."""
    if any(part in error for part in _CUT):
        return "disconnect"
    return "time" if "TIMED_OUT" in error else "unspecified"
