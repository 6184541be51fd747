"""Chromium, driven by Playwright: the one room that starts a browser and looks at pages with it.

A fresh profile for each run (Playwright makes one and removes it) and a fresh context for each page: no cookie, cache
or storage of one page reaches the next, so each look stands alone and can be repeated. No extensions. The window,
its locale and zone are those of `Viewing`. Every wait is bounded; a page that crashes, hangs or never ends leaves
what was seen of it, with the state that it ended in; a browser that does not answer any more is killed by its pid.
"""

import asyncio
import ctypes
import os
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Playwright, async_playwright

from crawler.engine.browser_arguments import ARGUMENTS
from crawler.engine.rendering.answers import Answers
from crawler.engine.rendering.artefacts import check_cjk_font
from crawler.engine.rendering.look import Look, Viewing
from crawler.engine.visit import BROKEN, Replayed, Visit
from crawler.errors import EvidenceError, FormatError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
VARIABLE = "EVIDENCE_CHROMIUM"

_PAGES_PER_BROWSER = 100  # then a fresh one, and a fresh driver: what leaks in them never grows beyond that
_CLOSING = 5.0  # seconds for closing a page, a context or the browser before it is killed
_GRACE = 5.0  # seconds beyond Viewing.seconds after which a look is ended from outside


class BrowserMissing(EvidenceError):
    """No Chromium on this machine, or one that cannot be started or has no Chinese font."""


def find_chromium() -> str:
    """The path of a Chromium: EVIDENCE_CHROMIUM, else the first on PATH. Raises BrowserMissing."""
    named = os.environ.get(VARIABLE)
    if named and not Path(named).is_file():
        raise BrowserMissing(f"{VARIABLE} = {named}: there is no such file; name a Chromium or unset it")
    found = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise BrowserMissing(
            "no Chromium found: install it (Debian: apt-get install chromium fonts-noto-cjk),"
            f" or name one in {VARIABLE}, or record without a picture (--no-render)"
        )
    return found


