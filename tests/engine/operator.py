"""A scripted operator: an assisted capture that runs on a screen nobody sees, driven from within a test."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page

from crawler.engine.assist import Assignment, Assistant
from crawler.engine.rendering.look import Viewing
from crawler.engine.tab import Tab
from crawler.evidence.manifest import Capture
from crawler.store.session import Session
from tests.gallery.processes import descendants

VIEWING = Viewing(seconds=20.0, settle_seconds=4.0)


class Scripted(Assistant):
    """Lets the test into the browser, as it lets the operator."""

    context: BrowserContext

    async def _begin(self, context: BrowserContext, profile: str) -> None:
        self.context = context
        await super()._begin(context, profile)
        self.begun.set()

    def prepare(self) -> None:
        self.begun = asyncio.Event()
        self.said: list[str] = []


class Operator:
    """What the operator sees and does. `run` is the assistant's run; `stop` is Ctrl-C."""

    def __init__(self, assistant: Scripted, run: "asyncio.Future[Any]", stop: asyncio.Event) -> None:
        self.assistant, self.run, self.stop = assistant, run, stop

    @property
    def page(self) -> Page:
        return self.assistant.context.pages[0]

    @property
    def panel(self) -> Page:
        return self.assistant.context.pages[1]

    @property
    def tabs(self) -> list[Tab]:
        return list(self.assistant._tabs.values())

    @property
    def captures(self) -> list[Capture]:
        return self.assistant.report.captures

    def said(self, words: str) -> bool:
        return any(words in line for line in self.assistant.said)

    async def go(self, url: str) -> None:
        await self.page.goto(url)
        await asyncio.sleep(0.4)

    async def press(self, button: str = "capture") -> Capture:
        """Press a button of the panel with the mouse; the capture that came of it."""
        before = len(self.captures)
        await self.panel.click("#" + button)
        await self.until(lambda: len(self.captures) > before or self.run.done())
        return self.captures[-1]

    async def until_title(self, title: str) -> None:
        """Until the page has that title."""
        async with asyncio.timeout(15):
            await self.page.wait_for_function("(title) => document.title === title", arg=title)

    async def until(self, there: Callable[[], Any], seconds: float = 25.0) -> None:
        async with asyncio.timeout(seconds):
            while not there():
                await asyncio.sleep(0.05)


@asynccontextmanager
async def operator(
    archive: Path, url: str, profile: Path, *, every: bool = False, arguments: tuple[str, ...] = ()
) -> AsyncIterator[Operator]:
    """A run until the end of the block, or until the operator ends it. Nothing of the browser may be left."""
    with Session.open(archive) as session:
        assignment = Assignment(
            url=url,
            account="本人账号，尾号 1234",
            authority="当事人授权书",
            profile=profile,
            every_page=every,
        )
        said: list[str] = []
        assistant = Scripted(session, assignment, VIEWING, said.append, arguments=arguments)
        assistant.prepare()
        assistant.said = said
        stop = asyncio.Event()
        run = asyncio.ensure_future(assistant.run(stop))
        begun = asyncio.ensure_future(assistant.begun.wait())
        await asyncio.wait((run, begun), return_when=asyncio.FIRST_COMPLETED, timeout=60)
        begun.cancel()
        if run.done():
            run.result()
        here = Operator(assistant, run, stop)
        try:
            await here.until(lambda: here.tabs and here.tabs[0].url == url)
            await asyncio.sleep(0.5)
            yield here
        finally:
            stop.set()
            async with asyncio.timeout(40):
                await run
    assert browsers() == {}


def browsers() -> dict[int, str]:
    """Processes of a browser that this process started."""
    return {pid: line for pid, line in descendants(os.getpid()).items() if "--user-data-dir" in line}


async def xdotool(*words: object) -> str:
    """What a person's mouse and keyboard do, as the screen takes it."""
    done: Awaitable[subprocess.CompletedProcess[str]] = asyncio.to_thread(
        subprocess.run,  # type: ignore[arg-type]
        ["xdotool", *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
    )
    return (await done).stdout
