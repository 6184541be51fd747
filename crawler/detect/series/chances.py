"""Probabilities that a lawyer can have recomputed: closed forms, no library.

Sources: negative binomial as in Hilbe, Negative Binomial Regression (2011), ch. 2; Fisher's exact test and his
combination of two independent tests, Statistical Methods for Research Workers (1925/1932), §21.02 and §21.1;
Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995) 289–300.
"""

from collections.abc import Sequence
from math import exp, lgamma, log, log1p

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
_SMALLEST = 1e-300  # a float's own limit; a smaller probability says nothing more


def negative_binomial_tail(count: int, mean: float, size: float) -> float:
    """P(X ≥ count), X negative binomial with this mean and variance mean + mean² / size.

    Raises ValueError for a mean below 0 or a size that is not above 0.
    """
    if mean < 0 or size <= 0:
        raise ValueError(f"a negative binomial with mean {mean} and size {size}")
    if count <= 0:
        return 1.0
    if mean == 0:
        return 0.0
    step = mean / (mean + size)
    if count <= mean:
        below = sum(exp(_log_term(number, mean, size)) for number in range(count))
        return min(1.0, max(0.0, 1.0 - below))
    term, total, number = exp(_log_term(count, mean, size)), 0.0, count
    # Above the mean terms fall, in the end by the factor `step`; the rest is below term / (1 − step).
    while term > total * 1e-12 and term > _SMALLEST:
        total += term
        term *= step * (number + size) / (number + 1)
        number += 1
    return min(1.0, max(total, _SMALLEST))


def fisher_greater(inside: int, of_inside: int, outside: int, of_outside: int) -> float:
    """Fisher's exact test, one-sided: P that so many or more of the marked fall inside, were it by chance.

    `inside` of `of_inside` things inside are marked, `outside` of `of_outside` things outside.
    Raises ValueError where more are marked than there are.
    """
    if not (0 <= inside <= of_inside and 0 <= outside <= of_outside):
        raise ValueError(f"{inside} of {of_inside} inside, {outside} of {of_outside} outside")
    marked, everything = inside + outside, of_inside + of_outside
    whole = _log_choose(everything, of_inside)
    most = min(marked, of_inside)
    terms = (
        exp(_log_choose(marked, number) + _log_choose(everything - marked, of_inside - number) - whole)
        for number in range(inside, most + 1)
        if of_inside - number <= everything - marked
    )
    return min(1.0, max(sum(terms), _SMALLEST))


def both(first: float, second: float) -> float:
    """One probability of two independent tests (Fisher's combination): x (1 − ln x) with x their product."""
    product = max(first * second, _SMALLEST)
    return min(1.0, product * (1.0 - log(product)))


def benjamini_hochberg(chances: Sequence[float] | Numbers, tests: int) -> Numbers:
    """The q-value of each: the share of false alarms among all that are called at it. Shape (n,).

    `tests`: how many were made in all; those that are not in `chances` count as 1. Raises ValueError for fewer.
    """
    values = np.asarray(chances, dtype=np.float64)
    if tests < len(values):
        raise ValueError(f"{tests} tests, and {len(values)} results")
    order = np.argsort(values, kind="stable")
    scaled = values[order] * tests / np.arange(1, len(values) + 1)
    called = np.minimum.accumulate(scaled[::-1])[::-1]
    found = np.empty_like(values)
    found[order] = np.minimum(called, 1.0)
    return found


def _log_choose(of: int, number: int) -> float:
    return lgamma(of + 1) - lgamma(number + 1) - lgamma(of - number + 1)


def _log_term(number: int, mean: float, size: float) -> float:
    spread = lgamma(number + size) - lgamma(size) - lgamma(number + 1)
    return spread - size * log1p(mean / size) + number * (log(mean) - log(mean + size))
