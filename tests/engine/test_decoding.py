"""Content codings: undone whole and checked, or refused; never a shorter page."""

import gzip
import tracemalloc
import zlib
from pathlib import Path

import brotli
import pytest
from backports import zstd
from scrapy.http import HtmlResponse, JsonResponse, Response, TextResponse

from crawler.engine.decoding import decoded
from crawler.errors import FormatError

PAGE = "<html><meta charset=gbk><title>手工皂</title>".encode("gbk") + b"x" * 5000
LIMIT = 100_000
URL = "http://shop.test/a"


def raw_deflate(content: bytes) -> bytes:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeezer.compress(content) + squeezer.flush()


CODED = {
    "gzip": gzip.compress(PAGE),
    "x-gzip": gzip.compress(PAGE),
    "deflate": zlib.compress(PAGE),
    "br": brotli.compress(PAGE),
    "zstd": zstd.compress(PAGE),
}
EVERY = pytest.mark.parametrize("coding", CODED)


def answer(body: bytes, *codings: str, kind: str = "text/html", status: int = 200) -> Response:
    headers = {"Content-Type": kind, "Content-Encoding": list(codings), "X-A": ["1", "2"]}
    return Response(URL, status=status, headers=headers, body=body)


def undone(body: bytes, *codings: str, limit: int = LIMIT) -> bytes:
    return decoded(answer(body, *codings), limit).body


@EVERY
def test_every_coding_is_undone(coding: str) -> None:
    page = decoded(answer(CODED[coding], coding), LIMIT)
    assert page.body == PAGE
    assert isinstance(page, HtmlResponse)
    assert page.css("title::text").get() == "手工皂"
    assert "Content-Encoding" not in page.headers
    assert page.headers.getlist("X-A") == [b"1", b"2"]


def test_raw_deflate_is_understood_too() -> None:
    assert undone(raw_deflate(PAGE), "deflate") == PAGE


def test_names_are_compared_without_case_and_identity_is_nothing() -> None:
    assert undone(CODED["gzip"], "GZip, identity") == PAGE
    assert undone(PAGE, "identity") == PAGE


def test_several_codings_are_undone_from_the_last_to_the_first() -> None:
    twice = gzip.compress(CODED["br"])
    assert undone(twice, "br, gzip") == PAGE
    assert undone(twice, "br", "gzip") == PAGE
    with pytest.raises(FormatError, match="broken"):
        undone(twice, "gzip, br")


def test_members_and_frames_that_follow_one_another_are_one_page() -> None:
    halves = PAGE[:1000], PAGE[1000:]
    assert undone(b"".join(map(gzip.compress, halves)), "gzip") == PAGE
    assert undone(b"".join(map(zstd.compress, halves)), "zstd") == PAGE


@EVERY
@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_cut_body_is_refused(coding: str, cut: int) -> None:
    with pytest.raises(FormatError, match=f"{coding} is broken"):
        undone(CODED[coding][:-cut], coding)


def test_a_cut_second_member_is_refused() -> None:
    with pytest.raises(FormatError, match="too early"):
        undone(gzip.compress(PAGE) + gzip.compress(PAGE)[:-1], "gzip")
    with pytest.raises(FormatError, match="too early"):
        undone(zstd.compress(PAGE) + zstd.compress(PAGE)[:-1], "zstd")


def test_a_wrong_checksum_is_refused() -> None:
    body = CODED["gzip"]
    for spoilt in (body[:-8] + b"\0\0\0\0" + body[-4:], body[:-4] + b"\0\0\0\0"):
        with pytest.raises(FormatError, match="gzip is broken"):
            undone(spoilt, "gzip")
    with pytest.raises(FormatError, match="deflate is broken"):
        undone(CODED["deflate"][:-4] + b"\0\0\0\0", "deflate")


@EVERY
def test_bytes_that_are_not_of_the_coding_are_refused(coding: str) -> None:
    with pytest.raises(FormatError, match="broken"):
        undone(PAGE, coding)


def test_garbage_behind_the_last_member_is_refused() -> None:
    with pytest.raises(FormatError, match="broken"):
        undone(CODED["gzip"] + b"garbage", "gzip")


def test_an_unknown_coding_is_refused_by_name() -> None:
    with pytest.raises(FormatError, match=r"http://shop\.test/a: unknown content coding 'snappy'"):
        undone(PAGE, "snappy")


