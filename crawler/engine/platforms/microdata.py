"""Microdata (HTML Standard, §5) as objects in the shape of JSON-LD, whose values know where they stood.

https://html.spec.whatwg.org/multipage/microdata.html, with one rule of the W3C's Microdata Note that shops follow:
on any element, ``content`` goes before the text (``<span itemprop="priceCurrency" content="USD">$</span>``).
"""

from collections import deque
from collections.abc import Iterator
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from scrapy.http import TextResponse

from crawler.engine.reading import Json, element_attribute, element_text, select
from crawler.errors import ExtractionError
from crawler.quoted import quoted

ADDRESSES = {  # elements whose value is an address, and the attribute that holds it
    **dict.fromkeys(("a", "area", "link"), "href"),
    **dict.fromkeys(("audio", "embed", "iframe", "img", "source", "track", "video"), "src"),
    "object": "data",
}
VALUES = {"data": "value", "meter": "value", "time": "datetime"}
MOST = 300_000  # elements looked at, of which a real page has some thousands


def items(response: TextResponse) -> tuple[list[Json], list[Json]]:
    """The top-level items of a page, and the loose ones: properties of no item, as where a tag closed too early.

    An item is ``{"@type": [addresses], "@id": itemid, property: value}``, with a list for several values; a value
    is a text or an item. Raises ExtractionError if the page would have the same elements read for ever (`Reach`).
    """
    page = _Page(response)
    scopes = [node.root for node in select(response, "//*[@itemscope]")]
    top = [page.item(scope) for scope in scopes if "itemprop" not in scope.attrib]
    page.read()
    loose = []
    for scope in scopes:
        if not page.has(scope):
            loose.append(page.item(scope))
            page.read()  # now, for the next may be a property of this one
    return top, loose


class Reach:
    """How many elements the reading of a page has come to: by ``itemref``, or texts within texts, ever the same."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._seen = 0

    def add(self, number: int) -> None:
        """So many more. Raises ExtractionError beyond `MOST`."""
        self._seen += number
        if self._seen > MOST:
            raise ExtractionError(f"structured texts and items hold more than {MOST} elements on {self._url}")

    def text(self, element: etree._Element) -> str:
        """The text of an element, which counts with all that is in it."""
        self.add(sum(1 for _ in element.iter()))
        return element_text(element)


class _Page:
    """Items of one page, each read once: they may refer to the same elements, and to one another in a ring."""

    def __init__(self, response: TextResponse) -> None:
        self._response = response
        self._items: dict[etree._Element, Json] = {}
        self._waiting: deque[etree._Element] = deque()
        self._reach = Reach(response.url)
        self._named: dict[str, etree._Element] = {}
        if select(response, "//*[@itemref]"):
            for node in select(response, "//*[@id]"):
                self._named.setdefault(node.root.get("id"), node.root)

    def has(self, scope: etree._Element) -> bool:
        return scope in self._items

    def item(self, scope: etree._Element) -> Json:
        """The item of an element; `read` fills it."""
        if scope not in self._items:
            self._items[scope] = {}
            self._waiting.append(scope)
        return self._items[scope]

    def read(self) -> None:
        """Fill the items asked for, and those in them."""
        while self._waiting:
            scope = self._waiting.popleft()
            self._items[scope].update(self._members(scope))

    def _members(self, scope: etree._Element) -> Json:
        members: dict[str, list[Any]] = {}
        for element in self._properties(scope):
            for name in dict.fromkeys(element.get("itemprop").split()):
                members.setdefault(name, []).append(self._value(element))
        item: Json = {name: values if len(values) > 1 else values[0] for name, values in members.items()}
        kinds, name = element_attribute(scope, "itemtype"), element_attribute(scope, "itemid")
        if kinds:
            item["@type"] = kinds.split()
        if name:
            item["@id"] = absolute(self._response, name)
        return item

    def _properties(self, scope: etree._Element) -> Iterator[etree._Element]:
        """§5.2.5, in page order; what `itemref` names comes last."""
        referred = (self._named.get(name) for name in scope.get("itemref", "").split())
        seen = {scope}
        for start in [*scope, *(element for element in referred if element is not None)]:
            waiting = [start]
            while waiting:
                element = waiting.pop()
                if element in seen or not isinstance(element.tag, str):
                    continue
                seen.add(element)
                self._reach.add(1)
                if element.get("itemprop", "").strip():
                    yield element
                if "itemscope" not in element.attrib:
                    waiting += reversed(element)

    def _value(self, element: etree._Element) -> Any:
        """§5.2.4."""
        if "itemscope" in element.attrib:
            return self.item(element)
        given = element_attribute(element, "content")
        if given is not None:
            return given
        if element.tag in ADDRESSES:
            return absolute(self._response, element_attribute(element, ADDRESSES[element.tag]) or "")
        given = element_attribute(element, VALUES[element.tag]) if element.tag in VALUES else None
        return self._reach.text(element) if given is None else given


def absolute(response: TextResponse, written: str) -> str:
    """An address on a page, as a whole one; as it stands if it is none ("", "http://[")."""
    try:
        return quoted(response.urljoin(written), written) if written else written
    except ValueError:
        return written
