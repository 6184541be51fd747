"""Who wrote what stands on a recorded page: names and accounts as the page has them, each with its alias.

Items are stored with aliases only, so the pages are read once more. For those who take people out of what is handed
over; nothing of it is kept.
"""

from typing import NamedTuple

from crawler.engine.extractor import Extractor, Reader
from crawler.errors import EvidenceError
from crawler.evidence.manifest import Capture
from crawler.items import Item, Post, Review
from crawler.redaction.grade import Kind


class Author(NamedTuple):
    """An author as printed; None where the page does not say."""

    name: str | None
    identifier: str | None
    alias: str | None


class Read(NamedTuple):
    """What one page was found to be: by whom it was read, the kinds of its items, and their authors."""

    kinds: frozenset[str]
    authors: frozenset[Author]


def authors_of(extractor: Extractor, capture: Capture) -> Read | None:
    """The authors on a page; None where no site of today reads it to its end: nobody knows then who stands on it."""
    reader = extractor.named(capture) or extractor.by_address(capture)
    if reader is None or not extractor.kept(capture):
        return None
    try:
        return _read(extractor, capture, reader)
    except Exception:  # noqa: BLE001 - whatever a parser raises: the page is one that nobody can vouch for
        return None


def _read(extractor: Extractor, capture: Capture, reader: Reader) -> Read | None:
    kinds, authors = set(), set()
    for item in extractor.items(capture, reader):
        kinds.add(item.kind)
        if isinstance(item, Review | Post) and (item.author or item.author_identifier):
            authors.add(Author(item.author, item.author_identifier, _alias(extractor, item)))
    return Read(frozenset(kinds), frozenset(authors)) if kinds else None


def _alias(extractor: Extractor, item: Item) -> str | None:
    """As the pipeline's steps give it; they are asked in their order until one has."""
    for step in extractor.steps:
        try:
            item = step.process_item(item)
        except EvidenceError:
            return None  # a step refused the item
        alias = getattr(item, "author_alias", None)
        if alias is not None:
            return str(alias)
        if isinstance(item, Review | Post) and item.author is None and item.author_identifier is None:
            return None
    return None


def page_kind(kinds: frozenset[str]) -> Kind | None:
    """What a page is, by what stands on it: reviews make it a page of reviews."""
    order: tuple[Kind, ...] = ("review", "post", "listing")
    return next((kind for kind in order if kind in kinds), None)
