"""HTML pages made anew from what is known to be harmless: elements, a few attributes, texts through the masker.

What is not written anew is gone: scripts, comments, frames, pictures, hidden fields, what people typed, every
attribute that is not listed. Elements keep their names and places, so that a finding's XPath still points to
its quote.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from lxml import etree  # type: ignore[import-untyped]

from crawler.evidence.digest import digest
from crawler.redaction import attributes
from crawler.redaction.addresses import WITHHELD
from crawler.redaction.masker import Masker
from crawler.redaction.naming import may_be_name, short_texts, shows_person
from crawler.redaction.styles import rewritten_css

__all__ = ["rewritten_css", "rewritten_html"]

LONGEST = 12_000_000  # characters of a page; longer ones are withheld as a whole
BOX = "evidence-box"  # an element of our own: it shifts no XPath
NOTICE = "evidence-notice"
_PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAMzMzAAAACwAAAAAAQABAAACAkQBADs="  # one grey pixel
_STYLE = (
    f"{BOX}{{display:inline-block;background:#ccc;min-width:8px;min-height:8px}}"
    f"{NOTICE}{{display:block;background:#fff3c4;color:#222;border-bottom:2px solid #c90;"
    "font:14px/1.6 sans-serif;padding:6px 12px;text-align:left}"
)
_GRADES = {"platform": "平台级", "public": "公开级"}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}:")
_CONTROLS = {code: None for code in range(32) if chr(code) not in "\t\n\r"} | {0x7F: None}

# A start tag as browsers read it (WHATWG HTML §13.2.5); possessive, so linear.
_ATTRIBUTE = re.compile(
    r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|(?!["'])[^\s>]*+))?+""",
)
_OPENING = re.compile(rf"<[A-Za-z][^\s/>]*+(?P<attributes>(?:[\s/]++|{_ATTRIBUTE.pattern})*+)")
_LONG_TAG, _MOST_ATTRIBUTES = 4000, 500  # characters, and attributes; the saved pages have at most 60
_LOOKED_INTO = 300  # elements around one that is looked into for names
_DEEPEST = 2000  # elements within one another; the saved pages have at most 60

Parts = list[str | int]  # markup, or the number of a text


@dataclass(slots=True)
class _Page:
    """A page on its way: what is written, the texts in it, and which of them stand in one line."""

    parts: Parts = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    lines: list[list[int]] = field(default_factory=lambda: [[]])
    people: list[int] = field(default_factory=list)

    def add_text(self, text: str, *, person: bool) -> None:
        self.parts.append(len(self.texts))
        self.lines[-1].append(len(self.texts))
        if person and may_be_name(text):
            self.people.append(len(self.texts))
        self.texts.append(text)

    def end_line(self) -> None:
        if self.lines[-1]:
            self.lines.append([])

    def written(self, texts: Sequence[str]) -> bytes:
        return "".join(
            part if isinstance(part, str) else escape(texts[part], quote=False) for part in self.parts
        ).encode("utf-8", "replace")


def rewritten_html(markup: str, masker: Masker) -> bytes:
    """The page of this source as the masker's grade shows it, in UTF-8. Never fails: what cannot be masked goes."""
    if len(markup) <= LONGEST and not _is_crowded(markup):
        source = markup.encode("utf-8", "replace").decode("utf-8").translate(_CONTROLS)
        for bare in (False, True):
            content = _rewritten(source, masker, bare=bare)
            if content is not None:
                return content
    mark = masker.withheld(digest(markup.encode("utf-8", "replace")), "page")
    return _frame(masker, f"<p>本页整体不予展示 {mark}</p>")


def _is_crowded(markup: str) -> bool:
    """Whether an element has so many attributes that a parser, comparing each with all others, takes hours."""
    return any(
        len(found["attributes"]) > _LONG_TAG
        and sum(1 for _ in _ATTRIBUTE.finditer(found["attributes"])) > _MOST_ATTRIBUTES
        for found in _OPENING.finditer(markup)
    )


def _rewritten(source: str, masker: Masker, *, bare: bool) -> bytes | None:
    """None if values are left in it all the same. `bare`: without attributes and styles."""
    page = _read(source, masker, bare=bare)
    if page is None:
        return _frame(masker, "")
    texts = list(page.texts)
    for number in page.people:
        plain = texts[number].strip()
        if not masker.cuts(plain):
            texts[number] = texts[number].replace(plain, masker.note(plain))
    for line in page.lines:
        for number, text in zip(line, masker.pieces([texts[each] for each in line]), strict=True):
            texts[number] = text
    content = page.written(texts)
    if not masker.left(content):
        return content
    # A value over several lines, or escaped in a text: the whole page is one text now, and each piece is looked into.
    texts = [masker.text(text) for text in masker.pieces(texts, whole=False)]
    content = page.written(texts)
    return None if masker.left(content) else content


def _read(source: str, masker: Masker, *, bare: bool) -> _Page | None:
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = etree.fromstring(source.encode() or b" ", parser)
    except etree.XMLSyntaxError:  # nothing that could be a page
        return None
    if root is None:
        return None
    return _Writer(masker, bare=bare).page(root, quirks="<!doctype" not in source[:2000].lower())


