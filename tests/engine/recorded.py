"""Run a real crawl in this process and read back what it recorded."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from scrapy import Request
from scrapy.http import Response

from crawler.config import Config
from crawler.engine import run
from crawler.engine.site import Output, Page, Site
from crawler.evidence import warc
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture, parse_leaf
from crawler.evidence.warc import Record

ORGANISATION = {"organisation": "测试消协", "operator": "甲", "contact": "mailto:a@example.org"}


class Pages(Site):
    """Asks for `addresses` and keeps what reaches it in `seen`."""

    name = "page"
    domains = ("127.0.0.1", "localhost")
    pages = (Page("post", ".", "parse_page"),)
    addresses: ClassVar[Sequence[str]] = ()
    seen: ClassVar[list[Response]] = []

    def first_urls(self) -> tuple[str, ...]:
        return tuple(self.addresses)

    def parse_page(self, response: Response) -> Output:
        self.seen.append(response)
        yield from ()


@dataclass
class Crawled:
    """What one crawl left behind."""

    archive: Path
    report: run.RunReport
    captures: list[Capture]
    events: list[dict[str, Any]]
    seen: list[Response]
    requests: dict[str, tuple[str, str | None]]  # URL → state and reason in the frontier

    def of(self, url: str) -> list[Capture]:
        """The captures of one address, in order."""
        return [capture for capture in self.captures if capture.url == url]

    def only(self, url: str) -> Capture:
        """The one capture of an address."""
        (capture,) = self.of(url)
        return capture

    def record(self, capture: Capture, kind: str) -> Record:
        """The one WARC record of a kind in a capture."""
        (stored,) = [record for record in capture.records if record.type == kind]
        return warc.decode(warc.read_stored(self.archive, stored.locator))

    def kinds(self, capture: Capture) -> list[str]:
        """The types of a capture's WARC records."""
        return [record.type for record in capture.records]

    def acts(self, act: str) -> list[dict[str, Any]]:
        """The details of all events of one kind."""
        return [event["details"] for event in self.events if event["act"] == act]


def make_archive(path: Path, **settings: Any) -> Path:
    """An archive whose crawls do not wait."""
    values: dict[str, Any] = {"delay_seconds": 0.0, **ORGANISATION, **settings}
    Archive.create(path, Config(origin="test.example/log", **values)).close()
    return path


def crawl_pages(
    archive: Path,
    addresses: Sequence[str],
    *,
    site: type[Pages] = Pages,
    resume: str | None = None,
    **settings: Any,
) -> Crawled:
    """Crawl some addresses into an archive, with these Scrapy settings."""
    running = type("Running", (site,), {"addresses": tuple(addresses), "seen": []})
    order = run.Order(run.SINGLE, resume=resume)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "SinglePage", running)
        (report,) = run.crawl(archive, [order], log_file=archive.parent / "crawl.log", **settings)
    return read_back(archive, report, running.seen)


def read_back(archive: Path, report: run.RunReport, seen: list[Response]) -> Crawled:
    """Read the log of an archive and the frontier of a run."""
    with Archive.open(archive) as opened:
        leaves = [entry.leaf for entry in opened.entries()]
    contents = [parse_leaf(leaf) for leaf in leaves]
    captures = [
        Capture.from_leaf(leaf)
        for leaf, content in zip(leaves, contents, strict=True)
        if content["kind"] == "capture"
    ]
    events = [content for content in contents if content["kind"] == "event"]
    return Crawled(archive, report, captures, events, seen, frontier_rows(archive, report.run))


def frontier_rows(archive: Path, run_name: str) -> dict[str, tuple[str, str | None]]:
    """URL → (state, reason) of every request of a run."""
    database = sqlite3.connect(archive / "frontier.db")
    rows = database.execute(
        "select request, state, reason from request where run = ?", (run_name,)
    ).fetchall()
    database.close()
    return {json.loads(request)["url"]: (state, reason) for request, state, reason in rows}


def request_of(url: str, **fields: Any) -> Request:
    """A request as Site.request makes it, for tests that need fields which that does not take."""
    return Request(url, **fields)
