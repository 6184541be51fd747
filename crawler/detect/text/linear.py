"""A linear model over named features: plain Python to score and to explain, scikit-learn only to train.

A feature is named `block:rest`. Features of counted blocks (n-grams) are weighted by logarithm of the count × inverse
document frequency and brought to length 1 within their block; the others count as they are. The score is the logistic
function of bias + Σ value × weight, so a score can be told as a sum. A model is a file of canonical JSON (RFC 8785),
never a pickle: reading one runs no code, and the same rows give the same bytes.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import rfc8785

from crawler.errors import FormatError, UsageError

FORMAT = "evidence-linear-1"
LARGEST = 64 << 20  # bytes of a model file; 40,000 features are about 1.5 MB
_DIGITS = 6  # of stored numbers: below what scores are shown with
_GROUPS = (
    2  # groups that must hold a counted feature: what one template alone has is its wording, not its kind
)
_REGULARISATION = 1.0  # scikit-learn's C, and its default: a feature of few rows weighs little

Features = Mapping[str, float]


@dataclass(frozen=True)
class Linear:
    """`terms`: feature → (inverse document frequency, weight). `kind`: whose features; `about`: what it learnt from.

    `counted`: names of the blocks that are weighted and normalised. `threshold`: a score at or above it counts.
    """

    kind: str
    bias: float
    threshold: float
    counted: tuple[str, ...]
    terms: Mapping[str, tuple[float, float]]
    about: Mapping[str, Any]

    def reasons(self, features: Features) -> dict[str, float]:
        """What each known feature adds to the margin, greatest amount first; with the bias they add up to it."""
        values = weighed(features, self._frequencies, self.counted)
        parts = {name: value * self.terms[name][1] for name, value in values.items()}
        return dict(sorted(parts.items(), key=lambda item: (-abs(item[1]), item[0])))

    def margin(self, features: Features) -> float:
        """Bias + sum of the reasons."""
        return math.fsum((self.bias, *self.reasons(features).values()))

    def score(self, features: Features) -> float:
        """0…1: the logistic function of the margin. For ranking; no measure of guilt."""
        return logistic(self.margin(features))

    def encoded(self) -> bytes:
        """Canonical JSON."""
        return rfc8785.dumps(
            {
                "format": FORMAT, "kind": self.kind, "bias": self.bias, "threshold": self.threshold,
                "counted": list(self.counted), "about": dict(self.about),
                "terms": {name: list(pair) for name, pair in self.terms.items()},
            }
        )  # fmt: skip

    @cached_property
    def _frequencies(self) -> dict[str, float]:
        return {name: frequency for name, (frequency, _) in self.terms.items()}


def logistic(margin: float) -> float:
    """1 ÷ (1 + e^−margin), without overflow."""
    if margin >= 0:
        return 1 / (1 + math.exp(-margin))
    power = math.exp(margin)
    return power / (1 + power)


def weighed(features: Features, frequencies: Mapping[str, float], counted: Sequence[str]) -> dict[str, float]:
    """Values of the known features. `frequencies`: inverse document frequency of each."""
    values: dict[str, float] = {}
    squares = dict.fromkeys(counted, 0.0)
    for name, count in features.items():
        frequency = frequencies.get(name)
        if frequency is None or not count:
            continue
        block = name.partition(":")[0]
        if block in squares:
            count = (1 + math.log(count)) * frequency
            squares[block] += count * count
        values[name] = count
    lengths = {block: math.sqrt(square) for block, square in squares.items() if square}
    return {name: value / lengths.get(name.partition(":")[0], 1.0) for name, value in values.items()}


def decode(content: bytes) -> Linear:
    """A model from its file's bytes. Raises FormatError for anything else."""
    if len(content) > LARGEST:
        raise FormatError(f"a model file has at most {LARGEST} bytes; this one has {len(content)}")
    try:
        read = json.loads(content)
        if read["format"] != FORMAT:
            raise FormatError(f"a model file of format {read['format']!r}; this version reads {FORMAT}")
        return Linear(
            kind=_text(read["kind"]), bias=_number(read["bias"]), threshold=_number(read["threshold"]),
            counted=tuple(_text(block) for block in read["counted"]), about=dict(read["about"]),
            terms={_text(name): (_number(one), _number(two)) for name, (one, two) in read["terms"].items()},
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FormatError(f"this is no model file of format {FORMAT}: {error!r}") from error


def load(file: Path, kind: str) -> Linear:
    """The model in a file. Raises UsageError where it cannot be read or is a model of another kind."""
    try:
        model = decode(file.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read the model {file}: {error.strerror}") from error
    if model.kind != kind:
        raise UsageError(f"{file} is a model of kind {model.kind!r}, not {kind!r}: train it again")
    return model


def train(
    kind: str, rows: Sequence[Features], truths: Sequence[bool], groups: Sequence[str], counted: Sequence[str]
) -> Linear:
    """Logistic regression with balanced classes; `about` is empty and `threshold` .5.

    Counted features of one group only are left out. Deterministic: liblinear with a fixed seed, numbers rounded.
    Raises UsageError where scikit-learn is not installed or the rows are not of both labels.
    """
    if len(set(truths)) != 2:
        raise UsageError("training needs rows of both labels")
    learner = _learner()
    frequencies = _inverse_frequencies(rows, groups, counted)
    names = sorted(frequencies)
    learner.fit(_matrix(rows, frequencies, names, counted), list(truths))
    pairs = zip(names, learner.coef_[0], strict=True)
    terms = {
        name: (round(frequencies[name], _DIGITS), round(float(weight), _DIGITS)) for name, weight in pairs
    }
    bias = round(float(learner.intercept_[0]), _DIGITS)
    return Linear(kind, bias, 0.5, tuple(counted), terms, {})


def _inverse_frequencies(
    rows: Sequence[Features], groups: Sequence[str], counted: Sequence[str]
) -> dict[str, float]:
    """Feature → ln((1 + groups) ÷ (1 + groups that hold it)) + 1; for uncounted blocks 1."""
    first: dict[str, str] = {}
    holders: dict[str, set[str]] = {}
    for features, group in zip(rows, groups, strict=True):
        for name in features:
            if first.setdefault(name, group) != group:
                holders.setdefault(name, {first[name]}).add(group)
    whole = len(set(groups))
    found = {
        name: math.log((1 + whole) / (1 + len(own))) + 1
        for name, own in holders.items()
        if len(own) >= _GROUPS and name.partition(":")[0] in counted
    }
    return found | {name: 1.0 for name in first if name.partition(":")[0] not in counted}


def _learner() -> Any:
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise UsageError("training needs scikit-learn: pip install 'web-evidence[learn]'") from error
    # The dual form: there are more features than rows, and it is some twenty times as fast.
    return LogisticRegression(
        C=_REGULARISATION,
        class_weight="balanced",
        solver="liblinear",
        dual=True,
        random_state=0,
        max_iter=1000,
    )


def _matrix(
    rows: Iterable[Features], frequencies: Mapping[str, float], names: Sequence[str], counted: Sequence[str]
) -> Any:
    from scipy.sparse import csr_matrix

    columns = {name: number for number, name in enumerate(names)}
    values: list[float] = []
    places: list[int] = []
    starts = [0]
    for features in rows:
        own = weighed(features, frequencies, counted)
        places += [columns[name] for name in own]
        values += own.values()
        starts.append(len(places))
    return csr_matrix((values, places, starts), shape=(len(starts) - 1, len(names)))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"not a finite number: {value!r}")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"not a text: {value!r}")
    return value
