"""docs/adding-a-site.md: the spider that it prints reads a page, as it says."""

import json
import re
import sys
from pathlib import Path

import pytest
from scrapy.settings import Settings

from crawler.engine.site import check_site
from crawler.engine.site_pages import check_page

TEXT = (Path(__file__).parents[1] / "docs/adding-a-site.md").read_text("utf-8")
PAGE = (
    "<meta charset=utf-8><ol><li class=review id=r1><b class=nick>茶客</b>"
    "<i class=stars>5</i><p class=text>很香</ol>"
)


def test_the_spider_is_short_and_reads_its_saved_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = dict(re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", TEXT, re.DOTALL))
    spider = blocks["spiders/teashop.py"]
    assert len(spider.splitlines()) <= 30
    (tmp_path / "teashop.py").write_text(spider, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "pages/teashop/reviews"
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(blocks["meta.json"], "utf-8")
    (folder / "page.html").write_text(PAGE, "utf-8")
    found = Settings({"SPIDER_MODULES": ["teashop"]})
    try:
        assert check_page(folder, found).status == "new"
        assert check_page(folder, found).passed
        assert check_site(sys.modules["teashop"].TeaShop) == []
    finally:
        sys.modules.pop("teashop", None)
    (item,) = json.loads((folder / "items.json").read_text("utf-8"))["items"]
    assert item == {
        "kind": "review",
        "identifier": "r1",
        "review_body": "很香",
        "author": "茶客",
        "rating_value": "5",
    }
