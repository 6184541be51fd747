"""Assisted capture under a screen that nobody sees: a scripted operator browses, real Chromium, a loopback site."""

import asyncio
import os
import shutil
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.engine.assist import make_profile, require_screen
from crawler.engine.browser import BrowserMissing
from crawler.engine.tab_storage import secrets_of
from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture, parse_leaf
from crawler.export.bundle import export_bundle
from crawler.export.model import Exhibit
from tests.archives import make, nothing_failed
from tests.engine.assist_site import PASSWORD, SECRETS, Site
from tests.engine.operator import Operator, browsers, operator, xdotool
from tests.export.hunt import hunt
from tests.export.sample import CASE

browser = [pytest.mark.browser, pytest.mark.timeout(120), pytest.mark.usefixtures("display", "chromium")]
ARTEFACTS = {"screenshot", "viewport", "dom", "text", "accessibility", "mhtml", "pdf"}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make(tmp_path / "archive")


def leaves(archive: Path, kind: str) -> list[dict[str, Any]]:
    with Archive.open(archive) as opened:
        found = [parse_leaf(leaf) for leaf in opened.log.leaves()]
    return [leaf for leaf in found if leaf["kind"] == kind]


def captures(archive: Path) -> list[Capture]:
    return [Capture.from_leaf_content(leaf) for leaf in leaves(archive, "capture")]
