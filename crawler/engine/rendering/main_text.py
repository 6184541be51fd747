"""The text of a page by lines, and which of them are its main text: not menus, not link lists, not hidden.

Structure only, no learning: an element's name, role, class and share of links decide. So the same page gives the
same lines on every machine, and a reader can check why a line counted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree  # type: ignore[import-untyped]
from parsel import Selector

from crawler.engine.reading import BREAKS, SPACE

MOST_HTML = 16_000_000  # characters of a page that are parsed
LONGEST_LINE = 20_000  # characters; what is longer is read as several lines
MOST_TEXT = 400_000  # characters of text that are read: some 300 pages of a book
LONGEST_NAME = 400  # characters of a class or style attribute that are looked at

_UNSEEN = re.compile(r"head|script|style|noscript|template|svg|canvas|iframe|object|select|textarea|datalist")
_ASIDE = re.compile(r"nav|footer|aside|menu|dialog")
_ASIDE_ROLE = re.compile(r"navigation|contentinfo|search|menu|menubar|complementary|dialog|banner")
_ASIDE_NAME = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|menus|footer|foot|breadcrumbs?|crumbs?|sidebar|aside|recommend"
    r"|recommends|recommendations?|related|ads?|adv|advert|advertisement|adsbygoogle|gg|banner|promo|sponsor|toolbar"
    r"|copyright|pagination|pager|cookie|consent|login|signin|share|toast)(?:$|[\s_-])",
    re.IGNORECASE,
)
_NOT_SHOWN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_FOLDS = re.compile(BREAKS.pattern + r"|main|header|footer|nav|aside|form|figure|figcaption|pre|hr|address")
_CELL = re.compile(r"td|th|button|option|label")  # side by side on screen, but words of their own


@dataclass(frozen=True, slots=True)
class Line:
    """One line as a person reads it. `main`: text of the page itself; `hidden`: its HTML says not to show it."""

    text: str
    main: bool
    hidden: bool = False


@dataclass(slots=True)
class _Depth:
    """How many elements of each sort are open at this place."""

    aside: int = 0
    hidden: int = 0
    link: int = 0


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    aside: bool
    hidden: bool
    link: bool


def parsed(html: str) -> Selector:
    """The page as a tree; what is behind MOST_HTML characters is cut off."""
    return Selector(text=html[:MOST_HTML].replace("\0", "") or "<html></html>", type="html")


def lines(page: Selector) -> list[Line]:
    """The lines of a page in document order, at most MOST_TEXT characters of them."""
    found: list[Line] = []
    pieces: list[_Piece] = []
    left = MOST_TEXT
    for piece in _pieces(page):
        if piece is not None:
            pieces.append(piece)
            left -= len(piece.text)
        else:
            found += _folded(pieces)
            pieces = []
        if left <= 0:
            break
    return found + _folded(pieces)


def is_cut(html: str, read: list[Line]) -> bool:
    """Whether a page is longer than what is looked at."""
    return len(html) > MOST_HTML or sum(len(line.text) for line in read) >= MOST_TEXT * 9 // 10


def _folded(pieces: list[_Piece]) -> list[Line]:
    """The line that pieces make: one for what shows, one for what does not."""
    made = []
    for hidden in (False, True):
        part = [piece for piece in pieces if piece.hidden is hidden]
        text = SPACE.sub(" ", "".join(piece.text for piece in part)).strip(" \u3000")
        if text:
            text = text[:MOST_TEXT]
            whole = sum(len(piece.text.strip()) for piece in part)
            apart = sum(len(piece.text.strip()) for piece in part if piece.aside or piece.link)
            main = not hidden and apart * 2 <= whole
            made += [
                Line(text[at : at + LONGEST_LINE], main, hidden) for at in range(0, len(text), LONGEST_LINE)
            ]
    return made


def _pieces(page: Selector) -> Iterator[_Piece | None]:
    """Text nodes in document order; None ends a line."""
    for top in (page.root, *page.root.itersiblings(etree.Element)):  # two documents in one file do occur
        yield from _walked(top)
        yield None


def _walked(top: etree._Element) -> Iterator[_Piece | None]:
    depth = _Depth()
    walk = etree.iterwalk(top, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        unseen = _UNSEEN.fullmatch(tag) is not None
        if _FOLDS.fullmatch(tag):
            yield None
        elif _CELL.fullmatch(tag):
            yield _piece(" ", depth)
        if event == "start" and unseen:
            walk.skip_subtree()
        elif event == "start":
            _count(element, tag, depth, 1)
            yield _piece(element.text, depth)
        else:
            if event == "end" and not unseen:
                _count(element, tag, depth, -1)
            if element is not top:
                yield _piece(element.tail, depth)


def _piece(text: str | None, depth: _Depth) -> _Piece:
    return _Piece(text or "", depth.aside > 0, depth.hidden > 0, depth.link > 0)


def _count(element: etree._Element, tag: str, depth: _Depth, step: int) -> None:
    depth.link += step * (tag == "a")
    depth.hidden += step * _is_hidden(element)
    depth.aside += step * _is_aside(element, tag)


def _is_hidden(element: etree._Element) -> bool:
    style = (element.get("style") or "")[:LONGEST_NAME]
    return element.get("hidden") is not None or _NOT_SHOWN.search(style) is not None


def _is_aside(element: etree._Element, tag: str) -> bool:
    if tag in ("html", "body", "main", "article"):  # their classes speak of the page: "body nav-open"
        return False
    name = f"{element.get('class') or ''} {element.get('id') or ''}"[:LONGEST_NAME]
    return (
        _ASIDE.fullmatch(tag) is not None
        or _ASIDE_ROLE.fullmatch(element.get("role") or "") is not None
        or _ASIDE_NAME.search(name) is not None
    )
