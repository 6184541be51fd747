"""Every saved page through the whole machine: imported, read, stored; walls are blocked, nothing crashes.

What the items say is compared with the index in test_spiders.py; here what is stored is what a spider reads, with the
place of each value, and a page that is damaged costs itself and nothing else.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from scrapy.http import HtmlResponse, TextResponse

from crawler.engine.importers.intake import Intake
from crawler.engine.importers.report import Statement
from crawler.engine.reading import Oddity
from crawler.errors import ExtractionError
from crawler.evidence.manifest import Capture
from crawler.items import Item
from crawler.store.session import Session
from tests.archives import make, nothing_failed
from tests.spiders.case import Case, all_cases, read_all, spider

CASES = all_cases()
EACH = pytest.mark.parametrize(("name", "case"), CASES, ids=[case.file for _, case in CASES])
WALLS = ("weibo/blocked-1.html", "vocus/blocked-1.html")


class Archive:
    """One archive with all pages in it, each imported as a person would who saved it."""

    def __init__(self, session: Session, pages: Path, folder: Path) -> None:
        self.session = session
        for number, (_, case) in enumerate(CASES):
            path = folder / f"{number:03}"
            path.write_bytes(case.content((pages / case.file).read_bytes()))
            (report,) = Intake(
                session,
                Statement(origin="测试", by="测试", url=case.response(pages).url, trust=None),
                lambda *_: None,
            ).take(path)
            assert report.refused is None, (case.file, report.refused)

    def capture(self, url: str) -> Capture:
        (row,) = self.session.index.query("select leaf from capture where url = ?", (url,))[:1]
        return Capture.from_leaf(self.session.archive.log.leaf(row["leaf"]))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, pages: Path) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("saved")
    with Session.open(make(tmp_path_factory.mktemp("archive") / "a")) as session:
        yield Archive(session, pages, folder)
    nothing_failed(session.archive.path)


@EACH
def test_what_is_stored_is_what_the_spider_reads(
    name: str, case: Case, archive: Archive, pages: Path
) -> None:
    response = case.response(pages)
    items, _, odd = read_all(name, case.callback, response)
    query = archive.session.index.query
    for kind in {item.kind for item in items}:
        rows = query(
            f"select identifier, places from {kind} where site = ? and capture in"  # noqa: S608 - names are ours
            " (select id from capture where url = ?)",
            (name, response.url),
        )
        read = [item.identifier for item in items if item.kind == kind]
        assert sorted(row["identifier"] for row in rows) == sorted(read)
        assert all(json.loads(row["places"] or "{}") for row in rows)
    lost = query(
        "select reason from unread where lost and capture in (select id from capture where url = ?)",
        (response.url,),
    )
    assert len(lost) == sum(one.lost for one in odd), [row["reason"] for row in lost]


@EACH
def test_a_damaged_page_is_an_error_that_is_named(name: str, case: Case, pages: Path) -> None:
    whole = case.response(pages)
    wrecks = (
        b"",
        b" ",
        b"<html></html>",
        b"{}",
        b"[]",
        b"null",
        whole.body[: len(whole.body) // 2],
        whole.body[100:],
    )
    for body in wrecks:
        assert isinstance(outcome(name, case, whole.replace(body=body)), ExtractionError | list)


@EACH
def test_a_wall_in_place_of_a_page_gives_no_item(name: str, case: Case, pages: Path) -> None:
    for wall in WALLS:
        response = case.response(pages)
        body = (pages / wall).read_bytes()
        found = outcome(
            name, case, HtmlResponse(response.url, headers={"Content-Type": "text/html"}, body=body)
        )
        assert isinstance(found, ExtractionError) or [one for one in found if isinstance(one, Item)] == []


def outcome(name: str, case: Case, response: TextResponse) -> ExtractionError | list[Item | Oddity]:
    """What a spider makes of a page; any error but ours fails the test."""
    found: list[Item | Oddity] = []
    try:
        for one in getattr(spider(name)(), case.callback)(response):
            if isinstance(one, Item | Oddity):
                found.append(one)
    except ExtractionError as error:
        return error
    return found
