"""`evidence where`: a value's place leads back to the value, in the stored DOM and in the picture."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from lxml import html

from crawler.demo.market import Market
from crawler.demo.plan import World
from crawler.evidence import http, warc
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture
from tests.commands import evidence

pytestmark = pytest.mark.browser
PERSON = ("--organisation", "某消委会", "--operator", "张三", "--contact", "wq@example.org")
URL = "http://qiaowei.example/item/620001/reviews-1.html"


@pytest.fixture
def market() -> Iterator[Market]:
    with Market(World(seed=7, reviews=400, today=date(2026, 11, 20)), robots_delay=None) as market:
        yield market


def test_every_place_leads_back_to_its_value(
    tmp_path: Path, market: Market, chromium: str, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "a"
    who = (*PERSON, "--delay", "0", "--environment", "none", "--proxy", market.proxy)
    assert evidence(capsys, "--archive", archive, "init", *who).code == 0
    crawled = evidence(
        capsys, "--archive", archive, "watch", "look", URL, "--pages", "1", "--render", "--json"
    )
    assert crawled.code in (0, 3), crawled.err
    items = evidence(capsys, "--archive", archive, "items", "review", "--json").json
    assert len(items) > 5
    rendered = items[3]
    told = evidence(
        capsys, "--archive", archive, "where", rendered["capture"], rendered["identifier"], "--json"
    ).json
    assert {"review_body", "date_published"} <= {one["field"] for one in told}
    tree = html.document_fromstring(content(archive, rendered["capture"]).decode())
    for one in told:
        (found,) = tree.xpath(one["place"].split(" | ")[0])
        shown = found if isinstance(found, str) else found.text_content()
        assert one["printed"] is None or "".join(one["printed"].split())[:8] in "".join(shown.split()), one
    body = next(one for one in told if one["field"] == "review_body")
    assert body["printed"] == rendered["text"]
    assert body["rectangles"]
    text = json.loads(content(archive, rendered["capture"], "text"))
    inside = [run for run in text["runs"] if {side: run[side] for side in "xywh"} in body["rectangles"]]
    assert "".join(run["text"] for run in inside)[:8] == rendered["text"][:8]
    shown = evidence(capsys, "--archive", archive, "where", rendered["capture"][:12], rendered["identifier"])
    assert "画面：左" in shown.out
    missing = evidence(capsys, "--archive", archive, "where", rendered["capture"], "nothing")
    assert (missing.code, "evidence items" in missing.err) == (2, True)


def content(archive: Path, identifier: str, artefact: str = "") -> bytes:
    """What the parser read, or an artefact."""
    with Archive.open(archive) as opened:
        leaves = (entry.leaf for entry in opened.entries() if identifier.encode() in entry.leaf)
        capture = next(found for leaf in leaves if (found := Capture.from_leaf(leaf)).id == identifier)
        stored = capture.artefact(artefact) if artefact else capture.reading
        assert stored is not None
        record = warc.decode(opened.stored(stored.locator))
        return record.block if record.type == "resource" else http.payload(record.block)
