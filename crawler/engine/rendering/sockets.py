"""What went over WebSockets: the opening handshake as an exchange of its own, and the frames."""

from datetime import UTC, datetime
from typing import Any

from crawler import clock
from crawler.engine.rendering import heads
from crawler.engine.rendering.hop import Hop
from crawler.engine.rendering.ledger import Ledger
from crawler.engine.rendering.look import Seen

Json = dict[str, Any]

MAX_FRAMES = 10_000
MAX_BYTES = 8 << 20  # characters of all payloads
_TEXT = 1


class Sockets:
    """The WebSockets of one page. `frames`: url, time, direction, opcode and text or base64, in order."""

    def __init__(self, ledger: Ledger) -> None:
        self.frames: list[Json] = []
        self.left_out = 0
        self._ledger = ledger
        self._urls: dict[str, str] = {}
        self._bytes = 0
        self._offset = 0.0  # from the browser's monotonic clock to the wall clock

    def created(self, event: Json) -> None:
        """``webSocketCreated``."""
        self._urls[event["requestId"]] = event["url"]

    def asked(self, event: Json) -> None:
        """``webSocketWillSendHandshakeRequest``: the opening handshake is an exchange."""
        request, url = event["requestId"], self._urls.get(event["requestId"], "")
        self._offset = event["wallTime"] - event["timestamp"]
        seen = Seen(
            id=request, url=url, method="GET", kind="WebSocket", started=self._moment(event["timestamp"]),
            request_head=heads.request_head("GET", url, event["request"]["headers"]), body=b"",
        )  # fmt: skip
        hop = Hop(seen=seen, clock_start=event["timestamp"], wall_start=event["wallTime"])
        hop.endless = hop.taken = True
        self._ledger.enter(hop)

    def answered(self, event: Json) -> None:
        """``webSocketHandshakeResponseReceived``."""
        hop, answer = self._ledger.last(event["requestId"]), event["response"]
        if hop is None:
            return
        seen, text = hop.seen, answer.get("headersText")
        seen.status, seen.protocol, seen.head_exact = answer["status"], "http/1.1", bool(text)
        seen.head = (
            heads.exact_head(text)
            if text
            else heads.answer_head(None, seen.status or 0, answer.get("statusText", ""), answer["headers"])
        )
        if answer.get("requestHeadersText"):
            seen.request_head = heads.exact_head(answer["requestHeadersText"])
        self._ledger.close(hop, event["timestamp"])

    def frame(self, event: Json, direction: str) -> None:
        """``webSocketFrameSent`` and ``webSocketFrameReceived``; `direction` is sent or received."""
        payload, opcode = event["response"]["payloadData"], int(event["response"]["opcode"])
        if len(self.frames) >= MAX_FRAMES or self._bytes + len(payload) > MAX_BYTES:
            self.left_out += 1
            return
        self._bytes += len(payload)
        entry = {
            "url": self._urls.get(event["requestId"], ""),
            "time": self._moment(event["timestamp"]),
            "direction": direction,
            "opcode": opcode,
        }
        self.frames.append(entry | ({"text": payload} if opcode == _TEXT else {"base64": payload}))

    def broken(self, event: Json) -> None:
        """``webSocketFrameError``."""
        self._ledger.note(
            {"what": "websocket", "url": self._urls.get(event["requestId"], ""), "why": event["errorMessage"]}
        )
        self.closed(event, event["errorMessage"])

    def closed(self, event: Json, why: str | None = None) -> None:
        """``webSocketClosed``."""
        hop = self._ledger.last(event["requestId"])
        if hop is not None and hop.open:
            hop.seen.failed = why or "closed before its handshake was answered"
            self._ledger.close(hop, event["timestamp"])

    def _moment(self, timestamp: float) -> str:
        if not self._offset:
            return clock.now()
        return clock.stamp(datetime.fromtimestamp(timestamp + self._offset, UTC))
