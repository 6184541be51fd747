"""Every spider: well formed, and right about saved real pages, whose facts somebody read off by eye (`case.py`).

A spider without a case fails here.
"""

import json
from pathlib import Path

import pytest

from crawler.engine.site import check_site
from crawler.quoted import place_of
from tests.spiders.case import REMARKS, Case, Facts, all_cases, read, read_all, spider, spider_files
from tests.spiders.table import DOCUMENT, document

CASES = all_cases()
EACH = pytest.mark.parametrize(("name", "case"), CASES, ids=[case.file for _, case in CASES])
OF_THE_MARKET = ("market_shop", "market_bbs", "market_news", "market_doorway")  # in test_market_spiders.py
UNSAVED: tuple[str, ...] = ("app_store", "linuxdo")  # their pages are made by us, in tests of their own


def test_every_spider_has_a_case() -> None:
    assert sorted({*OF_THE_MARKET, *UNSAVED, *(name for name, _ in CASES)}) == spider_files()


@pytest.mark.parametrize("name", spider_files())
def test_every_spider_is_named_like_its_file_and_well_formed(name: str) -> None:
    site = spider(name)
    assert site.name == name
    assert site.__name__.lower() == name.replace("_", "")
    assert site.__doc__ != site.__base__.__doc__
    assert check_site(site) == []
    assert set(site.kinds) <= {"listing", "review", "post"}
    assert site.expect


@pytest.fixture(scope="session")
def index(pages: Path) -> dict[str, Facts]:
    lines = (pages / "INDEX.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["file"]: row for row in map(json.loads, lines)}


@EACH
def test_a_saved_page_shows_the_facts_of_its_index(
    name: str, case: Case, pages: Path, index: dict[str, Facts]
) -> None:
    expected = {fact: value for fact, value in index[case.file]["expected"].items() if fact not in REMARKS}
    items, requests, odd = read_all(name, case.callback, case.response(pages))
    facts = case.facts(items)
    assert {fact: facts.get(fact) for fact in expected if fact not in case.left} == {
        fact: value for fact, value in expected.items() if fact not in case.left
    }
    assert set(case.left) <= set(expected)
    assert len(odd) == case.odd, odd
    site = spider(name)
    assert all(site.owns(request.url) and site.reads(request.url) for request in requests)


@EACH
def test_a_saved_page_is_found_by_its_address_on_http_and_https(name: str, case: Case, pages: Path) -> None:
    site, numbers = spider(name), set()
    for scheme in ("http", "https"):
        response = case.response(pages, scheme)
        assert site.reads(response.url) == case.callback
        numbers.add(len(read(name, case.callback, response)[0]))
    assert len(numbers) == 1


@EACH
def test_items_leave_site_and_provenance_to_the_engine_and_derived_fields_to_pipelines(
    name: str, case: Case, pages: Path
) -> None:
    items, _ = read(name, case.callback, case.response(pages))
    derived = ("published_at", "rating_number", "author_alias", "comment_number", "price_amount")
    for item in items:
        assert (item.site, item.provenance) == ("", None)
        assert [field for field in derived if getattr(item, field, None) is not None] == []
    if not case.same:
        assert len({(item.kind, item.identifier) for item in items}) == len(items)


@EACH
def test_values_know_where_they_stood(name: str, case: Case, pages: Path) -> None:
    items, _ = read(name, case.callback, case.response(pages))
    without = {field for item in items for field in ("review_body", "article_body", "price", "rating_value", "author")
               if getattr(item, field, None) and place_of(getattr(item, field)) is None}  # fmt: skip
    assert without == set()


def test_the_table_of_sites_is_up_to_date(pages: Path) -> None:
    assert DOCUMENT.read_text("utf-8") == document(pages), "run `python -m tests.spiders.table`"


def test_nearly_every_fact_is_shown(index: dict[str, Facts]) -> None:
    expected = [
        (case, fact) for _, case in CASES for fact in index[case.file]["expected"] if fact not in REMARKS
    ]
    left = [f"{case.file} {fact}" for case, fact in expected if fact in case.left]
    assert len(left) <= 0.02 * len(expected), left
