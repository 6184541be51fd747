"""Assisted capture: a person browses in a visible browser, and what they see is captured when they say so.

Nothing of ours is in the page: the buttons stand in a window of their own, and the hotkey listens in an isolated
world that the page cannot see. Nothing is clicked, filled or scrolled, unless the operator asks for the scrolling.
The profile is the operator's own and stays outside the archive. Cookies, tokens and passwords are cut out of what is
handed over: the originals are captured too, as withheld captures (crawler.engine.withholding).
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Frame, Page, async_playwright
from playwright.async_api import Error as DriverError

from crawler import __version__, clock
from crawler.engine.addon import new_run
from crawler.engine.browser import BrowserMissing, find_chromium
from crawler.engine.drafts import new_capture_id
from crawler.engine.extractor import Extractor
from crawler.engine.reader import reader_of
from crawler.engine.render import dom_page
from crawler.engine.rendering.artefacts import check_cjk_font, make_artefacts
from crawler.engine.rendering.isolated import World
from crawler.engine.rendering.look import Look, Viewing
from crawler.engine.rendering.page_drafts import Place, page_drafts
from crawler.engine.rendering.settle import settle
from crawler.engine.rendering.traffic import Traffic
from crawler.engine.run import project_settings
from crawler.engine.visit import BROKEN
from crawler.engine.walls import wall
from crawler.engine.withholding import find_secrets, withhold
from crawler.errors import FormatError, UsageError
from crawler.evidence.archive import Draft
from crawler.evidence.manifest import Capture
from crawler.store.session import Session

SITE = "assist"  # the run's site; a capture's own is the spider that reads its address, if there is one
HOTKEY = "Ctrl+Alt+S"

_ARGUMENTS = ("--disable-site-isolation-trials", "--disable-features=IsolateOrigins,site-per-process")
_WORLD = "evidence-hotkey"
_BINDING = "evidenceHotkey"
_HOTKEY = f"""addEventListener("keydown", (event) => {{
  if (event.isTrusted && event.ctrlKey && event.altKey && event.code === "KeyS") {_BINDING}("capture");
}}, true)"""
_TRAFFIC = 3.0  # seconds for bodies under way when a page is captured
_CLOSING = 5.0
_REST = 15.0  # seconds that a page has to come to rest before it is captured by itself


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
    """What was captured in one run."""

    run: str
    captures: list[Capture] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    items: int = 0


class Assistant:
    """One run of assisted capture. `tell` is told, in Chinese, what happens."""

    def __init__(
        self,
        session: Session,
        assignment: Assignment,
        viewing: Viewing,
        tell: Callable[[str], None],
        *,
        executable: str | None = None,
    ) -> None:
        self._session = session
        self._assignment = assignment
        self._viewing = replace(viewing, scroll=False, user_agent_suffix="", more=None, screencast=False)
        self._tell = tell
        self._executable = executable
        self._every_page = assignment.every_page
        self._tabs: list[Tab] = []
        self._capturing = asyncio.Lock()
        self._over = asyncio.Event()
        self._panel: Page | None = None
        self._browser = ""
        self._extractor = Extractor(session, project_settings(session.archive.path))
        self._tasks: set[asyncio.Task[None]] = set()
        self._known: set[tuple[str, str]] = set()  # secrets of the pages before: names and values
        self.report = AssistReport(new_run())

    async def run(self, stop: asyncio.Event | None = None) -> AssistReport:
        """Until the operator ends it, closes the browser, or `stop` is set. Raises BrowserMissing, UsageError."""
        require_outside(self._assignment.profile, self._session.archive.path)
        async with async_playwright() as playwright:
            try:
                context = await playwright.chromium.launch_persistent_context(
                    str(self._assignment.profile),
                    headless=False,
                    executable_path=self._executable or find_chromium(),
                    no_viewport=True,
                    args=[*_ARGUMENTS, f"--window-size={self._viewing.width},{self._viewing.height}"],
                    handle_sigint=False,
                    handle_sigterm=False,
                )
            except DriverError as error:
                reason = " ".join(str(error).split("Call log:")[0].split())[:300]
                raise BrowserMissing(
                    f"the browser window cannot be opened: {reason}; is there a screen?"
                ) from error
            context.on("close", lambda _: self._over.set())
            try:
                await self._begin(context)
                await self._until_over(stop)
            finally:
                await self._end(context)
        return self.report

    async def _begin(self, context: BrowserContext) -> None:
        first = context.pages[0] if context.pages else await context.new_page()
        session = await context.new_cdp_session(first)
        try:
            await check_cjk_font(session)
        except FormatError as error:
            raise BrowserMissing(str(error)) from error
        self._browser = (await session.send("Browser.getVersion"))["product"]
        await asyncio.to_thread(self._log, "run-started", self._statement())
        self._panel = await self._open_panel(context, session)
        await session.detach()
        context.on("page", lambda page: self._later(self._attach(context, page)))
        await self._attach(context, first)
        with contextlib.suppress(*BROKEN):  # the operator sees what the browser says, and goes on from there
            await first.goto(self._assignment.url, wait_until="commit", timeout=30_000)
        await first.bring_to_front()

    def _statement(self) -> dict[str, Any]:
        said = self._assignment
        return {
            "run": self.report.run,
            "site": SITE,
            "software": f"web-evidence/{__version__}",
            "settings": {
                "url": said.url,
                "account": said.account,
                "authority": said.authority,
                "profile": "kept" if any(said.profile.glob("*/Preferences")) else "new",
                "every_page": self._every_page,
                "browser": self._browser,
            },
        }

    async def _open_panel(self, context: BrowserContext, session: CDPSession) -> Page:
        """The window with the buttons, which is no page of the operator's."""
        async with context.expect_page() as opening:
            await session.send(
                "Target.createTarget", {"url": "about:blank", "newWindow": True, "width": 420, "height": 720}
            )
        panel = await opening.value
        await panel.expose_binding("evidence", self._asked)
        await panel.set_content(resources.files(__package__).joinpath("panel.html").read_text("utf-8"))
        panel.on("close", lambda _: self._over.set())
        return panel

    async def _asked(self, _source: object, what: str, value: object) -> None:
        """A button of the panel was pressed."""
        if what == "end":
            self._over.set()
        elif what == "every":
            self._every_page = bool(value)
            await asyncio.to_thread(
                self._log, "assist-changed", {"run": self.report.run, "every_page": self._every_page}
            )
        elif (tab := await self._front()) is None:
            await self._say("没有打开的网页。")
        else:
            await self.capture(tab, scroll=what == "scroll")

    async def _front(self) -> "Tab | None":
        """The tab that the operator sees: the newest of those that are shown."""
        for tab in sorted(self._tabs, key=lambda tab: tab.used, reverse=True):
            if await tab.shown():
                return tab
        return self._tabs[-1] if self._tabs else None

    async def _attach(self, context: BrowserContext, page: Page) -> None:
        if page is self._panel:
            return
        tab = Tab(page, self)
        with contextlib.suppress(*BROKEN):  # closed again already
            await tab.listen(context, self._viewing)
            self._tabs.append(tab)
            page.on("close", lambda _: self._forget(tab))

    def _forget(self, tab: "Tab") -> None:
        if tab in self._tabs:
            self._tabs.remove(tab)
        if not self._tabs:
            self._over.set()

    async def capture(self, tab: "Tab", *, scroll: bool = False) -> None:
        """Capture what a tab shows now; one at a time. What goes wrong is told, and noted in the report."""
        async with self._capturing:
            await self._say("正在固定，请勿操作该网页……")
            try:
                look = await tab.look(replace(self._viewing, scroll=scroll), self._browser)
            except (TimeoutError, *BROKEN) as error:
                reason = " ".join(str(error).split())[:200] or "页面没有响应"
                self.report.errors.append(reason)
                await self._say(f"未能固定：{reason}", listed=True, good=False)
                return
            captured = await self._record(look, await tab.cookies())
            self.report.captures.append(captured)
            done = captured.state == "complete"
            words = f"{clock.beijing(captured.started)}　{look.title or captured.url}"
            state = "已固定" if done else f"已固定（{captured.state}：{captured.reason}）"
            await self._say(f"{state}　{words}　采集号 {captured.id[:12]}", listed=True, good=done)

    async def _record(self, look: Look, cookies: list[tuple[str, str]]) -> Capture:
        page = dom_page(look)
        if page is not None and (blocked := wall(page, rendered=True)) is not None:
            look.state, look.reason = "blocked", blocked
        site, read_with = reader_of(page.url if page is not None else look.url)
        place = Place(run=self.report.run, site=site or SITE, read_with=read_with)
        identity = new_capture_id()

        def drafts() -> list[Draft]:
            made = page_drafts(look, place, identity)
            found = find_secrets(made, [*cookies, *self._known])
            self._known |= {(secret.name, secret.value) for secret in found}
            return withhold(made, found)

        captures = await asyncio.wrap_future(self._session.record_all(drafts))
        shown = next(capture for capture in captures if capture.look is not None and not capture.withheld)
        await asyncio.to_thread(self._extractor.read, shown)
        return shown

    async def _say(self, text: str, *, listed: bool = False, good: bool = True) -> None:
        self._tell(text)
        if self._panel is None or self._panel.is_closed():
            return
        with contextlib.suppress(*BROKEN):
            await self._panel.evaluate("(text) => say(text)", text)
            if listed:
                await self._panel.evaluate("([text, good]) => add(text, good)", [text, good])

    def on_page(self, tab: "Tab") -> None:
        """A tab has opened another page."""
        if self._every_page:
            self._later(self._capture_opened(tab))

    async def _capture_opened(self, tab: "Tab") -> None:
        if await tab.rests(_REST):
            await self.capture(tab)

    def on_hotkey(self, tab: "Tab") -> None:
        """The hotkey was pressed in a tab."""
        self._later(self.capture(tab))

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.report.errors.append(f"{type(error).__name__}: {error}")
            self._tell(f"出错，取证结束：{error}")
            self._over.set()  # evidence can perhaps no longer be kept: fail closed

    async def _until_over(self, stop: asyncio.Event | None) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (self._over, stop) if event is not None]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _end(self, context: BrowserContext) -> None:
        async with self._capturing:  # what is under way is finished first
            pass
        for task in list(self._tasks):
            task.cancel()
        with contextlib.suppress(TimeoutError, *BROKEN):
            async with asyncio.timeout(_CLOSING):
                await context.close()
        states = [capture.state for capture in self.report.captures]
        counts = {
            "captures": {state: states.count(state) for state in set(states)},
            "errors": self.report.errors,
        }
        details = {"run": self.report.run, "reason": "finished", "counts": counts}
        await asyncio.to_thread(self._log, "run-closed", details)

    def _log(self, act: str, details: dict[str, Any]) -> None:
        self._session.record_event(act, details)


