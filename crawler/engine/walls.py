"""Walls: pages that stand where the wanted page should be (login, verification, refusals, regions, empty shells).

A wall is stored as a `blocked` capture and stops its host; it is never solved and never parsed. The rules are
data: walls.toml says how they are read and where each was found.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from html import unescape
from importlib import resources
from typing import Any, cast

from scrapy.http import Response, TextResponse

MOST_TEXT = 2000  # visible characters: whoever has more is no wall
_MOST_READ = 1 << 20  # characters of a page; one that is longer, and shows nothing until there, is left alone
_MOST_JSON = 64 << 10
_MOST_TITLE = 1000
_MOST_WORDS = 200
_MOST_ELEMENTS = 100  # of a list in JSON
_NOTHING: tuple[object, ...] = (None, "", [], {})

Patterns = tuple[re.Pattern[str], ...]
Expected = re.Pattern[str] | int | list[object]
Answer = tuple[tuple[tuple[str, ...], Expected], ...]  # path and what is there; all must hold

# Possessive throughout (no second try at anything), so each goes through a page once, whatever it holds.
_REST = r"""(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+(?:>|\Z)"""
_TOKEN = re.compile(
    r"<!--(?:-?>|(?:[^-]++|-(?!->))*+(?:-->)?)"
    r"|<(?P<raw>script|style|noscript|template|title|textarea|iframe|noembed|noframes|xmp)(?![\w-])"
    rf"{_REST}(?P<content>(?:[^<]++|<(?!/(?P=raw)(?![\w-])))*+)"
    rf"|<(?P<tag>[a-z][^\s/>]*+){_REST}"
    rf"|<[/!?]{_REST}",
    re.IGNORECASE,
)
_SHOWN = frozenset(
    ("img", "picture", "video", "audio", "canvas", "svg", "iframe", "frame", "object", "embed")
)
_BLANK = re.compile(r"\s+")
_PASSWORD = re.compile(r"""\btype\s*+=\s*+["']?password\b""", re.IGNORECASE)
_REFRESH = re.compile(r"""\bhttp-equiv\s*+=\s*+["']?refresh\b""", re.IGNORECASE)
_NO_CODE = re.compile(r"""\btype\s*+=\s*+["']?[^"'>\s]*(?:json|template|html)""", re.IGNORECASE)
_CALL = re.compile(r"(?:/\*\*/)?\s*+[\w$.]{1,100}+\s*+\(")
# How Chromium shows a JSON answer.
_SHOWN_JSON = re.compile(
    r"\s*+(?:</?(?:html|head|meta|link|body)\b[^>]*+>\s*+)*+<pre\b[^>]*+>([^<]*+)</pre>(?:\s*+<[^>]*+>)*+\s*+\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class WallRule:
    """One rule; its fields are those of walls.toml, which says what they mean."""

    name: str
    source: str
    title: Patterns = ()
    words: Patterns = ()
    url: Patterns = ()
    markup: tuple[str, ...] = ()
    status: tuple[int, ...] = ()
    json: tuple[Answer, ...] = ()
    text: int | None = None
    rendered: bool = False
    empty: bool = False
    password: bool = False
    bare: bool = False

    def matches(self, page: "Look") -> bool:
        """Whether the page is such a wall. What costs least is asked first."""
        return (
            self._has_status(page.status)
            and (page.rendered or not self.rendered)
            and (page.empty or not self.empty)
            and (not self.url or any(pattern.search(page.url) for pattern in self.url))
            and (not self.json or any(_holds(page.answer, answer) for answer in self.json))
            and (not self._reads_markup() or self._matches_markup(page.markup))
        )

    def _has_status(self, status: int) -> bool:
        # An error page is no login because of its address.
        speaks = self.title or self.words or self.json
        return status in self.status if self.status else bool(speaks) or 200 <= status < 300

    def _reads_markup(self) -> bool:
        return bool(
            self.title or self.words or self.markup or self.password or self.bare or self.text is not None
        )

    def _matches_markup(self, markup: "Markup | None") -> bool:
        return (
            markup is not None
            and (self.text is None or markup.text <= self.text)
            and (not self.password or markup.password)
            and (not self.bare or (markup.script and not markup.shown))
            and (not self.title or any(pattern.fullmatch(markup.title) for pattern in self.title))
            and (not self.words or any(pattern.fullmatch(markup.words) for pattern in self.words))
            and (not self.markup or any(text in markup.code for text in self.markup))
        )


def wall(response: Response, *, rendered: bool = False) -> str | None:
    """``wall-NAME`` if this page is a wall, else None. The body must be decoded (content coding removed).

    `rendered`: the body is the DOM that a browser had when the page was settled. Only then is a page without text a
    shell for that alone (and a lone password form a login): the plain answer of any page that scripts build looks
    the same. Shells that carry the scripts of a security service are known in both.
    """
    if 300 <= response.status < 400:
        return None
    page = Look(response, rendered)
    name = next((rule.name for rule in rules() if rule.matches(page)), None)
    return f"wall-{name}" if name else None


@cache
def rules() -> tuple[WallRule, ...]:
    """The rules of walls.toml, in order. A TypeError here is a condition that does not exist."""
    content = tomllib.loads(resources.files(__package__).joinpath("walls.toml").read_text("utf-8"))
    return tuple(
        WallRule(**{key: _read(key, value) for key, value in rule.items()}) for rule in content["wall"]
    )


class Look:
    """What the rules look at; read only as far as they ask."""

    def __init__(self, response: Response, rendered: bool) -> None:
        self.status = response.status
        self.rendered = rendered
        self.empty = not response.body
        self.url = response.url.partition("://")[2]
        self._response = response

    @cached_property
    def answer(self) -> object:
        """The parsed JSON or JSONP of a small answer, else None."""
        text = self._text
        shown = _SHOWN_JSON.match(text) if self.rendered and len(text) <= 2 * _MOST_JSON else None
        return parsed(unescape(shown[1]) if shown else text)

    @cached_property
    def markup(self) -> "Markup | None":
        """The page as markup; None for JSON, and for what is no text at all."""
        if not self._text or self.answer is not None:
            return None
        return read_markup(self._text)

    @cached_property
    def _text(self) -> str:
        return self._response.text if isinstance(self._response, TextResponse) else ""


@dataclass(slots=True)
class Markup:
    """What a page shows and what it runs."""

    title: str = ""
    text: int = 0  # visible characters, counted up to a little over MOST_TEXT
    words: str = ""  # the beginning of the visible text
    code: str = ""  # scripts, and the tags that lead elsewhere
    password: bool = False
    script: bool = False
    shown: bool = False  # a picture, a frame, …


def read_markup(text: str) -> Markup:
    """Read a page once, up to MOST_TEXT visible characters. Never fails: everything is some kind of HTML."""
    page, code, end = Markup(), list[str](), 0
    titled = drawing = False
    if len(text) > _MOST_READ:
        text, page.text = text[:_MOST_READ], MOST_TEXT
    for token in _TOKEN.finditer(text):
        _add_words(page, text[end : token.start()])
        end = token.end()
        if page.text > MOST_TEXT:
            break
        name = (token["raw"] or token["tag"] or "").lower()
        drawing = name == "svg" or (drawing and token[0][:5].lower() != "</svg")
        if name == "title" and not titled and not drawing:  # parts of a drawing have titles too
            page.title, titled = _title(token["content"]), True
        elif piece := _code(name, token):
            code.append(piece)
        page.script = page.script or name == "script"
        page.shown = page.shown or name in _SHOWN
        page.password = page.password or (name == "input" and _PASSWORD.search(token[0]) is not None)
    else:
        _add_words(page, text[end:])
    page.code = "\n".join(code)
    page.words = " ".join(page.words.split()) if page.text <= _MOST_WORDS else ""
    return page


def parsed(text: str) -> object:
    """The value of a JSON text, bare or as the argument of one call (JSONP); None if it is none, or a large one."""
    text = text[: _MOST_JSON + 1].strip("\ufeff \t\r\n")
    if len(text) > _MOST_JSON or text.startswith("<"):
        return None
    if (call := _CALL.match(text)) and (inner := text.rstrip("; \t\r\n")).endswith(")"):
        text = inner[call.end() : -1]
    try:
        return cast(object, json.loads(text))
    except (ValueError, RecursionError):  # markup, script, or nested to be hostile
        return None


def _holds(value: object, answer: Answer) -> bool:
    return value is not None and all(_fits(list(_at(value, path)), expected) for path, expected in answer)


def _at(value: object, path: tuple[str, ...]) -> Iterator[object]:
    if not path:
        yield value
    elif path[0] == "*" and isinstance(value, list):
        for element in value[:_MOST_ELEMENTS]:
            yield from _at(element, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _fits(found: list[object], expected: Expected) -> bool:
    if isinstance(expected, re.Pattern):
        return any(isinstance(value, str) and expected.search(value) for value in found)
    if isinstance(expected, list):
        return all(value in _NOTHING for value in found)
    return any(type(value) is type(expected) and value == expected for value in found)


def _add_words(page: Markup, gap: str) -> None:
    if not gap:
        return
    letters = _BLANK.sub("", unescape(gap))
    page.text += len(letters)
    if page.text <= _MOST_WORDS:
        page.words += f" {' '.join(unescape(gap).split())}"


def _title(content: str) -> str:
    """The title with its blanks collapsed; of one that is too long for any wall only the beginning."""
    return " ".join(unescape(content[:_MOST_TITLE]).split())


def _code(name: str, token: re.Match[str]) -> str:
    if name == "script":
        tag = token[0][: token.start("content") - token.start()]
        return "" if _NO_CODE.search(tag) else token[0]
    if name in ("iframe", "frame", "form", "input"):
        return token[0]
    return token[0] if name == "meta" and _REFRESH.search(token[0]) else ""


def _read(key: str, value: Any) -> Any:
    if key in ("title", "words", "url"):
        return tuple(_pattern(expression) for expression in value)
    if key == "json":
        return tuple(_answer(alternative.items()) for alternative in value)
    return tuple(value) if isinstance(value, list) else value


def _answer(lines: Iterable[tuple[str, Any]]) -> Answer:
    return tuple(
        (tuple(path.split(".")), _pattern(value) if isinstance(value, str) else value)
        for path, value in lines
    )


def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)
