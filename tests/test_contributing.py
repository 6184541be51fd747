"""CONTRIBUTING.md's first spider works as printed, and so does its test."""

import importlib
import importlib.util
import re
import sys
from pathlib import Path

import pytest

import spiders
from crawler.engine.site import check_site

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def printed_files() -> dict[str, str]:
    """The code blocks that are named by a comment before them."""
    return dict(re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", TEXT, re.DOTALL))


def test_the_first_spider_passes_its_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = printed_files()
    assert set(files) == {"spiders/teahouse.py", "tests/spiders/test_teahouse.py"}
    (tmp_path / "teahouse.py").write_text(files["spiders/teahouse.py"], "utf-8")
    monkeypatch.setattr(spiders, "__path__", [*spiders.__path__, str(tmp_path)])
    try:
        site = importlib.import_module("spiders.teahouse").Teahouse
        assert check_site(site) == []
        names: dict[str, object] = {}
        exec(compile(files["tests/spiders/test_teahouse.py"], "CONTRIBUTING.md", "exec"), names)  # noqa: S102
        (test,) = [value for name, value in names.items() if name.startswith("test_")]
        assert callable(test)
        test()
    finally:
        sys.modules.pop("spiders.teahouse", None)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|^ {4})make ([a-z]+)", TEXT, re.MULTILINE))))
def test_make_targets_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    "document", ["CONTRIBUTING.md", "docs/architecture.md", "docs/decisions/0002-dependencies.md"]
)
def test_links_lead_somewhere(document: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / document).read_text("utf-8")):
        path = (ROOT / document).parent / target
        assert path.exists(), target


def test_decisions_are_short_and_numbered() -> None:
    paths = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in paths] == list(range(1, len(paths) + 1))
    for path in paths:
        text = path.read_text("utf-8")
        assert text.startswith(f"# {path.name[:4]} "), path.name
        assert len(text.splitlines()) <= 25, path.name
        assert all(part in text for part in ("**Context.**", "**Choice.**", "**Cost.**")), path.name
