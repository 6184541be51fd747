"""This step fills the derived fields: what a printed price, count, rating, time or place means.

The printed fields stay as they are. A derived field is None where the page does not say, or where
`crawler.printed` did not understand it.
"""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from crawler.errors import ExtractionError
from crawler.items import Item, Listing, Post, Review
from crawler.printed import moment, money, number, rating, region

Derived = dict[str, Any]
HALF_PAIR = re.compile("[\ud800-\udfff]")


class Normalize:
    """Item pipeline: reads printed values; times are understood as of the capture of the page."""

    def process_item(self, item: Item) -> Item:
        """The item with its derived fields. Raises ExtractionError for one without provenance."""
        if item.provenance is None:
            raise ExtractionError(
                f"{item.kind} {item.identifier} has no provenance; the engine attaches it before any pipeline"
            )
        captured_at = datetime.fromisoformat(item.provenance.captured_at)
        storable = replace(item, **_mended(item))
        return replace(storable, **DERIVE[item.kind](storable, captured_at))


def _listing(item: Listing, captured_at: datetime) -> Derived:
    list_price = money(item.list_price)
    return {
        **_named(("price_amount", "price_currency", "price_is_minimum"), money(item.price)),
        "list_price_amount": list_price[0] if list_price else None,
        **_named(("published_at", "published_precision"), moment(item.date_published, captured_at)),
        **_named(("sales_number", "sales_is_minimum"), number(item.sales)),
        **_named(("review_number", "review_number_is_minimum"), number(item.review_count)),
        **_named(("rating_number", "rating_scale"), rating(item.rating_value, item.best_rating)),
        "region": region(item.location),
    }


def _review(item: Review, captured_at: datetime) -> Derived:
    return {
        **_named(("published_at", "published_precision"), moment(item.date_published, captured_at)),
        **_named(("rating_number", "rating_scale"), rating(item.rating_value, item.best_rating)),
        "useful_number": _least(item.useful_count),
        **_named(("purchased_at", "purchased_precision"), moment(item.purchase_date, captured_at)),
        "region": region(item.location),
    }


def _post(item: Post, captured_at: datetime) -> Derived:
    return {
        **_named(("published_at", "published_precision"), moment(item.date_published, captured_at)),
        **_named(("comment_number", "comment_number_is_minimum"), number(item.comment_count)),
        "like_number": _least(item.like_count),
        "share_number": _least(item.share_count),
        "view_number": _least(item.view_count),
        **_named(("last_reply_at", "last_reply_precision"), moment(item.date_last_reply, captured_at)),
        "region": region(item.location),
    }


DERIVE: dict[str, Callable[[Any, datetime], Derived]] = {
    Listing.kind: _listing,
    Review.kind: _review,
    Post.kind: _post,
}


def _least(printed: str | None) -> int | None:
    """The count, or at least so many."""
    found = number(printed)
    return found[0] if found else None


def _named(names: tuple[str, ...], values: tuple[Any, ...] | None) -> Derived:
    return dict(zip(names, values or (None,) * len(names), strict=True))


def _mended(item: Item) -> Derived:
    """Text fields that hold half a surrogate pair (JSON escapes cut in two), with U+FFFD in its place.

    Such a text has no UTF-8 form, so neither SQLite nor an export could hold it.
    """
    texts = {field.name: getattr(item, field.name) for field in fields(item)}
    return {
        name: value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        for name, value in texts.items()
        if isinstance(value, str) and HALF_PAIR.search(value)
    }