class Tab:
    """One tab of the operator's: its traffic since its page was opened, and what can be made of it."""

    def __init__(self, page: Page, owner: Assistant) -> None:
        self.page = page
        self.used = 0.0
        self._owner = owner
        self._session: CDPSession | None = None
        self._traffic: Traffic | None = None
        self._world: World | None = None

    async def listen(self, context: BrowserContext, viewing: Viewing) -> None:
        """Record from now on. Raises the driver's errors if the tab is gone."""
        session = self._session = await context.new_cdp_session(self.page)
        self._traffic = Traffic(session, viewing, broken=BROKEN)
        await self._traffic.start()
        self._world = World(session, broken=BROKEN)
        await session.send("Page.enable")
        await session.send("Runtime.enable")
        await session.send("Runtime.addBinding", {"name": _BINDING, "executionContextName": _WORLD})
        hotkey = {"source": _HOTKEY, "worldName": _WORLD, "runImmediately": True}
        await session.send("Page.addScriptToEvaluateOnNewDocument", hotkey)
        session.on("Runtime.bindingCalled", self._called)
        self.page.on("framenavigated", self._navigated)
        self._touch()

    async def shown(self) -> bool:
        """Whether the tab is the front one of its window."""
        if self._world is None:
            return False
        try:
            await self._world.open()
            return bool(await self._world.run("document.visibilityState === 'visible'", seconds=2.0))
        except (TimeoutError, FormatError, *BROKEN):
            return False

    async def rests(self, seconds: float) -> bool:
        """Wait until the page has come to rest, or the time is over; False if the tab is gone."""
        try:
            await self.page.wait_for_load_state("load", timeout=seconds * 1000)
            if self._traffic is not None:
                await self._traffic.quiet(0.5, seconds)
        except BROKEN:
            return not self.page.is_closed()
        return True

    async def look(self, viewing: Viewing, browser: str) -> Look:
        """The page as it stands. Raises TimeoutError, the driver's errors."""
        if self._session is None or self._traffic is None or self._world is None:
            raise UsageError("this tab is not listened to yet: press again")
        look = Look(
            url=self.page.url,
            final_url=self.page.url,
            started=clock.now(),
            ended="",
            state="complete",
            browser=browser,
            viewing=viewing,
        )
        async with asyncio.timeout(viewing.seconds):
            await self._world.open()
            settled = await settle(self._session, self._world, viewing, self._traffic.quiet)
            look.title = "" if settled.hung else await self.page.title()
            made, missing = await make_artefacts(self._session, self._world, viewing, settled, broken=BROKEN)
        look.artefacts, look.missing = made, missing
        look.exchanges = await self._traffic.so_far(_TRAFFIC)
        look.certificates = await self._traffic.certificates()
        look.notes = [*self._traffic.notes, *settled.notes]
        look.settled = settled.facts
        look.ended = clock.now()
        reasons = [f"missing: {', '.join(sorted(missing))}"] if missing else []
        if not any(seen.main for seen in look.exchanges):
            reasons.append("the page's own answer was not seen: it was opened before the recorder listened")
        if reasons:
            look.state, look.reason = "partial", "; ".join(reasons)
        return look

    async def cookies(self) -> list[tuple[str, str]]:
        """Names and values of all cookies that the browser holds, whatever site they are of."""
        held = await self.page.context.cookies()
        return [
            (cookie["name"], cookie["value"]) for cookie in held if cookie.get("name") and cookie.get("value")
        ]

    def _navigated(self, frame: Frame) -> None:
        if frame.parent_frame is None:
            self._touch()
            if self._traffic is not None:
                self._traffic.forget_earlier()
            self._owner.on_page(self)

    def _called(self, event: dict[str, Any]) -> None:
        if event.get("name") == _BINDING:
            self._touch()
            self._owner.on_hotkey(self)

    def _touch(self) -> None:
        self.used = asyncio.get_running_loop().time()


def require_outside(profile: Path, archive: Path) -> None:
    """Raise UsageError for a profile within the archive: it holds cookies, and an archive is handed on."""
    if profile.resolve().is_relative_to(archive.resolve()):
        raise UsageError(f"the browser profile {profile} lies in the archive: choose a folder outside of it")
