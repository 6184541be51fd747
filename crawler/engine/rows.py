"""Rows of a page as a table: which query finds the rows, and which query finds each field within one.

    REVIEWS = Rows(
        Review,
        "div.review",
        identifier="@id",
        review_body=".review-text",
        author=".author?",
        rating_value=(".stars::attr(class)", stars),
    )
    …
    yield from REVIEWS.read(response, item_reviewed=product)

`Rows` queries are CSS, or XPath if they begin with ``/``, ``./`` or ``(``; ``::attr(name)``, ``/@name`` or ``@name``
alone give an attribute. `JsonRows` queries are JMESPath without its functions. A query must match once; one that ends
in ``?`` may match nothing. A field's rule is a query; a query and a function of what it found; a function of the row;
or a plain boolean field's query, which asks whether anything matches. Every value keeps its place (`crawler.quoted`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.queries import query
from crawler.engine.reading import (
    Found,
    Json,
    each,
    leftovers,
    of_type,
    printed,
    select,
)
from crawler.errors import ExtractionError
from crawler.items import Item
from crawler.quoted import Quoted, quoted

Rule = str | tuple[str, Callable[[str], str | None]] | Callable[[Any], Any]
_NAMES = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_FLAGS = ("promoted",)  # whether the query matches is the value
_NO: tuple[object, ...] = (None, False, "", "0", "false", [], {})


class Rows:
    """A table of HTML; see the module. Raises TypeError at once for a field that the item does not have."""

    def __init__(self, kind: type[Item], rows: str, **rules: Rule) -> None:
        unknown = set(rules) - set(kind.__slots__) - set(Item.__slots__)
        if unknown:
            raise TypeError(f"{kind.__name__} has no field {', '.join(sorted(unknown))}")
        self._kind, self._rows = kind, rows
        self._readers = {name: _reader(name, rule) for name, rule in rules.items()}

    def read(self, node: TextResponse | Selector, **given: Any) -> Iterator[Found]:
        """An item for each row, with the fields `given`; what is not understood is reported row by row."""
        yield from each(select(node, self._rows), lambda row: self.item(row, **given))

    def item(self, row: TextResponse | Selector, **given: Any) -> Item:
        """The item of one row. Raises ExtractionError if it is not understood."""
        values = {name: read(row) for name, read in self._readers.items()}
        return _made(self._kind, values | given)


def _reader(name: str, rule: Rule) -> Callable[[Any], Any]:
    """What reads a field of a row. Raises ValueError for what is no query."""
    if callable(rule):
        return rule
    if name in _FLAGS and isinstance(rule, str):
        return lambda row: bool(select(row, rule))
    if isinstance(rule, str):
        return query(rule).value
    written, change = rule
    found = query(written)
    return lambda row: _changed(found.value(row), change)


def value_of(node: TextResponse | Selector, written: str) -> str | None:
    """The text or the attribute that a query finds, see the module; None for nothing and for an empty one."""
    return query(written).value(node)


class JsonRows:
    """A table of JSON; see the module. `ignore`: names of members of a row that no item has a place for."""

    def __init__(self, kind: type[Item], rows: str, *, ignore: str = "", **rules: Rule) -> None:
        unknown = set(rules) - set(kind.__slots__) - set(Item.__slots__)
        if unknown:
            raise TypeError(f"{kind.__name__} has no field {', '.join(sorted(unknown))}")
        self._kind, self._rows, self._rules = kind, rows, rules
        queries = (
            rule if isinstance(rule, str) else rule[0] for rule in rules.values() if not callable(rule)
        )
        self._known = {*ignore.split(), *(_first(query) for query in queries)}

    def read(self, value: Any, url: str, **given: Any) -> Iterator[Found]:
        """An item for each row, with the fields `given`; what is not understood is reported row by row."""
        rows = search(value, self._rows.removesuffix("?"))
        if rows is None and self._rows.endswith("?"):
            return
        seen: dict[str, Any] = {}

        def read(row: Any) -> Item:
            seen.update((name, member) for name, member in of_type(row, dict, "row", url).items() if member)
            return self.item(row, url, **given)

        yield from each(of_type(rows, list, self._rows, url), read)
        yield from leftovers(seen, url, ignore=self._known)

    def item(self, row: Json, url: str, **given: Any) -> Item:
        """The item of one row. Raises ExtractionError if it is not understood."""
        values = {name: self._value(name, rule, row, url) for name, rule in self._rules.items()}
        return _made(self._kind, values | given)

    def _value(self, name: str, rule: Rule, row: Json, url: str) -> Any:
        if callable(rule):
            return rule(row)
        written, change = (rule, None) if isinstance(rule, str) else rule
        found = search(row, written.removesuffix("?"))
        if name in _FLAGS:
            return found not in _NO
        if isinstance(found, Mapping | Sequence) and not isinstance(found, str):
            raise ExtractionError(f"{written!r} is {type(found).__name__}, expected one value, on {url}")
        if found is None and not written.endswith("?"):
            raise ExtractionError(f"{written!r} is not in {sorted(row)[:12]} on {url}")
        return _changed(printed(found), change)


def search(value: Any, query: str) -> Any:
    """What a JMESPath query finds in a JSON value; None for nothing."""
    compiled = _compiled(query)
    if not isinstance(compiled, tuple):
        try:
            return compiled.search(value)
        except JMESPathError as error:  # a function that got a text that knows its place
            raise ExtractionError(f"{query!r} cannot be asked: {error}") from error
    for name in compiled:
        value = value.get(name) if isinstance(value, dict) else None
    return value


@lru_cache(maxsize=2048)
def _compiled(query: str) -> Any:
    """A compiled query; the names alone where it only leads from member to member (a quarter of the time)."""
    return tuple(query.split(".")) if _NAMES.fullmatch(query) else jmespath.compile(query)


def _first(query: str) -> str:
    """The member of the row with which a query begins."""
    found = re.match(r'"([^"]+)"|([\w$]+)', query)
    return (found[1] or found[2]) if found else query


def _made(kind: type[Item], values: dict[str, Any]) -> Item:
    """The item. A text may be empty; an identifier or a name that is empty was not understood."""
    for name in ("identifier", "name"):
        if name in values and not values[name]:
            raise ExtractionError(f"{name} of a {kind.kind} is empty: {values}"[:300])
    if "review_body" in values and values["review_body"] is None:
        values["review_body"] = ""
    return kind(**values)


def _changed(value: str | None, change: Callable[[str], str | None] | None) -> str | None:
    if value is None or change is None:
        return value
    made = change(value)
    return made if made is None or isinstance(made, Quoted) else quoted(made, value)
