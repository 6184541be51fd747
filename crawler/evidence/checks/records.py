"""One WARC record against what its leaf says: stored bytes, WARC head, block, payload."""

from crawler.errors import FormatError
from crawler.evidence import http
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Capture, StoredRecord
from crawler.evidence.warc import BLOCK_LIMIT, Record, decode

_HTTP = "application/http"
_PAYLOAD_IS_BLOCK = ("resource", "conversion")


def check_record(stored: bytes, expected: StoredRecord, leaf: Leaf, *, limit: int = BLOCK_LIMIT) -> Record:
    """Check the stored bytes of a record in full; returns it decoded. Raises FormatError.

    The stored bytes are compared with the leaf first, so nothing that the log does not know is inflated.
    """
    check_stored(stored, expected)
    _check_stored(stored, "sm3", expected.sm3)
    record = decode(stored, limit=limit)
    if (record.type, record.id) != (expected.type, expected.id):
        raise FormatError(f"is {record.type} {record.id}, the log says {expected.type} {expected.id}")
    if record.value("WARC-Block-Digest") != expected.block_digest:
        raise FormatError(f"block digest is not {expected.block_digest}, as the log says")
    _check_payload(record, expected)
    if leaf.capture is not None:
        _check_head(record, leaf.capture)
    return record


def check_stored(stored: bytes, expected: StoredRecord) -> None:
    """Check only the SHA-256 of a record's stored bytes. Raises FormatError."""
    _check_stored(stored, "sha256", expected.sha256)


def payload_of(record: Record) -> bytes | None:
    """The payload a record has by its type: entity body, whole block, or none. Raises FormatError."""
    if record.content_type.startswith(_HTTP):
        interim = http.split_interim(record.block) if record.type == "response" else 0
        return http.payload(record.block[interim:])
    return record.block if record.type in _PAYLOAD_IS_BLOCK else None


def _check_stored(stored: bytes, algorithm: str, wanted: str) -> None:
    if (actual := digest(stored, algorithm)) != wanted:
        raise FormatError(f"stored bytes have {actual}, the log says {wanted}")


def _check_payload(record: Record, expected: StoredRecord) -> None:
    declared = record.value("WARC-Payload-Digest")
    if declared is not None and declared != expected.payload_digest:
        raise FormatError(f"declares payload {declared}, the log says {expected.payload_digest}")
    if expected.payload_digest is None:
        return
    payload = payload_of(record)
    if payload is None:
        raise FormatError(f"a {record.type} record has no payload, the log says {expected.payload_digest}")
    # `decode` has digested the block; where it is the payload as well, once is enough.
    actual = expected.block_digest if payload is record.block else digest(payload)
    if (actual, len(payload)) != (expected.payload_digest, expected.payload_length):
        raise FormatError(
            f"payload has {actual} and {len(payload)} bytes,"
            f" the log says {expected.payload_digest} and {expected.payload_length}"
        )


def _check_head(record: Record, capture: Capture) -> None:
    if record.date != capture.started:
        raise FormatError(f"WARC-Date {record.date} is not the start of the capture, {capture.started}")
    if record.type in ("request", "response") and record.target_uri != capture.url:
        raise FormatError(f"WARC-Target-URI {record.target_uri} is not the capture's URL {capture.url}")
