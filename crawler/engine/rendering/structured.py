"""What a page says of itself for machines: JSON-LD objects with their places, and meta elements."""

from collections.abc import Iterator
from typing import Any

from parsel import Selector

from crawler.engine.reading import parse_json
from crawler.errors import ExtractionError

Json = dict[str, Any]

MOST_SCRIPTS = 50
MOST_SCRIPT = 2_000_000  # characters
MOST_OBJECTS = 5_000


def objects(page: Selector) -> Iterator[tuple[str, Json]]:
    """Every object in the page's JSON-LD, however deep, with its place.

    A place is ``script[N]`` (of those with JSON-LD, from 1) and behind it a JSON pointer (RFC 6901). A block
    that is not JSON is passed over: many pages carry a broken one of some plug-in.
    """
    scripts = page.xpath('//script[contains(@type, "ld+json")]')[:MOST_SCRIPTS]
    left = MOST_OBJECTS
    for number, script in enumerate(scripts, 1):
        source = "".join(script.xpath("text()").getall())
        try:
            content = parse_json(source, "") if len(source) <= MOST_SCRIPT else None
        except ExtractionError:
            continue
        for place, found in _walked(content, f"script[{number}]#"):
            yield place, found
            left -= 1
            if left == 0:
                return


def _walked(content: Any, place: str) -> Iterator[tuple[str, Json]]:
    waiting = [(place, content)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict):
            yield place, value
            inner = [(f"{place}/{_escaped(name)}", child) for name, child in value.items()]
        else:
            inner = [(f"{place}/{at}", child) for at, child in enumerate(value or ())]
        waiting += [pair for pair in reversed(inner) if isinstance(pair[1], dict | list)]


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")[:100]


def types(found: Json) -> list[str]:
    """The ``@type`` names of an object, without the address of schema.org."""
    named = found.get("@type")
    several = named if isinstance(named, list) else [named]
    return [name.rpartition("/")[2] for name in several if isinstance(name, str)]


def metas(page: Selector) -> Iterator[tuple[str, str, str]]:
    """Name (lower-case), content and place of each meta element that has both."""
    for meta in page.xpath("//meta[@content]")[:500]:
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            name = meta.attrib.get(attribute)
            if name:
                place = f'meta[{attribute}="{name[:100]}"]'
                yield name.lower()[:100], meta.attrib["content"][:1000], place
                break
