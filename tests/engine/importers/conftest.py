"""An empty archive for imports."""

from pathlib import Path

import pytest

from tests.archives import make


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive without authorities, with its index."""
    return make(tmp_path / "archive")
