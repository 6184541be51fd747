"""Figures of scored rows: precision, recall, F1, average precision and its bootstrap interval. Plain Python."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.detect.kit.detector import Example

RESAMPLES = 1000  # of the bootstrap: the ends of a 95 % interval then rest on 25 samples each
SEED = 20240229  # any fixed number: the same rows must give the same figures
_NEAR = 0.01  # of F1


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts at a threshold, and what follows from them. A quotient without a denominator is 0."""

    found_rightly: float
    found_wrongly: float
    missed: float
    average_precision: float

    @property
    def precision(self) -> float:
        """Share of what was found that is right."""
        return _quotient(self.found_rightly, self.found_rightly + self.found_wrongly)

    @property
    def recall(self) -> float:
        """Share of what is there that was found."""
        return _quotient(self.found_rightly, self.found_rightly + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return _quotient(2 * self.found_rightly, 2 * self.found_rightly + self.found_wrongly + self.missed)


@dataclass(frozen=True, slots=True)
class Scored:
    """One row with its score; `threshold` is the one that was chosen without it."""

    example: Example
    score: float
    threshold: float

    @property
    def found(self) -> bool:
        """Does the score reach the threshold?"""
        return self.score >= self.threshold


def average_precision(scores: Sequence[float], truths: Sequence[bool]) -> float:
    """Area under the steps of precision over recall; rows of one score count together. 0 without positives.

    Sum over thresholds of (recall gained) × precision, as in scikit-learn; n log n.
    """
    ranked = sorted(zip(scores, truths, strict=True), key=lambda pair: -pair[0])
    positives, seen, right, area = sum(truths), 0, 0, 0.0
    while seen < len(ranked):
        tied = seen
        while tied < len(ranked) and ranked[tied][0] == ranked[seen][0]:
            tied += 1
        gained = sum(truth for _, truth in ranked[seen:tied])
        right, seen = right + gained, tied
        area += gained * right / seen
    return area / positives if positives else 0.0


def figures(scored: Sequence[Scored]) -> Figures:
    """Counts at each row's threshold, and average precision over all."""
    truths = [one.example.truth for one in scored]
    found = [one.found for one in scored]
    return Figures(
        found_rightly=sum(a and b for a, b in zip(truths, found, strict=True)),
        found_wrongly=sum(b and not a for a, b in zip(truths, found, strict=True)),
        missed=sum(a and not b for a, b in zip(truths, found, strict=True)),
        average_precision=average_precision([one.score for one in scored], truths),
    )


def interval(scored: Sequence[Scored], *, resamples: int = RESAMPLES) -> tuple[float, float]:
    """95 % interval of average precision: groups drawn with replacement, samples without positives drawn again.

    (0, 0) where no row is positive. Percentile bootstrap: Efron and Tibshirani 1993, §13.3.
    """
    groups: dict[str, list[tuple[float, bool]]] = {}
    for one in scored:
        groups.setdefault(one.example.group, []).append((one.score, one.example.truth))
    if not any(one.example.truth for one in scored):
        return 0.0, 0.0
    drawing, names = random.Random(SEED), sorted(groups)  # noqa: S311 - sampling, no secret
    drawn: list[float] = []
    while len(drawn) < resamples:
        sample = [pair for name in drawing.choices(names, k=len(names)) for pair in groups[name]]
        if any(truth for _, truth in sample):
            drawn.append(average_precision([score for score, _ in sample], [truth for _, truth in sample]))
    drawn.sort()
    edge = round(resamples * 0.025)
    return drawn[edge], drawn[-edge - 1]


def best_threshold(scored: Sequence[tuple[float, bool]], otherwise: float) -> float:
    """The middle of the cuts whose F1 is near the greatest; `otherwise` without positives.

    The very best cut moves with a single row; the middle of its neighbourhood holds better on other rows. A cut lies
    midway between two scores.
    """
    ranked = sorted(scored, key=lambda pair: -pair[0])
    positives = sum(truth for _, truth in ranked)
    right, cuts = 0, []
    for place, (score, truth) in enumerate(ranked, 1):
        right += truth
        below = ranked[place][0] if place < len(ranked) else None
        if below != score:
            middle = score if below is None else (score + below) / 2
            cuts.append((_quotient(2 * right, place + positives), middle))
    best = max((f1 for f1, _ in cuts), default=0.0)
    near = [cut for f1, cut in cuts if f1 >= best - _NEAR]
    return near[len(near) // 2] if best else otherwise


def recall_at(share: float, scores: Sequence[float], truths: Sequence[bool]) -> float:
    """Recall at the score that at most `share` of the negatives exceed."""
    negatives = sorted(
        (score for score, truth in zip(scores, truths, strict=True) if not truth), reverse=True
    )
    allowed = int(share * len(negatives))
    cut = negatives[allowed] if allowed < len(negatives) else float("-inf")
    own = [score > cut for score, truth in zip(scores, truths, strict=True) if truth]
    return _quotient(sum(own), len(own))


def _quotient(count: float, of: float) -> float:
    return count / of if of else 0.0
