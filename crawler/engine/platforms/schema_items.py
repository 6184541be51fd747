"""schema.org objects as items: Product, Recipe, LocalBusiness … → Listing; Review → Review; Comment on one → Post.

One mapping for JSON-LD, microdata and RDFa, which all come as objects of the shape of JSON-LD (`jsonld`, `microdata`,
`rdfa`). Sources: https://schema.org/Product, /Offer, /AggregateRating, /Review, and Google's documentation of review
snippets and merchant listings for what shops really write.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urljoin

from crawler.engine.platforms.jsonld import several
from crawler.engine.reading import Found, Json, each, leftovers, of_type, printed
from crawler.errors import ExtractionError
from crawler.items import Listing, Post, Review
from crawler.quoted import joined, place_of, quoted

PREFIX = re.compile(r"^(?:https?://(?:www\.)?schema\.org/+|schema:)", re.IGNORECASE)
REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
IDENTIFIERS = ("sku", "productID", "mpn", "gtin", "gtin8", "gtin12", "gtin13", "gtin14", "isbn")
READ = (
    "@type @id @context identifier url name headline reviewBody description text author creator datePublished "
    "dateCreated reviewRating rating image associatedMedia comment publisherResponse"
)
# Of a review, and no field of ours: about the page, the thing reviewed, or the machine that wrote it.
UNREAD = (
    "itemReviewed itemreviewed publisher inLanguage dateModified mainEntityOfPage isPartOf commentCount reviewAspect "
    "sameAs potentialAction thumbnailUrl"
)


def types(found: Json) -> list[str]:
    """Types of an object, without schema.org's address."""
    return [PREFIX.sub("", name) for name in several(found.get("@type")) if isinstance(name, str)]


def text_of(value: Any) -> str | None:
    """A text, or what stands for one: the first of a list, ``@value``, the name of a person or a brand.

    Character references are read ("&amp;", "&#8217;"): in JSON-LD, plug-ins write texts as they write HTML.
    """
    found = next(iter(several(value)), None)
    if isinstance(found, dict):
        inner = found.get("@value", found.get("name"))
        found = next(iter(several(inner)), None)
    written = printed(found) if isinstance(found, str) else None
    if written and "&" in written:
        return quoted(REFERENCE.sub(lambda match: unescape(match[0]), written), written)
    return written


def address_of(value: Any, url: str) -> str | None:
    """A whole address, from one that may be relative or the ``@id`` of an object; None if there is none."""
    found = next(iter(several(value)), None)
    written = printed(found.get("@id", found.get("url"))) if isinstance(found, dict) else printed(found)
    try:
        return quoted(urljoin(url, written), written) if written else None
    except ValueError:
        return None


def listing(thing: Json, url: str, own: str | None = None) -> Listing:
    """A thing as a Listing; `own` is its identifier if it has none. Raises ExtractionError if it has no name."""
    name = text_of(thing.get("name"))
    if name is None:
        raise ExtractionError(
            f"name of a {'/'.join(types(thing))[:80]} is missing, among {sorted(thing)[:12]}, on {url}"
        )
    total, offer = _one(thing.get("aggregateRating")), _offer(thing)
    count = next((total[name] for name in ("reviewCount", "ratingCount") if text_of(total.get(name))), None)
    return Listing(
        identifier=identifier(thing, url) or own or url,
        url=address_of(thing.get("url"), url) or url,
        name=name,
        brand=text_of(thing.get("brand", thing.get("manufacturer"))),
        seller=text_of(offer.get("seller", offer.get("offeredBy"))),
        price=_price(offer),
        list_price=_list_price(offer),
        review_count=text_of(count),
        rating_value=text_of(total.get("ratingValue")),
        best_rating=_best(total),
    )


def identifier(thing: Json, url: str) -> str | None:
    """The identifier that a thing has of its own."""
    known = next((text_of(thing[name]) for name in IDENTIFIERS if text_of(thing.get(name))), None)
    return known or address_of(thing.get("@id"), url) or address_of(thing.get("url"), url)


def reviews(found: list[Any], thing: str, url: str) -> Iterator[Found]:
    """Reviews of the thing with this identifier, each followed by what was answered to it."""
    seen: Counter[str] = Counter()

    def read(value: Any) -> Iterator[Found]:
        given = of_type(value, dict, "review", url)
        if not any(text_of(given.get(name)) for name in (*BODIES, *DATES, "author", "name", "headline")):
            raise ExtractionError(
                f"a review without text, author and date, as in an empty template, on {url}"
            )
        review = _review(given, thing, url, seen)
        yield review
        yield from _answers(given, review.identifier, url)
        yield from leftovers(given, url, ignore=frozenset(f"{READ} {UNREAD}".split()))

    return each(found, read)


