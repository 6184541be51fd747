"""Reading pages: a spider's tables with the place of every value, beside parsel alone with the same selectors.

Pages of a hundred reviews, in HTML and in JSON. Ours is what the engine does with a page from its decoded bytes to
items with provenance; parsel's is the same queries, row by row, into dictionaries. CPU time of this one process, the
two taking turns.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from parsel import Selector
from scrapy.http import HtmlResponse, TextResponse

from bench.rendered import Say
from crawler.engine.reading import json_of
from crawler.engine.rows import JsonRows, Rows
from crawler.engine.site import Output, Page, Site
from crawler.engine.tracing import PageTrace
from crawler.evidence.manifest import Capture, Locator, StoredRecord
from crawler.items import Item, Review
from crawler.store.session import Reading

TARGET = 0.6
ROWS = 100
URL = "https://bench.example/reviews/7"
HTML = {
    "identifier": "@data-id",
    "author": ".author",
    "author_identifier": ".author::attr(href)",
    "rating_value": ".stars::attr(title)",
    "date_published": ".date",
    "review_body": ".text",
    "variant": ".variant?",
    "useful_count": ".useful?",
}
JSON = {
    "identifier": "id",
    "author": "user.name",
    "author_identifier": "user.uid",
    "rating_value": "score",
    "date_published": "time",
    "review_body": "text",
    "variant": "sku?",
    "useful_count": "useful?",
}
_ROW = (
    '<li class="review" data-id="r{i}"><div class="head"><a class="author" href="/u/{i}">用户{i}</a>'
    '<span class="stars star-4" title="4星"></span><span class="date">2026-11-20 12:30</span></div>'
    '<p class="text">包装严实，物流也快，用了一周，没有异味。编号{i}<br>第二行</p>'
    '<span class="variant">白色 1L</span><a class="useful">有用({i})</a></li>'
)


class Bench(Site):
    """Both sorts of page."""

    name = "bench"
    domains = ("bench.example",)
    pages = (Page("review", "json", "parse_json"), Page("review", "", "parse_html"))
    html = Rows(Review, "li.review", **HTML)
    json = JsonRows(Review, "data.list", **JSON)

    def parse_html(self, response: TextResponse) -> Output:
        """Rows of HTML."""
        yield from self.html.read(response)

    def parse_json(self, response: TextResponse) -> Output:
        """Rows of JSON."""
        yield from self.json.read(json_of(response), response.url)


def measure(pages: int, rounds: int, say: Say) -> dict[str, Any]:
    """Read `pages` pages of each sort in each round, both ways."""
    found: dict[str, Any] = {"pages": pages, "rows": ROWS, "target": TARGET, "sorts": {}}
    for sort, body, ours, plain in (
        ("html", html_page().encode(), _ours("parse_html", "text/html; charset=utf-8"), _plain_html),
        ("json", json_page().encode(), _ours("parse_json", "application/json"), _plain_json),
    ):
        ratios, speeds = [], []
        for number in range(1, rounds + 1):
            mine, theirs = _seconds(ours, body, pages), _seconds(plain, body, pages)
            ratios.append(theirs / mine)
            speeds.append(pages / mine)
            say(f"extraction, {sort}, round {number} of {rounds}: ours {mine:.2f} s, parsel {theirs:.2f} s")
        ratios.sort()
        found["sorts"][sort] = {
            "speed": {"min": ratios[0], "median": ratios[len(ratios) // 2], "max": ratios[-1]},
            "pages_per_second": sorted(speeds)[len(speeds) // 2],
        }
    return found


def html_page() -> str:
    """A page of reviews."""
    return f"<html><body><ul>{''.join(_ROW.format(i=i) for i in range(ROWS))}</ul></body></html>"


def json_page() -> str:
    """The same as an answer of an API."""
    rows = [
        {"id": i, "user": {"name": f"用户{i}", "uid": i}, "score": 4, "time": "2026-11-20 12:30", "sku": "白色 1L",
         "text": f"包装严实，物流也快，用了一周，没有异味。编号{i}", "useful": i}
        for i in range(ROWS)
    ]  # fmt: skip
    return json.dumps({"data": {"list": rows}}, ensure_ascii=False)


def _seconds(read: Callable[[bytes], int], body: bytes, pages: int) -> float:
    begun = time.process_time()
    for _ in range(pages):
        if read(body) != ROWS:
            raise SystemExit(f"{read.__name__} did not read all {ROWS} rows")
    return time.process_time() - begun


def _ours(callback: str, media_type: str) -> Callable[[bytes], int]:
    site, capture = Bench(), _capture()
    cls = HtmlResponse if "html" in media_type else TextResponse

    def ours(body: bytes) -> int:
        response = cls(URL, headers={"Content-Type": media_type}, body=body)
        trace = PageTrace(capture, site, callback, Reading())
        items = [trace.attach(one) for one in getattr(site, callback)(response) if isinstance(one, Item)]
        return len(items)

    return ours


def _plain_html(body: bytes) -> int:
    return len(list(_rows_of_html(body)))


def _rows_of_html(body: bytes) -> Iterator[dict[str, str | None]]:
    for row in Selector(body.decode()).css("li.review"):
        yield {
            "identifier": row.attrib["data-id"],
            "author": row.css(".author::text").get(),
            "author_identifier": row.css(".author::attr(href)").get(),
            "rating_value": row.css(".stars::attr(title)").get(),
            "date_published": row.css(".date::text").get(),
            "review_body": "\n".join(row.css(".text ::text").getall()),
            "variant": row.css(".variant::text").get(),
            "useful_count": row.css(".useful::text").get(),
        }


def _plain_json(body: bytes) -> int:
    rows = Selector(body.decode(), type="json").jmespath("data.list[]")
    return len(
        [{name: row.jmespath(query.rstrip("?")).get() for name, query in JSON.items()} for row in rows]
    )


def _capture() -> Capture:
    nothing = "sha256:" + "0" * 64
    place = Locator("a.warc.gz", 0, 1)
    record = StoredRecord("response", "<urn:uuid:0>", place, nothing, nothing, nothing, nothing, 1)
    return Capture(
        id="0" * 32, run="bench", site="bench", url=URL, method="GET", state="complete", reason=None,
        fidelity="wire-exact", started="2026-11-23T00:00:00.000000Z", ended="2026-11-23T00:00:00.000000Z",
        records=(record,), status=200,
    )  # fmt: skip


def table(found: dict[str, Any]) -> str:
    """The result for the terminal and for docs/bench.md."""
    lines = [
        f"Extraction: {found['pages']} pages of {found['rows']} reviews; pages per CPU second, parsel alone = 1"
    ]
    for sort, row in found["sorts"].items():
        speed = row["speed"]
        word = "reached" if speed["min"] >= found["target"] else "MISSED"
        lines.append(
            f"  {sort}: {speed['median']:.2f} ({speed['min']:.2f}–{speed['max']:.2f}),"
            f" {row['pages_per_second']:.0f} pages/s; target {found['target']}: {word}"
        )
    return "\n".join(lines)
