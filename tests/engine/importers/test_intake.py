"""Importing as a whole: interrupted and gone on with, hostile, beside others; extraction and export like our own."""

import gzip
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.demo.tsa import DemoAuthority
from crawler.engine.importers import kept
from crawler.errors import DiskFull, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.imported import waiting_name
from crawler.evidence.seal import seal
from crawler.evidence.verify import verify, verify_bundle
from crawler.export.bundle import export_bundle
from crawler.export.model import Case, Exhibit
from crawler.store.index import FILE, Index
from tests.archives import make, nothing_failed, sender
from tests.conftest import PAGES
from tests.engine.importers.imported import (
    HTML,
    answer,
    asked,
    captures,
    events,
    made,
    only,
    take,
    written,
)
from tests.engine.importers.test_har import entry, har
from tests.engine.importers.test_mhtml import PAGE, PICTURE, mhtml
from tests.wacz_files import make_wacz

THREAD = "https://tieba.baidu.com/p/9119688421"


def thread(path: Path) -> Path:
    """A WARC around a saved page of a site that we have a spider for, gzip-coded as it was served."""
    page = gzip.compress((PAGES / "tieba/thread-2.html").read_bytes())
    response = made("response", answer(page, "Content-Encoding: gzip"), url=THREAD)
    return written(path, made("request", asked("/p/9119688421"), url=THREAD), response)


@pytest.mark.saved_pages
def test_a_page_of_a_known_site_yields_items_with_provenance(archive: Path, tmp_path: Path) -> None:
    (report,) = take(archive, thread(tmp_path / "a.warc.gz"))
    capture = only(archive, THREAD)
    assert (capture.site, capture.read_with) == ("tieba", {"callback": "parse_thread", "arguments": {}})
    with Index(archive / FILE, writable=False) as index:
        rows = index.query("select capture, locator, captured_at from post")
        assert not index.query("select * from unread")
    assert len(rows) == report.items > 10
    assert {row["capture"] for row in rows} == {capture.id}
    assert {row["captured_at"] for row in rows} == {capture.started}
    assert {row["locator"] for row in rows} == {str(capture.records[0].locator)}


@pytest.mark.saved_pages
def test_an_import_that_ended_before_reading_is_read_the_next_time(archive: Path, tmp_path: Path) -> None:
    path = thread(tmp_path / "a.warc.gz")
    (first,) = take(archive, path)
    with Index(archive / FILE, writable=True) as index, index.transaction():
        index.connection.execute("delete from post")
    (second,) = take(archive, path)
    assert (second.items, second.captures, second.known) == (first.items, {}, 1)


def test_imported_captures_export_into_a_bundle_that_verifies(tmp_path: Path) -> None:
    tsa = DemoAuthority(tmp_path / "tsa", "tsa")
    archive = make(tmp_path / "archive", [tsa])
    photo = tmp_path / "卡.png"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n....")
    records = (
        made("request", asked("/1", "Cookie: SECRET")),
        made("response", answer(HTML, "Set-Cookie: SECRET")),
        made("resource", b"x", "Content-Type: text/plain", url="urn:pageinfo:http://shop.invalid/"),
        made("response", b"no http", url="http://shop.invalid/%E5%BA%97?a=店"),
        made("request", asked("/lost"), url="http://shop.invalid/lost"),
    )
    warc = written(tmp_path / "a.warc.gz", *records)
    files = (
        warc,
        make_wacz(tmp_path / "other"),
        har(tmp_path / "a.har", entry("http://shop.invalid/har")),
        mhtml(tmp_path / "a.mhtml", PAGE, PICTURE),
        photo,
    )
    assert all(report.complete for report in take(archive, *files))
    found = captures(archive)
    assert len(found) == 4 + 2 + 1 + 2 + 1
    with Archive.open(archive, writable=True) as opened:
        assert seal(opened, sender(tsa)).sealed
        case = Case(id="K1", title="案", cause="因", submitter="人", created="2026-11-22T08:00:00.000000Z")
        ids = tuple(capture.id for capture in found)
        exhibit = Exhibit(number="1-1", group="A", title="导入", purpose="证明", captures=ids)
        summary = export_bundle(opened, case, [exhibit], tmp_path / "bundle")
    assert summary.captures == len(found)
    report = verify_bundle(tmp_path / "bundle", trust=archive / "trust")
    assert report.status == "passed", report.to_text()
    wacz = (tmp_path / "bundle/data/captures.wacz").read_bytes()
    assert b"imports/" not in wacz
    assert verify(archive).status == "passed"


