"""Findings on the demo market beside what was planted there.

`python -m tests.detect.judging ARCHIVE --reviews N` prints the table for one archive (see tests/detect/market.py).
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawler.demo.truth import truth
from crawler.detect.kit.corpus import Corpus
from crawler.detect.kit.detector import detectors
from crawler.detect.kit.finding import Finding
from crawler.evidence.archive import Archive
from crawler.store.index import FILE, Index
from tests.detect.market import world

Row = dict[str, Any]
Thing = tuple[str, str]  # kind and identifier
# A thread is named by itself or by its first floor; a replay page by itself.
_WITNESSES = ("told", "card", "witness", "hidden")


@dataclass(slots=True)
class Judgement:
    """`found`/`planted`: rows by scheme and role; `lookalikes`: those that a finding is about; `strays`: findings
    that are about nothing that was planted."""

    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    by: dict[str, set[str]] = field(default_factory=dict)
    lookalikes: Counter[str] = field(default_factory=Counter)
    alarmed: Counter[str] = field(default_factory=Counter)
    alarmers: dict[str, set[str]] = field(default_factory=dict)
    strays: list[Finding] = field(default_factory=list)
    findings: int = 0

    @property
    def recall(self) -> float:
        """Planted rows that some finding is about."""
        return sum(self.found.values()) / sum(self.planted.values())


def judge(findings: Sequence[Finding], rows: Iterable[Row]) -> Judgement:
    """Findings against the truth of the same market."""
    things = {finding.id: _things(finding) for finding in findings}
    told = Judgement(findings=len(findings))
    known: set[Thing] = set()
    for row in rows:
        names = _names(row)
        about = {finding.detector for finding in findings if things[finding.id] & names}
        if row["suspicious"] or row["role"] in _WITNESSES:
            known |= names
            _note(told.planted, told.found, told.by, f"{row['scheme']} {row['role']}", about)
        elif row["lookalike"]:
            _note(told.lookalikes, told.alarmed, told.alarmers, str(row["lookalike"]), about)
        else:
            known |= names  # the listing that a rival's reviews attack
    told.strays = [finding for finding in findings if not things[finding.id] & known]
    return told


def table(told: Judgement) -> list[str]:
    """Lines of Markdown: each scheme and role with its recall and who found it, then the look-alikes."""
    lines = ["| planted | rows | found | by |", "|---|---|---|---|"]
    for name, count in sorted(told.planted.items(), key=by_number):
        lines.append(
            f"| {name} | {count} | {told.found[name]} | {', '.join(sorted(told.by.get(name, ())))} |"
        )
    lines += ["", "| look-alike | rows | false alarms | by |", "|---|---|---|---|"]
    for name, count in sorted(told.lookalikes.items()):
        alarmers = ", ".join(sorted(told.alarmers.get(name, ())))
        lines.append(f"| {name} | {count} | {told.alarmed[name]} | {alarmers} |")
    strays = Counter(finding.detector for finding in told.strays)
    named = ", ".join(f"{name} {count}" for name, count in sorted(strays.items())) or "none"
    return [*lines, "", f"{told.findings} findings; about nothing that was planted: {named}."]


def findings_of(archive: Path, names: Sequence[str] = ()) -> list[Finding]:
    """What the detectors find in an archive; nothing is written."""
    with Archive.open(archive) as opened, Index(archive / FILE, writable=False) as index:
        return [
            finding
            for detector in detectors(names)
            for finding in detector.detect(Corpus(index, archive=opened))
        ]


def _note(
    planted: Counter[str], found: Counter[str], by: dict[str, set[str]], name: str, about: set[str]
) -> None:
    planted[name] += 1
    if about:
        found[name] += 1
        by.setdefault(name, set()).update(about)


def _names(row: Row) -> set[Thing]:
    names = {row["item"], row.get("thread")}
    return {(row["kind"], name) for name in names if name}


def _things(finding: Finding) -> set[Thing]:
    """What a finding is about: what it quotes, and its subjects."""
    things = {(quote.kind, quote.identifier) for quote in finding.quotes}
    for subject in finding.subjects:
        kind, _, name = subject.partition(":")
        if kind in ("listing", "post"):
            things.add((kind, name.partition("/")[2]))
    return things


def by_number(item: tuple[str, int]) -> tuple[int, str]:
    """Schemes as people count."""
    scheme = item[0].partition(" ")[0]
    return (int(scheme[1:]) if scheme[1:].isdigit() else 0, item[0])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--reviews", type=int, required=True)
    parser.add_argument("detector", nargs="*")
    given = parser.parse_args()
    made = judge(findings_of(given.archive, given.detector), truth(world(given.reviews)))
    print("\n".join(table(made)))
    for stray in made.strays:
        print("stray:", stray.detector, stray.grade, stray.claim)
