"""The table of printed strings: what each means to a person, and what `crawler.printed` made of it.

`table.tsv` holds short facts that stand on the saved real pages: counts, prices, ratings, dates and places; no texts
and no names. `python -m tests.printed.table` writes the results into docs/normalisation.md.
"""

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crawler.printed import CHINA, moment, money, number, rating, region

TABLE = Path(__file__).with_name("table.tsv")
DOCUMENT = Path(__file__).parents[2] / "docs" / "normalisation.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
NOTHING = "none"
FORMS = {  # precision → how the table writes it, in Beijing time
    "year": "%Y",
    "month": "%Y-%m",
    "day": "%Y-%m-%d",
    "hour": "%Y-%m-%d %H",
    "minute": "%Y-%m-%d %H:%M",
    "second": "%Y-%m-%d %H:%M:%S",
}


@dataclass(frozen=True, slots=True)
class Row:
    """`context`: time of capture in Beijing (moment), best rating (rating), the unit that the page counts in (money).

    `left`: why the string is left alone, although a person reads a value in it.
    """

    kind: str
    printed: str
    context: str
    meant: str
    left: str
    file: str

    def answer(self) -> str:
        """What the code says, written as in the column `meant`."""
        return READ[self.kind](self)


def _number(row: Row) -> str:
    found = number(row.printed)
    return NOTHING if found is None else f"{found[0]}{'+' if found[1] else ''}"


def _money(row: Row) -> str:
    found = money(row.printed + row.context)
    return NOTHING if found is None else f"{found[0]} {found[1] or '?'}{' from' if found[2] else ''}"


def _rating(row: Row) -> str:
    found = rating(row.printed, row.context or None)
    return NOTHING if found is None else f"{found[0]}/{found[1] or '?'}"


def _moment(row: Row) -> str:
    captured = datetime.strptime(row.context, "%Y-%m-%d %H:%M").replace(tzinfo=CHINA)
    found = moment(row.printed, captured.astimezone(UTC))
    if found is None:
        return NOTHING
    return datetime.fromisoformat(found[0]).astimezone(CHINA).strftime(FORMS[found[1]])


def _region(row: Row) -> str:
    return region(row.printed) or NOTHING


READ: dict[str, Callable[[Row], str]] = {
    "number": _number,
    "money": _money,
    "rating": _rating,
    "moment": _moment,
    "region": _region,
}


def rows() -> list[Row]:
    """The table, in its order."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return [
            Row(**line) for line in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
        ]


def measured(table: Iterable[Row]) -> str:
    """Precision and recall by kind, as a Markdown table.

    Precision: of the strings that were read, how many were read as meant. Recall: of those that mean something,
    how many were read as meant.
    """
    table = list(table)
    lines = [
        "| kind | strings | with a value | read | read as meant | precision | recall |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(_line(kind, [row for row in table if row.kind == kind]) for kind in READ),
        _line("all", table),
    ]
    return "".join(f"{line}\n" for line in lines)


def _line(name: str, table: list[Row]) -> str:
    valued = sum(row.meant != NOTHING for row in table)
    answers = [(row.answer(), row.meant) for row in table]
    read = sum(answer != NOTHING for answer, _ in answers)
    right = sum(answer == meant != NOTHING for answer, meant in answers)
    shares = f"{right / read:.1%} | {right / valued:.1%}"
    return f"| {name} | {len(table)} | {valued} | {read} | {right} | {shares} |"


def left_alone(table: Iterable[Row]) -> str:
    """The strings with a value that are not read, and why, as a Markdown table."""
    lines = ["| printed | means | why it is left alone | seen in |", "|---|---|---|---|"]
    lines += [f"| `{row.printed}` | {row.meant} | {row.left} | {row.file} |" for row in table if row.left]
    return "".join(f"{line}\n" for line in lines)


def generated() -> str:
    """The part of docs/normalisation.md that is measured."""
    table = rows()
    files = len({row.file for row in table})
    return (
        f"{len(table)} strings from {files} saved pages.\n\n{measured(table)}\n"
        f"Strings that mean something to a person and are left alone:\n\n{left_alone(table)}"
    )


def document(current: str) -> str:
    """The document with its measured part made new."""
    return re.sub(
        f"(?<={re.escape(BEGIN)}).*(?={re.escape(END)})", lambda _: generated(), current, flags=re.DOTALL
    )


if __name__ == "__main__":
    DOCUMENT.write_text(document(DOCUMENT.read_text("utf-8")), "utf-8")
