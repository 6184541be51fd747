"""Chromium, driven by Playwright: the one room that starts a browser and looks at pages with it.

A fresh profile for each run (Playwright makes one and removes it) and a fresh context for each page: no cookie, cache
or storage of one page reaches the next, so each look stands alone and can be repeated. No extensions. The window,
its locale and zone are those of `Viewing`. Every wait is bounded; a page that crashes, hangs or never ends leaves
what was seen of it, with the state that it ended in; a browser that does not answer any more is killed by its pid.
"""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playwright.async_api import Browser as Chromium
from playwright.async_api import (
    BrowserContext,
    CDPSession,
    Dialog,
    Download,
    Page,
    Playwright,
    Request,
    Route,
    async_playwright,
)
from playwright.async_api import Error as DriverError

from crawler import clock
from crawler.engine.rendering.answers import Answers
from crawler.engine.rendering.artefacts import check_cjk_font, make_artefacts
from crawler.engine.rendering.isolated import World
from crawler.engine.rendering.look import Artefact, Look, Viewing
from crawler.engine.rendering.screencast import Screencast
from crawler.engine.rendering.settle import Settled, settle
from crawler.engine.rendering.traffic import Traffic
from crawler.engine.rendering.workers import seen_by_worker
from crawler.errors import EvidenceError, FormatError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
VARIABLE = "EVIDENCE_CHROMIUM"
BROKEN = (DriverError,)  # what the driver raises when page, context or browser is gone, or refuses

# One renderer for a page with all its frames: the traffic of frames of other sites is seen in the page's session.
_ARGUMENTS = (
    "--disable-site-isolation-trials",
    "--disable-quic",  # HTTP/3 tells even less of its heads
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--font-render-hinting=none",
)
_PAGES_PER_BROWSER = 100  # then a fresh one: what leaks in a browser never grows beyond that
_CLOSING = 5.0  # seconds for closing a page, a context or the browser before it is killed
_GRACE = 5.0  # seconds beyond Viewing.seconds after which a look is ended from outside
_WORKER_REQUESTS = 200  # of service workers themselves, of one page
_TRAFFIC_END = 5.0  # seconds for bodies that are still under way at the end


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
        self._arguments = [*_ARGUMENTS, *arguments]
        self._slots = asyncio.Semaphore(pages_at_once)
        self._changing = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._chromium: Chromium | None = None
        self._pid: int | None = None
        self._user_agent = ""
        self._looked = 0  # pages of this browser
        self._open = 0

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

    async def replay(self, url: str, answers: Answers, at: str) -> Look:
        """Look at a recorded page again: its exchanges are answered from the record, nothing goes to the network.

        `at` is when the page was captured (UTC); the page's own clock stands there. Text and screenshot are made.
        """
        viewing = replace(self.viewing, wanted=frozenset(("text", "screenshot")), screencast=False)
        return await self._take(Replayed(url, viewing, self.version, answers, at))

    async def _take(self, visit: "Visit") -> Look:
        async with self._slots:
            chromium = await self._ready()
            self._open += 1
            try:
                await self._visit(chromium, visit)
            finally:
                self._open -= 1
            return visit.look

    async def _visit(self, chromium: Chromium, visit: "Visit") -> None:
        try:
            async with asyncio.timeout(visit.viewing.seconds + _GRACE):
                context = await self._context(chromium, visit.viewing)
                await visit.open(context)
                await visit.take()
        except TimeoutError:
            visit.ended_early("time", f"no end within {visit.viewing.seconds:.0f} s")
        except BROKEN as error:
            visit.ended_early("crash", _line(error))
        finally:
            await visit.finish()
            if not await visit.close():
                await self._kill(chromium)

    async def _ready(self) -> Chromium:
        async with self._changing:
            lost = self._chromium is None or not self._chromium.is_connected()
            if not lost and self._looked >= _PAGES_PER_BROWSER and not self._open:
                await self._end()
                lost = True
            if lost:
                await self._start()
            self._looked += 1
            assert self._chromium is not None  # noqa: S101 - `_start` sets it or raises
            return self._chromium

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
            raise BrowserMissing(f"{self._executable} cannot be started: {_line(error)}") from error
        self._looked = 0
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


