"""One WARC record against what its leaf says, in bounded memory however large it is.

A record whose block has up to HELD bytes is inflated at once, which is fastest; nearly all are. A larger one passes
by in pieces: its head is parsed from the first, block and payload are digested on the way. Both ways judge alike
and say the same. See docs/decisions/0016-verification.md.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from crawler.errors import FormatError
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.checks.records import (
    Measured,
    check_described,
    check_label,
    check_stored,
    is_http,
    payload_is_block,
)
from crawler.evidence.checks.zip_members import ByteStream
from crawler.evidence.digest import new_hasher
from crawler.evidence.http import Body
from crawler.evidence.manifest import StoredRecord
from crawler.evidence.warc import (
    END,
    HEAD_LIMIT,
    INFLATED_PIECE,
    Record,
    RecordTooLarge,
    decode,
    inflate_pieces,
    parse_head,
)

HELD = 8 << 20  # bytes, stored or inflated, of a record that is held whole
INFLATED_LIMIT = 4 << 30  # bytes of block; nobody captures more, and inflating it takes seconds
STORED_PIECE = 1 << 18  # bytes of a stored record that are looked at together

Stored = Callable[[], Iterable[bytes]]  # the stored bytes of a record, in pieces, as often as asked for


def check_bounded(stored: bytes, expected: StoredRecord, leaf: Leaf, *, limit: int) -> Record:
    """Check the stored bytes of a record in full; returns it without its block. Raises FormatError.

    As `check_record`, but for the memory that it takes: some HELD bytes beside `stored`.
    """
    check_stored(stored, expected)
    check_stored(stored, expected, "sm3")
    try:
        record = decode(stored, limit=min(limit, HELD))
    except RecordTooLarge:
        if limit <= HELD:
            raise
        return _check_inflating(_slices(stored), expected, leaf, limit)
    check_described(record, expected, leaf)
    return replace(record, block=b"")


def check_pieces(stored: Stored, expected: StoredRecord, leaf: Leaf, *, limit: int) -> Record:
    """`check_bounded` for stored bytes that are themselves too many to be held: they are read twice."""
    check_stored_pieces(stored, expected, ("sha256", "sm3"))
    return _check_inflating(stored(), expected, leaf, limit)


def check_stored_pieces(
    stored: Stored, expected: StoredRecord, algorithms: tuple[str, ...] = ("sha256",)
) -> None:
    """Check only the digests of a record's stored bytes. Raises FormatError."""
    hashers = [new_hasher(algorithm) for algorithm in algorithms]
    for piece in stored():
        for hasher in hashers:
            hasher.update(piece)
    for algorithm, hasher in zip(algorithms, hashers, strict=True):
        check_label(f"{algorithm}:{hasher.hexdigest()}", expected)


def _check_inflating(stored: Iterable[bytes], expected: StoredRecord, leaf: Leaf, limit: int) -> Record:
    content = inflate_pieces(stored, limit)
    try:
        record, payload = _read(ByteStream(content), wanted=expected.payload_digest is not None)
    except FormatError:
        deque(content, maxlen=0)  # a damaged gzip member is what is told first, as `decode` does
        raise
    check_described(record, expected, leaf, payload.measured)
    return record


def _read(stream: ByteStream, *, wanted: bool) -> tuple[Record, "_Payload"]:
    """One record from its version line to its end, without its block; its payload is measured if `wanted`."""
    first = stream.take(HEAD_LIMIT)
    head = parse_head(first)
    begun = first[head.size :]
    hasher, size, payload = new_hasher("sha256"), 0, _Payload(head.record, head.length, wanted=wanted)
    for piece in _block(stream, begun, head.length):
        hasher.update(piece)
        payload.feed(piece)
        size += len(piece)
    if size != head.length or begun[head.length :] + stream.take(len(END) + 1) != END:
        raise head.wrong_length()
    head.check_block(f"sha256:{hasher.hexdigest()}")
    return head.record, payload


def _block(stream: ByteStream, begun: bytes, length: int) -> Iterator[bytes]:
    """The `length` bytes of a block, fewer only where the content ends, of which some were read before."""
    yield begun[:length]
    left = length - len(begun)
    while left > 0 and (piece := stream.take(min(left, INFLATED_PIECE))):
        yield piece
        left -= len(piece)


def _slices(stored: bytes) -> Iterator[bytes]:
    return (stored[at : at + STORED_PIECE] for at in range(0, len(stored), STORED_PIECE))


class _Payload:
    """Measures the payload of a record while its block passes by.

    An error waits until the payload is asked for: what is wrong with the record itself is told first.
    """

    def __init__(self, record: Record, length: int, *, wanted: bool) -> None:
        self._record, self._block_length = record, length
        self._body = Body(interim=record.type == "response") if wanted and is_http(record) else None
        self._error: FormatError | None = None
        self._hasher, self._length = new_hasher("sha256"), 0

    def feed(self, piece: bytes) -> None:
        """The next bytes of the block."""
        if self._body is None or self._error is not None:
            return
        try:
            self._add(self._body.feed(piece))
        except FormatError as error:
            self._error = error

    def measured(self) -> Measured | None:
        """Digest and length of the payload after the whole block; None: a record of this type has none.

        Raises FormatError for a message that is broken or cut.
        """
        if self._error is not None:
            raise self._error
        if self._body is not None:
            self._add(self._body.finish())
            return Measured(f"sha256:{self._hasher.hexdigest()}", self._length)
        if payload_is_block(self._record):
            return Measured(self._record.value("WARC-Block-Digest") or "", self._block_length)
        return None

    def _add(self, content: list[bytes]) -> None:
        joined = b"".join(content)
        self._hasher.update(joined)
        self._length += len(joined)
