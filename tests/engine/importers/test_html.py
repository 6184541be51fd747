"""Pages saved as one HTML file: the address from the saver's comment, or from the operator, or not at all."""

from pathlib import Path

import pytest

from tests.archives import nothing_failed
from tests.engine.importers.imported import captures, events, only, record, take

SINGLE = b"""<!DOCTYPE html> <html lang=zh><!--
 Page saved with SingleFile 
 url: https://shop.invalid/item?id=1 
 saved date: Mon Aug 05 2024 18:11:12 GMT+0800 (China Standard Time)
--><meta charset=utf-8><title>\xe5\xba\x97\xe9\x93\xba</title><p>x"""  # noqa: W291 - as SingleFile writes it
CHROME = b"<!DOCTYPE html>\n<!-- saved from url=(0024)http://shop.invalid/saved -->\n<html><p>x"


def test_single_file_says_where_and_when(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "店铺 首页.html"
    path.write_bytes(SINGLE)
    (report,) = take(archive, path)
    assert report.captures == {"complete": 1}
    capture = only(archive, "https://shop.invalid/item?id=1")
    assert record(archive, capture, "resource").block == SINGLE
    assert capture.imported is not None
    assert capture.imported["claimed"] == {
        "software": "SingleFile",
        "date": "Mon Aug 05 2024 18:11:12 GMT+0800 (China Standard Time)",
        "url": "https://shop.invalid/item?id=1",
        "title": "店铺",
    }
    nothing_failed(archive)


def test_what_a_browser_noted_is_read(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "a.htm").write_bytes(CHROME)
    take(archive, tmp_path / "a.htm")
    assert only(archive, "http://shop.invalid/saved").state == "complete"


def test_without_an_address_nothing_is_kept_until_one_is_given(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(b"<html><p>x")
    (report,) = take(archive, path)
    assert report.refused is not None
    assert "--url" in report.refused
    assert report.quarantined is None
    assert not events(archive, "file-imported")
    (report,) = take(archive, path, url="http://shop.invalid/stated")
    assert report.claims == {"url_stated_by_operator": "http://shop.invalid/stated"}
    assert only(archive, "http://shop.invalid/stated").state == "complete"
    nothing_failed(archive)


@pytest.mark.parametrize("address", ["javascript:alert(1)\x07", "nowhere", "http://"])
def test_an_address_that_is_none_is_refused(address: str, archive: Path, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(SINGLE.replace(b"https://shop.invalid/item?id=1", address.encode()))
    (report,) = take(archive, tmp_path / "a.html")
    assert report.refused is not None
    assert captures(archive) == []
    nothing_failed(archive)


@pytest.mark.parametrize("content", [b'{"data": {"list": []}}', b'[{"id": 1, "log": {}}]'])
def test_an_answer_in_json_needs_its_address(content: bytes, archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "reviews.json"
    path.write_bytes(content)
    (report,) = take(archive, path)
    assert "--url" in (report.refused or "")
    (report,) = take(archive, path, url="http://shop.invalid/api?page=1")
    assert report.captures == {"complete": 1}
    kept = record(archive, only(archive, "http://shop.invalid/api?page=1"), "resource")
    assert (kept.block, kept.content_type) == (content, "application/json")
    nothing_failed(archive)


def test_a_part_of_a_page_is_html(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(b'<li class="comment">x</li>')
    (report,) = take(archive, tmp_path / "a.html", url="http://shop.invalid/part")
    assert (report.format, report.captures) == ("html", {"complete": 1})
