"""Co-visits, cores, groups and chance: pure functions on numbers."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.detect.graph.chance import groups_by_free_choice, groups_by_free_days, meeting_rate, together
from crawler.detect.graph.cores import components, core_numbers, linked
from crawler.detect.graph.crews import crews
from crawler.detect.graph.groups import largest_group, occasions
from crawler.detect.graph.meetings import meetings
from crawler.detect.graph.surges import SPAN, felt, returns, surges
from crawler.detect.graph.visits import Visits, company, shuffled

Row = tuple[int, int, int]
rows_of = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 4), st.integers(0, 9)), max_size=40)


def visits(rows: list[Row]) -> Visits:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return Visits.of(*columns)


def market(seed: int, crew: int = 0, places: int = 30, accounts: int = 400) -> list[Row]:
    """Buyers who choose freely over a year, and `crew` accounts that go together to five places."""
    draw = np.random.default_rng(seed)
    rows = [
        (account, int(draw.integers(places)), int(draw.integers(365)))
        for account in range(accounts)
        for _ in range(int(draw.integers(1, 9)))
    ]
    for place in range(5 if crew else 0):
        start = int(draw.integers(360))
        rows += [(1000 + account, place, start + int(draw.integers(3))) for account in range(crew)]
    return rows


def test_one_account_is_at_a_place_once_on_its_first_day() -> None:
    once = visits([(1, 0, 9), (1, 0, 4), (1, 1, 2)])
    assert list(zip(once.account, once.place, once.day, strict=True)) == [(1, 0, 4), (1, 1, 2)]


@given(rows_of, st.integers(1, 4))
def test_meetings_are_what_counting_by_hand_gives(rows: list[Row], window: int) -> None:
    known = visits(rows)
    day = {(int(a), int(p)): int(d) for a, p, d in zip(known.account, known.place, known.day, strict=True)}
    expected = {}
    for one, two in combinations(range(8), 2):
        met = sum(
            (one, place) in day and (two, place) in day and abs(day[one, place] - day[two, place]) < window
            for place in range(5)
        )
        if met >= 2:
            expected[one, two] = met
    found = meetings(known, window=window, crowd=100, least=2)
    assert (
        dict(zip(zip(found.first.tolist(), found.second.tolist(), strict=True), found.count, strict=True))
        == expected
    )


def test_a_crowd_makes_no_pairs() -> None:
    rows = [(account, place, 5) for account in range(12) for place in range(3)]
    assert len(meetings(visits(rows), window=3, crowd=12, least=3)) == 66
    assert len(meetings(visits(rows), window=3, crowd=11, least=3)) == 0


@given(rows_of, st.integers(1, 4))
def test_company_counts_the_days_that_follow(rows: list[Row], window: int) -> None:
    known = visits(rows)
    triples = list(zip(known.account, known.place, known.day, strict=True))
    by_hand = [sum(p == q and d <= e < d + window for _, q, e in triples) for _, p, d in triples]
    assert company(known, window).tolist() == by_hand


@given(rows_of, st.integers(0, 3))
def test_shuffling_keeps_every_places_days_and_accounts(rows: list[Row], seed: int) -> None:
    known = visits(rows)
    dealt = shuffled(known, seed)
    for place in range(5):
        for column in ("account", "day"):
            before, after = (
                sorted(getattr(each, column)[each.place == place].tolist()) for each in (known, dealt)
            )
            assert before == after


@given(st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=60))
def test_core_numbers_are_those_of_repeated_deletion(edges: set[tuple[int, int]]) -> None:
    links = linked(edges)
    expected = dict.fromkeys(links, 0)
    for level in range(1, 12):
        left = set(links)
        while weak := {node for node in left if len(links[node] & left) < level}:
            left -= weak
        expected |= dict.fromkeys(left, level)
    assert core_numbers(links) == expected


def test_components_are_apart_and_sorted() -> None:
    links = linked([(5, 1), (1, 3), (2, 4), (4, 6)])
    assert components(links, [1, 3, 5, 2, 4]) == [[1, 3, 5], [2, 4]]


@settings(max_examples=60, deadline=None)
@given(rows_of)
def test_the_largest_group_is_complete_maximal_and_largest(rows: list[Row]) -> None:
    known = visits(rows)
    triples = list(zip(known.account.tolist(), known.place.tolist(), known.day.tolist(), strict=True))
    found = occasions(triples, 3, 2)
    group = largest_group(found, accounts=2, places=2)
    best = 0
    for size in (2, 3, 4, 5):
        for chosen in combinations(found, size):
            common = frozenset.intersection(*(each.accounts for each in chosen))
            if len({each.place for each in chosen}) == size and len(common) >= 2:
                best = max(best, size * len(common))
    assert (group is None) == (best == 0)
    if group is None:
        return
    assert len(group.accounts) * len(group.occasions) == best
    assert len({each.place for each in group.occasions}) == len(group.occasions)
    for each in group.occasions:
        assert set(group.accounts) <= each.accounts


def test_an_occasion_is_as_long_as_its_window_and_inside_no_other() -> None:
    rows = [(1, 0, 5), (2, 0, 6), (3, 0, 7), (4, 0, 8), (5, 0, 20)]
    told = [(each.start, sorted(each.accounts)) for each in occasions(rows, 3, 2)]
    assert told == [(5, [1, 2, 3]), (6, [2, 3, 4])]


def test_a_group_can_be_asked_to_spread_over_shops() -> None:
    rows = [(account, place, 5) for account in range(6) for place in (0, 1, 2)]
    rows += [(account, place, 9) for account in range(4) for place in (3, 4)]
    shop_of = {0: "x", 1: "x", 2: "x", 3: "y", 4: "z"}
    found = occasions(rows, 3, 4)
    largest = largest_group(found, accounts=4, places=3)
    spread = largest_group(found, accounts=4, places=3, kind_of=shop_of, kinds=3)
    assert largest is not None
    assert len(largest.accounts) * len(largest.occasions) == 20
    assert spread is not None
    assert {shop_of[each.place] for each in spread.occasions} == {"x", "y", "z"}
    assert largest_group(found, accounts=5, places=3, kind_of=shop_of, kinds=2) is None


def test_search_ends_on_a_hostile_graph() -> None:
    draw = np.random.default_rng(3)
    rows = [(int(a), int(p), int(draw.integers(6))) for p in range(120) for a in draw.integers(0, 60, 30)]
    known = visits(rows)
    triples = list(zip(known.account.tolist(), known.place.tolist(), known.day.tolist(), strict=True))
    group = largest_group(occasions(triples, 3, 4), accounts=4, places=3)
    assert group is not None
    assert len(group.accounts) >= 4


@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(1, 3), st.integers(1, 3))
def test_together_is_what_enumeration_gives(days: list[int], accounts: int, window: int) -> None:
    drawn = [[]]
    for _ in range(accounts):
        drawn = [[*before, day] for before in drawn for day in days]
    share = sum(max(each) - min(each) < window for each in drawn) / len(drawn)
    assert together(days, accounts, window) == pytest.approx(share)


@given(rows_of, st.integers(1, 4))
def test_meeting_rate_is_the_share_of_pairs(rows: list[Row], window: int) -> None:
    known = visits(rows)
    pairs = list(combinations(zip(known.place, known.day, strict=True), 2))
    near = sum(p == q and abs(int(d) - int(e)) < window for (p, d), (q, e) in pairs)
    assert meeting_rate(known, window) == pytest.approx(near / len(pairs) if pairs else 0.0)


def test_expected_groups_by_free_choice_agree_with_drawing() -> None:
    """Sixty accounts with five visits each, three occasions of 20 of 300 visits: how often are 4 at all three?"""
    draw = np.random.default_rng(11)
    hits = 0
    for _ in range(3000):
        seats = draw.integers(0, 300, (60, 5))
        present = [((seats >= low) & (seats < low + 20)).any(axis=1) for low in (0, 20, 40)]
        hits += int((present[0] & present[1] & present[2]).sum() >= 1)
    told = groups_by_free_choice(accounts=1, sizes=[20] * 3, visits_of=[5] * 60, total=300, occasions=3)
    assert hits / 3000 <= told <= 3 * hits / 3000 + 0.05


def test_more_places_and_more_accounts_are_less_likely() -> None:
    days = [list(range(100))] * 3
    small = groups_by_free_days(accounts=4, able=20, days=days, window=3)
    assert groups_by_free_days(accounts=6, able=20, days=days, window=3) < small
    assert groups_by_free_days(accounts=4, able=20, days=[*days, days[0]], window=3) < small
    assert groups_by_free_days(accounts=4, able=3, days=days, window=3) == 0.0


def test_a_crew_is_found_and_buyers_are_not() -> None:
    (crew,) = crews(visits(market(1, crew=6)))
    assert crew.group.accounts == tuple(range(1000, 1006))
    assert len(crew.group.occasions) == 5
    assert crew.by_choice < 1e-6
    assert crew.by_days < 1e-6
    assert crews(visits(market(1))) == []


@pytest.mark.parametrize("seed", range(8))
def test_shuffled_days_give_no_group(seed: int) -> None:
    """detection.md §6(d): at most one group may remain when days are dealt anew. None does."""
    known = visits(market(seed, crew=8))
    assert len(crews(known)) == 1
    assert crews(shuffled(known, seed)) == []


@pytest.mark.parametrize(
    ("off", "groups"),
    [((), 0), (("_BY_CHANCE",), 0), (("_MOST_EXPECTED",), 0), (("_BY_CHANCE", "_MOST_EXPECTED"), 1)],
)
@pytest.mark.parametrize("span", [8, 20])
def test_busy_buyers_of_a_small_market_are_no_crew(
    off: tuple[str, ...], groups: int, span: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty accounts that review nearly all of twelve products within days meet often, by chance: there are complete
    groups, and each of the two gates alone (pairs, groups) keeps them out."""
    draw = np.random.default_rng(5)
    rows = [(a, p, int(draw.integers(span))) for a in range(60) for p in range(12) if draw.random() < 0.9]
    for gate in off:
        monkeypatch.setattr(f"crawler.detect.graph.crews.{gate}", float("inf"))
    assert len(crews(visits(rows))) == groups


