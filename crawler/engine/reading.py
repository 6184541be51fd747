"""Strict reading of one page: selectors that must match, text as a person sees it, JSON with printed numbers.

Everything here is a function of the page alone, so a callback reads a live answer, an import and last
year's capture alike. Nothing is guessed: a page that is not as expected raises ExtractionError, which names
the place, what was found there, and the page.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, overload
from urllib.parse import quote, unquote

import chompjs
from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector
from scrapy import Request
from scrapy.http import TextResponse

from crawler.errors import ExtractionError
from crawler.items import Item
from crawler.quoted import STEP, Quoted, place_of, plain

Json = dict[str, Any]
Node = TextResponse | Selector
T = TypeVar("T")

BREAKS = re.compile(r"br|p|div|li|tr|dt|dd|h[1-6]|blockquote|section|article|table|ul|ol")
UNSEEN = re.compile(r"script|style|noscript|template")
SPACE = re.compile(r"[ \t\n\r\f\xa0]+")  # HTML white space and nbsp; U+3000 and zero-width marks are content
JSONP = re.compile(r"^[\s;/*]*[\w$.]+\s*\((?P<body>.*)\)[\s;]*$", re.DOTALL)
# In the base address of a document that stood within another: the place, as in an address.
_WITHIN = "#within:"
_MOST_ODD = 100  # rows of one table that are reported one by one


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something on a page that was not understood. `lost`: it may have been an item; else only a detail."""

    reason: str
    lost: bool = True
    place: str | None = None


Found = Item | Request | Oddity


def select(node: Node, query: str) -> list[Selector]:
    """All matches of a CSS selector, or of an XPath if `query` begins with ``/``, ``./`` or ``(``.

    XPath from ``//`` also sees a second document in the same file; CSS sees only the first.
    """
    try:
        return list(node.xpath(query) if query.startswith(("/", "./", "(")) else node.css(query))
    except ValueError as error:  # an answer in JSON where a page was meant
        raise ExtractionError(f"{query!r} cannot be asked of {address(node)}: {error}") from error


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
    """URL of the page that a node belongs to."""
    if isinstance(node, TextResponse):
        return node.url
    return (getattr(node.root, "base", None) or "a page without URL").partition(_WITHIN)[0]


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
    return _read(node.get()) if isinstance(node.root, str) else element_text(node.root)


def element_text(element: etree._Element, without: Collection[etree._Element] = ()) -> str:
    """As `text`, for an element of lxml; less some of the elements within."""
    alone = not len(element) and not UNSEEN.fullmatch(element.tag)
    content = (element.text or "") if alone else "".join(_pieces(element, without))
    return Quoted(_read(content), lambda: _place(element))


def _read(content: str) -> str:
    if "\0" not in content:
        return SPACE.sub(" ", content).strip(" \u3000")
    lines = (SPACE.sub(" ", line).strip(" \u3000") for line in content.split("\0"))
    return "\n".join(line for line in lines if line)


def attribute(node: Selector, name: str) -> str:
    """An attribute of an element, without white space around it. Raises ExtractionError if there is none."""
    value = element_attribute(node.root, name)
    if value is None:
        raise ExtractionError(f"<{node.root.tag}> has no attribute {name!r} on {address(node)}")
    return value


def element_attribute(element: etree._Element, name: str) -> str | None:
    """An attribute of an element of lxml, without white space around it; None if it has none of that name."""
    value = element.get(name)
    return None if value is None else Quoted(value.strip(), lambda: f"{_place(element)}/@{name}")


def own_text(node: Selector) -> str:
    """The text directly within an element, without that of the elements within it."""
    pieces = [node.root.text or "", *(child.tail or "" for child in node.root)]
    return Quoted(SPACE.sub(" ", "".join(pieces)).strip(" \u3000"), lambda: f"{_place(node.root)}/text()")


def fragment(value: str, url: str) -> Selector:
    """The HTML in a value of a page, whose places lead on from where the value stood."""
    place = place_of(value)
    return Selector(plain(value), base_url=f"{url}{_WITHIN}{quote(place)}" if place else url)


def _place(element: etree._Element) -> str:
    tree = element.getroottree()
    path = str(tree.getpath(element))
    within = (tree.docinfo.URL or "").partition(_WITHIN)[2]
    return f"{unquote(within)}{STEP}{path}" if within else path


def _pieces(root: etree._Element, without: Collection[etree._Element]) -> Iterator[str]:
    """Text nodes in document order, with NUL (which HTML text cannot hold) for each line break."""
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        line_break = "\0" if BREAKS.fullmatch(tag) else ""
        if event == "start" and (UNSEEN.fullmatch(tag) or element in without):
            walk.skip_subtree()
        elif event == "start":
            yield line_break + (element.text or "")
        elif element is not root:
            yield line_break + (element.tail or "")


