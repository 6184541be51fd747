"""One tab of the operator's: its traffic since its page was opened, and what can be made of it.

The page is left as it stands: no click, no key, no focus, no scrolling unless the operator asked for it, nothing in
the page's own JavaScript or document. What a capture stops for a moment (scripts, animations) goes on afterwards.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from crawler import clock
from crawler.engine.rendering.artefacts import make_artefacts
from crawler.engine.rendering.isolated import World
from crawler.engine.rendering.look import Artefact, Look, Seen, Viewing
from crawler.engine.rendering.outcome import outcome
from crawler.engine.rendering.settle import Settled, settle
from crawler.engine.tab_line import Line, LineBroken
from crawler.engine.tab_storage import stored_secrets
from crawler.engine.tab_traffic import TabTraffic
from crawler.engine.visit import BROKEN
from crawler.errors import EvidenceError, FormatError

GONE: tuple[type[BaseException], ...] = (
    LineBroken,
    *BROKEN,
)  # what is raised when the tab or the browser is gone

_SILENT: tuple[type[BaseException], ...] = (TimeoutError, FormatError, *GONE)
_WORLD = "evidence-hotkey"
_BINDING = "evidenceTold"
_LISTENER = f"""addEventListener("keydown", (event) => {{
  if (event.isTrusted && event.ctrlKey && event.altKey && event.code === "KeyS") {_BINDING}("capture");
}}, true);
addEventListener("focus", (event) => {{ if (event.target === window) {_BINDING}("front"); }}, true);
document.addEventListener("visibilitychange", () => {{ if (!document.hidden) {_BINDING}("front"); }}, true);"""
_TITLE = """Reflect.apply(Object.getOwnPropertyDescriptor(Document.prototype, "title").get, document, [])"""
_BACK = (
    "globalThis.resumeMotion && resumeMotion(), globalThis.stood && scrollTo({left: stood[0], top: stood[1],"
    " behavior: 'instant'}), delete globalThis.stood, delete globalThis.resumeMotion, delete globalThis.keepMotion"
)
_TRAFFIC = 3.0  # seconds for bodies under way when a page is captured
_CALL = 2.0
_ANSWER = 6.0  # seconds that a busy page may take until it answers at all

UNSEEN = (
    "the page's own answer was not seen: it was opened before the recorder listened; reload and capture again"
)
_MISSED = (
    "the page's own answer as the driver told it, text recoded: reload and capture again for its very bytes"
)


class NotNow(EvidenceError):
    """The tab cannot be captured as it is now; the message says what the operator may do, in Chinese."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told what happens in a tab."""

    opened: Callable[["Tab"], None]  # another page, or another address of it
    hotkey: Callable[["Tab"], None]
    front: Callable[["Tab"], None]  # the operator turned to it


