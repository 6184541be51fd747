"""Labelled rows of the recruit set, and the scorer that judges them by the rules alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crawler.detect.kit.detector import Example, Scorer
from crawler.detect.text.slots import best_reading
from crawler.errors import UsageError

_LABELS = {"recruit": True, "other": False}
_MASKS = {  # what the SMS corpora write for removed text
    "CELLPHONE": "13000000000", "HOTLINE": "4000000000", "PHONE": "02000000000", "DIGIT": "100", "WECHAT": "微信",
    "PLACE": "", "NAME": "",
}  # fmt: skip


class RuleScorer(Scorer):
    """`Reading.score` of the block that says most. Nothing is learnt."""

    def examples(self, rows: Iterable[Mapping[str, Any]]) -> list[Example]:
        """Clear rows of eval_recruit_dev.jsonl's format. Raises UsageError where a row has no text or label."""
        return labelled(rows)

    def scores(self, examples: Sequence[Example]) -> list[float]:
        """0…1, at least .5 exactly where the rule holds."""
        return [best_reading(text_of(example)).score for example in examples]


def labelled(rows: Iterable[Mapping[str, Any]]) -> list[Example]:
    """The rows that count: `label` recruit or other, not `ambiguous`. Raises UsageError for another format."""
    return [_example(row) for row in rows if not row.get("ambiguous")]


def text_of(example: Example) -> str:
    """Its text, as it could have stood on a page."""
    return unmasked(str(example.content["text"]))


def source_of(source: str) -> str:
    """The corpus that a row is from, without line and commit: "github:Cypher-Z/FBS_SMS_Dataset"."""
    return source.partition("@")[0].partition(" line ")[0].strip()


def unmasked(text: str) -> str:
    """A row's text with the corpora's marks of removed text as text that could stand there."""
    for mask, plain in _MASKS.items():
        text = text.replace(mask, plain)
    return text


def _example(row: Mapping[str, Any]) -> Example:
    missing = [name for name in ("text", "label") if name not in row]
    if missing:
        raise UsageError(f"a row of the recruit set has no {', '.join(missing)}")
    if row["label"] not in _LABELS:
        raise UsageError(f"a row has the label {row['label']!r}; it may be recruit or other")
    text, identifier = str(row["text"]), str(row.get("id", ""))
    return Example(
        identifier=identifier, truth=_LABELS[row["label"]], group=str(row.get("template") or identifier or text),
        source=source_of(str(row.get("source", ""))), content=row, shown=text[:80],
    )  # fmt: skip
