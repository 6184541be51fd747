"""One sealed archive and one bundle for all tests of the exporters."""

from pathlib import Path

import pytest

from crawler.evidence.archive import Archive
from crawler.export.bundle import BundleSummary, export_bundle
from tests.export.sample import CASE, Sample, exhibits, make_authorities, make_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("sample")
    return make_sample(folder / "archive", make_authorities(folder))


@pytest.fixture(scope="session")
def summary(sample: Sample) -> BundleSummary:
    with Archive.open(sample.path) as archive:
        return export_bundle(archive, CASE, exhibits(sample), sample.path.parent / "bundle")


@pytest.fixture(scope="session")
def bundle(summary: BundleSummary) -> Path:
    return summary.path
