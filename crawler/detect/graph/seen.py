"""A crew with its reviews: what the explanation of a lockstep finding is made of."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from crawler.detect.graph.crews import WINDOW, Crew
from crawler.detect.graph.gathered import Gathered, account_of, place_of
from crawler.detect.graph.surges import felt
from crawler.detect.kit.corpus import Corpus, Review
from crawler.detect.kit.subject import listing_subject

LOW, HIGH = 2.0, 5.0  # stars: a bad review, the best


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


def seen(corpus: Corpus, gathered: Gathered, crews: Iterable[Crew], reviews: Iterable[Review]) -> list[Seen]:
    """Every crew with its reviews; `reviews`: the dated ones of the crews' accounts on this site, or more."""
    found = [Seen(gathered, crew) for crew in crews]
    of_account = {account: each for each in found for account in each.crew.accounts}
    place_numbers = {name: number for number, name in enumerate(gathered.places)}
    for review in reviews:
        account = gathered.number_of.get(account_of(review) or "")
        if account in of_account:
            place = place_numbers[place_of(corpus, review, gathered.level)]
            _add(corpus, of_account[account], account, place, review)
    return found


def _add(corpus: Corpus, one: Seen, account: int, place: int, review: Review) -> None:
    if account in one.crew.group.accounts:
        one.reviews += 1
    before = one.cells.get((account, place))
    if before is None or moment_of(review) < moment_of(before):
        one.cells[account, place] = review
    if place not in one.shops:
        one.shops[place] = corpus.shop(review)
        one.names[place] = printed(corpus, review, shop=one.gathered.level == "shop")


def crowded(one: Seen) -> list[bool | None]:
    """For each occasion: whether the rest of the site too had twice as many reviews as usual in its window; None
    where the archive has too few to say. A promotion of the platform is felt everywhere, a task at one product."""
    group, visits = one.crew.group, one.gathered.visits
    every = np.sort(visits.day)
    return [
        felt(every, visits.day[visits.place == each.place], each.start, WINDOW) for each in group.occasions
    ]


def at_occasion(one: Seen, place: int, start: int) -> int:
    """Visits of anybody to a place within the window."""
    visits = one.gathered.visits
    near = (visits.place == place) & (visits.day >= start) & (visits.day < start + WINDOW)
    return int(near.sum())


def moment_of(review: Review) -> tuple[str, str]:
    """By what the first of several reviews is chosen, whatever the order of rows."""
    return review.published_at or "", review.identifier


def printed(corpus: Corpus, review: Review, *, shop: bool) -> str:
    """The name of a review's product, or of its shop, as printed; its subject where no listing was seen."""
    listing = corpus.listing_of.get((review.domain, review.item_reviewed or review.url))
    if listing is None:
        return listing_subject(review.domain, review.item_reviewed or review.url)
    return (listing.seller or listing.name) if shop else listing.name
