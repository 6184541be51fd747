"""The visible text of captured pages: plain and rendered ones, in any coding; what cannot be read is left out."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import brotli
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from crawler import clock
from crawler.detect.kit.corpus import Corpus
from crawler.detect.kit.pages import Page, visible_text
from crawler.engine.rendering.look import Artefact, Look, Seen
from crawler.engine.rendering.page_drafts import Place, page_drafts
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.warc import Record, encode, new_record_id
from crawler.store.index import FILE, Index
from crawler.store.session import Session
from tests.archives import RUN, drafted, make, page

HTML = "<head><title>维修 网</title></head><body><p>格诺<b>售后</b>电话</p><div>400-000-0001</div></body>"
TEXT = "格诺售后电话\n400-000-0001"


def answered(
    url: str, body: bytes, fields: str = "Content-Type: text/html; charset=utf-8", **about: object
) -> Draft:
    """A capture whose answer has these header fields."""
    draft = page(url=url)
    message = f"HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    record = Record(
        type="response", id=new_record_id(), date=draft.capture.started, block=message, target_uri=url,
        content_type="application/http;msgtype=response", payload=body,
    )  # fmt: skip
    return Draft(replace(draft.capture, **about), (encode(record),))  # type: ignore[arg-type]


def rendered(url: str, runs: list[dict[str, object]]) -> list[Draft]:
    began = clock.now()
    content = json.dumps({"version": 1, "runs": runs}, ensure_ascii=False).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    seen = Seen(
        id=url,
        url=url,
        method="GET",
        kind="Document",
        started=began,
        main=True,
        head=head,
        body=b"<p>x</p>",
        status=200,
    )
    look = Look(
        url=url, final_url=url, started=began, ended=began, state="complete", title="看到的标题", exchanges=[seen],
        artefacts=[Artefact("dom", "text/html", HTML.encode()), Artefact("text", "application/json", content)],
    )  # fmt: skip
    return page_drafts(look, Place(run=RUN, site="test", plain="1" * 32, beside=None), "2" * 32)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make(tmp_path / "a")


def read(path: Path, *drafts: Draft) -> list[Page]:
    """The pages of an archive with these captures."""
    with Session.open(path) as session:
        for draft in drafts:
            session.record(drafted(draft))
    return list(_pages(path))


def _pages(path: Path, since: int = 0) -> Iterator[Page]:
    with Archive.open(path) as archive, Index(path / FILE, writable=False) as index:
        yield from Corpus(index, archive=archive, since=since).pages(new=since > 0)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (HTML.encode(), "Content-Type: text/html; charset=utf-8"),
        (HTML.encode("gbk"), "Content-Type: text/html; charset=gbk"),
        (HTML.encode("gb18030"), "Content-Type: text/html"),
        (gzip.compress(HTML.encode(), mtime=0), "Content-Type: text/html\r\nContent-Encoding: gzip"),
        (
            gzip.compress(HTML.encode()[:50], mtime=0) + gzip.compress(HTML.encode()[50:]),
            "Content-Type: text/html\r\nContent-Encoding: gzip",
        ),
        (zstd.compress(HTML.encode()), "Content-Type: text/html\r\nContent-Encoding: zstd"),
        (zlib.compress(HTML.encode()), "Content-Type: text/html\r\nContent-Encoding: deflate"),
        (brotli.compress(HTML.encode()), "Content-Type: text/html\r\nContent-Encoding: br"),
    ],
)
def test_a_page_in_any_coding(archive: Path, body: bytes, fields: str) -> None:
    (one,) = read(archive, answered("http://a.example/1", body, fields))
    assert (one.title, one.text, one.whole, one.domain) == ("维修 网", TEXT, True, "a.example")
    assert one.quote("text", 0, 2, "品牌").text == "格诺"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"\x1f\x8bbroken", "Content-Type: text/html\r\nContent-Encoding: gzip"),
        (HTML.encode(), "Content-Type: text/html\r\nContent-Encoding: unheard-of"),
        (gzip.compress(HTML.encode(), mtime=0)[:-12], "Content-Type: text/html\r\nContent-Encoding: gzip"),
        (brotli.compress(HTML.encode())[:-4], "Content-Type: text/html\r\nContent-Encoding: br"),
        (gzip.compress(b" " * (40 << 20), mtime=0), "Content-Type: text/html\r\nContent-Encoding: gzip"),
        (b'{"a": 1}', "Content-Type: application/json"),
    ],
)
def test_what_cannot_be_read_is_left_out(archive: Path, body: bytes, fields: str) -> None:
    assert read(archive, answered("http://a.example/1", body, fields)) == []


def test_of_a_rendered_page_what_was_seen(archive: Path) -> None:
    runs: list[dict[str, object]] = [
        {"text": "官方售后", "x": 0, "y": 10}, {"text": "电话", "x": 50, "y": 10},
        {"text": "400-000-0001", "x": 0, "y": 30},
    ]  # fmt: skip
    with Session.open(archive) as session:
        session.record_all(lambda: rendered("http://a.example/1", runs)).result()
    (one,) = _pages(archive)
    assert (one.title, one.text) == ("看到的标题", "官方售后电话\n400-000-0001")


def test_a_rendered_page_with_a_broken_text_is_read_from_its_dom(archive: Path) -> None:
    with Session.open(archive) as session:
        session.record_all(lambda: rendered("http://a.example/1", [{"x": 1}])).result()
    (one,) = _pages(archive)
    assert one.text == TEXT


def test_the_newest_capture_of_each_address(archive: Path) -> None:
    old = answered("http://a.example/1", HTML.encode())
    new = answered("http://a.example/1", HTML.replace("格诺", "安恒").encode())
    other = answered("http://a.example/2", HTML.encode())
    pages = read(archive, old, other, new)
    assert [(one.url[-1], one.text[:2]) for one in pages] == [("1", "安恒"), ("2", "格诺")]
    assert [one.url[-1] for one in _pages(archive, since=pages[0].leaf)] == ["1"]


def test_captures_that_are_no_page_of_a_person_are_left_out(archive: Path) -> None:
    drafts = [
        answered("http://a.example/1", HTML.encode(), page="3" * 32),
        answered("http://a.example/2", HTML.encode(), withheld=True),
        answered("http://a.example/3", HTML.encode(), state="blocked"),
        answered("http://a.example/4", HTML.encode(), status=404),
        answered("http://a.example/5", HTML.encode(), method="POST"),
    ]
    assert read(archive, *drafts) == []


def test_a_partial_page_is_not_whole(archive: Path) -> None:
    (one,) = read(archive, answered("http://a.example/1", HTML.encode(), state="partial"))
    assert not one.whole


def test_one_page_by_its_capture(archive: Path) -> None:
    draft = answered("http://a.example/1", HTML.encode())
    read(archive, draft)
    with Archive.open(archive) as opened, Index(archive / FILE, writable=False) as index:
        one = Corpus(index, archive=opened).page(draft.capture.id)
        assert one is not None
        assert one.text == TEXT
        assert Corpus(index, archive=opened).page("unknown") is None
        assert Corpus(index).page(draft.capture.id) is None
        assert list(Corpus(index).pages()) == []


def test_what_nobody_sees_is_no_text() -> None:
    html = """<title>T</title><body>一<script>二</script><style>三</style><p hidden>四</p>
    <p style="display: none">五</p>
    <noscript>六</noscript><!-- 七 --><select><option>八</select><span>九</span><br>十<td>十一"""
    assert visible_text(html) == ("T", "一\n九\n十\n十一")


def test_text_behind_a_hidden_element_is_read() -> None:
    assert visible_text('<p>一<i style="display:none">广告</i>二</p>')[1] == "一二"


@given(st.text(max_size=300))
def test_any_text_is_read_as_html(text: str) -> None:
    visible_text(text)


@pytest.mark.timeout(60)  # linear: seconds
@pytest.mark.parametrize(
    "text", ["<div>" * 10**5, "<" * 10**6, "<a><b>" * 10**5, "\ud800" * 10**5, "&#x0;" * 10**5, ""]
)
def test_hostile_html_is_read_in_time(text: str) -> None:
    visible_text(text)
