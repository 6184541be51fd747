"""The largest group of accounts that were all at the same places, each time within a few days of each other.

As CopyCatch (Beutel et al., WWW 2013): accounts × places with a window of time per place. What is reported is
complete: every account of it was at every place of it within the window (a maximal biclique).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Row = tuple[int, int, int]  # account, place, day
_STEPS = 20_000  # sets looked at before the search ends with the best so far: bounds time on any graph
_ALIKE: Mapping[int, object] = {}  # every place of one kind
_WIDEST = 400  # occasions taken into the search, those with most accounts first


@dataclass(frozen=True, slots=True)
class Occasion:
    """A place and the days [start, start + window) with the accounts that were there."""

    place: int
    start: int
    accounts: frozenset[int]


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts (sorted) that were all at each of the occasions (by start, then place)."""

    accounts: tuple[int, ...]
    occasions: tuple[Occasion, ...]


def occasions(rows: Iterable[Row], window: int, least: int) -> list[Occasion]:
    """Every window of a place with `least` or more accounts that lies in no other with the same accounts or more."""
    at: dict[int, list[tuple[int, int]]] = {}
    for account, place, day in rows:
        at.setdefault(place, []).append((day, account))
    found: list[Occasion] = []
    for place in sorted(at):
        found += _windows(place, sorted(at[place]), window, least)
    return found


def _windows(place: int, visits: list[tuple[int, int]], window: int, least: int) -> list[Occasion]:
    found: list[Occasion] = []
    for start in sorted({day for day, _ in visits}):
        present = frozenset(account for day, account in visits if start <= day < start + window)
        # Windows move forward: a window inside another one lies inside the one before it.
        if len(present) >= least and not (found and present <= found[-1].accounts):
            found.append(Occasion(place, start, present))
    return found


def largest_group(
    found: Sequence[Occasion],
    *,
    accounts: int,
    places: int,
    kind_of: Mapping[int, object] = _ALIKE,
    kinds: int = 1,
) -> Group | None:
    """The group with the most cells (accounts × places), at least `accounts` × `places`; None if there is none.

    `kind_of` a place (its shop): the places of the group have `kinds` or more different kinds.
    Branch and bound over occasions. After 20,000 steps the best group so far is taken: it is complete and maximal,
    but another may be larger.
    """
    wide = sorted(found, key=lambda each: (-len(each.accounts), each.start, each.place))[:_WIDEST]
    search = _Search(wide, accounts, places, kind_of, kinds)
    search.grow(0, None, ())
    if search.best is None:
        return None
    return _closed(search.best, found)


class _Search:
    def __init__(
        self, found: Sequence[Occasion], accounts: int, places: int, kind_of: Mapping[int, object], kinds: int
    ) -> None:
        self.found, self.accounts, self.places = found, accounts, places
        self.kind_of, self.kinds = kind_of, kinds
        self.best: tuple[Occasion, ...] | None = None
        self.cells = 0
        self.steps = 0

    def grow(self, start: int, common: frozenset[int] | None, chosen: tuple[Occasion, ...]) -> None:
        """Try each later occasion at a further place, the ones that keep most accounts first."""
        cells = len(common or ()) * len(chosen)
        if len(chosen) >= self.places and cells > self.cells and self._kinds(chosen) >= self.kinds:
            self.best, self.cells = chosen, cells
        taken = {each.place for each in chosen}
        options = []
        for number in range(start, len(self.found)):
            each = self.found[number]
            kept = each.accounts if common is None else common & each.accounts
            if each.place not in taken and len(kept) >= self.accounts:
                options.append((-len(kept), number, kept))
        # The accounts only become fewer, and each place counts once: no more cells than this can follow.
        reach = len(chosen) + len({self.found[number].place for _, number, _ in options})
        for less, number, kept in sorted(options, key=lambda option: option[:2]):
            if self.steps >= _STEPS or -less * reach <= self.cells or reach < self.places:
                return
            self.steps += 1
            self.grow(number + 1, kept, (*chosen, self.found[number]))

    def _kinds(self, chosen: tuple[Occasion, ...]) -> int:
        return len({self.kind_of.get(each.place) for each in chosen})


def _closed(chosen: Sequence[Occasion], found: Sequence[Occasion]) -> Group:
    """With every further place at which all of the accounts were."""
    common = frozenset.intersection(*(each.accounts for each in chosen))
    by_place = {each.place: each for each in chosen}
    for each in found:
        if common <= each.accounts:
            by_place.setdefault(each.place, each)
    ordered = sorted(by_place.values(), key=lambda each: (each.start, each.place))
    return Group(tuple(sorted(common)), tuple(ordered))
