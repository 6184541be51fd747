"""`evidence extract`: a newer parser beside the older one, pages nobody was named for, and what rebuilding keeps."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import TextResponse

from crawler import settings
from crawler.engine.extract import rebuild_and_carry
from crawler.engine.extraction import extract
from crawler.engine.reading import Oddity
from crawler.engine.run import SINGLE, Order, crawl, project_settings
from crawler.engine.site import Output, Page, Site
from crawler.items import Review
from crawler.store import series
from crawler.store.index import FILE, Index
from crawler.store.session import Session
from tests.archives import nothing_failed
from tests.commands import evidence
from tests.engine.odd_server import OddServer, odd_server, reply
from tests.engine.recorded import make_archive

FAST: dict[str, Any] = {"DOWNLOAD_DELAY": 0, "LOG_LEVEL": "CRITICAL"}
Capsys = pytest.CaptureFixture[str]


class Changing(Site):
    """Reviews of a list; tests replace `version` and `parse_page`."""

    name = "changing"
    domains = ("127.0.0.1",)
    pages = (Page("review", "/list", "parse_page"),)

    def parse_page(self, response: TextResponse) -> Output:
        for number, row in enumerate(response.css("p::text").getall()):
            yield Review(identifier=str(number), review_body=row, variant="红")


def second(_site: Changing, response: TextResponse) -> Output:
    """The second version: no first row, another variant, a row it does not understand."""
    for number, row in enumerate(response.css("p::text").getall()):
        if number:
            yield Review(identifier=str(number), review_body=row, variant="蓝")
    yield Review(identifier="new", review_body="另一条")
    yield Oddity("'b' matches 2 times", lost=False, place="/html/body/p[1]")


@pytest.fixture
def server() -> Iterator[OddServer]:
    with odd_server() as found:
        found.answer("/list", reply(b"<p>a</p><p>b</p>"))
        found.answer("/other", reply(b"<p>a</p>"))
        yield found


@pytest.fixture
def path(tmp_path: Path, server: OddServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive with one page that the site read, the same page captured alone, and one that no site knows."""
    monkeypatch.setattr(settings, "SPIDER_MODULES", [__name__])
    made = make_archive(tmp_path / "a")
    orders = [Order("changing", server.url("/list"))]
    orders += [Order(SINGLE, server.url(name)) for name in ("/list", "/other")]
    crawl(made, orders, log_file=tmp_path / "log", **FAST)
    return made


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with Index(path / FILE, writable=False) as index:
        return [tuple(row) for row in index.query(sql)]


def upgrade(monkeypatch: pytest.MonkeyPatch, reading: Any = second) -> None:
    monkeypatch.setattr(Changing, "version", 2)
    monkeypatch.setattr(Changing, "parse_page", reading)


def test_pages_that_nobody_was_named_for_are_read_by_the_site_that_knows_them(path: Path) -> None:
    with Session.open(path) as session:
        found = extract(session, project_settings(path))
    (site,) = found.sites.values()
    assert (site.read, site.before, site.compared) == (1, 1, 0)
    assert dict(site.items) == {"review": 4}
    assert found.unknown == 4  # robots.txt of each run, and the page that no site knows
    assert found.complete
    assert rebuild_and_carry(path).differences == []
    nothing_failed(path)


def test_a_newer_version_stands_beside_the_older_and_people_see_the_newer(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    older = rows(path, "select * from review order by ordinal")
    upgrade(monkeypatch)
    printed = evidence(capsys, "--archive", path, "extract", "--site", "changing")
    assert printed.code == 0
    assert "changing（解析第 2 版）：读取 2 页" in printed.out
    assert "与前一版比较（1 页）：新读出评价 1，不再读出评价 1，评价的variant改变 1" in printed.out
    assert "未能读懂（细节）2 处：'b' matches 2 times" in printed.out
    assert "位于 /html/body/p[1]" in printed.out
    assert rows(path, "select * from review where version = 1 order by ordinal") == older
    with Index(path / FILE, writable=False) as index:
        assert {row["identifier"] for row in series.items(index, "review", "", 50)} == {"1", "new"}
    again = evidence(capsys, "--archive", path, "extract", "--json")
    assert [(one["read"], one["before"]) for one in again.json["sites"]] == [(0, 2)]
    acts = rows(path, "select details from event where act = 'captures-extracted'")
    assert len(acts) == 1  # the second time nothing was read
    assert '"sites": {"changing": 2}' in acts[0][0]
    nothing_failed(path)


def test_a_version_that_reads_nothing_hides_what_the_older_one_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(monkeypatch, lambda _site, _response: iter(()))
    with Session.open(path) as session:
        found = extract(session, project_settings(path))
    assert dict(found.sites["changing"].difference.vanished) == {"review": 2}
    assert rows(path, "select count(*) from review") == [(2,)]
    assert rows(path, "select count(*) from review_newest") == [(0,)]


def test_what_is_lost_is_said_and_the_exit_code_is_not_0(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    upgrade(monkeypatch, lambda _site, _response: iter((Oddity("a row without text"),)))
    for _ in range(2):  # and again when all of it was read before
        printed = evidence(capsys, "--archive", path, "extract")
        assert printed.code == 1
        assert "可能漏掉内容 2 处" in printed.out


def test_rebuilding_carries_over_what_no_parser_of_today_reads(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(monkeypatch)
    with Session.open(path) as session:
        extract(session, project_settings(path))
    before = rows(path, "select * from review order by capture, version, ordinal")
    made = rebuild_and_carry(path)
    assert made.differences == []
    (carried,) = made.carried
    assert (carried.extractor, carried.version, carried.pages, carried.rows) == (
        "changing:parse_page",
        1,
        1,
        2,
    )
    assert rows(path, "select * from review order by capture, version, ordinal") == before
    database = sqlite3.connect(path / FILE)
    database.execute("update review set review_body = '好' where version = 2")
    database.commit()
    database.close()
    assert rebuild_and_carry(path).differences  # what today's parsers read is not taken over
    nothing_failed(path)


def test_an_interrupted_extraction_goes_on_where_it_ended(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(monkeypatch)

    def interrupt(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with Session.open(path) as session:
        first = extract(session, project_settings(path), progress=interrupt)
    assert first.interrupted
    assert not first.complete
    with Session.open(path) as session:
        second_time = extract(session, project_settings(path))
    read = [sum(site.read for site in one.sites.values()) for one in (first, second_time)]
    assert read == [1, 1]
    assert rebuild_and_carry(path).differences == []
    nothing_failed(path)


def test_since_and_an_unknown_site(path: Path, capsys: Capsys) -> None:
    assert evidence(capsys, "--archive", path, "extract", "--since", "2200-01-01").out.startswith(
        "没有可以读取"
    )
    assert evidence(capsys, "--archive", path, "extract", "--site", "nobody").code == 2
