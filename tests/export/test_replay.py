"""The WACZ of a bundle, opened in ReplayWeb.page as a judge's clerk would: the GBK page is there, readable."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from crawler.evidence.bundle import WACZ
from tests.export.sample import GBK_TITLE

EMBED = """<!doctype html><meta charset=utf-8><script src="/replay/ui.js"></script>
<replay-web-page source="/captures.wacz" url="{url}" embed="replayonly" replayBase="/replay/"></replay-web-page>"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name in the base class)
        """Say nothing."""


@pytest.fixture
def site(bundle: Path, replay_viewer: Path, tmp_path: Path) -> Iterator[str]:
    """A folder on loopback with the viewer, the package, and a page for each of two captures."""
    (tmp_path / "replay").symlink_to(replay_viewer)
    (tmp_path / "captures.wacz").symlink_to(bundle / WACZ)
    for name, url in (("forum", "http://market.example/forum?tid=1"), ("item", "http://market.example/item/2")):
        (tmp_path / f"{name}.html").write_text(EMBED.format(url=url), "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.browser
def test_pages_replay_in_replaywebpage(site: str, chromium: str) -> None:
    shown = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in ("forum", "item"):
            page = browser.new_context().new_page()
            page.goto(f"{site}/{name}.html")
            inner = page.frame_locator("replay-web-page iframe").frame_locator("iframe")
            text = inner.locator("body").inner_text(timeout=60_000)
            titles = [frame.title() for frame in page.frames]
            shown[name] = (titles[-1], text)
        browser.close()
    assert shown["forum"][0].strip() == GBK_TITLE
    assert shown["forum"][1].startswith("好评返现")
    assert shown["item"][0] == "评价 & 晒单"
    assert "物流很快，下次再来" in shown["item"][1]
