"""Prints of exhibits: tiles that miss no row, what identifies each page, words where there is no picture."""

import io
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from crawler.errors import FormatError
from crawler.evidence.archive import Archive
from crawler.evidence.warc import Record
from crawler.export.page_words import page_words
from crawler.export.papers.exhibit_marked import MarkedPrints
from crawler.export.papers.exhibit_print import ExhibitPrints, volumes_of
from crawler.export.papers.facts import gathered
from crawler.export.papers.tiles import OVERLAP, tile_rows, tiles
from crawler.export.selection import select
from tests.export.sample import CASE, Sample, exhibits


@given(width=st.integers(1, 4000), height=st.integers(1, 60_000))
def test_tiles_show_every_row_and_overlap(width: int, height: int) -> None:
    rows = tile_rows(width, height)
    assert rows[0][0] == 0
    assert rows[-1][1] == height
    for (_, last), (first, _) in pairwise(rows):
        assert first == last - OVERLAP


def test_tiles_are_the_picture_untouched() -> None:
    picture = Image.effect_noise((120, 700), 90).convert("RGB")
    kept = io.BytesIO()
    picture.save(kept, "PNG")
    count, cut = tiles(kept.getvalue(), 99)
    found = list(cut)
    assert count == len(found) > 3
    again = Image.new("RGB", picture.size)
    for tile in found:
        again.paste(Image.open(io.BytesIO(tile.png)), (0, tile.first))
    assert again.tobytes() == picture.tobytes()


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a"], ids=["empty", "cut", "gif"])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        tiles(content, 1)


def answer(body: bytes, kind: str) -> Record:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return Record(
        type="response", id="<urn:uuid:1>", date="", content_type="application/http", block=head + body
    )


def test_words_of_a_gbk_page_without_its_scripts() -> None:
    page = "<body><script>var 甲=1</script><p>好评返现</p>\0<style>乙</style><b>五星</b></body>".encode("gbk")
    assert page_words(answer(page, "text/html; charset=gbk")) == "好评返现\n五星"
    assert page_words(answer(b'{"a": 1}', "application/json")) == '{"a": 1}'
    assert page_words(answer(b"\x89PNG", "image/png")) == ""
    assert page_words(replace(answer(b"x", "text/html"), block=b"no answer")) == ""


def printed(sample: Sample, to: Path, findings: dict[str, object] | None = None) -> dict[str, str]:
    """The text of each print of the sample's case."""
    shown = exhibits(sample)
    if findings:
        shown = (replace(shown[0], findings=tuple(findings)), *shown[1:])
    with Archive.open(sample.path) as archive:
        selection = select(archive, {capture for one in shown for capture in one.captures})
        facts = gathered(replace(CASE, exhibits=shown), archive, selection, findings or {})  # type: ignore[arg-type]
        made = [(n, make()) for paper in (ExhibitPrints(), MarkedPrints()) for n, make in paper.files(facts)]
    texts = {}
    for name, content in made:
        (to / name).write_bytes(content)
        run = subprocess.run(["pdftotext", "-layout", str(to / name), "-"], capture_output=True, check=True)
        texts[name] = run.stdout.decode()
    return texts


def test_every_page_says_what_it_shows(sample: Sample, tmp_path: Path) -> None:
    texts = printed(sample, tmp_path)
    assert sorted(texts) == ["exhibit-1-1.pdf", "exhibit-2-1.pdf", "exhibit-2-2.pdf"]
    first = texts["exhibit-1-1.pdf"]
    pages = first.split("\f")
    assert "证据 1-1" in pages[0]
    assert "第 1 页，共 " in pages[0]
    assert "1-1-1" in pages[1]
    assert "http://" in pages[1]
    assert "北京时间" in pages[1]
    assert "没有截图" in pages[1]
    with Archive.open(sample.path) as archive:
        selection = select(archive, {sample.captures["forum"]})
        capture = selection.captures()[sample.captures["forum"]].leaf.capture
    assert capture is not None
    assert capture.response is not None
    assert (capture.response.payload_digest or "").partition(":")[2] in first.replace("\n", "")


def test_a_large_exhibit_is_printed_in_volumes(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = printed(sample, tmp_path)["exhibit-1-1.pdf"]
    monkeypatch.setattr("crawler.export.papers.exhibit_print.MOST_CAPTURES", 1)
    texts = printed(sample, tmp_path)
    names = volumes_of("1-1", texts)
    assert names == ["exhibit-1-1.pdf", "exhibit-1-1-volume-2.pdf"]
    assert ExhibitPrints().titled(names[1]) == "证据打印件 1-1 第 2 册"
    assert "证据 1-1 第 2 册" in texts[names[1]]
    for item, name in zip(("1-1-1", "1-1-2"), names, strict=True):
        assert item in whole
        assert [one for one in names if item in texts[one]] == [name]
    assert volumes_of("1", [*names, "exhibit-1.pdf"]) == ["exhibit-1.pdf"], "1-1 is no volume of 1"


def test_quotes_stand_on_a_paper_of_their_own(sample: Sample, tmp_path: Path) -> None:
    quote = {"capture": sample.captures["forum"], "identifier": "1", "field": "article_body", "label": "返还条件",
             "text": "刷单返现", "restored": None, "place": None}  # fmt: skip
    texts = printed(sample, tmp_path, {"F1": {"quotes": [quote]}})
    marked = texts["exhibit-1-1-marked.pdf"]
    assert "不是原件" in marked
    assert "刷单返现" in marked
    assert "未作裁剪" not in marked
    assert "exhibit-2-1-marked.pdf" not in texts
