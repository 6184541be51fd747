"""Saved pages under tests/spiders/pages, all made by us, as `evidence site test` checks them."""

import json
import shutil
from pathlib import Path

import pytest
from scrapy.settings import Settings

from crawler.engine.run import project_settings
from crawler.engine.site_pages import FOLDER, check_page, saved_pages
from crawler.errors import FormatError
from spiders.market_shop import MarketShop
from tests.commands import evidence

SETTINGS = Settings({"SPIDER_MODULES": ["spiders.market_shop"]})
EXAMPLE = FOLDER / "market_shop/reviews"
PAGES = saved_pages()


@pytest.mark.parametrize("folder", PAGES, ids=[f"{path.parent.name}/{path.name}" for path in PAGES])
def test_a_saved_page_is_read_as_when_somebody_last_looked(folder: Path) -> None:
    check = check_page(folder, project_settings(Path()))
    assert check.passed, "\n".join(check.lines)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(EXAMPLE, tmp_path / "market_shop/reviews")


def test_the_example_has_reviews_of_which_nothing_is_unread() -> None:
    expected = json.loads((EXAMPLE / "items.json").read_text("utf-8"))
    assert len(expected["items"]) > 5
    assert {"review"} <= {item["kind"] for item in expected["items"]}
    assert expected["unread"] == []


def test_a_missing_expectation_is_written_and_fails_once(copy: Path) -> None:
    (copy / "items.json").unlink()
    first = check_page(copy, SETTINGS)
    assert first.status == "new"
    assert "review and re-run" in first.lines[0]
    assert (copy / "items.json").read_bytes() == (EXAMPLE / "items.json").read_bytes()
    assert check_page(copy, SETTINGS).passed


def test_a_changed_reading_is_shown_and_asks_for_a_version(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = json.loads((copy / "items.json").read_text("utf-8"))
    gone, changed = expected["items"][0], expected["items"][2]
    changed["review_body"] = "先前的文字"
    expected["items"][0] = {"kind": "review", "identifier": "before", "review_body": "已经不在"}
    (copy / "items.json").write_text(json.dumps(expected), "utf-8")
    check = check_page(copy, SETTINGS)
    assert check.status == "changed"
    text = "\n".join(check.lines)
    assert '- review before {"kind": "review"' in text
    assert f"+ review {gone['identifier']} " in text
    assert f'~ review {changed["identifier"]} review_body: "先前的文字" → "' in text
    assert "raise `version`" in text
    monkeypatch.setattr(MarketShop, "version", 2)
    raised = check_page(copy, SETTINGS)
    assert "~ version: 1 → 2" in raised.lines
    assert "raise `version`" not in "\n".join(raised.lines)


def test_a_page_that_is_not_what_its_spider_expects_is_told(copy: Path) -> None:
    (body,) = copy.glob("page.*")
    body.write_bytes(body.read_bytes().split(b"<li")[0])
    assert check_page(copy, SETTINGS).status == "changed"
    body.unlink()
    with pytest.raises(FormatError, match="0 files page"):
        check_page(copy, SETTINGS)


def test_the_command_exits_with_0_only_when_all_is_as_before(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.settings.SPIDER_MODULES", ["spiders.market_shop"])
    pages = copy.parents[1]
    good = evidence(capsys, "site", "test", "market_shop", "--pages", pages)
    assert good.code == 0
    assert good.out == "market_shop/reviews：一致\n"
    (copy / "items.json").unlink()
    new = evidence(capsys, "site", "test", "--pages", pages, "--json")
    assert (new.code, new.json[0]["status"]) == (1, "new")
    assert evidence(capsys, "site", "test", "nobody", "--pages", pages).code == 2
