"""How well a scorer does on labelled rows, with the errors.

A scorer that learns is judged by grouped cross-validation: rows of one group (a template) never stand on both sides,
so that a text does not help to find its own copy (reference detection.md). Its threshold is chosen among training
rows only. Everything is fixed by seeds: the same rows give the same figures.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from crawler.detect.kit.detector import Example, Scorer
from crawler.detect.kit.measures import SEED, Figures, Scored, best_threshold, figures, interval
from crawler.errors import UsageError

_INNER = 3  # folds within the training rows, for the threshold: enough for a cut, and 3 fits instead of 5

Progress = Callable[[int, int], None]  # how many trainings are done, of how many


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A scorer on rows. `shuffles`: figures of each shuffle (one where nothing is learnt); the rest is their mean.

    `interval`: 95 % of average precision, by bootstrap over groups, on the scores of the first shuffle.
    `errors`: rows that are wrong in at least half of the shuffles, surest errors first, with how many.
    """

    rows: int
    positives: int
    groups: int
    shuffles: tuple[Figures, ...]
    interval: tuple[float, float]
    errors: tuple[tuple[Scored, int], ...]

    def mean(self, name: str) -> float:
        """Mean over the shuffles of `precision`, `recall`, `f1` or `average_precision`."""
        return fmean(getattr(figures, name) for figures in self.shuffles)


def folds(examples: Sequence[Example], count: int, seed: int) -> list[list[int]]:
    """Numbers of the rows in each fold: whole groups, dealt out so that the positives are spread evenly.

    Raises UsageError where there are fewer groups than folds.
    """
    groups: dict[str, list[int]] = {}
    for number, example in enumerate(examples):
        groups.setdefault(example.group, []).append(number)
    if not 2 <= count <= len(groups):
        raise UsageError(
            f"{count} folds of {len(groups)} groups: give --folds from 2 to the number of groups"
        )
    names = sorted(groups)
    random.Random(f"{SEED} {seed}").shuffle(names)  # noqa: S311 - dealing, no secret
    dealt: list[list[int]] = [[] for _ in range(count)]
    loads = [[0, 0] for _ in range(count)]  # rows, positives
    # Big groups of positives first: the later ones even the folds out. Sorting is stable, so chance decides ties.
    for name in sorted(names, key=lambda name: -sum(examples[each].truth for each in groups[name])):
        positives = sum(examples[each].truth for each in groups[name])
        counted = 1 if positives else 0  # what the folds should have alike of such groups
        least = min(range(count), key=lambda fold: (loads[fold][counted], loads[fold][0]))
        dealt[least] += groups[name]
        loads[least][0] += len(groups[name])
        loads[least][1] += positives
    return [sorted(fold) for fold in dealt]


def evaluate(
    scorer: Scorer,
    examples: Sequence[Example],
    *,
    count: int = 5,
    shuffles: int = 5,
    progress: Progress | None = None,
) -> Evaluation:
    """All rows: plainly where the scorer learns nothing, else by grouped cross-validation over several shuffles.

    Raises UsageError where no row is positive or none is negative: nothing can be said of those.
    """
    _require_both(examples, "the file")
    if not scorer.learns:
        return summary([_scored(scorer, examples)])
    rounds = []
    for shuffle in range(shuffles):
        whole: dict[int, Scored] = {}
        for done, fold in enumerate(folds(examples, count, shuffle)):
            held = set(fold)
            training = [example for number, example in enumerate(examples) if number not in held]
            scored = _trained(scorer, training, [examples[each] for each in fold], shuffle)
            whole.update(zip(fold, scored, strict=True))
            if progress:
                progress(shuffle * count + done + 1, shuffles * count)
        rounds.append([whole[number] for number in range(len(examples))])
    return summary(rounds)


def leave_out(scorer: Scorer, examples: Sequence[Example], source: str) -> Evaluation:
    """Rows of one source, by a scorer that saw none of them nor of their groups.

    Raises UsageError for a source that the rows do not have, or that has only one kind of row.
    """
    held = [example for example in examples if example.source == source]
    if not held:
        known = ", ".join(sorted({example.source for example in examples}))
        raise UsageError(f"no row has the source {source!r}; the file has: {known}")
    _require_both(held, f"source {source}")
    if not scorer.learns:
        return summary([_scored(scorer, held)])
    groups = {example.group for example in held}
    training = [example for example in examples if example.source != source and example.group not in groups]
    _require_both(training, f"what is left without {source}")
    return summary([_trained(scorer, training, held, 0)])


def by_source(scorer: Scorer, examples: Sequence[Example]) -> dict[str, Evaluation]:
    """`leave_out` for every source that has both kinds of rows, by name; empty where there is only one source."""
    truths: dict[str, set[bool]] = {}
    for example in examples:
        truths.setdefault(example.source, set()).add(example.truth)
    both = sorted(source for source, found in truths.items() if len(found) > 1)
    # A source with all positives or negatives leaves nothing to learn from.
    usable = [source for source in both if _has_both(each for each in examples if each.source != source)]
    return {source: leave_out(scorer, examples, source) for source in usable} if len(truths) > 1 else {}


def summary(rounds: Sequence[Sequence[Scored]]) -> Evaluation:
    """Figures of the same rows scored once or several times."""
    wrong: dict[int, list[Scored]] = {}
    for scored in rounds:
        for number, one in enumerate(scored):
            if one.found != one.example.truth:
                wrong.setdefault(number, []).append(one)
    often = [found for found in wrong.values() if 2 * len(found) >= len(rounds)]
    often.sort(
        key=lambda found: (found[0].threshold - found[0].score) * (1 if found[0].example.truth else -1)
    )
    first = rounds[0]
    return Evaluation(
        rows=len(first), positives=sum(one.example.truth for one in first),
        groups=len({one.example.group for one in first}), shuffles=tuple(figures(each) for each in rounds),
        interval=interval(first), errors=tuple((found[0], len(found)) for found in reversed(often)),
    )  # fmt: skip


def _trained(scorer: Scorer, training: Sequence[Example], held: Sequence[Example], seed: int) -> list[Scored]:
    """Held-out rows by a scorer trained on the others, with a threshold from folds within those."""
    threshold = chosen_threshold(scorer, training, seed)
    scores = scorer.train(training).scores(held)
    return [Scored(example, score, threshold) for example, score in zip(held, scores, strict=True)]


def chosen_threshold(scorer: Scorer, training: Sequence[Example], seed: int = 0) -> float:
    """The threshold with the greatest F1 over grouped folds of these rows alone."""
    count = min(_INNER, len({example.group for example in training}))
    if count < 2:
        return scorer.threshold
    found: list[tuple[float, bool]] = []
    for fold in folds(training, count, seed):
        held = set(fold)
        rest = [example for number, example in enumerate(training) if number not in held]
        if _has_both(rest):
            scores = scorer.train(rest).scores([training[each] for each in fold])
            found += zip(scores, [training[each].truth for each in fold], strict=True)
    return best_threshold(found, scorer.threshold)


def _scored(scorer: Scorer, examples: Sequence[Example]) -> list[Scored]:
    scores = scorer.scores(examples)
    return [Scored(example, score, scorer.threshold) for example, score in zip(examples, scores, strict=True)]


def _has_both(examples: Iterable[Example]) -> bool:
    return len({example.truth for example in examples}) == 2


def _require_both(examples: Sequence[Example], where: str) -> None:
    if not _has_both(examples):
        raise UsageError(
            f"{where} has {len(examples)} rows that count, not both of each label: nothing to measure"
        )
