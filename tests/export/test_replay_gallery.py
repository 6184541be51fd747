"""Rendered pages of a bundle in ReplayWeb.page, in real Chromium: their text, and the pictures and calls behind it.

The gallery (tests/gallery/README.md) is looked at and recorded, one bundle is made of it, the site is gone, and each
page is opened in the viewer from the bundle's WACZ.
"""

import asyncio
import json
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Frame, async_playwright

from crawler.engine.rendering.likeness import missing_text, text_likeness
from crawler.engine.rendering.page_text import read_text
from crawler.evidence import warc
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import WACZ
from crawler.evidence.manifest import Capture
from crawler.export.bundle import export_bundle
from crawler.export.model import Exhibit
from crawler.store.session import Session
from tests.export.sample import CASE, make_authorities, seal
from tests.export.test_replay import EMBED, PATIENCE, Quiet
from tests.gallery.archived import archived
from tests.gallery.expected import GALLERY, HEIGHT, WIDTH

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

ALL = "GALLERY_REPLAY"  # set: every page; else those below, each for a reason of its own
FEW = ("lazy", "frames", "shadow", "font", "gbk", "client", "policy", "media", "broken", "moved")
GOOD = 980  # permille of the text
NOT_BY_NATURE: dict[str, str] = {}