def test_other_files_are_imported_when_one_is_refused(archive: Path, tmp_path: Path) -> None:
    good = written(tmp_path / "好 文件.warc", made("response", answer()))
    bad = tmp_path / "bad.warc"
    bad.write_bytes(good.read_bytes()[:-60])
    unknown = tmp_path / "letter.docx"
    unknown.write_bytes(b"\xd0\xcf\x11\xe0")
    reports = take(archive, bad, unknown, tmp_path / "absent", good)
    assert [report.refused is None for report in reports] == [False, False, False, True]
    assert len(captures(archive)) == 1
    nothing_failed(archive)


def test_a_refused_file_that_is_given_again_is_kept_once(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.warc"
    path.write_bytes(made("response", answer())[:-60])
    take(archive, path, path)
    assert len(events(archive, "import-refused")) == 2
    assert len(list((archive / "quarantine").iterdir())) == 1
    nothing_failed(archive)


@pytest.mark.parametrize(
    "content", [b"", b"WARC/1.0", b"WARC/1.0\r\n\r\n", b"\x1f\x8b", b"PK\x03\x04", b"{", b"<html>"]
)
def test_files_of_a_few_bytes(content: bytes, archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "few"
    path.write_bytes(content)
    (report,) = take(archive, path)
    assert report.refused is not None
    nothing_failed(archive)


def test_a_gzip_bomb_is_refused(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "bomb.warc.gz"
    head = (
        made("response", b"")
        .partition(b"\r\n\r\n")[0]
        .replace(b"Content-Length: 0", b"Content-Length: 9999999999")
    )
    with gzip.open(path, "wb", compresslevel=9) as stream:
        stream.write(head + b"\r\n\r\n")
        for _ in range(600):
            stream.write(bytes(1 << 20))
    (report,) = take(archive, path)
    assert report.refused is not None
    assert "inflates to more than" in report.refused
    nothing_failed(archive)


def test_a_link_in_the_place_of_imports_is_not_followed(archive: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (archive / "imports").symlink_to(elsewhere)
    (report,) = take(archive, written(tmp_path / "a.warc", made("response", answer())))
    assert report.refused is not None
    assert list(elsewhere.iterdir()) == []


def test_no_room_for_the_copy_is_said_before_anything_is_written(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.warc", made("response", answer()))
    monkeypatch.setattr(kept, "RESERVE", 1 << 60)
    with pytest.raises(DiskFull, match="make room, then import the same files again"):
        take(archive, path)
    assert not (archive / "imports").exists()
    nothing_failed(archive)


def test_a_disk_that_fills_up_while_copying_leaves_nothing(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.warc", made("response", answer()))

    def full(_descriptor: int, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "write_all", full)
    with pytest.raises(DiskFull, match="the disk is full"):
        take(archive, path)
    assert list((archive / "imports").iterdir()) == []
    nothing_failed(archive)


def test_a_trust_folder_that_cannot_be_read_is_no_fault_of_the_files(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "trust/domain").mkdir(parents=True)
    (tmp_path / "trust/domain/x.pem").write_text(
        "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
    )
    path = written(tmp_path / "a.warc", made("response", answer()))
    with pytest.raises(UsageError):
        take(archive, path, trust=tmp_path / "trust")
    assert events(archive, "import-refused") == []


def test_what_waits_without_an_event_is_removed_at_the_next_start(archive: Path) -> None:
    (archive / "imports").mkdir()
    for name in (".incoming.unfinished", waiting_name("a" * 64)):
        (archive / "imports" / name).write_bytes(b"part")
    assert verify(archive).check("layout").status == "failed"
    take(archive)
    assert list((archive / "imports").iterdir()) == []
    nothing_failed(archive)


@pytest.mark.parametrize("whole", [True, False])
def test_what_waits_with_its_event_is_put_in_its_place(whole: bool, archive: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "a.warc", made("response", answer()))
    if not whole:
        path.write_bytes(path.read_bytes()[:-60])
    (report,) = take(archive, path)
    assert report.sha256 is not None
    place = archive / (report.file or report.quarantined or "")
    waiting = archive / "imports" / waiting_name(report.sha256.removeprefix("sha256:"))
    place.rename(waiting)
    if whole:
        place.parent.rmdir()
    assert verify(archive).status == "failed"
    take(archive)
    assert place.read_bytes() == path.read_bytes()
    nothing_failed(archive)


def test_imports_that_were_killed_go_on_where_they_ended(tmp_path: Path) -> None:
    """Each round imports the same file until it is killed; the last one ends. Nothing is there twice or missing."""
    archive = make(tmp_path / "archive")
    count, dice = 800, random.Random(7)
    path = written(
        tmp_path / "many.warc.gz",
        *(made("response", answer(b"<p>%d" % n), url=f"http://shop.invalid/{n}") for n in range(count)),
    )
    code = (
        "import sys; from pathlib import Path; from tests.engine.importers.imported import take;"
        "take(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    killed = 0
    for _ in range(4):
        running = subprocess.Popen([sys.executable, "-c", code, str(archive), str(path)])
        with_captures = archive / "warc/00001.warc.gz"
        deadline = time.monotonic() + 20
        before = with_captures.stat().st_size if with_captures.exists() else 0
        while time.monotonic() < deadline and running.poll() is None:
            if with_captures.exists() and with_captures.stat().st_size > before:
                break
            time.sleep(0.002)
        time.sleep(dice.uniform(0, 0.15))
        if running.poll() is None:
            killed += 1
            os.kill(running.pid, signal.SIGKILL)
        running.wait()
    take(archive, path)
    assert killed
    urls = [capture.url for capture in captures(archive)]
    assert sorted(urls) == sorted(f"http://shop.invalid/{n}" for n in range(count))
    nothing_failed(archive)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """One archive for all mutations, and small good files."""
    folder = tmp_path_factory.mktemp("mutations")
    warc = written(
        folder / "a.warc", made("request", asked("/1")), made("response", answer()), made("revisit", b"")
    )
    packed = written(folder / "a.warc.gz", made("response", answer()), made("resource", b"x"))
    files = {
        "warc": warc.read_bytes(),
        "warc.gz": packed.read_bytes(),
        "wacz": make_wacz(folder / "other").read_bytes(),
        "har": har(folder / "a.har", entry()).read_bytes(),
        "mhtml": mhtml(folder / "a.mhtml", PAGE, PICTURE).read_bytes(),
    }
    return make(folder / "archive"), files


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1 << 30))
def test_random_mutations_never_crash_an_import(seed: int, house: tuple[Path, dict[str, bytes]]) -> None:
    archive, files = house
    dice = random.Random(seed)
    kind = dice.choice(sorted(files))
    content = bytearray(files[kind])
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(content))
        what = dice.randrange(4)
        if what == 0:
            content[at] = dice.randrange(256)
        elif what == 1:
            del content[at : at + dice.randrange(1, 40)]
        elif what == 2:
            content[at:at] = content[at : at + dice.randrange(1, 200)]
        else:
            content[at:at] = dice.choice([b"\r\n", b"9", b"\x00", b"{", b'"', b"--", b"\xff\xfe"])
        if not content:
            break
    path = archive.parent / f"mutated.{kind}"
    path.write_bytes(content)
    (report,) = take(archive, path)
    assert report.name == path.name
    if seed % 10 == 0:
        nothing_failed(archive)


def test_after_all_mutations_the_archive_verifies(house: tuple[Path, dict[str, bytes]]) -> None:
    nothing_failed(house[0])
