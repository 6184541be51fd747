"""The WACZ package, member by member."""

import gzip
import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from crawler import clock
from crawler.engine.rendering.look import Artefact, Look, Seen
from crawler.engine.rendering.page_drafts import Place, page_drafts
from crawler.errors import ArchiveError
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import WACZ
from crawler.evidence.checks.wacz_file import verify_wacz
from crawler.export.surt import surt
from tests.archives import RUN, config, page
from tests.export.sample import CASE, GBK_TITLE, Sample
from tests.wacz_files import export, make_wacz, members_of

PAGE, ALONE = "http://shop.invalid/1", "http://shop.invalid/alone"


@pytest.fixture(scope="module")
def package(bundle: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(bundle / WACZ)


def test_members_are_plain_ascii_one_level_deep_and_dated_by_the_log(package: zipfile.ZipFile) -> None:
    assert package.namelist() == [
        "archive/00001.warc.gz", "indexes/index.cdx", "pages/pages.jsonl", "datapackage.json",
        "datapackage-digest.json",
    ]  # fmt: skip
    assert len({entry.date_time for entry in package.infolist()}) == 1
    assert {entry.compress_type for entry in package.infolist()} == {zipfile.ZIP_STORED}
    assert not any(entry.flag_bits & 0x08 for entry in package.infolist())  # sizes stand in the local headers


def test_records_are_the_archive_s_bytes_with_its_warcinfo_first(
    package: zipfile.ZipFile, sample: Sample
) -> None:
    content = package.read("archive/00001.warc.gz")
    assert content == (sample.path / "warc/00001.warc.gz").read_bytes()  # all captures were chosen
    assert gzip.decompress(content).startswith(b"WARC/1.1\r\nWARC-Type: warcinfo\r\n")


def test_the_index_finds_every_response_by_its_stored_bytes(package: zipfile.ZipFile) -> None:
    content = package.read("archive/00001.warc.gz")
    lines = package.read("indexes/index.cdx").splitlines()
    assert lines == sorted(lines)
    assert len(lines) == 4
    for line in lines:
        key, time, rest = line.decode().split(" ", 2)
        entry = json.loads(rest)
        stored = content[entry["offset"] : entry["offset"] + entry["length"]]
        assert entry["recordDigest"] == f"sha256:{hashlib.sha256(stored).hexdigest()}"
        record = gzip.decompress(stored).decode("latin-1")
        assert f"WARC-Target-URI: {entry['url']}\r\n" in record
        assert f"HTTP/1.1 {entry['status']} " in record
        assert (key, len(time), entry["filename"]) == (surt(entry["url"]), 17, "00001.warc.gz")


def test_media_types_and_payload_digests_are_in_the_index(package: zipfile.ZipFile) -> None:
    entries = [json.loads(line.split(b" ", 2)[2]) for line in package.read("indexes/index.cdx").splitlines()]
    kinds = {entry["url"].rsplit("/", 1)[1]: entry["mime"] for entry in entries}
    assert kinds == {
        "forum?tid=1": "text/html",
        "2": "text/html",
        "reviews?page=1&item=2": "application/json",
        "old": "unk",
    }
    chunked = next(entry for entry in entries if entry["url"].endswith("/item/2"))
    page = "<!doctype html><title>评价 &amp; 晒单</title><p>物流很快，下次再来".encode()
    assert chunked["digest"] == f"sha256:{hashlib.sha256(page).hexdigest()}"


def test_pages_are_html_answers_with_their_titles(package: zipfile.ZipFile) -> None:
    first, *pages = [json.loads(line) for line in package.read("pages/pages.jsonl").splitlines()]
    assert first == {"format": "json-pages-1.0", "id": "pages", "title": CASE.title}
    assert [(page["url"], page["title"]) for page in pages] == [
        ("http://market.example/forum?tid=1", GBK_TITLE),
        ("http://market.example/item/2", "评价 & 晒单"),
    ]


def test_the_listing_covers_every_member_and_its_digest_covers_the_listing(package: zipfile.ZipFile) -> None:
    content = package.read("datapackage.json")
    listing = json.loads(content)
    assert (listing["profile"], listing["wacz_version"], listing["title"]) == (
        "data-package",
        "1.1.1",
        CASE.title,
    )
    assert listing["mainPageUrl"] == "http://market.example/forum?tid=1"
    assert [entry["path"] for entry in listing["resources"]] == package.namelist()[:3]
    for entry in listing["resources"]:
        member = package.read(entry["path"])
        assert (entry["bytes"], entry["hash"]) == (
            len(member),
            f"sha256:{hashlib.sha256(member).hexdigest()}",
        )
        assert entry["name"] == entry["name"].lower()
    own = json.loads(package.read("datapackage-digest.json"))
    sha256 = f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert (own["path"], own["hash"], own["signedData"]["hash"]) == ("datapackage.json", sha256, sha256)
    assert {name: own["signedData"][name] for name in ("created", "software")} == {
        name: listing[name] for name in ("created", "software")
    }


def test_two_exports_are_equal_bytes_and_verify_on_their_own(tmp_path: Path) -> None:
    first = make_wacz(tmp_path)
    with Archive.open(tmp_path / "archive") as archive:
        second = export(archive, tmp_path / "again.wacz")
    assert first.read_bytes() == second.read_bytes()
    key = verify_wacz(first, trust=None).keys[0].fingerprint
    assert verify_wacz(second, trust=None, vkey=key).exit_code == 0


def test_other_tools_accept_the_package(tmp_path: Path) -> None:
    path = make_wacz(tmp_path)
    wacz = Path(sys.executable).parent / "wacz"
    for command in ([wacz, "validate", "-f", path], ["unzip", "-tq", path]):
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_key_s_passphrase_is_needed(tmp_path: Path) -> None:
    path = make_wacz(tmp_path, passphrase=b"secret")
    assert verify_wacz(path, trust=None).check("wacz-signature").status == "passed"
    with Archive.open(tmp_path / "archive") as archive, pytest.raises(ArchiveError, match="passphrase"):
        export(archive, tmp_path / "again.wacz")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WACZ of a page that was looked at twice, with the calls it made, and of one that was only fetched."""
    folder = tmp_path_factory.mktemp("rendered")
    with Archive.create(folder / "archive", config()) as archive:
        plain, alone = archive.commit(
            [page(b"<title>shell</title>"), page(b"<title>alone</title>", url=ALONE)]
        )
        look = Look(
            url=PAGE, final_url=PAGE, title=" 评价\n详情 ", started=clock.now(), ended=clock.now(), state="complete",
            exchanges=[
                seen(PAGE, b"<title>shell</title>", main=True),
                seen(f"{PAGE}/frame.html", b"<title>a frame</title>"),
                seen(f"{PAGE}/api", b'{"page": 2}', method="POST", sent=b"page=2&q=%E8%AF%84"),
            ],
            artefacts=[Artefact("dom", "text/html; charset=utf-8", b"<title>x</title>"),
                       Artefact("screenshot", "image/png", b"png")],
        )  # fmt: skip
        archive.commit(page_drafts(look, Place(run=RUN, site="test", plain=plain[1].id), "d" * 32))
        assert alone[1].url == ALONE
        return export(archive, folder / "x.wacz")


def seen(url: str, body: bytes, *, main: bool = False, method: str = "GET", sent: bytes = b"") -> Seen:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n" % len(sent)
    asked = b"%s / HTTP/1.1\r\nHost: shop.invalid\r\n%s\r\n" % (method.encode(), form if sent else b"")
    return Seen(
        id=url, url=url, method=method, kind="Document", started=clock.now(), ended=clock.now(), main=main,
        request_head=asked, request_body=sent or None, status=200, head=head, body=body,
    )  # fmt: skip


def test_a_rendered_page_and_its_picture_are_listed_and_its_exchanges_are_not(rendered: Path) -> None:
    members = members_of(rendered)
    _, *pages = [json.loads(line) for line in members["pages/pages.jsonl"].splitlines()]
    *played, picture = pages
    assert [(line["url"], line["title"]) for line in played] == [(ALONE, "alone"), (PAGE, "评价 详情")]
    assert picture["title"] == "评价 详情（固定时的画面）"
    assert picture["url"].endswith(":screenshot")
    listing = json.loads(members["datapackage.json"])
    assert (listing["mainPageUrl"], listing["mainPageDate"]) == (pages[0]["url"], pages[0]["ts"])


def test_artefacts_and_both_looks_are_in_the_index(rendered: Path) -> None:
    lines = [
        json.loads(line.split(b" ", 2)[2]) for line in members_of(rendered)["indexes/index.cdx"].splitlines()
    ]
    assert [line["url"] for line in lines].count(PAGE) == 2
    artefacts = {line["url"]: line["mime"] for line in lines if line["url"].startswith("urn:")}
    assert artefacts == {
        f"urn:evidence:look:{'d' * 32}:dom": "text/html",
        f"urn:evidence:look:{'d' * 32}:screenshot": "image/png",
    }
    (call,) = [line for line in lines if line["url"].endswith("/api")]
    assert (call["method"], call["requestBody"]) == ("POST", "page=2&q=评")


def test_other_tools_and_our_own_accept_a_rendered_page(rendered: Path, tmp_path: Path) -> None:
    tools = Path(sys.executable).parent
    warcs = [name for name in members_of(rendered) if name.endswith(".warc.gz")]
    with zipfile.ZipFile(rendered) as package:
        package.extractall(tmp_path)
    for command in ([tools / "wacz", "validate", "-f", rendered], [tools / "warcio", "check", *warcs]):
        answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr
    assert [check for check in verify_wacz(rendered, trust=None).checks if check.status == "failed"] == []
