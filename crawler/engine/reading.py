"""Strict reading of one page: selectors that must match, text as a person sees it, JSON with printed numbers.

Everything here is a function of the page alone, so a callback reads a live answer, an import and last
year's capture alike. Nothing is guessed: a page that is not as expected raises ExtractionError, which names
the place, what was found there, and the page.
"""

import json
import logging
import re
from collections.abc import Collection, Iterator
from typing import Any, TypeVar, overload

from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector
from scrapy.http import TextResponse

from crawler.errors import ExtractionError

Json = dict[str, Any]
Node = TextResponse | Selector
T = TypeVar("T")

BREAKS = re.compile(r"br|p|div|li|tr|dt|dd|h[1-6]|blockquote|section|article|table|ul|ol")
UNSEEN = re.compile(r"script|style|noscript|template")
SPACE = re.compile(r"[ \t\n\r\f\xa0]+")  # HTML white space and nbsp; U+3000 and zero-width marks are content
JSONP = re.compile(r"^[\s;/*]*[\w$.]+\s*\((?P<body>.*)\)[\s;]*$", re.DOTALL)

logger = logging.getLogger(__name__)


def select(node: Node, query: str) -> list[Selector]:
    """All matches of a CSS selector, or of an XPath if `query` begins with ``/``, ``./`` or ``(``.

    XPath from ``//`` also sees a second document in the same file; CSS sees only the first.
    """
    return list(node.xpath(query) if query.startswith(("/", "./", "(")) else node.css(query))


def only(node: Node, query: str) -> Selector:
    """The one match of `query`. Raises ExtractionError for none and for more than one."""
    return _at_most_one(node, query, least=1)[0]


def optional(node: Node, query: str) -> Selector | None:
    """The match of `query`, or None. Raises ExtractionError for more than one."""
    return next(iter(_at_most_one(node, query, least=0)), None)


def _at_most_one(node: Node, query: str, *, least: int) -> list[Selector]:
    matches = select(node, query)
    if not least <= len(matches) <= 1:
        expected = "exactly 1" if least else "at most 1"
        raise ExtractionError(
            f"{query!r} matches {len(matches)} times, expected {expected}, on {address(node)}; "
            "look at the capture and correct the spider"
        )
    return matches


def address(node: Node) -> str:
    """URL of the page that a node belongs to (its base URL, for a part of it)."""
    if isinstance(node, TextResponse):
        return node.url
    return getattr(node.root, "base", None) or "a page without URL"


@overload
def text(node: Selector) -> str: ...
@overload
def text(node: None) -> None: ...
def text(node: Selector | None) -> str | None:
    """Text of an element, attribute or text node as read on screen; None for None.

    White space is folded; ``<br>`` and block elements begin a new line; empty lines are dropped; scripts
    and styles do not count.
    """
    if node is None:
        return None
    pieces = [node.get()] if isinstance(node.root, str) else _pieces(node.root)
    lines = (SPACE.sub(" ", line).strip(" \u3000") for line in "".join(pieces).split("\0"))
    return "\n".join(line for line in lines if line)


def _pieces(root: etree._Element) -> Iterator[str]:
    """Text nodes in document order, with NUL (which HTML text cannot hold) for each line break."""
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        line_break = "\0" if BREAKS.fullmatch(tag) else ""
        if event == "start" and UNSEEN.fullmatch(tag):
            walk.skip_subtree()
        elif event == "start":
            yield line_break + (element.text or "")
        elif element is not root:
            yield line_break + (element.tail or "")


def parse_json(source: str, url: str) -> Any:
    """The value in a JSON or JSONP text, with every number as the string that stands there ("4.60", "1").

    Raises ExtractionError if it is neither.
    """
    wrapped = JSONP.match(source)
    try:
        return json.loads(
            wrapped["body"] if wrapped else source,
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            strict=False,  # line breaks within strings occur on real pages
        )
    except (ValueError, RecursionError) as error:
        raise ExtractionError(f"expected JSON on {url}, found {source[:60]!r}: {error}") from error


def json_of(response: TextResponse) -> Any:
    """The JSON or JSONP value that a response holds; see `parse_json`."""
    return parse_json(response.text, response.url)


def json_at(node: Selector, attribute: str) -> Json:
    """The JSON object in an attribute of an element. Raises ExtractionError if there is none."""
    content = parse_json(node.attrib.get(attribute, ""), address(node))
    return of_type(content, dict, f"@{attribute}", address(node))


def of_type(value: Any, wanted: type[T], name: str, url: str) -> T:
    """`value`, which must be of the type `wanted`. Raises ExtractionError that names the field otherwise."""
    if not isinstance(value, wanted):
        found = f"{type(value).__name__} {str(value)[:40]!r}"
        raise ExtractionError(f"{name} is {found}, expected {wanted.__name__}, on {url}")
    return value


def take(record: Json, name: str, url: str) -> Any:
    """Remove and return a field that every record has. Raises ExtractionError if it is not there."""
    if name not in record:
        raise ExtractionError(f"field {name!r} is missing from {sorted(record)[:12]} on {url}")
    return record.pop(name)


def printed(value: Any) -> str | None:
    """A JSON scalar as the string to print; None for null and for an empty string."""
    if value is None or isinstance(value, bool):
        return None
    return str(value).strip() or None


def leftovers(record: Json, url: str, *, ignore: Collection[str] = ()) -> tuple[str, ...]:
    """Names of fields that hold something and were neither taken nor listed in `ignore`; also logged.

    A warning and not an error: a field that a site adds must not stop the reading of those we know.
    """
    unread = tuple(
        sorted(
            name
            for name, value in record.items()
            if name not in ignore and value not in (None, "", False, [], {})
        )
    )
    if unread:
        logger.warning("fields %s on %s are not read; read them or list them in ignore", unread, url)
    return unread


def commented(node: Selector, base_url: str) -> Selector:
    """The document inside the one HTML comment of an element. Raises ExtractionError for 0 or 2 comments."""
    comment = only(node, "./comment()").get()
    return Selector(comment.removeprefix("<!--").removesuffix("-->"), base_url=base_url)
