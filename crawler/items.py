"""What is read off a page: Listing, Review, Post; each with the provenance that leads back to its bytes.

Field names are schema.org's (Product/Offer/AggregateRating, Review, DiscussionForumPosting) in snake case.
A spider fills the *printed* fields: strings exactly as the page shows them. The pipelines fill the
*derived* fields (marked below); a derived field is None when the page does not say or we did not understand.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where an item was read: one capture, one WARC record, one extractor at one version."""

    capture: str  # capture id
    captured_at: str  # UTC, RFC 3339: when the exchange began
    url: str
    locator: str  # FILE:OFFSET+LENGTH of the response record, FILE relative to the archive
    payload_digest: str  # digest of the record's payload as stored
    extractor: str  # spider name and callback, "tieba:parse_thread"
    version: int  # the spider's `version`, raised when its reading changes
    ordinal: int  # 0, 1, 2 … in page order; with capture, extractor and version it names the item
    places: str | None = None  # JSON object: field → where it stood on the page (`crawler.quoted`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Fields every item has. `site` and `provenance` are set by the engine, not by the spider."""

    kind: ClassVar[str]
    identifier: str  # the site's own id of the thing; stable over time
    url: str | None = None
    site: str = ""
    promoted: bool = False  # an ad or a promoted row, as marked on the page
    obfuscated: str | None = None  # names of the fields that the site hides; they are left as they stand
    query: str | None = None  # the search, board or list that shows it, as the page names it
    result_count: str | None = None  # printed: how much that search or list holds in all
    page_count: str | None = None  # printed: on how many pages; of a thread, its own
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Item):
    """A product, service or shop page, or its card in a list (schema.org Product with Offer)."""

    kind: ClassVar[str] = "listing"
    name: str
    seller: str | None = None
    seller_identifier: str | None = None
    location: str | None = None  # where it is or is sent from, as printed
    brand: str | None = None
    price: str | None = None  # printed: "￥1,299.00", "券后价 ¥59.9起"
    list_price: str | None = None  # printed: the price that is struck out
    sales: str | None = None  # printed: "月销1.2万+"
    review_count: str | None = None  # printed
    rating_value: str | None = None  # printed
    best_rating: str | None = None  # printed; None = see `normalize`
    date_published: str | None = None  # printed: when it was put up
    # derived
    price_amount: str | None = None  # decimal, yuan: "59.90"
    price_currency: str | None = None  # ISO 4217
    price_is_minimum: bool | None = None  # "59.9起"
    sales_number: int | None = None
    sales_is_minimum: bool | None = None  # "1.2万+" is at least 12000
    review_number: int | None = None
    review_number_is_minimum: bool | None = None
    rating_number: str | None = None  # decimal
    rating_scale: str | None = None  # decimal, the best possible value
    list_price_amount: str | None = None  # decimal, in the same currency
    published_at: str | None = None  # UTC, RFC 3339
    published_precision: str | None = None  # second, minute, hour, day, month, year
    region: str | None = None  # province or country of `location`


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Item):
    """One buyer's review (schema.org Review)."""

    kind: ClassVar[str] = "review"
    review_body: str
    headline: str | None = None
    is_part_of: str | None = None  # identifier of the review that this one follows up (追评)
    item_reviewed: str | None = None  # identifier of the Listing, or its name where no id is given
    author: str | None = None  # printed; replaced by the alias in `pseudonymize`
    author_identifier: str | None = None  # the site's account id; replaced likewise
    date_published: str | None = None  # printed
    rating_value: str | None = None  # printed: "5", "4 stars"
    best_rating: str | None = None
    author_level: str | None = None  # printed: "PLUS会员", "Lv6"
    badges: str | None = None  # marks of the order, printed: "已购买", "Verified Purchase"
    location: str | None = None  # IP 属地 as printed
    variant: str | None = None  # the option bought, as printed
    purchase_date: str | None = None  # printed
    image_count: int | None = None
    useful_count: str | None = None  # printed
    # derived
    author_alias: str | None = None  # keyed, stable within an archive
    published_at: str | None = None  # UTC, RFC 3339
    published_precision: str | None = None  # second, minute, hour, day, month, year
    rating_number: str | None = None
    rating_scale: str | None = None
    useful_number: int | None = None
    purchased_at: str | None = None  # UTC, RFC 3339
    purchased_precision: str | None = None
    region: str | None = None  # province or country of `location`


@dataclass(frozen=True, slots=True, kw_only=True)
class Post(Item):
    """A forum thread, one of its floors, or an article (schema.org DiscussionForumPosting, Article)."""

    kind: ClassVar[str] = "post"
    headline: str | None = None
    article_body: str | None = None
    author: str | None = None  # printed; kept only as alias, see `pseudonymize`
    author_identifier: str | None = None
    publisher: str | None = None  # forum, board or newspaper
    date_published: str | None = None  # printed
    date_last_reply: str | None = None  # printed
    comment_count: str | None = None  # printed
    like_count: str | None = None  # printed
    share_count: str | None = None  # printed
    view_count: str | None = None  # printed
    author_level: str | None = None  # printed
    client: str | None = None  # what it was sent with, printed: "iPhone客户端"
    location: str | None = None
    position: str | None = None  # floor number as printed
    is_part_of: str | None = None  # identifier of the thread, for floors
    # derived
    author_alias: str | None = None
    published_at: str | None = None
    published_precision: str | None = None
    comment_number: int | None = None
    comment_number_is_minimum: bool | None = None
    like_number: int | None = None
    share_number: int | None = None
    view_number: int | None = None
    last_reply_at: str | None = None  # UTC, RFC 3339
    last_reply_precision: str | None = None
    region: str | None = None  # province or country of `location`


ITEM_TYPES: dict[str, type[Item]] = {cls.kind: cls for cls in (Listing, Review, Post)}
