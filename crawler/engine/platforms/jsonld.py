"""Shops and recipe sites that describe a thing and its reviews in schema.org JSON-LD."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

from scrapy.http import TextResponse

from crawler.engine.reading import Json, Oddity, of_type, own_text, parse_json, printed, select
from crawler.engine.site import Output, Page, Site
from crawler.errors import ExtractionError
from crawler.items import Listing, Review
from crawler.quoted import joined, place_of


class JsonLd(Site):
    """A page per thing (``types``), with ``aggregateRating`` and ``review[]``, on top level or in ``@graph``."""

    types: ClassVar[frozenset[str]] = frozenset(("Product", "Recipe", "LocalBusiness", "Restaurant", "Hotel"))
    pages = (Page("review", "", "parse_thing"), Page("listing", "", "parse_thing"))

    def parse_thing(self, response: TextResponse) -> Output:
        """Yield each thing as a Listing, followed by its reviews. Raises ExtractionError if there is none."""
        found = list(objects(response))
        yield from (part for part in found if isinstance(part, Oddity))
        things = [
            part
            for part in found
            if isinstance(part, dict) and any(name in self.types for name in _types(part))
        ]
        if not things:
            raise ExtractionError(f"no JSON-LD object of type {sorted(self.types)} on {response.url}")
        for thing in things:
            listing = _listing(thing, response.url)
            yield listing
            yield from _reviews(thing, listing.identifier, response.url)


def objects(response: TextResponse) -> Iterator[Json | Oddity]:
    """All JSON-LD objects of a page, those within ``@graph`` one by one.

    A block that is not JSON is reported and passed over: many pages carry a broken one of some plug-in.
    """
    for script in select(response, '//script[contains(@type, "ld+json")]'):
        try:
            content = parse_json(own_text(script), response.url)
        except ExtractionError as error:
            yield Oddity(
                f"passed over a JSON-LD block: {error}", lost=False, place=place_of(own_text(script))
            )
            continue
        for found in (found for found in _several(content) if isinstance(found, dict)):
            yield from (part for part in _several(found.get("@graph", found)) if isinstance(part, dict))


def _types(found: Json) -> list[str]:
    return [name for name in _several(found.get("@type")) if isinstance(name, str)]


def _listing(thing: Json, url: str) -> Listing:
    total = _one(thing.get("aggregateRating"))
    offer = _one(thing.get("offers"))
    identifiers = (printed(thing.get(name)) for name in ("sku", "productID", "mpn", "@id", "url"))
    return Listing(
        identifier=next((found for found in identifiers if found), url),
        url=printed(thing.get("url")) or url,
        name=of_type(thing.get("name"), str, "name", url),
        brand=_name(thing.get("brand")),
        seller=_name(offer.get("seller")),
        price=_price(offer),
        review_count=printed(total.get("reviewCount", total.get("ratingCount"))),
        rating_value=printed(total.get("ratingValue")),
        best_rating=_best(total),
    )


def _reviews(thing: Json, listing: str, url: str) -> Iterator[Review]:
    seen: Counter[str] = Counter()
    for review in _several(thing.get("review")):
        given = of_type(review, dict, "review", url)
        rated = _one(given.get("reviewRating"))
        identifier = printed(given.get("@id")) or _fingerprint(listing, given)
        seen[identifier] += 1
        yield Review(
            identifier=identifier if seen[identifier] == 1 else f"{identifier}-{seen[identifier]}",
            url=printed(given.get("url")),
            item_reviewed=listing,
            review_body=printed(given.get("reviewBody")) or "",
            author=_name(given.get("author")),
            date_published=printed(given.get("datePublished")),
            rating_value=printed(rated.get("ratingValue")),
            best_rating=_best(rated),
        )


def _fingerprint(listing: str, review: Json) -> str:
    """An identifier for a review that has none, from what does not change; the name is left out of it."""
    parts = [listing, *(printed(review.get(name)) or "" for name in ("datePublished", "reviewBody"))]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:20]


def _price(offer: Json) -> str | None:
    amounts = [printed(offer.get(name)) for name in ("price", "lowPrice", "highPrice")]
    amount = joined("-", dict.fromkeys(amounts))
    return joined(" ", (amount, printed(offer.get("priceCurrency")))) if amount else None


def _best(rated: Json) -> str | None:
    """Best possible rating: schema.org leaves it out where it is 5."""
    return (printed(rated.get("bestRating")) or "5") if "ratingValue" in rated else None


def _name(value: Any) -> str | None:
    """Name of a person or organisation, given as text, as an object, or as a list of either."""
    found = next(iter(_several(value)), None)
    return printed(found.get("name") if isinstance(found, dict) else found)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _one(value: Any) -> Json:
    found = next(iter(_several(value)), None)
    return found if isinstance(found, dict) else {}
