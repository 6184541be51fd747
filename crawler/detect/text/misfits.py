"""What does not fit in reviews, counted for each shop of a corpus; two passes, product by product."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from crawler.detect.kit.corpus import Corpus, Review
from crawler.detect.kit.subject import listing_subject
from crawler.detect.text.chance import odds, of_many, poisson_tail
from crawler.detect.text.misfit import (
    Kind,
    Typical,
    before_launch,
    before_purchase,
    frequent_pairs,
    names_no_fact,
    other_product,
    pairs,
    stars_disagree,
    typical,
)

KINDS: tuple[Kind, ...] = ("stars", "factless", "other", "early", "order")
_LEAST_READ = 30  # reviews of a product from which its typical words are known
_KEPT = 20  # cases of each kind kept for a shop; all are counted
_LEAST_CASES = 5
_TIMES = 2.0  # as many as elsewhere
_UNLIKELY = 0.001  # over all shops and kinds
# Such a share may be so anywhere: of 4,000 real food reviews marked good, 57 speak clear blame (detection.md §4.5).
# Where other shops show less, this floor counts, so that a clean archive does not make one shop odd.
_FLOOR: dict[Kind, float] = {"stars": 0.015, "factless": 0.05, "other": 0.01, "early": 0.005, "order": 0.005}
_REWARD = ("返现", "返红包", "好评返", "返钱", "返款", "红包")  # the detector `rebate` tells of these


@dataclass(frozen=True, slots=True)
class Case:
    """One review that does not fit; `note` for the label of its quote."""

    review: Review
    note: str = ""


@dataclass(slots=True)
class Shop:
    """Counts of a shop. `among`: reviews that could have shown the kind."""

    name: str
    cases: dict[Kind, list[Case]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    count: Counter[Kind] = field(default_factory=Counter)
    among: Counter[Kind] = field(default_factory=Counter)

    def add(self, kind: Kind, case: Case | None) -> None:
        """One more comparable review; `case`: it does not fit."""
        self.among[kind] += 1
        if case is not None:
            self.count[kind] += 1
            if len(self.cases[kind]) < _KEPT:
                self.cases[kind].append(case)


@dataclass(frozen=True, slots=True)
class Unusual:
    """A kind of which a shop has more than others have."""

    kind: Kind
    count: int
    among: int
    expected: float
    odds: str


def shops(corpus: Corpus) -> dict[str, Shop]:
    """Every shop by its subject. Memory: one counter of character pairs, the frequent pairs of each
    product, 20 cases a kind."""
    known = _known(corpus)
    names = {corpus.shop(listing): listing.seller or listing.name for listing in corpus.listings()}
    found: dict[str, Shop] = {}
    for product, reviews in _by_product(corpus):
        for review, said in reviews:
            subject = corpus.shop(review)
            shop = found.setdefault(subject, Shop(names.get(subject) or "该商品的商家"))
            _look(shop, review, said, product, known)
    return found


def unusual(subject: str, counted: dict[str, Shop]) -> list[Unusual]:
    """The kinds of which a shop has at least five cases, twice what the other shops' share gives, and more than
    chance gives at one of a thousand over all shops and kinds."""
    shop, kinds = counted[subject], []
    for kind in KINDS:
        count, among = shop.count[kind], shop.among[kind]
        others = [other for name, other in counted.items() if name != subject]
        elsewhere = sum(other.among[kind] for other in others)
        share = sum(other.count[kind] for other in others) / elsewhere if elsewhere else 0.0
        expected = among * max(share, _FLOOR[kind])
        if count < _LEAST_CASES or count < _TIMES * expected:
            continue
        chance = of_many(poisson_tail(count, expected), len(counted) * len(KINDS))
        if chance < _UNLIKELY:
            kinds.append(Unusual(kind, count, among, expected, odds(chance)))
    return kinds


def _look(shop: Shop, review: Review, said: frozenset[str], product: "_Product", known: Typical) -> None:
    """Count one review under every kind that it could show."""
    body, stars = review.review_body, review.stars
    if review.is_part_of or any(word in body for word in _REWARD):
        return
    if stars is not None and body:
        shop.add("stars", Case(review) if stars_disagree(body, stars) else None)
    own = known.of.get(product.name)
    if own is not None:
        if stars == 5:
            shop.add("factless", Case(review) if names_no_fact(body, stars, own, product.printed) else None)
        seems = other_product(said, product.name, product.said, product.texts, known)
        shop.add("other", Case(review) if seems else None)
    launched = product.launched
    if launched and review.published_at:
        early = before_launch(review.published_at, launched)
        shop.add("early", Case(review, f"（上架{launched[:10]}）") if early else None)
    if review.purchased_at and review.published_at:
        order = before_purchase(review.published_at, review.purchased_at)
        shop.add("order", Case(review, f"（购买{review.purchased_at[:10]}）") if order else None)


@dataclass(frozen=True, slots=True)
class _Product:
    name: str  # its subject
    printed: str
    launched: str | None
    texts: int  # different ones: a text that was copied thirty times says nothing thirty times
    said: Counter[str]  # pairs of characters, once per text


def _by_product(corpus: Corpus) -> Iterator[tuple[_Product, list[tuple[Review, frozenset[str]]]]]:
    """The reviews of each product together, each with its pairs: the corpus gives them in this order."""
    for (domain, name), group in groupby(
        corpus.reviews(), key=lambda each: (each.domain, each.item_reviewed)
    ):
        reviews = [(review, pairs(review.review_body)) for review in group]
        key = name or reviews[0][0].url
        listing = corpus.listing_of.get((domain, key))
        texts = {review.review_body: own for review, own in reviews}
        said = Counter(pair for own in texts.values() for pair in own)
        yield (
            _Product(
                listing_subject(domain, key),
                listing.name if listing else "",
                listing.published_at if listing else None,
                len(texts),
                said,
            ),
            reviews,
        )


def _known(corpus: Corpus) -> Typical:
    """One pass: how often each pair is named at all, and of each product the pairs that could be typical."""
    everywhere: Counter[str] = Counter()
    frequent: dict[str, tuple[Counter[str], int]] = {}
    total = 0
    for product, reviews in _by_product(corpus):
        everywhere.update(product.said)
        total += product.texts
        if len(reviews) >= _LEAST_READ:
            frequent[product.name] = frequent_pairs(product.said, product.texts), product.texts
    return Typical.learnt(
        {name: typical(own, texts, everywhere, total) for name, (own, texts) in frequent.items()}
    )
