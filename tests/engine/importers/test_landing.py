"""Landing: walls are walls, payloads are found again on the next import, and a page's parts know their page."""

from pathlib import Path

import pytest

from crawler.engine.importers import intake
from crawler.engine.importers.found import Exchange
from crawler.engine.importers.landing import Landing
from tests.archives import make, nothing_failed
from tests.conftest import PAGES
from tests.engine.importers.imported import (
    HTML,
    answer,
    body,
    captures,
    made,
    only,
    sha1,
    take,
    written,
)


@pytest.mark.saved_pages
def test_an_imported_wall_is_blocked_and_read_by_nobody(archive: Path, tmp_path: Path) -> None:
    wall = (PAGES / "cloudflare/blocked-1.html").read_bytes()
    url = "https://tieba.baidu.com/p/1"
    (report,) = take(archive, written(tmp_path / "a.warc", made("response", answer(wall), url=url)))
    assert (report.captures, report.items) == ({"blocked": 1}, 0)
    assert str(only(archive, url).reason).startswith("wall-")
    nothing_failed(archive)


def test_a_revisit_that_was_left_finds_its_payload_when_the_import_goes_on(
    archive: Path, tmp_path: Path
) -> None:
    original = made("response", answer(), f"WARC-Payload-Digest: {sha1(HTML)}")
    again = made("revisit", answer(b""), f"WARC-Payload-Digest: {sha1(HTML)}", url="http://shop.invalid/2")
    path = written(tmp_path / "a.warc.gz", original, again)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "Landing", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            take(archive, path)
    assert [capture.url for capture in captures(archive)] == ["http://shop.invalid/1"]
    (report,) = take(archive, path)
    assert (report.known, report.captures) == (1, {"complete": 1})
    assert body(archive, only(archive, "http://shop.invalid/2")) == HTML
    nothing_failed(archive)


class Interrupted(Landing):
    """Lands what is no revisit, and is interrupted at the first one."""

    def _take(self, exchange: Exchange, *, last: bool) -> bool:
        if exchange.revisit is not None:
            raise KeyboardInterrupt
        done = super()._take(exchange, last=last)
        self._commit()
        return done


def test_what_claims_too_much_of_itself_is_refused_by_itself(archive: Path, tmp_path: Path) -> None:
    url = "http://shop.invalid/" + "店" * 5000
    long = made("response", answer(), *(f"X-{n}: {'y' * 900}" for n in range(150)), url=url)
    (report,) = take(archive, written(tmp_path / "a.warc", long, made("response", answer())))
    assert only(archive, "http://shop.invalid/1").state == "complete"
    assert report.captures["complete"] == 2 - report.problem_count
    nothing_failed(archive)


def test_the_id_of_a_capture_follows_from_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc", made("response", answer()))
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    take(one, path)
    take(other, path)
    assert [capture.id for capture in captures(one)] == [capture.id for capture in captures(other)]
