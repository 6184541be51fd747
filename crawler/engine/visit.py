"""One page from opening to closing, in a browser that `crawler.engine.browser` has started.

What happens to the page is written into the look as it happens, so that a page that crashes or hangs leaves what was
seen of it. Every artefact that was wanted is in the look in the end, or is named in `missing` with the reason.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from playwright.async_api import (
    BrowserContext,
    CDPSession,
    Dialog,
    Download,
    Page,
    Request,
    Route,
    WebSocketRoute,
)
from playwright.async_api import Error as DriverError

from crawler import clock
from crawler.engine.rendering.answers import Answers
from crawler.engine.rendering.artefacts import NAMES, make_artefacts
from crawler.engine.rendering.isolated import World
from crawler.engine.rendering.look import Artefact, Look, Viewing
from crawler.engine.rendering.outcome import outcome
from crawler.engine.rendering.screencast import Screencast
from crawler.engine.rendering.settle import Settled, settle
from crawler.engine.rendering.traffic import Traffic
from crawler.engine.rendering.workers import seen_by_worker
from crawler.errors import EvidenceError, FormatError

BROKEN = (DriverError,)  # what the driver raises when page, context or browser is gone, or refuses

_CLOSING = 5.0  # seconds for closing a context
_ELSEWHERE = 200  # requests of service workers and popups of one page that are kept
_TRAFFIC_END = 5.0  # seconds for bodies that are still under way at the end
_NOTES = 100


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
        self._early: str | None = None
        self._doing = "crash"  # what an error of the driver means now
        self._settled: Settled | None = None
        self.lost = asyncio.Event()  # the page's renderer is gone: nothing more will come
        self._closing: set[asyncio.Task[None]] = set()
        self._elsewhere: list[
            tuple[Request, str]
        ] = []  # what the page's own session does not see, and who asked
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
        self._session.on("Page.windowOpen", self._window)
        await self._session.send("Page.enable")
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
        await self._go(page)
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
            for request, by in self._elsewhere[:_ELSEWHERE]:
                seen = await seen_by_worker(request, self.viewing.max_body, broken=BROKEN)
                self._traffic.take(seen if by == "worker" else replace(seen, worker=None, initiator=by))
            self.look.exchanges = await self._traffic.finish(_TRAFFIC_END)
            self.look.notes += self._traffic.notes
            self._keep_frames(self._traffic.frames)
        self.look.ended = clock.now()
        unrest = self._settled.unrest if self._settled is not None else []
        self._name_missing()
        self.look.state, self.look.reason = outcome(self.look, self._early, unrest)

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

    def ended_early(self, why: str | BaseException) -> None:
        """Note that the look was cut short: by the clock, or by an error of driver or page."""
        self._early = self._early or (why if isinstance(why, str) else f"{self._doing}: {_line(why)}")

    def _name_missing(self) -> None:
        """Every artefact that was wanted and is neither there nor explained yet."""
        made = {artefact.name for artefact in self.look.artefacts}
        wanted = NAMES if self.viewing.wanted is None else self.viewing.wanted
        for name in wanted:
            if name not in made:
                self.look.missing.setdefault(name, self._early or "the look ended before it was made")

    async def _go(self, page: Page) -> None:
        """Raises the driver's error where there is no page to look at."""
        self._doing = "navigation"
        await page.goto(self.look.url, wait_until="commit", timeout=self.viewing.seconds * 1000)
        self._doing = "crash"
        with suppress(DriverError):  # a page that never ends loading is looked at as it stands
            await page.wait_for_load_state("load", timeout=self.viewing.settle_seconds * 1000)

    def _keep_frames(self, frames: list[dict[str, Any]]) -> None:
        """What went over WebSockets, one JSON object a line; such messages have no form in WARC."""
        if frames:
            lines = "".join(json.dumps(frame, ensure_ascii=False) + "\n" for frame in frames)
            content = lines.encode("utf-8", "backslashreplace")
            self.look.artefacts.append(
                Artefact("websocket", "application/jsonl", content, {"frames": len(frames)})
            )

    def _note(self, what: str, **facts: Any) -> None:
        if len(self.look.notes) < _NOTES:
            self.look.notes.append({"what": what, "time": clock.now(), **facts})

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _requested(self, request: Request) -> None:
        if request.service_worker is not None:
            self._elsewhere.append((request, "worker"))
        elif not self._is_ours(request):
            self._elsewhere.append((request, "popup"))

    def _is_ours(self, request: Request) -> bool:
        try:
            return request.frame.page is self._page
        except DriverError:  # the first request of a window that has no page yet
            return False

    def _window(self, event: dict[str, Any]) -> None:
        """The page wanted to open a window, which the browser does not let it."""
        self._note("popup", url=str(event.get("url", ""))[:500])

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
        self.lost.set()


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
        await context.route_web_socket(re.compile(""), self._speak)  # routes of HTTP do not catch them
        page = self._page = await context.new_page()
        await page.clock.set_fixed_time(clock.parse(self._at))
        context.on("page", self._popup)
        page.on("dialog", self._dialog)
        self._session = await context.new_cdp_session(page)

    async def _answer(self, route: Route) -> None:
        request = route.request
        answer = self._answers.to(
            request.method, request.url, body=request.post_data_buffer, wanted=request.headers.get("range")
        )
        with suppress(*BROKEN):  # the page may have lost interest, or be gone
            if answer is None:
                await route.abort("internetdisconnected")
            else:
                await route.fulfill(status=answer.status, headers=dict(answer.fields), body=answer.body)

    async def _speak(self, route: WebSocketRoute) -> None:
        """Say what the server said; without `connect_to_server` there is none."""
        with suppress(*BROKEN):
            conversation = self._answers.conversation(route.url)
            if conversation is None:
                await route.close(code=1001, reason="not recorded")
                return
            route.on_message(lambda _message: _say(route, conversation.answer()))
            _say(route, conversation.opened())


def _say(route: WebSocketRoute, messages: Sequence[str | bytes]) -> None:
    with suppress(*BROKEN):  # the page may be gone
        for message in messages:
            route.send(message)


async def _always_quiet(_seconds: float, _at_most: float) -> bool:
    return True


async def _quietly(work: Any) -> None:
    """Close or dismiss something that the page opened; it may be gone by itself."""
    with suppress(*BROKEN):
        await work


def _line(error: BaseException) -> str:
    return " ".join(str(error).split("Call log:")[0].split())[:300]
