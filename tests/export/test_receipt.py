"""A receipt: one capture, by itself, with all that proves it."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.checks.receipt import verify_receipt
from crawler.evidence.report import Report
from crawler.export.receipt import export_receipt
from tests.export.sample import Sample


@pytest.fixture(scope="module")
def original(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("receipt") / "a receipt"
    with Archive.open(sample.path) as archive:
        return export_receipt(archive, sample.captures["reviews"], to).path


@pytest.fixture
def receipt(original: Path, tmp_path: Path) -> Path:
    shutil.copytree(original, tmp_path / "receipt")
    return tmp_path / "receipt"


def failed(report: Report) -> dict[str, str]:
    return {check.name: "\n".join(check.problems) for check in report.checks if check.status == "failed"}


def test_it_verifies_against_the_readers_own_anchors(original: Path, sample: Sample) -> None:
    report = verify_receipt(original, trust=sample.path / "trust")
    assert report.exit_code == 0, report.to_text()
    assert report.kind == "receipt"
    (time,) = report.times
    assert time.capture == sample.captures["reviews"]
    assert time.not_before is not None
    assert time.not_after is not None
    assert {token.authority for token in time.not_after.tokens} == {"tsa-a", "tsa-b"}


def test_without_anchors_it_only_agrees_with_itself(original: Path) -> None:
    report = verify_receipt(original)
    assert report.exit_code == 3, report.to_text()
    assert [check.name for check in report.checks if check.status == "not-checked"] == ["anchor"]


def test_it_holds_one_page_and_no_other(original: Path, sample: Sample) -> None:
    everything = b"".join(path.read_bytes() for path in original.rglob("*") if path.is_file())
    for name, capture in sample.captures.items():
        assert (capture.encode() in everything) == (name == "reviews"), name
    assert not list(original.rglob("*.key"))


def test_every_command_of_its_sheet_succeeds(original: Path) -> None:
    text = (original / "verify-zh.md").read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 12
    for block in blocks:
        done = subprocess.run(["sh", "-c", block], cwd=original, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block}\n{done.stderr}"


def edit(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def apply(receipt: Path) -> None:
        path = receipt / name
        path.write_bytes(change(path.read_bytes()))

    return apply


def flip(content: bytes) -> bytes:
    return content[:-9] + bytes([content[-9] ^ 4]) + content[-8:]


@pytest.mark.parametrize(
    ("damage", "check", "said"),
    [
        (edit("records.warc.gz", flip), "records", "stored bytes have"),
        (edit("records.warc.gz", lambda content: content + b"x"), "records", "bytes after its last record"),
        (edit("records.warc.gz", lambda content: content[:-40]), "records", "stored bytes have"),
        (edit("log/leaves/4.json", flip), "manifests", "leaves/4.json"),
        (edit("log/checkpoints/6.sig", flip), "signature", "6.sig"),
        (edit("log/consistency/6", flip), "consistency", "consistency/6"),
        (
            edit("sha256sums.txt", lambda content: content.partition(b"\n")[2]),
            "bundle-signature",
            "list, signature or key",
        ),
        (edit("sha256sums.txt.sig", flip), "bundle-signature", "list, signature or key"),
        (edit("stamps/6/tsa-a.tsr", flip), "timestamps", "stamps/6/tsa-a.tsr"),
        (lambda receipt: (receipt / "verify-zh.md").unlink(), "files", "verify-zh.md"),
        (lambda receipt: (receipt / "more.txt").write_text("x"), "files", "more.txt does not belong"),
        (lambda receipt: (receipt / "log/link").symlink_to("/etc/passwd"), "files", "not a regular file"),
    ],
)
def test_damage_is_named(receipt: Path, damage: Callable[[Path], object], check: str, said: str) -> None:
    damage(receipt)
    report = verify_receipt(receipt)
    assert report.exit_code == 1, report.to_text()
    assert said in failed(report)[check], report.to_text()


def test_a_capture_that_is_not_there_is_refused(sample: Sample, tmp_path: Path) -> None:
    with Archive.open(sample.path) as archive, pytest.raises(UsageError, match="not in this archive"):
        export_receipt(archive, "nothing", tmp_path / "receipt")
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_not_touched(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with Archive.open(sample.path) as archive, pytest.raises(UsageError, match="is not empty"):
        export_receipt(archive, sample.captures["forum"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
