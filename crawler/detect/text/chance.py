"""How many would be expected by chance: Poisson, and how small a probability reads in Chinese."""

from math import exp, expm1, lgamma, log, log1p

_ODDS = ((1e-9, "不到十亿分之一"), (1e-6, "不到百万分之一"), (1e-4, "不到万分之一"), (1e-2, "不到百分之一"))


def poisson_tail(count: int, expected: float) -> float:
    """P(X ≥ count) for a Poisson variable; exact to rounding, for any count.

    Raises ValueError for a negative expectation.
    """
    if expected < 0:
        raise ValueError(f"an expectation of {expected}")
    if count <= 0:
        return 1.0
    if expected == 0:
        return 0.0
    if count <= expected:
        below = sum(exp(_log_term(number, expected)) for number in range(count))
        return max(0.0, 1.0 - below)
    # Terms from `count` on fall faster than (expected / (count + 1))^n.
    total, term, number = 0.0, exp(_log_term(count, expected)), count
    while term > total * 1e-16 and term > 0:
        total += term
        number += 1
        term *= expected / number
    return min(1.0, total)


def of_many(p: float, tries: int) -> float:
    """The probability that the smallest of `tries` independent p-values is at most `p` (Šidák)."""
    return 1.0 if p >= 1 else -expm1(tries * log1p(-p))


def odds(p: float) -> str:
    """A probability in words, rounded up."""
    return next((words for limit, words in _ODDS if p < limit), f"约{max(1, round(100 * p))}%")


def _log_term(number: int, expected: float) -> float:
    return number * log(expected) - expected - lgamma(number + 1)
