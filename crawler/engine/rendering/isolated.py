"""JavaScript of ours in a page, in a world of its own: https://chromedevtools.github.io/devtools-protocol/tot/Page/#method-createIsolatedWorld

The world shares the page's document, not its JavaScript: what the page put over ``Array.prototype.map`` or
``Element.prototype.getBoundingClientRect`` does not count there, and the page sees nothing of what is done
there but its effects on the document. What a page can still change is what named elements hide: with
``<img name=fonts>``, ``document.fonts`` is that picture. Scripts of ours therefore call the methods of the
prototypes.
"""

import asyncio
from typing import Any

from crawler.engine.rendering.look import Cdp, Json
from crawler.errors import FormatError

NAME = "evidence"  # of the world; only a debugger sees it


class World:
    """The isolated world of the main frame, or of the frame that is named.

    `broken`: what the driver raises when the browser refuses, e.g. because the frame is gone. Such a refusal
    becomes a FormatError here, as it is the page that went away.
    """

    def __init__(
        self, cdp: Cdp, *, broken: tuple[type[BaseException], ...] = (), frame: str | None = None
    ) -> None:
        self.cdp = cdp
        self.broken = broken
        self._frame = frame
        self._context: int | None = None

    async def open(self) -> None:
        """Make the world; again after a navigation, which destroys it. Raises FormatError without a page."""
        try:
            frame = self._frame or str((await self.cdp.send("Page.getFrameTree"))["frameTree"]["frame"]["id"])
            made = await self.cdp.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": NAME})
        except self.broken as error:
            raise FormatError(f"no isolated world in the page: {error}") from error
        self._context = int(made["executionContextId"])

    async def run(self, expression: str, *, seconds: float) -> Any:
        """The value of an expression; a promise is awaited. At most so long.

        Raises TimeoutError when the page does not answer in time (its script may go on), and FormatError when
        the expression threw or the page is gone.
        """
        async with asyncio.timeout(seconds):
            if self._context is None:
                await self.open()
            asked: Json = {"expression": expression, "contextId": self._context}
            return await self._value("Runtime.evaluate", asked)

    async def call(self, function: str, backend_nodes: list[int], *, seconds: float) -> Any:
        """The value of a function that gets these nodes, named by their ids in the browser, as its arguments.

        Raises as `run` does.
        """
        async with asyncio.timeout(seconds):
            if self._context is None:
                await self.open()
            nodes = [{"objectId": await self._object(node)} for node in backend_nodes]
            asked: Json = {"functionDeclaration": function, "executionContextId": self._context}
            return await self._value("Runtime.callFunctionOn", asked | {"arguments": nodes})

    async def stop_script(self, *, seconds: float = 2.0) -> bool:
        """End the script that keeps the page busy; it never gets the time back. False when that had no effect.

        The browser takes this order even while the page's main thread hangs in a loop.
        """
        refusals: tuple[type[BaseException], ...] = (TimeoutError, FormatError, *self.broken)
        try:
            async with asyncio.timeout(seconds):
                await self.cdp.send("Runtime.terminateExecution")
            return bool(await self.run("true", seconds=seconds))
        except refusals:
            return False

    async def _object(self, backend_node: int) -> str:
        asked = {"backendNodeId": backend_node, "executionContextId": self._context}
        try:
            resolved = await self.cdp.send("DOM.resolveNode", asked)
        except self.broken as error:
            raise FormatError(f"node {backend_node} is no longer in the page: {error}") from error
        return str(resolved["object"]["objectId"])

    async def _value(self, method: str, asked: Json) -> Any:
        try:
            answer = await self.cdp.send(method, asked | {"awaitPromise": True, "returnByValue": True})
        except self.broken as error:
            raise FormatError(f"script in the page could not run: {error}") from error
        if thrown := answer.get("exceptionDetails"):
            what = thrown.get("exception", {}).get("description") or thrown.get("text")
            raise FormatError(f"script in the page threw: {str(what)[:300]}")
        return answer["result"].get("value")
