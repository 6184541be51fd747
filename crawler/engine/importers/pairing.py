"""Which request belongs to which answer: by WARC-Concurrent-To, else by address and nearness.

Records come one by one and wait for their partner, some hundred records or 64 MiB of blocks at most, so a file of
any size is paired in bounded memory. The same file is paired the same way each time, with its blocks or without.
"""

from collections.abc import Iterator

from crawler.engine.importers.warc_records import ForeignRecord

WINDOW = 256  # records that wait
WINDOW_BYTES = 64 << 20

Pair = tuple[ForeignRecord | None, ForeignRecord | None]  # answer, request


class Pairing:
    """Takes records in order, gives pairs as they are complete."""

    def __init__(self, limit: int) -> None:
        self._limit = limit  # bytes of a block that are held
        self._waiting: list[ForeignRecord] = []
        self._bytes = 0

    def take(self, record: ForeignRecord) -> Iterator[Pair]:
        """One more record; what is complete now, or has waited too long."""
        partner = next((other for other in reversed(self._waiting) if _belong(record, other)), None)
        if partner is not None:
            self._forget(partner)
            yield _pair(record, partner)
            return
        self._waiting.append(record)
        self._bytes += self._weight(record)
        while len(self._waiting) > WINDOW or self._bytes > WINDOW_BYTES:
            oldest = self._waiting[0]
            self._forget(oldest)
            yield _pair(oldest, None)

    def rest(self) -> Iterator[Pair]:
        """What is left without a partner when the file ends."""
        for record in self._waiting:
            yield _pair(record, None)
        self._waiting, self._bytes = [], 0

    def _forget(self, record: ForeignRecord) -> None:
        self._waiting.remove(record)
        self._bytes -= self._weight(record)

    def _weight(self, record: ForeignRecord) -> int:
        return min(record.length, self._limit)


def _pair(one: ForeignRecord, other: ForeignRecord | None) -> Pair:
    return (other, one) if one.type == "request" else (one, other)


def _belong(one: ForeignRecord, other: ForeignRecord) -> bool:
    if (one.type == "request") == (other.type == "request"):
        return False
    named = {*one.values("WARC-Concurrent-To"), *other.values("WARC-Concurrent-To")}
    if named:
        return one.id in named or other.id in named
    return one.uri == other.uri
