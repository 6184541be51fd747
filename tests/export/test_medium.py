"""The .zip and the label of a bundle."""

import io
import subprocess
from pathlib import Path

import pypdf
import pytest

from crawler.errors import UsageError
from crawler.evidence.digest import digest_file
from crawler.export.medium import label, write_zip
from tests.export.sample import CASE

UNTIL = "2026-11-22T08:00:00.000000Z"


def test_the_zip_unpacks_into_the_same_bundle_and_is_the_same_twice(bundle: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    one = write_zip(bundle, tmp_path / "一.zip", UNTIL, lambda done, total: seen.append((done, total)))
    other = write_zip(bundle, tmp_path / "二.zip", UNTIL)
    assert one.read_bytes() == other.read_bytes()
    assert seen[-1][0] == seen[-1][1] > 0
    subprocess.run(["unzip", "-q", one, "-d", tmp_path / "out"], check=True)
    unpacked = tmp_path / "out" / bundle.name
    subprocess.run(["diff", "-r", bundle, unpacked], check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "一.zip", "二.zip"]
    with pytest.raises(UsageError, match="exists already"):
        write_zip(bundle, one, UNTIL)


def test_the_label_names_what_sha256sum_prints(bundle: Path, tmp_path: Path) -> None:
    packed = write_zip(bundle, tmp_path / "b.zip", UNTIL)
    read = pypdf.PdfReader(io.BytesIO(label(bundle, CASE, UNTIL, packed=packed)))
    assert len(read.pages) == 1
    text = "".join(read.pages[0].extract_text().split())
    printed = subprocess.run(
        ["sha256sum", bundle / "tagmanifest-sha256.txt", packed], check=True, capture_output=True, text=True
    ).stdout.split()
    assert printed[0] in text
    assert printed[2] in text
    assert digest_file(bundle / "tagmanifest-sha256.txt", "sm3").removeprefix("sm3:") in text
