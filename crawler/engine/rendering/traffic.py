"""Every exchange that a page makes, with its body.

    traffic = Traffic(session, viewing, broken=(DriverError,))
    await traffic.start()          # before navigation
    …                              # the page is opened and comes to rest: await traffic.quiet(…)
    exchanges = await traffic.finish(5.0)

`ledger` pairs the events of CDP's Network domain, `bodies` reads the bodies, `sockets` the WebSockets. This file
knows neither Playwright nor Scrapy: `broken` names what the driver raises when the page is gone or the browser
refuses. Requests that a service worker makes itself are not seen in a page's session: `workers` makes exchanges of
them, `take` takes them.
"""

import asyncio
import base64
import time
from collections.abc import Callable, Coroutine
from typing import Any

from crawler.engine.rendering.bodies import RATE, Bodies, content
from crawler.engine.rendering.hop import Hop
from crawler.engine.rendering.ledger import Ledger
from crawler.engine.rendering.look import Cdp, Json, Seen, Viewing
from crawler.engine.rendering.sockets import Sockets

_CALL = 5.0  # seconds for one call of CDP
_STEP = 0.05
_PARTIAL = 1.0  # seconds for what has come so far of endless answers
_POST_LIMIT = 16 << 20  # bytes of a request's body
_ORIGINS = 50  # certificates are asked for at most
_NOTES = 1000
# The decoded body is then the body that was sent. Some servers code all the same, e.g. stores of zipped files, and
# the browser refuses a coding that it did not name (ERR_CONTENT_DECODING_FAILED, measured). ``x-gzip`` allows gzip
# too (RFC 9110 §8.4.1.3), but does not make those servers code that only look for the word ``gzip``.
_HEADERS = {"Accept-Encoding": "identity, x-gzip;q=0.001"}


