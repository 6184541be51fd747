"""JSON-LD 1.1 in a page: the objects of its scripts, with references within them followed.

https://www.w3.org/TR/json-ld11/#embedding-json-ld-in-html-documents. Not the whole standard: names are taken as
they are written, for on pages ``@context`` is schema.org.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from scrapy.http import TextResponse

from crawler.engine.reading import Json, Oddity, own_text, parse_json, select
from crawler.errors import ExtractionError
from crawler.quoted import place_of


def blocks(response: TextResponse) -> Iterator[list[Json] | Oddity]:
    """The objects of each script, those within ``@graph`` one by one.

    A script that is not JSON is reported and passed over: many pages carry a broken one of some plug-in.
    """
    for script in select(response, '//script[contains(@type, "ld+json")]'):
        source = own_text(script)
        try:
            content = parse_json(source, response.url)
        except ExtractionError as error:
            yield Oddity(f"passed over a JSON-LD block: {error}", lost=False, place=place_of(source))
            continue
        objects = [found for found in several(content) if isinstance(found, dict)]
        parts = (part for found in objects for part in several(found.get("@graph", found)))
        yield linked(part for part in parts if isinstance(part, dict))


def linked(objects: Iterable[Json]) -> list[Json]:
    """The same objects, in which each mere reference, ``{"@id": "#shop"}``, is the object of that name.

    Objects may then hold one another in a ring: whoever reads them goes down a fixed number of steps.
    """
    found = list(objects)
    named = {
        part["@id"]: part for part in _within(found) if len(part) > 1 and isinstance(part.get("@id"), str)
    }
    for part in list(_within(found)):
        for name, value in part.items():
            part[name] = (
                [_target(v, named) for v in value] if isinstance(value, list) else _target(value, named)
            )
    return found


def several(value: Any) -> list[Any]:
    """A member of an object as a list: JSON-LD writes one value without brackets, and none as null."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _target(value: Any, named: dict[str, Json]) -> Any:
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("@id"), str):
        return named.get(value["@id"], value)
    return value


def _within(objects: list[Json]) -> Iterator[Json]:
    """The objects and all objects in them; without recursion, for a page may nest as deep as it likes."""
    waiting: list[Any] = list(objects)
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield found
        waiting += found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
