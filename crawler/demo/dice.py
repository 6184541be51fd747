"""Seeded choices, the same on every Python and every machine.

`random.Random` costs 10 µs to seed and promises its sequences only for some methods; the market seeds once per
review. So: splitmix64 (Steele, Lea, Flood 2014), started from a BLAKE2b digest of the key.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


class Dice:
    """A stream of choices that depends only on its key: `Dice(seed, "review", 610001, 12)`."""

    __slots__ = ("_state",)

    def __init__(self, *key: object) -> None:
        text = "\x1f".join(map(str, key)).encode()
        self._state = int.from_bytes(blake2b(text, digest_size=8).digest(), "big")

    def bits(self) -> int:
        """The next 64 bits."""
        self._state = state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        return state ^ (state >> 31)

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit-1."""
        return (self.bits() * limit) >> 64

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + self.below(high - low + 1)

    def unit(self) -> float:
        """A number in [0, 1)."""
        return (self.bits() >> 11) / (1 << 53)

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return self.unit() < share

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, each as likely."""
        return options[self.below(len(options))]

    def weighted(self, options: Sequence[tuple[T, float]]) -> T:
        """One option of (option, weight) pairs."""
        point = self.unit() * sum(weight for _, weight in options)
        for option, weight in options:
            point -= weight
            if point < 0:
                return option
        return options[-1][0]

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """`count` different options in random order (all of them if there are fewer)."""
        rest = list(options)
        count = min(count, len(rest))
        for place in range(count):
            other = place + self.below(len(rest) - place)
            rest[place], rest[other] = rest[other], rest[place]
        return rest[:count]
