"""RDFa Lite 1.1 as objects in the shape of JSON-LD, whose values know where they stood.

https://www.w3.org/TR/rdfa-lite/: ``vocab``, ``typeof``, ``property``, ``resource``, ``prefix``. What a value is
follows RDFa Core 1.1 §7.5 and HTML+RDFa 1.1 §3.1 (``content``, ``datetime``). Properties of no vocabulary (Open
Graph's ``og:title``) are no part of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from scrapy.http import TextResponse

from crawler.engine.platforms.jsonld import linked
from crawler.engine.platforms.microdata import Reach, absolute
from crawler.engine.reading import Json, element_attribute, select

SCHEMA = "http://schema.org/"
LINKS = ("resource", "href", "src")


@dataclass(frozen=True, slots=True)
class _Context:
    """What holds within an element: the vocabulary of bare names, prefixes, and whose properties stand here."""

    vocab: str
    prefixes: Mapping[str, str]
    subject: Json | None


def items(response: TextResponse) -> list[Json]:
    """The items with ``typeof`` that are no property of another, in page order.

    Their shape is that of `microdata.items`, and so is the error.
    """
    page = _Page(response)
    roots = select(response, "/*") if select(response, "//*[@typeof]") else []
    waiting = [(node.root, _Context("", {"schema": SCHEMA}, None)) for node in reversed(roots)]
    while waiting:
        element, context = waiting.pop()
        if isinstance(element.tag, str):
            inner = page.enter(element, context)
            waiting += [(child, inner) for child in reversed(element)]
    return linked(page.top())


class _Page:
    """Items of one page, found element by element."""

    def __init__(self, response: TextResponse) -> None:
        self._top: dict[int, Json] = {}  # by identity: `resource` may open one thing in several places
        self._response = response
        self._reach = Reach(response.url)
        self._named: dict[str, Json] = {}

    def top(self) -> list[Json]:
        """The items that are no property of another."""
        return list(self._top.values())

    def enter(self, element: etree._Element, context: _Context) -> _Context:
        """Read one element; what holds within it."""
        context = _declared(element, context)
        names = _terms(element, "property", context)
        types = _terms(element, "typeof", context)
        made = self._subject(element, types) if self._opens(element, bool(names)) else None
        if made is not None and types and not names:
            self._top[id(made)] = made
        if names and context.subject is not None:
            for name in names:
                _add(context.subject, name, self._value(element) if made is None else made)
        return context if made is None else replace(context, subject=made)

    def _opens(self, element: etree._Element, is_property: bool) -> bool:
        """Whether the properties within are those of another thing than outside."""
        return "typeof" in element.attrib or ("resource" in element.attrib and not is_property)

    def _subject(self, element: etree._Element, types: list[str]) -> Json:
        address = next(filter(None, (element_attribute(element, name) for name in LINKS)), None)
        if address is None:
            made: Json = {}
        else:
            whole = absolute(self._response, address)
            made = self._named.setdefault(whole, {"@id": whole})
        if types:
            made["@type"] = types
        return made

    def _value(self, element: etree._Element) -> Any:
        given = (element_attribute(element, name) for name in ("content", "datetime"))
        literal = next((value for value in given if value is not None), None)
        if literal is not None:
            return literal
        for name in LINKS:
            address = element_attribute(element, name)
            if address is not None:
                whole = absolute(self._response, address)
                return {"@id": whole} if name == "resource" else whole
        return self._reach.text(element)


def _declared(element: etree._Element, context: _Context) -> _Context:
    if "vocab" in element.attrib:
        context = replace(context, vocab=element.get("vocab").strip())
    if "prefix" in element.attrib:
        words = element.get("prefix").split()
        pairs = zip(words[::2], words[1::2], strict=False)
        added = {name.removesuffix(":").lower(): address for name, address in pairs}
        context = replace(context, prefixes={**context.prefixes, **added})
    return context


def _terms(element: etree._Element, name: str, context: _Context) -> list[str]:
    """The names in ``property`` or ``typeof``: as whole addresses; unknown prefixes are left out."""
    if name not in element.attrib:
        return []
    found = []
    for term in dict.fromkeys(element.get(name).split()):
        prefix, colon, local = term.partition(":")
        if not colon and context.vocab:
            found.append(f"{context.vocab.rstrip('/')}/{term}")
        elif colon and prefix.lower() in context.prefixes:
            found.append(context.prefixes[prefix.lower()] + local)
        elif term.startswith(("http://", "https://")):
            found.append(term)
    return found


def _add(subject: Json, name: str, value: Any) -> None:
    """Add a property under the last step of its address, as JSON-LD writes it."""
    if "schema.org/" not in name:
        return
    local = name.rpartition("/")[2]
    known = subject.get(local)
    if known is None:
        subject[local] = value
    elif isinstance(known, list):
        known.append(value)
    else:
        subject[local] = [known, value]
