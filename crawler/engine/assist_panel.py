"""The window with the buttons of an assisted capture: no tab of the operator's, and nothing in the pages."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import TYPE_CHECKING

from crawler.engine.visit import BROKEN
from crawler.errors import EvidenceError

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, CDPSession, Page

_BLANK = "about:blank"
_SECONDS = 15.0
_SIZE = (420, 760)  # CSS pixels
# A window without tabs, and with an address that nobody can type into.
_OPEN = """() => {
  window.open("about:blank", "", "popup,noopener,width=420,height=760");
  return [screen.availLeft || 0, screen.availTop || 0, screen.availWidth, screen.availHeight];
}"""

Asked = Callable[[str, bool], Awaitable[None]]


class Panel:
    """`closed` is set when the operator closes it. `target`: the browser's name of it."""

    def __init__(self, page: "Page", target: str) -> None:
        self.target = target
        self.closed = asyncio.Event()
        self._page = page
        page.on("close", lambda _: self.closed.set())

    @classmethod
    async def open(cls, context: "BrowserContext", first: "Page", asked: Asked, *, every: bool) -> "Panel":
        """Open it beside a blank first tab. `asked` gets the button (capture, scroll, every, end) and its value.

        Raises the driver's errors, and EvidenceError when the window does not come.
        """
        try:
            async with context.expect_page(timeout=_SECONDS * 1000) as opening:
                screen = await first.evaluate(_OPEN)
            page = await opening.value
        except TimeoutError as error:
            raise EvidenceError("the window with the buttons could not be opened: start again") from error
        session: CDPSession = await context.new_cdp_session(page)
        target = (await session.send("Target.getTargetInfo"))["targetInfo"]["targetId"]
        await _place(session, screen)
        await session.detach()

        async def pressed(source: object, what: str, value: object) -> None:
            if page.url == _BLANK and source:  # where it stands, and no page that somebody dragged into it
                await asked(what, bool(value))

        await page.expose_binding("evidence", pressed)
        await page.set_content(resources.files(__package__).joinpath("panel.html").read_text("utf-8"))
        await page.evaluate("(every) => begin(every)", every)
        return cls(page, target)

    async def say(self, text: str) -> None:
        """What goes on now."""
        await self._call("(text) => say(text)", text)

    async def add(self, text: str, *, good: bool) -> None:
        """One more line of what was captured, or not."""
        await self._call("([text, good]) => add(text, good)", [text, good])

    async def front(self, title: str, url: str) -> None:
        """Which page a press of the button would capture."""
        await self._call("([title, url]) => front(title, url)", [title, url])

    async def _call(self, script: str, value: object) -> None:
        if self.closed.is_set():
            return
        with contextlib.suppress(TimeoutError, *BROKEN):  # the window is closing
            async with asyncio.timeout(5.0):
                await self._page.evaluate(script, value)


async def _place(session: "CDPSession", screen: list[int]) -> None:
    """Put the window at the right edge of the screen, where it hides least. `screen`: left, top, width, height."""
    left, top, wide, high = screen
    width, height = min(_SIZE[0], wide), min(_SIZE[1], high)
    bounds = {"left": left + wide - width, "top": top, "width": width, "height": height}
    with contextlib.suppress(*BROKEN):  # a desktop that places windows itself
        window = (await session.send("Browser.getWindowForTarget"))["windowId"]
        await session.send("Browser.setWindowBounds", {"windowId": window, "bounds": bounds})