class Browser:
    """A browser for one run. `look` may be called from several tasks; `pages_at_once` of them are served."""

    def __init__(
        self,
        viewing: Viewing,
        *,
        executable: str | None = None,
        pages_at_once: int = 2,
        proxy: str = "",
        arguments: Sequence[str] = (),
    ) -> None:
        self.viewing = viewing
        self.version = ""
        self._executable = executable
        self._proxy = proxy
        self._arguments = [*ARGUMENTS, *arguments]
        self._slots = asyncio.Semaphore(pages_at_once)
        self._changing = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._chromium: Chromium | None = None
        self._pid: int | None = None
        self._user_agent = ""
        self._looked = 0  # pages of this browser
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def __aenter__(self) -> Self:
        """Start the browser. Raises BrowserMissing."""
        self._executable = self._executable or find_chromium()
        self._playwright = await async_playwright().start()
        try:
            await self._start()
        except BaseException:
            await self._playwright.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the browser, by force if it does not answer."""
        await self._end()
        if self._playwright is not None:
            await self._playwright.stop()

    async def look(self, url: str, viewing: Viewing | None = None) -> Look:
        """Look at one page. Never raises for what a page is or does: its state and reason say it.

        Raises BrowserMissing if a browser that was lost cannot be started again.
        """
        return await self._take(Visit(url, viewing or self.viewing, self.version))

    async def replay(self, url: str, answers: Answers, at: str, viewing: Viewing | None = None) -> Look:
        """Look at a recorded page again: its exchanges are answered from the record, nothing goes to the network.

        `at` is when the page was captured (UTC); the page's own clock stands there. Text and screenshot are made.
        """
        wanted = frozenset(("text", "screenshot"))
        seen = replace(viewing or self.viewing, wanted=wanted, screencast=False)
        return await self._take(Replayed(url, seen, self.version, answers, at))

    async def _take(self, visit: Visit) -> Look:
        async with self._slots:
            chromium = await self._ready()
            self._open += 1
            self._idle.clear()
            try:
                await self._visit(chromium, visit)
            finally:
                self._open -= 1
                if not self._open:
                    self._idle.set()
            return visit.look

    async def _visit(self, chromium: Chromium, visit: Visit) -> None:
        try:
            async with asyncio.timeout(visit.viewing.seconds + _GRACE):
                await visit.open(await self._context(chromium, visit.viewing))
                await self._until_lost(visit)
        except TimeoutError:
            visit.ended_early(f"time: no end within {visit.viewing.seconds:.0f} s")
        except (FormatError, *BROKEN) as error:
            visit.ended_early(error)
        finally:
            try:
                await visit.finish()
            finally:
                if not await visit.close():
                    await self._kill(chromium)

    async def _until_lost(self, visit: Visit) -> None:
        """Let the visit go on until it ends, or until its renderer is gone: then nothing is waited for."""
        taking, lost = asyncio.ensure_future(visit.take()), asyncio.ensure_future(visit.lost.wait())
        try:
            await asyncio.wait((taking, lost), return_when=asyncio.FIRST_COMPLETED)
            if taking.done():
                taking.result()
        finally:
            for task in (taking, lost):
                task.cancel()
            await asyncio.gather(taking, lost, return_exceptions=True)

    async def _ready(self) -> Chromium:
        async with self._changing:
            if self._looked >= _PAGES_PER_BROWSER:
                await self._idle.wait()  # the other pages of this browser end; new ones wait here
                await self._renew()
            if self._chromium is None or not self._chromium.is_connected():
                await self._start()
            self._looked += 1
            assert self._chromium is not None  # noqa: S101 - `_start` sets it or raises
            return self._chromium

    async def _renew(self) -> None:
        """End the browser and its driver, a process of its own that only grows, and begin a driver anew."""
        assert self._playwright is not None  # noqa: S101 - only called within the context
        await self._end()
        await self._playwright.stop()
        self._playwright = await async_playwright().start()

    async def _start(self) -> None:
        assert self._playwright is not None  # noqa: S101 - only called within the context
        try:
            self._chromium = await self._playwright.chromium.launch(
                executable_path=self._executable,
                args=self._arguments,
                proxy={"server": self._proxy} if self._proxy else None,
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
        except BROKEN as error:
            raise BrowserMissing(f"{self._executable} cannot be started: {str(error)[:300]}") from error
        self._looked = 0
        _give_back()
        await self._meet(self._chromium)

    async def _meet(self, chromium: Chromium) -> None:
        """Learn what the browser calls itself and its pid, and see that it can show Chinese."""
        session = await chromium.new_browser_cdp_session()
        about = await session.send("Browser.getVersion")
        self.version, self._user_agent = about["product"], about["userAgent"]
        running = await session.send("SystemInfo.getProcessInfo")
        self._pid = next((p["id"] for p in running["processInfo"] if p["type"] == "browser"), None)
        await session.detach()
        page = await chromium.new_page()
        try:
            await check_cjk_font(await page.context.new_cdp_session(page))
        except FormatError as error:
            raise BrowserMissing(str(error)) from error
        finally:
            await page.context.close()

    async def _context(self, chromium: Chromium, viewing: Viewing) -> BrowserContext:
        agent = f"{self._user_agent} {viewing.user_agent_suffix}".strip()
        context = await chromium.new_context(
            viewport={"width": viewing.width, "height": viewing.height},
            device_scale_factor=viewing.device_scale,
            locale=viewing.locale,
            timezone_id=viewing.zone,
            user_agent=agent,
            accept_downloads=False,
        )
        context.set_default_timeout(viewing.seconds * 1000)
        return context

    async def _end(self) -> None:
        chromium, self._chromium = self._chromium, None
        if chromium is None:
            return
        try:
            async with asyncio.timeout(_CLOSING):
                await chromium.close()
        except (TimeoutError, *BROKEN):
            self._signal()

    async def _kill(self, chromium: Chromium) -> None:
        """End a browser that does not let go of a page; the next look starts another."""
        if self._chromium is chromium:
            self._signal()
            self._chromium = None

    def _signal(self) -> None:
        if self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._pid = None


def _give_back() -> None:
    """Let the C library return what was freed: pictures of megabytes leave holes in its arenas that only grow."""
    with suppress(OSError, AttributeError):  # another C library has no such call
        ctypes.CDLL(None).malloc_trim(0)
