"""The gallery (tests/gallery/README.md) through our own browser: each trap, and what its capture must hold.

``GALLERY_PICTURES=folder`` keeps the pictures, for people to look at.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.engine.browser import Browser
from crawler.engine.rendering.look import Look, Viewing
from tests.gallery.expected import GALLERY, HEIGHT, WIDTH
from tests.gallery.growing_pages import MORE_PAGES
from tests.gallery.judge import artefact, faults
from tests.gallery.site import GallerySite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
AT_ONCE = 2
VIEWING = Viewing(width=WIDTH, height=HEIGHT, settle_seconds=20, more=".load-more", more_clicks=MORE_PAGES)
KEPT = "GALLERY_PICTURES"


async def look_at_all(site: GallerySite, executable: str) -> dict[str, Look]:
    """Every page of the gallery in one browser, two at a time."""
    looks: dict[str, Look] = {}
    seconds: dict[str, float] = {}

    async def look(name: str) -> None:
        async with slots:
            begun = time.monotonic()
            looks[name] = await browser.look(site.url(GALLERY[name].path))
            seconds[name] = time.monotonic() - begun

    slots = asyncio.Semaphore(AT_ONCE)
    async with Browser(VIEWING, executable=executable, pages_at_once=AT_ONCE) as browser:
        await asyncio.gather(*map(look, GALLERY))
        for name in GALLERY:  # a busy machine: once more, alone
            if looks[name].state not in GALLERY[name].states:
                await look(name)
    if folder := os.environ.get(KEPT):
        keep(Path(folder), looks, seconds)
    return looks


def keep(folder: Path, looks: dict[str, Look], seconds: dict[str, float]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, look in looks.items():
        for made in ("screenshot", "viewport"):
            (folder / f"{name}-{made}.png").write_bytes(artefact(look, made))
    lines = (f"{name}\t{seconds[name]:.1f}\t{look.state}\t{look.reason}" for name, look in looks.items())
    (folder / "looks.tsv").write_text("\n".join(lines), "utf-8")


@pytest.fixture(scope="module")
def gallery(chromium: str) -> Iterator[tuple[GallerySite, dict[str, Look]]]:
    with GallerySite() as site:
        yield site, asyncio.run(look_at_all(site, chromium))


@pytest.mark.parametrize("name", GALLERY)
def test_the_capture_holds_what_the_page_showed(
    gallery: tuple[GallerySite, dict[str, Look]], name: str
) -> None:
    site, looks = gallery
    assert faults(looks[name], GALLERY[name], site) == []
