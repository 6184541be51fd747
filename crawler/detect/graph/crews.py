"""Crews: accounts that keep meeting, more often than chance lets them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from crawler.detect.graph.chance import groups_by_free_choice, groups_by_free_days, meeting_rate
from crawler.detect.graph.cores import components, core_numbers, linked
from crawler.detect.graph.groups import Group, largest_group, occasions
from crawler.detect.graph.meetings import meetings
from crawler.detect.graph.visits import Visits, company
from crawler.detect.text.chance import poisson_tail

WINDOW = 3  # days: an order's minutes are set by the seller, but a task stands in the group for days (detection.md)
CROWD = 100  # visits to one place within a window from which meeting there says nothing
LEAST_ACCOUNTS = 4
LEAST_PLACES = 3
_BY_CHANCE = 1e-3  # a pair that meets as often with this probability is two busy buyers, no link
_MOST_EXPECTED = 0.01  # groups as large expected by chance from which a group is not told


@dataclass(frozen=True, slots=True)
class Crew:
    """Accounts (sorted) that are linked with at least three others of the crew, each link three or more meetings.

    `group` is its largest complete group. `by_choice`, `by_days`: expected number of groups as large where accounts
    choose their places freely, and where they choose their days freely (graph/chance.py).
    """

    accounts: tuple[int, ...]
    group: Group
    by_choice: float
    by_days: float


def crews(
    visits: Visits, shops: Sequence[str] = (), *, window: int = WINDOW, crowd: int = CROWD
) -> list[Crew]:
    """Every crew with a complete group of at least four accounts at three places that chance does not explain.

    `shops`: of each place; a group at three different shops is preferred to a larger one at fewer.

    Linear in the visits times `crowd`, then in the links; deterministic.
    """
    pairs = meetings(visits, window=window, crowd=crowd, least=LEAST_PLACES)
    if not len(pairs):
        return []
    number = np.bincount(visits.account)
    rate = meeting_rate(visits, window)
    expected = number[pairs.first] * number[pairs.second] * rate
    links = linked(
        (int(one), int(two))
        for one, two, count, by_chance in zip(pairs.first, pairs.second, pairs.count, expected, strict=True)
        if poisson_tail(int(count), float(by_chance)) < _BY_CHANCE
    )
    core = core_numbers(links)
    dense = [node for node in links if core[node] >= LEAST_ACCOUNTS - 1]
    shop_of = dict(enumerate(shops))
    found = (_crew(visits, part, shop_of, window) for part in components(links, dense))
    return [crew for crew in found if crew is not None and crew.by_choice < _MOST_EXPECTED]


def _crew(visits: Visits, accounts: list[int], shop_of: Mapping[int, str], window: int) -> Crew | None:
    rows = visits.kept(np.isin(visits.account, accounts))
    own = zip(rows.account.tolist(), rows.place.tolist(), rows.day.tolist(), strict=True)
    found = occasions(own, window, LEAST_ACCOUNTS)
    sought = partial(largest_group, found, accounts=LEAST_ACCOUNTS, places=LEAST_PLACES, kind_of=shop_of)
    group = sought(kinds=LEAST_PLACES) or sought()
    if group is None:
        return None
    return Crew(tuple(accounts), group, _by_choice(visits, group, window), _by_days(visits, group, window))


def _by_choice(visits: Visits, group: Group, window: int) -> float:
    sizes = []
    for each in group.occasions:
        near = (visits.place == each.place) & (visits.day >= each.start) & (visits.day < each.start + window)
        sizes.append(int(near.sum()))
    starts = np.stack([visits.place, visits.day], axis=1)[company(visits, window) >= min(sizes)]
    return groups_by_free_choice(
        accounts=len(group.accounts),
        sizes=sizes,
        visits_of=np.bincount(visits.account).tolist(),
        total=len(visits),
        occasions=len(np.unique(starts, axis=0)),
    )


def _by_days(visits: Visits, group: Group, window: int) -> float:
    places = [each.place for each in group.occasions]
    at = np.isin(visits.place, places)
    able = sum(count == len(places) for count in Counter(visits.account[at].tolist()).values())
    days = [visits.day[visits.place == place].tolist() for place in places]
    return groups_by_free_days(accounts=len(group.accounts), able=able, days=days, window=window)
