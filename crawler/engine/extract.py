"""Reading recorded pages again: the same spider callbacks and pipeline steps as on a live crawl.

`rebuild` makes the whole index anew from log and WARC. It gives an equal database because every step on the way
depends on the recorded page and on the archive's alias key alone: no clock, no network, no order of arrival.
"""

import contextlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.conf import build_component_list
from scrapy.utils.misc import build_from_crawler, load_object
from scrapy.utils.response import get_meta_refresh

from crawler.engine.decoding import decoded
from crawler.engine.replay import CAPTURE, response_of
from crawler.engine.run import project_settings
from crawler.engine.site import Site
from crawler.engine.tracing import PageTrace
from crawler.errors import EvidenceError, FormatError
from crawler.evidence.archive import Archive
from crawler.evidence.durable import sync_folder
from crawler.evidence.manifest import Capture, parse_leaf
from crawler.items import Item
from crawler.store.index import FILE, Index, equal, fold_leftovers
from crawler.store.session import Session, adopt_session

Progress = Callable[[int, int], None]


class Extractor:
    """Runs the callback that each capture names over the recorded page, then the pipeline steps."""

    def __init__(self, session: Session) -> None:
        settings = project_settings(session.archive.path)
        self._archive = session.archive.path
        self._session = session
        self._loader = SpiderLoader.from_settings(settings)
        self._sites: dict[str, Site | None] = {}
        # Not applied: addons and extensions would begin a run. The steps only read its settings.
        self._crawler = Crawler(Spider, settings)
        self._limit = int(session.archive.config.max_page_megabytes * (1 << 20))
        adopt_session(self._crawler, session)
        steps = build_component_list(settings.get_component_priority_dict_with_base("ITEM_PIPELINES"))
        self._steps = [build_from_crawler(load_object(step), self._crawler) for step in steps]

    def read(self, capture: Capture) -> bool:
        """Read one capture; False if there is nothing to read in it."""
        site = self._site(capture.site)
        response = capture.response
        if site is None or response is None or capture.read_with is None or capture.state != "complete":
            return False
        name = capture.read_with["callback"]
        trace = PageTrace(capture, site, name, self._session.reading(capture.id))
        try:
            page = decoded(response_of(self._archive, response.locator, capture.url), self._limit)
            if 200 <= page.status < 300 and not self._leads_on(page):
                for item in self._items(site, name, capture, page):
                    self._through_steps(trace.attach(item), trace)
        except Exception as error:  # noqa: BLE001 - as on a live crawl: whatever a parser raises is noted with the page
            trace.failed(error)
        self._session.store(capture.id).result()
        return True

    def _leads_on(self, page: Response) -> bool:
        """Whether the page holds a redirect, which the live crawl followed instead of reading the page.

        The rule is that of scrapy's MetaRefreshMiddleware.
        """
        if not isinstance(page, HtmlResponse):
            return False
        settings = self._crawler.settings
        seconds, url = get_meta_refresh(page, ignore_tags=settings.getlist("METAREFRESH_IGNORE_TAGS"))
        if seconds is None or not url or urlsplit(url).scheme not in ("http", "https"):
            return False
        return seconds < settings.getint("METAREFRESH_MAXDELAY")

    def _items(self, site: Site, name: str, capture: Capture, page: Response) -> Iterator[Item]:
        arguments = (capture.read_with or {})["arguments"]
        page.request = Request(
            capture.url, callback=getattr(site, name), cb_kwargs=arguments, meta={CAPTURE: capture}
        )
        outputs: Iterable[Any] = getattr(site, name)(page, **arguments)
        if inspect.isasyncgen(outputs):
            raise FormatError(f"{site.name}.{name} is asynchronous: callbacks must be plain generators")
        yield from (output for output in outputs if isinstance(output, Item))

    def _through_steps(self, item: Item, trace: PageTrace) -> None:
        passed = item
        try:
            for step in self._steps:
                passed = step.process_item(passed)
        except Exception as error:  # noqa: BLE001 - as on a live crawl, where Scrapy reports it as item_error
            trace.failed(error, item)

    def _site(self, name: str) -> Site | None:
        if name not in self._sites:
            known = name in self._loader.list()
            cls = self._loader.load(name) if known else None
            self._sites[name] = cls() if cls is not None and issubclass(cls, Site) else None
        return self._sites[name]


def rebuild(path: Path, progress: Progress | None = None) -> list[str]:
    """Make evidence.db again from log and WARC; returns how it differs from the one that was there.

    The old database stays until the new one is complete, and is then replaced; a crash before that changes
    nothing, and the next rebuild begins anew. Raises what opening an archive raises; LogShorter also when the
    old database knows entries that the log lacks, for then it is the witness that something is gone.
    """
    fresh, target = path / f"{FILE}.new", path / FILE
    archive = Archive.open(path, writable=True, at_least=_known_leaves(target))
    try:
        _remove(path, f"{FILE}.new*")
        _fill(archive, fresh, progress)
        differences = _compare(target, fresh) if target.exists() else ["there was no database"]
        _remove(path, f"{FILE}-*")
        fresh.replace(target)
        sync_folder(path)
    finally:
        _remove(path, f"{FILE}.new*")
        with contextlib.closing(archive):
            fold_leftovers(path)
    return differences


def _known_leaves(database: Path) -> int:
    """How many log entries the old database knows; 0 if it cannot be read, which is a reason to make it anew."""
    try:
        with Index(database, writable=False) as index:
            return index.leaves
    except EvidenceError:
        return 0


def _remove(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        path.unlink()


def _fill(archive: Archive, target: Path, progress: Progress | None) -> None:
    index = Index(target, writable=True)
    index.catch_up(archive.log.size, archive.log.leaves())
    session = Session(archive, index)
    try:
        extractor = Extractor(session)
        for entry in archive.entries():
            content = parse_leaf(entry.leaf)
            if content["kind"] == "capture":
                extractor.read(Capture.from_json(content))
            if progress is not None:
                progress(entry.index + 1, archive.log.size)
    finally:
        session.stop_writing()
        index.close()


def _compare(old: Path, new: Path) -> list[str]:
    try:
        fold_leftovers(old.parent)
        with Index(old, writable=False) as before, Index(new, writable=False) as after:
            return list(equal(before, after))
    except (EvidenceError, OSError) as error:
        return [f"the old database could not be read: {error}"]
