"""A case: a saved real page, the spider that reads it, and the facts that its items must show.

`tests/spiders/cases/NAME.py` holds ``CASES`` of the spider NAME. What a case must show is what somebody read off the
page by eye: ``expected`` in ../shared/pages/INDEX.jsonl. A fact that our items do not show is named in `left`.
"""

import ast
import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import chompjs
from scrapy.http import HtmlResponse, Request, TextResponse

import spiders
from crawler.engine.reading import Oddity
from crawler.engine.site import Site
from crawler.items import Item
from tests.spiders import cases

Facts = dict[str, Any]
Kind = TypeVar("Kind", bound=Item)
# Members of `expected` that are remarks about the file, and no fact of the page.
REMARKS = frozenset(
    [
        "archived_by",
        "byte_encoding",
        "declared",
        "defect",
        "is_blocked",
        "json_valid",
        "kind_of",
        "language",
        "list_inside_html_comment",
        "logged_in",
        "needs_js",
        "negative",
        "page_type",
        "pii",
        "post_blocks",
        "reason",
        "review_blocks",
        "state_has_undefined",
        "trap",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A saved page and how it is read. `content` gives the bytes as the site sent them, where the file wraps them."""

    callback: str
    file: str
    url: str
    facts: Callable[[list[Item]], Facts]
    media_type: str = "text/html; charset=utf-8"
    content: Callable[[bytes], bytes] = bytes
    left: Mapping[str, str] = field(default_factory=dict)  # name of an expected fact → why no item shows it
    odd: int = 0  # so many oddities, which the case's comment explains
    same: bool = False  # the page shows one thing twice, under one identifier

    def response(self, pages: Path, scheme: str = "https") -> TextResponse:
        """The page as it would come from the site."""
        url = self.url.replace("http://", "https://").replace("https://", f"{scheme}://", 1)
        body = self.content((pages / self.file).read_bytes())
        cls = HtmlResponse if "html" in self.media_type else TextResponse
        return cls(url, headers={"Content-Type": self.media_type}, body=body)


def all_cases() -> list[tuple[str, Case]]:
    """Spider and case, for every case there is."""
    names = sorted(module.name for module in pkgutil.iter_modules(cases.__path__))
    modules = ((name, importlib.import_module(f"tests.spiders.cases.{name}")) for name in names)
    return [(name, case) for name, module in modules for case in module.CASES]


def of(kind: type[Kind], items: Iterable[Item]) -> list[Kind]:
    """The items of a kind."""
    return [item for item in items if isinstance(item, kind)]


def literal(content: bytes) -> bytes:
    """A response that its keeper wrapped as a JavaScript or Python module, as the JSON that the site sent."""
    text = content.decode("utf-8")
    try:
        found = ast.literal_eval(text[text.index("{") :])
    except (SyntaxError, ValueError):
        found = chompjs.parse_js_object(text)
    return json.dumps(found, ensure_ascii=False).encode()


def spider_files() -> list[str]:
    """Names of all spiders."""
    return [module.name for module in pkgutil.iter_modules(spiders.__path__)]


def spider(name: str) -> type[Site]:
    """The one spider class that a file defines."""
    module = importlib.import_module(f"spiders.{name}")
    (site,) = (
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Site) and found.__module__ == module.__name__
    )
    return site


def read_all(
    name: str, callback: str, response: TextResponse
) -> tuple[list[Item], list[Request], list[Oddity]]:
    """What a spider's callback gives for a page."""
    outputs = list(getattr(spider(name)(), callback)(response))
    return (
        [output for output in outputs if isinstance(output, Item)],
        [output for output in outputs if isinstance(output, Request)],
        [output for output in outputs if isinstance(output, Oddity)],
    )


def read(name: str, callback: str, response: TextResponse) -> tuple[list[Item], list[Request]]:
    """Items and requests."""
    items, requests, _ = read_all(name, callback, response)
    return items, requests
