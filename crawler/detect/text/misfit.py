"""What does not fit together in a single review: stars and words, text and product, the order of dates."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from crawler.clock import BEIJING
from crawler.detect.text.sentiment import Mood, mood

_HAN = re.compile(r"[\u4e00-\u9fff]+")
Kind = Literal["stars", "factless", "other", "early", "order"]
_READ = 400  # characters of a text that are compared
_CLEAR = 0.6  # of −1…1: two outright words with nothing against them reach it
_PLAIN = (
    2.0  # weight from which a word judges clearly (sentiment.tsv); milder ones are no ground for anything
)
_WEIGHT = 5.0  # of the clear words together: an outright one and a clear one
_LEAST_LENGTH = 12  # Han characters from which praise could name a fact
_LEAST_SHARE, _LEAST_REVIEWS = 0.05, 4  # of a product's texts that name a pair of characters
_LIFT = 8.0  # times as often as elsewhere: typical of the product
_MOST_TYPICAL = 80  # pairs kept for each product
_HARDLY = 0.03  # share of a product's reviews up to which a pair is foreign to it
_SIGNS = 3  # pairs typical of one other product


@dataclass(frozen=True, slots=True)
class Typical:
    """Of each product the pairs of characters that its reviews name and others do not; and the way back."""

    of: Mapping[str, frozenset[str]]
    products: Mapping[str, tuple[str, ...]]

    @classmethod
    def learnt(cls, found: Mapping[str, frozenset[str]]) -> "Typical":
        """From the pairs of each product."""
        products: dict[str, list[str]] = {}
        for product in sorted(found):
            for pair in found[product]:
                products.setdefault(pair, []).append(product)
        return cls(found, {pair: tuple(names) for pair, names in products.items()})


def pairs(text: str) -> frozenset[str]:
    """Neighbouring Han characters of a text, each pair once."""
    return frozenset(
        run[place : place + 2] for run in _HAN.findall(text[:_READ]) for place in range(len(run) - 1)
    )


def frequent_pairs(own: Counter[str], texts: int) -> Counter[str]:
    """The pairs that at least one of twenty of a product's texts names."""
    least = max(_LEAST_REVIEWS, _LEAST_SHARE * texts)
    return Counter({pair: count for pair, count in own.items() if count >= least})


def typical(own: Counter[str], texts: int, everywhere: Counter[str], all_texts: int) -> frozenset[str]:
    """The frequent pairs of a product that its texts name eight times as often as those of all others do."""
    others = all_texts - texts
    lifted = [
        (-count, pair)
        for pair, count in frequent_pairs(own, texts).items()
        if count * others >= _LIFT * texts * (everywhere[pair] - count)
    ]
    return frozenset(pair for _, pair in sorted(lifted)[:_MOST_TYPICAL])


def stars_disagree(text: str, stars: float | None) -> bool:
    """Clear blame under four stars or more, or clear praise under two or fewer; nothing of the contrary in it."""
    if stars is None or 2 < stars < 4:
        return False
    heard = mood(text)
    if stars >= 4:
        return heard.score <= -_CLEAR and _clear(heard, -1) >= _WEIGHT and heard.praise == 0
    return heard.score >= _CLEAR and _clear(heard, 1) >= _WEIGHT and heard.blame == 0


def names_no_fact(text: str, stars: float | None, known: Iterable[str], name: str) -> bool:
    """Clear praise under five stars, of some length, without a number, without anything that the product's other
    reviews name or its own name holds. `known`: pairs typical of the product."""
    if stars is None or stars < 5 or sum(map(len, _HAN.findall(text[:_READ]))) < _LEAST_LENGTH:
        return False
    if any(character.isdecimal() for character in text[:_READ]):
        return False
    said = pairs(text)
    if said & (set(known) | pairs(name)):
        return False
    heard = mood(text)
    return heard.score >= _CLEAR and _clear(heard, 1) >= _WEIGHT


def other_product(
    said: frozenset[str], product: str, own: Counter[str], texts: int, known: Typical
) -> str | None:
    """The product that a review seems to describe instead of its own: it names three pairs that are typical of that
    product and that hardly any of the `texts` of its own product names, and none that is typical of its own."""
    if said & known.of.get(product, frozenset()):
        return None
    few = max(1, _HARDLY * texts)  # 1: this review itself
    foreign = [pair for pair in said if own[pair] <= few]
    counts = Counter(name for pair in sorted(foreign) for name in known.products.get(pair, ()))
    best = min(((-count, name) for name, count in counts.items() if name != product), default=(0, ""))
    return best[1] if -best[0] >= _SIGNS else None


def before_launch(published: str | None, launched: str | None) -> bool:
    """Whether a review's day lies before the day its product was put on sale."""
    return bool(published and launched) and _day(published) < _day(launched)


def before_purchase(published: str | None, purchased: str | None) -> bool:
    """Whether a review's day lies before the day of the purchase that it shows."""
    return bool(published and purchased) and _day(published) < _day(purchased)


def _day(moment: str | None) -> date:
    return datetime.fromisoformat(moment or "").astimezone(BEIJING).date()


def _clear(heard: Mood, side: int) -> float:
    """Weight of the words that judge clearly, on one side (1 praise, −1 blame)."""
    return sum(side * each.weight for each in heard.heard if side * each.weight >= _PLAIN)
