"""Bringing a page to rest, with all that it loads while it is scrolled: what the pictures will then agree with.

1. Wait until it is loaded and the network is quiet.
2. Scroll everything that scrolls, half a window per frame, again while it grows, and press the site's "load more".
3. A list that takes away what leaves the window, or a page that scrolls within a big box: walk once more,
   slowly, and keep a picture and the text of each place (`positions`).
4. Back to the top; fonts, pictures; motion stopped; quiet again.

All of it within `Viewing.settle_seconds`. Nothing here raises because a page is odd or slow: it is then left
as it stands, and `Settled` says so. A page whose script hangs gets that script ended, as a person would.
"""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from crawler.engine.rendering.isolated import World
from crawler.engine.rendering.look import Artefact, Cdp, Json, Viewing
from crawler.engine.rendering.positions import walk
from crawler.errors import FormatError

SCRIPT = resources.files("crawler.engine.rendering").joinpath("settle.js").read_text("utf-8")
LOADED_SECONDS = 15.0  # for the load event; a page may wait for one dead host for minutes
QUIET_SECONDS = 6.0  # at most, each time: a page that asks for something every second is never quiet
GROW_SECONDS = 0.3  # until a page that saw its end begins to grow; loaders look at most every 200 ms
MANY_LINES = 3  # so many lines gone make a list that only keeps what is on the screen
BIG = 0.4  # a box of so much of the window is the page's real content
OPENED = 3  # times that a page may go elsewhere while it is settled
Quiet = Callable[[float, float], Awaitable[bool]]


@dataclass(slots=True, kw_only=True)
class Settled:
    """A page at rest. Sizes are CSS pixels; `began` is on the monotonic clock.

    `ended`: ``settled``; ``screens``: cut at `Viewing.screens`, there was more; ``time``: cut by the clock.
    `lost_lines`: lines of text seen while scrolling that are not in the page now; they are in `scrolled`.
    `tiles`: pictures of the window at places of such a list. `inner`: boxes that were scrolled within the page.
    """

    began: float
    height: int = 0
    width: int = 0
    screens: int = 0
    ended: str = "settled"
    lost_lines: int = 0
    clicked: int = 0
    pictures: dict[str, int] = field(default_factory=dict)
    fonts: str = ""
    inner: list[Json] = field(default_factory=list)
    notes: list[Json] = field(default_factory=list)
    tiles: list[Artefact] = field(default_factory=list)
    scrolled: list[Json] = field(default_factory=list)
    hung: bool = False  # its script did not answer, even when it was ended

    @property
    def facts(self) -> Json:
        """For the metadata record: how the page came to rest."""
        names = ("height", "width", "screens", "ended", "lost_lines", "clicked", "pictures", "fonts", "inner")
        return {name: getattr(self, name) for name in names}

    @property
    def unrest(self) -> list[str]:
        """Why the page is not as a patient reader would see it, one phrase each."""
        pending = self.pictures.get("pending", 0)
        reasons = [] if self.ended == "settled" else [f"not at rest: {self.ended}"]
        return reasons + ([f"pictures still loading: {pending}"] if pending else [])


async def settle(cdp: Cdp, world: World, viewing: Viewing, quiet: Quiet) -> Settled:
    """Settle the page. `quiet(seconds, at_most)` waits until the network rested for so long, and says if it did.

    Raises the driver's error only if the page is closed or crashed under it.
    """
    settling = _Settling(cdp, world, viewing, quiet)
    try:
        await settling.go()
    except TimeoutError:
        await settling.give_up()
    return settling.settled


