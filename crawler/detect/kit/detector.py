"""What a detector is, and how it is found: one file in `crawler/detect`, one class in it."""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import crawler.detect
from crawler.detect.kit.corpus import Corpus
from crawler.detect.kit.finding import Finding
from crawler.errors import UsageError


class Detector(ABC):
    """Reads the corpus and yields findings.

    The docstring of the class names the method and its source. `version` rises with every change that could change
    a finding; findings of older versions stay. The same corpus must give the same findings, in any order of rows.
    """

    name: ClassVar[str]  # also the file's name
    version: ClassVar[int]
    title: ClassVar[str]  # Chinese: 招募
    summary: ClassVar[str]  # Chinese, one sentence: what it looks for, and what it leaves alone
    # True: it compares everything with everything on each run, so what it no longer finds is no longer current.
    # False: it looks at one new thing at a time (`new=True`).
    whole: ClassVar[bool] = True

    @abstractmethod
    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        """Every finding in what the corpus shows. A detector that looks at one thing at a time uses
        `corpus.new_posts()` and friends; one that compares many uses all."""

    def scorer(self) -> "Scorer | None":
        """What `evidence evaluate` judges this detector by; None: there is no labelled format for it."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One labelled row: `truth` True or False; `group` never stands on both sides of a fold."""

    identifier: str
    truth: bool
    group: str
    source: str
    content: Mapping[str, Any]  # the row as it is in the file
    shown: str  # a short text for the list of errors


class Scorer(ABC):
    """Judges labelled rows. `learns` True: it is trained on the other folds before it scores."""

    learns: ClassVar[bool] = False
    threshold: ClassVar[float] = 0.5  # a score at or above it counts as found

    @abstractmethod
    def examples(self, rows: Iterable[Mapping[str, Any]]) -> list[Example]:
        """The rows that count (ambiguous ones are left out). Raises UsageError for a row of another format."""

    def train(self, examples: Sequence[Example]) -> "Scorer":
        """A scorer that has learnt from these. The default has nothing to learn."""
        del examples
        return self

    @abstractmethod
    def scores(self, examples: Sequence[Example]) -> list[float]:
        """A score in 0…1 for each."""

    def rules(self) -> "Scorer | None":
        """For a scorer that learns: the detector's rules alone, which `evidence evaluate` shows beside it."""
        return None

    def using(self, model: Path) -> "Scorer":
        """A scorer with the model in a file. Raises UsageError where this detector has none."""
        raise UsageError(f"this detector has no model: leave {model} out")

    def learnt(self, examples: Sequence[Example], threshold: float, about: Mapping[str, Any]) -> bytes:
        """A model file trained on these rows. Raises UsageError where this detector has none."""
        del examples, threshold, about
        raise UsageError("this detector works by rules alone: there is nothing to train")


def discovered() -> dict[str, type[Detector]]:
    """Every detector by name, sorted. Raises RuntimeError where a file's name and its detector's differ."""
    found: dict[str, type[Detector]] = {}
    for module in pkgutil.iter_modules(crawler.detect.__path__):
        if not module.ispkg:
            found[module.name] = _detector_in(module.name)
    return dict(sorted(found.items()))


def detectors(names: Sequence[str] = ()) -> list[Detector]:
    """Detectors by name; all where none is named. Raises UsageError for an unknown name."""
    known = discovered()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"no detector {', '.join(unknown)}; known: {', '.join(known)}")
    return [known[name]() for name in dict.fromkeys(names or known)]


def _detector_in(name: str) -> type[Detector]:
    module = importlib.import_module(f"crawler.detect.{name}")
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Detector) and value.__module__ == module.__name__
    ]
    if len(classes) != 1 or classes[0].name != name:
        raise RuntimeError(f"crawler/detect/{name}.py must hold one Detector, named {name!r}")
    return classes[0]
