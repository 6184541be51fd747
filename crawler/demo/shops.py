"""The market's shops and their listings: fixed for a seed and a size, independent of the day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt

from crawler.demo import text
from crawler.demo.clock import now_on
from crawler.demo.dice import Dice

_NAMED_PRICES = {610_001: 5990, 630_002: 12_800}  # the recruiting posts name them
FEATURED = 4  # the first listings of every shop carry the planted schemes and odd answers


@dataclass(frozen=True, slots=True)
class Shop:
    """One seller and its host."""

    host: str
    name: str
    brand: str
    company: str
    base: int  # listing ids are base+1, base+2 …
    categories: tuple[str, ...]
    markup: str  # A server-rendered, B with JSON-LD, C with a JSON API


SHOPS = (
    Shop("yunlan.example", "云岚家居旗舰店", "云岚", "临江云岚家居用品有限公司（虚构）", 610_000,
         ("kettle", "bedding", "storage", "cup"), "A"),
    Shop("qiaowei.example", "巧味食品官方店", "巧味", "临江巧味食品有限公司（虚构）", 620_000,
         ("nuts", "noodles", "jerky", "tea"), "B"),
    Shop("manfu.example", "曼芙护肤专营店", "曼芙", "临江曼芙化妆品有限公司（虚构）", 630_000,
         ("mask", "cream", "shampoo", "lipstick"), "C"),
    Shop("trial.example", "试选数码小店", "试选", "临江试选电子商务有限公司（虚构）", 640_000,
         ("earphones", "powerbank"), "A"),
)  # fmt: skip
API_HOST = "api.manfu.example"
BY_HOST = {shop.host: shop for shop in SHOPS}


@dataclass(frozen=True, slots=True)
class Listing:
    """One product of a shop."""

    id: int
    shop: Shop
    number: int  # 1, 2 … within the shop
    category: str
    name: str
    variants: tuple[str, ...]
    cents: int
    opened: datetime
    base: int  # reviews on the first day
    sold_per_review: int
    stars: tuple[tuple[int, float], ...]  # how honest buyers rate it
    promoted: bool

    @property
    def url(self) -> str:
        """The product page."""
        return f"http://{self.shop.host}/item/{self.id}.html"


def _weight(shop: Shop, number: int) -> float:
    """How much of the reviews a listing draws: the featured ones most, then a long tail."""
    if shop.base == SHOPS[-1].base:
        return 0.7
    return 3.0 if number < FEATURED else 2.0 / float((number - FEATURED + 1) ** 0.5)


def _shares(total: int, weights: list[float], least: int) -> list[int]:
    """Whole numbers that sum to total, in proportion to the weights, each at least `least`."""
    rest = total - least * len(weights)
    scale = rest / sum(weights)
    parts = [least + int(weight * scale) for weight in weights]
    for place in range(total - sum(parts)):
        parts[place % len(parts)] += 1
    return parts


def plan_listings(seed: int, reviews: int, today: date) -> list[Listing]:
    """All listings of the four shops; their `base` counts sum to `reviews`."""
    per_shop = max(FEATURED, round(sqrt(reviews) * 0.3))
    counts = [per_shop, per_shop, per_shop, FEATURED]
    weights = [
        _weight(shop, number) * (0.7 + 0.8 * Dice(seed, "weight", shop.base, number).unit())
        for shop, count in zip(SHOPS, counts, strict=True)
        for number in range(count)
    ]
    bases = iter(_shares(reviews, weights, 3))
    return [
        _listing(seed, shop, number, next(bases), today)
        for shop, count in zip(SHOPS, counts, strict=True)
        for number in range(count)
    ]


def _listing(seed: int, shop: Shop, place: int, base: int, today: date) -> Listing:
    dice = Dice(seed, "listing", shop.base, place)
    category = shop.categories[place % len(shop.categories)]
    product = text.words()["category"][category]
    low, high = product["cents"]
    cents = dice.between(low // 100, high // 100 - 1) * 100 + dice.pick((90, 90, 0, 80, 99))
    traits = dice.sample(product["traits"], dice.between(2, 4))
    good = dice.between(55, 82)
    return Listing(
        id=shop.base + place + 1,
        shop=shop,
        number=place + 1,
        category=category,
        name=f"{shop.brand} {dice.pick(product['noun'])} {' '.join(traits)} {dice.pick(product['variants'])}",
        variants=tuple(product["variants"]),
        cents=_NAMED_PRICES.get(shop.base + place + 1, cents),
        opened=now_on(today) - timedelta(days=dice.between(200, 900)),
        base=base,
        sold_per_review=dice.between(6, 400),
        stars=((5, float(good)), (4, 14.0), (3, 7.0), (2, 4.0), (1, float(dice.between(4, 12)))),
        promoted=place >= 1 and dice.chance(0.12),
    )
