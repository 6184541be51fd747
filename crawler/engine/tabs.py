"""The tabs of a visible browser, each heard from before its first request, whoever opened it.

Two sessions with each new tab: the browser holds it back until one of them, which does nothing else, is detached;
over the other one (`Line`) everything that is to listen is switched on meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from crawler.engine.rendering.look import Cdp, Json
from crawler.engine.tab_line import Line, LineBroken

# A tab that is held back before it has a renderer answers nothing; then it is enough that all calls were delivered.
_UNANSWERED = 0.25  # seconds
_HELD = 3.0  # seconds; no tab of the operator's waits longer for us
_STEP = 0.01

Opened = Callable[[str, Line], Awaitable[None]]


class Tabs:
    """Tells of tabs that are opened and closed. `opened` is awaited while the tab is held back, `closed` called.

    `ours`: targets that are no tabs of the operator's. `wrong` is told what our own code raised.
    """

    def __init__(
        self,
        browser: Cdp,
        opened: Opened,
        closed: Callable[[str], None],
        *,
        ours: set[str],
        broken: tuple[type[BaseException], ...],
        wrong: Callable[[BaseException], None],
    ) -> None:
        self._browser = browser
        self._opened = opened
        self._closed = closed
        self._met = set(ours)  # targets; those of ours are no tabs of the operator's
        self._lines: dict[str, tuple[str, Line]] = {}
        self._early: dict[str, list[str]] = {}
        self._broken: tuple[type[BaseException], ...] = (*broken, LineBroken, TimeoutError)
        self._tasks: set[asyncio.Task[None]] = set()
        self._wrong = wrong

    async def start(self) -> None:
        """Meet the tabs that are there, and every later one. Raises the driver's errors."""
        self._browser.on("Target.attachedToTarget", self._attached)
        self._browser.on("Target.detachedFromTarget", self._detached)
        self._browser.on("Target.receivedMessageFromTarget", self._received)
        held = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        await self._browser.send("Target.setAutoAttach", {**held, "filter": [{"type": "page"}]})
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def end(self) -> None:
        """The browser is gone or going: nobody waits for a tab any more."""
        for task in self._tasks:
            task.cancel()
        for _, line in self._lines.values():
            line.cut()

    def _attached(self, event: Json) -> None:
        target = str(event["targetInfo"]["targetId"])
        if event["targetInfo"]["type"] != "page":
            self._spawn(self._release(event["sessionId"]))
        elif target not in self._met:  # our own attaching is told of, too
            self._met.add(target)
            self._spawn(self._meet(target, event["sessionId"]))
        elif event.get("waitingForDebugger"):
            self._spawn(self._release(event["sessionId"]))

    async def _meet(self, target: str, hold: str) -> None:
        try:
            asked = {"targetId": target, "flatten": False}
            session = (await self._browser.send("Target.attachToTarget", asked))["sessionId"]
            line = Line(self._browser, session)
            self._lines[session] = (target, line)
            for message in self._early.pop(session, []):
                line.received(message)
            opening = asyncio.ensure_future(self._opened(target, line))
            await self._delivered(opening, line)
        except self._broken:  # closed again already
            return
        finally:
            await self._release(hold)
        try:
            await opening
        except self._broken:
            self._closed(target)

    async def _delivered(self, opening: "asyncio.Future[None]", line: Line) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await asyncio.wait((opening,), timeout=_UNANSWERED)
        while not opening.done() and line.undelivered and loop.time() < begun + _HELD:
            await asyncio.sleep(_STEP)

    async def _release(self, hold: str) -> None:
        try:
            await self._browser.send("Target.detachFromTarget", {"sessionId": hold})
        except self._broken:  # the tab is gone, and its session with it
            return

    def _detached(self, event: Json) -> None:
        target, line = self._lines.pop(event["sessionId"], (None, None))
        if target is not None and line is not None:
            line.cut()
            self._closed(target)

    def _received(self, event: Json) -> None:
        session = event["sessionId"]
        if session in self._lines:
            self._lines[session][1].received(event["message"])
        else:  # it is faster than the answer that names the session
            self._early.setdefault(session, []).append(event["message"])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._wrong(error)
