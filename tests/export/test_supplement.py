"""A supplement holds what the earlier bundle lacks, and a verifier with both sees one log."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.checks.bundle import verify_bundle
from crawler.export.bundle import export_bundle
from crawler.export.supplement import earlier_bundle
from tests.export.sample import CASE, Sample, exhibits, make_sample


@pytest.fixture(scope="module")
def both(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A bundle of two captures, and the supplement to it."""
    to, shown = tmp_path_factory.mktemp("both"), exhibits(sample)
    first = (replace(shown[0], captures=(sample.captures["forum"],)), shown[1])
    with Archive.open(sample.path) as archive:
        export_bundle(archive, CASE, first, to / "first")
        earlier = earlier_bundle(to / "first", archive)
        export_bundle(archive, CASE, shown, to / "second", earlier=earlier)
    return to / "first", to / "second"


def test_it_has_only_what_is_new_and_verifies_beside_the_first(
    both: tuple[Path, Path], sample: Sample
) -> None:
    first, second = both
    report = verify_bundle(second, earlier=first)
    assert [check.name for check in report.checks if check.status == "failed"] == []
    assert report.check("supplement").status == "passed"
    ids = sample.captures
    assert {one.capture for one in report.times} == {ids["redirect"], ids["chunked"], ids["refused"]}
    assert "本件另有 1 次采集在先前的证据包中" in (second / "data/catalogue.csv").read_text("utf-8-sig")
    assert "本包为补充" in (second / "data/index.html").read_text("utf-8")


def test_another_first_bundle_is_named(both: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = both
    altered = tmp_path / "altered"
    shutil.copytree(first, altered)
    tags = altered / "tagmanifest-sha256.txt"
    tags.write_bytes(tags.read_bytes()[:-1])
    assert verify_bundle(second, earlier=altered).check("supplement").status == "failed"
    assert verify_bundle(first, earlier=second).check("supplement").status == "failed"
    shutil.rmtree(altered)
    shutil.copytree(first, altered)
    (altered / "data/log/checkpoint").write_bytes(b"x\n")
    assert verify_bundle(second, earlier=altered).check("supplement").status == "failed"


def test_nothing_new_no_bundle_and_another_log_are_refused(
    both: tuple[Path, Path], sample: Sample, tmp_path: Path
) -> None:
    first, _ = both
    other = make_sample(tmp_path / "other", ())
    with Archive.open(sample.path) as archive:
        with pytest.raises(UsageError, match="is no bundle"):
            earlier_bundle(tmp_path, archive)
        earlier = earlier_bundle(first, archive)
        whole = earlier._replace(captures=frozenset(sample.captures.values()))
        with pytest.raises(UsageError, match="every capture"):
            export_bundle(archive, CASE, exhibits(sample), tmp_path / "x", earlier=whole)
    with Archive.open(other.path) as archive, pytest.raises(UsageError):
        earlier_bundle(first, archive)
