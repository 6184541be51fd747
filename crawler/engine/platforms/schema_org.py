"""SchemaOrg: the base of sites that describe a thing and its reviews in schema.org, in whatever form a page has.

JSON-LD, microdata and RDFa on one page often say the same again: the theme's, and a plug-in's. What is one thing by
its name or number is then one Listing, and a review that two forms have is one Review.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

from scrapy.http import TextResponse

from crawler.engine.platforms import jsonld, microdata, rdfa
from crawler.engine.platforms.jsonld import several
from crawler.engine.platforms.schema_items import (
    BODIES,
    IDENTIFIERS,
    listing,
    reviews,
    somewhere,
    text_of,
    types,
)
from crawler.engine.reading import Json, Oddity
from crawler.engine.site import Output, Page, Site
from crawler.errors import ExtractionError

THINGS = (
    "Product ProductGroup IndividualProduct ProductModel Vehicle Car Book Movie Game VideoGame Course Event "
    "SoftwareApplication MobileApplication WebApplication Service Recipe "
    "LocalBusiness Store OnlineStore FoodEstablishment Restaurant CafeOrCoffeeShop Bakery BarOrPub "
    "LodgingBusiness Hotel Hostel BedAndBreakfast BeautySalon HealthAndBeautyBusiness TouristAttraction"
)
CARRIERS = ("mainEntity", "itemListElement", "item", "hasVariant")  # properties that lead on to things
EMPTY: tuple[object, ...] = (None, "", [], {})


class SchemaOrg(Site):
    """A page per thing, with ``aggregateRating``, ``offers`` and ``review``; `schema_items` maps them.

    ``types``     names of schema.org's types that are a Listing
    ``numbered``  pattern for an address, whose group 1 names a thing that has no number of its own
    """

    types: ClassVar[frozenset[str]] = frozenset(THINGS.split())
    numbered: ClassVar[str | None] = None
    pages: ClassVar[tuple[Page, ...]] = (
        Page("review", "", "parse_thing"),
        Page("listing", "", "parse_thing"),
    )

    def parse_thing(self, response: TextResponse) -> Output:
        """Yield each thing as a Listing, followed by its reviews. Raises ExtractionError if there is none."""
        page = _Things(self.types)
        for form in _forms(response):
            if isinstance(form, Oddity):
                yield form
            else:
                page.add(form)
        page.settle()
        if not page.things:
            wanted = ", ".join(sorted(self.types))
            raise ExtractionError(f"no schema.org thing of type {wanted} on {response.url}")
        yield from page.odd(response.url)
        match = re.search(self.numbered, response.url) if self.numbered else None
        name = match[1] if match else response.url
        for number, thing in enumerate(page.things):
            own = f"{name}#{number + 1}" if number else name
            yield from _items(thing, response.url, own)


def _items(thing: "_Thing", url: str, own: str) -> Output:
    try:
        found = listing(thing.members, url, own)
    except ExtractionError as error:
        yield Oddity(str(error), place=somewhere(thing.members))
        return
    yield found
    yield from reviews(thing.reviews(), found.identifier, url)


def _forms(response: TextResponse) -> Iterator[list[Json] | Oddity]:
    """What each form on a page says: each script of JSON-LD, the microdata, what is loose in it, the RDFa."""
    yield from jsonld.blocks(response)
    items, loose = microdata.items(response)
    yield items
    yield loose
    yield rdfa.items(response)


class _Thing:
    """One thing, put together from the forms that describe it; what an earlier form says goes first."""

    def __init__(self) -> None:
        self.members: Json = {}
        self._told: list[list[Any]] = []

    def add(self, found: Json) -> None:
        self.members = {name: value for name, value in found.items() if value not in EMPTY} | self.members
        self._told.append([*several(found.get("review")), *several(found.get("reviews"))])

    def review(self, found: Json) -> None:
        """A review that stands beside the thing in the form just added."""
        self._told[-1].append(found)

    def reviews(self) -> list[Any]:
        """Each review once, however many forms tell it; as often as one form tells it, for two may be alike."""
        given: list[Any] = []
        counted: Counter[object] = Counter()
        for told in self._told:
            here: Counter[object] = Counter()
            for found in told:
                key = _alike(found)
                here[key] += 1
                if here[key] > counted[key]:
                    given.append(found)
            counted |= here
        return given


class _Things:
    """The things of one page."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self.things: list[_Thing] = []
        self._wanted = wanted
        self._known: dict[tuple[str, str], _Thing] = {}
        self._alone: list[Json] = []

    def add(self, form: list[Json]) -> None:
        """Take in what one form says."""
        found = _reached(form)
        here = [part for part in found if self._wanted.intersection(types(part))]
        earlier = dict(self._known)
        taken: set[_Thing] = set()
        for part in here:
            thing = next((earlier[key] for key in _keys(part) if key in earlier), None)
            if thing is None or thing in taken:
                thing = self._new()
            taken.add(thing)
            self._extend(thing, part)
        self._alone += [part for part in form if _is_review(part) or "AggregateRating" in types(part)]

    def settle(self) -> None:
        """Give the reviews that stand alone to what they name, or to the one thing there is."""
        alone, self._alone = self._alone, []
        for part in alone:
            target = next(
                (found for found in several(part.get("itemReviewed")) if isinstance(found, dict)), {}
            )
            thing = next((self._known[key] for key in _keys(target) if key in self._known), None)
            if thing is None and text_of(target):
                thing = self._new()
                self._extend(thing, target)
            elif thing is None and len(self.things) == 1 and "itemReviewed" not in part:
                thing = self.things[0]
            if thing is None:
                self._alone.append(part)
            elif _is_review(part):
                thing.review(part)
            else:
                thing.members.setdefault("aggregateRating", part)

    def odd(self, url: str) -> Iterator[Oddity]:
        """What belongs to none of the things."""
        for part in self._alone:
            kind, number = "/".join(types(part))[:80], len(self.things)
            reason = f"a {kind} does not say which of {number} things it is about, on {url}"
            yield Oddity(reason, place=somewhere(part))

    def _new(self) -> _Thing:
        self.things.append(_Thing())
        return self.things[-1]

    def _extend(self, thing: _Thing, part: Json) -> None:
        thing.add(part)
        for key in _keys(part):
            self._known.setdefault(key, thing)


def _reached(form: list[Json]) -> list[Json]:
    """The objects of a form, and those that they lead on to; each once, for one may be reached twice."""
    found: dict[int, Json] = {}
    waiting = form[::-1]
    while waiting:
        part = waiting.pop()
        if id(part) in found:
            continue
        found[id(part)] = part
        inner = [value for name in CARRIERS for value in several(part.get(name))]
        waiting += [value for value in reversed(inner) if isinstance(value, dict)]
    return list(found.values())


def _keys(part: Json) -> list[tuple[str, str]]:
    """What makes two things the same: a number or an @id, then the name; case and white space aside."""
    named = [("number", text_of(part.get(name))) for name in IDENTIFIERS]
    named += [("@id", text_of(part.get("@id"))), ("name", text_of(part.get("name")))]
    return [(kind, "".join(value.split()).casefold()) for kind, value in named if value]


def _is_review(part: Json) -> bool:
    return any(name.endswith("Review") for name in types(part))


def _alike(found: Any) -> object:
    if not isinstance(found, dict):
        return id(found)
    body = next((text for name in BODIES if (text := text_of(found.get(name)))), "")
    return text_of(found.get("author")), "".join(body.split())
