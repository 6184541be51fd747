"""Counters and prices as shops print them."""

from crawler.demo.dice import Dice


def count(number: int, *, exact_below: int = 1000) -> str:
    """356, 4200+, 1.2万+: exact while small, then a rounded-down lower bound."""
    if number < exact_below:
        return str(number)
    if number < 10_000:
        return f"{number // 100 * 100}+"
    tenths = number // 1_000
    return f"{tenths // 10}万+" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}万+"


def price(cents: int, dice: Dice) -> str:
    """￥59.90, 券后价 ￥49.9起, ¥59.9: one of the ways in which prices stand on pages."""
    full = f"{cents // 100}.{cents % 100:02d}"
    short = full.rstrip("0").rstrip(".")
    return dice.weighted(
        [(f"￥{full}", 5.0), (f"券后价 ￥{short}起", 2.0), (f"¥{short}", 2.0), (f"到手价￥{full}", 1.0)]
    )


def yuan(cents: int) -> str:
    """59.90"""
    return f"{cents // 100}.{cents % 100:02d}"


def masked(name: str) -> str:
    """小***7: first and last character of a nickname, as shops show buyers."""
    return f"{name[0]}***{name[-1]}"
