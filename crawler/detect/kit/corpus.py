"""What detectors read: every thing that the archive shows, as its newest capture shows it.

A thing is named by site and identifier; that it was captured forty times is one thing. Times are UTC. Rows come in
an order that does not depend on the order of captures, so that findings do not either.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache, cached_property
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import tldextract

from crawler.detect.kit.finding import Quote
from crawler.detect.kit.pages import Page, newest_pages, page_at
from crawler.detect.kit.subject import listing_subject, shop_subject
from crawler.evidence.archive import Archive
from crawler.store.index import Index
from crawler.store.timeline import Change, Point, changes, series

_SUFFIXES = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # the list that comes with it: offline


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One thing. `capture` shows it newest, `first_capture` first. `leaf`: log index of the newest capture."""

    kind: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]  # those with text to quote from

    site: str  # the spider's name
    domain: str  # registered domain of its page: "jd.com"
    identifier: str
    url: str
    capture: str
    captured_at: str
    first_capture: str
    first_seen: str
    leaf: int
    places: str | None  # JSON: field → place
    promoted: bool
    obfuscated: str | None

    def quote(self, field: str, start: int, end: int, label: str, *, restored: str | None = None) -> Quote:
        """Words of one of its fields. Raises ValueError where the field has no such characters."""
        whole = getattr(self, field) or ""
        if not 0 <= start < end <= len(whole):
            raise ValueError(
                f"{self.kind} {self.identifier}: {field}[{start}:{end}] of {len(whole)} characters"
            )
        place = json.loads(self.places).get(field) if self.places else None
        return Quote(
            capture=self.capture, kind=self.kind, site=self.site, identifier=self.identifier, field=field,
            start=start, end=end, text=whole[start:end], label=label, restored=restored, place=place,
            captured_at=self.captured_at, url=self.url,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Seen):
    """A product, service or shop."""

    kind: ClassVar[str] = "listing"
    fields: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    seller: str | None
    seller_identifier: str | None
    brand: str | None
    price: str | None
    price_amount: str | None
    sales: str | None
    sales_number: int | None
    sales_is_minimum: int | None
    review_number: int | None
    review_number_is_minimum: int | None
    rating_number: str | None
    rating_scale: str | None
    published_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Seen):
    """One review, or its follow-up (`is_part_of`)."""

    kind: ClassVar[str] = "review"
    fields: ClassVar[tuple[str, ...]] = ("headline", "review_body")

    review_body: str
    headline: str | None
    is_part_of: str | None
    item_reviewed: str | None
    author_alias: str | None
    author_level: str | None
    badges: str | None
    region: str | None
    variant: str | None
    image_count: int | None
    published_at: str | None
    published_precision: str | None
    purchased_at: str | None
    rating_number: str | None
    rating_scale: str | None
    useful_number: int | None

    @property
    def stars(self) -> float | None:
        """The rating on a scale whose best is 5; None where it is not shown or its scale is not known."""
        if self.rating_number is None or not self.rating_scale or not float(self.rating_scale):
            return None
        return 5 * float(self.rating_number) / float(self.rating_scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post(Seen):
    """A forum thread's first post, a floor, a comment, a seller's reply or an article."""

    kind: ClassVar[str] = "post"
    fields: ClassVar[tuple[str, ...]] = ("headline", "article_body")

    headline: str | None
    article_body: str | None
    author_alias: str | None
    author_level: str | None
    publisher: str | None
    published_at: str | None
    published_precision: str | None
    position: str | None
    is_part_of: str | None
    comment_number: int | None
    like_number: int | None
    region: str | None


Thing = TypeVar("Thing", bound=Seen)


class Corpus:
    """The things of an archive. `since`: log index from which on a capture is new to the detector that reads."""

    def __init__(self, index: Index, *, archive: Archive | None = None, since: int = 0) -> None:
        self._index = index
        self.archive = archive  # None: only the database is there (payloads cannot be read)
        self.since = since

    def listings(self, *, new: bool = False) -> Iterator[Listing]:
        """Listings by domain and identifier; `new`: only those seen in captures from `since` on."""
        return self._things(Listing, new)

    def reviews(self, *, new: bool = False) -> Iterator[Review]:
        """Reviews by domain, product, time and identifier."""
        return self._things(Review, new)

    def posts(self, *, new: bool = False) -> Iterator[Post]:
        """Posts by domain, thread, time and identifier."""
        return self._things(Post, new)

    def pages(self, *, new: bool = False) -> Iterator[Page]:
        """HTML pages by address, also those without items; none where only the database is there."""
        if self.archive is not None:
            for leaf, url in newest_pages(self, self.since if new else 0):
                page = page_at(self.archive, leaf, domain_of(url))
                if page is not None:
                    yield page

    def page(self, capture: str) -> Page | None:
        """The page of one capture; None where it cannot be read."""
        found = self.query("select leaf, url from capture where id = ?", (capture,)) if self.archive else []
        if self.archive is None or not found:
            return None
        return page_at(self.archive, found[0]["leaf"], domain_of(found[0]["url"]))

    @cached_property
    def listing_of(self) -> dict[tuple[str, str], Listing]:
        """(domain, identifier) → listing: what a review's `item_reviewed` names."""
        return {(listing.domain, listing.identifier): listing for listing in self.listings()}

    def shop(self, thing: Review | Listing) -> str:
        """The shop of a review or a listing as a subject (`kit.subject`); the product itself where none is shown."""
        if isinstance(thing, Listing):
            listing: Listing | None = thing
            name = thing.identifier
        else:
            name = thing.item_reviewed or thing.url
            listing = self.listing_of.get((thing.domain, name))
        seller = listing and (listing.seller_identifier or listing.seller)
        return shop_subject(thing.domain, seller) if seller else listing_subject(thing.domain, name)

    @cached_property
    def captured_until(self) -> datetime | None:
        """When the newest capture began; None for an archive without captures."""
        newest = self._index.query("select max(started) from capture where redacted is null")[0][0]
        return datetime.fromisoformat(newest) if newest else None

    def changes(self) -> list[Change]:
        """What appeared, vanished and changed between captures (crawler/store/timeline.py)."""
        return changes(self._index)

    def series(self, listing: Listing, counter: str) -> list[Point]:
        """A counter of a listing over all captures that show it."""
        return series(self._index, listing.site, listing.identifier, counter)

    def query(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        """Rows of a reading statement, for what is not offered above. Tables: crawler/store/schema.py."""
        return self._index.query(sql, values)

    def _things(self, kind: type[Thing], new: bool) -> Iterator[Thing]:
        own = ", ".join(field.name for field in fields(kind) if field.name not in Seen.__slots__)
        sql = _NEWEST.format(kind=kind.kind, own=own, order=_ORDER[kind.kind])
        for row in self._index.connection.execute(sql, (self.since if new else 0,)):
            known = dict(row)
            url = known.pop("page_url")
            yield kind(url=url, domain=domain_of(url), promoted=bool(known.pop("promoted")), **known)


# Of each thing the newest sighting, beside the capture that showed it first.
_NEWEST = """
with seen as (
    select i.*, c.leaf leaf, row_number() over newest place,
        first_value(i.capture) over oldest first_capture, first_value(i.captured_at) over oldest first_seen
    from {kind}_newest i join capture c on c.id = i.capture
    window
        newest as (
            partition by i.site, i.identifier order by i.captured_at desc, c.leaf desc, i.extractor, i.ordinal
        ),
        oldest as (partition by i.site, i.identifier order by i.captured_at, c.leaf, i.extractor, i.ordinal)
)
select {own}, site, identifier, page_url, capture, captured_at, first_capture, first_seen, leaf, places, promoted,
    obfuscated
from seen where place = 1 and leaf >= ? order by {order}
"""
_ORDER = {
    "listing": "site, identifier",
    "review": "site, item_reviewed, published_at, identifier",
    "post": "site, is_part_of, published_at, identifier",
}


def domain_of(url: str) -> str:
    """The registered domain of an address ("sclub.jd.com" → "jd.com"); of an unknown suffix the last two labels."""
    return _domain(urlsplit(url).hostname or "")


@cache
def _domain(host: str) -> str:
    found = _SUFFIXES(host)
    return found.top_domain_under_public_suffix or ".".join(host.rsplit(".", 2)[-2:])