class Traffic:
    """What goes between one page and its servers, from `start` to `finish`."""

    def __init__(self, cdp: Cdp, viewing: Viewing, *, broken: tuple[type[BaseException], ...] = ()) -> None:
        self.notes: list[Json] = []
        self._cdp = cdp
        self._viewing = viewing
        self._broken: tuple[type[BaseException], ...] = (*broken, TimeoutError)
        self._ledger = Ledger(self._note)
        self._sockets = Sockets(self._ledger)
        self._bodies = Bodies(self._send, self._ledger, viewing, self._note)
        self._tasks: set[asyncio.Task[None]] = set()
        self._taken: list[Seen] = []
        self._wrong: list[BaseException] = []  # what our own code raised: an error of this program
        self._over = False
        self.frames: list[Json] = self._sockets.frames

    async def start(self) -> None:
        """Listen, ask for bodies without content coding, and hold answers at their heads."""
        self._listen()
        await asyncio.gather(
            self._cdp.send("Network.enable", {"maxPostDataSize": _POST_LIMIT}),
            self._cdp.send("Network.setExtraHTTPHeaders", {"headers": _HEADERS}),
            self._cdp.send("Network.emulateNetworkConditions",
                           {"offline": False, "latency": 0, "downloadThroughput": RATE, "uploadThroughput": -1}),
            self._cdp.send("Fetch.enable", {"patterns": [{"urlPattern": "*", "requestStage": "Response"}],
                                            "handleAuthRequests": True}),
        )  # fmt: skip
        tree = await self._cdp.send("Page.getFrameTree")
        self._ledger.main_frame = tree["frameTree"]["frame"]["id"]

    async def quiet(self, seconds: float, at_most: float) -> bool:
        """Wait until nothing has been under way for `seconds`; False if that did not come within `at_most`."""
        end = time.monotonic() + at_most
        rest = time.monotonic()
        while (now := time.monotonic()) < end:
            if self._ledger.busy():
                rest = now
            elif now - max(rest, self._last_change()) >= seconds:
                return True
            await asyncio.sleep(min(_STEP, max(0.001, end - now)))
        return False

    async def finish(self, at_most: float) -> list[Seen]:
        """The exchanges in order of their start. Bodies under way have `at_most` seconds; then all is cut."""
        end = time.monotonic() + at_most
        await self._tasks_until(end)
        waiting = [hop for hop in self._ledger.open_hops() if hop.seen.status is not None and not hop.taken]
        partial = [self._spawn(self._bodies.partial(hop)) for hop in waiting]
        if partial:
            await asyncio.wait(partial, timeout=_PARTIAL)
        self._over = True
        await self._cancel()
        await self._send("Fetch.disable", {}, 1.0)
        if self._wrong:
            raise self._wrong[0]
        self._cut_open()
        self._sum_up()
        return sorted((*(hop.seen for hop in self._ledger.hops), *self._taken), key=lambda seen: seen.started)

    async def certificates(self) -> dict[str, list[bytes]]:
        """The chains as the browser received them, DER, leaf first, by origin (``https://host``)."""
        origins = list(dict.fromkeys(hop.seen.origin for hop in self._ledger.hops if hop.seen.origin))
        if len(origins) > _ORIGINS:
            self._note({"what": "certificates left out", "number": len(origins) - _ORIGINS})
        given = await asyncio.gather(
            *(self._send("Network.getCertificate", {"origin": origin}) for origin in origins[:_ORIGINS])
        )
        return {
            origin: [base64.b64decode(name) for name in chain["tableNames"]]
            for origin, chain in zip(origins[:_ORIGINS], given, strict=True)
            if chain is not None and chain.get("tableNames")
        }

    def take(self, seen: Seen) -> None:
        """Add an exchange that this page's session does not see (`workers.seen_by_worker`)."""
        self._taken.append(seen)

    # Events. Handlers only note; what waits runs in a task that `finish` awaits.

    def _listen(self) -> None:
        ledger, sockets = self._ledger, self._sockets
        handlers: dict[str, Callable[[Json], Any]] = {
            "Network.requestWillBeSent": self._requested,
            "Network.requestWillBeSentExtraInfo": ledger.request_extra,
            "Network.responseReceived": ledger.answer,
            "Network.responseReceivedExtraInfo": ledger.answer_extra,
            "Network.requestServedFromCache": self._cached,
            "Network.dataReceived": ledger.received,
            "Network.loadingFinished": self._finished,
            "Network.loadingFailed": self._failed,
            "Network.webSocketCreated": sockets.created,
            "Network.webSocketWillSendHandshakeRequest": sockets.asked,
            "Network.webSocketHandshakeResponseReceived": sockets.answered,
            "Network.webSocketFrameSent": lambda event: sockets.frame(event, "sent"),
            "Network.webSocketFrameReceived": lambda event: sockets.frame(event, "received"),
            "Network.webSocketFrameError": sockets.broken,
            "Network.webSocketClosed": sockets.closed,
            "Fetch.requestPaused": self._paused,
            "Fetch.authRequired": self._auth,
        }
        for event, handler in handlers.items():
            self._cdp.on(event, self._while_open(handler))

    def _while_open(self, handler: Callable[[Json], Any]) -> Callable[[Json], None]:
        def handle(event: Json) -> None:
            if not self._over:
                handler(event)

        return handle

    def _requested(self, event: Json) -> None:
        hop = self._ledger.request(event)
        request = event["request"]
        if hop is None or not request.get("hasPostData"):
            return
        entries = request.get("postDataEntries") or []
        if entries and all("bytes" in entry for entry in entries):
            hop.seen.request_body = b"".join(base64.b64decode(entry["bytes"]) for entry in entries)
        else:
            self._spawn(self._post(hop))

    async def _post(self, hop: Hop) -> None:
        given = await self._send("Network.getRequestPostData", {"requestId": hop.seen.id})
        if given is None:
            self._note({"what": "no request body", "url": hop.seen.url[:2000]})
            return
        hop.seen.request_body = content(
            {"body": given["postData"], "base64Encoded": given.get("base64Encoded")}
        )

    def _cached(self, event: Json) -> None:
        hop = self._ledger.last(event["requestId"])
        if hop is not None:
            hop.seen.cache = True

    def _finished(self, event: Json) -> None:
        self._late(self._ledger.finished(event))

    def _failed(self, event: Json) -> None:
        hop = self._ledger.failed(event)
        if hop is not None and hop.seen.status is not None and hop.received:
            self._late(hop)

    def _late(self, hop: Hop | None) -> None:
        if hop is None or hop.taken:
            return
        if hop.seen.kind == "Preflight" or hop.seen.method == "HEAD":
            hop.seen.body, hop.taken = b"", True
        else:
            self._spawn(self._bodies.late(hop))

    def _paused(self, event: Json) -> None:
        hop = self._ledger.held(event) if "responseStatusCode" in event else None
        if hop is not None:
            self._ledger.paused(hop, event)
        self._spawn(self._bodies.paused(event, hop))

    def _auth(self, event: Json) -> None:
        """Nobody is asked for a password: the page that refuses is what is recorded. A person may answer."""
        answer = {"response": "CancelAuth" if self._viewing.scroll else "Default"}
        self._note({"what": "authentication asked for", "url": event["request"]["url"][:2000]})
        call = {"requestId": event["requestId"], "authChallengeResponse": answer}
        self._spawn(self._call("Fetch.continueWithAuth", call))

    # The end

    def _cut_open(self) -> None:
        for hop in self._ledger.open_hops():
            if hop.seen.status is not None and not hop.whole:
                hop.seen.truncated = hop.seen.truncated or "time"
            elif not hop.whole:
                hop.seen.failed = hop.seen.failed or "no answer when the look ended"
            self._ledger.close(hop)

    def _sum_up(self) -> None:
        if self._ledger.left_out:
            self.notes.append({"what": "exchanges left out", "number": self._ledger.left_out})
        if self._sockets.left_out:
            self.notes.append({"what": "websocket frames left out", "number": self._sockets.left_out})
        if len(self.notes) > _NOTES:
            dropped = len(self.notes) - _NOTES
            self.notes[_NOTES:] = [{"what": "notes left out", "number": dropped}]

    def _last_change(self) -> float:
        return self._ledger.changed

    def _note(self, note: Json) -> None:
        if len(self.notes) <= _NOTES:
            self.notes.append(note)

    # Calls and tasks

    async def _send(self, method: str, params: Json, limit: float = _CALL) -> Json | None:
        try:
            async with asyncio.timeout(limit):
                return await self._cdp.send(method, params)
        except self._broken:  # refused, too late, or the page is gone: what is missing shows in the exchange
            return None

    async def _call(self, method: str, params: Json) -> None:
        await self._send(method, params)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._wrong.append(error)

    async def _tasks_until(self, end: float) -> None:
        while self._tasks and (left := end - time.monotonic()) > 0:
            await asyncio.wait(self._tasks, timeout=left)

    async def _cancel(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
