"""`evidence watch`: the same pages on two days, nothing else fetched, and what changed with both captures."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from crawler.demo.market import Market
from crawler.demo.plan import World
from crawler.demo.truth import truth
from crawler.engine import schedule
from tests.commands import Printed, evidence

FIRST_DAY = date(2026, 11, 20)
PERSON = ("--organisation", "某消委会", "--operator", "张三", "--contact", "wq@example.org")
WHO = (*PERSON, "--delay", "0", "--environment", "none")
WORLD = World(seed=7, reviews=400, today=FIRST_DAY)
HIDDEN = next(row for row in truth(WORLD) if row["scheme"] == "S03" and row.get("until_day"))
REVIEWS = f"http://{HIDDEN['host']}/item/{HIDDEN['listing']}/reviews-1.html"
GONE = f"http://yunlan.example/item/{WORLD.odd.gone_404}.html"


class Door:
    """`evidence --archive A …`."""

    def __init__(self, capsys: pytest.CaptureFixture[str], archive: Path) -> None:
        self._capsys = capsys
        self.archive = archive

    def __call__(self, *arguments: object) -> Printed:
        return evidence(self._capsys, "--archive", self.archive, *arguments)


@pytest.fixture
def market() -> Iterator[Market]:
    with Market(WORLD, robots_delay=None) as market:
        yield market


@pytest.fixture
def door(tmp_path: Path, market: Market, capsys: pytest.CaptureFixture[str]) -> Door:
    door = Door(capsys, tmp_path / "a")
    made = door("init", *WHO, "--proxy", market.proxy)
    assert made.code == 0, made.err
    return door


def test_two_days_of_one_list_and_one_page(door: Door, market: Market) -> None:
    for day in (FIRST_DAY, FIRST_DAY + timedelta(days=1)):
        market.set_day(day)
        looked = door("watch", "look", "--pages", "30", REVIEWS, GONE)
        assert looked.code in (0, 3), looked.err  # 3: no authority is set up
    captures = door("captures", "--json", "--limit", "500").json
    pages = {row["url"] for row in captures if not row["url"].endswith("/robots.txt")}
    assert all(f"/item/{HIDDEN['listing']}/reviews-" in url or url == GONE for url in pages)
    assert len(pages) > 2  # the list was turned
    found = door("watch", "changes", "--json").json
    vanished = {change["identifier"]: change for change in found if change["what"] == "vanished"}
    assert HIDDEN["item"] in vanished
    assert vanished[HIDDEN["item"]]["before"] == HIDDEN["text"]
    states = {row["id"]: row for row in captures}
    assert (
        states[vanished[HIDDEN["item"]]["capture_before"]]["run"]
        != states[vanished[HIDDEN["item"]]["capture_after"]]["run"]
    )
    (gone,) = (change for change in found if change["what"] == "gone")
    assert (gone["page_url"], gone["before"], gone["after"]) == (GONE, "200", "404")
    shown = door("watch", "changes", "--since", "2026-01-01").out
    assert "前次可见、后次未见" in shown
    assert "页面不再存在 1 处" in shown
    # Beside the hidden reviews only what hung on them: the shop's replies.
    hidden = {
        row["item"]
        for row in truth(WORLD)
        if row.get("until_day") and row.get("listing") == HIDDEN["listing"]
    }
    reviews = {identifier for identifier, change in vanished.items() if change["kind"] == "review"}
    assert reviews == hidden


def test_only_so_many_pages_are_turned(door: Door) -> None:
    assert door("watch", "look", "--pages", "2", REVIEWS).code in (0, 3)
    pages = [row["url"] for row in door("captures", "--json").json if not row["url"].endswith("/robots.txt")]
    assert sorted(pages) == [REVIEWS, REVIEWS.replace("reviews-1", "reviews-2")]


def test_a_watched_page_is_scheduled(door: Door) -> None:
    added = door("watch", "add", "0 */6 * * *", REVIEWS, "--pages", "5")
    assert added.code == 0, added.err
    assert REVIEWS in added.out
    (crawl,) = schedule.scheduled(door.archive)
    assert crawl.sites == ("market_shop",)
    assert crawl.arguments() == ["watch", "look", "--pages=5", REVIEWS]
    assert door("schedule", "list").code == 0


def test_what_only_a_person_may_browse_is_not_watched(door: Door) -> None:
    refused = door(
        "watch", "add", "0 3 * * *", "https://www.xiaohongshu.com/explore/6624e7e100000000010332f2"
    )
    assert refused.code == 2
    assert "evidence assist" in refused.err
    assert schedule.scheduled(door.archive) == ()


def test_a_counter_over_time(door: Door, market: Market) -> None:
    product = REVIEWS.replace("/reviews-1", "")
    for day in (FIRST_DAY, FIRST_DAY + timedelta(days=1)):
        market.set_day(day)
        assert door("watch", "look", product).code in (0, 3)
    points = door("watch", "series", "market_shop", HIDDEN["listing"], "sales", "--json").json
    assert len(points) == 2
    assert points[0]["capture"] != points[1]["capture"]
    assert door("watch", "series", "market_shop", "1", "like_count").code == 2
