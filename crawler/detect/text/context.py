"""Who wrote each review, where and when, as arrays: 24 bytes a review, whatever its text."""

from array import array
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import blake2b

import numpy as np

from crawler.detect.kit.corpus import Review
from crawler.detect.text.normalise import Places

UNKNOWN = -1
_BEIJING = timedelta(hours=8)  # days are those of 北京时间


class Context:
    """Rows are added in the order of the corpus; row i is the i-th review. Arrays may be read when all are added."""

    def __init__(self) -> None:
        self.shop_names: list[str] = []
        self._shops, self._products, self._days = array("i"), array("i"), array("i")
        self._accounts = array("Q")
        self._shop_numbers: dict[str, int] = {}
        self._product_numbers: dict[tuple[str, str], int] = {}

    def __len__(self) -> int:
        return len(self._shops)

    def add(self, review: Review, shop: str) -> None:
        """One more review."""
        number = self._shop_numbers.setdefault(shop, len(self._shop_numbers))
        if number == len(self.shop_names):
            self.shop_names.append(shop)
        product = (review.domain, review.item_reviewed or review.url)
        self._shops.append(number)
        self._products.append(self._product_numbers.setdefault(product, len(self._product_numbers)))
        self._days.append(day_of(review.published_at))
        # An account that is not shown is nobody else's.
        who = f"{review.site}/{review.author_alias or ''}"
        if review.author_alias is None:
            who += f"/{review.identifier}"
        digest = blake2b(who.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self._accounts.append(int.from_bytes(digest, "big"))

    @cached_property
    def shops(self) -> Places:
        """Number of the shop of each review."""
        return np.frombuffer(self._shops, np.int32).astype(np.int64)

    @cached_property
    def products(self) -> Places:
        """Number of the product of each review."""
        return np.frombuffer(self._products, np.int32).astype(np.int64)

    @cached_property
    def days(self) -> Places:
        """Day of publication, counted from the year 1; UNKNOWN where it is not shown."""
        return np.frombuffer(self._days, np.int32).astype(np.int64)

    @cached_property
    def accounts(self) -> Places:
        """Number of the account of each review."""
        return np.unique(np.frombuffer(self._accounts, np.uint64), return_inverse=True)[1].astype(np.int64)

    @cached_property
    def reviews_of_account(self) -> Places:
        """How many reviews of the archive each account wrote."""
        return np.bincount(self.accounts)


def day_of(moment: str | None) -> int:
    """The day of a UTC time in 北京时间 as a number; a plain date is taken as it is."""
    if moment is None:
        return UNKNOWN
    if len(moment) == len("2026-11-20"):
        return date.fromisoformat(moment).toordinal()
    return (datetime.fromisoformat(moment) + _BEIJING).toordinal()


def as_date(day: int) -> str:
    """A day as "2026-11-20"."""
    return date.fromordinal(day).isoformat()
