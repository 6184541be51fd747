"""The model that ranks recruiting posts; it decides nothing: the rules (slots.py) find, and explain.

Features: character 1–3-grams of the folded text (`c`), 1–2-grams of homophone groups (`h`: they stay when characters
are swapped for others of the same sound), and what the rules see (`r`): criteria, pairs of them within 40 characters,
cues of stance, the best block. Linear in the text, of which the first 20,000 characters are read.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crawler.detect.kit.detector import Example, Scorer
from crawler.detect.recruiting.labelled import RuleScorer, labelled, text_of
from crawler.detect.text.criteria import criteria_features
from crawler.detect.text.linear import Features, Linear, load, train
from crawler.detect.text.phrases import read, sound
from crawler.detect.text.slots import best_reading
from crawler.errors import UsageError

KIND = "recruitment-1"  # rises when features change: an older model must then be trained again
COUNTED = ("c", "h")
LONGEST = 20_000  # characters; an article of a newspaper has 2,000
_CHARACTERS, _SOUNDS = 3, 2  # longest n-grams
# A rule's number beside blocks of length 1: with .3 one criterion weighs about as much as a telling n-gram.
_RULES = 0.3
_EDGE = 0.01  # rule scores nearer to 0 and 1 count as these: a margin of ±4.6


def features(text: str) -> dict[str, float]:
    """Every feature of a text by name. Never fails, any text may be given."""
    text = text[:LONGEST]
    plain = "".join(each for each in read(text).text if each.isalnum() or each == "#")
    found: dict[str, float] = {}
    found |= _grams("c", plain, _CHARACTERS)
    found |= _grams("h", sound(plain), _SOUNDS)
    found |= {f"r:{name}": _RULES * value for name, value in _rules(text).items() if value}
    return found


def shown(name: str) -> str:
    """A feature in words, Chinese."""
    block, _, rest = name.partition(":")
    return {"c": f"字串“{rest}”", "h": f"同音字串“{rest}”"}.get(block, f"规则特征 {rest}")


class RankScorer(Scorer):
    """The model on labelled rows: without one it learns from the other folds; with one it scores as it is."""

    def __init__(self, model: Linear | None = None, known: dict[str, dict[str, float]] | None = None) -> None:
        self.model = model
        self.learns = model is None  # type: ignore[misc]
        self.threshold = model.threshold if model else 0.5  # type: ignore[misc]
        self._known = {} if known is None else known  # features of texts seen: folds share them

    def examples(self, rows: Iterable[Mapping[str, Any]]) -> list[Example]:
        """Clear rows of eval_recruit_dev.jsonl's format. Raises UsageError where a row has no text or label."""
        return labelled(rows)

    def rules(self) -> Scorer:
        """The rules alone, to be shown beside."""
        return RuleScorer()

    def train(self, examples: Sequence[Example]) -> "RankScorer":
        """A scorer whose model has learnt from these."""
        rows = [self._features(example) for example in examples]
        truths, groups = [each.truth for each in examples], [each.group for each in examples]
        return RankScorer(train(KIND, rows, truths, groups, COUNTED), self._known)

    def scores(self, examples: Sequence[Example]) -> list[float]:
        """0…1 each. Raises UsageError before training."""
        if self.model is None:
            raise UsageError("the recruitment model must be trained before it scores")
        return [self.model.score(self._features(example)) for example in examples]

    def using(self, model: Path) -> "RankScorer":
        """A scorer with the model in a file."""
        return RankScorer(load(model, KIND), self._known)

    def learnt(self, examples: Sequence[Example], threshold: float, about: Mapping[str, Any]) -> bytes:
        """A model file: canonical JSON."""
        rows = [self._features(example) for example in examples]
        truths, groups = [each.truth for each in examples], [each.group for each in examples]
        trained = train(KIND, rows, truths, groups, COUNTED)
        return replace(trained, threshold=round(threshold, 6), about=about).encoded()

    def _features(self, example: Example) -> Features:
        text = text_of(example)
        if text not in self._known:
            self._known[text] = features(text)
        return self._known[text]


def _grams(block: str, text: str, longest: int) -> dict[str, float]:
    found: Counter[str] = Counter()
    for size in range(1, longest + 1):
        found.update(text[start : start + size] for start in range(len(text) - size + 1))
    return {f"{block}:{gram}": float(count) for gram, count in found.items()}


def _rules(text: str) -> dict[str, float]:
    """What the rules see: counts as logarithms, the score of the best block as a margin."""
    best = best_reading(text)
    counts = criteria_features(text) | {
        "points": best.points,
        "found": float(best.found),
        "criteria": float(len(best.criteria)),
        "core": float(len(best.core)),
        "strong": float(best.strong),
        "tested": float(len(best.tested)),
        "other_speaker": float(len(best.block.stances)),
    }
    score = min(max(best.score, _EDGE), 1 - _EDGE)
    logarithms = {name: math.log1p(value) for name, value in counts.items()}
    return logarithms | {"margin": math.log(score / (1 - score))}
