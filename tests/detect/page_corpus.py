"""A corpus made by hand that has pages too."""

from collections.abc import Iterator, Sequence
from typing import Any

from crawler.detect.kit.pages import Page
from tests.detect.things import CorpusOf


def page(url: str, text: str, **fields: Any) -> Page:
    """A page; its capture is `c-` and the address."""
    host = url.split("/")[2]
    known = {
        "site": "any", "domain": ".".join(host.split(".")[-2:]), "identifier": url, "url": url, "capture": f"c-{url}",
        "captured_at": "2026-11-20T02:00:00Z", "leaf": 1, "state": "complete", "title": text.split("\n")[0],
        "text": text, "whole": True,
    }  # fmt: skip
    return Page(**{**known, **fields})


class PageCorpusOf(CorpusOf):
    """As `CorpusOf`, with pages."""

    def __init__(self, *, pages: Sequence[Page], **things: Any) -> None:
        super().__init__(**things)
        self._pages = list(pages)

    def pages(self, *, new: bool = False) -> Iterator[Page]:
        return iter(self._pages)

    def page(self, capture: str) -> Page | None:
        return next((each for each in self._pages if each.capture == capture), None)
