"""Our own replay: every page of the gallery from its records alone, and the answers that it is given.

Nothing of a replay may reach the network; the gallery's site is still there when the pages are replayed, and hears
nothing.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from crawler.demo.tsa import DemoAuthority
from crawler.engine import replay_check
from crawler.engine.browser import Browser
from crawler.engine.rendering.answers import Recorded
from crawler.engine.replay_check import CHECKED, GOOD, ReplayScore, check_replay
from crawler.engine.replay_check import _exchanges as exchanges_of
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture, parse_leaf
from crawler.store.session import Session
from tests.archives import make
from tests.gallery.archived import VIEWING, capture_pages
from tests.gallery.expected import GALLERY
from tests.gallery.site import GallerySite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
AT_ONCE = 2
CALL = "/client/reviews.json"
WHOLE = "GALLERY_REPLAY"  # set: every page; else all but those that take long
SLOW = (
    "lazy",
    "observed",
    "scrolled",
    "virtual",
    "tall",
    "huge",
    "endless",
    "inner",
    "slow",
    "hero",
    "sticky",
)
NAMES = [name for name in GALLERY if os.environ.get(WHOLE) or name not in SLOW]
# Requests that the record of a page cannot answer, and why.
REFUSED = {"popup": ("/popup/window.html",)}  # a window that was closed before it had asked for anything


@dataclass(frozen=True)
class Replays:
    """The scores by name, what the site heard meanwhile, and the archive."""

    scores: dict[str, ReplayScore]
    lacking: ReplayScore  # of the page whose text comes by a call, without the record of that call
    heard: list[str]
    archive: Path


@pytest.fixture(scope="module")
def replays(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Replays:
    folder = tmp_path_factory.mktemp("replays")
    path = make(folder / "archive", [DemoAuthority(folder / "tsa", "tsa-a")])
    with GallerySite() as site, Session.open(path) as session:
        return asyncio.run(replay_all(session, site, chromium, path))


async def replay_all(session: Session, site: GallerySite, executable: str, path: Path) -> Replays:
    addresses = {name: site.url(page.path) for name, page in GALLERY.items() if name in NAMES}
    captures = await capture_pages(session, addresses, executable)
    scores: dict[str, ReplayScore] = {}
    before = len(site.requests)

    async def replay(name: str) -> None:
        scores[name] = await check_replay(session, browser, captures[name].id)

    today = replace(VIEWING, width=900, more=None)  # a replay looks as the capture did, not as is usual today
    async with Browser(today, executable=executable, pages_at_once=AT_ONCE) as browser:
        await asyncio.gather(*map(replay, NAMES))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(replay_check, "_exchanges", without_call)
            lacking = await check_replay(session, browser, captures["client"].id)
    return Replays(scores, lacking, [asked.path for asked in site.requests[before:]], path)


def without_call(archive: Archive, captures: list[Capture]) -> Iterator[Recorded]:
    return (
        one for one in exchanges_of(archive, captures) if not (one.record.target_uri or "").endswith(CALL)
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_page_replays_as_it_was_captured(replays: Replays, name: str) -> None:
    score = replays.scores[name]
    assert score.text is not None
    assert score.text >= GOOD
    assert score.good
    assert score.pixels is not None
    assert score.pixels >= 950  # what moves is elsewhere by now


@pytest.mark.parametrize("name", NAMES)
def test_the_record_answers_all_that_a_page_asks_for(replays: Replays, name: str) -> None:
    left = [url for url in replays.scores[name].refused if not url.endswith(REFUSED.get(name, ()))]
    assert left == []


def test_a_call_that_is_missing_in_the_record_shows(replays: Replays) -> None:
    score = replays.lacking
    assert not score.good
    assert score.text is not None
    assert score.text < 500
    assert [url.partition(CALL)[1] for url in score.refused] == [CALL]


def test_nothing_reaches_the_network(replays: Replays) -> None:
    assert replays.heard == []


def test_each_replay_is_in_the_log(replays: Replays) -> None:
    with Session.open(replays.archive) as session:
        leaves = [parse_leaf(entry.leaf) for entry in session.archive.entries()]
    logged = {leaf["details"]["capture"]: leaf["details"] for leaf in leaves if leaf.get("act") == CHECKED}
    assert len(logged) == len(NAMES)  # of the page that was replayed twice, the last
    for score in ({**replays.scores, "client": replays.lacking}).values():
        assert (logged[score.capture].get("text"), logged[score.capture].get("pixels")) == (
            score.text,
            score.pixels,
        )
        assert logged[score.capture]["refused"] == list(score.refused)
