"""Who asked for what, and what came back: the events of CDP's Network domain put in order.

One `Hop` per exchange. The hops of a redirect share one request id; ``…ExtraInfo`` events, one per hop, come before
or after their partner, so they are paired in order. What a partner does not announce (``hasExtraInfo``) is not
waited for.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from crawler.engine.rendering import heads
from crawler.engine.rendering.hop import ENDLESS_KINDS, Hop, announce, begun, failure, how_cut, moment, origin

Json = dict[str, Any]

MAX_EXCHANGES = 20_000  # of one page; what comes after is counted, not kept


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

    # Requests

    def request(self, event: Json) -> Hop | None:
        """``requestWillBeSent``. None: nothing that goes over a network."""
        request, url = event["requestId"], event["request"]["url"]
        known = self._by_id.get(request, [])
        announced = [hop for hop in known if not hop.unannounced]
        if announced and event.get("redirectResponse"):
            self._redirected(announced[-1], event)
        if len(announced) < len(known):
            return announce(known[len(announced)], event, self.main_frame)
        if not self._counts(request, url):
            return None
        if announced and not event.get("redirectResponse") and announced[-1].open:
            return announced[-1]  # announced twice
        return self.enter(announce(Hop(seen=begun(event, self.main_frame)), event, self.main_frame))

    def held(self, event: Json) -> Hop | None:
        """The exchange of a ``Fetch.requestPaused``, which may come before its ``requestWillBeSent``."""
        request, url = event.get("networkId") or f"held {event['requestId']}", event["request"]["url"]
        last = self.last(request)
        if last is not None and last.seen.url == url and not last.taken:
            return last
        if request in self._skipped or not self._counts(request, url):
            return None
        told = {**event, "requestId": request, "wallTime": time.time(), "type": event.get("resourceType")}
        seen = begun(told, self.main_frame)
        return self.enter(Hop(seen=seen, unannounced=True, endless=seen.kind in ENDLESS_KINDS))

    def request_extra(self, event: Json) -> None:
        """``requestWillBeSentExtraInfo``: the fields that were really sent."""
        hop = next((h for h in self._by_id.get(event["requestId"], ()) if not h.asked and not h.alone), None)
        if hop is None:
            self._keep("request", event)
            return
        hop.asked = True
        hop.seen.request_head = heads.request_head(hop.seen.method, hop.seen.url, event["headers"])

    def of_newest_page(self) -> list[Hop]:
        """The hops since the newest document of the main frame was asked for, its redirects included."""
        main = [number for number, hop in enumerate(self.hops) if hop.seen.main]
        if not main:
            return list(self.hops)
        request = self.hops[main[-1]].seen.id
        return self.hops[next(number for number in main if self.hops[number].seen.id == request) :]

    def forget_earlier(self) -> None:
        """Let go of the hops before `of_newest_page`."""
        self.hops = self.of_newest_page()
        self._open &= set(self.hops)  # what a page left open when it went keeps no other from being at rest
        kept = {hop.seen.id for hop in self.hops}
        self._by_id = {request: hops for request, hops in self._by_id.items() if request in kept}

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
        complete = hop.whole and hop.refused is None and how_cut(event["errorText"]) != "disconnect"
        if complete:  # only the page did not use it
            self.note({"what": "answer not used", "url": seen.url[:2000], "why": reason or failure(event)})
            self.close(hop, event["timestamp"])
            return hop
        seen.failed = hop.refused or reason or failure(event)
        seen.blocked = bool(reason) and hop.refused is None and seen.status is None
        if seen.status is not None and seen.truncated is None and not reason:
            seen.truncated = how_cut(event["errorText"])
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
            hop.seen.ended = moment(hop, timestamp)

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

    def enter(self, hop: Hop) -> Hop:
        """Add an exchange, and what was told of it before."""
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
        seen.origin = origin(seen.url) if seen.tls else None
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
                seen.head = heads.with_protocol(seen.head, seen.protocol)

    def _extra_head(self, hop: Hop, event: Json) -> None:
        seen = hop.seen
        if event.get("headersText"):
            seen.head, seen.head_exact = heads.exact_head(event["headersText"]), True
        else:
            protocol = seen.protocol or ("h2" if seen.url.startswith("https:") else None)
            reason = heads.reason_of(seen.head) if protocol not in ("h2", "h3") else ""
            seen.head = heads.answer_head(protocol, event["statusCode"], reason, event["headers"])

    def _revalidated(self, hop: Hop, event: Json) -> None:
        hop.seen.cache = True
        self.note({"what": "revalidated", "url": hop.seen.url[:2000], "head": event.get("headersText")})


def _text(head: bytes | None) -> str | None:
    return head.decode("latin-1") if head is not None else None
