"""How long tokens hold: a chain of renewals, each before the end of the one before."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import FormatError
from crawler.evidence.checks.stamps import Stamp
from crawler.evidence.manifest import MAX_LEAF, Event, Json, parse_leaf
from crawler.evidence.renewal import ACT, good_at, good_until, renewal_events, tokens_named
from tests.evidence.stamped import at, stamp

DIGEST = "sha256:" + "a" * 64


def plain(stamps: list[Stamp], named: dict[str, int]) -> dict[str, datetime]:
    """The rule as it is written, by recursion."""

    def until(made: Stamp) -> datetime:
        index = named.get(made.digest)
        if index is None or index < made.size:
            return made.path_until
        renewals = [r for r in stamps if r.size > index and r.gen_time < made.path_until]
        return max([made.path_until, *(until(renewal) for renewal in renewals)])

    return {made.digest: until(made) for made in stamps}


@given(
    st.lists(
        st.tuples(
            st.integers(1, 8), st.integers(0, 30), st.integers(0, 30), st.one_of(st.none(), st.integers(0, 9))
        ),
        max_size=9,
    )
)
@settings(max_examples=300, deadline=None)
def test_the_fast_way_says_what_the_rule_says(made: list[tuple[int, int, int, int | None]]) -> None:
    stamps, named = [], {}
    for number, (size, minutes, until, index) in enumerate(made):
        one = stamp(size, minutes, f"tsa{number}", until)
        stamps.append(one)
        if index is not None:
            named[one.digest] = index
    assert good_until(stamps, named) == plain(stamps, named)


def test_a_chain_of_three_holds_as_long_as_its_last() -> None:
    chain = [stamp(2, 0, until=10), stamp(5, 9, until=20), stamp(8, 19, until=99)]
    named = {chain[0].digest: 3, chain[1].digest: 6}
    assert good_at(chain, named, at(50)) == chain
    assert good_at(chain[:2], named, at(50)) == [], "the last renewal removed"
    assert good_at([chain[0], chain[2]], named, at(50)) == [chain[2]], "a link removed: 19 is after 10"


@pytest.mark.parametrize(
    ("named_at", "renewal", "holds"),
    [
        (3, stamp(5, 9, until=99), True),
        (3, stamp(5, 10, until=99), False),  # stamped when the old path had ended
        (3, stamp(3, 9, until=99), False),  # does not cover the leaf that names the old token
        (1, stamp(5, 9, until=99), False),  # a leaf below the token's own checkpoint cannot name it
    ],
)
def test_a_renewal_counts_only_in_time_and_above_the_leaf(named_at: int, renewal: Stamp, holds: bool) -> None:
    old = stamp(2, 0, until=10)
    assert (old in good_at([old, renewal], {old.digest: named_at}, at(50))) is holds


def test_what_is_not_named_is_not_renewed() -> None:
    old = stamp(2, 0, until=10)
    assert good_at([old, stamp(5, 9, until=99)], {}, at(50)) != [old]


def test_leaves_name_tokens_by_after_and_by_renewal_events() -> None:
    after = {"size": 1, "checkpoint": DIGEST, "tokens": [DIGEST]}
    other = "sha256:" + "b" * 64
    assert tokens_named({"kind": "capture", "after": after}) == (DIGEST,)
    event = {"kind": "event", "act": ACT, "after": after, "details": {"tokens": [other]}}
    assert tokens_named(event) == (DIGEST, other)
    assert tokens_named({"kind": "event", "act": "run-started", "details": {"tokens": [other]}}) == ()


@pytest.mark.parametrize(
    "leaf",
    [
        {"act": ACT, "details": {}},
        {"act": ACT, "details": None},
        {"act": ACT, "details": {"tokens": DIGEST}},
        {"act": ACT, "details": {"tokens": [1]}},
        {"act": ACT, "details": {"tokens": ["sm3:" + "a" * 64]}},
        {"after": {"tokens": {"a": 1}}},
    ],
)
def test_a_leaf_that_names_something_else_is_refused(leaf: Json) -> None:
    with pytest.raises(FormatError, match="digest"):
        tokens_named(leaf)


def test_many_tokens_are_split_into_leaves_that_fit() -> None:
    tokens = [f"sha256:{number:064x}" for number in range(1234)]
    events = list(renewal_events(tokens))
    assert [token for details in events for token in details["tokens"]] == tokens
    for details in events:
        leaf = Event(act=ACT, time="2026-11-22T08:00:00.000000Z", by="张三", details=details).to_leaf()
        assert len(leaf) < MAX_LEAF * 0.9
        assert tokens_named(parse_leaf(leaf)) == tuple(details["tokens"])
