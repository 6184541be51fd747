"""What the tests of the detectors share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.truth import truth
from crawler.detect.kit.corpus import Corpus
from crawler.evidence.archive import Archive
from crawler.store.index import FILE, Index
from tests.detect.market import crawl_market, world

REVIEWS = 400
_DATA = Path(__file__).parents[3] / "shared" / "detect"


@pytest.fixture(scope="session")
def detect_data() -> Path:
    """The folder of labelled text; skips where it is absent."""
    if not (_DATA / "README.md").is_file():
        pytest.skip("labelled text not found: detect should lie in ../shared beside the repository")
    return _DATA


@pytest.fixture(scope="session")
def market_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the demo market on two days; see tests/detect/market.py."""
    kept = os.environ.get("EVIDENCE_TEST_MARKET")
    if kept:
        return Path(kept)
    archive = tmp_path_factory.mktemp("market") / "archive"
    crawl_market(archive, reviews=REVIEWS)
    return archive


@pytest.fixture(scope="session")
def market_truth() -> list[dict[str, Any]]:
    """What was planted: rows of crawler/demo/truth.py, for the size of `market_archive`."""
    return truth(world(int(os.environ.get("EVIDENCE_TEST_MARKET_REVIEWS", REVIEWS))))


@pytest.fixture
def market_corpus(market_archive: Path) -> Iterator[Corpus]:
    """What detectors read of the demo market."""
    with Archive.open(market_archive) as archive, Index(market_archive / FILE, writable=False) as index:
        yield Corpus(index, archive=archive)
