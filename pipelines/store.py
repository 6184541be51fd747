"""This step puts the item with the others of its page; they are stored in one transaction when the page is done."""

from typing import Self

from scrapy.crawler import Crawler

from crawler.errors import RecordError
from crawler.items import Item
from crawler.store.index import require_storable
from crawler.store.session import Session, session_of


class Store:
    """Hands items to the session; the engine stores a page's items together once the last of them is here."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Takes the session of this crawl."""
        return cls(session_of(crawler, crawler.settings["EVIDENCE_ARCHIVE"]))

    def process_item(self, item: Item) -> Item:
        """Keep the item for its page's transaction. Raises RecordError for one that cannot be stored."""
        require_storable(item)
        if item.provenance is None:
            raise RecordError(
                f"{item.kind} {item.identifier} has no provenance: only recorded pages are stored"
            )
        self._session.reading(item.provenance.capture).items.append(item)
        return item
