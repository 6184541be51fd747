"""Each crawl says what it yielded beside what is expected and beside the last run: silence is an alarm."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from scrapy.http import TextResponse

from crawler import settings, show
from crawler.engine.reading import Oddity
from crawler.engine.run import Order, RunReport, crawl
from crawler.engine.site import Output, Page, Site
from crawler.items import Review
from tests.engine.odd_server import OddServer, odd_server, reply
from tests.engine.recorded import make_archive

SETTINGS = {"DOWNLOAD_DELAY": 0, "LOG_LEVEL": "CRITICAL"}


class Yielding(Site):
    """A review for each paragraph; a detail of each `b` is not understood."""

    name = "yielding"
    domains = ("127.0.0.1",)
    pages = (Page("review", ".", "parse_page"),)
    expect = {"review": (1, 12)}

    def parse_page(self, response: TextResponse) -> Output:
        for number, row in enumerate(response.css("p::text").getall()):
            yield Review(identifier=str(number), review_body=row)
        for _ in response.css("b"):
            yield Oddity(f"'b' of {response.url} is unknown", lost=False, place="/html/body/b")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OddServer]:
    monkeypatch.setattr(settings, "SPIDER_MODULES", [__name__])
    with odd_server() as found:
        yield found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make_archive(tmp_path / "a")


def run(server: OddServer, path: Path, page: bytes, *, whole: bool = False) -> RunReport:
    server.scripts.pop("/list", None)
    server.answer("/list", reply(page))
    url = server.url("/list")
    if whole:
        Yielding.start_pages = {"review": (url,)}
    order = Order("yielding", None if whole else url)
    (report,) = crawl(path, [order], log_file=path.parent / "log", **SETTINGS)
    assert report.reason == "finished"
    return report


@pytest.mark.parametrize("whole", [True, False])
def test_reviews_that_are_gone_are_an_alarm_with_both_numbers(
    server: OddServer, path: Path, whole: bool
) -> None:
    assert run(server, path, b"<p>a</p>" * 9, whole=whole).exit_code != 1
    report = run(server, path, b"<div>we have a new design</div>", whole=whole)
    assert report.exit_code == 1
    (line,) = [line for line in show.runs([report]).splitlines() if "【警报】" in line]
    assert "评价：上次采集 9 条，这次 0 条，预期 1 至 12 条" in line
    assert "spiders/yielding.py" in line
    assert "evidence extract --site yielding" in line


def test_an_empty_first_crawl_and_more_than_expected_are_alarms_too(server: OddServer, path: Path) -> None:
    empty = run(server, path, b"<div>nothing</div>")
    assert empty.exit_code == 1
    assert "上次" not in show.runs([empty])
    many = run(server, path, b"<p>a</p>" * 13, whole=True)
    assert many.exit_code == 1
    assert "这次 13 条，预期 1 至 12 条" in show.runs([many])


def test_less_than_half_is_a_warning_and_half_is_not(server: OddServer, path: Path) -> None:
    run(server, path, b"<p>a</p>" * 8)
    assert "【注意】" not in show.runs([run(server, path, b"<p>a</p>" * 4)])
    report = run(server, path, b"<p>a</p>")
    assert "【注意】评价：上次采集 4 条，这次 1 条，少了一半以上" in show.runs([report])
    assert report.exit_code != 1


def test_oddities_are_listed_by_reason_with_one_place(server: OddServer, path: Path) -> None:
    report = run(server, path, b"<p>a</p><b>1</b><b>2</b>")
    (odd,) = report.odd
    assert (odd.count, odd.lost, odd.place) == (2, False, "/html/body/b")
    text = show.runs([report])
    assert "未能读懂（细节）2 处：'b' of … is unknown" in text
    assert "位于 /html/body/b" in text
    assert report.exit_code != 1
