"""Memory of many rendered captures: this process and every process of the browser, page after page.

Small pages with all artefacts, recorded into an archive. The browser is begun anew from time to time
(crawler.engine.browser), so what counts is the mean of a stretch of pages, early against late.
"""

import asyncio
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from bench.rendered import Say, site_of
from crawler.config import Config
from crawler.engine.browser import Browser
from crawler.engine.rendering.look import Viewing
from crawler.engine.rendering.page_drafts import Place, page_drafts
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import new_capture_id
from crawler.store.index import FILE, Index
from crawler.store.session import Session

FLAT = 1.15
_SAMPLE = 10  # pages


def measure(folder: Path, pages: int, say: Say) -> dict[str, Any]:
    """Capture `pages` small pages, two at once; resident bytes after every tenth."""
    with tempfile.TemporaryDirectory(dir=folder) as name, site_of(pages) as site:
        config = Config(
            origin="bench.example/log", organisation="bench", operator="bench", contact="b@example.org"
        )
        archive = Archive.create(Path(name, "archive"), config)
        session = Session(archive, Index(archive.path / FILE, writable=True))
        with session:
            resident = asyncio.run(_capture_all(session, site, pages, say))
    third = max(1, len(resident) // 3)
    early, late = resident[third // 2 : third // 2 + third], resident[-third:]
    mean = [sum(part) / len(part) for part in (early, late)]
    return {"pages": pages, "early_mb": mean[0] / 1e6, "late_mb": mean[1] / 1e6, "growth": mean[1] / mean[0],
            "peak_mb": max(resident) / 1e6, "flat": FLAT}  # fmt: skip


async def _capture_all(session: Session, site: str, pages: int, say: Say) -> list[int]:
    resident: list[int] = []
    async with Browser(Viewing(quiet_seconds=0.1)) as browser:

        async def one(number: int) -> None:
            look = await browser.look(f"{site}/small/{number}.html")
            if look.state != "complete":
                raise SystemExit(f"page {number} ended {look.state}: {look.reason}")
            page = new_capture_id()
            place = Place(run="bench", site="bench")
            await asyncio.wrap_future(session.record_all(lambda: page_drafts(look, place, page)))

        for first in range(0, pages, _SAMPLE):
            await asyncio.gather(*map(one, range(first, min(first + _SAMPLE, pages))))
            sizes = _sizes()
            resident.append(sum(sizes.values()))
            if first % 50 == 0:
                parts = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in sorted(sizes.items()))
                say(f"looks: {first + _SAMPLE} of {pages}, {resident[-1] / 1e6:.0f} MB ({parts})")
    return resident


def _sizes() -> Counter[str]:
    """Proportional resident bytes (shared pages count once) of this process, the driver and the browser."""
    own = psutil.Process()
    sizes: Counter[str] = Counter()
    for each in (own, *own.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # ended meanwhile
            if "bench.rich_pages" not in each.cmdline():  # the site's own server
                sizes[each.name()] += each.memory_full_info().pss
    return sizes


def table(found: dict[str, Any]) -> str:
    """The result for the terminal and for docs/bench.md."""
    word = "flat" if found["growth"] <= found["flat"] else "GROWS"
    return (
        f"Rendered memory: {found['pages']} pages; Python and all of Chromium {found['early_mb']:.0f} MB early,"
        f" {found['late_mb']:.0f} MB late: {found['growth']:.2f} ({word}, {found['flat']:.2f} or less counts);"
        f" peak {found['peak_mb']:.0f} MB"
    )
