"""Real saved pages at their original addresses."""

import json
import urllib.request
from hashlib import sha256
from pathlib import Path

import pytest

from crawler.demo.market import Market
from crawler.demo.plan import World
from crawler.demo.saved import INFERRED, SavedSite, charset_of, content_type, saved_pages, saved_urls
from crawler.demo.wire import Request

PAGES = Path(__file__).parents[3] / "shared" / "pages"
needs_pages = pytest.mark.skipif(
    not (PAGES / "INDEX.jsonl").is_file(), reason=f"saved pages not found at {PAGES}"
)

PROMISED = {
    "tieba/thread-2.html", "tieba/listing-1.html", "douban/listing-1.html", "forum-vbulletin/listing-1.html",
    "jd/search-1.html", "jd/reviews-1.json", "jsonld/reviews-1.html", "newsmth/listing-1.html", "v2ex/listing-1.html",
}  # fmt: skip


@needs_pages
def test_every_saved_page_is_answered_byte_for_byte() -> None:
    digests = {
        row["file"]: row["sha256"]
        for row in map(json.loads, (PAGES / "INDEX.jsonl").read_text("utf-8").splitlines())
    }
    urls = saved_urls(PAGES)
    assert {file for *_, file in urls} >= PROMISED
    with Market(World(reviews=200), pages=PAGES) as market:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": market.proxy}))
        for _, _, url, file in urls:
            with opener.open(url) as answer:
                body = answer.read()
                assert sha256(body).hexdigest() == digests[file], url
                body.decode(answer.headers.get_content_charset())


@needs_pages
def test_other_addresses_of_saved_hosts_are_404() -> None:
    site = SavedSite(PAGES)
    for target in ("/robots.txt", "/p/1"):
        reply = site.answer(Request("GET", "tieba.baidu.com", target))
        assert reply.status == 404
    assert site.answer(Request("GET", "tieba.baidu.com", "/p/9119688421")).status == 200


def test_no_folder_no_pages(tmp_path: Path) -> None:
    assert saved_pages(tmp_path) == []
    assert SavedSite(None).hosts == set()


def test_index_rows_become_http_addresses(tmp_path: Path) -> None:
    rows = [
        {
            "file": "a/listing-1.html",
            "site": "a.test",
            "kind": "listing",
            "original_url": "https://a.test/列表?kw=盗墓&x=%41",
        },
        {"file": "b/asset.css", "site": "a.test", "kind": "asset", "original_url": "https://a.test/x.css"},
        {"file": "c/reviews-1.html", "site": "c.test", "kind": "reviews", "original_url": None},
        {
            "file": "d/reviews-1.html",
            "site": "d.test",
            "kind": "reviews",
            "original_url": "https://d.test/…/1",
        },
    ]
    (tmp_path / "INDEX.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert saved_urls(tmp_path) == [
        (
            "a.test",
            "listing",
            "http://a.test/%E5%88%97%E8%A1%A8?kw=%E7%9B%97%E5%A2%93&x=%41",
            "a/listing-1.html",
        )
    ]


def test_inferred_addresses_are_plain_http() -> None:
    assert all(url.startswith("http://") and url.isascii() for url in INFERRED.values())


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("中文".encode(), "utf-8"),
        ("﻿中文".encode("utf-16"), "utf-16"),
        ('<meta charset="gbk">中文'.encode("gbk"), "gbk"),
        ("没有声明的国标页面".encode("gb18030"), "gb18030"),
        (b'<meta charset="iso-8859-1">Bestellungen f\xfcr', "iso-8859-1"),
    ],
)
def test_the_charset_is_one_that_fits_the_bytes(body: bytes, charset: str) -> None:
    assert charset_of(body) == charset
    assert content_type(body, "x.html") == f"text/html; charset={charset}"
    assert content_type(body, "x.json").startswith("application/json")
