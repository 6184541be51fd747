"""A page saved as one file: HTML by SingleFile, which notes address and date in a comment, or by a browser; JSON.

What is stored is a *resource*, never a response: no server sent these bytes.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from crawler.engine.importers.found import (
    Exchange,
    Found,
    Json,
    Step,
    Terms,
    claim,
    claims_of,
    require_url,
)
from crawler.errors import UsageError
from crawler.evidence.checks.reading import open_regular

_LOOKED_AT = 64 << 10
_SINGLE_FILE = re.compile(
    r"Page saved with SingleFile\s+url:\s*(?P<url>\S+)\s+saved date:\s*(?P<date>[^\r\n]{1,200})",
    re.IGNORECASE,
)
# What browsers write into a page that they save: <!-- saved from url=(0023)http://www.example.com/ -->
_SAVED_FROM = re.compile(r"saved from url=\(\d{4}\)(?P<url>\S+)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,1000})", re.IGNORECASE)


class HtmlSource:
    """A saved page. Raises UsageError on making it, when neither it nor the operator says where it comes from."""

    format = "html"
    media_type = "text/html"

    def __init__(self, path: Path, terms: Terms) -> None:
        self.path = path
        self._limit = terms.body_limit
        with open_regular(path) as stream:
            begins = stream.read(_LOOKED_AT).decode("utf-8", "replace")
        single, saved = _SINGLE_FILE.search(begins), _SAVED_FROM.search(begins)
        found = single or saved
        told = found["url"] if found is not None else None
        if told is None and terms.url is None:
            raise UsageError(
                "it does not say which page it is: give its address with --url; nothing was kept"
            )
        self._url = require_url(terms.url or told or "")
        title = _TITLE.search(begins)
        self.claims: Json = claims_of(
            software="SingleFile" if single else None,
            date=single["date"] if single else None,
            url=told,
            title=title[1] if title else None,
        )
        if told is None:
            self.claims["url_stated_by_operator"] = claim(terms.url, 1000) or ""
        self.counts: dict[str, int] = {}

    def found(self, *, bodies: bool, step: Step) -> Iterator[Found]:
        """The one page."""
        size = self.path.stat().st_size
        content = None
        if bodies:
            with open_regular(self.path) as stream:
                content = stream.read(self._limit)
        cut = size > self._limit
        yield Exchange(
            key="#1",
            url=self._url,
            resource=content,
            media_type=self.media_type,
            truncated=cut,
            reason=f"the file has {size} bytes; it was cut after {self._limit}" if cut else None,
            claimed=self.claims,
        )
        step(size)
        self.counts = {"page": 1}


class JsonSource(HtmlSource):
    """What an address answered in JSON, saved from a browser's tools. It never says itself which address that was."""

    format = "json"
    media_type = "application/json"
