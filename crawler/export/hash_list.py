"""哈希清单 hash-list.csv: SHA-256 and SM3 of every file of the bundle and of every WARC record in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from crawler import clock
from crawler.evidence.bundle import HASH_LIST, HASH_LIST_COLUMNS, hash_list_name
from crawler.export.csv_text import csv_text
from crawler.export.payload import Measured, measured
from crawler.export.wacz import PlacedRecord


def write_hash_list(
    bag: Path, payload: Mapping[str, Measured], placed: Sequence[PlacedRecord]
) -> dict[str, Measured]:
    """Write the list of these files and records. It lists every payload file but itself; returns itself, measured."""
    rows = [
        (name, str(one.size), one.digests["sha256"], one.digests["sm3"], "")
        for name, one in sorted(payload.items())
    ]
    rows += [_record_row(place) for place in placed]
    numbered = [(str(number), *row) for number, row in enumerate(rows, 1)]
    (bag / HASH_LIST).write_bytes(csv_text((HASH_LIST_COLUMNS, *numbered)))
    return {HASH_LIST: measured(bag / HASH_LIST)}


def _record_row(place: PlacedRecord) -> tuple[str, str, str, str, str]:
    record = place.record
    name = hash_list_name(place.member, place.offset, record.locator.length)
    sha256, sm3 = record.sha256.removeprefix("sha256:"), record.sm3.removeprefix("sm3:")
    return (name, str(record.locator.length), sha256, sm3, clock.beijing(place.selected.time))