@EVERY
def test_no_body_has_no_coding(coding: str) -> None:
    """Redirects, 204, 304 and answers to HEAD may name the coding that the page would have had."""
    assert undone(b"", coding) == b""


@EVERY
def test_the_limit_is_exact(coding: str) -> None:
    assert undone(CODED[coding], coding, limit=len(PAGE)) == PAGE
    with pytest.raises(FormatError, match=f"inflates to over {len(PAGE) - 1} bytes"):
        undone(CODED[coding], coding, limit=len(PAGE) - 1)
    assert undone(CODED[coding], coding, limit=0) == PAGE  # no limit


def test_a_bomb_is_refused_before_it_inflates() -> None:
    flood = b"0" * 50_000_000
    bombs = {"gzip": gzip.compress(flood, 1), "zstd": zstd.compress(flood, 1)}
    del flood
    bombs["gzip"] += bombs["gzip"]
    for coding, bomb in bombs.items():
        tracemalloc.start()
        with pytest.raises(FormatError, match="inflates to over"):
            undone(bomb, coding)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 5_000_000


@pytest.mark.parametrize(("coding", "squeeze"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
def test_a_bomb_of_many_small_members_is_refused(coding: str, squeeze: object) -> None:
    assert callable(squeeze)
    with pytest.raises(FormatError, match="inflates to over"):
        undone(squeeze(b"0" * (LIMIT // 2)) * 100, coding)


def test_the_class_follows_the_content_not_the_coded_bytes() -> None:
    kinds = {"application/json": JsonResponse, "text/plain": TextResponse, "text/html": HtmlResponse}
    for kind, cls in kinds.items():
        assert type(decoded(answer(CODED["gzip"], "gzip", kind=kind), LIMIT)) is cls


def test_a_picture_whose_coded_bytes_look_like_text() -> None:
    """Scrapy makes a TextResponse of it, because it judges by the bytes of a coded body."""
    coded = TextResponse(URL, headers={"Content-Type": "image/png", "Content-Encoding": "deflate"}, body=b"")
    coded = coded.replace(body=zlib.compress(b"\x89PNG\r\n\x1a\n\0\0"))
    page = decoded(coded, LIMIT)
    assert (type(page), page.body) == (Response, b"\x89PNG\r\n\x1a\n\0\0")


def test_the_encoding_is_found_anew_in_the_decoded_page() -> None:
    coded = TextResponse(
        URL, headers={"Content-Encoding": "gzip"}, body=gzip.compress(PAGE), encoding="latin-1"
    )
    page = decoded(coded, LIMIT)
    assert isinstance(page, TextResponse)
    assert page.encoding == "gb18030"


CHARSETS = {  # of the saved pages that declare another charset than theirs, or none → a text that only reads so
    "encoding/encoding-1.html": "阿部寛のホームページ",
    "encoding/encoding-11.xml": "家庭．數位化",
    "encoding/encoding-2.html": "B-52s | Shop the B-52s Official Store",
    "encoding/encoding-6.html": "搜狐在线国庆免费大酬宾",
    "encoding/encoding-7.xml": "加西公社温哥华大队向阳生产队温暖小分队",
    "encoding/encoding-8.xml": "Web4C",
    "encoding/encoding-9.xml": "网页设计师",
    "taobao/search-3.html": "淘宝搜索",
    "tmall/listing-1.html": "苏宁易购官方旗舰店",
}


@pytest.mark.saved_pages
@pytest.mark.parametrize("name", CHARSETS)
def test_a_page_is_read_in_its_own_charset(name: str, pages: Path) -> None:
    page = decoded(
        answer((pages / name).read_bytes(), kind="text/xml" if name.endswith("xml") else "text/html"), 0
    )
    assert isinstance(page, TextResponse)
    text = "".join(page.xpath("//text()").getall())
    assert CHARSETS[name] in text
    assert text.count("\ufffd") < 3


def test_utf_16_is_obeyed_where_the_bytes_or_the_server_say_so() -> None:
    page = "<html><meta charset=utf-16><title>手工皂</title>"
    marked = decoded(answer(("\ufeff" + page).encode("utf-16-le")), 0)
    stated = decoded(answer(page.encode("utf-16-le"), kind="text/html; charset=utf-16le"), 0)
    wrong = decoded(answer(page.encode()), 0)
    for one in (marked, stated, wrong):
        assert isinstance(one, TextResponse)
        assert "手工皂" in one.text
