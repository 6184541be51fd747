"""Where on its page a value stood."""

import json
from pathlib import Path
from typing import Any

import click

from crawler import show
from crawler.commands.root import as_json, evidence, open_index, show_result
from crawler.errors import UsageError
from crawler.evidence import warc
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture
from crawler.items import ITEM_TYPES
from crawler.quoted import shown_at
from crawler.store.index import Index

_ITEM = "select * from {}_newest where capture = ? and identifier = ?"


@evidence.command("where")
@click.argument("capture")
@click.argument("identifier")
@as_json
@click.pass_obj
def where(archive: Path, capture: str, identifier: str, as_json: bool) -> None:
    """一条内容的每个字段在网页上的位置 / where on its page each value of an item stood.

    位置是元素的 XPath，或 JSON 中的指针；用浏览器固定的网页另给出在截图上的坐标（像素，自左上角）。
    CAPTURE 是采集编号（可只写开头几位），IDENTIFIER 是 evidence items 列出的编号。

    \b
    evidence where 3f9a1c77be02 22349759576
    """
    with open_index(archive) as index:
        row = index.capture_row(capture)
        found = _items(index, row["id"], identifier)
        leaf = row["leaf"]
    if not found:
        raise UsageError(f"capture {row['id'][:12]} has no item {identifier!r}: see `evidence items KIND`")
    runs = _runs(archive, leaf)
    fields = [
        {"kind": item["kind"], "field": name, "printed": item.get(name), "place": place,
         "rectangles": [{side: run[side] for side in "xywh"} for run in shown_at(place, runs)]}
        for item in found for name, place in json.loads(item["places"] or "{}").items()
    ]  # fmt: skip
    show_result(as_json, fields, show.where(fields))


def _items(index: Index, capture: str, identifier: str) -> list[dict[str, Any]]:
    """The item as the newest parser read it, of whatever kind it is."""
    rows = (
        (kind, index.query(_ITEM.format(kind), (capture, identifier)))
        for kind in ITEM_TYPES  # our own names
    )
    return [{**dict(row), "kind": kind} for kind, found in rows for row in found]


def _runs(archive: Path, leaf: int) -> list[dict[str, Any]]:
    """The text of a rendered page with its places; nothing for a plain one."""
    with Archive.open(archive) as opened:
        record = Capture.from_leaf(opened.log.leaf(leaf)).artefact("text")
        if record is None:
            return []
        runs: list[dict[str, Any]] = json.loads(warc.decode(opened.stored(record.locator)).block)["runs"]
        return runs
