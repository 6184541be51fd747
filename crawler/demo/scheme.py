"""Planted groups of reviews: which listing, when, by whom, from which brief. See docs/demo-market.md."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Any

from crawler.demo import text
from crawler.demo.clock import now_on
from crawler.demo.dice import Dice
from crawler.demo.shops import FEATURED, SHOPS, Listing


@cache
def lines() -> dict[str, Any]:
    """The planted texts in `scheme.toml`."""
    return loads(Path(__file__).with_name("scheme.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Group:
    """Planted (or look-alike) reviews of one listing.

    `role` says how their text is made: paid, told, card, hidden, attack, gift, withdrawn.
    """

    scheme: str  # "S01"; empty for a look-alike
    conduct: str  # id of the law table, or of the look-alike
    role: str
    listing: int
    size: int
    start: datetime
    days: int
    accounts: tuple[int, ...]  # buyers' numbers
    gone_from: date | None = None

    @property
    def key(self) -> str:
        """A name that is unique in a world."""
        return f"{self.scheme or self.conduct}/{self.role}/{self.listing}"

    @property
    def suspicious(self) -> bool:
        """False for look-alikes and for witnesses' reviews that only tell of a scheme."""
        return bool(self.scheme) and self.role in ("paid", "attack")


class GroupPlanner:
    """Draws the groups of one world."""

    def __init__(self, seed: int, listings: dict[int, Listing], today: date, buyers: int) -> None:
        self._seed = seed
        self._listings = listings
        self._today = today
        self._buyers = buyers
        self._paid = Dice(seed, "paid accounts").sample(range(buyers), min(buyers, 40 + buyers // 200))

    def plan(self) -> list[Group]:
        """Every group, main schemes first."""
        return self._main() + self._innocent() + self._more()

    def _group(
        self,
        scheme: str,
        conduct: str,
        role: str,
        listing: int,
        share: float,
        least: int,
        ago: int,
        days: int,
    ) -> Group:
        dice = Dice(self._seed, "group", scheme, role, listing)
        size = min(max(least, int(self._listings[listing].base * share)), 60)
        pool = self._paid if role in ("paid", "attack") else range(self._buyers)
        size = min(size, len(pool))
        return Group(
            scheme=scheme,
            conduct=conduct,
            role=role,
            listing=listing,
            size=size,
            start=now_on(self._today) - timedelta(days=ago),
            days=days,
            accounts=tuple(dice.sample(pool, size))
            if role in ("paid", "attack")
            else _draw(pool, size, dice),
            gone_from=self._today + timedelta(days=1) if role in ("hidden", "withdrawn") else None,
        )

    def _main(self) -> list[Group]:
        yunlan, qiaowei, manfu = (shop.base for shop in SHOPS[:3])
        return [
            self._group("S01", "recruitment", "paid", yunlan + 1, 0.10, 8, 9, 4),
            self._group("S01", "recruitment", "told", yunlan + 1, 0.004, 2, 4, 3),
            self._group("S02", "rebate_card", "card", yunlan + 3, 0.01, 3, 30, 25),
            self._group("S03", "review_hiding", "hidden", qiaowei + 1, 0.025, 4, 40, 38),
            self._group("S04", "reverse_brushing", "attack", qiaowei + 2, 0.06, 6, 3, 2),
            self._group("S05", "fake_review", "paid", qiaowei + 3, 0.08, 6, 14, 5),
            self._group("S06", "fake_review", "paid", manfu + 2, 0.08, 6, 20, 6),
        ]

    def _innocent(self) -> list[Group]:
        yunlan, manfu = SHOPS[0].base, SHOPS[2].base
        return [
            self._group("", "reward_for_any_review", "gift", manfu + 4, 0.02, 3, 30, 28),
            self._group("", "withdrawn_review", "withdrawn", yunlan + 2, 0.0, 1, 10, 5),
            self._group("", "withdrawn_review", "withdrawn", manfu + 4, 0.0, 1, 12, 5),
        ]

    def _more(self) -> list[Group]:
        """In larger worlds one listing in fifteen has a paid group of its own."""
        groups: list[Group] = []
        for listing in self._listings.values():
            dice = Dice(self._seed, "more", listing.id)
            if listing.number > FEATURED and listing.base >= 30 and dice.chance(1 / 15):
                name, ago, days = f"S{100 + len(groups)}", dice.between(8, 120), dice.between(2, 7)
                groups.append(self._group(name, "fake_review", "paid", listing.id, 0.12, 6, ago, days))
        return groups


def _draw(pool: range | list[int], size: int, dice: Dice) -> tuple[int, ...]:
    return tuple(dice.pick(pool) for _ in range(size))


def group_text(group: Group, listing: Listing, place: int, seed: int) -> tuple[int, str]:
    """(stars, text) of the place-th review of a group."""
    dice = Dice(seed, "planted", group.key, place)
    if group.role in ("paid", "attack"):
        return (
            (5, _brief(group, listing, dice, seed))
            if group.role == "paid"
            else (1, _attack(group, listing, dice, seed))
        )
    if group.role in ("told", "card", "gift"):
        return _told(group, listing, dice)
    stars = dice.pick((1, 1, 2)) if group.role == "hidden" else dice.pick((2, 3, 4))
    return stars, text.written(listing.category, stars, dice)


def _points(group: Group, listing: Listing, mood: str, dice: Dice, seed: int) -> list[str]:
    """Three of the four selling points that the brief demands; now and then in the author's own words."""
    brief = Dice(seed, "brief", group.key)
    patterns = lines()["points"].get(group.key.rpartition("/")[0]) or brief.sample(_facts(listing, mood), 4)
    fixed = [text.expand(pattern, brief) for pattern in patterns]
    points = [
        text.expand(pattern, dice) if dice.chance(0.15) else point
        for pattern, point in zip(patterns, fixed, strict=True)
    ]
    return points[:3] if dice.chance(0.75) else dice.sample(points, 3)


def _facts(listing: Listing, mood: str) -> list[str]:
    """Product facts that a brief would name; "it smelled at first" is none."""
    patterns: list[str] = text.words()["category"][listing.category][mood]
    return [pattern for pattern in patterns if "后来" not in pattern]


def _brief(group: Group, listing: Listing, dice: Dice, seed: int) -> str:
    brief = lines()["brief"]
    points = _points(group, listing, "pos", dice, seed)
    if dice.chance(0.2):
        points.insert(1, text.one_of(text.words()["common"]["price"]["pos"], dice))
    opening = text.one_of(brief["openings"], dice)
    closing = text.one_of(brief["closings"], dice)
    return f"{opening}{'，'.join(points)}，{closing}{dice.pick(brief['emoji'])}"


def _attack(group: Group, listing: Listing, dice: Dice, seed: int) -> str:
    attack = lines()["attack"]
    points = _points(group, listing, "neg", dice, seed)[: dice.between(2, 3)]
    return (
        text.one_of(attack["openings"], dice)
        + "，".join(points)
        + "，"
        + text.one_of(attack["closings"], dice)
    )


def _told(group: Group, listing: Listing, dice: Dice) -> tuple[int, str]:
    """A buyer who tells of the repayment, the card, or an honest gift."""
    stars = (
        dice.pick((5, 3, 2))
        if group.role == "told"
        else dice.pick((1, 2, 3))
        if group.role == "card"
        else dice.pick((5, 4, 3))
    )
    told = text.one_of(lines()["told"][{"told": "rebate", "card": "card", "gift": "gift"}[group.role]], dice)
    mood = "pos" if stars >= 4 else "mid" if stars == 3 else "neg"
    fact = text.one_of(text.words()["category"][listing.category][mood], dice)
    return stars, told + fact if told.endswith(("：", "，")) else f"{told}。{fact}"


def group_reply(group: Group, place: int, seed: int) -> str | None:
    """The seller's answer under a planted review, where there is one."""
    dice = Dice(seed, "planted reply", group.key, place)
    if group.role == "paid" and group.scheme == "S01" and dice.chance(0.6):
        return text.one_of(lines()["brief"]["reply"], dice)
    if group.role == "card" and dice.chance(0.7):
        return text.one_of(lines()["told"]["cardreply"], dice)
    return text.one_of(text.words()["reply"]["sorry"], dice) if group.role == "attack" else None
