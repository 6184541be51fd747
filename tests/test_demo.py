"""`evidence demo` tells its whole story: every command in it ends as it should, and what it promises is there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.demo.dice import Dice
from crawler.demo.forum import author_name
from crawler.demo.plan import World
from crawler.demo.story import SEED
from crawler.demo.text import nickname
from tests.export.hunt import hunt

PAGES = Path(__file__).parents[2] / "shared" / "pages"


@pytest.mark.timeout(600)
def test_the_whole_story(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "crawler", "demo", str(tmp_path / "a demo")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
    (folder,) = (tmp_path / "a demo").iterdir()
    assert (folder / "bundle-K1/data/catalogue.docx").is_file()
    said = told.stdout
    second_day = said.partition("模拟第二天")[2]
    for obstacle in (
        "网站应答 HTTP 404",
        "网站应答 HTTP 429",
        "robots.txt",
        "已停止访问 trial.example：网站要求验证",
    ):
        assert obstacle in second_day
    assert said.count("全部通过 / all checks passed") == 3  # two bundles and the archive
    assert "启封的原件" in said
    assert said.count("核验未通过 / verification FAILED") == 1  # the altered copy
    assert "data/captures.wacz" in said.split("核验未通过")[0].rsplit("[未通过] BagIt", 1)[1]
    assert "数据库已重建，与原数据库一致" in said
    if (PAGES / "INDEX.jsonl").is_file():
        assert "tieba（" in said
        assert "jd_reviews（" in said
    else:
        assert "未找到真实网页样本" in said
    _hunt(folder)


def _hunt(folder: Path) -> None:
    """Nobody is in the redacted bundles: neither whom the market invented, nor what was taken out of the pages."""
    world = World(SEED, 200)
    people = {nickname(Dice(SEED, "nick", buyer)) for buyer in range(world.buyers)}
    people |= {author_name(SEED, uid) for uid in range(400)}
    contacts = {f"demo-{name}" for name in ("yl-01", "yl-02", "qw-07", "ag-33", "zb-09", "fx-21")}
    opened = [
        one for file in (folder / "sealed-K1/openings").iterdir() for one in json.loads(file.read_bytes())
    ]
    taken = {one["value"] for one in opened if one["kind"] != "account" and len(one["value"]) > 2}
    assert taken & people
    assert taken & contacts
    assert hunt(folder / "bundle-K1-public", sorted(people | contacts | taken)) == []
    assert hunt(folder / "bundle-K1-platform", sorted(people)) == []
    assert hunt(
        folder / "bundle-K1/data/captures.wacz", sorted(taken & contacts)
    )  # the hunter finds what is there
