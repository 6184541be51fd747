"""Assisted capture: a person browses in a visible browser, and what they see is captured when they say so.

Nothing of ours is in the page: the buttons stand in a window of their own, and the hotkey listens in an isolated
world that the page cannot see. Nothing is clicked, filled or scrolled, unless the operator asks for the scrolling.
The profile is the operator's own and stays outside the archive. Cookies, tokens and passwords are cut out of what is
handed over: the originals are captured too, as withheld captures (crawler.withholding).
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Page, Request, async_playwright
from playwright.async_api import Error as DriverError

from crawler import __version__, clock
from crawler.engine.addon import new_run
from crawler.engine.assist_panel import Panel
from crawler.engine.browser import BrowserMissing, find_chromium
from crawler.engine.environment.run_check import RunEnvironment
from crawler.engine.extractor import Extractor
from crawler.engine.reader import Sites
from crawler.engine.render import dom_page
from crawler.engine.rendering.artefacts import check_cjk_font
from crawler.engine.rendering.look import Look, Viewing
from crawler.engine.rendering.page_drafts import Place, page_drafts
from crawler.engine.rendering.workers import seen_by_worker
from crawler.engine.run import project_settings
from crawler.engine.tab import GONE, NotNow, Tab, Told
from crawler.engine.tab_line import Line
from crawler.engine.tabs import Tabs
from crawler.engine.visit import BROKEN
from crawler.engine.walls import wall
from crawler.errors import FormatError, UsageError
from crawler.evidence.archive import Draft
from crawler.evidence.manifest import Capture, new_capture_id
from crawler.evidence.report import STATES_ZH
from crawler.store.session import Session
from crawler.withholding import find_secrets, withhold

SITE = "assist"  # the run's site; a capture's own is the spider that reads its address, if there is one
HOTKEY = "Ctrl+Alt+S"
ARGUMENTS = ("--disable-site-isolation-trials", "--disable-features=IsolateOrigins,site-per-process")

_UNABLE: tuple[type[BaseException], ...] = (TimeoutError, FormatError, *GONE)
_CLOSING = 5.0
_REST = 15.0  # seconds that a page has to come to rest before it is captured by itself
_WORKERS = 200  # requests of service workers, and of new pages, that are kept
_KNOWN = 2000  # secrets of the pages before


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What the operator is about to do, as they state it; it goes into the log."""

    url: str
    account: str  # which account is used, in the operator's words
    authority: str  # by what authority
    profile: Path
    every_page: bool = False


