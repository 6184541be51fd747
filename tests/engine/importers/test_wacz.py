"""WACZ files: verified before anything is landed, and what the signature's checks came to is kept."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from crawler.evidence.bundle import DATAPACKAGE
from crawler.evidence.digest import digest
from tests.archives import nothing_failed
from tests.conftest import PAGES
from tests.domain_signer import DomainSigner
from tests.engine.importers.imported import (
    HTML,
    answer,
    asked,
    body,
    captures,
    events,
    made,
    only,
    sha1,
    take,
    written,
)
from tests.engine.importers.test_warc import listed
from tests.wacz_files import make_wacz, members_of, relist


@pytest.mark.saved_pages
@pytest.mark.parametrize("entry", listed("wacz"), ids=lambda entry: entry["file"])
def test_every_good_wacz_imports(entry: dict[str, Any], archive: Path) -> None:
    (report,) = take(archive, PAGES / entry["file"])
    assert report.complete, report
    landed = captures(archive)
    assert len(landed) == report.records["response"]
    members = {capture.imported["claimed"]["member"] for capture in landed if capture.imported}
    assert members == set(entry["expected"]["archives"])
    signed = report.claims["signature"]["checks"]["wacz-signature"]
    assert signed == ("passed" if entry["expected"]["signed"] else "not-checked")
    nothing_failed(archive)


def test_a_wacz_of_ours_imports_and_says_who_signed_it(archive: Path, tmp_path: Path) -> None:
    path = make_wacz(tmp_path / "other")
    (report,) = take(archive, path)
    assert report.complete
    assert report.captures == {"complete": 2}
    (key,) = report.claims["signature"]["keys"]
    assert key["fingerprint"].startswith("sha256:")
    (event,) = events(archive, "file-imported")
    assert event["claims"]["signature"]["checks"]["wacz-signature"] == "passed"
    assert event["claims"]["software"].startswith("web-evidence/")
    first = only(archive, "http://shop.invalid/1")
    assert first.imported is not None
    assert first.imported["claimed"]["title"] == "x"
    assert body(archive, first) == b"<title>x</title>good"
    nothing_failed(archive)


def test_a_wacz_of_py_wacz_imports(archive: Path, tmp_path: Path) -> None:
    records = (made("response", answer(), f"WARC-Payload-Digest: {sha1(HTML)}"), made("request", asked("/1")))
    source = written(tmp_path / "a.warc.gz", *records)
    path = tmp_path / "made.wacz"
    command = [
        sys.executable,
        "-m",
        "wacz.main",
        "create",
        "-f",
        str(source),
        "-o",
        str(path),
        "--detect-pages",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert path.is_file(), done.stderr
    (report,) = take(archive, path)
    assert report.complete, report.refused
    assert "py-wacz" in report.claims["software"]
    assert body(archive, only(archive, "http://shop.invalid/1")) == HTML


def test_a_signature_by_domain_is_verified_with_the_roots_given(archive: Path, tmp_path: Path) -> None:
    signer = DomainSigner(tmp_path / "signer")
    members = members_of(make_wacz(tmp_path / "other"))
    listing = json.loads(members[DATAPACKAGE])
    del listing["software"]
    members[DATAPACKAGE] = json.dumps(listing).encode()
    path = zipped(tmp_path / "signed.wacz", signed_by(signer, members))
    (report,) = take(archive, path, trust=signer.trust(tmp_path / "trust"))
    checks = report.claims["signature"]["checks"]
    assert (checks["wacz-signature"], checks["certificate"], checks["timestamps"]) == ("passed",) * 3


@pytest.mark.parametrize("spoil", ["content", "signature", "extra"])
def test_a_wacz_that_contradicts_itself_goes_to_quarantine(spoil: str, archive: Path, tmp_path: Path) -> None:
    members = members_of(make_wacz(tmp_path / "other"))
    if spoil == "content":
        members["pages/pages.jsonl"] += (
            b'{"id":"x","url":"http://shop.invalid/","ts":"2024-01-01T00:00:00Z"}\n'
        )
    elif spoil == "extra":
        members["extra.txt"] = b"?"
    else:
        members = {**members, "datapackage-digest.json": other_signature(members)}
    (report,) = take(archive, zipped(tmp_path / "bad.wacz", members))
    assert report.refused is not None
    assert report.refused.startswith("the WACZ does not verify")
    assert report.quarantined is not None
    assert captures(archive) == []
    nothing_failed(archive)


@pytest.mark.parametrize("name", ["../../evil.txt", "/etc/evil", "a/../../evil"])
def test_a_path_that_leads_out_is_refused_and_nothing_is_written_there(
    name: str, archive: Path, tmp_path: Path
) -> None:
    members = relist({**members_of(make_wacz(tmp_path / "other")), name: b"evil"})
    (report,) = take(archive, zipped(tmp_path / "bad.wacz", members))
    assert report.refused is not None
    assert not list(tmp_path.rglob("evil*"))
    nothing_failed(archive)


def test_a_zip_bomb_is_refused_before_it_inflates(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "bomb.wacz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members_of(make_wacz(tmp_path / "other")).items():
            package.writestr(name, content)
        with package.open("archive/bomb.warc", "w") as stream:
            stream.write(b"WARC/1.0\r\n")
            for _ in range(600):
                stream.write(b"\x00" * (1 << 20))
    assert path.stat().st_size < 1 << 20
    (report,) = take(archive, path)
    assert report.refused is not None
    assert "inflate" in report.refused
    nothing_failed(archive)


def test_a_zip_file_that_is_no_wacz_is_not_kept(archive: Path, tmp_path: Path) -> None:
    (report,) = take(archive, zipped(tmp_path / "photos.zip", {"a.jpg": b"\xff\xd8\xff"}))
    assert report.refused is not None
    assert "no WACZ" in report.refused
    assert report.quarantined is None
    assert not list((archive / "imports").iterdir())
    assert not list((archive / "quarantine").iterdir())


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """A zip file of these members, stored, as WACZ writers do."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return path


def other_signature(members: dict[str, bytes]) -> bytes:
    told = json.loads(members["datapackage-digest.json"])
    signature = bytearray(told["signedData"]["signature"].encode())
    signature[5] = ord("A") if signature[5] != ord("A") else ord("B")
    told["signedData"]["signature"] = signature.decode()
    return json.dumps(told, indent=2).encode()


def signed_by(signer: DomainSigner, members: dict[str, bytes]) -> dict[str, bytes]:
    label = digest(members[DATAPACKAGE])
    told = {"path": DATAPACKAGE, "hash": label, "signedData": signer.sign(label)}
    return {**members, "datapackage-digest.json": json.dumps(told).encode()}
