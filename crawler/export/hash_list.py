"""哈希清单 hash-list.csv: SHA-256 and SM3 of every file of the bundle and of every WARC record in it."""

from collections.abc import Sequence
from pathlib import Path

from crawler import clock
from crawler.evidence.bundle import HASH_LIST, HASH_LIST_COLUMNS, hash_list_name
from crawler.evidence.digest import digest_file
from crawler.export.bag import payload_names
from crawler.export.csv_text import csv_text
from crawler.export.wacz import PlacedRecord


def write_hash_list(bag: Path, placed: Sequence[PlacedRecord]) -> None:
    """Write the list. Call it last: it covers every payload file that is there, except itself."""
    rows = [_file_row(bag, name) for name in payload_names(bag) if name != HASH_LIST]
    rows += [_record_row(place) for place in placed]
    numbered = [(str(number), *row) for number, row in enumerate(rows, 1)]
    (bag / HASH_LIST).write_bytes(csv_text((HASH_LIST_COLUMNS, *numbered)))


def _file_row(bag: Path, name: str) -> tuple[str, ...]:
    sha256, sm3 = (digest_file(bag / name, algorithm) for algorithm in ("sha256", "sm3"))
    size = str((bag / name).stat().st_size)
    return (name, size, sha256.removeprefix("sha256:"), sm3.removeprefix("sm3:"), "")


def _record_row(place: PlacedRecord) -> tuple[str, ...]:
    record = place.record
    name = hash_list_name(place.member, place.offset, record.locator.length)
    sha256, sm3 = record.sha256.removeprefix("sha256:"), record.sm3.removeprefix("sm3:")
    return (name, str(record.locator.length), sha256, sm3, clock.beijing(place.selected.time))
