"""A crew with its reviews: what the explanation of a lockstep finding is made of."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from crawler.detect.graph.crews import WINDOW, Crew
from crawler.detect.graph.gathered import Gathered, account_of, day_of, place_of
from crawler.detect.graph.visits import Visits
from crawler.detect.kit.corpus import Corpus, Review
from crawler.detect.kit.subject import listing_subject

LOW, HIGH = 2.0, 5.0  # stars: a bad review, the best
_CROWDED = 3.0  # times the usual number of other accounts from which an occasion may be a promotion


@dataclass(slots=True)
class Seen:
    """One crew of a site. `cells`: (account number, place number) → the first review there."""

    gathered: Gathered
    crew: Crew
    cells: dict[tuple[int, int], Review] = field(default_factory=dict)
    reviews: int = 0  # all dated reviews of the group's accounts
    shops: dict[int, str] = field(default_factory=dict)  # place number → shop subject
    names: dict[int, str] = field(default_factory=dict)  # place number → as printed

    @property
    def joint(self) -> list[Review]:
        """The reviews of the complete group, by occasion and account."""
        group = self.crew.group
        return [self.cells[account, each.place] for each in group.occasions for account in group.accounts]

    @property
    def group_shops(self) -> list[str]:
        """The shops of the complete group, each once, in order of its occasions."""
        return list(dict.fromkeys(self.shops[each.place] for each in self.crew.group.occasions))

    @property
    def stars(self) -> list[float]:
        """The stars of the joint reviews, where they are shown."""
        return [review.stars for review in self.joint if review.stars is not None]

    @property
    def regions(self) -> Counter[str]:
        """Printed regions of the group's accounts, one each where shown."""
        by_account: dict[int, str] = {}
        for account in self.crew.group.accounts:
            shown = [self.cells[account, each.place].region for each in self.crew.group.occasions]
            named = [region for region in shown if region]
            if named:
                by_account[account] = named[0]
        return Counter(by_account.values())


def seen(corpus: Corpus, gathered: Gathered, crews: Iterable[Crew]) -> list[Seen]:
    """Every crew with its reviews, in one further pass over the corpus."""
    found = [Seen(gathered, crew) for crew in crews]
    if not found:
        return []
    of_account = {account: each for each in found for account in each.crew.accounts}
    place_numbers = {name: number for number, name in enumerate(gathered.places)}
    for review in corpus.reviews():
        account = gathered.number_of.get(account_of(review) or "")
        if review.site != gathered.site or account not in of_account or day_of(review) is None:
            continue
        _add(
            corpus,
            of_account[account],
            account,
            place_numbers[place_of(corpus, review, gathered.level)],
            review,
        )
    return found


def _add(corpus: Corpus, one: Seen, account: int, place: int, review: Review) -> None:
    if account in one.crew.group.accounts:
        one.reviews += 1
    before = one.cells.get((account, place))
    if before is None or _moment(review) < _moment(before):
        one.cells[account, place] = review
    if place not in one.shops:
        one.shops[place] = corpus.shop(review)
        one.names[place] = _printed(corpus, review, one.gathered.level == "shop")


def crowded(one: Seen) -> list[bool]:
    """For each occasion: whether other accounts too came three times as often as they usually come there."""
    group, visits = one.crew.group, one.gathered.visits
    others = visits.kept(~np.isin(visits.account, one.crew.accounts))
    return [_ratio(others, each.place, each.start) >= _CROWDED for each in group.occasions]


def at_occasion(one: Seen, place: int, start: int) -> int:
    """Visits of anybody to a place within the window."""
    visits = one.gathered.visits
    near = (visits.place == place) & (visits.day >= start) & (visits.day < start + WINDOW)
    return int(near.sum())


def _ratio(others: Visits, place: int, start: int) -> float:
    days = others.day[others.place == place].tolist()
    if not days:
        return 0.0
    span = max(days) - min(days) + 1
    usual = max(len(days) * WINDOW / max(span, WINDOW), 1.0)  # one visit is no crowd
    return sum(start <= day < start + WINDOW for day in days) / usual


def _moment(review: Review) -> tuple[str, str]:
    return review.published_at or "", review.identifier


def _printed(corpus: Corpus, review: Review, shop: bool) -> str:
    listing = corpus.listing_of.get((review.domain, review.item_reviewed or review.url))
    if listing is None:
        return listing_subject(review.domain, review.item_reviewed or review.url)
    return (listing.seller or listing.name) if shop else listing.name
