"""All detectors over the demo market, crawled on two days: what was planted is found, its look-alikes are not."""

from pathlib import Path
from typing import Any

import pytest

from crawler.detect.kit.finding import Finding
from crawler.detect.kit.storyline import storylines
from tests.detect.judging import Judgement, findings_of, judge, table

# Schemes whose planted rows must be found to the last; a paid review may be written in its author's own words.
WHOLE = (
    "S01 post", "S01 target", "S01 told", "S02 card", "S02 target", "S02 witness", "S03 hidden", "S03 target",
    "S04 post", "S05 post", "S07 post", "S08 post", "S09 post", "S10 post", "S11 post", "S12 target", "S13 doorway",
)  # fmt: skip
# Acts that a recruiting post is about.
ACTS = ("recruitment", "agency", "live_barrage", "reverse_brushing", "task_scam")
MOSTLY = ("S01 paid", "S04 attack", "S05 paid", "S06 paid")


@pytest.fixture(scope="module")
def found(market_archive: Path) -> list[Finding]:
    return findings_of(market_archive)


@pytest.fixture(scope="module")
def judged(found: list[Finding], market_truth: list[dict[str, Any]]) -> Judgement:
    return judge(found, market_truth)


def test_what_only_looks_like_it_is_left_alone(judged: Judgement) -> None:
    assert judged.alarmed.total() == 0, "\n".join(table(judged))
    assert [(stray.detector, stray.claim) for stray in judged.strays] == []


@pytest.mark.parametrize("name", WHOLE)
def test_what_was_planted_is_found(judged: Judgement, name: str) -> None:
    assert judged.planted[name], f"the market has no {name} any more"
    assert judged.found[name] == judged.planted[name], "\n".join(table(judged))


@pytest.mark.parametrize("name", MOSTLY)
def test_most_of_a_group_is_found(judged: Judgement, name: str) -> None:
    assert judged.found[name] >= 0.75 * judged.planted[name], "\n".join(table(judged))


def test_the_same_archive_gives_the_same_findings(found: list[Finding], market_archive: Path) -> None:
    again = findings_of(market_archive)
    assert sorted(finding.id for finding in again) == sorted(finding.id for finding in found)
    assert len({finding.id for finding in found}) == len(found)
    keys = [(finding.detector, finding.key) for finding in found]
    assert len(set(keys)) == len(keys), "two findings of one detector about the same thing"


def test_the_main_scheme_is_one_storyline_with_its_gap_named(found: list[Finding]) -> None:
    (main,) = [line for line in storylines(found) if "云岚" in line.title]
    assert {"recruit", "review", "rebate"} <= set(main.links)
    assert main.grade == "strong"
    assert any("消费" in gap for gap in main.gaps)


def test_every_recruiting_post_and_none_twice(
    found: list[Finding], market_truth: list[dict[str, Any]]
) -> None:
    posts = [row for row in market_truth if row["kind"] == "post" and row["role"] == "post"]
    planted = {str(row["item"]) for row in posts if row["suspicious"] and row["conduct"] in ACTS}
    assert len(of(found, "recruitment")) == len(planted)


def test_buyers_are_witnesses_and_gifts_are_none(
    found: list[Finding], market_truth: list[dict[str, Any]]
) -> None:
    """S02's card and replies and S01's told rebates are found; gifts, complaints, rules and news are not."""
    found = of(found, "rebate")
    assert {finding.key.rpartition("/")[2] for finding in found} >= {"card", "told", "reply"}
    assert {subject for f in found for subject in f.subjects if subject.startswith("shop:")} == {
        "shop:yunlan.example/云岚家居旗舰店"
    }
    quoted = {quote.identifier.partition("#")[0] for finding in found for quote in finding.quotes}
    for row in market_truth:
        if row["kind"] == "review" and row["role"] in ("card", "told"):
            assert row["item"] in quoted, row["text"]
        if row["role"] == "gift":
            assert row["item"] not in quoted, row["text"]
    cards = {row["thread"] for row in market_truth if row["kind"] == "post" and row["scheme"] == "S02"}
    assert {f"post:bbs.example/{thread}" for thread in cards} <= {s for f in found for s in f.subjects}


def of(found: list[Finding], detector: str) -> list[Finding]:
    return [finding for finding in found if finding.detector == detector]