def test_no_visits_no_crews() -> None:
    assert crews(visits([])) == []
    assert crews(visits([(0, 0, 0)])) == []


def tasks(seed: int, surge_places: int = 5, pool: int = 30, paid: int = 14, crowd: bool = False) -> list[Row]:
    """Buyers over a year at forty products; at some a week's task by 14 of 30 accounts that come back; `crowd`: a
    promotion at every product in one week, by anybody."""
    draw = np.random.default_rng(seed)
    rows = market(seed, places=40, accounts=900)
    for place in range(surge_places):
        start = 20 + 60 * place
        rows += [
            (2000 + int(a), place, start + int(draw.integers(SPAN))) for a in draw.permutation(pool)[:paid]
        ]
    if crowd:
        rows += [
            (int(draw.integers(900)), place, 180 + int(draw.integers(5)))
            for place in range(40)
            for _ in range(20)
        ]
    return rows


@pytest.mark.parametrize("crowd", [False, True])
def test_accounts_that_return_in_surges_are_found(crowd: bool) -> None:
    (family,) = returns(visits(tasks(2, crowd=crowd)))
    assert [each.place for each in family.surges] == [0, 1, 2, 3, 4]
    assert set(family.accounts) <= set(range(2000, 2030))
    assert len(family.accounts) >= 20
    assert family.shared > 10 * family.expected