class Tab:
    """See the module. `target`: the browser's name of the tab, and of its main frame."""

    def __init__(self, target: str, line: Line, viewing: Viewing, told: Told) -> None:
        self.target = target
        self.url = ""
        self.used = 0.0
        self._line = line
        self._told = told
        self._traffic = TabTraffic(line, viewing, target, broken=GONE)
        self._dialog = False

    async def listen(self) -> None:
        """Record from now on. Raises LineBroken, the driver's errors and TimeoutError if the tab is gone."""
        line = self._line
        line.on("Page.frameNavigated", self._navigated)
        line.on("Page.navigatedWithinDocument", self._moved)
        line.on("Page.javascriptDialogOpening", lambda _: self._has_dialog(True))
        line.on("Page.javascriptDialogClosed", lambda _: self._has_dialog(False))
        line.on("Runtime.bindingCalled", self._called)
        listener = {"source": _LISTENER, "worldName": _WORLD, "runImmediately": True}
        tree, *_ = await asyncio.gather(
            line.send("Page.getFrameTree"),
            self._traffic.start(),
            line.send("Page.enable"),
            line.send("Runtime.enable"),
            line.send("Runtime.addBinding", {"name": _BINDING, "executionContextName": _WORLD}),
            line.send("Page.addScriptToEvaluateOnNewDocument", listener),
        )
        self.url = self.url or tree["frameTree"]["frame"]["url"]
        self._touch()

    def require_page(self) -> None:
        """Raise NotNow unless a web page is shown that answers."""
        if self._dialog:
            raise NotNow("网页弹出了对话框：请先在网页中处理，再固定")
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise NotNow(f"当前标签页不是网站的网页（{self.url[:80]}）：请先打开要固定的网页")

    async def shown(self) -> bool:
        """Whether the tab is the front one of its window."""
        try:
            return bool(await self._world().run("document.visibilityState === 'visible'", seconds=_CALL))
        except _SILENT:
            return False

    async def title(self) -> str:
        """The page's title; empty if it does not say."""
        try:
            return str(await self._world().run(_TITLE, seconds=_CALL))[:2000]
        except _SILENT:
            return ""

    async def rests(self, seconds: float) -> bool:
        """Wait until the page has come to rest, or the time is over; False if it is none or the tab is gone."""
        await self._traffic.quiet(0.5, seconds)
        return urlsplit(self.url).scheme in ("http", "https") and await self.shown()

    async def look(self, viewing: Viewing, browser: str) -> Look:
        """The page as it stands. Raises NotNow, TimeoutError, FormatError, LineBroken, the driver's errors."""
        self.require_page()
        document, world = self._traffic.document, self._world()
        try:
            async with asyncio.timeout(viewing.seconds):
                viewing = await self._as_seen(world, viewing)
                look = _begun(self.url, viewing, browser)
                settled = await self._make(look, world)
        finally:
            await self._give_back(world, viewing)
        look.exchanges = await self._traffic.so_far(_TRAFFIC)
        look.certificates = await self._traffic.certificates()
        look.notes = [*self._traffic.notes, *settled.notes]
        look.final_url = self.url
        look.ended = clock.now()
        self._keep_frames(look)
        look.state, look.reason = outcome(look, self._fault(look, document), settled.unrest)
        return look

    async def _as_seen(self, world: World, viewing: Viewing) -> Viewing:
        """With the window as the operator has it. Raises NotNow for a page that does not answer."""
        try:
            await world.run("globalThis.keepMotion = true", seconds=_ANSWER)
            asked = "[Math.round(innerWidth), Math.round(innerHeight)]"
            width, height = await world.run(asked, seconds=_CALL)
        except (FormatError, TimeoutError) as error:
            if self._dialog:
                raise NotNow("网页弹出了对话框：请先在网页中处理，再固定") from error
            raise
        return replace(viewing, width=max(1, int(width)), height=max(1, int(height)))

    async def _make(self, look: Look, world: World) -> Settled:
        viewing = look.viewing
        if viewing.scroll:
            await world.run(
                "delete globalThis.keepMotion, globalThis.stood = [scrollX, scrollY]", seconds=_CALL
            )
        settled = await settle(self._line, world, viewing, self._traffic.quiet)
        look.title = "" if settled.hung else await self.title()
        look.settled = settled.facts
        look.artefacts, look.missing = await make_artefacts(self._line, world, viewing, settled, broken=GONE)
        return settled

    async def _give_back(self, world: World, viewing: Viewing) -> None:
        """Let the operator's page go on as before, whatever became of the capture."""
        calls: list[tuple[str, dict[str, Any]]] = [
            ("Emulation.setScriptExecutionDisabled", {"value": False}),
            ("Animation.setPlaybackRate", {"playbackRate": 1}),
        ]
        if viewing.scroll:  # frames are pictured with a window as tall as the page
            calls.append(("Emulation.clearDeviceMetricsOverride", {}))
        for method, params in calls:
            with contextlib.suppress(TimeoutError, *GONE):
                async with asyncio.timeout(_CALL):
                    await self._line.send(method, params)
        with contextlib.suppress(TimeoutError, FormatError, *GONE):
            await world.run(_BACK, seconds=_CALL)

    def _fault(self, look: Look, document: str | None) -> str | None:
        """What makes the look less than the page that the operator meant."""
        if self._traffic.document != document:
            return "the page went elsewhere while it was captured"
        if not any(seen.main for seen in look.exchanges):
            return UNSEEN
        return None

    def _keep_frames(self, look: Look) -> None:
        """What went over WebSockets, one JSON object a line."""
        if frames := list(self._traffic.frames):
            lines = "".join(json.dumps(frame, ensure_ascii=False) + "\n" for frame in frames)
            content = lines.encode("utf-8", "backslashreplace")
            look.artefacts.append(
                Artefact("websocket", "application/jsonl", content, {"frames": len(frames)})
            )

    async def secrets(self) -> list[tuple[str, str]]:
        """Names and values of the tokens that the page keeps in the browser's storage."""
        return await stored_secrets(self._line, broken=GONE)

    def missed(self, look: Look, seen: Seen) -> None:
        """The page's own answer, which came before the tab could be listened to, as the driver told it."""
        main = replace(seen, main=True, worker=None, kind="Document", id=self._traffic.document or seen.id)
        look.exchanges.insert(0, main)
        look.state, look.reason = "partial", _MISSED if not look.missing else f"{_MISSED}; {look.reason}"

    def take(self, seen: Seen) -> None:
        """An exchange of the page's service worker."""
        self._traffic.take(seen)

    def _world(self) -> World:
        return World(self._line, broken=GONE)

    def _navigated(self, event: dict[str, Any]) -> None:
        frame = event["frame"]
        if frame.get("parentId"):
            return
        self._dialog = False
        self._traffic.navigated(frame.get("loaderId"))
        self._went(str(frame["url"]) + str(frame.get("urlFragment", "")))

    def _moved(self, event: dict[str, Any]) -> None:
        if event["frameId"] == self.target and event["url"] != self.url:
            self._went(str(event["url"]))

    def _went(self, url: str) -> None:
        self.url = url
        self._touch()
        self._told.opened(self)

    def _called(self, event: dict[str, Any]) -> None:
        if event.get("name") != _BINDING:
            return
        self._touch()
        (self._told.hotkey if event.get("payload") == "capture" else self._told.front)(self)

    def _has_dialog(self, there: bool) -> None:
        self._dialog = there

    def _touch(self) -> None:
        self.used = asyncio.get_running_loop().time()


def _begun(url: str, viewing: Viewing, browser: str) -> Look:
    now = clock.now()
    return Look(
        url=url, final_url=url, started=now, ended=now, state="failed", browser=browser, viewing=viewing
    )
