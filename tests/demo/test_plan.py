"""The demo market's world: determinism, size, variety, schemes, what a day changes."""

import json
import re
import subprocess
import sys
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from crawler.demo import text
from crawler.demo.dice import Dice
from crawler.demo.forum import Forum
from crawler.demo.plan import Review, World
from crawler.demo.truth import truth, write_truth
from crawler.errors import UsageError

FIRST = date(2026, 11, 20)
NEXT = FIRST + timedelta(days=1)
CONDUCTS = {
    "recruitment", "agency", "inflated_listing", "rebate_card", "fake_review", "review_hiding", "undisclosed_ad",
    "paid_endorsement", "live_barrage", "reverse_brushing", "platform_tolerance", "task_scam", "doorway_hotline",
}  # fmt: skip
LOOKALIKES = {
    "news_psa_law", "consumer_association_volunteers", "government_experience_officer", "product_test_programme",
    "hotel_sleep_tester", "ux_job", "labelled_advertising", "rules_that_forbid", "finance_and_homonyms",
    "reward_for_any_review", "buyer_complaint",
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=7, reviews=2000, today=FIRST)


@pytest.fixture(scope="module")
def reviews(world: World) -> list[Review]:
    return [world.review(stub) for listing in world.listings for stub in world.visible(listing, FIRST)]


