"""The model that ranks recruiting posts, part by part and under attack: `python -m bench.ranking ../shared/detect`.

Prints figures only, no text. Parts: n-grams of characters (`c`), of sounds (`h`), what the rules see (`r`).
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crawler.detect.kit.detector import Example
from crawler.detect.kit.evaluation import Evaluation, by_source, evaluate, folds
from crawler.detect.kit.masking import masked
from crawler.detect.kit.measures import average_precision, recall_at
from crawler.detect.recruiting.labelled import RuleScorer, text_of
from crawler.detect.text.linear import Features, Linear
from crawler.detect.text.probe import swapped
from crawler.detect.text.ranking import RankScorer, features

SHARES = (0.2, 0.4)
DRAWS = 3
FALSE_POSITIVES = 0.01  # as detection.md §4.1 measures


Known = dict[str, dict[str, float]]  # text → its features


class Parts(RankScorer):
    """The model with some of its blocks of features only."""

    def __init__(self, blocks: str, model: Linear | None = None, known: Known | None = None) -> None:
        super().__init__(model, known)
        self.blocks = blocks

    def train(self, examples: Sequence[Example]) -> "Parts":
        return Parts(self.blocks, super().train(examples).model, self._known)

    def _features(self, example: Example) -> Features:
        text = text_of(example)
        if text not in self._known:
            self._known[text] = {
                name: value for name, value in features(text).items() if name[0] in self.blocks
            }
        return self._known[text]


def main() -> None:
    """Print a line for each part, then for each attack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shuffles", type=int, default=5)
    given = parser.parse_args()
    lines = (given.folder / "eval_recruit_dev.jsonl").read_text("utf-8").splitlines()
    examples = RankScorer().examples(json.loads(line) for line in lines)
    _report("rules alone", evaluate(RuleScorer(), examples), by_source(RuleScorer(), examples))
    for blocks in ("c", "ch", "r", "chr"):
        scorer = Parts(blocks)
        _report(blocks, evaluate(scorer, examples, shuffles=given.shuffles), by_source(scorer, examples))
    print(f"trained on what may ship: {trained_on_adverts(given.folder, examples)}")
    for blocks in ("c", "ch", "chr"):
        for share in (0.0, *SHARES):
            for whom in ("all", "recruit") if share else ("none",):
                print(
                    f"{blocks}, {share:.0%} of characters swapped ({whom}): {attacked(examples, blocks, share, whom)}"
                )


def trained_on_adverts(folder: Path, examples: Sequence[Example]) -> str:
    """The set judged by a model of the MIT-licensed adverts and chat of adddetector4j, numbers masked."""
    rows = [
        line.rpartition("==")
        for name in ("train", "test", "mc_qq_group", "ads")
        for line in (folder / "adddetector4j" / f"{name}.txt").read_text("utf-8").splitlines()
    ]
    labels = {masked(text): label == "1" for text, _, label in rows if text and label in ("0", "1")}
    adverts = [
        Example(
            identifier=text, truth=truth, group=text, source="adddetector4j", content={"text": text}, shown=""
        )
        for text, truth in labels.items()
    ]
    scores = RankScorer().train(adverts).scores(examples)
    return f"AP {average_precision(scores, [example.truth for example in examples]):.3f}, {len(adverts)} rows"


def attacked(examples: Sequence[Example], blocks: str, share: float, whom: str) -> str:
    """Average precision and recall at 1 % false positives; trained on clean rows, judged on swapped ones.

    One assignment to folds, mean of three draws, as detection.md §4.1. `whom`: all rows are swapped, or only those
    that recruit (nobody disguises news; a swapped text then looks strange by itself).
    """
    draws = [
        _judged(examples, _swapped(examples, share, whom, draw), blocks)
        for draw in range(DRAWS if share else 1)
    ]
    precision, recall = (sum(each) / len(draws) for each in zip(*draws, strict=True))
    return f"AP {precision:.3f}, recall {recall:.3f}"


def _judged(examples: Sequence[Example], judged: Sequence[Example], blocks: str) -> tuple[float, float]:
    scores, known = [0.0] * len(examples), Known()
    for fold in folds(examples, 5, 0):
        held = set(fold)
        trained = Parts(blocks, known=known).train(
            [each for number, each in enumerate(examples) if number not in held]
        )
        for number, score in zip(fold, trained.scores([judged[each] for each in fold]), strict=True):
            scores[number] = score
    truths = [example.truth for example in examples]
    return average_precision(scores, truths), recall_at(FALSE_POSITIVES, scores, truths)


def _swapped(examples: Sequence[Example], share: float, whom: str, draw: int) -> list[Example]:
    return [
        replace(example, content={"text": swapped(text_of(example), share, f"{draw} {example.identifier}")})
        if share and (whom == "all" or example.truth)
        else example
        for example in examples
    ]


def _report(title: str, whole: Evaluation, sources: Mapping[str, Evaluation]) -> None:
    print(f"{title}: {_figures(whole)}")
    for name, one in sources.items():
        print(f"  without {name}: {_figures(one)}")


def _figures(one: Evaluation) -> str:
    low, high = one.interval
    found: dict[str, Any] = {
        name: one.mean(name) for name in ("precision", "recall", "f1", "average_precision")
    }
    told = ", ".join(f"{name} {value:.3f}" for name, value in found.items())
    return f"{told} ({low:.3f}–{high:.3f}), {one.positives} of {one.rows}"


if __name__ == "__main__":
    main()
