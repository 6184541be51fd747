"""Originals that a judge alone is shown, held against a redacted bundle: are they what it was made from?

The folder of sealed originals (crawler.export.sealed):

leaves/<n>.json            leaf n of the log: the manifest of an original
records/<n>.warc.gz        its records, byte for byte as in the archive
openings/<n>.json          a list of {mark, kind, salt, value, sha256}: what was taken out of it; salts in hexadecimal
sha256sums.txt, sha256sums.txt.sig, README-zh.txt

The bundle proves each original's leaf by its digest (`redacted.leaf`), and its record of what was done names a
commitment to each value: SHA-256 of salt and value.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from crawler.errors import FormatError
from crawler.evidence.bundle import WACZ, member_of
from crawler.evidence.checks.inclusion import Included
from crawler.evidence.checks.leaves import Leaf, read_leaf
from crawler.evidence.checks.reading import read_small
from crawler.evidence.checks.records import check_record
from crawler.evidence.checks.wacz import RECORD_LIMIT
from crawler.evidence.checks.zip_members import ByteStream, Package, open_package
from crawler.evidence.proof import leaf_digest
from crawler.evidence.report import Check, Faults, Words, not_checked

STATEMENT = "urn:evidence:redaction:"
_STORED_LIMIT = 1 << 30  # bytes of one original's records
_ASK = Words(
    "请向移交封存件的一方索取与本包对应的封存件",
    "ask whoever handed them over for the originals of this bundle",
)

Json = dict[str, Any]


def check_opened(bundle: Path, sealed: Path, leaves: dict[int, Included]) -> Check:
    """Hold a folder of sealed originals against the redacted captures of a bundle. Never raises."""
    faults, opened, named = Faults("opened"), 0, 0
    made = [
        (index, one.leaf, one.leaf.capture.redacted)
        for index, one in leaves.items()
        if one.leaf.capture is not None and one.leaf.capture.redacted is not None
    ]
    try:
        with open_package(bundle / WACZ) as package:
            statements = _statements(package, leaves)
            for index, leaf, redacted in made:
                if not (sealed / f"leaves/{redacted.entry}.json").is_file():
                    continue
                try:
                    named += _check_one(sealed, redacted.entry, redacted.leaf, statements.get(index))
                    opened += 1
                except (FormatError, ValueError, KeyError, TypeError) as error:
                    faults.add(f"{leaf}, original at entry {redacted.entry}: {error}")
    except FormatError as error:
        faults.add(str(error))
    if not opened and not faults.count:
        return not_checked(
            "opened",
            Words("封存件中没有本包任何副本的原件", "none of the originals of this bundle is in that folder"),
            _ASK,
        )
    good = Words(
        f"{len(made)} 份脱敏副本中 {opened} 份的原件已启封：其清单即日志所载，原始记录一致，"
        f"{named} 处隐去的内容与副本所载承诺值相符",
        f"the originals of {opened} of {len(made)} redacted captures are those that the log names, with their"
        f" records; {named} values open the commitments",
    )
    return faults.check(good, _ASK)


def _check_one(sealed: Path, entry: int, digest: str, statement: Json | None) -> int:
    """Check one original; returns how many values it opens. Raises FormatError."""
    content = read_small(sealed / f"leaves/{entry}.json")
    if f"sha256:{leaf_digest(content).hex()}" != digest:
        raise FormatError("it is not the leaf that the redacted capture names")
    _check_records(read_small(sealed / f"records/{entry}.warc.gz", _STORED_LIMIT), read_leaf(content))
    if statement is None:
        raise FormatError("the redacted capture does not say what was taken out of it")
    given = {one["sha256"]: one for one in json.loads(read_small(sealed / f"openings/{entry}.json"))}
    for wanted in statement["withheld"]:
        one = given.get(wanted["sha256"])
        if one is None:
            raise FormatError(f"nothing opens the commitment {wanted['sha256']}")
        salted = bytes.fromhex(one["salt"]) + one["value"].encode("utf-8", "surrogatepass")
        if hashlib.sha256(salted).hexdigest() != wanted["sha256"] or one["mark"] != wanted["mark"]:
            raise FormatError(f"what is given does not open the commitment {wanted['sha256']}")
    return len(statement["withheld"])


def _check_records(stored: bytes, leaf: Leaf) -> None:
    at = 0
    for record in leaf.records:
        check_record(stored[at : at + record.locator.length], record, leaf, limit=RECORD_LIMIT)
        at += record.locator.length
    if at != len(stored):
        raise FormatError(f"{len(stored) - at} bytes more than its records have")


def _statements(package: Package, leaves: dict[int, Included]) -> dict[int, Json]:
    """By leaf, what each redacted capture says was done: the last of its records. They lie in log order."""
    wanted: dict[str, list[tuple[int, int, int, Leaf]]] = {}
    for index, one in leaves.items():
        for number, record in enumerate(one.leaf.records):
            locator = record.locator
            wanted.setdefault(member_of(locator.file), []).append((locator.offset, index, number, one.leaf))
    found: dict[int, Json] = {}
    for member, records in wanted.items():
        stream = ByteStream(package.pieces(member, crc=False))
        for _, index, number, leaf in sorted(records, key=lambda item: item[0]):
            record = leaf.records[number]
            stored = stream.take(min(record.locator.length, RECORD_LIMIT))
            capture = leaf.capture
            if capture is None or capture.redacted is None or number + 1 < len(leaf.records):
                continue
            statement = check_record(stored, record, leaf, limit=RECORD_LIMIT)
            if statement.target_uri != STATEMENT + capture.id:
                raise FormatError(f"{leaf}: its last record does not say what was taken out")
            content = json.loads(statement.block)
            found[index] = content if isinstance(content, dict) else {}
    return found
