"""Reading recorded pages again: the same spider callbacks and pipeline steps as on a live crawl."""

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.conf import build_component_list
from scrapy.utils.misc import build_from_crawler, load_object

from crawler.engine.decoding import decoded
from crawler.engine.reader import Sites
from crawler.engine.reading import Found, Oddity
from crawler.engine.replay import CAPTURE, response_of
from crawler.engine.single import SinglePage
from crawler.engine.site import Site
from crawler.engine.tracing import PageTrace
from crawler.engine.way import leads_on
from crawler.errors import FormatError
from crawler.evidence.manifest import Capture
from crawler.items import Item
from crawler.store.session import Reading, Session, adopt_session


class Reader(NamedTuple):
    """Who reads a page: a site, the name of its callback, and the arguments that the callback is given."""

    site: Site
    callback: str
    arguments: dict[str, Any]

    @property
    def extractor(self) -> str:
        """As in an item's provenance."""
        return f"{self.site.name}:{self.callback}"


class Extractor:
    """Runs the callback that each capture names over the recorded page, then the pipeline steps."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._loader = SpiderLoader.from_settings(settings)
        self._settings = settings
        self._sites: dict[str, Site | None] = {}
        self._all: Sites | None = None  # loading every spider takes time: only for who asks by address
        # Not applied: addons and extensions would begin a run. The steps only read its settings.
        self._crawler = Crawler(Spider, settings)
        self._limit = int(session.archive.config.max_page_megabytes * (1 << 20))
        adopt_session(self._crawler, session)
        steps = build_component_list(settings.get_component_priority_dict_with_base("ITEM_PIPELINES"))
        self.steps = [build_from_crawler(load_object(step), self._crawler) for step in steps]

    def named(self, capture: Capture) -> Reader | None:
        """Who was to read the page when it was captured; None if nobody was, or no spider has that name today."""
        site = self._site(capture.site)
        if site is None or capture.read_with is None:
            return None
        return Reader(site, capture.read_with["callback"], capture.read_with["arguments"])

    def by_address(self, capture: Capture) -> Reader | None:
        """The site of today that knows the address of a page for which nobody was named, if there is one.

        Withheld originals and the exchanges of a rendered page are no pages of their own.
        """
        unnamed = capture.read_with is None or capture.site == SinglePage.name
        if not unnamed or capture.withheld or capture.redacted is not None or capture.page is not None:
            return None
        if self._all is None:
            self._all = Sites(self._settings)
        found = self._all.reader(capture.url)
        site = self._site(found[0]) if found is not None else None
        return Reader(site, found[1], {}) if found is not None and site is not None else None

    def kept(self, capture: Capture) -> bool:
        """Whether the capture holds a page that can be read, and that was not removed."""
        read = capture.reading
        if read is None or not capture.readable:
            return False
        removals, locator = self._session.archive.removals, read.locator
        return removals.removed_on(locator.file, locator.offset) is None

    def read(self, capture: Capture, reader: Reader | None = None) -> bool:
        """Read one capture, with who was named for it or with `reader`; False if there is nothing to read in it."""
        reader = reader or self.named(capture)
        if reader is None or not self.kept(capture):
            return False
        site, name, _ = reader
        trace = PageTrace(capture, site, name, self._session.reading(capture.id))
        try:
            for output in self._found(reader, capture):
                if isinstance(output, Oddity):
                    trace.odd(output)
                elif isinstance(output, Item):
                    self._through_steps(trace.attach(output), trace)
        except Exception as error:  # noqa: BLE001 - as on a live crawl: whatever a parser raises is noted with the page
            trace.failed(error)
        self._session.store(capture.id).result()
        return True

    def items(self, capture: Capture, reader: Reader) -> Iterator[Item]:
        """What stands on a page as its spider yields it, with provenance, before any step. Nothing is stored.

        Raises whatever a parser raises.
        """
        trace = PageTrace(capture, reader.site, reader.callback, Reading())
        for output in self._found(reader, capture):
            if isinstance(output, Item):
                yield trace.attach(output)

    def _found(self, reader: Reader, capture: Capture) -> Iterator[Found]:
        """What the callback yields; nothing for an answer that is no page. Raises whatever a parser raises."""
        read = capture.reading
        if read is None:
            return
        answered = response_of(self._session.archive, read.locator, capture.url, capture.status or 200)
        page = decoded(answered, self._limit)
        if 200 <= page.status < 300 and (
            capture.look is not None or not leads_on(page, self._crawler.settings)
        ):
            yield from self._outputs(reader, capture, page)

    def _outputs(self, reader: Reader, capture: Capture, page: Response) -> Iterator[Found]:
        site, name, arguments = reader
        page.request = Request(
            capture.url, callback=getattr(site, name), cb_kwargs=arguments, meta={CAPTURE: capture}
        )
        outputs: Iterator[Found] = getattr(site, name)(page, **arguments)
        if inspect.isasyncgen(outputs):
            raise FormatError(f"{site.name}.{name} is asynchronous: callbacks must be plain generators")
        yield from outputs

    def _through_steps(self, item: Item, trace: PageTrace) -> None:
        passed = item
        try:
            for step in self.steps:
                passed = step.process_item(passed)
        except Exception as error:  # noqa: BLE001 - as on a live crawl, where Scrapy reports it as item_error
            trace.failed(error, item)

    def _site(self, name: str) -> Site | None:
        if name not in self._sites:
            known = name in self._loader.list()
            cls = self._loader.load(name) if known else None
            self._sites[name] = cls() if cls is not None and issubclass(cls, Site) else None
        return self._sites[name]


def read_waiting(session: Session, settings: Settings) -> int:
    """Read the pages that the index knows from the log alone (table to_read); returns how many it were.

    Such pages are there after a crash, or when evidence.db was restored from an older copy.
    """
    waiting = session.index.query("select leaf from capture join to_read on capture = id order by leaf")
    if not waiting:
        return 0
    # The steps that the extractor makes ask to be told of the session's end; those of the crawl do already.
    on_closing = list(session.on_closing)
    own = settings.copy()
    own.frozen = False  # a running crawl's are
    extractor = Extractor(session, own)
    session.on_closing[:] = on_closing
    for row in waiting:
        capture = Capture.from_leaf(session.archive.log.leaf(row["leaf"]))
        if not extractor.read(capture):
            session.store(capture.id).result()  # no site of today reads it: nothing is missing
    return len(waiting)
