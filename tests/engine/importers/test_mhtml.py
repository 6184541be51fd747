"""MHTML files: every part a resource with its own address, the root the page that the others belong to."""

import base64
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.archives import nothing_failed
from tests.engine.importers.imported import captures, facts, only, record, take
from tests.engine.importers.served import PNG, served

HEAD = (
    "From: <Saved by Blink>\r\nSnapshot-Content-Location: http://shop.invalid/1\r\n"
    "Subject: =?utf-8?Q?=E5=BA=97?=\r\nDate: Mon, 5 Aug 2024 10:11:12 +0800\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="{boundary}"\r\n\r\n\r\n'
)
PAGE = "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Location: http://shop.invalid/1\r\n\r\n<p>=E5=BA=97=\r\n!"
PICTURE = (
    "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-Location: x.png\r\n\r\n"
    + base64.encodebytes(PNG).decode().replace("\n", "\r\n")
)


def mhtml(path: Path, *parts: str, boundary: str = "----MultipartBoundary--x", end: bool = True) -> Path:
    """An MHTML file as Chromium writes it."""
    text = HEAD.format(boundary=boundary) + "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    path.write_bytes((text + (f"--{boundary}--\r\n" if end else "")).encode())
    return path


def test_parts_become_resources_that_belong_to_the_page(archive: Path, tmp_path: Path) -> None:
    (report,) = take(archive, mhtml(tmp_path / "a.mhtml", PAGE, PICTURE))
    assert report.captures == {"complete": 2}
    page, picture = captures(archive)
    assert record(archive, page, "resource").block == "<p>店!".encode()
    assert record(archive, picture, "resource").block == PNG
    assert (page.url, picture.url) == ("http://shop.invalid/1", "http://shop.invalid/x.png")
    assert (page.page, picture.page) == (None, page.id)
    assert (page.media_type, picture.media_type) == ("text/html", "image/png")
    assert page.imported is not None
    assert page.imported["claimed"]["date"] == "Mon, 5 Aug 2024 10:11:12 +0800"
    assert ["Content-Transfer-Encoding", "quoted-printable"] in facts(archive, page)["part"]
    nothing_failed(archive)


def test_parts_that_cannot_be_taken_are_refused_one_by_one(archive: Path, tmp_path: Path) -> None:
    nested = 'Content-Type: multipart/mixed; boundary="y"\r\nContent-Location: http://a.invalid/\r\n\r\n--y--'
    nameless = "Content-Type: text/css\r\n\r\np{}"
    broken = PICTURE.partition("\r\n\r\n")[0].replace("x.png", "b.png") + "\r\n\r\n!!"
    by_id = "Content-Type: text/css\r\nContent-ID: <css-1@mhtml.blink>\r\n\r\np{}"
    endless = "X-A: " + "x" * 70_000
    (report,) = take(archive, mhtml(tmp_path / "a.mhtml", PAGE, nested, nameless, broken, by_id, endless))
    assert report.captures == {"complete": 2, "partial": 1}
    assert report.problem_count == 3
    assert only(archive, "cid:css-1@mhtml.blink").state == "complete"
    assert "base64" in str(only(archive, "http://shop.invalid/b.png").reason)
    nothing_failed(archive)


def test_without_a_root_nothing_is_said_to_belong_to_it(archive: Path, tmp_path: Path) -> None:
    path = mhtml(tmp_path / "a.mhtml", "Content-Type: multipart/mixed\r\n\r\n", PICTURE)
    take(archive, path)
    (capture,) = captures(archive)
    assert capture.page is None


@pytest.mark.parametrize("end", [False, True])
def test_a_cut_or_empty_file_is_refused(end: bool, archive: Path, tmp_path: Path) -> None:
    (report,) = take(archive, mhtml(tmp_path / "a.mhtml", *([] if end else [PAGE, PICTURE]), end=end))
    assert report.refused is not None
    assert report.quarantined is not None
    assert captures(archive) == []
    nothing_failed(archive)


@pytest.mark.browser
def test_an_mhtml_of_a_real_browser(chromium: str, archive: Path, tmp_path: Path) -> None:
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        snapshot = page.context.new_cdp_session(page).send("Page.captureSnapshot", {"format": "mhtml"})
        browser.close()
    path = tmp_path / "saved.mhtml"
    path.write_bytes(snapshot["data"].encode())
    (report,) = take(archive, path)
    assert report.complete, report
    saved = only(archive, address)
    assert "五星好评，晒图返现" in record(archive, saved, "resource").block.decode("gbk")
    assert record(archive, only(archive, address.replace("page.html", "x.png")), "resource").block == PNG
    assert saved.imported is not None
    assert "Blink" in saved.imported["claimed"]["software"]
    nothing_failed(archive)
