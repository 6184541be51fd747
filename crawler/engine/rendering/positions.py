"""Walking along what scrolls and keeping what stands in the window: for text that is not in the page at the end.

A virtual list holds some twenty rows and moves them about; whoever reads the page only once it is at rest
reads the first twenty. And a page that scrolls within a box shows one window of it in the picture of the page.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from crawler.engine.rendering.look import Artefact, Cdp, Json, Viewing
from crawler.engine.rendering.page_text import read_text
from crawler.engine.rendering.pictures import take_picture
from crawler.errors import FormatError

if TYPE_CHECKING:
    from crawler.engine.rendering.settle import Settled

PLACES = 60  # pictures at most
OVERLAP = 80  # CSS pixels that two neighbours share
RESERVE = 4.0  # seconds that are left for the rest of settling
Ask = Callable[[str], Awaitable[Any]]


async def walk(
    cdp: Cdp,
    ask: Ask,
    viewing: Viewing,
    settled: "Settled",
    boxes: list[Json],
    until: float,
    broken: tuple[type[BaseException], ...],
) -> None:
    """Fill `tiles`, `scrolled` and `lost_lines` of `settled` from these boxes of settle.js, within the time."""
    refusals: tuple[type[BaseException], ...] = (FormatError, *broken)
    for box in boxes:
        for y in _places(box, viewing.screens):
            if len(settled.tiles) >= PLACES or time.monotonic() > until - RESERVE:
                settled.notes.append({"what": "not every place of a scrolling list was kept", "from": y})
                break
            at = await ask(f"settle.at({box['index']}, {y})")
            try:
                await _keep(cdp, viewing, settled, box, at)
            except refusals as error:
                settled.notes.append(
                    {"what": "a place was not kept", "scroll_y": at, "reason": str(error)[:300]}
                )
        await ask(f"settle.at({box['index']}, 0)")
    there = {run["text"] for run in (await read_text(cdp)).runs}
    seen = {run["text"] for place in settled.scrolled for run in place["runs"]}
    settled.lost_lines = len(seen - there)
    if not settled.lost_lines:
        _drop_main(settled)


def _places(box: Json, screens: int) -> range:
    window = max(int(box["window"]), 200)
    end = min(int(box["height"]), screens * window)
    return range(0, max(end - window, 0) + window - OVERLAP, window - OVERLAP)


async def _keep(cdp: Cdp, viewing: Viewing, settled: "Settled", box: Json, at: int) -> None:
    """One picture of the window and the text in it."""
    text = await read_text(cdp)
    top = text.layout.scroll[1]
    png = await take_picture(cdp, None, viewing.device_scale)
    name = f"tile-{len(settled.tiles) + 1:02d}"
    about = {"scroll_y": at, "box": box["name"], "of": box["height"]}
    settled.tiles.append(Artefact(name, "image/png", png, about))
    runs = text.seen(top, top + viewing.height)
    settled.scrolled.append({"tile": name, "box": box["name"], "scroll_y": at, "runs": runs})


def _drop_main(settled: "Settled") -> None:
    """Nothing was lost: what was taken away while scrolling was a notice or the like."""
    inner = {box["name"] for box in settled.inner}
    settled.tiles = [tile for tile in settled.tiles if tile.about["box"] in inner]
    settled.scrolled = [place for place in settled.scrolled if place["box"] in inner]