class _Settling:
    def __init__(self, cdp: Cdp, world: World, viewing: Viewing, quiet: Quiet) -> None:
        self.cdp, self.world, self.viewing, self._quiet = cdp, world, viewing, quiet
        self.settled = Settled(began=time.monotonic())
        self.until = self.settled.began + viewing.settle_seconds
        self._opened = 0

    def left(self, at_most: float = 1e9) -> float:
        """Seconds that are left, at most so many."""
        return max(0.0, min(at_most, self.until - time.monotonic()))

    def note(self, what: str, **facts: Any) -> None:
        self.settled.notes.append({"what": what, **facts})

    async def ask(self, expression: str) -> Any:
        """Run a piece of settle.js; in a new world if the page went elsewhere. TimeoutError when time is up."""
        while True:
            try:
                return await self.world.run(expression, seconds=self.left() + 1.0)
            except FormatError as error:
                self._opened += 1
                if self._opened > OPENED:
                    self.note("page could not be settled", reason=str(error))
                    raise TimeoutError from error
                self.note("page went elsewhere while it was settled", reason=str(error)[:300])
                await self._open()

    async def _open(self) -> None:
        """A fresh world with settle.js in it."""
        try:
            await self.world.open()
            await self.world.run(SCRIPT, seconds=self.left() + 1.0)
            await self.world.run("settle.begin()", seconds=self.left() + 1.0)
        except FormatError as error:
            self.note("page could not be settled", reason=str(error))
            raise TimeoutError from error

    async def quiet(self) -> None:
        if not await self._quiet(self.viewing.quiet_seconds, self.left(QUIET_SECONDS)):
            self.note("network was not quiet", seconds=self.viewing.quiet_seconds)

    async def go(self) -> None:
        await self._open()
        state = await self.ask(f"settle.loaded({_ms(self.left(LOADED_SECONDS))})")
        if state != "complete":
            self.note("page did not finish loading", state=state)
        await self.quiet()
        if self.viewing.scroll:
            await self._scroll()
            await self._again()
            await self.ask("settle.back()")
        await self._rest()

    async def _scroll(self) -> None:
        """Down everything that scrolls, until it grows no more."""
        size = await self.ask("settle.size()")
        there = 2 + int(size["height"]) // max(
            1, self.viewing.height
        )  # what is there already is no endless page
        screens = max(self.viewing.screens, there)
        while self.settled.ended == "settled":
            how = await self.ask(f"settle.round({screens}, {_ms(self.left())})")
            if how != "end":
                self.settled.ended = how
            elif not await self._grew() and not await self._press():
                break
        visited = await self.ask(f"settle.laggards({_ms(self.left() / 2)})")
        if visited:
            self.note("pictures that came late were visited again", pictures=visited)

    async def _grew(self) -> bool:
        if await self.ask(f"settle.grew({_ms(self.left(GROW_SECONDS))})"):
            return True
        await self.quiet()
        return bool(await self.ask("settle.grew(60)"))

    async def _press(self) -> bool:
        """Press "load more", if there is such a button and presses are left."""
        if not self.viewing.more or self.settled.clicked >= self.viewing.more_clicks:
            return False
        how = await self.ask(f"settle.press({_quoted(self.viewing.more)})")
        if how != "clicked":
            if how != "absent":
                self.note("load more", reason=how)
            return False
        self.settled.clicked += 1
        await self.ask(f"settle.grew({_ms(self.left(GROW_SECONDS))})")
        await self.quiet()
        return True

    async def _again(self) -> None:
        """Keep what only scrolling shows."""
        boxes = await self.ask("settle.boxes()")
        window = self.viewing.width * self.viewing.height
        self.settled.screens = max(1 + round(box["seen"] / max(box["window"], 1)) for box in boxes)
        self.settled.inner = [box for box in boxes if not box["main"]]
        lost = await self.ask("settle.lost()")
        big = [box for box in self.settled.inner if box["width"] * box["window"] >= BIG * window]
        if lost >= MANY_LINES:
            big = [box for box in boxes if box["main"] and box["height"] > box["window"] + 50] + big
        if not big:
            return
        await walk(self.cdp, self.ask, self.viewing, self.settled, big, self.until, self.world.broken)

    async def _rest(self) -> None:
        """Fonts, pictures, motion."""
        rest = await self.ask(f"settle.rest({_ms(self.left() * 0.6)})")
        self.settled.fonts = str(rest["fonts"])
        await self.quiet()
        await self._stop()

    async def _stop(self) -> None:
        last = await self.ask("settle.again()")
        self.settled.pictures = last["pictures"]
        size = await self.ask("settle.size()")
        self.settled.width, self.settled.height = int(size["width"]), int(size["height"])
        await self.ask("settle.end()")
        try:
            await self.cdp.send("Animation.setPlaybackRate", {"playbackRate": 0})
        except self.world.broken as error:
            self.note("animations were not stopped", reason=str(error)[:300])

    async def give_up(self) -> None:
        """Time is up: end a script that hangs, and take the page as it stands."""
        self.settled.ended = "time"
        self.until = time.monotonic() + 3.0
        if not await self._answers():
            self.settled.hung = True
            self.note("page's script does not answer and could not be ended")
            return
        try:
            if self.viewing.scroll:
                await self.ask("settle.back()")
            await self._stop()
        except TimeoutError:
            self.note("page could not be brought to rest")

    async def _answers(self) -> bool:
        try:
            return bool(await self.world.run("true", seconds=1.0))
        except FormatError:
            return True
        except TimeoutError:
            self.note("page's script hung and was ended", seconds=self.viewing.settle_seconds)
            return await self.world.stop_script()


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _quoted(text: str) -> str:
    """A string of JavaScript."""
    return json.dumps(text)
