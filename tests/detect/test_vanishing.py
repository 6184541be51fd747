"""Vanishing: bad reviews that go together while the others stay."""

from typing import Any

import pytest

from crawler.detect.kit.corpus import Review
from crawler.detect.kit.finding import Finding
from crawler.detect.vanishing import Vanishing
from crawler.store.timeline import Change
from tests.detect.things import CorpusOf, listing, review

BEFORE, AFTER = "2026-11-20T02:00:00Z", "2026-11-21T02:00:00Z"


class TwoRuns(CorpusOf):
    """Captures named b… are of a first run, a… of a second."""

    def query(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        if "group by run" in sql:
            return [
                {"run": "first", "first": 1, "last": 10, "ended": BEFORE},
                {"run": "second", "first": 11, "last": 20, "ended": AFTER},
            ]
        return [{"id": name, "run": "first" if str(name).startswith("b") else "second"} for name in values]


def seen(name: str, stars: int | None, *, stayed: bool, **fields: Any) -> Review:
    """A review that both runs show, or the first one only."""
    known = {
        "item_reviewed": "l1", "author": f"buyer {name}", "day": f"2026-0{1 + len(name) % 9}-01",
        "capture": "a1" if stayed else "b1", "leaf": 15 if stayed else 5, "first_seen": BEFORE,
        "captured_at": AFTER if stayed else BEFORE, **({"stars": stars} if stars else {}), **fields,
    }  # fmt: skip
    return review(name, f"{name}说的话", **known)


def gone(row: Review, **fields: Any) -> Change:
    known = {
        "what": "vanished", "site": row.site, "kind": "review", "identifier": row.identifier, "page_url": row.url,
        "time_before": BEFORE, "time_after": AFTER, "capture_before": "b1", "capture_after": "a2", **fields,
    }  # fmt: skip
    return Change(**known)


def found(vanished: list[Review], stayed: list[Review], changes: list[Change] | None = None) -> list[Finding]:
    rows = [gone(row) for row in vanished] if changes is None else changes
    things = [listing("l1", "夏威夷果", seller="店")]
    return list(Vanishing().detect(TwoRuns(reviews=[*vanished, *stayed], listings=things, changes=rows)))


STAYED = [seen(f"s{number}", 5 if number % 15 else 1, stayed=True) for number in range(60)]
BAD = [seen(f"gone{number}", 1 + number % 2, stayed=False) for number in range(5)]


def test_bad_reviews_that_go_together() -> None:
    [finding] = found(BAD, STAYED)
    assert (finding.grade, finding.conduct, finding.link) == ("strong", "review_hiding", "review")
    assert "少了5条差评，原有9条差评，好评少了0条" in finding.claim
    assert {quote.identifier for quote in finding.quotes} == {row.identifier for row in BAD}
    assert {"b1", "a2"} <= set(finding.captures)
    assert finding.subjects == ("listing:shop.example/l1", "shop:shop.example/店")
    assert any("平台经营者" in limit for limit in finding.limits)
    assert (finding.conduct_from, finding.conduct_until) == (BEFORE, AFTER)
    assert any(each.remains and "自行删除" in each.explanation for each in finding.innocent)


@pytest.mark.parametrize(
    "vanished",
    [
        BAD[:2],
        [seen(f"gone{number}", 5, stayed=False) for number in range(9)],
        [seen(f"gone{number}", 1 if number < 3 else 5, stayed=False) for number in range(16)],
        [seen(f"gone{number}", None, stayed=False) for number in range(5)],
        [seen(f"gone{number}", 1, stayed=False, day="2024-01-01") for number in range(5)],
        [seen(f"gone{number}", 1, stayed=True) for number in range(5)],
        [seen(f"gone{number}", 1, stayed=False, is_part_of="x") for number in range(5)],
    ],
    ids=[
        "two buyers",
        "praise",
        "all thins out",
        "no stars",
        "the end of the list",
        "came back",
        "follow-ups",
    ],
)
def test_what_else_can_go(vanished: list[Review]) -> None:
    assert found(vanished, STAYED) == []


def test_a_notice_in_place_of_a_text_hides_it() -> None:
    shown = [seen(f"gone{number}", 1, stayed=True) for number in range(5)]
    notices = [
        gone(row, what="text", field="review_body", before="坏果太多", after="该评价已被隐藏")
        for row in shown
    ]
    [finding] = found(shown, STAYED, notices)
    assert "提示" in finding.facts[0].text
    edited = [
        gone(row, what="text", field="review_body", before="坏果太多", after="坏果很多，已换货")
        for row in shown
    ]
    assert found(shown, STAYED, edited) == []


def test_new_reviews_do_not_count_as_having_stayed() -> None:
    new = [seen(f"n{number}", 5, stayed=True, first_seen=AFTER) for number in range(40)]
    [without] = found(BAD, STAYED)
    [beside] = found(BAD, [*STAYED, *new])
    assert without.chance == beside.chance


def test_other_kinds_of_change_are_left() -> None:
    changes = [gone(row, kind="post") for row in BAD] + [gone(row, what="appeared") for row in BAD]
    assert found(BAD, STAYED, changes) == []
    assert found([], STAYED, []) == []


def test_the_same_again_in_any_order() -> None:
    assert [each.id for each in found(BAD, STAYED)] == [each.id for each in found(BAD[::-1], STAYED[::-1])]
