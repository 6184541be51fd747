"""Fields of captures that are not what they have to be: refused alike by the Python and the HTML verifier."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from crawler.errors import FormatError
from crawler.evidence.archive import Archive
from crawler.evidence.checks.leaves import check_handed_over, read_leaf
from crawler.evidence.manifest import canonical, parse_leaf
from crawler.export.verifier.assemble import verifier_page
from tests.archives import config, page

RECORD = "record"  # stands for the id of the capture's own record
GOOD: dict[str, Any] = {
    "page": "d" * 32,
    "original": "e" * 32,
    "look": {
        "artefacts": {"dom": RECORD}, "missing": {"pdf": "no time"}, "plain": "f" * 32, "exchanges": 3,
    },
    "imported": {"file": "sha256:00", "claimed": {}},
}  # fmt: skip
WRONG: list[tuple[str, Any]] = [
    ("page", 1), ("page", ["d"]), ("original", {}), ("original", True),
    ("withheld", False), ("withheld", 1), ("withheld", "true"),
    ("look", "x"), ("look", []), ("look", {}), ("look", {"artefacts": {}}), ("look", {"missing": {}}),
    ("look", {"artefacts": [], "missing": {}}), ("look", {"artefacts": {"dom": 1}, "missing": {}}),
    ("look", {"artefacts": {"dom": "<urn:uuid:none>"}, "missing": {}}),
    ("look", {"artefacts": {}, "missing": {"pdf": None}}),
    ("look", {"artefacts": {}, "missing": {}, "plain": 7}),
    ("imported", "x"), ("imported", []), ("imported", True),
]  # fmt: skip
READ = """text => {
  try { evidenceVerifier.checkHandedOver(evidenceVerifier.readLeaf(new TextEncoder().encode(text))); return null; }
  catch (error) { return String(error.en ?? error.message ?? error); }
}"""


@pytest.fixture(scope="module")
def leaf(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A good capture as it stands in the log."""
    with Archive.create(tmp_path_factory.mktemp("leaf") / "archive", config()) as archive:
        ((index, _),) = archive.commit([page()])
        return parse_leaf(archive.log.leaf(index))


def changed(leaf: dict[str, Any], fields: dict[str, Any]) -> bytes:
    own = leaf["records"][0]["id"]
    look = fields.get("look")
    if isinstance(look, dict) and look.get("artefacts") == {"dom": RECORD}:
        fields = {**fields, "look": {**look, "artefacts": {"dom": own}}}
    return canonical({**leaf, **fields})


def test_what_our_writer_writes_is_read(leaf: dict[str, Any]) -> None:
    check_handed_over(read_leaf(changed(leaf, GOOD)))


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_an_ill_typed_field_is_refused(leaf: dict[str, Any], name: str, value: object) -> None:
    with pytest.raises(FormatError, match=f"field {name}"):
        read_leaf(changed(leaf, {name: value}))


def test_a_sealed_original_is_read_but_never_handed_over(leaf: dict[str, Any]) -> None:
    sealed = read_leaf(changed(leaf, {"withheld": True}))
    with pytest.raises(FormatError, match="sealed original"):
        check_handed_over(sealed)


@pytest.mark.browser
def test_the_html_verifier_says_the_same(leaf: dict[str, Any], chromium: str, tmp_path: Path) -> None:
    html = tmp_path / "verifier.html"
    html.write_bytes(verifier_page())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page()
        opened.goto(html.as_uri())
        opened.wait_for_selector("html[data-state=idle]")
        assert opened.evaluate(READ, changed(leaf, GOOD).decode()) is None
        for name, value in [*WRONG, ("withheld", True)]:
            said = opened.evaluate(READ, changed(leaf, {name: value}).decode())
            assert said is not None, (name, value)
            assert name in said or "sealed original" in said, said
        browser.close()
