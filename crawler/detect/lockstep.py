"""同步账号: groups of accounts that review the same products or shops within the same days."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crawler.detect.graph import returned as telling
from crawler.detect.graph import wording
from crawler.detect.graph.crews import Crew, crews
from crawler.detect.graph.gathered import Gathered, by_shop, gathered, reviews_of
from crawler.detect.graph.returned import Returned, returned
from crawler.detect.graph.seen import LOW, Seen, seen
from crawler.detect.graph.surges import Returns, returns
from crawler.detect.kit.corpus import Corpus, Review
from crawler.detect.kit.detector import Detector
from crawler.detect.kit.finding import Finding, Grade
from crawler.detect.kit.subject import account_subject, listing_subject

_SHOPS_STRONG = 3  # shops from which one shop's own circle of customers no longer explains it
_UNLIKELY = 1e-6  # expected groups, free choice, from which a finding can be strong
_DAYS_UNLIKELY = 0.01  # expected groups, free days
_MOST_SUBJECTS = 60  # accounts named as subjects


class Lockstep(Detector):
    """Pairs of accounts that meet at three or more places within three days, dense cores of the graph of pairs, and
    in each the largest complete group of at least 4 accounts × 3 places, as CopyCatch (Beutel et al., WWW 2013);
    chance by two models (graph/chance.py). Beside it the accounts that return in surges of different products
    (graph/surges.py). Accounts are joined by their account id only, never by masked names."""

    name = "lockstep"
    version = 1
    title = "同步账号"
    summary = (
        "查找在多件商品、多家店铺下总在几天之内结伴评价的账号组；隐名账号、公众人物、什么都评价的账号和"
        "随机即可解释的相遇不列为线索"
    )

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        """One finding per crew, and one per family of surges with the same accounts. Shops as places are looked at
        where products show nothing of the same accounts."""
        sites = [_found(products) for products in gathered(corpus)]
        reviews = reviews_of(corpus, {found.products.site: found.aliases for found in sites})
        for found in sites:
            own = reviews[found.products.site]
            for one in seen(corpus, found.products, found.crews, own):
                yield self._finding(one)
            for one in seen(corpus, found.shops, found.shop_crews, own):
                yield self._finding(one)
            for family in returned(corpus, found.products, found.families, own):
                yield self._returning(family)

    def _finding(self, one: Seen) -> Finding:
        moments = [review.published_at for review in one.joint if review.published_at]
        return Finding(
            detector=self.name, version=self.version, key=_key(one), grade=grade(one), link="review",
            conduct=_conduct(one.joint),
            claim=wording.claim(one), why=wording.why(one), quotes=wording.quotes(one), facts=wording.facts(one),
            innocent=wording.innocents(one), limits=wording.limits(one), chance=wording.chance(one),
            tables=wording.tables(one),
            subjects=_subjects(one.gathered, one.crew.group.accounts, one.group_shops, one.joint),
            conduct_from=min(moments), conduct_until=max(moments),
        )  # fmt: skip

    def _returning(self, one: Returned) -> Finding:
        moments = [review.published_at for review in one.reviews if review.published_at]
        first = one.family.surges[0]
        return Finding(
            detector=self.name, version=self.version, link="review", conduct=_conduct(one.reviews),
            key=f"{one.gathered.site}/returning/{one.gathered.places[first.place]}",
            grade="medium" if len(one.shops) > 1 else "weak",
            claim=telling.claim(one), why=telling.WHY, quotes=telling.quotes(one), facts=telling.facts(one),
            innocent=telling.innocents(one), limits=telling.LIMITS, chance=telling.chance(one),
            tables=(telling.table(one),),
            subjects=_subjects(one.gathered, one.family.accounts, one.shops, one.reviews),
            conduct_from=min(moments), conduct_until=max(moments),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    """What the visits of one site show, before any review is looked at again."""

    products: Gathered
    shops: Gathered
    crews: list[Crew]
    shop_crews: list[Crew]
    families: list[Returns]

    @property
    def aliases(self) -> set[str]:
        """The accounts whose reviews explain it."""
        parts = [each.accounts for each in (*self.crews, *self.shop_crews)]
        parts += [each.accounts for each in self.families]
        numbers = {account for part in parts for account in part}
        return {self.products.accounts[account] for account in numbers}


def _found(products: Gathered) -> _Found:
    """Shops as places only show crews that products do not show."""
    shops = by_shop(products)
    by_product = crews(products.visits, products.shops)
    known = {account for crew in by_product for account in crew.accounts}
    of_shops = [crew for crew in crews(shops.visits, shops.shops) if not known.issuperset(crew.accounts)]
    return _Found(products, shops, by_product, of_shops, returns(products.visits))


def grade(one: Seen) -> Grade:
    """Strong: three shops, chance explains neither the choice nor the days, and no innocent reading that could be
    tested remains. Weak: within one shop."""
    shops = len(one.group_shops)
    if shops == 1:
        return "weak"
    tested = wording.innocents(one)[:-1]  # the last can never be ruled out from pages
    unlikely = one.crew.by_choice < _UNLIKELY and one.crew.by_days < _DAYS_UNLIKELY
    if shops >= _SHOPS_STRONG and unlikely and not any(each.remains for each in tested):
        return "strong"
    return "medium"


def _key(one: Seen) -> str:
    """By the account that is first at the earliest occasion: later captures add accounts, seldom earlier ones."""
    group = one.crew.group
    earliest = min(
        (one.cells[account, group.occasions[0].place].published_at or "", one.gathered.accounts[account])
        for account in group.accounts
    )
    return f"{one.gathered.site}/{one.gathered.level}/{earliest[1]}"


def _conduct(reviews: Sequence[Review]) -> str:
    """Mostly bad reviews are ordered against the shop."""
    stars = [review.stars for review in reviews if review.stars is not None]
    return "reverse_brushing" if 2 * sum(each <= LOW for each in stars) > len(stars) else "fake_review"


def _subjects(
    gathered: Gathered, accounts: Sequence[int], shops: Sequence[str], reviews: Sequence[Review]
) -> tuple[str, ...]:
    named = [
        account_subject(gathered.site, gathered.accounts[account]) for account in accounts[:_MOST_SUBJECTS]
    ]
    listings = [
        listing_subject(review.domain, review.item_reviewed) for review in reviews if review.item_reviewed
    ]
    return tuple(sorted({*shops, *listings, *named}))
