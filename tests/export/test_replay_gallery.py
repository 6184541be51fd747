"""Rendered pages of a bundle in ReplayWeb.page, in real Chromium: their text, and the pictures and calls behind it.

The gallery (tests/gallery/README.md) is looked at and recorded, one bundle is made of it, the site is gone, and each
page is opened in the viewer from the bundle's WACZ, scrolled through, and compared with what was captured.

All of it takes some four minutes on two busy cores, so that the normal run has `FEW`: a lazy page, frames of two
origins, shadow trees, a web font, scripts and XHR in GBK, a POST, byte ranges, broken pictures, a changed address.
`GALLERY_REPLAY=1` runs the whole.
"""

import asyncio
import json
import os
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.async_api import BrowserContext, Frame, Page, async_playwright

from crawler.engine.browser_arguments import ARGUMENTS
from crawler.engine.rendering.likeness import text_likeness
from crawler.engine.rendering.page_text import read_text
from crawler.evidence import warc
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import WACZ
from crawler.evidence.manifest import Capture
from crawler.evidence.png import measures
from crawler.evidence.verify import verify_bundle
from crawler.export.bundle import export_bundle
from crawler.export.model import Exhibit
from tests.export.sample import CASE, make_authorities, seal
from tests.export.viewer_site import viewer_site
from tests.gallery.archived import archived
from tests.gallery.expected import GALLERY, HEIGHT, WIDTH

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WHOLE = "GALLERY_REPLAY"
FEW = ("lazy", "frames", "shadow", "font", "gbk", "media", "broken", "client", "moved")
GOOD = 980  # permille of the text
# What the viewer (2.5.3) cannot play again by nature, and no fault of the record: it shows the page's picture, which
# is in its list of pages. Our own replay plays all of it (tests/engine/test_replay_check.py).
NOT_BY_NATURE = {
    "endless": "it goes on asking beyond what was recorded, whenever the window comes near its end",
    "worker": "the viewer is a service worker itself, and lets pages register none",
    "socket": "what went over a WebSocket has no form in WARC; it is kept in an artefact",
    "popup": "the window that it opens takes its place in the viewer, and was never fetched",
    "policy": "the viewer puts its own scripts into pages, so it lets inline scripts run that the page forbids",
}
# Pictures that are in the record and cannot be counted in the viewer.
UNCOUNTED = {
    "shadow": ("/shadow/picture-2.png",),  # in a closed tree: its pixels show, scripts do not reach it
    "broken": ("/broken/no-picture.png",),  # none, although its type says so
    "frames": ("/frames/picture-3.png",),  # the viewer leaves addresses in a srcdoc as they are
}
PATIENCE = 20.0  # s until the viewer shows a page
NAMES = [name for name in (GALLERY if os.environ.get(WHOLE) else FEW) if name not in NOT_BY_NATURE]
PICTURED = list(NOT_BY_NATURE) if os.environ.get(WHOLE) else ["socket", "policy"]

_REPLAYED = re.compile(r"/\d*(?:mp|if)_/")  # in the addresses of frames that the viewer fills from the record
_PREFIX = re.compile(r"^.*?/\d*[a-z]{2}_/")
_READ_ALL = """async () => {
  const rest = ms => new Promise(done => setTimeout(done, ms));
  const more = () => document.querySelector(".load-more");
  for (; more()?.offsetParent; await rest(300)) more().click();
  const long = [...document.querySelectorAll('*')].filter(one => one === document.scrollingElement ||
    (one.scrollHeight > one.clientHeight + 100 && /auto|scroll/.test(getComputedStyle(one).overflowY)));
  for (const one of long) {
    for (let y = 0; y < Math.min(one.scrollHeight, 60000); y += 700) { one.scrollTo(0, y); await rest(120); }
    one.scrollTo(0, 0);
  }
  await rest(300);
}"""
_LOADED = """() => {
  const within = root => [...root.querySelectorAll('*')].flatMap(one => one.shadowRoot ? within(one.shadowRoot) : [])
    .concat([...root.querySelectorAll('img')]);
  return within(document).filter(one => one.complete && one.naturalWidth > 0).map(one => one.currentSrc);
}"""


class Shown(NamedTuple):
    """What the viewer shows of a page: runs of text, and addresses of the pictures that have loaded."""

    text: list[str]
    pictures: set[str]


class Gallery(NamedTuple):
    """The page captures by name, what was captured of them, and what the viewer shows of each."""

    bundle: Path
    captures: dict[str, Capture]
    text: dict[str, list[str]]
    pictures: dict[str, set[str]]
    shown: dict[str, Shown]
    sizes: dict[str, tuple[list[int], list[int]]]  # of screenshots: as captured, as the viewer shows them


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory, chromium: str, replay_viewer: Path) -> Gallery:
    folder = tmp_path_factory.mktemp("gallery")
    tsas = make_authorities(folder)
    captures = archived(folder / "archive", [*NAMES, *PICTURED], tsas, chromium)
    with Archive.open(folder / "archive", writable=True) as archive:
        seal(archive, tsas)
        ids = tuple(capture.id for capture in captures.values())
        exhibit = Exhibit(number="1-1", group="B", title="画廊", purpose="初步证明", captures=ids)
        bundle = export_bundle(archive, CASE, (exhibit,), folder / "bundle").path
        text = {name: kept_text(archive, capture) for name, capture in captures.items()}
        pictures = {name: kept_pictures(archive, capture) for name, capture in captures.items()}
        sizes = {name: kept_size(archive, captures[name]) for name in PICTURED}
    addresses = {name: captures[name].url for name in NAMES}
    addresses |= {name: f"urn:evidence:look:{captures[name].id}:screenshot" for name in PICTURED}
    with viewer_site(folder / "site", replay_viewer, bundle / WACZ, addresses) as origin:
        shown, seen = asyncio.run(open_all(origin, addresses, chromium))
    return Gallery(
        bundle, captures, text, pictures, shown, {name: (sizes[name], seen[name]) for name in PICTURED}
    )


