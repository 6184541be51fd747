"""Making the artefacts of a settled page: what a person saw, in every form that the browser gives.

In an order in which coordinates and pictures agree: the text with its places and the DOM; then the page's
scripts are switched off, since a full-page picture makes the window as tall as the page for a moment, and a
page whose end comes into view would load more; the pictures, and beside them what does not touch the layout;
the PDF last, because print styles lay the page out anew. At the end the page gets its scripts back.

Each artefact has its own limits of time and size and can fail alone; what failed is in `missing` with the reason.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from crawler.engine.rendering import page_dom, page_print
from crawler.engine.rendering.fonts import check_cjk_font
from crawler.engine.rendering.isolated import World
from crawler.engine.rendering.look import Artefact, Cdp, Json, Viewing
from crawler.engine.rendering.page_text import PageText, read_text
from crawler.engine.rendering.pictures import picture_fault, png_size, take_picture
from crawler.engine.rendering.settle import Settled
from crawler.errors import FormatError

__all__ = ["check_cjk_font", "make_artefacts"]  # what making artefacts needs first, and the making

SECONDS = 40.0  # for one artefact: a page of 30,000 elements on a machine that is busy
LARGEST = 64 << 20  # bytes of one artefact
TALLEST = 120_000  # device pixels; taller pages are kept as tiles only
MOST_PIXELS = 100_000_000  # of one picture: 73,000 rows of a window of 1366
TILED_ABOVE = 40_000  # CSS pixels; up to there, the whole picture is enough and viewers open it
TILE = 8_000
OVERLAP = 200  # CSS pixels that two tiles share
MOST_TILES = 60
FRAMES_PAINTED = 0.3  # seconds that frames have to paint once they have come into the window
# What every look has, unless `Viewing.wanted` names less.
NAMES = ("text", "dom", "screenshot", "viewport", "accessibility", "mhtml", "pdf")
Made = Awaitable[list[Artefact]]


async def make_artefacts(
    cdp: Cdp,
    world: World,
    viewing: Viewing,
    settled: Settled,
    *,
    broken: tuple[type[BaseException], ...],
    deadline: float | None = None,
) -> tuple[list[Artefact], dict[str, str]]:
    """What could be made, and by name why the rest could not.

    `broken`: the driver's errors. `deadline` on the monotonic clock; without one, `Viewing.seconds` after
    settling began. Raises nothing of its own.
    """
    until = settled.began + viewing.seconds if deadline is None else deadline
    making = _Making(cdp, world, viewing, settled, broken, until)
    await making.go()
    return making.made, making.missing


@dataclass(slots=True)
class _Making:
    cdp: Cdp
    world: World
    viewing: Viewing
    settled: Settled
    broken: tuple[type[BaseException], ...]
    until: float
    made: list[Artefact] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    text: PageText | None = None

    def wants(self, name: str) -> bool:
        kind = "screenshot" if name.startswith("tile-") else name
        return self.viewing.wanted is None or kind in self.viewing.wanted

    async def go(self) -> None:
        await self._attempt("text", self._text)
        await self._attempt("dom", self._dom)
        await self._scripts(off=True)
        try:
            await asyncio.gather(
                self._attempt("screenshot", self._screenshot),
                self._one_by_one("accessibility", "mhtml"),
            )
            await self._attempt("viewport", self._viewport)
            await self._tiles()
            await self._attempt("pdf", lambda: page_print.pdf(self.cdp))
        finally:
            await self._scripts(off=False)
        self.made.sort(key=lambda made: NAMES.index(made.name) if made.name in NAMES else len(NAMES))

    async def _one_by_one(self, *names: str) -> None:
        kinds: dict[str, Callable[[], Made]] = {
            "accessibility": lambda: page_print.accessibility(self.cdp, self.broken),
            "mhtml": lambda: page_print.mhtml(self.cdp),
        }
        for name in names:
            await self._attempt(name, kinds[name])

    async def _attempt(self, name: str, make: Callable[[], Made]) -> None:
        """Make one artefact (and what comes with it), or note why not."""
        if not self.wants(name) and name != "text":  # which is read in any case: pictures are judged by it
            return
        left = min(SECONDS, self.until - time.monotonic())
        if left <= 0:
            self.missing[name] = f"the page's {self.viewing.seconds:g} seconds were over"
            return
        refusals: tuple[type[BaseException], ...] = (FormatError, *self.broken)
        try:
            made = await self._in_time(make, left)
        except TimeoutError:
            self.missing[name] = f"not made within {left:.1f} s"
        except refusals as error:
            self.missing[name] = str(error).strip()[:500] or type(error).__name__
        else:
            self._keep(made)

    async def _in_time(self, make: Callable[[], Made], seconds: float) -> list[Artefact]:
        """What `make` gives; a second time if a script of the page hung, and could be ended."""
        if self.settled.hung:
            raise FormatError("the page's script hangs and does not let go")
        try:
            async with asyncio.timeout(seconds):
                return await make()
        except TimeoutError:
            if await self._answers():
                raise
        self.settled.hung = not await self.world.stop_script()
        if self.settled.hung:
            raise FormatError("the page's script hangs and does not let go")
        self.settled.notes.append({"what": "page's script hung and was ended", "seconds": round(seconds, 1)})
        async with asyncio.timeout(min(seconds, self.until - time.monotonic())):
            return await make()

    async def _answers(self) -> bool:
        try:
            return bool(await self.world.run("true", seconds=1.0))
        except FormatError:
            return True  # gone, or elsewhere: it does not hang
        except TimeoutError:
            return False

    def _keep(self, made: list[Artefact]) -> None:
        for artefact in made:
            if artefact.name == "text" and not self.wants("text"):
                continue
            if len(artefact.content) > LARGEST:
                self.missing[artefact.name] = f"{len(artefact.content)} bytes are over the limit of {LARGEST}"
            else:
                self.made.append(artefact)

    async def _scripts(self, *, off: bool) -> None:
        """The page's scripts and animations: off while pictures are taken, on again for whoever goes on with it."""
        with suppress(TimeoutError, *self.broken):  # a page that is gone needs neither
            async with asyncio.timeout(2.0):
                await self.cdp.send("Emulation.setScriptExecutionDisabled", {"value": off})
                if not off:
                    await self.cdp.send("Animation.setPlaybackRate", {"playbackRate": 1})

    async def _text(self) -> list[Artefact]:
        text = await read_text(self.cdp)
        text.scrolled = self.settled.scrolled
        self.text = text
        about = {"runs": len(text.runs), "frames": len(text.layout.frames)}
        if self.settled.lost_lines:
            about["lost_lines"] = self.settled.lost_lines
        return [Artefact("text", "application/json", text.content(), about)]

    async def _dom(self) -> list[Artefact]:
        closed = self.text.layout.closed if self.text else {}
        made, missing = await page_dom.doms(self.cdp, self.broken, closed)
        self.missing |= missing
        return made

    async def _size(self) -> tuple[int, int]:
        """Width and height of the page in CSS pixels, now."""
        metrics = await self.cdp.send("Page.getLayoutMetrics")
        box = metrics["cssContentSize"]
        return max(1, round(box["width"])), max(1, round(box["height"]))

    async def _screenshot(self) -> list[Artefact]:
        """The whole page in one picture. Raises FormatError if it is too tall for one, or failed."""
        width, height = await self._size()
        scale = self.viewing.device_scale
        if height * scale > TALLEST or width * height * scale * scale > MOST_PIXELS:
            raise FormatError(f"{width} × {height} CSS pixels are too many for one picture; see the tiles")
        box: Json = {"x": 0, "y": 0, "width": width, "height": height}
        png = await self._whole_picture(box, scale)
        runs = self.text.plain() if self.text else []
        fault = await asyncio.to_thread(picture_fault, png, runs, scale)
        if fault is not None:
            raise FormatError(f"browser's picture is wrong: {fault}")
        about = {"width": width, "height": height, "scale": scale}
        return [Artefact("screenshot", "image/png", png, about)]

    async def _whole_picture(self, box: Json, scale: float) -> bytes:
        """The picture of the whole page; frames of other sites below the window stay blank in a plain one (measured).

        So with frames the window is made as tall as the page first, unless that changes the page (``100vh``).
        """
        if not self.viewing.scroll or self.text is None or len(self.text.layout.frames) < 2:
            return await take_picture(self.cdp, box, scale)
        window: Json = {"width": self.viewing.width, "height": self.viewing.height}
        window |= {"deviceScaleFactor": scale, "mobile": False}
        await self.cdp.send("Emulation.setDeviceMetricsOverride", window | {"height": box["height"]})
        try:
            if await self._size() == (box["width"], box["height"]):
                await asyncio.sleep(FRAMES_PAINTED)
                png = await take_picture(self.cdp, None, scale)
                if png_size(png) == (round(box["width"] * scale), round(box["height"] * scale)):
                    return png
        finally:
            await self.cdp.send("Emulation.setDeviceMetricsOverride", window)
        return await take_picture(self.cdp, box, scale)

    async def _viewport(self) -> list[Artefact]:
        metrics = await self.cdp.send("Page.getLayoutMetrics")
        seen = metrics["cssLayoutViewport"]
        png = await take_picture(self.cdp, None, self.viewing.device_scale)
        width, height = png_size(png)
        about = {"scroll": [seen["pageX"], seen["pageY"]], "width": width, "height": height}
        return [Artefact("viewport", "image/png", png, about)]

    async def _tiles(self) -> None:
        """Pieces of a page that is too tall to look at in one; behind those that settling kept."""
        if not self.wants("screenshot"):
            return
        self._keep(self.settled.tiles)
        if self.settled.hung:
            return
        with suppress(TimeoutError, *self.broken):  # then the viewport is missing too, and says why
            async with asyncio.timeout(5.0):
                width, height = await self._size()
            if height > TILED_ABOVE or "screenshot" in self.missing:
                await self._cut(width, height)

    async def _cut(self, width: int, height: int) -> None:
        first = len(self.settled.tiles) + 1
        for number, top in enumerate(range(0, max(1, height - OVERLAP), TILE - OVERLAP), first):
            if number > MOST_TILES:
                self.missing["tiles"] = f"{height} CSS pixels: nothing below {top} is in a tile"
                return
            box: Json = {"x": 0, "y": top, "width": width, "height": min(TILE, height - top)}
            await self._attempt(f"tile-{number:02d}", partial(self._tile, box, number))

    async def _tile(self, box: Json, number: int) -> list[Artefact]:
        png = await take_picture(self.cdp, box, self.viewing.device_scale)
        about = {"y": box["y"], "width": box["width"], "height": box["height"]}
        return [Artefact(f"tile-{number:02d}", "image/png", png, about)]
