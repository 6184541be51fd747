"""The reviews of each product as a series: from when to when, and whether the newest days can be judged."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from crawler.detect.kit.corpus import Corpus, Listing, Review
from crawler.detect.kit.subject import listing_subject
from crawler.detect.series.counts import Series, beijing_day, dated, series, summed

EDGE = 28  # days before the newest capture that are not judged where the list may be cut
_MORE_THAN_SHOWN = (
    1.1  # times the reviews that the archive has: a counter up to there says that all are shown
)
_FOLLOW_UPS = 2  # reviews that a counter may lag behind
_LEAST_PAGES = 3  # whose order says how the list is sorted
_UNSORTED = 0.1  # share of neighbouring pages that may lie otherwise: two runs, a pinned review
_LEAST_REVIEWS = 10  # of a product: with fewer no level is known


@dataclass(slots=True)
class History:
    """What is known of one product's reviews. `pages`: log index of a page → first and last day on it."""

    key: str
    shop: str
    domain: str
    days: list[int] = field(default_factory=list)
    shown: int = 0
    captured: int = 0  # ordinal of the newest capture's day
    pages: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, review: Review, day: int | None) -> None:
        """Count a review that is no follow-up."""
        self.shown += 1
        self.captured = max(self.captured, beijing_day(review.captured_at))
        if day is not None:
            self.days.append(day)
            first, last = self.pages.get(review.leaf, (day, day))
            self.pages[review.leaf] = min(first, day), max(last, day)

    def is_whole(self, listing: Listing | None) -> bool:
        """Whether the newest days are shown like all others: the counter says that nothing is missing, or the list
        is sorted by time, so that what is cut off is old."""
        number = listing.review_number if listing else None
        if number is not None and number <= self.shown * _MORE_THAN_SHOWN + _FOLLOW_UPS:
            return True
        pages = [self.pages[leaf] for leaf in sorted(self.pages)]
        unsorted = sum(later[1] > earlier[0] for earlier, later in pairwise(pages))
        return len(pages) >= _LEAST_PAGES and unsorted <= max(1.0, _UNSORTED * len(pages))

    def series(self, listing: Listing | None) -> Series | None:
        """Its counts; None where too few reviews have a day."""
        if len(self.days) < _LEAST_REVIEWS:
            return None
        judged = self.captured if self.is_whole(listing) else self.captured - EDGE
        return series(self.key, self.shop, self.days, last=self.captured, judged_until=judged)


@dataclass(frozen=True, slots=True)
class Histories:
    """All products with their series, the shops' sums, and how many reviews each account wrote."""

    products: Mapping[str, Series]
    shops: Mapping[str, Series]
    platform: Mapping[str, str]  # shop → domain
    written: Mapping[str, int]
    expected: Mapping[str, int]  # key → reviews with a day, by which a reader knows that it has them all


def product(review: Review) -> str:
    """What a review is counted for: its product as a subject; its page where it names none."""
    return listing_subject(review.domain, review.item_reviewed or review.url)


def histories(corpus: Corpus) -> Histories:
    """Read all reviews once, keeping days and numbers only."""
    found: dict[str, History] = {}
    written: dict[str, int] = defaultdict(int)
    for review in corpus.reviews():
        if review.is_part_of:
            continue
        key = product(review)
        if key not in found:
            found[key] = History(key, corpus.shop(review), review.domain)
        found[key].add(review, dated(review.published_at, review.published_precision))
        if review.author_alias:
            written[review.author_alias] += 1
    known = {listing_subject(*name): listing for name, listing in corpus.listing_of.items()}
    rows = {key: own for key in sorted(found) if (own := found[key].series(known.get(key)))}
    platform = {history.shop: history.domain for history in found.values()}
    counted = {key: len(history.days) for key, history in found.items()}
    return Histories(rows, _shops(rows), platform, written, counted)


def _shops(rows: Mapping[str, Series]) -> dict[str, Series]:
    by_shop: dict[str, list[Series]] = defaultdict(list)
    for own in rows.values():
        by_shop[own.shop].append(own)
    return {shop: summed(shop, shop, parts) for shop, parts in sorted(by_shop.items()) if len(parts) > 1}
