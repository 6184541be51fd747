"""index.html as a judge opens it: by double click, from the disk, in a real browser."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright

from crawler.evidence.archive import Archive
from crawler.export.bundle import export_bundle
from tests.export.sample import CASE, Sample, exhibits

Opened = tuple[Page, Path, list[str]]
SAID = {
    "claim": "疑似招募", "conduct": "recruitment", "conduct_from": "2026-11-01", "conduct_until": "2026-11-01",
    "quotes": [
        {"label": "返还", "text": f"<script>document.title='x'</script>返{n}元", "restored": None, "url": "u",
         "capture": "c", "field": "f", "start": 0, "end": 1}
        for n in range(9)
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def opened(sample: Sample, chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """The page in Chromium, its folder, and what the console said."""
    bundle = tmp_path_factory.mktemp("judge") / "证据 包"
    first, *others = exhibits(sample)
    with Archive.open(sample.path) as archive:
        export_bundle(
            archive, CASE, (replace(first, findings=("F1",)), *others), bundle, findings={"F1": SAID}
        )
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(java_script_enabled=True)
        page.on("console", lambda message: said.append(message.text))
        page.goto((bundle / "data/index.html").as_uri())
        yield page, bundle / "data", said
        browser.close()


def test_every_link_leads_to_a_file(opened: Opened) -> None:
    page, folder, said = opened
    links = page.eval_on_selector_all("a", "links => links.map(link => link.href)")
    assert len(links) > 15
    for link in links:
        path = Path(unquote(urlsplit(link).path))
        assert path.is_relative_to(folder)
        assert path.is_file(), link
    written = {path.name for path in (folder / "papers").iterdir()}
    assert {Path(urlsplit(link).path).name for link in links} >= written, "every paper is linked"
    assert said == [], "nothing was blocked, nothing failed"


def test_it_shows_exhibits_quotes_and_bounds_as_text(opened: Opened) -> None:
    page, _, _ = opened
    text = page.inner_text("body")
    assert page.title() == f"证据材料：{CASE.title}", "what stands on a page does not run"
    for told in ("证据 1-1", "招募帖“体验官”", "不早于", "等 9 处", "可信时间戳", "好比邮戳"):
        assert told in text
    assert "<script>document.title" in text


def test_the_offline_verifier_is_one_click_away(opened: Opened) -> None:
    page, _, _ = opened
    page.click("a:has-text('离线核验程序')")
    assert page.url.endswith("/data/verifier.html")
    page.go_back()
