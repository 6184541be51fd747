"""Settling: everything that scrolling loads is there, everything that moves stands, and nothing takes for ever."""

import time
from collections.abc import Iterator

import pytest

from crawler.engine.rendering.isolated import World
from crawler.errors import FormatError
from tests.engine.rendering.settle_pages import BROKEN, PAGES, Laboratory, Site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def laboratory(chromium: str) -> Iterator[Laboratory]:
    laboratory = Laboratory(chromium, Site(PAGES))
    yield laboratory
    laboratory.close()


@pytest.mark.parametrize("name", ["lazy", "observed"])
def test_every_lazy_picture_is_loaded(laboratory: Laboratory, name: str) -> None:
    async def run() -> None:
        look = await laboratory.open(name)
        began = time.monotonic()
        settled = await look.settle()
        assert settled.pictures == {"total": 40, "loaded": 40, "broken": 0, "pending": 0}
        assert settled.ended == "settled"
        assert settled.height > 36_000
        assert not any("visited again" in note["what"] for note in settled.notes)  # the quick pass was enough
        assert await look.page.evaluate("scrollY") == 0
        assert time.monotonic() - began < 12
        await look.page.context.close()

    laboratory.run(run())


def test_pictures_of_a_slow_loader_are_visited_again(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("throttled", settle_seconds=30.0)
        settled = await look.settle()
        assert settled.pictures["loaded"] == 7
        assert settled.ended == "settled"
        assert [note["what"] for note in settled.notes] == ["pictures that came late were visited again"]
        await look.page.context.close()

    laboratory.run(run())


def test_without_scrolling_the_page_stays_as_it_stands(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("observed", scroll=False)
        await look.page.wait_for_load_state()
        await look.page.evaluate("scrollTo(0, 500)")
        settled = await look.settle()
        assert settled.pictures["total"] < 5
        assert await look.page.evaluate("scrollY") == 500
        await look.page.context.close()

    laboratory.run(run())


def test_an_endless_page_is_cut_and_says_so(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("endless", screens=5)
        settled = await look.settle()
        assert settled.ended == "screens"
        assert settled.screens in (5, 6)
        assert settled.height >= 5 * 900
        await look.page.context.close()

    laboratory.run(run())


def test_more_is_pressed_as_often_as_allowed(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("more", more="#more", more_clicks=4)
        settled = await look.settle()
        assert settled.clicked == 4
        assert await look.page.locator("#list p").count() == 5
        assert settled.ended == "settled"
        await look.page.context.close()

    laboratory.run(run())


def test_a_wrong_selector_is_a_note(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("plain", more="p[[", more_clicks=4)
        settled = await look.settle()
        assert settled.clicked == 0
        assert "not a CSS selector" in settled.notes[0]["reason"]
        await look.page.context.close()

    laboratory.run(run())


@pytest.mark.parametrize(("name", "rows"), [("virtual", 200), ("virtual-box", 200)])
def test_a_virtual_list_is_kept_place_by_place(laboratory: Laboratory, name: str, rows: int) -> None:
    async def run() -> None:
        look = await laboratory.open(name)
        settled = await look.settle()
        seen = {run["text"] for place in settled.scrolled for run in place["runs"]}
        assert {f"第 {row} 条好评返现" for row in range(rows)} <= seen
        assert settled.lost_lines >= rows - 30
        assert [tile.name for tile in settled.tiles][:2] == ["tile-01", "tile-02"]
        places = [tile.about["scroll_y"] for tile in settled.tiles]
        assert places == sorted(set(places))
        assert settled.ended == "settled"
        await look.page.context.close()

    laboratory.run(run())


def test_a_page_within_a_box_is_scrolled_and_pictured(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("box", settle_seconds=25.0)
        settled = await look.settle()
        assert settled.pictures["loaded"] == 7
        assert [box["name"] for box in settled.inner] == ["div#app"]
        assert len(settled.tiles) >= 7
        assert settled.lost_lines == 0
        await look.page.context.close()

    laboratory.run(run())


def test_motion_is_stopped(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("moving")
        await look.settle()
        first = await look.page.evaluate("a.getBoundingClientRect().x")
        await look.page.wait_for_timeout(300)
        assert await look.page.evaluate("a.getBoundingClientRect().x") == first
        assert await look.page.evaluate("getComputedStyle(b).opacity") == "1"
        await look.page.context.close()

    laboratory.run(run())


def test_a_page_that_overrides_everything_is_settled_all_the_same(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("hostile")
        settled = await look.settle()
        assert settled.ended == "settled"
        assert settled.height > 3000
        assert await look.page.evaluate("typeof settle") == "undefined"
        await look.page.context.close()

    laboratory.run(run())


def test_a_page_that_goes_elsewhere_is_settled_where_it_went(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("away")
        settled = await look.settle()
        assert look.page.url.endswith("/plain")
        assert settled.ended == "settled"
        assert any(note["what"].startswith("page went elsewhere") for note in settled.notes)
        await look.page.context.close()

    laboratory.run(run())


def test_a_hanging_script_is_ended_when_the_time_is_up(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("hangs", settle_seconds=3.0)
        began = time.monotonic()
        settled = await look.settle()
        assert time.monotonic() - began < 9
        assert settled.ended == "time"
        assert not settled.hung
        assert any("hung" in note["what"] for note in settled.notes)
        assert await look.page.evaluate("1 + 1") == 2
        await look.page.context.close()

    laboratory.run(run())


def test_an_isolated_world_says_what_threw_and_what_took_too_long(laboratory: Laboratory) -> None:
    async def run() -> None:
        look = await laboratory.open("hostile")
        world = World(look.cdp, broken=BROKEN)
        assert await world.run("[1, 2].map((n) => n + 1)", seconds=5) == [2, 3]
        assert await world.run("new Promise((done) => setTimeout(() => done(7), 10))", seconds=5) == 7
        with pytest.raises(FormatError, match="nothing such"):
            await world.run("(() => { throw new Error('nothing such') })()", seconds=5)
        with pytest.raises(TimeoutError):
            await world.run("new Promise(() => 0)", seconds=0.2)
        await look.page.goto(laboratory.site.url("plain"))
        with pytest.raises(FormatError, match="could not run"):
            await world.run("1", seconds=5)
        await world.open()
        assert await world.run("1", seconds=5) == 1
        await look.page.context.close()

    laboratory.run(run())