class _Writer:
    """Walks one page and writes what may stay."""

    def __init__(self, masker: Masker, *, bare: bool) -> None:
        self.masker, self.bare = masker, bare
        self.done = _Page()
        self.within: list[bool] = [False]  # whether the open elements show who somebody is

    def page(self, root: etree._Element, *, quirks: bool) -> _Page:
        self.done.parts.append(_opening(self.masker, quirks=quirks))
        walk = etree.iterwalk(root, events=("start", "end"))
        gone: etree._Element | None = None
        for event, element in walk:
            if event == "start":
                if gone is None and not self._start(element):
                    gone = element
                    walk.skip_subtree()
                continue
            if gone is None:
                self._end(element)
            elif gone is element:
                gone = None
            if gone is None:
                self._tail(element)
        return self.done

    def _start(self, element: etree._Element) -> bool:
        """Write an element's beginning; False if it goes with all that is in it."""
        tag = _tag(element)
        if tag is None or tag in attributes.GONE or len(self.within) > _DEEPEST:
            return False
        if tag not in attributes.INLINE:
            self.done.end_line()
        if tag in attributes.BOXES:
            self.done.parts.append(f"<{BOX}{self._attributes(tag, element)}></{BOX}>")
            return False
        if tag == "style":
            self._style(element)
            return False
        if tag in ("link", "input", "textarea"):
            self._field(tag, element)
            return False
        self.done.parts.append(f"<{tag}{self._attributes(tag, element)}>")
        if tag == "body":
            self.done.parts.append(_notice(self.masker))
        self.within.append(self.within[-1] or self._is_person(element))
        if element.text:
            self.done.add_text(element.text, person=self.within[-1])
        return True

    def _end(self, element: etree._Element) -> None:
        tag = _tag(element)
        if tag not in attributes.VOID:
            self.done.parts.append(f"</{tag}>")
        if tag not in attributes.INLINE:
            self.done.end_line()
        self.within.pop()

    def _tail(self, element: etree._Element) -> None:
        if element.tail:
            self.done.add_text(element.tail, person=self.within[-1])

    def _is_person(self, element: etree._Element) -> bool:
        labels = [element.get(name) for name in ("class", "id", "itemprop", "rel")]
        return (
            len(self.within) < _LOOKED_INTO
            and shows_person(labels, element.get("href"))
            and short_texts(_texts(element))
        )

    def _style(self, element: etree._Element) -> None:
        text = "" if self.bare else rewritten_css(element.text or "", self.masker)
        if text and not self.masker.left(text.encode("utf-8", "replace")):
            self.done.parts.append(f"<style>{text}</style>")

    def _field(self, tag: str, element: etree._Element) -> None:
        """What is filled in goes; a style sheet stays if its address does."""
        if tag == "link":
            href = self._href(element) if "stylesheet" in (element.get("rel") or "").lower() else ""
            if href:
                self.done.parts.append(f'<link rel="stylesheet" href="{escape(href)}">')
            return
        kind = (element.get("type") or "text").lower()
        if kind == "hidden":
            return
        closing = "" if tag == "input" else f"</{tag}>"
        self.done.parts.append(f"<{tag}{self._attributes(tag, element)}>{closing}")

    def _attributes(self, tag: str, element: etree._Element) -> str:
        kept = [f' {name}="{escape(value)}"' for name, value in self._kept(tag, element)]
        return "".join(kept)

    def _kept(self, tag: str, element: etree._Element) -> Iterable[tuple[str, str]]:
        if tag == "img":
            yield "src", _PIXEL
        if self.bare:
            return
        for name, value in element.attrib.items():
            name, value = str(name), str(value)
            if name == "style":
                value = rewritten_css(value, self.masker)
                if "@" not in value and not self.masker.holds(value):
                    yield name, value
            elif attributes.plain_attribute(name, value):
                if not self.masker.holds(value):
                    yield name, value
            elif name in ("title", "alt") and self.masker.shows_addresses:
                yield name, self.masker.text(value)
        href = self._href(element) if tag == "a" and self.masker.shows_addresses else ""
        if href:
            yield "href", href

    def _href(self, element: etree._Element) -> str:
        href = (element.get("href") or "").strip()
        if not href or (_SCHEME.match(href) and not href.lower().startswith(("http:", "https:"))):
            return ""
        shown = self.masker.url(href)
        return "" if shown.startswith(WITHHELD) or "/withheld-" in shown else shown


def _texts(element: etree._Element) -> Iterable[str]:
    return (str(text) for text in element.itertext())


def _tag(element: etree._Element) -> str | None:
    tag = element.tag
    if not isinstance(tag, str):
        return None
    return tag if attributes.NAME.fullmatch(tag) else None


def _frame(masker: Masker, body: str) -> bytes:
    """A page of our own."""
    opening = _opening(masker, quirks=False)
    return f"{opening}<html><body>{_notice(masker)}{body}</body></html>".encode()


def _opening(masker: Masker, *, quirks: bool) -> str:
    doctype = "" if quirks else "<!DOCTYPE html>"
    grade = _GRADES.get(masker.grade.name, masker.grade.name)
    return f'{doctype}<!-- 脱敏副本（{grade}），不是原件 --><meta charset="utf-8"><style>{_STYLE}</style>\n'


def _notice(masker: Masker) -> str:
    grade = _GRADES.get(masker.grade.name, masker.grade.name)
    return (
        f"<{NOTICE}>脱敏副本（{grade}）：本页由原始固定内容改写而成，"
        "个人信息已删除或者以 [withheld:…]、[person:…] 代替；"
        f"原件另行封存，可向法庭出示核对。</{NOTICE}>"
    )
