"""A session of the Chrome DevTools Protocol with one tab, spoken through the browser's own session.

The driver tells of a tab that a page opened (``target=_blank``) only when its first page is there, so a session made
by the driver comes too late for that page's own answer. Through the browser's session a tab can be spoken to from
before its first request: https://chromedevtools.github.io/devtools-protocol/tot/Target/#method-sendMessageToTarget
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from crawler.engine.rendering.look import Cdp, Json
from crawler.errors import EvidenceError


class LineBroken(EvidenceError):
    """The browser refused a call, or the tab is gone."""


class Line:
    """One tab's session; a `Cdp`. `session`: as ``Target.attachToTarget`` named it, not flattened."""

    def __init__(self, browser: Cdp, session: str) -> None:
        self._browser = browser
        self._session = session
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._handlers: dict[str, list[Callable[[Json], Any]]] = {}
        self._cut = False

    async def send(self, method: str, params: Json | None = None) -> Json:
        """Call a method and wait for its result. Raises LineBroken, and the driver's errors without a browser."""
        if self._cut:
            raise LineBroken(f"{method}: the tab is closed")
        self._number += 1
        number = self._number
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        message = json.dumps({"id": number, "method": method, "params": params or {}})
        try:
            await self._browser.send(
                "Target.sendMessageToTarget", {"sessionId": self._session, "message": message}
            )
            given = await answer
        finally:
            self._waiting.pop(number, None)
        if "error" in given:
            raise LineBroken(f"{method}: {given['error'].get('message', given['error'])}")
        result: Json = given["result"]
        return result

    def on(self, event: str, handler: Callable[[Json], Any]) -> None:
        """Call `handler` with the parameters of each such event."""
        self._handlers.setdefault(event, []).append(handler)

    def received(self, message: str) -> None:
        """What the browser passed on from the tab: an answer or an event."""
        content: Json = json.loads(message)
        if "id" not in content:
            for handler in self._handlers.get(content["method"], ()):
                handler(content.get("params", {}))
            return
        answer = self._waiting.get(content["id"])
        if answer is not None and not answer.done():
            answer.set_result(content)

    def cut(self) -> None:
        """The tab is gone: who waits for an answer hears it."""
        self._cut = True
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(LineBroken("the tab was closed"))
