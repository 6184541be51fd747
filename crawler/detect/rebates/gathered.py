"""Everything in the corpus that says 好评返现, by shop and by who says it.

Who says it decides what it is worth. The seller's own words are replies under reviews and names of listings. A
buyer who tells of a card or a promise is a witness, never an actor. A forum post counts where it tells of a card or
a report and names the shop; recruiting posts belong to the detector `recruitment`, and news, warnings and rules are
left alone.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from crawler.detect.kit.corpus import Corpus, Post, Review, Seen
from crawler.detect.kit.names import Named
from crawler.detect.kit.subject import listing_subject, plain, post_subject
from crawler.detect.text.reward import Offer, offer_in

Form = Literal["card", "told", "reply", "listing", "task", "payment", "any"]

_SHOPS_OF_ONE_POST = 3  # a post that names more shops than this tells of no one of them in particular
_PUBLIC = re.compile(
    r"本报讯|记者|法院|检察|民警|派出所|警方|公安|市场监管局|监管部门|通报|版规|禁止发布|新闻|来源：|提醒(?:广大|消费者)"
)
_RECRUITS = re.compile(r"招募|招\d|招[人试体]|找\d+位|名额|报名|长期有单|满员|优先")
_REPORTED = re.compile(r"(?:夹|塞|附|放|收到|掉出).{0,4}(?:返现卡|好评卡|红包卡)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that says it. `who` is equal for one author; `copy` for one wording."""

    form: Form
    thing: Seen
    field: str
    offer: Offer
    shop: str  # subject
    subjects: tuple[str, ...]
    who: str
    copy: str
    stars: float | None
    since: str  # UTC: not before
    until: str  # UTC: not after

    @property
    def place(self) -> tuple[str, str, str]:
        """For a stable order."""
        return self.since, self.thing.site, self.thing.identifier


Gathered = dict[str, dict[Form, list[Told]]]  # shop → form → in order of time


def gathered(corpus: Corpus) -> Gathered:
    """What the corpus says, by shop and form. Reads every thing once; memory grows with what is found."""
    found: Gathered = defaultdict(lambda: defaultdict(list))
    replies, posts = _said_in_posts(corpus)
    for told in _all(corpus, replies, posts):
        found[told.shop][told.form].append(told)
    return {
        shop: {form: sorted(rows, key=lambda told: told.place) for form, rows in sorted(forms.items())}
        for shop, forms in sorted(found.items())
    }


def _all(corpus: Corpus, replies: "Replies", posts: list[tuple[Post, Post, Offer]]) -> Iterator[Told]:
    for review in corpus.reviews():
        yield from _of_review(corpus, review)
        for reply, offer in replies.pop((review.site, review.identifier), ()):
            yield _of_reply(corpus, review, reply, offer)
    yield from _of_listings(corpus)
    if posts:
        named = Named(corpus)
        for floor, quoted, offer in posts:
            yield from _of_post(named, floor, quoted, offer)


def _of_review(corpus: Corpus, review: Review) -> Iterator[Told]:
    offer = offer_in(review.review_body)
    if offer is None or offer.stance != "told" or offer.kind == "payment":
        return
    kind: Form = "any" if offer.kind == "any" else "task" if offer.kind == "task" else "told"
    form: Form = "card" if kind == "told" and offer.card else kind
    yield _told(
        form, review, "review_body", offer, shop=corpus.shop(review), more=_listing(review),
        who=review.author_alias or review.identifier, stars=review.stars,
        since=review.published_at or review.first_seen,
    )  # fmt: skip


def _of_reply(corpus: Corpus, review: Review, reply: Post, offer: Offer) -> Told:
    """The seller answers a review: the reply is younger than the review and not younger than its first capture."""
    form: Form = "payment" if offer.kind == "payment" else "any" if offer.kind == "any" else "reply"
    return _told(
        form, reply, "article_body", offer, shop=corpus.shop(review), more=_listing(review), who=corpus.shop(review),
        stars=review.stars, since=reply.published_at or review.published_at or reply.first_seen,
        until=reply.published_at or reply.first_seen,
    )  # fmt: skip


