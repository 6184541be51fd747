"""Pages of the gallery in an archive, as a crawl with --render leaves them: looked at, recorded, stamped."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from crawler.demo.tsa import DemoAuthority
from crawler.engine.browser import Browser
from crawler.engine.rendering.look import Viewing
from crawler.engine.rendering.page_drafts import Place, page_drafts
from crawler.evidence.manifest import Capture, new_capture_id
from crawler.store.session import Session
from tests.archives import RUN, make
from tests.gallery.expected import GALLERY, HEIGHT, WIDTH
from tests.gallery.growing_pages import MORE_PAGES
from tests.gallery.site import GallerySite

VIEWING = Viewing(
    width=WIDTH,
    height=HEIGHT,
    settle_seconds=12,
    more=".load-more",
    more_clicks=MORE_PAGES,
    wanted=frozenset(("screenshot", "text", "dom")),  # what comparisons need: a look takes half the time
)
AT_ONCE = 2


def archived(
    path: Path, names: Iterable[str], tsas: tuple[DemoAuthority, ...], executable: str
) -> dict[str, Capture]:
    """Make an archive with a look at each of these pages; the page captures by name. The site is gone afterwards."""
    make(path, tsas)
    with GallerySite() as site, Session.open(path) as session:
        addresses = {name: site.url(GALLERY[name].path) for name in names}
        return asyncio.run(capture_pages(session, addresses, executable))


async def capture_pages(
    session: Session, addresses: dict[str, str], executable: str, viewing: Viewing = VIEWING
) -> dict[str, Capture]:
    """Look at these addresses and record the looks; the page captures by name."""
    found: dict[str, Capture] = {}

    async def capture(name: str) -> None:
        look = await browser.look(addresses[name])
        place, identity = Place(run=RUN, site="gallery"), new_capture_id()
        made = session.record_all(lambda: page_drafts(look, place, identity))
        found[name] = (await asyncio.wrap_future(made))[0]

    async with Browser(viewing, executable=executable, pages_at_once=AT_ONCE) as browser:
        await asyncio.gather(*map(capture, addresses))
    return found
