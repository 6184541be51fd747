"""A cluster of reviews with what was found around it: captured briefs, the same pictures, thin accounts, names."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import ahocorasick

from crawler.detect.kit.corpus import Corpus, Listing, Post, Review
from crawler.detect.text.brief import LEAST as LEAST_ITEMS
from crawler.detect.text.brief import Demand, demands, met
from crawler.detect.text.chance import poisson_tail
from crawler.detect.text.clusters import Cluster, Odds
from crawler.detect.text.context import Context
from crawler.detect.text.normalise import normalised
from crawler.detect.text.pictures import SharedPicture, shared_pictures
from crawler.detect.text.points import clauses

_KIND_OF_SHOP = re.compile("(?:官方|旗舰|专营|专卖|自营|企业|品牌|小)*店$")  # what a shop's name ends with


@dataclass(frozen=True, slots=True)
class Asking:
    """A post that asks for words, and the runs that it holds itself."""

    post: Post
    asked: tuple[Demand, ...]
    held: frozenset[str]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """A captured post that asks for what the reviews say."""

    asking: Asking
    demand: Demand | None  # None: it contains the words themselves
    phrase: str
    said_by: int  # members that say at least two of the items, or the words
    names_shop: bool

    @property
    def post(self) -> Post:
        """The post."""
        return self.asking.post


@dataclass(frozen=True, slots=True)
class Group:
    """A cluster with all that was found around it."""

    cluster: Cluster
    chance: Odds
    members: tuple[Review, ...]
    accounts: int
    thin: int  # accounts with one review in the archive
    thin_chance: float
    briefs: tuple[Brief, ...]
    pictures: tuple[SharedPicture, ...]
    names: tuple[str, ...]  # of the products


def askings(corpus: Corpus, clusters: Sequence[Cluster]) -> list[Asking]:
    """Posts that ask for words, or that hold the run of a cluster."""
    runs = ahocorasick.Automaton()
    for cluster in clusters:
        if cluster.basis == "run":
            runs.add_word(cluster.phrases[0], cluster.phrases[0])
    runs.make_automaton()
    found: list[Asking] = []
    headlines: dict[tuple[str, str], str] = {}
    for post in corpus.posts() if clusters else ():
        if post.headline:
            headlines[post.domain, post.identifier] = post.headline
        text = post.article_body or ""
        asked = tuple(demands(text))
        held = (
            frozenset(phrase for _, phrase in runs.iter(normalised(text).text)) if len(runs) else frozenset()
        )
        if asked or held:
            found.append(Asking(post, asked, held))
    return [_with_title(each, headlines) for each in found]


def _with_title(asking: Asking, headlines: Mapping[tuple[str, str], str]) -> Asking:
    """A floor of a thread is named by the thread's headline."""
    post = asking.post
    title = post.headline or headlines.get((post.domain, post.is_part_of or ""), "")
    return replace(asking, title=title)


def group_of(
    corpus: Corpus,
    context: Context,
    cluster: Cluster,
    chance: Odds,
    members: tuple[Review, ...],
    posts: Sequence[Asking],
) -> Group:
    """A cluster with its briefs, pictures and accounts. Reads the pages of its members where there is an archive."""
    accounts = {int(context.accounts[number]) for number in cluster.members}
    thin = sum(int(context.reviews_of_account[account]) == 1 for account in accounts)
    others = context.reviews_of_account
    rate = float((others == 1).sum()) / max(1, len(others))
    listings = [listing for review in members if (listing := _listing(corpus, review)) is not None]
    sellers = sorted({listing.seller for listing in listings if listing.seller})
    names = tuple(sorted({listing.name for listing in listings}))
    thin_chance = poisson_tail(thin, rate * len(accounts))
    briefs = tuple(_briefs(cluster, members, posts, sellers))
    pictures = tuple(shared_pictures(corpus, members))
    return Group(cluster, chance, members, len(accounts), thin, thin_chance, briefs, pictures, names)


def _listing(corpus: Corpus, review: Review) -> Listing | None:
    return corpus.listing_of.get((review.domain, review.item_reviewed or ""))


def _briefs(
    cluster: Cluster, members: Sequence[Review], posts: Sequence[Asking], sellers: Iterable[str]
) -> Iterator[Brief]:
    """Posts whose demands at least half of the members meet, or that contain the run."""
    said_by = [clauses(normalised(review.review_body or "")) for review in members]
    letters = {character for told in said_by for clause in told for character in clause.text}
    names = [name for seller in sellers if len(name := _KIND_OF_SHOP.sub("", seller)) > 1]
    for asking in posts:
        text = f"{asking.title}\n{asking.post.article_body or ''}"
        named = any(name in text for name in names)
        if cluster.phrases[0] in asking.held:
            yield Brief(asking, None, cluster.phrases[0], len(members), named)
            continue
        for demand in asking.asked:
            if sum(letters.issuperset(item) for item in demand.items) < LEAST_ITEMS:
                continue
            count = sum(len(met(demand, told)) >= LEAST_ITEMS for told in said_by)
            if 2 * count >= len(members):
                yield Brief(asking, demand, "、".join(demand.items), count, named)
                break


def share_pictures(group: Group) -> bool:
    """Whether at least half of the members show pictures that other members show too."""
    showing = {identifier for picture in group.pictures for identifier in picture.reviews}
    return 2 * len(showing) >= len(group.members)