def parse_json(source: str, url: str) -> Any:
    """The value in a JSON or JSONP text, with every number as the string that stands there ("4.60", "1").

    Strings and numbers know their places (`crawler.quoted`), within that of `source` if it has one. Raises
    ExtractionError if it is neither.
    """
    wrapped = JSONP.match(source)
    try:
        found = json.loads(
            wrapped["body"] if wrapped else source,
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            strict=False,  # line breaks within strings occur on real pages
        )
        return _placed(found, _root_of(source))
    except (ValueError, RecursionError) as error:
        raise ExtractionError(f"expected JSON on {url}, found {source[:60]!r}: {error}") from error


def parse_js(source: str, url: str) -> Any:
    """As `parse_json`, for a literal of JavaScript: single quotes, bare keys, trailing commas.

    Reads the first object or list of the text and ignores what stands around it. ``undefined`` is None, and so is
    the text "undefined", which the library does not tell from it.
    """
    try:
        found: Any = chompjs.parse_js_object(
            plain(source), loader_kwargs={"parse_int": str, "parse_float": str}
        )
        return _placed(found, _root_of(source), "undefined")
    except (ValueError, RecursionError) as error:
        raise ExtractionError(f"expected a literal on {url}, found {source[:60]!r}: {error}") from error


def script_with(node: Node, pattern: str) -> str:
    """What group 1 of a pattern finds in the scripts of a page. Raises ExtractionError unless it is one place."""
    scripts = ((script, "".join(script.xpath("text()").getall())) for script in select(node, "//script"))
    found = [
        (script, match[1]) for script, source in scripts for match in re.finditer(pattern, source, re.DOTALL)
    ]
    if len(found) != 1:
        raise ExtractionError(
            f"{pattern!r} occurs {len(found)} times in the scripts of {address(node)}, expected 1"
        )
    script, source = found[0]
    return Quoted(source, lambda: _place(script.root))


def _root_of(source: str) -> str:
    place = place_of(source)
    return f"{place}{STEP}#" if place else "#"


def _placed(value: Any, place: str, undefined: str | None = None) -> Any:
    """The same value with a place on each text; objects and lists are changed as they are."""
    if isinstance(value, str):
        return None if value == undefined else Quoted(value, place)
    if isinstance(value, dict):
        for name, member in value.items():
            escaped = name.replace("~", "~0").replace("/", "~1") if "~" in name or "/" in name else name
            value[name] = _placed(member, f"{place}/{escaped}", undefined)
    elif isinstance(value, list):
        value[:] = [_placed(member, f"{place}/{number}", undefined) for number, member in enumerate(value)]
    return value


def json_of(response: TextResponse) -> Any:
    """The JSON or JSONP value that a response holds; see `parse_json`."""
    return parse_json(response.text, response.url)


def json_at(node: Selector, name: str) -> Json:
    """The JSON object in an attribute of an element. Raises ExtractionError if there is none."""
    content = parse_json(attribute(node, name), address(node))
    return of_type(content, dict, f"@{name}", address(node))


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
    """A JSON scalar as the string to print; None for null, for true and false, and for an empty string."""
    if value is None or isinstance(value, bool):
        return None
    return str(value).strip() or None


def leftovers(record: Json, url: str, *, ignore: Collection[str] = ()) -> Iterator[Oddity]:
    """Report the fields that hold something and were neither taken nor listed in `ignore`.

    No error: a field that a site adds must not stop the reading of those we know.
    """
    unread = sorted(
        name
        for name, value in record.items()
        if name not in ignore and value not in (None, "", False, [], {})
    )
    if unread:
        reason = f"fields {unread} on {url} are not read; read them or list them in ignore"
        yield Oddity(reason, lost=False)


def each(nodes: Iterable[T], read: Callable[[T], Item | Iterable[Found]]) -> Iterator[Found]:
    """What `read` gives for each of several rows; one that is not understood is reported, and costs no other.

    A place is counted among its siblings: of a hundred thousand broken rows only the first have theirs told.
    """
    odd = 0
    for node in nodes:
        try:
            found = read(node)
            yield from [found] if isinstance(found, Item) else found
        except ExtractionError as error:
            odd += 1
            if odd <= _MOST_ODD:
                yield Oddity(str(error), place=_place(node.root) if isinstance(node, Selector) else None)
    if odd > _MOST_ODD:
        yield Oddity(f"{odd} rows were not understood; the first {_MOST_ODD} are listed")


def commented(node: Selector, base_url: str) -> Selector:
    """The document inside the one HTML comment of an element. Raises ExtractionError for 0 or 2 comments."""
    comment = only(node, "./comment()").get()
    within = quote(f"{_place(node.root)}/comment()")
    content = comment.removeprefix("<!--").removesuffix("-->")
    return Selector(content, base_url=f"{base_url}{_WITHIN}{within}")