def kept_size(archive: Archive, page: Capture) -> list[int]:
    record = page.artefact("screenshot")
    assert record is not None
    return list(measures(warc.decode(archive.stored(record.locator)).block))


def kept_text(archive: Archive, page: Capture) -> list[str]:
    record = page.artefact("text")
    assert record is not None
    content = json.loads(warc.decode(archive.stored(record.locator)).block)
    return [run["text"] for run in content["runs"]]


def kept_pictures(archive: Archive, page: Capture) -> set[str]:
    """Addresses of the pictures that came whole."""
    leaves = [entry.leaf for entry in archive.entries() if b'"page":"%s"' % page.id.encode() in entry.leaf]
    exchanges = [Capture.from_leaf(leaf) for leaf in leaves]
    return {
        each.url
        for each in exchanges
        if (each.media_type or "").startswith("image/") and (each.state, each.status) == ("complete", 200)
    }


async def open_all(
    origin: str, addresses: dict[str, str], executable: str
) -> tuple[dict[str, Shown], dict[str, list[int]]]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", *ARGUMENTS]
        )
        context = await browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="zh-CN")
        shown = {name: await show(context, f"{origin}/{name}.html", addresses[name]) for name in NAMES}
        seen = {name: await see(context, f"{origin}/{name}.html", addresses[name]) for name in PICTURED}
        await browser.close()
        return shown, seen


async def see(context: BrowserContext, address: str, url: str) -> list[int]:
    """Width and height of the picture that the viewer shows at an address."""
    page = await context.new_page()
    await page.goto(address)
    frame = await frame_of(page, url)
    await frame.wait_for_function("document.images[0]?.complete", timeout=PATIENCE * 1000)
    size: list[int] = await frame.evaluate(
        "[document.images[0].naturalWidth, document.images[0].naturalHeight]"
    )
    await page.close()
    return size


async def show(context: BrowserContext, address: str, url: str) -> Shown:
    page = await context.new_page()
    await page.goto(address)
    archived_page = await frame_of(page, url)
    await archived_page.wait_for_load_state("load", timeout=PATIENCE * 1000)
    await archived_page.wait_for_timeout(500)
    await archived_page.evaluate(_READ_ALL)
    text = json.loads((await read_text(await context.new_cdp_session(page))).content())
    inside = {
        number: frame["url"] for number, frame in enumerate(text["frames"]) if is_replayed(frame["url"])
    }
    runs = [run["text"] for run in text["runs"] if run["frame"] in inside]
    frames = [frame for frame in page.frames if is_replayed(frame.url)]
    for frame in frames:
        if (
            frame.url not in inside.values()
        ):  # far off the screen: the browser has not laid it out for the picture
            runs += (await frame.evaluate("document.body.innerText")).splitlines()
    pictures = {_PREFIX.sub("", source) for frame in frames for source in await frame.evaluate(_LOADED)}
    await page.close()
    return Shown(runs, pictures)


def is_replayed(url: str) -> bool:
    return _REPLAYED.search(url) is not None or url.startswith("about:")


async def frame_of(page: Page, url: str) -> Frame:
    """The frame in which the viewer shows an address, once it is there."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for frame in page.frames:
                if frame.url.endswith(f"mp_/{url}"):
                    return frame
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("name", NAMES)
def test_the_viewer_shows_the_text_that_was_captured(gallery: Gallery, name: str) -> None:
    kept, shown = gallery.text[name], gallery.shown[name].text
    assert text_likeness(kept, shown) >= GOOD, Counter(kept) - Counter(shown)


@pytest.mark.parametrize("name", NAMES)
def test_the_viewer_shows_the_pictures_that_were_captured(gallery: Gallery, name: str) -> None:
    lacking = gallery.pictures[name] - gallery.shown[name].pictures
    left = [url for url in lacking if not url.endswith(UNCOUNTED.get(name, ()))]
    assert left == []


@pytest.mark.parametrize("name", PICTURED)
def test_the_viewer_shows_the_picture_of_what_it_cannot_play(gallery: Gallery, name: str) -> None:
    kept, shown = gallery.sizes[name]
    assert shown == kept
    assert f"urn:evidence:look:{gallery.captures[name].id}:screenshot" in listed(gallery.bundle)


def listed(bundle: Path) -> list[str]:
    """Addresses in the package's list of pages."""
    with zipfile.ZipFile(bundle / WACZ) as package:
        _, *lines = package.read("pages/pages.jsonl").splitlines()
    return [json.loads(line)["url"] for line in lines]


def test_the_bundle_verifies(gallery: Gallery) -> None:
    report = verify_bundle(gallery.bundle)
    assert [check for check in report.checks if check.status == "failed"] == []
    assert report.exit_code == 3  # nothing failed; keys and roots are its own
