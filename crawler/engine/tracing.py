"""What ties an item to the page it was read from, the same on a live crawl and on a recorded page."""

import json
from dataclasses import fields, replace
from functools import cache
from typing import Any

from scrapy import Request

from crawler.engine.reading import Oddity
from crawler.engine.site import Site
from crawler.errors import RecordError
from crawler.evidence.manifest import Capture
from crawler.items import ITEM_TYPES, Item, Provenance
from crawler.quoted import Quoted, plain
from crawler.store.session import Reading, Unread


def callback_name(request: Request) -> str:
    """The name of the spider method that reads the page."""
    return getattr(request.callback, "__name__", "parse")


@cache
def _names(kind: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields(ITEM_TYPES[kind]))


class PageTrace:
    """Numbers the items of one page and gives each its provenance."""

    def __init__(self, capture: Capture, site: Site, callback: str, reading: Reading) -> None:
        self.capture = capture
        self.reading = reading
        self._site = site
        self._extractor = f"{site.name}:{callback}"
        self._count = 0
        reading.read_by = (self._extractor, site.version)

    def attach(self, item: Item) -> Item:
        """The item with its site and provenance. Raises RecordError for a capture that holds no page."""
        read = self.capture.reading
        if read is None:
            raise RecordError(f"capture {self.capture.id} holds no page, yet an item was read from it")
        values = ((name, getattr(item, name)) for name in _names(item.kind))
        quoted = {name: value for name, value in values if isinstance(value, Quoted)}
        places = {name: value.place for name, value in quoted.items()}
        printed: dict[str, Any] = {name: plain(value) for name, value in quoted.items()}
        provenance = Provenance(
            capture=self.capture.id,
            captured_at=self.capture.started,
            url=self.capture.url,
            locator=str(read.locator),
            payload_digest=read.payload_digest or read.block_digest,
            extractor=self._extractor,
            version=self._site.version,
            ordinal=self._count,
            places=json.dumps(places, ensure_ascii=False) if places else None,
        )
        self._count += 1
        return replace(item, site=self._site.name, provenance=provenance, **printed)

    def odd(self, oddity: Oddity) -> None:
        """Note what the spider did not understand, and where."""
        self._unread(self._count, oddity.reason, lost=oddity.lost, place=oddity.place)
        self._count += 1

    def failed(self, error: BaseException, item: Item | None = None) -> None:
        """Note that an item could not be stored or, without `item`, that the rest of the page was not understood."""
        traced = item.provenance if item is not None else None
        ordinal = self._count if traced is None else traced.ordinal
        self._unread(ordinal, f"{type(error).__name__}: {error}", lost=True, place=None)

    def _unread(self, ordinal: int, reason: str, *, lost: bool, place: str | None) -> None:
        # A message may quote bytes that are no text; SQLite takes none of those.
        kept = reason[:2000].encode("utf-8", "backslashreplace").decode()
        self.reading.unread.append(
            Unread(self.capture.id, self._extractor, self._site.version, ordinal, kept, lost, place)
        )
