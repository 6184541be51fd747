"""Brackets: the honest rules, checked against a slow and plain reading of them."""

import time
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.evidence.bracket import Brackets
from crawler.evidence.checks.stamps import Stamp
from crawler.evidence.manifest import Capture, SealedTime
from tests.evidence.stamped import at, stamp

STAMPS = st.lists(
    st.tuples(st.integers(1, 12), st.integers(0, 60), st.sampled_from("abc")),
    unique_by=lambda made: (made[0], made[2]),
    max_size=20,
).map(lambda made: [stamp(size, minutes, name) for size, minutes, name in made])


def seal_of(size: int, *stamps: Stamp) -> SealedTime:
    return SealedTime(size, "sha256:" + "0" * 64, tuple(made.digest for made in stamps))


@given(STAMPS, st.integers(0, 13))
@settings(max_examples=100, deadline=None)
def test_not_after_is_the_earliest_checkpoint_above_as_its_latest_token_says(
    stamps: list[Stamp], index: int
) -> None:
    latest: dict[int, datetime] = {}
    for made in stamps:
        if made.size > index:
            latest[made.size] = max(made.gen_time, latest.get(made.size, made.gen_time))
    bound = Brackets(stamps).not_after(index)
    assert (bound and bound.time) == min(latest.values(), default=None)
    if bound is not None:
        assert latest[bound.size] == bound.time
        assert set(bound.stamps) == {made for made in stamps if made.size == bound.size}


def test_not_before_is_the_earliest_of_the_named_tokens() -> None:
    first, second = stamp(5, 10, "a"), stamp(5, 12, "b")
    brackets = Brackets([first, second, stamp(3, 1)])
    bound = brackets.not_before(seal_of(5, first, second))
    assert bound is not None
    assert (bound.time, bound.size, bound.stamps) == (at(10), 5, (first, second))


def test_a_token_that_came_later_for_the_same_checkpoint_gives_no_lower_bound() -> None:
    """What the leaf named does not verify (any more); what joined by the retry queue may be younger than it."""
    late = stamp(5, 30, "b")
    brackets = Brackets([late])
    assert brackets.not_before(seal_of(5, stamp(5, 10, "a"))) is None
    assert brackets.not_before(None) is None
    assert brackets.not_before(seal_of(4, late)) is None


def test_the_later_of_two_authorities_counts_above_so_that_one_honest_one_is_enough() -> None:
    bound = Brackets([stamp(5, 10, "a"), stamp(5, 14, "b")]).not_after(4)
    assert bound is not None
    assert bound.time == at(14)
    assert Brackets([stamp(5, 10)]).not_after(5) is None, "checkpoint 5 covers leaves 0 to 4"


def test_a_bracket_as_the_report_states_it() -> None:
    below, above = stamp(2, 10), stamp(9, 20, "b")
    capture = Capture(
        id="c1", run="r", site="s", url="http://shop.invalid/", method="GET", state="complete",
        fidelity="wire-exact", started="", ended="", records=(),
    )  # fmt: skip
    facts = Brackets([below, above]).of(7, seal_of(2, below)).to_facts(capture, 7)
    assert (facts.capture, facts.entry, facts.state) == ("c1", 7, "complete")
    assert facts.not_before is not None
    assert facts.not_after is not None
    assert (facts.not_before.time, facts.not_before.checkpoint) == ("2026-01-01T00:10:00.000000Z", 2)
    (token,) = facts.not_after.tokens
    assert (token.authority, token.policy, token.serial, token.verified_by) == (
        "b",
        "1.2.3",
        "9",
        ("openssl",),
    )
    open_ended = Brackets([]).of(7, None).to_facts(capture, 7)
    assert (open_ended.not_before, open_ended.not_after) == (None, None)


def test_a_hundred_thousand_captures_take_no_time() -> None:
    stamps = [stamp(size, size, name) for size in range(10, 100_000, 50) for name in ("a", "b")]
    by_size = {made.size: made for made in stamps}
    brackets = Brackets(stamps)
    began = time.monotonic()
    for index in range(100_000):
        below = by_size.get(index // 50 * 50 - 40)
        brackets.of(index, None if below is None else seal_of(below.size, below))
    assert time.monotonic() - began < 5
