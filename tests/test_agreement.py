"""Four verifiers over one corpus: nobody says that all is well where another says that it is not.

`evidence verify`, the HTML verifier in real Chromium, the commands of 核验说明, and those of docs/verify-by-hand.md.
What a tool does not look at stands in docs/mutations.md (`FOUND_BY`), and here it is shown to be so.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from crawler.evidence.verify import verify_bundle
from crawler.export.verifier.assemble import verifier_page
from tests.mutations.forger import workshop
from tests.mutations.found_by import FOUND_BY
from tests.mutations.judge import damaged, judged
from tests.mutations.model import Mutation
from tests.mutations.table import mutations

pytestmark = pytest.mark.browser

BY_HAND = Path(__file__).parents[1] / "docs/verify-by-hand.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATIENCE = 60_000  # ms
CORPUS = {one.name: one for one in mutations() if one.subject == "bundle" and one.name in FOUND_BY}


@pytest.fixture(scope="module")
def page(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    html = tmp_path_factory.mktemp("page") / "verifier.html"
    html.write_bytes(verifier_page())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page()
        opened.goto(html.as_uri())
        opened.wait_for_selector("html[data-state=idle]", timeout=PATIENCE)
        yield opened
        browser.close()


def in_browser(page: Page, bundle: Path) -> dict[str, Any]:
    """The report of the HTML verifier."""
    page.set_input_files("#folder", bundle)
    page.wait_for_selector("html[data-state=done], html[data-state=trouble]", timeout=PATIENCE)
    if page.get_attribute("html", "data-state") == "trouble":
        return {"exit_code": 1, "checks": []}
    return dict(json.loads(page.text_content("#report") or ""))


def by_sheet(bundle: Path) -> bool:
    """Whether every command printed in the bundle's own 核验说明 succeeds."""
    printed = _BLOCK.findall((bundle / "data/verify-zh.md").read_text("utf-8"))
    return all(
        subprocess.run(
            ["sh", "-c", command], cwd=bundle, capture_output=True, timeout=60, check=False
        ).returncode
        == 0
        for command in printed
    )


def by_hand(bundle: Path) -> bool:
    """Whether docs/verify-by-hand.md, pasted into one shell, goes through."""
    blocks = "".join(_BLOCK.findall(BY_HAND.read_text("utf-8")))
    done = subprocess.run(
        ["sh"], input=blocks, cwd=bundle, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode == 0


def found_by(page: Page, bundle: Path) -> str:
    """Which of the three find fault, in the words of the table."""
    found = {
        "HTML": in_browser(page, bundle)["exit_code"] == 1,
        "sheet": not by_sheet(bundle),
        "hand": not by_hand(bundle),
    }
    return ", ".join(name for name, fault in found.items() if fault) or "–"


def test_all_pass_a_good_bundle(page: Page, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(workshop().bundle, bundle)
    assert verify_bundle(bundle).exit_code == 3
    assert found_by(page, bundle) == "–"


@pytest.mark.parametrize("name", CORPUS)
def test_they_agree_on_damage(page: Page, tmp_path: Path, name: str) -> None:
    mutation: Mutation = CORPUS[name]
    bundle = damaged(mutation, tmp_path)
    assert judged(mutation, bundle).exit_code == 1
    assert found_by(page, bundle) == FOUND_BY[name]


@pytest.mark.parametrize("name", [name for name, found in FOUND_BY.items() if "HTML" in found])
def test_the_browser_names_the_same_check(page: Page, tmp_path: Path, name: str) -> None:
    mutation = CORPUS[name]
    shown = in_browser(page, damaged(mutation, tmp_path))
    failed = [check["name"] for check in shown["checks"] if check["status"] == "failed"]
    assert mutation.check in failed or not shown["checks"], shown["checks"]