@dataclass(slots=True)
class AssistReport:
    """What was captured in one run, and what went wrong."""

    run: str
    captures: list[Capture] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Assistant:
    """One run of assisted capture. `tell` is told, in Chinese, what happens. `arguments`: more of Chromium's."""

    def __init__(
        self,
        session: Session,
        assignment: Assignment,
        viewing: Viewing,
        tell: Callable[[str], None],
        *,
        executable: str | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self._session = session
        self._assignment = assignment
        self._viewing = replace(viewing, scroll=False, user_agent_suffix="", more=None, screencast=False)
        self._tell = tell
        self._executable = executable
        self._arguments = (*ARGUMENTS, *arguments)
        self._every_page = assignment.every_page
        self._tabs: dict[str, Tab] = {}
        self._opening: set[str] = set()  # targets of tabs that are about to be captured by themselves
        self._capturing = asyncio.Lock()
        self._over = asyncio.Event()
        self._ending = False
        self._panel: Panel | None = None
        self._watch: Tabs | None = None
        self._line: CDPSession | None = None  # the browser's own session
        self._pid: int | None = None
        self._browser = ""
        settings = project_settings(session.archive.path)
        self._sites = Sites(settings)
        self._extractor = Extractor(session, settings)
        self._tasks: set[asyncio.Task[None]] = set()
        self._known: dict[tuple[str, str], None] = {}  # secrets of the pages before: names and values
        self._workers: list[Request] = []
        self._navigations: list[Request] = []  # the newest last
        self.report = AssistReport(new_run())
        self._environment = RunEnvironment.of_run(
            session, self.report.run, [assignment.url], rendering=True, flags=self._arguments, profile="persistent"
        )  # fmt: skip

    async def run(self, stop: asyncio.Event | None = None) -> AssistReport:
        """Until the operator ends it, closes the browser, or `stop` is set. Raises BrowserMissing, UsageError."""
        require_screen()
        make_profile(self._assignment.profile, self._session.archive.path)
        known = any(self._assignment.profile.glob("*/Preferences"))
        async with async_playwright() as playwright:
            proxy = self._session.archive.config.proxy
            try:
                context = await playwright.chromium.launch_persistent_context(
                    str(self._assignment.profile),
                    headless=False,
                    executable_path=self._executable or find_chromium(),
                    no_viewport=True,
                    args=[*self._arguments, f"--window-size={self._viewing.width},{self._viewing.height}"],
                    proxy={"server": proxy} if proxy else None,
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
            except DriverError as error:
                raise BrowserMissing(_why_not(error)) from error
            try:
                await self._begin(context, "kept" if known else "new")
                await self._until_over(stop)
            finally:
                await self._end(context)
        return self.report

    async def _begin(self, context: BrowserContext, profile: str) -> None:
        context.on("close", lambda _: self._over.set())
        context.on("dialog", lambda _: None)  # else the driver dismisses what the operator is to answer
        context.on("request", self._requested)
        context.on("page", self._listen_to_downloads)
        first = context.pages[0] if context.pages else await context.new_page()
        self._listen_to_downloads(first)
        line = self._line = await self._meet(context, first)
        await asyncio.to_thread(self._open_log, profile)
        self._panel = await Panel.open(context, first, self._asked, every=self._every_page)
        watch = self._watch = Tabs(
            line, self._opened, self._closed, ours={self._panel.target}, broken=BROKEN, wrong=self._wrong
        )
        await watch.start()
        await first.bring_to_front()
        self._later(self._go(first))

    async def _meet(self, context: BrowserContext, first: Page) -> CDPSession:
        """The browser's own session; learn its name and pid, and see that it can show Chinese."""
        session = await context.new_cdp_session(first)
        try:
            await check_cjk_font(session)
        except FormatError as error:
            raise BrowserMissing(str(error)) from error
        await session.detach()
        if context.browser is None:
            raise BrowserMissing(
                "the driver gives no session with the browser: install the locked Playwright"
            )
        line = await context.browser.new_browser_cdp_session()
        self._browser = (await line.send("Browser.getVersion"))["product"]
        running = (await line.send("SystemInfo.getProcessInfo"))["processInfo"]
        self._pid = next((process["id"] for process in running if process["type"] == "browser"), None)
        return line

    def _open_log(self, profile: str) -> None:
        said = self._assignment
        settings = {"url": said.url, "account": said.account, "authority": said.authority, "profile": profile,
                    "every_page": self._every_page, "browser": self._browser}  # fmt: skip
        software = f"web-evidence/{__version__}"
        started = {"run": self.report.run, "site": SITE, "software": software, "settings": settings}
        self._session.record_event("run-started", started)
        if self._session.archive.config.environment.check:
            self._environment.before()

    async def _go(self, first: Page) -> None:
        with contextlib.suppress(*BROKEN):  # the operator sees what the browser says, and goes on from there
            await first.goto(self._assignment.url, wait_until="commit", timeout=0)

    # Tabs

    async def _opened(self, target: str, line: Line) -> None:
        told = Told(self._on_page, self._on_hotkey, lambda _: self._later(self._show_front()))
        tab = self._tabs[target] = Tab(target, line, self._viewing, told)
        await tab.listen()

    def _closed(self, target: str) -> None:
        self._tabs.pop(target, None)
        if not self._tabs:
            self._over.set()
        else:
            self._later(self._show_front())

    async def _front(self) -> Tab | None:
        """The tab that the operator sees: the one used last of those that are shown."""
        tabs = sorted(self._tabs.values(), key=lambda tab: tab.used, reverse=True)
        for tab in tabs:
            if await tab.shown():
                return tab
        return tabs[0] if tabs else None

    async def _show_front(self) -> None:
        tab = await self._front()
        if tab is not None and self._panel is not None:
            await self._panel.front(await tab.title(), tab.url)

    def _on_page(self, tab: Tab) -> None:
        """A tab shows another page, or its page has another address."""
        self._later(self._show_front())
        if self._every_page and tab.target not in self._opening:
            self._opening.add(tab.target)
            self._later(self._capture_opened(tab))

    async def _capture_opened(self, tab: Tab) -> None:
        try:
            ready = await tab.rests(_REST)
        finally:
            self._opening.discard(tab.target)
        if ready and self._every_page:
            await self.capture(tab)

    def _on_hotkey(self, tab: Tab) -> None:
        self._later(self.capture(tab))

    def _requested(self, request: Request) -> None:
        if request.service_worker is not None:
            self._workers = [*self._workers[-_WORKERS:], request]
        elif request.is_navigation_request():
            self._navigations = [*self._navigations[-_WORKERS:], request]

    def _listen_to_downloads(self, page: Page) -> None:
        page.on("download", lambda _: self._later(self._say("网页下载了文件：不会另存，也不随窗口保留。")))

    # What the operator asks for

    async def _asked(self, what: str, value: bool) -> None:
        """A button of the panel was pressed."""
        if what == "end":
            self._over.set()
        elif what == "every":
            self._every_page = value
            changed = {"run": self.report.run, "every_page": value}
            await asyncio.to_thread(self._session.record_event, "assist-changed", changed)
            await self._say("每打开一个网页，都会自动固定。" if value else "只在按下按钮或快捷键时固定。")
        elif (tab := await self._front()) is None:
            await self._say("没有打开的网页。")
        else:
            await self.capture(tab, scroll=what == "scroll")

    async def capture(self, tab: Tab, *, scroll: bool = False) -> None:
        """Capture what a tab shows now; one at a time. What goes wrong is told, and noted in the report."""
        async with self._capturing:
            if self._ending:
                return
            await self._say("正在固定，请勿操作该网页……")
            try:
                look = await tab.look(replace(self._viewing, scroll=scroll), self._browser)
                cookies = await self._cookies(tab)
            except NotNow as wait:
                await self._say(f"未固定：{wait}。")
                return
            except _UNABLE as error:
                await self._failed(
                    " ".join(str(error).split())[:200] or "page does not answer / 网页没有响应"
                )
                return
            await self._take_missed(tab, look)
            await self._take_workers(tab, look)
            captured = await self._record(look, cookies)
            self.report.captures.append(captured)
            await self._succeeded(captured, look.title)

    async def _failed(self, reason: str) -> None:
        self.report.errors.append(reason)
        await self._say(f"未能固定：{reason}", listed=True, good=False)

    async def _succeeded(self, captured: Capture, title: str) -> None:
        reason = f"（{captured.reason}）" if captured.reason else ""
        words = f"{clock.beijing(captured.started)}　{title or captured.url}"
        done = f"已固定，{STATES_ZH[captured.state]}{reason}　{words}　采集号 {captured.id[:12]}"
        await self._say(done, listed=True, good=captured.state in ("complete", "partial"))

    async def _cookies(self, tab: Tab) -> list[tuple[str, str]]:
        """All cookies that the browser holds, whatever site they are of, and the page's tokens in its storage."""
        if self._line is None:
            return []
        held = (await self._line.send("Storage.getCookies"))["cookies"]
        cookies = [(cookie["name"], cookie["value"]) for cookie in held if cookie["name"] and cookie["value"]]
        return [*cookies, *await tab.secrets()]

    async def _take_missed(self, tab: Tab, look: Look) -> None:
        """The page's own answer where a new window was faster than we: the driver has it, if not byte for byte."""
        if any(seen.main for seen in look.exchanges):
            return
        address = look.url.partition("#")[0]
        found = (request for request in reversed(self._navigations) if request.url == address)
        if (request := next(found, None)) is not None:
            tab.missed(look, await seen_by_worker(request, self._viewing.max_body, broken=BROKEN))

    async def _take_workers(self, tab: Tab, look: Look) -> None:
        """What the page's service worker asked for itself; no tab's session sees it."""
        for request in [worker for worker in self._workers if _same_site(worker, look.url)]:
            self._workers.remove(request)
            seen = await seen_by_worker(request, self._viewing.max_body, broken=BROKEN)
            tab.take(seen)
            look.exchanges.append(seen)

    async def _record(self, look: Look, cookies: list[tuple[str, str]]) -> Capture:
        page = dom_page(look)
        if page is not None and (blocked := wall(page, rendered=True)) is not None:
            look.state, look.reason = "blocked", blocked
        site, callback = self._sites.reader(page.url if page is not None else look.url) or (SITE, None)
        proxy = self._session.archive.config.proxy
        place = Place(
            run=self.report.run,
            site=site,
            read_with=None if callback is None else {"callback": callback, "arguments": {}},
            network={"proxy": proxy} if proxy else None,
        )
        # Beside the writer's thread: looking for secrets takes half a second for each MB, and events wait there.
        drafts = await asyncio.to_thread(self._drafts, look, place, cookies)
        captures = await asyncio.wrap_future(self._session.record_all(lambda: drafts))
        shown = next(capture for capture in captures if capture.look is not None and not capture.withheld)
        await asyncio.to_thread(self._extractor.read, shown)
        return shown

    def _drafts(self, look: Look, place: Place, cookies: list[tuple[str, str]]) -> list[Draft]:
        """The page's drafts without its secrets, and the withheld originals."""
        made = page_drafts(look, place, new_capture_id())
        found = find_secrets(made, [*cookies, *self._known])
        for secret in found:
            self._known.setdefault((secret.name, secret.value))
        for oldest in list(self._known)[:-_KNOWN]:
            del self._known[oldest]
        return withhold(made, found)

    async def _say(self, text: str, *, listed: bool = False, good: bool = True) -> None:
        self._tell(text)
        if self._panel is not None:
            await self._panel.say(text.partition("　")[0])  # the list below says which page
            if listed:
                await self._panel.add(text, good=good)

    # The end

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        if self._ending:
            work.close()
            return
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._wrong(error)

    def _wrong(self, error: BaseException) -> None:
        """Something failed that nobody foresaw: evidence can perhaps no longer be kept. Fail closed."""
        self.report.errors.append(f"{type(error).__name__}: {error}")
        self._tell(f"出错，取证结束：{error}")
        self._over.set()

    async def _until_over(self, stop: asyncio.Event | None) -> None:
        ends = [self._over, *((self._panel.closed,) if self._panel else ()), *((stop,) if stop else ())]
        waits = [asyncio.ensure_future(event.wait()) for event in ends]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if self._tabs and not await self._answers():
            self.report.errors.append("the browser ended unexpectedly / 浏览器意外退出")
            self._tell("浏览器意外退出，取证结束；此前固定的网页均已保存。")

    async def _answers(self) -> bool:
        """Whether the browser is there."""
        try:
            async with asyncio.timeout(_CLOSING):
                return self._line is not None and bool(await self._line.send("Browser.getVersion"))
        except (TimeoutError, *BROKEN):
            return False

    async def _end(self, context: BrowserContext) -> None:
        self._ending = True
        if self._line is not None and not await self._answers() and self._watch is not None:
            self._watch.end()  # nobody waits for a browser that is gone
        async with self._capturing:  # what is under way is finished first
            pass
        for task in list(self._tasks):
            task.cancel()
        if self._watch is not None:
            self._watch.end()
        await self._close(context)
        if self._line is not None:
            await asyncio.to_thread(self._close_log)

    async def _close(self, context: BrowserContext) -> None:
        try:
            async with asyncio.timeout(_CLOSING):
                await context.close()
        except BROKEN:
            return
        except TimeoutError:
            if self._pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)

    def _close_log(self) -> None:
        if self._session.archive.config.environment.check:
            self._environment.after()
        states = [capture.state for capture in self.report.captures]
        counts = {"captures": {state: states.count(state) for state in sorted(set(states))},
                  "errors": self.report.errors}  # fmt: skip
        closed = {"run": self.report.run, "reason": "finished", "counts": counts}
        self._session.record_event("run-closed", closed)


def require_screen() -> None:
    """Raise BrowserMissing where no window can be shown (X11 and Wayland name their screens in variables)."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        raise BrowserMissing(
            "no screen: DISPLAY and WAYLAND_DISPLAY are not set, so no browser window can be shown; run this on a"
            " machine with a desktop, or over ssh -X / 没有图形界面，无法打开浏览器窗口：请在有桌面的计算机上运行"
        )


def make_profile(profile: Path, archive: Path) -> None:
    """Make the profile's folder, for its owner alone. Raises UsageError where it or the archive holds the other.

    It holds cookies, and an archive is handed on.
    """
    at, kept = profile.resolve(), archive.resolve()
    if at.is_relative_to(kept) or kept.is_relative_to(at):
        raise UsageError(
            f"the browser profile {profile} and the archive {archive} must lie apart: choose a folder outside of it"
        )
    profile.mkdir(parents=True, exist_ok=True, mode=0o700)
    profile.chmod(0o700)


def _same_site(request: Request, url: str) -> bool:
    worker = request.service_worker
    return worker is not None and worker.url.split("/")[:3] == url.split("/")[:3]


def _why_not(error: DriverError) -> str:
    text = " ".join(str(error).split("Call log:")[0].split())[:300]
    if "ProcessSingleton" in text or "existing browser session" in text or "SingletonLock" in text:
        return (
            f"the profile is in use: close the other browser window, or name another --profile ({text})"
            " / 该用户数据文件夹正在使用：请先关闭另一个浏览器窗口"
        )
    return (
        f"the browser window cannot be opened: {text}; is there a screen (DISPLAY), and may this user use it?"
        " / 无法打开浏览器窗口：请检查图形界面"
    )
