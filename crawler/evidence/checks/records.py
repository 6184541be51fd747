"""One WARC record against what its leaf says: stored bytes, WARC head, block, payload."""

from collections.abc import Callable
from typing import NamedTuple

from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Capture, StoredRecord
from crawler.evidence.warc import BLOCK_LIMIT, Record, decode

_HTTP = "application/http"
_PAYLOAD_IS_BLOCK = ("resource", "conversion")


class Measured(NamedTuple):
    """What was found of a payload."""

    digest: str
    length: int


def check_record(stored: bytes, expected: StoredRecord, leaf: Leaf, *, limit: int = BLOCK_LIMIT) -> Record:
    """Check the stored bytes of a record in full; returns it decoded, held whole. Raises FormatError.

    The stored bytes are compared with the leaf first, so nothing that the log does not know is inflated. For records
    of strangers there is `streaming.check_bounded`.
    """
    check_stored(stored, expected)
    check_stored(stored, expected, "sm3")
    record = decode(stored, limit=limit)
    check_described(record, expected, leaf)
    return record


def check_stored(stored: bytes, expected: StoredRecord, algorithm: str = "sha256") -> None:
    """Check only one digest of a record's stored bytes. Raises FormatError."""
    check_label(digest(stored, algorithm), expected)


def check_label(actual: str, expected: StoredRecord) -> None:
    """Compare a digest of a record's stored bytes, of either algorithm, with the leaf's. Raises FormatError."""
    wanted = expected.sm3 if actual.startswith("sm3:") else expected.sha256
    if actual != wanted:
        raise FormatError(f"stored bytes have {actual}, the log says {wanted}")


def check_described(
    record: Record,
    expected: StoredRecord,
    leaf: Leaf,
    measured: Callable[[], Measured | None] | None = None,
) -> None:
    """Check a record whose block has the digest that its head declares. Raises FormatError.

    `measured` gives its payload where the record comes without its block; it is asked only if the leaf has one.
    """
    if (record.type, record.id) != (expected.type, expected.id):
        raise FormatError(f"is {record.type} {record.id}, the log says {expected.type} {expected.id}")
    if record.value("WARC-Block-Digest") != expected.block_digest:
        raise FormatError(f"block digest is not {expected.block_digest}, as the log says")
    declared = record.value("WARC-Payload-Digest")
    if declared is not None and declared != expected.payload_digest:
        raise FormatError(f"declares payload {declared}, the log says {expected.payload_digest}")
    if expected.payload_digest is not None:
        _check_payload(record, expected, _measured(record) if measured is None else measured())
    if leaf.capture is not None:
        _check_head(record, leaf.capture)


def is_http(record: Record) -> bool:
    """Whether its block is an HTTP message; its payload is the entity body then."""
    return record.content_type.startswith(_HTTP)


def payload_is_block(record: Record) -> bool:
    """Whether its whole block is its payload."""
    return not is_http(record) and record.type in _PAYLOAD_IS_BLOCK


def payload_of(record: Record) -> bytes | None:
    """The payload a record has by its type: entity body, whole block, or none. Raises FormatError."""
    if is_http(record):
        interim = http.split_interim(record.block) if record.type == "response" else 0
        return http.payload(record.block[interim:])
    return record.block if payload_is_block(record) else None


def _measured(record: Record) -> Measured | None:
    payload = payload_of(record)
    if payload is None:
        return None
    # `decode` has digested the block; where it is the payload as well, once is enough.
    known = record.value("WARC-Block-Digest") if payload is record.block else None
    return Measured(known or digest(payload), len(payload))


def _check_payload(record: Record, expected: StoredRecord, found: Measured | None) -> None:
    if found is None:
        raise FormatError(f"a {record.type} record has no payload, the log says {expected.payload_digest}")
    if found != (expected.payload_digest, expected.payload_length):
        raise FormatError(
            f"payload has {found.digest} and {found.length} bytes,"
            f" the log says {expected.payload_digest} and {expected.payload_length}"
        )


def _check_head(record: Record, capture: Capture) -> None:
    if record.date != capture.started:
        raise FormatError(f"WARC-Date {record.date} is not the start of the capture, {capture.started}")
    if record.type in ("request", "response") and record.target_uri != capture.url:
        raise FormatError(f"WARC-Target-URI {record.target_uri} is not the capture's URL {capture.url}")
