"""The demo market's world: a pure function of (seed, size, first day), looked at on any later day.

Nothing is held but listings and planted groups; reviews are derived from the seed, listing by listing.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from crawler.demo import text
from crawler.demo.clock import BEIJING, FIRST_DAY, now_on
from crawler.demo.dice import Dice
from crawler.demo.scheme import Group, GroupPlanner, group_reply, group_text
from crawler.demo.shops import FEATURED, SHOPS, Listing, plan_listings
from crawler.errors import UsageError

LEAST, MOST = 200, 200_000
_HOURS = (0, 1, 7, 8, 9, 10, 11, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 20, 20, 21, 21, 21, 22, 22, 23)


@dataclass(frozen=True, slots=True)
class Stub:
    """A review before its text is made."""

    id: int  # listing id and five digits
    listing: int
    moment: int  # seconds since 1970, UTC
    group: Group | None = None
    place: int = 0  # within the group

    @property
    def when(self) -> datetime:
        """When it was published, 北京时间."""
        return datetime.fromtimestamp(self.moment, BEIJING)


@dataclass(frozen=True, slots=True)
class Review:
    """A review as pages show it."""

    stub: Stub
    uid: str
    nick: str
    stars: int
    style: str  # written, short, default, hunter, planted
    body: str
    variant: str
    region: str
    bought: date
    useful: int
    pictures: tuple[int, ...]
    append_days: int
    append: str | None
    reply: str | None


@dataclass(frozen=True, slots=True)
class Counters:
    """What a listing claims about itself on one day."""

    sales: int  # sold in the last month
    reviews: int
    rating: float  # of 5
    good_share: int  # percent


@dataclass(frozen=True, slots=True)
class Odd:
    """Listings with an odd answer from the second day on, and the one whose counters jump."""

    gone_404: int
    gone_410: int
    wall_page: int
    wall_redirect: int
    jump: int
    jump_from: date


class World:
    """All that the market knows. `today` is its first day."""

    def __init__(self, seed: int = 1, reviews: int = 2000, today: date = FIRST_DAY) -> None:
        if not LEAST <= reviews <= MOST:
            raise UsageError(
                f"a demo market has {LEAST} to {MOST} reviews, not {reviews}; choose a number between"
            )
        self.seed = seed
        self.reviews = reviews
        self.today = today
        self.listings = {listing.id: listing for listing in plan_listings(seed, reviews, today)}
        self.buyers = max(150, reviews * 7 // 10)
        self.groups = GroupPlanner(seed, self.listings, today, self.buyers).plan()
        self.odd = Odd(610_004, 620_004, 640_002, 640_004, 630_001, today + timedelta(days=1))
        self._groups_of: dict[int, list[Group]] = {}
        for group in self.groups:
            self._groups_of.setdefault(group.listing, []).append(group)
        self._stubs = lru_cache(maxsize=256)(self._plan_stubs)
        self._visible = lru_cache(maxsize=128)(self._plan_visible)

    def listings_of(self, host: str) -> list[Listing]:
        """The listings of one shop in the order of its lists."""
        return [listing for listing in self.listings.values() if listing.shop.host == host]

    def visible(self, listing: int, day: date) -> list[Stub]:
        """The reviews that a listing shows on a day, newest first."""
        return self._visible(listing, day)

    def _plan_visible(self, listing: int, day: date) -> list[Stub]:
        stubs = self._stubs(listing) + self._later(self.listings[listing], day)
        shown = [stub for stub in stubs if stub.group is None or not _gone(stub.group, day)]
        return sorted(shown, key=lambda stub: (-stub.moment, -stub.id))

    def _plan_stubs(self, listing_id: int) -> list[Stub]:
        """The reviews of the first day, oldest first; their number is `base`."""
        listing = self.listings[listing_id]
        groups = self._groups_of.get(listing_id, [])
        planted = [
            (moment, group, place) for group in groups for place, moment in enumerate(self._burst(group))
        ]
        honest = self._moments(listing, max(0, listing.base - len(planted)))
        rows: list[tuple[int, Group | None, int]] = [(moment, None, 0) for moment in honest]
        rows += planted
        rows.sort(key=lambda row: row[0])
        return [
            Stub(listing_id * 100_000 + place, listing_id, moment, group, number)
            for place, (moment, group, number) in enumerate(rows, 1)
        ]

    def _moments(self, listing: Listing, count: int) -> list[int]:
        """Moments of honest reviews: evenings, more of late, a crowd after 618."""
        dice = Dice(self.seed, "moments", listing.id)
        opened, now = int(listing.opened.timestamp()), int(now_on(self.today).timestamp())
        fair = int(datetime(self.today.year, 6, 19, tzinfo=BEIJING).timestamp())
        crowd = 0.45 if listing.id == SHOPS[0].base + 2 else 0.06
        moments = []
        for _ in range(count):
            if dice.chance(crowd) and fair + 7 * 86_400 < now:
                day = fair + dice.below(6) * 86_400
            else:
                day = opened + int((now - opened - 86_400) * dice.unit() ** 0.7)
                day -= (day + 28_800) % 86_400
            moments.append(day + dice.pick(_HOURS) * 3600 + dice.below(3600))
        return moments

    def _burst(self, group: Group) -> list[int]:
        dice = Dice(self.seed, "burst", group.key)
        start, span = int(group.start.timestamp()), max(1, group.days * 86_400)
        return [start + dice.below(span) for _ in range(group.size)]

    def _later(self, listing: Listing, day: date) -> list[Stub]:
        """Reviews that came after the first day; the planted ones are all older."""
        number, stubs = listing.base, []
        for passed in range(1, (day - self.today).days + 1):
            dice = Dice(self.seed, "later", listing.id, passed)
            start = int(now_on(self.today + timedelta(days=passed - 1)).timestamp())
            count = int(listing.base * 0.004 + dice.unit()) + (1 if listing.number <= FEATURED else 0)
            for moment in sorted(start + 60 + dice.below(86_000) for _ in range(count)):
                number += 1
                stubs.append(Stub(listing.id * 100_000 + number, listing.id, moment))
        return stubs

    def review(self, stub: Stub) -> Review:
        """The whole review."""
        dice = Dice(self.seed, "review", stub.id)
        listing = self.listings[stub.listing]
        buyer = stub.group.accounts[stub.place] if stub.group else dice.below(self.buyers)
        stars, style, body = self._body(stub, listing, dice)
        days, append = self._append(stars, style, dice)
        return Review(
            stub=stub,
            uid=f"u{100_000 + buyer}",
            nick=text.nickname(Dice(self.seed, "nick", buyer)),
            stars=stars,
            style=style,
            body=body,
            variant=listing.variants[0] if _paid(stub) else dice.pick(listing.variants),
            region=Dice(self.seed, "region", buyer).pick(text.words()["places"]["names"]),
            bought=(stub.when - timedelta(days=dice.between(2, 12))).date(),
            useful=dice.weighted([(0, 8.0), (dice.between(1, 6), 3.0), (dice.between(7, 80), 0.4)]),
            pictures=self._pictures(stub, style, dice),
            append_days=days,
            append=append,
            reply=self._reply(stub, stars, style, dice),
        )

    def _body(self, stub: Stub, listing: Listing, dice: Dice) -> tuple[int, str, str]:
        if stub.group:
            stars, body = group_text(stub.group, listing, stub.place, self.seed)
            return stars, "planted", body
        stars = dice.weighted(listing.stars)
        style, body = text.review(listing.category, stars, dice)
        return stars, style, body

    def _append(self, stars: int, style: str, dice: Dice) -> tuple[int, str | None]:
        if style != "written" or not dice.chance(0.07):
            return 0, None
        mood = "pos" if stars >= 4 and dice.chance(0.6) else "neg"
        return dice.between(3, 60), text.one_of(text.words()["append"][mood], dice)

    def _pictures(self, stub: Stub, style: str, dice: Dice) -> tuple[int, ...]:
        """Numbers of pictures; a paid group shares a few between all its authors."""
        if stub.group and _paid(stub):
            shared = Dice(self.seed, "pictures", stub.group.key)
            return tuple(dice.sample([shared.below(1_000_000) for _ in range(5)], 3))
        if style == "default" or not dice.chance(0.22):
            return ()
        return tuple(dice.below(1_000_000) for _ in range(dice.between(1, 4)))

    def _reply(self, stub: Stub, stars: int, style: str, dice: Dice) -> str | None:
        if stub.group and (answer := group_reply(stub.group, stub.place, self.seed)):
            return answer
        if style == "default" or not dice.chance(0.4 if stars <= 2 else 0.08):
            return None
        return text.one_of(text.words()["reply"]["sorry" if stars <= 2 else "thanks"], dice)

    def counters(self, listing_id: int, day: date) -> Counters:
        """What the listing claims on a day. The inflated one claims far more than it can show."""
        listing = self.listings[listing_id]
        reviews = len(self.visible(listing_id, day))
        sales = max(12, reviews * listing.sold_per_review // 4)
        if listing_id == self.odd.jump:
            reviews, sales = reviews * 9, sales * (31 if day >= self.odd.jump_from else 1)
        weights = dict(listing.stars)
        total = sum(weights.values())
        rating = sum(stars * weight for stars, weight in weights.items()) / total
        return Counters(sales, reviews, round(rating, 1), round(100 * (weights[5] + weights[4]) / total))

    def status(self, listing_id: int, day: date) -> str:
        """ "page", or the odd answer of this day: gone_404, gone_410, wall_page, wall_redirect."""
        if day > self.today:
            for name in ("gone_404", "gone_410", "wall_page", "wall_redirect"):
                if getattr(self.odd, name) == listing_id:
                    return name
        return "page"


def _gone(group: Group, day: date) -> bool:
    return group.gone_from is not None and day >= group.gone_from


def _paid(stub: Stub) -> bool:
    return stub.group is not None and stub.group.role in ("paid", "attack")
