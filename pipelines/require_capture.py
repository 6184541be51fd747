"""This step refuses an item that does not say which recorded page it was read from."""

from crawler.errors import RecordError
from crawler.items import Item


class RequireCapture:
    """Fail closed: nothing enters the database that was not first recorded."""

    def process_item(self, item: Item) -> Item:
        """Pass an item with provenance on. Raises RecordError for any other."""
        if item.provenance is None:
            raise RecordError(f"{item.kind} {item.identifier} has no provenance: only recorded pages count")
        return item