def test_dice_draws_the_published_splitmix64_sequence() -> None:
    dice = Dice("any")
    dice._state = 1234567  # first outputs of the reference implementation for this seed
    assert [dice.bits() for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_same_seed_same_world_in_another_process(reviews: list[Review]) -> None:
    code = (
        "from crawler.demo.plan import World; w = World(seed=7, reviews=2000);"
        "print([w.review(s).body for s in w.visible(620002, w.today)])"
    )
    root = Path(__file__).parents[2]
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert out.stdout.strip() == str([review.body for review in reviews if review.stub.listing == 620002])


def test_another_seed_is_another_world(world: World, reviews: list[Review]) -> None:
    other = World(seed=8, reviews=2000, today=FIRST)
    bodies = {review.body for review in reviews if review.style == "written"}
    others = [other.review(stub) for listing in other.listings for stub in other.visible(listing, FIRST)]
    assert sum(review.body in bodies for review in others if len(review.body) > 12) < 20


@pytest.mark.parametrize("size", [200, 2000, 20_000])
def test_the_first_day_has_exactly_the_promised_number_of_reviews(size: int) -> None:
    world = World(seed=3, reviews=size, today=FIRST)
    stubs = [stub for listing in world.listings for stub in world.visible(listing, FIRST)]
    assert len(stubs) == size == len({stub.id for stub in stubs})


@pytest.mark.parametrize("size", [199, 200_001])
def test_a_size_out_of_range_is_refused(size: int) -> None:
    with pytest.raises(UsageError, match=str(size)):
        World(reviews=size)


def test_the_largest_world_is_planned_at_once_and_derived_on_demand() -> None:
    start = time.perf_counter()
    world = World(seed=1, reviews=200_000, today=FIRST)
    page = [world.review(stub) for stub in world.visible(630_001, FIRST)[:10]]
    assert len(page) == 10
    assert time.perf_counter() - start < 5  # all 200,000 stubs together take about 1.5 s


def test_reviews_are_newest_first_and_not_from_the_future(world: World) -> None:
    for listing in world.listings:
        moments = [stub.moment for stub in world.visible(listing, NEXT)]
        assert moments == sorted(moments, reverse=True)
        assert world.visible(listing, FIRST)[0].when.date() <= FIRST


def test_text_varies_in_length_tone_and_wording(reviews: list[Review]) -> None:
    written = [review.body for review in reviews if review.style == "written"]
    assert len(set(written)) / len(written) > 0.98
    lengths = sorted(len(review.body) for review in reviews)
    assert lengths[0] <= 2
    assert lengths[-1] >= 120
    styles = Counter(review.style for review in reviews)
    assert styles["default"] > 20
    assert styles["short"] > 50
    assert styles["hunter"] > 5
    assert any(review.append for review in reviews)
    assert re.search("[\U0001f300-\U0001faff]", "".join(written))
    assert {review.stars for review in reviews} == {1, 2, 3, 4, 5}


def test_no_pattern_is_left_unexpanded(reviews: list[Review]) -> None:
    forum = Forum(World(seed=7, reviews=2000, today=FIRST))
    bodies = [floor.body for thread in forum.threads.values() for floor in forum.floors(thread, NEXT)]
    bodies += [thread.title for thread in forum.threads.values()]
    bodies += [part for review in reviews for part in (review.body, review.append, review.reply) if part]
    assert not [body for body in bodies if re.search(r"[{}|$]", body)]


def test_paid_reviews_are_near_duplicates_with_shared_pictures(world: World, reviews: list[Review]) -> None:
    paid = [review for review in reviews if review.stub.group and review.stub.group.key == "S01/paid/610001"]
    assert len(paid) >= 8
    assert len({review.body for review in paid}) == len(paid)
    words = [{review.body[i : i + 3] for i in range(len(review.body) - 2)} for review in paid]
    overlap = [len(a & b) / len(a | b) for i, a in enumerate(words) for b in words[:i]]
    assert sum(overlap) / len(overlap) > 0.2  # honest reviews of one listing: about 0.01
    assert len({number for review in paid for number in review.pictures}) <= 5
    assert (
        max(review.stub.moment for review in paid) - min(review.stub.moment for review in paid) < 4 * 86_400
    )


def test_review_hiding_takes_only_bad_reviews_and_only_from_the_second_day(world: World) -> None:
    before, after = world.visible(620_001, FIRST), world.visible(620_001, NEXT)
    gone = [world.review(stub) for stub in before if stub not in after]
    assert len(gone) >= 4
    assert all(review.stars <= 2 for review in gone)
    assert world.visible(620_001, NEXT + timedelta(days=30))[-1] == before[-1]


def test_every_other_review_stays_and_new_ones_come(world: World) -> None:
    kept = set(world.visible(630_001, FIRST)) - set(world.visible(630_001, NEXT))
    assert kept == set()
    assert len(world.visible(630_001, NEXT)) > len(world.visible(630_001, FIRST))
    withdrawn = set(world.visible(610_002, FIRST)) - set(world.visible(610_002, NEXT))
    assert [stub.group.conduct for stub in withdrawn if stub.group] == ["withdrawn_review"]


def test_the_inflated_counter_jumps_and_honest_ones_do_not(world: World) -> None:
    before, after = world.counters(630_001, FIRST), world.counters(630_001, NEXT)
    assert after.sales > 25 * before.sales
    assert after.reviews < 1.2 * before.reviews
    assert after.reviews > 5 * len(world.visible(630_001, NEXT))
    honest = [
        world.counters(listing, NEXT).sales / world.counters(listing, FIRST).sales
        for listing in (610_002, 620_003)
    ]
    assert max(honest) < 1.3


def test_truth_covers_every_conduct_and_look_alike(world: World) -> None:
    rows = truth(world)
    assert {row["conduct"] for row in rows if row["conduct"]} == CONDUCTS
    assert {row["lookalike"] for row in rows if row["lookalike"]} >= LOOKALIKES
    assert not [row for row in rows if row["suspicious"] and row["lookalike"]]
    assert {row["scheme"] for row in rows if row["role"] == "paid"} >= {"S01", "S05", "S06"}


def test_the_main_scheme_has_all_four_links(world: World) -> None:
    roles = {row["role"] for row in truth(world) if row["scheme"] == "S01"}
    assert roles == {"post", "paid", "told", "target"}
    replies = [world.review(stub).reply or "" for stub in world.visible(610_001, FIRST)]
    assert any("返" in reply or "红包" in reply for reply in replies)


def test_truth_is_written_as_json_lines(world: World, tmp_path: Path) -> None:
    count = write_truth(world, tmp_path / "truth.jsonl")
    lines = (tmp_path / "truth.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == count == len(truth(world))
    assert {"scheme", "suspicious", "url", "item", "kind"} <= set(json.loads(lines[0]))


def test_every_category_has_words_for_every_mood() -> None:
    for name, category in text.words()["category"].items():
        assert all(len(category[mood]) >= 3 for mood in text.MOODS if mood != "mid"), name
        assert category["mid"], name
        assert category["use"], name
