"""Whether two reviews are one text, edited: by what they share outside boilerplate. Rules that can be read aloud.

1. The two share a run of 15 characters or more outside boilerplate (detection.md 4.2); or
2. for short texts, where one changed word breaks the run: four fifths of the shorter text's three-character pieces
   stand in the longer one too, and ten characters in a row are the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crawler.detect.kit.detector import Example, Scorer
from crawler.detect.text.boilerplate import MASKS, masked
from crawler.detect.text.normalise import normalised
from crawler.detect.text.runs import K, longest_shared
from crawler.errors import UsageError

MOST = 2_000  # characters of a text that are compared: a review, not a book
CONTAINED = 0.8
SHORT_RUN = 10
_LEFT_OUT = ("ambiguous", "degenerate")
_LABELS = {"yes": True, "no": False}


def shared_run(first: str, second: str) -> str:
    """The longest run that two texts share outside boilerplate, normalised."""
    one, other = (
        masked(normalised(text).text[:MOST], mask) for text, mask in zip((first, second), MASKS, strict=True)
    )
    size, start, _ = longest_shared(one, other)
    return one[start : start + size]


def contained(first: str, second: str) -> float:
    """Share of the shorter text's distinct three-character pieces that stand in the longer one; 0…1."""
    pieces = [
        _pieces(masked(normalised(text).text[:MOST], mask))
        for text, mask in zip((first, second), MASKS, strict=True)
    ]
    shorter, longer = sorted(pieces, key=len)
    return len(shorter & longer) / len(shorter) if shorter else 0.0


def likeness(first: str, second: str) -> float:
    """0…1, from 0.5 on one text: run ÷ (run + 15), at least 0.5 where rule 2 holds."""
    size = len(shared_run(first, second))
    alike = size / (size + K)
    if size >= SHORT_RUN and contained(first, second) >= CONTAINED:
        return max(0.5, alike)
    return alike


class PairScorer(Scorer):
    """Judges pairs of reviews (rows of eval_neardup_dev.jsonl). Nothing is learned: the rules stand above."""

    learns = False
    threshold = 0.5

    def examples(self, rows: Iterable[Mapping[str, Any]]) -> list[Example]:
        """Rows with `same_template` yes or no; ambiguous and degenerate ones are left out."""
        return [_example(row) for row in rows if row.get("same_template") not in _LEFT_OUT]

    def scores(self, examples: Sequence[Example]) -> list[float]:
        """The likeness of each pair."""
        return [likeness(row.content["a"]["text"], row.content["b"]["text"]) for row in examples]


def _example(row: Mapping[str, Any]) -> Example:
    try:
        truth = _LABELS[row["same_template"]]
        first, second = row["a"], row["b"]
        shown = f"{first['text'][:40]} ⇄ {second['text'][:40]}"
        source = "+".join(sorted({str(first.get("src", "")), str(second.get("src", ""))}))
        return Example(
            identifier=str(row["id"]),
            truth=truth,
            group=str(row["group"]),
            source=source,
            content=row,
            shown=shown,
        )
    except (KeyError, TypeError) as error:
        raise UsageError(
            "this is no file of review pairs: each line needs id, group, same_template (yes or no), a.text and"
            f" b.text; missing or wrong: {error}"
        ) from error


def _pieces(text: str) -> set[str]:
    return {text[start : start + 3] for start in range(len(text) - 2)}
