"""Looking at what is in the archive."""

import json
import string
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from crawler import show
from crawler.commands.root import as_json, evidence, open_index, show_result
from crawler.items import ITEM_TYPES
from crawler.store import series


@evidence.command()
@click.option("--run", help="只列这一次采集")
@click.option("--site", help="只列这个网站")
@click.option("--state", type=click.Choice(["complete", "partial", "blocked", "failed"]))
@click.option("--url", help="网址中含有的文字")
@click.option("--all", "every", is_flag=True, help="也列出渲染网页的每一个请求")
@click.option("--limit", default=50, show_default=True)
@as_json
@click.pass_obj
def captures(archive: Path, /, every: bool, limit: int, as_json: bool, **wanted: str | None) -> None:
    """列出已固定的网页 / list captures.

    \b
    evidence captures --site tieba --state complete
    evidence captures --all --run 20261122T081641-3f9a
    """
    given = {name: value for name, value in wanted.items() if value is not None}
    if "url" in given:  # addresses are kept percent-encoded
        given["url"] = quote(given["url"], safe=string.punctuation)
    where = " and ".join("instr(url, ?)" if name == "url" else f"{name} = ?" for name in given) or "1"
    where += " and not withheld and redacted is null" + (
        "" if every else " and page is null"
    )  # exchanges of a page are no pages
    counted = "(select count(*) from capture other where other.page = capture.id) exchanges"
    sql = f"select *, {counted} from capture where {where} order by leaf desc limit ?"  # noqa: S608 - our own names
    with open_index(archive) as index:
        rows = [_counted(dict(row)) for row in index.query(sql, (*given.values(), limit))]
    show_result(as_json, rows, show.captures(rows))


def _counted(row: dict[str, Any]) -> dict[str, Any]:
    """A row with how many other exchanges and artefacts a rendered page has; both are 0 for what is none."""
    look = json.loads(row["look"] or "{}")
    return {**row, "artefacts": len(look.get("artefacts", {}))}


@evidence.command("items")
@click.argument("kind", type=click.Choice(list(ITEM_TYPES)))
@click.option("--text", default="", help="内容中含有的文字")
@click.option("--limit", default=50, show_default=True)
@as_json
@click.pass_obj
def items_command(archive: Path, kind: str, text: str, limit: int, as_json: bool) -> None:
    """列出读出的商品、评价、帖文及其所在采集 / list what was read, and from which capture.

    \b
    evidence items post --text 体验官
    """
    with open_index(archive) as index:
        rows = [dict(row) for row in series.items(index, kind, text, limit)]
    show_result(as_json, rows, show.items(rows))
