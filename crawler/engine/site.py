"""Site: the base of every spider. A spider is one file that says which pages a site has and how each is read.

A callback is a generator method ``parse_…(self, response, **arguments)``. It depends on the response (URL,
headers, body) and on its plain-JSON arguments only, so it reads a recorded page exactly as it read the live
one. It yields items without ``site`` and ``provenance`` (the engine attaches both) and requests made by
`Site.follow`.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import urlsplit

import scrapy
from parsel import Selector
from scrapy.crawler import Crawler
from scrapy.http import Request, TextResponse

from crawler.engine.reading import Found
from crawler.errors import ExtractionError, UsageError
from crawler.items import ITEM_TYPES

Output = Iterator[Found]
Callback = Callable[..., Output]


class Page(NamedTuple):
    """One sort of page of a site: what it mostly yields, its addresses, and the callback that reads it."""

    kind: str  # listing, review, post
    pattern: str  # regular expression, searched in PATH or PATH?QUERY
    callback: str  # name of the method


class Site(scrapy.Spider):
    """Base class of all spiders.

    ``name``         file name of the spider, and the site's word on the command line
    ``domains``      hosts it may ask; subdomains are included
    ``pages``        every sort of page it reads, in order: the first that fits an address reads it
    ``kinds``        the kinds of item that they yield; follows from ``pages``
    ``start_pages``  addresses to begin with, per kind; none means that ``--url`` is needed
    ``expect``       how many items of each kind a whole crawl yields, (least, most); checked at close
    ``version``      raised when the reading changes; stored with every item
    ``more``         CSS selector of the button that loads more, pressed ``more_clicks`` times on rendered pages
    ``access``       "open", or "assisted": only for captures that a person makes
    """

    domains: ClassVar[tuple[str, ...]]
    pages: ClassVar[tuple[Page, ...]] = ()
    kinds: ClassVar[tuple[str, ...]] = ()
    start_pages: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    expect: ClassVar[Mapping[str, tuple[int, int]]] = {}
    version: ClassVar[int] = 1
    more: ClassVar[str | None] = None
    more_clicks: ClassVar[int] = 10
    access: ClassVar[str] = "open"

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        cls.kinds = tuple(dict.fromkeys(page.kind for page in cls.pages))

    def __init__(self, url: str | None = None, kind: str | None = None, **arguments: Any) -> None:
        """`url` replaces the start pages, `kind` narrows them. Raises UsageError if there is no such page."""
        super().__init__(**arguments)
        self.allowed_domains = list(self.domains)  # the name that Scrapy's off-site filter reads
        if kind is not None and kind not in self.kinds:
            raise UsageError(f"{self.name} has no {kind} pages; choose from {', '.join(self.kinds)}")
        if url is not None and not self.owns(url):
            raise UsageError(f"{url} is not a page of {self.name}, which covers {', '.join(self.domains)}")
        self.url = url
        self.kind = kind

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Make the spider for an automatic crawl. Raises UsageError if only a person may browse the site."""
        if cls.access == "assisted":
            raise UsageError(
                f"{cls.name} is not crawled automatically: its pages stand behind a login. "
                "Browse them yourself with `evidence assist URL`, or import a recording"
            )
        site = super().from_crawler(crawler, *args, **kwargs)
        site.first_urls()  # refuse now: an error raised in `start` would only be logged
        return site

    @classmethod
    def owns(cls, url: str) -> bool:
        """Whether `url` is an http or https address on one of `domains`."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        return parts.scheme in ("http", "https") and any(
            host == domain or host.endswith("." + domain) for domain in cls.domains
        )

    @classmethod
    def reads(cls, url: str, kind: str | None = None) -> str | None:
        """Name of the callback for the page at `url`; None if it is not one of this site's pages."""
        parts = urlsplit(url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        for page in cls.pages if cls.owns(url) else ():
            if kind in (None, page.kind) and re.search(page.pattern, target):
                return page.callback
        return None

    @classmethod
    def reader(cls, kind: str) -> str:
        """Name of the first callback for a kind, whatever the address. Raises UsageError if there is none."""
        for page in cls.pages:
            if page.kind == kind:
                return page.callback
        raise UsageError(f"{cls.name} has no {kind} pages; choose from {', '.join(cls.kinds)}")

    async def start(self) -> AsyncIterator[Request]:
        """The first requests. Raises UsageError if there is nothing to begin with."""
        for url in self.first_urls():
            name = self.reads(url, self.kind) or self.reads(url)
            yield self.request(url, getattr(self, name or self.reader(self.kind or self.kinds[0])))

    def first_urls(self) -> tuple[str, ...]:
        """The address given, else the start pages of the kind given, else all of them, each once."""
        if self.url is not None:
            return (self.url,)
        wanted = (self.kind,) if self.kind else self.kinds
        urls = tuple(dict.fromkeys(url for kind in wanted for url in self.start_pages.get(kind, ())))
        if not urls:
            raise UsageError(f"{self.name} has no start page for {' or '.join(wanted)}; give one with --url")
        return urls

    def follow(
        self, response: TextResponse, link: Selector | str, callback: Callback, **arguments: Any
    ) -> Request:
        """A request for a link on this page: an address, or an element with ``href``.

        Raises ExtractionError if the element has none.
        """
        target = link if isinstance(link, str) else link.attrib.get("href", "")
        if not target.strip():
            raise ExtractionError(f"a link to follow has no address on {response.url}: {link!r}")
        return self.request(_joined(response, target.strip()), callback, **arguments)

    def follow_known(self, response: TextResponse) -> Output:
        """Requests for all links on this page that lead to a sort of page in `pages`, each address once."""
        links = (link for link in response.css("a::attr(href)").getall() if _is_address(response, link))
        for url in dict.fromkeys(map(response.urljoin, links)):
            name = self.reads(url)
            if name:
                yield self.request(url, getattr(self, name))

    def request(self, url: str, callback: Callback, **arguments: Any) -> Request:
        """A request read by a method of this spider, with arguments that survive storage as JSON."""
        if arguments and json.loads(json.dumps(arguments)) != arguments:
            raise TypeError(f"arguments of {callback.__name__} must be plain JSON: {arguments!r}")
        return Request(url, callback=callback, cb_kwargs=arguments)


def _joined(response: TextResponse, link: str) -> str:
    try:
        return response.urljoin(link)
    except ValueError as error:  # ``http://[``
        raise ExtractionError(f"a link to follow is no address on {response.url}: {link[:200]!r}") from error


def _is_address(response: TextResponse, link: str) -> bool:
    try:
        return bool(response.urljoin(link))
    except ValueError:
        return False


def check_site(site: type[Site]) -> list[str]:
    """What is wrong with the class attributes of a spider, one sentence each; the test of all spiders asks."""
    kinds = site.kinds
    mistakes = [f"unknown kind {kind}" for kind in kinds if kind not in ITEM_TYPES]
    mistakes += [f"no method {page.callback}" for page in site.pages if not hasattr(site, page.callback)]
    mistakes += [f"{kind} in start_pages but not in pages" for kind in site.start_pages if kind not in kinds]
    mistakes += [f"{kind} in expect but not an item" for kind in site.expect if kind not in ITEM_TYPES]
    for urls in site.start_pages.values():
        mistakes += [f"nothing reads start page {url}" for url in urls if not site.reads(url)]
    if site.access not in ("open", "assisted"):
        mistakes.append(f"access {site.access!r} is neither open nor assisted")
    return mistakes