def _of_listings(corpus: Corpus) -> Iterator[Told]:
    for listing in corpus.listings():
        offer = offer_in(listing.name)
        if offer and offer.kind == "good" and offer.stance != "denied":
            shop = corpus.shop(listing)
            yield _told(
                "listing", listing, "name", offer, shop=shop, who=shop, stars=None, since=listing.first_seen,
                more=(listing_subject(listing.domain, listing.identifier),), until=listing.captured_at,
            )  # fmt: skip


def _of_post(named: Named, floor: Post, quoted: Post, offer: Offer) -> Iterator[Told]:
    """A post that tells of a card, for each shop that it names. `quoted` is the thread where its title says it."""
    subjects = named.subjects(f"{quoted.headline or ''}\n{floor.article_body or ''}")
    shops = [subject for subject in subjects if subject.startswith("shop:")]
    if len(shops) > _SHOPS_OF_ONE_POST:
        return
    field = "headline" if quoted is not floor else "article_body"
    thread = post_subject(floor.domain, floor.is_part_of or floor.identifier)
    for shop in shops:
        listings = tuple(each for each in subjects if each.startswith(_listings_of(shop)))
        yield _told(
            "card", quoted, field, offer, shop=shop, more=(thread, *listings),
            who=floor.author_alias or floor.identifier, stars=None, since=floor.published_at or floor.first_seen,
        )  # fmt: skip


def _listings_of(shop: str) -> str:
    return "listing:" + shop.removeprefix("shop:").partition("/")[0] + "/"


Replies = dict[tuple[str, str], list[tuple[Post, Offer]]]  # (site, review) → seller's replies


def _said_in_posts(corpus: Corpus) -> tuple[Replies, list[tuple[Post, Post, Offer]]]:
    """Candidates for replies by what they are part of, and (floor, post to quote, offer) that tell of a card."""
    replies: Replies = defaultdict(list)
    posts: list[tuple[Post, Post, Offer]] = []
    titles: dict[tuple[str, str], tuple[Post, Offer]] = {}
    for post in corpus.posts():
        offer = offer_in(post.article_body)
        if offer and post.is_part_of and offer.stance != "denied":
            replies[post.site, post.is_part_of].append((post, offer))
        if post.headline and (title := offer_in(post.headline)) and title.kind == "good":
            titles[post.site, post.identifier] = (post, title)
        if offer and _tells_of_card(post, offer):
            posts.append((post, post, offer))
        elif not offer and (known := titles.get((post.site, post.is_part_of or ""))) and _reports_card(post):
            posts.append((post, *known))
    return replies, posts


def _reports_card(post: Post) -> bool:
    """Under a title that says it (举报好评返现三个月): words of a card that came, without its wording."""
    return bool(_REPORTED.search(post.article_body or "")) and not _left_alone(post)


def _tells_of_card(post: Post, offer: Offer) -> bool:
    told = offer.kind == "good" and offer.stance == "told" and offer.card is not None
    return told and not _left_alone(post)


def _left_alone(post: Post) -> bool:
    """News, warnings and rules; and recruiting, which is another detector's."""
    text = f"{post.headline or ''}\n{post.article_body or ''}"[:5000]  # their marks stand early
    return bool(_PUBLIC.search(text) or _RECRUITS.search(text))


def _listing(review: Review) -> tuple[str, ...]:
    return (listing_subject(review.domain, review.item_reviewed),) if review.item_reviewed else ()


def _told(
    form: Form,
    thing: Seen,
    field: str,
    offer: Offer,
    *,
    shop: str,
    more: tuple[str, ...],
    who: str,
    stars: float | None,
    since: str,
    until: str | None = None,
) -> Told:
    return Told(
        form=form, thing=thing, field=field, offer=offer, shop=shop, subjects=(shop, *more), who=who, stars=stars,
        since=since, until=until or since, copy=plain(getattr(thing, field)),
    )  # fmt: skip
