"""Queries of tables (`crawler.engine.rows`), compiled once: which element, which attribute of it, may it be absent.

A page of a hundred reviews asks each query a hundred times. parsel compiles an XPath anew each time and wraps what
it finds; here lxml keeps the compiled form (measured: half the time). The dialect is parsel's: its CSS, and its
XPath functions.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector
from parsel.csstranslator import HTMLTranslator
from scrapy.http import TextResponse

from crawler.engine.reading import address, element_attribute, element_text
from crawler.errors import ExtractionError

_PARTS = re.compile(r"(?P<element>.*?)(?:::attr\((?P<css>[^()]+)\)|/?@(?P<xpath>[\w:.-]+))")
_TRANSLATOR = HTMLTranslator()
_NAMESPACES = {"re": "http://exslt.org/regular-expressions", "set": "http://exslt.org/sets"}  # parsel's


@dataclass(frozen=True, slots=True)
class Query:
    """One query. `find` is None where the row itself is meant; `attribute` is None for the text."""

    written: str
    find: etree.XPath | None
    attribute: str | None
    may_lack: bool

    def value(self, node: TextResponse | Selector) -> str | None:
        """The text or the attribute that it finds, with its place; None for nothing and for an empty one.

        Raises ExtractionError for more than one match, and for none where there should be one.
        """
        root = node.root if isinstance(node, Selector) else node.selector.root
        if not isinstance(root, etree._Element):
            raise ExtractionError(f"{self.written!r} is asked of what is no HTML, on {address(node)}")
        found = [root] if self.find is None else self.find(root)
        if len(found) == 1:
            return self._read(found[0], node)
        if found or not self.may_lack:
            expected = "at most 1" if self.may_lack else "exactly 1"
            raise ExtractionError(
                f"{self.written!r} matches {len(found)} times, expected {expected}, on {address(node)}; "
                "look at the capture and correct the spider"
            )
        return None

    def _read(self, element: etree._Element, node: TextResponse | Selector) -> str | None:
        if self.attribute is None:
            return element_text(element) or None
        value = element_attribute(element, self.attribute)
        if value is None and not self.may_lack:
            raise ExtractionError(f"<{element.tag}> has no attribute {self.attribute!r} on {address(node)}")
        return value or None


@lru_cache(maxsize=4096)
def query(written: str) -> Query:
    """A query from how it is written, see `crawler.engine.rows`. Raises ValueError if it is none."""
    may_lack = written.endswith("?")
    asked = written.removesuffix("?")
    parts = _PARTS.fullmatch(asked)
    element = parts["element"] if parts else asked
    name = (parts["css"] or parts["xpath"]) if parts else None
    if element in ("", "."):
        return Query(written, None, name, may_lack)
    xpath = element if element.startswith(("/", "./", "(")) else _TRANSLATOR.css_to_xpath(element)
    try:
        return Query(written, etree.XPath(xpath, namespaces=_NAMESPACES), name, may_lack)
    except etree.XPathSyntaxError as error:
        raise ValueError(f"{written!r} is no query: {error}") from error
