"""Files are told by their content: whatever their names, and never by a guess."""

import gzip
from pathlib import Path

import pytest

from crawler.engine.importers.recognise import recognise
from crawler.errors import UsageError
from crawler.evidence.imported import safe_name
from tests.conftest import PAGES
from tests.engine.importers.served import PNG

KNOWN = {
    "warc": b"WARC/1.0\r\n",
    "wacz": b"PK\x03\x04....",
    "har": b'\xef\xbb\xbf\n {"log": 1}',
    "json": b'[\n {"id": 1}]',
    "mhtml": b"MIME-Version: 1.0\r\nX: y\r\nContent-Type: multipart/related; boundary=x\r\n\r\n",
    "html": b"\xef\xbb\xbf<!-- saved from url=(0001)x -->\n<!DOCTYPE HTML><p>",
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/webp": b"RIFF\x00\x00\x00\x00WEBP",
    "image/heic": b"\x00\x00\x00\x18ftypheic",
    "video/mp4": b"\x00\x00\x00\x18ftypisom",
    "audio/wav": b"RIFF\x00\x00\x00\x00WAVE",
    "application/pdf": b"%PDF-1.7",
}


@pytest.mark.parametrize("kind", list(KNOWN))
def test_a_file_is_told_by_its_first_bytes(kind: str, tmp_path: Path) -> None:
    (tmp_path / "name.txt").write_bytes(KNOWN[kind])
    assert recognise(tmp_path / "name.txt") == kind


def test_gzip_and_utf_16_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(b"WARC/1.1\r\n", mtime=0))
    assert recognise(tmp_path / "a") == "warc"
    (tmp_path / "b").write_bytes("\ufeff<html>".encode("utf-16-le"))
    assert recognise(tmp_path / "b") == "html"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"filedesc://x.arc 127.0.0.1", "ARC"),
        (gzip.compress(b"filedesc://x.arc 127.0.0.1", mtime=0), "ARC"),
        (gzip.compress(b"hello", mtime=0), "no WARC"),
        (b"\x1f\x8bbroken", "but is none"),
        (b"\xd0\xcf\x11\xe0", "cannot be told"),
        (b"", "cannot be told"),
        (b"From: a letter\r\n\r\nhello", "cannot be told"),
        (b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n", "cannot be told"),
    ],
)
def test_anything_else_is_refused_with_what_to_do(content: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(UsageError, match=why) as refused:
        recognise(tmp_path / "x")
    assert "nothing was kept" in str(refused.value)


@pytest.mark.saved_pages
def test_saved_html_pages_are_html() -> None:
    pages = sorted(PAGES.glob("*/*.html"))
    told = {path.relative_to(PAGES).as_posix(): _told(path) for path in pages}
    assert {name for name, kind in told.items() if kind not in ("html", "refused", "har")} == set()
    assert sum(kind == "html" for kind in told.values()) > len(told) * 0.8


def _told(path: Path) -> str:
    try:
        return recognise(path)
    except UsageError:
        return "refused"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("店铺 页面.warc.gz", "warc.gz"),
        ("截图.png", "file.png"),
        ("a b(1).wacz", "a-b-1.wacz"),
        (".hidden", "hidden"),
        ("../../etc/passwd", "file.etc-passwd"),
        ("-rf", "rf"),
        ("。", "file"),
        (".x.unfinished", "x.unfinished"),
        ("x" * 300 + ".har", "x" * 80 + ".har"),
    ],
)
def test_names_in_the_archive_are_plain_ascii(name: str, safe: str) -> None:
    assert safe_name(name) == safe