def test_a_promotion_felt_everywhere_is_no_surge() -> None:
    assert surges(visits(tasks(2, surge_places=0, crowd=True))) == []


def test_surges_of_different_accounts_are_no_family() -> None:
    rows = tasks(2, pool=14)
    apart = [(a + 100 * p if a >= 2000 else a, p, d) for a, p, d in rows]
    assert len(surges(visits(apart))) == 5
    assert returns(visits(apart)) == []
    assert len(returns(visits(rows))) == 1


def test_bargains_among_few_buyers_share_buyers_by_chance() -> None:
    """Five bargains, thirty of 150 buyers each: any two share six, which is what free choice gives."""
    draw = np.random.default_rng(8)
    rows = [(int(draw.integers(150)), int(draw.integers(40)), int(draw.integers(365))) for _ in range(900)]
    for place in range(5):
        rows += [
            (int(a), place, 20 + 60 * place + int(draw.integers(SPAN))) for a in draw.permutation(150)[:30]
        ]
    found = [each for each in surges(visits(rows)) if each.place < 5]
    assert len(found) == 5
    assert all(len(one.accounts & two.accounts) >= 3 for one, two in combinations(found, 2))
    assert returns(visits(rows)) == []


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_days_give_no_family(seed: int) -> None:
    assert returns(shuffled(visits(tasks(seed)), seed)) == []


def test_what_is_felt_needs_enough_to_compare() -> None:
    days, none = np.repeat(np.arange(365), 10), np.zeros(0, dtype=np.int64)
    crowded = np.sort(np.concatenate([days, np.repeat(100, 90)]))
    assert felt(days, none, 100, 7) is False
    assert felt(crowded, none, 98, 7) is True
    assert felt(crowded, np.repeat(100, 90), 98, 7) is False
    assert felt(np.arange(365), none, 100, 7) is None