class Visit:
    """One page from opening to closing: what happens to it is written into `look` as it happens."""

    def __init__(self, url: str, viewing: Viewing, browser: str) -> None:
        now = clock.now()
        self.viewing = viewing
        self.look = Look(
            url=url, final_url=url, started=now, ended=now, state="failed", browser=browser, viewing=viewing
        )
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        self._session: CDPSession | None = None
        self._traffic: Traffic | None = None
        self._screencast: Screencast | None = None
        self._opened = False
        self._early: str | None = None
        self._settled: Settled | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._asked_by_workers: list[Request] = []
        self._quiet: Callable[[float, float], Awaitable[bool]] = _always_quiet

    async def open(self, context: BrowserContext) -> None:
        """A blank page with everything listening."""
        self._context = context
        page = self._page = await context.new_page()
        context.on("page", self._popup)
        context.on("request", self._requested)
        page.on("dialog", self._dialog)
        page.on("download", self._download)
        page.on("crash", self._crashed)
        self._session = await context.new_cdp_session(page)
        self._traffic = Traffic(self._session, self.viewing, broken=BROKEN)
        await self._traffic.start()
        self._quiet = self._traffic.quiet
        if self.viewing.screencast:
            self._screencast = Screencast(self._session, broken=BROKEN)
            await self._screencast.start()

    async def take(self) -> None:
        """Go there, let the page come to rest, make the artefacts."""
        page, session = self._page, self._session
        if page is None or session is None:
            raise EvidenceError("a visit is opened before it is taken")
        if not await self._go(page):
            return
        world = World(session, broken=BROKEN)
        await world.open()
        self._settled = await settle(session, world, self.viewing, self._quiet)
        self.look.final_url = page.url
        if not self._settled.hung:
            self.look.title = await page.title()
        made, missing = await make_artefacts(session, world, self.viewing, self._settled, broken=BROKEN)
        self.look.artefacts += made
        self.look.missing |= missing
        self.look.notes += self._settled.notes
        self.look.settled = self._settled.facts
        if self._screencast is not None:
            await self._keep_recording(self._screencast)

    async def _keep_recording(self, screencast: Screencast) -> None:
        try:
            self.look.artefacts.append(await screencast.stop())
        except FormatError as error:
            self.look.missing["screencast"] = str(error)

    async def finish(self) -> None:
        """What is known of the traffic, and the state that follows from all of it."""
        if self._traffic is not None:
            with suppress(*BROKEN, TimeoutError):
                async with asyncio.timeout(_TRAFFIC_END + 1):
                    self.look.certificates = await self._traffic.certificates()
            for request in self._asked_by_workers[:_WORKER_REQUESTS]:
                self._traffic.take(await seen_by_worker(request, self.viewing.max_body, broken=BROKEN))
            self.look.exchanges = await self._traffic.finish(_TRAFFIC_END)
            self.look.notes += self._traffic.notes
            self._keep_frames(self._traffic.frames)
        self.look.ended = clock.now()
        self.look.state, self.look.reason = self._judged()

    async def close(self) -> bool:
        """Close page and context; False if they did not close in time."""
        for task in self._closing:
            task.cancel()
        if self._context is None:
            return True
        try:
            async with asyncio.timeout(_CLOSING):
                await self._context.close()
        except TimeoutError:
            return False
        except BROKEN:
            pass  # gone already, with its page
        return True

    def ended_early(self, what: str, why: str) -> None:
        """Note that the look was cut short, and why."""
        self._early = self._early or f"{what}: {why}"

    async def _go(self, page: Page) -> bool:
        """Whether there is a page to look at."""
        try:
            await page.goto(self.look.url, wait_until="commit", timeout=self.viewing.seconds * 1000)
        except DriverError as error:
            self._early = self._early or f"navigation: {_line(error)}"
            return False
        with suppress(DriverError):  # a page that never ends loading is looked at as it stands
            await page.wait_for_load_state("load", timeout=self.viewing.settle_seconds * 1000)
        self._opened = True
        return True

    def _keep_frames(self, frames: list[dict[str, Any]]) -> None:
        """What went over WebSockets, one JSON object a line; such messages have no form in WARC."""
        if frames:
            lines = "".join(json.dumps(frame, ensure_ascii=False) + "\n" for frame in frames)
            content = lines.encode("utf-8", "backslashreplace")
            self.look.artefacts.append(
                Artefact("websocket", "application/jsonl", content, {"frames": len(frames)})
            )

    def _judged(self) -> tuple[str, str | None]:
        reasons = [self._early] if self._early else []
        if self._settled is not None:
            reasons += self._settled.unrest
        if self.look.missing:
            reasons.append("missing: " + ", ".join(sorted(self.look.missing)))
        if self._opened or any(seen.main and seen.head is not None for seen in self.look.exchanges):
            return ("partial", "; ".join(reasons)) if reasons else ("complete", None)
        return "failed", "; ".join(reasons) or "the browser opened no page"

    def _note(self, what: str, **facts: Any) -> None:
        if len(self.look.notes) < 100:
            self.look.notes.append({"what": what, "time": clock.now(), **facts})

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _requested(self, request: Request) -> None:
        if request.service_worker is not None:
            self._asked_by_workers.append(request)

    def _popup(self, page: Page) -> None:
        self._note("popup", url=page.url[:500])
        self._later(_quietly(page.close()))

    def _dialog(self, dialog: Dialog) -> None:
        self._note("dialog", type=dialog.type, message=dialog.message[:500])
        self._later(_quietly(dialog.dismiss()))

    def _download(self, download: Download) -> None:
        self._early = self._early or f"download: {download.suggested_filename[:200]}"
        self._note("download", url=download.url[:500], name=download.suggested_filename[:200])
        self._later(_quietly(download.cancel()))

    def _crashed(self, _page: Page) -> None:
        self._early = self._early or "crash: the page's renderer ended"


class Replayed(Visit):
    """A visit to a recorded page: every request is answered from the record or refused."""

    def __init__(self, url: str, viewing: Viewing, browser: str, answers: Answers, at: str) -> None:
        super().__init__(url, viewing, browser)
        self._answers = answers
        self._at = at

    async def open(self, context: BrowserContext) -> None:
        """A blank page whose requests come to us, and whose clock stands at the time of the capture."""
        self._context = context
        await context.route("**/*", self._answer)
        page = self._page = await context.new_page()
        await page.clock.set_fixed_time(clock.parse(self._at))
        context.on("page", self._popup)
        page.on("dialog", self._dialog)
        self._session = await context.new_cdp_session(page)

    async def _answer(self, route: Route) -> None:
        answer = self._answers.to(route.request.method, route.request.url)
        with suppress(*BROKEN):  # the page may have lost interest, or be gone
            if answer is None:
                await route.abort("internetdisconnected")
            else:
                await route.fulfill(status=answer.status, headers=dict(answer.fields), body=answer.body)


async def _always_quiet(_seconds: float, _at_most: float) -> bool:
    return True


async def _quietly(work: Any) -> None:
    """Close or dismiss something that the page opened; it may be gone by itself."""
    with suppress(*BROKEN):
        await work


def _line(error: BaseException) -> str:
    return " ".join(str(error).split("Call log:")[0].split())[:300]
