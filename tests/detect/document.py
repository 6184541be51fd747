"""The measured tables of docs/detectors.md, between their marks: `python -m tests.detect.document FOLDER`.

FOLDER keeps the three crawled markets (made where they are not there: some minutes). Figures of labelled sets need
../shared/detect beside the repository; without it their table stays as it is.
"""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from crawler.demo.truth import truth
from crawler.detect.kit.detector import Scorer, detectors
from crawler.detect.kit.evaluation import Evaluation, by_source, evaluate
from tests.detect.judging import Judgement, by_number, findings_of, judge
from tests.detect.market import crawl_market, world

DOCUMENT = Path(__file__).parents[2] / "docs/detectors.md"
SIZES = (400, 2000, 20_000)
LABELLED = {"recruitment": "eval_recruit_dev.jsonl", "templates": "eval_neardup_dev.jsonl"}
_LARGER = re.compile(r"S1\d\d (\w+)")  # groups that only larger markets have


def markets(folder: Path) -> dict[int, Judgement]:
    """What is found in each market."""
    told = {}
    for size in SIZES:
        archive = folder / str(size)
        if not archive.exists():
            crawl_market(archive, reviews=size)
        told[size] = judge(findings_of(archive), truth(world(size)))
    return told


def market_table(told: Mapping[int, Judgement]) -> list[str]:
    """Planted rows that a finding is about, look-alikes that one is about, findings about neither."""
    head = " | ".join(f"{size:,} reviews" for size in told)
    lines = [f"| planted (scheme, role) | {head} | found by |", "|---" * (len(told) + 2) + "|"]
    names = {_named(name) for one in told.values() for name in one.planted}
    for name in sorted(names, key=lambda name: by_number((name, 0))):
        cells = " | ".join(_counted(one, name) for one in told.values())
        finders = sorted(
            {who for one in told.values() for row in _rows(one, name) for who in one.by.get(row, ())}
        )
        lines.append(f"| {name} | {cells} | {', '.join(finders)} |")
    for title, cells in (
        ("**all rows**", [f"{one.found.total()} of {one.planted.total()}" for one in told.values()]),
        (
            "look-alikes flagged",
            [f"{one.alarmed.total()} of {one.lookalikes.total()}" for one in told.values()],
        ),
        ("findings about nothing planted", [f"{len(one.strays)} of {one.findings}" for one in told.values()]),
    ):
        lines.append(f"| {title} | {' | '.join(cells)} | |")
    return lines


def labelled_table(folder: Path) -> list[str]:
    """Each labelled set: as it is judged, by the rules alone where the scorer learns, and by source."""
    lines = ["| detector, rows | P | R | F1 | AP (95 %) |", "|---|---|---|---|---|"]
    for name, file in LABELLED.items():
        (detector,) = detectors([name])
        scorer = detector.scorer()
        if scorer is None:
            raise RuntimeError(f"{name} has no scorer")
        rows = [json.loads(line) for line in (folder / file).read_text("utf-8").splitlines()]
        lines += _judged(name, scorer, rows)
    return lines


def _judged(name: str, scorer: Scorer, rows: Sequence[Mapping[str, object]]) -> list[str]:
    examples = scorer.examples(rows)
    how = "grouped 5-fold CV, mean of 5 shuffles" if scorer.learns else "rules"
    lines = [_line(f"{name}: {how}", evaluate(scorer, examples))]
    rules = scorer.rules()
    if scorer.learns and rules is not None:
        lines.append(_line(f"{name}: rules alone", evaluate(rules, examples)))
    for source, one in by_source(scorer, examples).items():
        lines.append(_line(f"{name}: unseen source {_short(source)}", one))
    return lines


def _line(title: str, one: Evaluation) -> str:
    low, high = one.interval
    cells = " | ".join(f"{one.mean(figure):.3f}" for figure in ("precision", "recall", "f1"))
    average = f"{one.mean('average_precision'):.3f} ({low:.3f}–{high:.3f})"
    return f"| {title}, {one.positives} of {one.rows} | {cells} | {average} |"


def _short(source: str) -> str:
    return source.partition(" (")[0].removeprefix("github:")[:40]


def _named(name: str) -> str:
    larger = _LARGER.fullmatch(name)
    return f"S100 and above {larger[1]}" if larger else name


def _rows(one: Judgement, name: str) -> list[str]:
    return [row for row in one.planted if _named(row) == name]


def _counted(one: Judgement, name: str) -> str:
    rows = _rows(one, name)
    return (
        f"{sum(one.found[row] for row in rows)} of {sum(one.planted[row] for row in rows)}" if rows else "–"
    )


def put(mark: str, lines: Sequence[str]) -> None:
    """Put a table between its marks. Raises RuntimeError where the document has no such marks."""
    text = DOCUMENT.read_text("utf-8")
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    if begin not in text or end not in text:
        raise RuntimeError(f"{DOCUMENT.name} has no marks {begin} and {end}")
    before, _, rest = text.partition(begin)
    DOCUMENT.write_text("\n".join([before + begin, "", *lines, "", end]) + rest.partition(end)[2], "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    put("market", market_table(markets(given.folder)))
    data = DOCUMENT.parents[2] / "shared" / "detect"
    if data.is_dir():
        put("labelled", labelled_table(data))
