"""The bundle as others see it: their tools accept it, and two exports are the same."""

import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.errors import ArchiveError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import WACZ
from crawler.evidence.digest import digest_file
from crawler.evidence.verify import verify_bundle
from crawler.export.bundle import BundleSummary, export_bundle
from crawler.export.model import Exhibit
from tests.export.sample import CASE, Sample, answer, draft, exhibits, make_sample, seal


def run(*command: str, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def copied(sample: Sample, to: Path) -> Path:
    shutil.copytree(sample.path, to)
    return to


def test_it_is_where_it_was_asked_for_and_verifies(sample: Sample, summary: BundleSummary) -> None:
    assert verify_bundle(summary.path, trust=sample.path / "trust").exit_code == 0
    assert (summary.captures, summary.records, summary.checkpoint, summary.sealed) == (5, 10, 9, True)
    assert summary.digest == digest_file(summary.path / "tagmanifest-sha256.txt")
    assert summary.files == len([name for name in contents(summary.path) if name.startswith("data/")])
    assert summary.size == sum(
        len(c) for name, c in contents(summary.path).items() if name.startswith("data/")
    )
    assert summary.not_before is not None
    assert summary.not_after is not None
    assert summary.not_before <= summary.not_after


def test_file_names_are_ascii_and_nothing_is_left_beside_it(bundle: Path) -> None:
    assert all(name.isascii() for name in contents(bundle))
    assert not list(bundle.parent.glob(".*"))


def test_bagit_accepts_it(bundle: Path) -> None:
    run(sys.executable, "-m", "bagit", "--validate", "--quiet", str(bundle), cwd=bundle)


def test_sha256sum_accepts_both_manifests(bundle: Path) -> None:
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        run("sha256sum", "--strict", "-c", manifest, cwd=bundle)


def test_py_wacz_accepts_the_package(bundle: Path) -> None:
    run(str(Path(sys.executable).with_name("wacz")), "validate", "-f", WACZ, cwd=bundle)


def test_warcio_accepts_the_records(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle / WACZ) as package:
        package.extract("archive/00001.warc.gz", tmp_path)
    run(sys.executable, "-m", "warcio.cli", "check", str(tmp_path / "archive/00001.warc.gz"), cwd=tmp_path)
    run("gzip", "-t", str(tmp_path / "archive/00001.warc.gz"), cwd=tmp_path)


def test_openssl_accepts_every_token(bundle: Path) -> None:
    tokens = sorted((bundle / "data/stamps").glob("*/*.tsr"))
    assert len(tokens) == 6
    for tsr in tokens:
        name, note = tsr.stem, f"data/log/checkpoints/{tsr.parent.name}"
        run("openssl", "ts", "-verify", "-in", str(tsr), "-data", note, "-CAfile", f"data/trust/{name}.pem",
            "-untrusted", str(tsr.with_name(f"{name}.chain.pem")), cwd=bundle)  # fmt: skip


def test_two_exports_are_the_same_bytes(sample: Sample, bundle: Path, tmp_path: Path) -> None:
    with Archive.open(sample.path) as archive:
        export_bundle(archive, CASE, exhibits(sample), tmp_path / "again")
    assert contents(tmp_path / "again") == contents(bundle)


def test_the_log_going_on_does_not_change_what_was_exported(
    sample: Sample, bundle: Path, tmp_path: Path
) -> None:
    with Archive.open(copied(sample, tmp_path / "archive"), writable=True) as archive:
        archive.record_event("bundle-exported", {"case": CASE.id})
        seal(archive, sample.authorities)
    with Archive.open(tmp_path / "archive") as archive:
        export_bundle(archive, CASE, exhibits(sample), tmp_path / "again")
    assert contents(tmp_path / "again") == contents(bundle)


def test_each_capture_is_proved_to_the_first_fully_stamped_checkpoint(bundle: Path) -> None:
    sizes = {
        path.name.split(".")[0]: path.read_text().split("\n\n")[1].splitlines()[1]
        for path in (bundle / "data/log/proofs").iterdir()
    }
    assert sizes == {"0": "6", "1": "6", "2": "6", "3": "6", "4": "6", "6": "9", "7": "9"}


def test_only_what_the_exhibits_need_is_handed_over(sample: Sample, tmp_path: Path) -> None:
    one = (replace(exhibits(sample)[1]),)
    with Archive.open(sample.path) as archive:
        summary = export_bundle(archive, CASE, one, tmp_path / "bundle")
    assert (summary.captures, summary.records, summary.checkpoint) == (1, 3, 6)
    assert sorted(p.name for p in (tmp_path / "bundle/data/log/leaves").iterdir()) == [
        "0.json",
        "1.json",
        "4.json",
    ]
    with zipfile.ZipFile(tmp_path / "bundle" / WACZ) as package:
        content = package.read("archive/00001.warc.gz")
    assert len(content) < (sample.path / "warc/00001.warc.gz").stat().st_size
    assert verify_bundle(tmp_path / "bundle", trust=sample.path / "trust").exit_code == 0


def test_an_empty_folder_is_a_fine_target_and_a_full_one_is_refused(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.txt").write_text("mine")
    with Archive.open(sample.path) as archive:
        assert export_bundle(archive, CASE, exhibits(sample), tmp_path / "empty").sealed
        with pytest.raises(UsageError, match="is not empty"):
            export_bundle(archive, CASE, exhibits(sample), tmp_path / "full")
    assert contents(tmp_path / "full") == {"notes.txt": b"mine"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"captures": ("nonsense",)}, "not in this archive: capture nonsense"),
        ({"captures": ()}, "has no captures"),
        ({"number": "1"}, "exhibit number '1'"),
        ({"group": "Z"}, "group 'Z'"),
    ],
)
def test_a_wrong_exhibit_is_named_and_nothing_is_written(
    sample: Sample, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    wrong: Exhibit = replace(exhibits(sample)[0], **change)  # type: ignore[arg-type]
    with Archive.open(sample.path) as archive, pytest.raises(UsageError, match=said):
        export_bundle(archive, CASE, (wrong,), tmp_path / "bundle")
    assert not list(tmp_path.iterdir())


def test_a_number_given_twice_and_a_case_without_exhibits_are_refused(sample: Sample, tmp_path: Path) -> None:
    first = exhibits(sample)[0]
    with Archive.open(sample.path) as archive:
        with pytest.raises(UsageError, match="use each of"):
            export_bundle(archive, CASE, (first, first), tmp_path / "bundle")
        with pytest.raises(UsageError, match="has no exhibits"):
            export_bundle(archive, CASE, (), tmp_path / "bundle")


def test_a_capture_that_no_checkpoint_covers_must_be_sealed_first(sample: Sample, tmp_path: Path) -> None:
    with Archive.open(copied(sample, tmp_path / "archive"), writable=True) as archive:
        archive.commit([draft("late", answer(b""), url="http://market.example/late")])
    late = Exhibit(number="1-1", group="A", title="x", purpose="y", captures=(f"{'late':x<32}",))
    with (
        Archive.open(tmp_path / "archive") as archive,
        pytest.raises(UsageError, match="run `evidence seal` first"),
    ):
        export_bundle(archive, CASE, (late,), tmp_path / "bundle")


def test_an_archive_without_stamps_exports_and_says_that_nothing_is_stamped(tmp_path: Path) -> None:
    sample = make_sample(tmp_path / "archive", ())
    with Archive.open(sample.path) as archive:
        summary = export_bundle(archive, CASE, exhibits(sample), tmp_path / "bundle")
    assert (summary.sealed, summary.not_before, summary.not_after) == (False, None, None)
    report = verify_bundle(summary.path, trust=sample.path / "trust")
    assert report.exit_code == 3, report.to_text()
    assert "尚未加盖时间戳" in (summary.path / "data/verify-zh.md").read_text("utf-8")
    assert "尚未加盖时间戳，无上限" in (summary.path / "data/catalogue.csv").read_text("utf-8")


@pytest.mark.parametrize("name", ["warc/00001.warc.gz", "log/stamps/6/tsa-a.tsr"])
def test_a_damaged_archive_exports_nothing(sample: Sample, tmp_path: Path, name: str) -> None:
    path = copied(sample, tmp_path / "archive") / name
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 4
    path.write_bytes(content)
    with (
        Archive.open(tmp_path / "archive") as archive,
        pytest.raises(ArchiveError, match="run `evidence verify`"),
    ):
        export_bundle(archive, CASE, exhibits(sample), tmp_path / "out/bundle")
    assert not list((tmp_path / "out").iterdir()) if (tmp_path / "out").exists() else True


def test_what_an_interrupted_export_left_is_replaced(sample: Sample, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / ".bundle.unfinished/data").mkdir(parents=True)
    (tmp_path / ".bundle.unfinished/data/old").write_text("x")
    with Archive.open(sample.path) as archive:
        export_bundle(archive, CASE, exhibits(sample), tmp_path / "bundle")
    assert contents(tmp_path / "bundle") == contents(bundle)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_memory_does_not_grow_with_the_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.export.papers.exhibit_print.MOST_CAPTURES", 2)  # volumes, as of a large case
    sample = make_sample(tmp_path / "archive", ())
    size, count = 2 << 20, 12
    with Archive.open(sample.path, writable=True) as archive:
        noise = bytes(range(256)) * (size // 256)
        names = [f"big{n}" for n in range(count)]
        for name in names:
            block = answer(noise, "Content-Type: application/octet-stream")
            archive.commit([draft(name, block, url=f"http://market.example/{name}")])
        archive.sign_checkpoint()
    _peak(sample, names[:1], tmp_path / "first")  # the libraries that print the papers are loaded once
    few, many = (_peak(sample, names[:n], tmp_path / str(n)) for n in (2, count))
    assert many - few < 4 * size, (  # the twelve together have 24 MiB
        f"{few >> 20} MiB for 2, {many >> 20} MiB for {count} records of {size >> 20} MiB"
    )


def _peak(sample: Sample, names: list[str], to: Path) -> int:
    captures = tuple(f"{name:x<32}" for name in names)
    big = Exhibit(number="1-1", group="A", title="x", purpose="y", captures=captures)
    tracemalloc.start()
    with Archive.open(sample.path) as archive:
        export_bundle(archive, CASE, (big,), to)
    assert verify_bundle(to).check("records").status == "passed"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_progress_reaches_its_total(sample: Sample, tmp_path: Path) -> None:
    seen: dict[str, tuple[int, int]] = {}
    with Archive.open(sample.path) as archive:
        export_bundle(
            archive,
            CASE,
            exhibits(sample),
            tmp_path / "b",
            watch=lambda what, done, total: seen.update({what: (done, total)}),
        )
    assert seen["网页存档"][0] == seen["网页存档"][1] > 0
    assert seen["哈希清单"][0] == seen["哈希清单"][1] > seen["网页存档"][0]
    papers = [(what, counted) for what, counted in seen.items() if what.startswith("文书 ")]
    assert [counted for _, counted in papers] == [(number, len(papers)) for number in range(len(papers))]
    assert "文书 report.pdf" in seen
