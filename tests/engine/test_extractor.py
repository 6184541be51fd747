"""Pages that the index knows from the log alone are read when the next crawl begins."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import TextResponse

from crawler import clock, settings
from crawler.engine.extract import rebuild
from crawler.engine.run import Order, crawl
from crawler.engine.site import Output, Page, Site
from crawler.items import Review
from crawler.store.check import check_index
from crawler.store.expiry import expire, plan_expiry
from crawler.store.index import FILE, Index
from crawler.store.session import Session
from tests.engine.odd_server import OddServer, odd_server, reply
from tests.engine.recorded import make_archive

FAST: dict[str, Any] = {"DOWNLOAD_DELAY": 0, "LOG_LEVEL": "CRITICAL"}


class Small(Site):
    """One review on each page."""

    name = "small_site"
    domains = ("127.0.0.1",)
    pages = (Page("review", ".", "parse_page"),)

    def parse_page(self, response: TextResponse) -> Output:
        yield Review(identifier=response.url, review_body=response.css("p::text").get() or "", author="王")


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SPIDER_MODULES", [__name__])


def run(server: OddServer, path: Path, name: str) -> None:
    server.answer(name, reply(f"<p>{name}</p>".encode()))
    (report,) = crawl(path, [Order("small_site", server.url(name))], log_file=path.parent / "log", **FAST)
    assert report.reason == "finished"


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with Index(path / FILE, writable=False) as index:
        return [tuple(row) for row in index.query(sql)]


@pytest.fixture
def restored(tmp_path: Path) -> Path:
    """An archive of two runs whose database was restored from a copy made after the first."""
    path = make_archive(tmp_path / "a")
    with odd_server() as server:
        run(server, path, "/1")
        shutil.copy(path / FILE, tmp_path / "old.db")
        run(server, path, "/2")
    shutil.copy(tmp_path / "old.db", path / FILE)
    return path


def test_what_a_restored_database_lacks_is_said_and_read_by_the_next_crawl(restored: Path) -> None:
    assert check_index(restored).status == "failed"  # it does not even have the captures
    Session.open(restored).close()
    assert len(rows(restored, "select * from review")) == 1
    check = check_index(restored)
    assert check.status == "not-checked"
    assert "1 次采集" in check.detail_zh
    assert "evidence rebuild" in check.remedy_zh
    with odd_server() as server:
        run(server, restored, "/3")
    assert len(rows(restored, "select * from review")) == 3
    assert check_index(restored).status == "passed"
    assert rebuild(restored) == []


def test_a_rebuild_heals_it_too(restored: Path) -> None:
    Session.open(restored).close()
    (difference,) = rebuild(restored)
    assert difference.startswith("review: 1 and 2 rows")
    assert check_index(restored).status == "passed"


def test_a_removed_page_is_read_by_nobody(restored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Session.open(restored) as session, monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: "2030-01-01T00:00:00.000000Z")
        expire(session, plan_expiry(session, 30))
    assert rows(restored, "select * from review") == rows(restored, "select * from to_read") == []
    assert rebuild(restored) == []
    assert check_index(restored).status == "passed"
