"""The tabs of a visible browser, each spoken to as soon as the browser tells of it, whoever opened it.

The driver holds a new tab back until it has set it up; what we ask of the tab is delivered meanwhile, so that its
very first request is heard (measured; the browser has no way to hold it for us: a second holder that is detached
leaves a tab of ``rel=noopener`` held for ever). Should a tab be faster all the same, its first capture says that the
page's own answer was not seen.
"""

import asyncio
from collections.abc import Awaitable, Callable

from crawler.engine.rendering.look import Cdp, Json
from crawler.engine.tab_line import Line, LineBroken

_EARLY = 1000  # messages of a session whose name we do not have yet

Opened = Callable[[str, Line], Awaitable[None]]


class Tabs:
    """Tells of tabs that are opened and closed: `opened` gets a new one's session, `closed` its target.

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
        self._ours = ours
        self._lines: dict[str, Line] = {}  # by session
        self._sessions: dict[str, str] = {}  # by target
        self._early: dict[str, list[str]] = {}
        self._broken: tuple[type[BaseException], ...] = (*broken, LineBroken, TimeoutError)
        self._wrong = wrong
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Meet the tabs that are there, and every later one. Raises the driver's errors."""
        self._browser.on("Target.targetCreated", self._created)
        self._browser.on("Target.targetDestroyed", self._destroyed)
        self._browser.on("Target.receivedMessageFromTarget", self._received)
        await self._browser.send(
            "Target.setDiscoverTargets", {"discover": True, "filter": [{"type": "page"}]}
        )
        await asyncio.sleep(0)
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    def end(self) -> None:
        """The browser is gone or going: nobody waits for a tab any more."""
        for task in self._tasks:
            task.cancel()
        for line in self._lines.values():
            line.cut()

    def _created(self, event: Json) -> None:
        target = str(event["targetInfo"]["targetId"])
        if event["targetInfo"]["type"] == "page" and target not in self._ours:
            task = asyncio.ensure_future(self._meet(target))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    async def _meet(self, target: str) -> None:
        try:
            asked = {"targetId": target, "flatten": False}
            session = str((await self._browser.send("Target.attachToTarget", asked))["sessionId"])
            line = self._lines[session] = Line(self._browser, session)
            self._sessions[target] = session
            for message in self._early.pop(session, []):
                line.received(message)
            await self._opened(target, line)
        except self._broken:  # closed again already
            self._closed(target)

    def _destroyed(self, event: Json) -> None:
        session = self._sessions.pop(event["targetId"], None)
        if session is not None:
            self._lines.pop(session).cut()
            self._closed(event["targetId"])

    def _received(self, event: Json) -> None:
        session = event["sessionId"]
        if session in self._lines:
            self._lines[session].received(event["message"])
        elif len(kept := self._early.setdefault(session, [])) < _EARLY:
            kept.append(event["message"])  # faster than the answer that names the session

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._wrong(error)
