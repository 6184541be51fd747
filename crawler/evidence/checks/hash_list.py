"""hash-list.csv: what it says of every file and every record is what they are."""

import csv
import io
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.bundle import HASH_LIST, HASH_LIST_COLUMNS, MANIFEST_LIMIT, WACZ, hash_list_name
from crawler.evidence.checks.bag import Found
from crawler.evidence.checks.reading import read_small
from crawler.evidence.checks.wacz import Placed
from crawler.evidence.report import MOST_NAMED, Check, Faults, Words

_ASK = Words("请索取另一份证据包", "ask for another copy of the bundle")


def check_hash_list(bag: Path, found: Mapping[str, Found], placed: Iterable[Placed]) -> Check:
    """The list has a row for every file in data/ but itself, and for every WARC record; nothing else."""
    faults = Faults("hash-list")
    expected = {
        name: (str(file.size), file.sha256, file.sm3)
        for name, file in found.items()
        if name.startswith("data/") and name != HASH_LIST
    }
    for place in placed:
        record = place.record
        name = hash_list_name(place.member, place.offset, record.locator.length)
        expected[name] = (str(record.locator.length), record.sha256, record.sm3)
    try:
        rows = _read(bag / HASH_LIST, len(expected) + MOST_NAMED)
    except (FormatError, UnicodeDecodeError, csv.Error) as error:
        faults.add(f"{HASH_LIST}: {error}")
        return faults.check(remedy=_ASK)
    for number, row in enumerate(rows, 1):
        wanted = expected.pop(row[1], None) if len(row) == len(HASH_LIST_COLUMNS) else None
        if wanted is None:
            faults.add(
                f"{HASH_LIST} row {number} names what is not in the bundle, or names it twice: {row[:2]}"
            )
        elif (row[0], row[2], f"sha256:{row[3]}", f"sm3:{row[4]}") != (str(number), *wanted):
            faults.add(f"{HASH_LIST} row {number}: number, size or digests of {row[1]} are not true")
    for name in expected:
        what = "record" if name.startswith(f"{WACZ}!") else "file"
        faults.add(f"{HASH_LIST} does not list the {what} {name}")
    good = Words(
        f"{len(rows)} 行：字节数、SHA-256 和 SM3 均相符",
        f"{len(rows)} rows: sizes, SHA-256 and SM3 are true",
    )
    return faults.check(good, _ASK)


def _read(path: Path, most: int) -> list[list[str]]:
    """Header and rows, not many more than there can be. Raises FormatError, UnicodeDecodeError, csv.Error."""
    stream = io.TextIOWrapper(io.BytesIO(read_small(path, MANIFEST_LIMIT)), "utf-8-sig", newline="")
    rows = list(islice(csv.reader(stream, strict=True), 1 + most))
    if not rows or tuple(rows[0]) != HASH_LIST_COLUMNS:
        raise FormatError(f"does not begin with the columns {', '.join(HASH_LIST_COLUMNS)}")
    return rows[1:]