BODIES = ("reviewBody", "description", "text")
DATES = ("datePublished", "dateCreated")


def _review(given: Json, thing: str, url: str, seen: "Counter[str]") -> Review:
    rated = next((part for part in map(_one, (given.get("reviewRating"), given.get("rating"))) if part), {})
    own = address_of(given.get("@id"), url) or text_of(given.get("identifier")) or _fingerprint(thing, given)
    seen[own] += 1
    writer = _one(given.get("author"))
    return Review(
        identifier=own if seen[own] == 1 else f"{own}-{seen[own]}",
        url=address_of(given.get("url"), url),
        item_reviewed=thing,
        headline=_first(given, ("headline", "name")),
        review_body=_first(given, BODIES) or "",
        author=_first(given, ("author", "creator")),
        author_identifier=address_of(writer.get("@id", writer.get("url")), url)
        or text_of(writer.get("identifier")),
        date_published=_first(given, DATES),
        rating_value=text_of(rated.get("ratingValue"))
        or text_of(given.get("reviewRating", given.get("rating"))),
        best_rating=_best(rated),
        image_count=len(several(given.get("image")) + several(given.get("associatedMedia"))) or None,
    )


def _answers(given: Json, review: str, url: str) -> Iterator[Found]:
    """What the seller or others answered: https://schema.org/Comment, and what some plug-ins call its publisher's."""
    found = [*several(given.get("publisherResponse")), *several(given.get("comment"))]
    numbers = iter(range(1, len(found) + 1))

    def read(value: Any) -> Post:
        number = next(numbers)
        answer = value if isinstance(value, dict) else {"text": of_type(value, str, "comment", url)}
        return Post(
            identifier=address_of(answer.get("@id"), url) or f"{review}#answer-{number}",
            is_part_of=review,
            headline=_first(answer, ("headline", "name")),
            article_body=_first(answer, ("text", "description", "commentText", "reviewBody")),
            author=_first(answer, ("author", "creator")),
            date_published=_first(answer, DATES),
            like_count=text_of(answer.get("upvoteCount")),
        )

    return each(found, read)


def _fingerprint(thing: str, review: Json) -> str:
    """An identifier for a review that has none, from what does not change; the name is left out of it."""
    parts = [thing, _first(review, DATES) or "", _first(review, BODIES) or ""]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:20]


def _offer(thing: Json) -> Json:
    """The offer of a thing: the one that sums up if there is one, else the first."""
    found = [offer for offer in several(thing.get("offers")) if isinstance(offer, dict)]
    return next((offer for offer in found if "AggregateOffer" in types(offer)), found[0] if found else {})


def _price(offer: Json) -> str | None:
    prices = [offer, *_specified(offer, listed=False)]
    found = next((part for part in prices if any(text_of(part.get(name)) for name in PRICES)), {})
    amount = joined("-", dict.fromkeys(text_of(found.get(name)) for name in PRICES))
    currency = text_of(found.get("priceCurrency", offer.get("priceCurrency")))
    return joined(" ", (amount, currency)) if amount else None


PRICES = ("price", "lowPrice", "highPrice")


def _list_price(offer: Json) -> str | None:
    found = next(_specified(offer, listed=True), None) or {}
    amount = text_of(found.get("price"))
    return joined(" ", (amount, text_of(found.get("priceCurrency")))) if amount else None


def _specified(offer: Json, *, listed: bool) -> Iterator[Json]:
    """Prices within an offer; ``priceType`` marks the one that is struck out."""
    for found in several(offer.get("priceSpecification")):
        kind = text_of(found.get("priceType")) if isinstance(found, dict) else None
        struck = (kind or "").endswith(("ListPrice", "SRP", "StrikethroughPrice", "RegularPrice"))
        if isinstance(found, dict) and struck == listed:
            yield found


def _best(rated: Json) -> str | None:
    """Best possible rating; where it is left out, schema.org says that it is 5, unless the rating is higher."""
    value, best = text_of(rated.get("ratingValue")), text_of(rated.get("bestRating"))
    if value is None or best:
        return best if value else None
    return "5" if re.fullmatch(r"[0-4](?:[.,]\d+)?|5(?:[.,]0+)?", value) else None


def _first(given: Json, names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := text_of(given.get(name)))), None)


def _one(value: Any) -> Json:
    found = next(iter(several(value)), None)
    return found if isinstance(found, dict) else {}


def somewhere(found: Json) -> str | None:
    """Where an object stood, as far as one of its values knows."""
    return next((place for place in map(place_of, map(text_of, found.values())) if place), None)
